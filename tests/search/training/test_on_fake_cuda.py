"""Training, judging and calibration on a GPU that is not there: devices agree, nothing waits, launches are few.

It is the second of two, so that what goes to the first by mistake is noticed.
"""

from contextlib import nullcontext

import pytest
import torch
from fakes import small_space
from torch.utils._pytree import tree_map_only

pytest.importorskip("triton", reason="there is no Triton")

from fake_cuda import fake_cuda  # noqa: E402

from mobinet import fused  # noqa: E402
from mobinet.supernet import Supernet  # noqa: E402
from search.data.catalog import Augmentation  # noqa: E402
from search.data.in_memory import Images  # noqa: E402
from search.data.preparation import Preparation  # noqa: E402
from search.evaluators.supernet_training import SupernetTraining, calibrate  # noqa: E402
from search.recipe import Recipe  # noqa: E402
from search.training import judging  # noqa: E402
from search.training.seeds import seeded_build  # noqa: E402
from search.training.training import Training  # noqa: E402
from space import Architecture  # noqa: E402

CUDA, CPU = torch.device("cuda:1"), torch.device("cpu")
RECIPE = Recipe(epochs=2, batch_size=64, learning_rate=0.01)
SMALL = Architecture.uniform("mobilenet-8", block="pre", k=1, pool="max")
LAUNCHES, UNITS = {64: 436, 128: 454}, 39
"""Of a step of MoBiNet-Mid, K = 4, on so many images of 32x32, and its fused units."""


def images(network: Architecture, count: int = 192) -> Images:
    channels, height, width = network.input_shape
    each = (0.5,) * channels
    augmentation = Augmentation(shift=1 / 8, flip=True)
    return Images(
        pixels=torch.zeros(count, channels, height, width, dtype=torch.uint8),
        labels=torch.zeros(count, dtype=torch.long),
        preparation=Preparation(input_shape=network.input_shape, mean=each, std=each, augmentation=augmentation),
    )


def begin(network: Architecture, count: int = 192, device: torch.device = CUDA) -> Training:
    with device:
        net = seeded_build(network, 10, 1)
    training = Training(net, images(network, count), recipe=RECIPE, seed=1, device=device)
    training.recorded = False
    for group in training.optimizer.param_groups:
        group["lr"] = RECIPE.learning_rate  # a number: a tensor without numbers cannot be copied
    return training


@pytest.mark.parametrize("kernels", ["fused", "reference"])
def test_an_epoch_moves_its_plan_and_waits_at_its_end_alone(kernels):
    with fake_cuda() as seen, nullcontext() if kernels == "fused" else fused.disabled():
        training = begin(SMALL)
        training.run_epoch()
        seen.clear()
        training.run_epoch()
    assert seen.waits == {"_local_scalar_dense": 1}
    assert (seen.launches["signs"] > 0) == (kernels == "fused")


@pytest.mark.parametrize("images", LAUNCHES)
def test_a_step_has_a_budget_of_launches(images):
    with fake_cuda() as seen:
        training = begin(Architecture.uniform("mobilenet-32", block="mid", k=4, pool="avg", width=0.25), count=images)
        training.run_epoch()
        batch = next(training.train.inputs(images, device=CUDA, seed=0))
        seen.clear()
        training.step(*batch)
    assert seen.waits == {}
    assert seen.launches["binarise"] == seen.launches["latent_gradient"] == 1
    assert seen.launches["normalise"] == UNITS
    assert sum(seen.launches.values()) <= LAUNCHES[images]


def test_judging_waits_once_for_all_batches(monkeypatch):
    def counted(counts):
        raise StopIteration  # there are no numbers in them

    monkeypatch.setattr(judging.ranks, "total", counted)
    with fake_cuda() as seen:
        net = begin(SMALL).net
        split = images(SMALL, 300)
        split.prepared(*next(split.inputs(100, device=CUDA)))  # moves the images
        seen.clear()
        with pytest.raises(StopIteration):
            judging.judge(net, split, classes=10, device=CUDA, batch_size=100)
    assert seen.waits == {"_to_copy": 1}


def test_a_supernet_trains_and_its_networks_are_calibrated_without_waiting():
    space = small_space(k=[0, 1])
    paths = [space.baselines()[0], space.baselines()[-1]]
    with fake_cuda() as seen:
        with CUDA:
            net = Supernet(space, 10)
            extracted = net.extract(paths[0])
        settings = {"recipe": RECIPE, "seed": 1, "device": CUDA, "draw": lambda rng: paths}
        training = SupernetTraining(net, images(paths[0]), **settings)
        training.run_epoch()
        seen.clear()
        training.run_epoch()
        assert seen.waits == {"_local_scalar_dense": 1}
        seen.clear()
        calibrate(extracted, training.train, device=CUDA, seed=0)
        assert seen.waits == {}


def test_a_training_is_resumed_on_another_device():
    """On CUDA the optimizer keeps what is recorded on the GPU; a checkpoint holds it on the CPU."""
    with fake_cuda() as seen, fused.disabled():
        before = {CUDA: begin(SMALL, 64), CPU: begin(SMALL, 64, device=CPU)}
        for device, other in ((CUDA, CPU), (CPU, CUDA)):
            before[device].run_epoch()
            state = tree_map_only(torch.Tensor, torch.Tensor.cpu, before[device].state_dict())
            after = begin(SMALL, 64, device=other)
            after.load_state_dict(state)
            seen.clear()
            after.run_epoch()
            kept = [tensor for state in after.optimizer.state.values() for tensor in state.values()]
            assert len(kept) == 3 and {tensor.device for tensor in kept} == {other}
            assert after.epoch == 2 and bool(seen.launches) == (other == CUDA)
