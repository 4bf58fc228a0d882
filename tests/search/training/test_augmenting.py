"""Random changes of training images by torchvision."""

from dataclasses import replace

import pytest
import torch
from torchvision.transforms import v2

from search.data.catalog import Augmentation
from search.recipe import AUGMENTATIONS, Recipe
from search.training.augmenting import Augmenting
from search.training.class_weights import ClassLoss
from search.training.training import Training
from space import InputError
from tests.search.training.test_training import CPU, NETWORK, leaves, part_of, seeded_build


@pytest.fixture
def batch(digits):
    return next(digits.train.batches(20, device=CPU))


def change(digits, *names: str) -> Augmenting:
    return Augmenting(names, digits.train.preparation, 10)


def pixels_of(images: torch.Tensor, digits) -> torch.Tensor:
    preparation = digits.train.preparation
    return images * preparation.std[0] + preparation.mean[0]


@pytest.mark.parametrize("name", ["randaugment", "trivialaugment"])
def test_it_is_torchvisions_on_pixels_a_few_at_a_time(digits, batch, name):
    images, labels = batch
    found, same = change(digits, name)(images, labels, 3)
    torch.manual_seed(3)
    transform = v2.RandAugment() if name == "randaugment" else v2.TrivialAugmentWide()
    stored = digits.train.pixels[:20].float() / 255
    expected = torch.cat([transform(few) for few in (stored[:8], stored[8:16], stored[16:])])
    torch.testing.assert_close(pixels_of(found, digits), expected, atol=2e-2, rtol=0)
    assert torch.equal(same, labels) and not torch.allclose(pixels_of(found, digits), stored, atol=1e-2)
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_erasing_leaves_the_mean_in_a_quarter_of_the_draws(digits, batch):
    images, labels = batch
    erased = 0
    for seed in range(100):
        found, _ = change(digits, "erasing")(images[:8], labels[:8], seed)
        moved = (found - images[:8]).abs() > 1e-5
        assert torch.allclose(found[moved], torch.zeros(()), atol=1e-5)  # the mean, as it is normalised
        erased += bool(moved.any())
    assert 12 <= erased <= 39  # of 100 at 0.25: three deviations


def test_mixed_images_are_those_of_their_shares(digits, batch):
    images, labels = batch
    found, shares = change(digits, "mixup")(images, labels, 1)
    (lam,) = {round(value, 5) for value in shares.max(1).values.tolist() if value < 0.9999}
    partner = images.roll(1, 0)
    either = [(1 - other) * images + other * partner for other in (lam, 1 - lam)]
    assert any(torch.allclose(found, mixed, atol=1e-4) for mixed in either)
    torch.testing.assert_close(shares.sum(1), torch.ones(20))
    _, cut = change(digits, "cutmix")(images, labels, 1)
    assert cut.shape == (20, 10)
    drawn = {tuple(change(digits, "mixup", "cutmix")(images, labels, seed)[1].flatten().tolist()) for seed in range(8)}
    assert len(drawn) == 8


def test_it_follows_its_seed_and_leaves_torchs(digits, batch):
    both = change(digits, *AUGMENTATIONS)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second, other = (both(*batch, seed) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first[0], second[0]) and torch.equal(first[1], second[1])
    assert not torch.equal(first[0], other[0])


def test_a_mixed_image_counts_as_its_shares(digits):
    loss = ClassLoss("balanced", digits.train, CPU)
    outputs = torch.randn(1, 10)
    shares = torch.zeros(1, 10)
    shares[0, 2], shares[0, 7] = 0.75, 0.25
    log = outputs.log_softmax(1)[0]
    weight = 0.75 * loss.weights[2] + 0.25 * loss.weights[7]
    expected = -weight * (0.75 * log[2] + 0.25 * log[7])
    assert loss(outputs, shares, shares).item() == pytest.approx(expected.item(), rel=1e-5)
    fewer = ClassLoss("none", digits.train, CPU)(outputs, shares[:, :8], shares[:, :8])
    assert fewer.item() == pytest.approx(-(0.75 * log[2] + 0.25 * log[7]).item(), rel=1e-5)


