"""From flags and files to a recipe."""

import pytest

from search.flags.recipe import recipe_of
from search.recipe import RECIPES, Recipe
from search.retrain import parse
from space import InputError

OWN = Recipe(epochs=7, batch_size=64, learning_rate=0.02)


def recipe(*flags: object, own: Recipe = OWN) -> Recipe:
    return recipe_of(parse(["mobinet-mid-k3", *map(str, flags)]), own)


@pytest.fixture
def mine(tmp_path):
    def write(text: str):
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return path

    return write


def test_without_flags_it_is_the_data_sets_own():
    assert recipe() == OWN


def test_every_flag_sets_its_field():
    flags = ("--epochs", 3, "--batch-size", 32, "--learning-rate", 0.1, "--weight-decay", 1e-5)
    others = ("--label-smoothing", 0.1, "--optimizer", "sgd", "--ema", 0.99)
    assert recipe(*flags, *others) == Recipe(
        epochs=3,
        batch_size=32,
        learning_rate=0.1,
        weight_decay=1e-5,
        label_smoothing=0.1,
        optimizer="sgd",
        ema=0.99,
    )


def test_a_file_changes_the_own_recipe_and_flags_change_the_file(mine):
    path = mine("warmup = 0\nscale_decay = 0.5\nema = 0.9\nbatch_size = 16\nlatent_deviation = 0.03\n")
    changed = {"warmup": 0.0, "scale_decay": 0.5, "ema": 0.9, "latent_deviation": 0.03}
    expected = Recipe(epochs=7, batch_size=8, learning_rate=0.02, **changed)
    assert recipe("--recipe", path, "--batch-size", 8) == expected


def test_a_named_recipe_takes_the_place_of_the_own():
    assert recipe("--recipe", "imagenet") == RECIPES["imagenet"]
    assert recipe("--recipe", "imagenet", "--epochs", 2).epochs == 2


def test_two_steps_are_halves_unless_a_file_says(mine):
    assert recipe("--two-step").first_step == 0.5
    path = mine("first_step = 0.25\nfirst_learning_rate = 0.1\nfirst_weight_decay = 1e-5\nteacher_share = 1\n")
    found = recipe("--two-step", "--recipe", path)
    assert (found.first_step, found.first_learning_rate, found.first_weight_decay) == (0.25, 0.1, 1e-5)
    with pytest.raises(InputError, match="two steps take two epochs at least"):
        recipe("--two-step", "--epochs", 1)
    with pytest.raises(InputError, match="first_step 0.9 leaves none of 5 epochs to binary weights"):
        recipe("--recipe", mine("first_step = 0.9"), "--epochs", 5)


def test_augmentations_come_in_their_order(mine):
    assert recipe("--augment", "mixup,randaugment").augment == "randaugment,mixup"
    assert recipe("--recipe", mine('augment = ["cutmix", "erasing"]')).augment == "erasing,cutmix"
    assert recipe("--recipe", mine('augment = ["cutmix"]'), "--augment", "").augment == ""


@pytest.mark.parametrize(
    "text, said",
    [
        ("epochs =", "mine.toml is not TOML: "),
        ("learning-rate = 1", "a recipe has no learning-rate; did you mean learning_rate?"),
        ("teacher = 'runs/teacher'", "a recipe names no teacher; give it with --teacher"),
        ("x = 1", "a recipe has no x; a recipe has epochs, batch_size, "),
        ("batch_size = 1.5", "batch_size: '1.5' is not a whole number above 0"),
        ("ema = 1", "ema: '1' is not a number from 0 up to, not including, 1"),
        ("weight_decay = true", "weight_decay: 'True' is not a number from 0 on"),
        ("latent_deviation = 1e-300", "latent_deviation: '1e-300' is not 0 or a number from 1e-6 to 1e6"),
        ("latent_deviation = 1e300", "latent_deviation: '1e+300' is not 0 or a number from 1e-6 to 1e6"),
        ("teacher_share = 1.1", "teacher_share: '1.1' is not a number from 0 to 1"),
        ("augment = ['mixup', 'flip']", "augment: 'mixup,flip' is not some of randaugment,trivialaugment,"),
        ("optimizer = 'lion'\nlearning_rate = 1", "optimizer: 'lion' is neither adam nor sgd"),
        ("optimizer = 'sgd'", "--optimizer sgd needs --learning-rate: 0.02 is for adam"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(mine, text, said):
    with pytest.raises(InputError) as raised:
        recipe("--recipe", mine(text))
    assert said in str(raised.value) and "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"none\.toml"):
        recipe("--recipe", tmp_path / "none.toml")


@pytest.mark.parametrize(
    "flags", [("--recipe", "image"), ("--ema", "1"), ("--label-smoothing", "-0.1"), ("--weight-decay", "nan")]
)
def test_a_wrong_flag_is_one_line(capsys, flags):
    with pytest.raises(SystemExit):
        recipe(*flags)
    assert capsys.readouterr().err.count("\n") == 1


def test_a_search_records_what_earlier_versions_did():
    five = {"epochs": 7, "batch_size": 64, "learning_rate": 0.02, "warmup": 0.1, "scale_decay": 1e-4}
    assert OWN.recorded() == five
    changed = Recipe(epochs=7, batch_size=64, learning_rate=0.02, optimizer="sgd")
    assert changed.recorded() == {**five, "optimizer": "sgd"}


@pytest.mark.parametrize(
    "text, asks",
    [("teacher_share = 0.5", True), ("teacher_temperature = 2", True), ("teacher_maps = 1", True), ("", False)],
)
def test_a_recipe_with_settings_of_a_teacher_asks_for_one(mine, text, asks):
    assert recipe("--recipe", mine(text)).asks_for_teacher is asks
