"""How long a search takes, and what it can afford in an hour."""

import pytest
import torch
from fakes import price as cost_of

from search.data.dataset import load_dataset
from search.pace import Pace, seconds_per_image, typical
from search.recipe import Recipe
from space import Architecture, load_space
from space.bounds import extreme


def price(network):
    return cost_of(network).ops


def test_a_trial_learns_each_image_in_each_epoch_and_judges_once():
    pace = Pace(per_image=0.01, epochs=8, judged=3000, slots=2)
    assert pace.trial(1000) == pytest.approx(0.01 * (8 * 1000 + 3000 / 3))
    assert pace.search(1000, trials=200) == pytest.approx(90 * 200 / 2)
    assert pace.search(1000, trials=3) == pytest.approx(90 * 2)  # the last one alone


@pytest.mark.parametrize(
    "per_image, images, found",
    [
        (1e-5, 45_000, 45_000),  # 36 s
        (1e-3, 45_000, 2_000),  # an hour for 100 trainings of 36 s, or 4,500 images in 8 epochs, on one slot
        (1e-3, 3_000, 2_000),
        (1e-3, 2_200, 2_200),
        (1.0, 45_000, 1_000),
        (1.0, 300, 300),
    ],
)
def test_images_are_as_many_as_an_hour_allows(per_image, images, found):
    pace = Pace(per_image=per_image, epochs=8, judged=0, slots=1)
    assert pace.affordable(images, trials=200) == found


def test_the_typical_network_is_within_the_budget():
    space = load_space()
    low, high = price(extreme(space, price)), price(extreme(space, price, most_expensive=True))
    free = price(typical(space, price, None))
    assert low < free < high
    assert low <= price(typical(space, price, free - 1)) <= free - 1
    assert price(typical(space, price, low)) == low


def test_a_network_that_does_more_takes_longer(digits):
    torch.set_num_threads(1)
    recipe = Recipe(epochs=1, batch_size=64, learning_rate=0.01)
    small, large = (Architecture.uniform("mobilenet-8", block="pre", k=2, width=width) for width in (0.25, 8))
    assert 0 < seconds_per_image(small, digits, recipe, threads=1) < seconds_per_image(large, digits, recipe, threads=1)
    assert torch.get_num_threads() == 1


def test_fewer_images_are_drawn_once_and_the_rest_stays(digits):
    load = {"data_dir": "data", "input_shape": (1, 8, 8), "validation": 0.4}
    few, again = (load_dataset("digits", **load, train_images=100) for _ in range(2))
    assert (len(few.train), few.available, len(digits.train)) == (100, 898, 898)
    assert few.fingerprint == digits.fingerprint
    assert torch.equal(few.validation.pixels, digits.validation.pixels)
    assert torch.equal(few.train.pixels, again.train.pixels)
    whole = {pixels.numpy().tobytes() for pixels in digits.train.pixels}
    assert all(pixels.numpy().tobytes() in whole for pixels in few.train.pixels)
    assert len(few.train.labels.unique()) == 10
    assert "100 of 898 to train on, 599 to judge on" in few.describe()
