"""How images are counted, against a loop over single images."""

from collections import Counter
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from search.data.in_memory import Images
from search.training.captured import launching
from search.training.judging import judge, judged_at_once

CPU = torch.device("cpu")


def part_of(digits, n: int, classes: int = 10) -> Images:
    train = digits.train
    return Images(pixels=train.pixels[:n], labels=train.labels[:n] % classes, preparation=train.preparation)


class Linear(nn.Sequential):
    """A fixed random net that drops half of what it sees while it is trained."""

    def __init__(self, classes: int) -> None:
        super().__init__(nn.Flatten(), nn.Dropout(), nn.Linear(64, classes))
        self[2].weight.data = torch.randn(classes, 64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size", [7, 1000])
def test_against_a_slow_loop(digits, size):
    images, net = part_of(digits, 100), Linear(10)
    labels, predicted, right, top5 = Counter(), Counter(), Counter(), 0
    for image, label in images.batches(1, device=CPU):
        outputs, wanted = net.eval()(image)[0].tolist(), label.item()
        guess = outputs.index(max(outputs))
        labels[wanted] += 1
        predicted[guess] += 1
        right[wanted] += guess == wanted
        top5 += sum(output > outputs[wanted] for output in outputs) < 5
    net.train()
    found = judge(net, images, classes=10, device=CPU, batch_size=size)
    for counted, wanted in zip((found.labels, found.predicted, found.right), (labels, predicted, right)):
        assert counted.tolist() == [wanted[number] for number in range(10)]
    assert found.top5 == top5 and 0 < sum(right.values()) < top5 < 100


@pytest.mark.parametrize(
    "shape, most",
    [((1, 8, 8), 1000), ((3, 32, 32), 1000), ((3, 224, 224), 64), ((3, 512, 512), 12), ((3, 4096, 4096), 1)],
)
def test_a_batch_takes_about_the_memory_of_a_training(shape, most):
    """At 224 pixels a training takes 64 images; of larger ones as many as have their pixels."""
    assert most / 2 < judged_at_once(shape) <= most


def test_large_images_are_judged_few_at_once(digits):
    sizes = []

    class Large(Linear):
        def forward(self, input):
            sizes.append(len(input))
            return super().forward(input[:, :, :8, :8])

    preparation = replace(digits.train.preparation, input_shape=(1, 1024, 1024))
    judge(Large(10), replace(part_of(digits, 20), preparation=preparation), classes=10, device=CPU)
    assert sizes == [8, 8, 4]  # of 2**20 values in 4 bytes, 8 take 2**25


def test_top_5_of_fewer_classes_is_always_right(digits):
    found = judge(Linear(3), part_of(digits, 50, classes=3), classes=3, device=CPU)
    assert found.top5 == 50 and "top5" not in found.scores()


def test_a_class_without_images_has_counts_of_zero(digits):
    found = judge(Linear(12), part_of(digits, 30), classes=12, device=CPU)
    assert found.labels[10:].tolist() == [0, 0] and found.labels.sum() == found.predicted.sum() == 30


def test_nothing_is_launched_while_another_thread_records(digits):
    """Copying the counts to the CPU launches nothing, and waits for the GPU; the lock is open by then."""

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            if not launching.locked():
                unlocked.add(func.overloadpacket.__name__)
            return func(*args, **(kwargs or {}))

    net, images, unlocked = Linear(10), part_of(digits, 20), set()
    with Watch():
        judge(net, images, classes=10, device=CPU)
    assert unlocked <= {"detach", "split_with_sizes", "_local_scalar_dense"}  # of the counts on the CPU


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_nothing_waits_for_the_gpu_between_batches(digits):
    images, net, cuda = part_of(digits, 100), Linear(10).cuda(), torch.device("cuda")
    wanted = judge(net, images, classes=10, device=cuda)
    batches = list(images.batches(10, device=cuda))

    class Placed(Images):
        def batches(self, *args, **settings):
            torch.cuda.set_sync_debug_mode("error")
            yield from batches
            torch.cuda.set_sync_debug_mode("default")

    placed = Placed(pixels=images.pixels, labels=images.labels, preparation=images.preparation)
    found = judge(net, placed, classes=10, device=cuda)
    assert found.predicted.tolist() == wanted.predicted.tolist()
