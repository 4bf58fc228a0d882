"""What to run first on a GPU: whether the kernels compute the right thing there, and how fast a network trains.

    python -m pytest tests/mobinet/fused tests/search/training/test_captured.py
    python -m benchmarks.speed.first_gpu

Prints a report to paste into an issue, and ends with an error where something is computed wrong. MoBiNet-Mid, K = 4,
on random images of 32x32; each speed is the median of three epochs of 32 steps, with everything that a search does in
one: shifting and mirroring the images, Adam, the loss. Trainings side by side are at width 0.25 with batches of 128,
recorded, each on a stream of its own.

    reference  plain modules, and torch.optim.Adam
    compiled   the same under torch.compile; with --compile, since it takes a minute each
    stepwise   fused kernels, each launched by Python
    recorded   fused kernels, each step replayed as one CUDA graph: how a search trains
"""

import platform
import time
import warnings
from contextlib import AbstractContextManager, nullcontext, suppress
from statistics import median
from threading import Barrier, BrokenBarrierError

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from benchmarks.speed.gpu_checks import check_kernels, check_weights, checked
from mobinet import fused
from search.backends.streams import Streams
from search.data.catalog import DATASETS
from search.data.in_memory import Images
from search.data.preparation import Preparation
from search.flags import positive_float, positive_int
from search.recipe import Recipe
from search.task import Evaluation, Failure, Task
from search.training.seeds import seeded_build
from search.training.training import Training
from space import Architecture, InputError
from space.command import Parser, run_command
from space.errors import first_line

STEPS = 32
CUDA = torch.device("cuda")


class Float32(Training):
    """Without bfloat16."""

    def autocast(self) -> AbstractContextManager:
        return nullcontext()


class Plain(Training):
    make_optimizer = torch.optim.Adam


class PlainFloat32(Plain, Float32):
    pass


def architecture(width: float) -> Architecture:
    return Architecture.uniform("mobilenet-32", block="mid", k=4, pool="avg", width=width)


def network(width: float) -> nn.Module:
    return seeded_build(architecture(width), 10, 0)


def images(batch_size: int) -> Images:
    generator = torch.Generator().manual_seed(0)
    count = STEPS * batch_size
    return Images(
        pixels=torch.randint(256, (count, 3, 32, 32), dtype=torch.uint8, generator=generator),
        labels=torch.randint(10, (count,), generator=generator),
        preparation=Preparation(
            input_shape=(3, 32, 32), mean=(0.5,) * 3, std=(0.25,) * 3, augmentation=DATASETS["cifar10"].augmentation
        ),
    )


def begin(kind: type[Training], width: float, batch_size: int, *, recorded: bool, compiled: bool = False) -> Training:
    recipe = Recipe(epochs=8, batch_size=batch_size, learning_rate=0.01)
    net = network(width)
    if kind.make_optimizer is torch.optim.Adam:
        net = net.to(memory_format=torch.channels_last)
    training = kind(net, images(batch_size), recipe=recipe, seed=0, device=CUDA)
    training.recorded = recorded
    if compiled:
        training.net = torch.compile(training.net)
    return training


def speed(training: Training) -> float:
    """Images a second."""
    training.run_epoch()
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        training.run_epoch()  # ends with the loss on the CPU
        seconds.append(time.perf_counter() - began)
    return len(training.train) / median(seconds)


def check_recording() -> str:
    with torch.backends.cudnn.flags(enabled=True, deterministic=True):
        trainings = [begin(Training, 0.25, 64, recorded=recorded) for recorded in (True, False)]
        losses = [[training.run_epoch() for _ in range(2)] for training in trainings]
    states = [training.net.state_dict().values() for training in trainings]
    same = losses[0] == losses[1] and all(torch.equal(*pair) for pair in zip(*states))
    text = f"recorded steps {'equal' if same else 'DIFFER from'} steps launched one by one, to the bit"
    return checked(text, right=same)


def count_waits() -> str:
    training = begin(Training, 0.25, 64, recorded=True)
    training.run_epoch()
    torch.cuda.set_sync_debug_mode("warn")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        training.run_epoch()
    torch.cuda.set_sync_debug_mode("default")
    waits = [f"{warning.filename.rpartition('/')[2]}:{warning.lineno}" for warning in caught]
    return f"the CPU waits for the GPU {len(waits)} times in an epoch of {STEPS} steps: {', '.join(waits)}"


