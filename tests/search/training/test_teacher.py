"""A network that learns from another one, and where the other one comes from."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import get_model
from torchvision.transforms.v2.functional import normalize

from mobinet import load_packed
from results.files import read_json
from search.recipe import Recipe
from search.training.teacher import Teacher
from search.training.teacher_files import digest_of, load_teacher
from search.training.training import Training
from space import InputError
from tests.search.retraining.test_retraining import RECIPE, quiet, retraining, stop_after
from tests.search.training.test_training import CPU, NETWORK, part_of, seeded_build


class Fixed(nn.Module):
    """Any images -> the scores that it was made with, (N, classes)."""

    def __init__(self, scores: torch.Tensor) -> None:
        super().__init__()
        self.scores = scores

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.scores[: len(x)]


class Mean(nn.Module):
    """(N, C, H, W) -> (N, 10), the mean of each image in every column."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((1, 2, 3)).unsqueeze(1).expand(-1, 10)


def teacher_of(net: nn.Module, digits, **changes) -> Teacher:
    settings = {"input_shape": (1, 8, 8), "mean": (0.0,), "std": (1.0,), "images": digits.train.preparation}
    return Teacher(net, device=CPU, **{**settings, **changes})


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_divergence_is_that_of_kullback_and_leibler(digits, temperature):
    wanted, found = [2.0, 0.0, -1.0], [0.5, 1.0, 0.0]
    p, q = (np.exp(np.array(scores) / temperature) for scores in (wanted, found))
    p, q = p / p.sum(), q / q.sum()
    teacher = teacher_of(Fixed(torch.tensor([wanted])), digits)
    divergence = teacher.divergence(torch.zeros(1, 1, 8, 8), torch.tensor([found]), temperature)
    assert divergence.shape == (1,)
    assert divergence.item() == pytest.approx(temperature**2 * (p * np.log(p / q)).sum(), rel=1e-5)
    assert teacher.divergence(torch.zeros(1, 1, 8, 8), torch.tensor([wanted])).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 8), (1, 16, 16)])
def test_the_teacher_gets_images_as_it_was_trained_on(digits, shape):
    images, _ = next(digits.train.batches(5, device=CPU))
    pixels = digits.train.pixels[:5].float().mean((1, 2, 3)) / 255
    channels = shape[0]
    teacher = teacher_of(Mean(), digits, input_shape=shape, mean=(0.25,) * channels, std=(0.5,) * channels)
    torch.testing.assert_close(teacher.scores(images)[:, 3], (pixels - 0.25) / 0.5, rtol=1e-4, atol=1e-4)


def test_the_loss_is_divided_between_teacher_and_labels(digits):
    images = part_of(digits, 20)
    recipe = Recipe(epochs=1, batch_size=20, learning_rate=1e-12, teacher_share=0.25)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    nn.init.zeros_(net[1].weight), nn.init.zeros_(net[1].bias)
    sure = torch.zeros(20, 10)
    sure[:, 0] = 100.0
    training = Training(net, images, recipe=recipe, seed=1, device=CPU, teacher=teacher_of(Fixed(sure), digits))
    assert training.run_epoch() == pytest.approx(math.log(10), rel=1e-5)  # of both, as ten classes are alike
    gradient = net[1].bias.grad
    counts = images.labels.bincount(minlength=10) / 20
    first = torch.eye(10)[0]
    torch.testing.assert_close(gradient, 0.1 - 0.75 * counts - 0.25 * first, rtol=1e-4, atol=1e-6)


def test_a_network_may_learn_from_its_teacher_alone(digits):
    """Whose labels are wrong: what it learns is what the teacher says."""
    images = part_of(digits, 60)
    images = replace(images, labels=(images.labels + 1) % 10)
    teacher = teacher_of(Mean(), digits)
    found = []
    for shown in (images, replace(images, labels=images.labels.flip(0))):
        recipe = Recipe(epochs=1, batch_size=20, learning_rate=0.02)
        training = Training(seeded_build(NETWORK, 10, 1), shown, recipe=recipe, seed=1, device=CPU, teacher=teacher)
        found.append((training.run_epoch(), training.net.head[2].weight.tolist()))
    assert found[0] == found[1]


def float_net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))


