"""How images are counted, against a loop over single images."""

from collections import Counter

import pytest
import torch
from torch import nn

from search.data.in_memory import Images
from search.training.judging import judge

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


def test_top_5_of_fewer_classes_is_always_right(digits):
    found = judge(Linear(3), part_of(digits, 50, classes=3), classes=3, device=CPU)
    assert found.top5 == 50 and "top5" not in found.scores()


def test_a_class_without_images_has_counts_of_zero(digits):
    found = judge(Linear(12), part_of(digits, 30), classes=12, device=CPU)
    assert found.labels[10:].tolist() == [0, 0] and found.labels.sum() == found.predicted.sum() == 30


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