def count_launches() -> str:
    training = begin(Training, 0.25, 64, recorded=False)
    training.run_epoch()
    batch = next(training.train.inputs(64, device=CUDA, seed=0))
    training.step(*batch)
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        training.step(*batch)
        torch.cuda.synchronize()
    kernels = [event for event in profiled.key_averages() if event.device_type == torch.autograd.DeviceType.CUDA]
    kernels.sort(key=lambda event: -event.self_device_time_total)
    total = sum(event.self_device_time_total for event in kernels) / 1e3
    lines = [f"   {each.self_device_time_total / 1e3:7.3f} ms {each.count:5} {each.key[:80]}" for each in kernels[:12]]
    count = sum(event.count for event in kernels)
    return "\n".join([f"a step of 64 images at width 0.25: {count} launches, {total:.2f} ms of the GPU", *lines])


def side_by_side(count: int, batch_size: int = 128) -> str:
    """Images a second of so many trainings at width 0.25 in all, each on a stream of its own; or why one failed."""
    recorded = Barrier(count + 1)

    def train(task: Task) -> Evaluation:
        try:
            training = begin(Training, 0.25, batch_size, recorded=True)
            training.run_epoch()
        except BaseException:
            recorded.abort()  # else the others wait for this one for ever
            raise
        recorded.wait()
        for _ in range(3):
            training.run_epoch()
        return Evaluation(accuracy=0.0, epochs=4, seconds=0.0)

    backend = Streams(train, device="cuda:0", count=count)
    for number in range(count):
        backend.submit(Task(number=number, architecture=architecture(0.25)))
    try:
        with suppress(BrokenBarrierError):
            recorded.wait()
        began = time.perf_counter()
        outcomes = [backend.wait()[1] for _ in range(count)]
        seconds = time.perf_counter() - began
    finally:
        recorded.abort()
        backend.close()
    reasons = [outcome.reason for outcome in outcomes if isinstance(outcome, Failure)]
    if reasons:  # of the one that failed first, not of those that waited for it
        return f"failed: {next((each for each in reasons if each != 'BrokenBarrierError'), reasons[0])}"
    return f"{count * 3 * STEPS * batch_size / seconds:9,.0f} images a second in all"


def table(widths: list[float], batch_sizes: list[int], *, compiled: bool) -> None:
    print("images a second\nwidth batch    type  reference  compiled  stepwise  recorded  recorded / reference")
    for width in widths:
        for batch_size in batch_sizes:
            for name, plain, ours in (("float32", PlainFloat32, Float32), ("bfloat16", Plain, Training)):
                with fused.disabled():
                    found = [speed(begin(plain, width, batch_size, recorded=False))]
                    found += [speed(begin(plain, width, batch_size, recorded=False, compiled=True))] if compiled else []
                found += [speed(begin(ours, width, batch_size, recorded=recorded)) for recorded in (False, True)]
                cells = [f"{value:9.0f}" for value in found]
                cells = cells if compiled else [cells[0], f"{'-':>9}", *cells[1:]]
                row = " ".join(cells)
                print(f"{width:5} {batch_size:5} {name:>8} {row} {found[-1] / found[0]:14.1f}", flush=True)


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--widths", type=positive_float, nargs="+", default=[0.25, 1.0], help="of the timed networks")
    parser.add_argument("--batch-sizes", type=positive_int, nargs="+", default=[128, 512], help="to time each with")
    parser.add_argument(
        "--streams", type=positive_int, nargs="*", default=[1, 2, 4, 8, 16], help="numbers of trainings side by side"
    )
    parser.add_argument("--compile", action="store_true", help="time torch.compile too")
    args = parser.parse_args()
    try:
        torch.cuda.init()
    except (AssertionError, RuntimeError) as error:  # no driver, one that is too old, or a PyTorch for CPUs only
        reason = f"PyTorch can use no GPU here: {first_line(error)}"
        raise InputError(f"{reason}; python -m benchmarks.speed.training times the CPU") from None
    if not fused.available("cuda"):
        raise InputError("the fused kernels cannot be loaded here, for the reason above; search with --device cpu")
    major, minor = torch.cuda.get_device_capability()
    print(f"{torch.cuda.get_device_name()}, sm_{major}{minor}; torch {torch.__version__}; {platform.platform()}")
    for check_units in (check_kernels, check_weights):
        print(check_units(network(0.25).to(CUDA).train()), flush=True)
    for check in (check_recording, count_waits, count_launches):
        print(check(), flush=True)
    for count in args.streams:
        print(f"{count:2} trainings side by side: {side_by_side(count)}", flush=True)
    table(args.widths, args.batch_sizes, compiled=args.compile)


if __name__ == "__main__":
    run_command(main)