def scripted(net: nn.Module, path: Path) -> Path:
    torch.jit.save(torch.jit.trace(net.eval(), torch.zeros(2, 1, 8, 8), check_trace=False), path)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    retraining(folder).run(quiet)
    return folder


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("kind", ["TorchScript", "export"])
def test_a_file_of_torch_gets_images_in_0_to_1(digits, tmp_path, kind):
    net = float_net().eval()
    path = tmp_path / ("net.pt" if kind == "TorchScript" else "net.pt2")
    if kind == "TorchScript":
        scripted(net, path)
    else:
        batch = {0: torch.export.Dim("batch", max=1024)}
        torch.export.save(torch.export.export(net, (torch.zeros(2, 1, 8, 8),), dynamic_shapes=(batch,)), path)
    teacher = load_teacher(str(path), digits.classes, digits.train.preparation, CPU)
    images, _ = next(digits.train.batches(7, device=CPU))
    expected = net(digits.train.pixels[:7].float() / 255)
    torch.testing.assert_close(teacher.scores(images), expected, rtol=1e-4, atol=1e-4)
    assert not teacher.scores(images).requires_grad


def test_a_model_of_torchvision_with_its_weights(digits, tmp_path):
    torch.manual_seed(0)
    net = get_model("squeezenet1_1", weights=None, num_classes=10).eval()
    path = tmp_path / "weights.pth"
    torch.save(net.state_dict(), path)
    preparation = replace(digits.train.preparation, input_shape=(3, 32, 32), mean=(0.4,) * 3, std=(0.3,) * 3)
    teacher = load_teacher(f"torchvision:squeezenet1_1:{path}", digits.classes, preparation, CPU)
    pixels = torch.rand(2, 3, 32, 32)
    normal = normalize(pixels, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    with torch.no_grad():
        torch.testing.assert_close(teacher.scores((pixels - 0.4) / 0.3), net(normal), rtol=1e-4, atol=1e-4)
    with pytest.raises(InputError, match=r"weights.pth does not hold the weights of squeezenet1_0 of 10 classes"):
        load_teacher(f"torchvision:squeezenet1_0:{path}", digits.classes, preparation, CPU)


def test_a_retraining_teaches_another_one(digits, trained, tmp_path):
    images, _ = next(digits.train.batches(5, device=CPU))
    teacher = load_teacher(str(trained), digits.classes, digits.train.preparation, CPU)
    classifier = load_packed(trained)
    shown = digits.train.pixels[:5].permute(0, 2, 3, 1).contiguous().numpy()
    expected = torch.from_numpy(classifier.by_torch(shown))
    torch.testing.assert_close(teacher.scores(images), expected, rtol=1e-3, atol=1e-3)

    with pytest.raises(KeyboardInterrupt):
        retraining(tmp_path, teacher=str(trained)).run(stop_after(1))
    with pytest.raises(InputError, match=f"teacher file {digest_of(str(trained))} there and none here"):
        retraining(tmp_path).run(quiet)
    summary = retraining(tmp_path, teacher=str(trained / "model.safetensors")).run(quiet)
    assert summary["teacher"] == str(trained / "model.safetensors") and summary["teacher_share"] == 1.0
    assert read_json(tmp_path / "summary.json") == summary


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_what_is_no_teacher_is_refused_before_anything_is_written(digits, trained, tmp_path):
    (tmp_path / "broken.pt2").write_bytes(b"nothing")
    scripted(nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), tmp_path / "three.pt")
    bad = {
        "cannot read .*nowhere": tmp_path / "nowhere",
        "holds no model.safetensors": tmp_path,
        "best.pt is not TorchScript": trained / "best.pt",
        "broken.pt2 is not of torch.export": tmp_path / "broken.pt2",
        r"gives \(2, 3\) for two images of 10 classes": tmp_path / "three.pt",
        "names no file; write torchvision:resnet18:weights.pth": "torchvision:resnet18",
        "torchvision has no model resnet19": f"torchvision:resnet19:{trained / 'best.pt'}",
    }
    for said, teacher in bad.items():
        with pytest.raises(InputError, match=said) as raised:
            retraining(tmp_path / "out", teacher=str(teacher), recipe=Recipe(**RECIPE)).run(quiet)
        assert "\n" not in str(raised.value)
    assert not list((tmp_path / "out").glob("*.pt"))
    with pytest.raises(InputError, match="other classes"):
        load_teacher(str(trained), ("a", "b"), digits.train.preparation, CPU)