def begin(digits, **changes) -> Training:
    recipe = Recipe(epochs=2, batch_size=20, learning_rate=0.02, augment="erasing,mixup")
    net = seeded_build(NETWORK, 10, 1)
    return Training(net, part_of(digits, 60), recipe=recipe, seed=1, device=CPU, **changes)


def test_a_training_with_it_resumes_to_the_bit(digits):
    whole, first, second = begin(digits), begin(digits), begin(digits)
    losses = [whole.run_epoch(), whole.run_epoch()]
    assert first.run_epoch() == losses[0]
    second.load_state_dict(first.state_dict())
    assert second.run_epoch() == losses[1]
    assert leaves(second.state_dict()) == leaves(whole.state_dict())


@pytest.mark.parametrize("rank", [0, 1])
def test_each_process_draws_as_one_that_learns_its_slice(digits, monkeypatch, rank):
    """Of two processes, each has the slice that one process alone has among its two."""
    found = []

    def note(images, labels, seed):
        found[-1].append(seed)
        return images, labels

    for slices, own in ((2, 0), (1, rank)):
        training = begin(digits, accumulate=slices)
        found.append([])
        monkeypatch.setattr("search.training.ranks._rank", own)
        training._augmented(note, (7, 3), next(training.train.inputs(20, device=CPU, seed=1)))
    whole, part = found
    assert len(whole) == 2 and part == [whole[rank]]


def test_images_that_are_neither_grey_nor_in_colour_are_refused(digits):
    preparation = replace(digits.train.preparation, input_shape=(4, 8, 8), mean=(0.0,) * 4, std=(1.0,) * 4)
    with pytest.raises(InputError, match="--augment is for images of 1 or 3 channels"):
        Augmenting(("mixup",), preparation, 10)


def draws_in_epochs(digits, augment: str, *, begin_at: int = 0) -> list[dict[int, list[int]]]:
    """For each of the epochs up to the third, how each image is augmented, by its index."""
    images = part_of(digits, 60)
    augmentation = Augmentation(shift=1 / 8, flip=True)
    images = replace(images, preparation=replace(images.preparation, augmentation=augmentation))
    recipe = Recipe(epochs=3, batch_size=20, learning_rate=0.02, augment=augment)
    training = Training(seeded_build(NETWORK, 10, 1), images, recipe=recipe, seed=1, device=CPU)
    training.epoch, epochs = begin_at, []
    while training.epoch < recipe.epochs:
        epochs.append({})
        training.step = lambda index, draws: epochs[-1].update(zip(index.tolist(), draws.tolist()))
        training.run_epoch()
    return epochs


def test_the_alternating_flip_shows_each_image_both_ways_in_two_epochs(digits):
    usual, epochs = draws_in_epochs(digits, ""), draws_in_epochs(digits, "alternating-flip")
    for before, after in zip(usual, epochs):
        assert [*before] == [*after] and [place[:2] for place in before.values()] == [s[:2] for s in after.values()]
    first, second, third = ({index: draw[2] for index, draw in epoch.items()} for epoch in epochs)
    assert all(first[index] + second[index] == 1 and first[index] == third[index] for index in range(60))
    assert 15 < sum(first.values()) < 45  # a half, within four deviations
    assert any(usual[0][index][2] == usual[1][index][2] for index in range(60))
    assert draws_in_epochs(digits, "alternating-flip", begin_at=2) == epochs[2:]


def test_the_alternating_flip_is_refused_where_images_are_not_flipped(digits):
    recipe = Recipe(epochs=1, batch_size=20, learning_rate=0.02, augment="alternating-flip")
    with pytest.raises(InputError, match="for data sets whose images are flipped"):
        Training(seeded_build(NETWORK, 10, 1), part_of(digits, 20), recipe=recipe, seed=1, device=CPU)
