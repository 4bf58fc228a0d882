"""What a data set's trainings use unless the user says otherwise."""

from dataclasses import dataclass

from search.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Defaults of one data set.

    Args:
        input_shape: (C, H, W) of the networks that fit its images.
        validation: share of the training images that a search judges on.
        proxy: the short training of a search.
        supernet: the training of a supernet.
        full: the training for good.
    """

    input_shape: tuple[int, int, int]
    validation: float
    proxy: Recipe
    supernet: Recipe
    full: Recipe


_SMALL = Preset(
    input_shape=(3, 32, 32),
    validation=0.1,
    proxy=Recipe(epochs=8, batch_size=128, learning_rate=0.01),
    supernet=Recipe(epochs=100, batch_size=128, learning_rate=0.01),
    full=Recipe(epochs=200, batch_size=128, learning_rate=0.005),
)

PRESETS = {
    "digits": Preset(
        input_shape=(1, 8, 8),
        validation=0.4,
        proxy=Recipe(epochs=12, batch_size=64, learning_rate=0.06),
        supernet=Recipe(epochs=200, batch_size=64, learning_rate=0.015),
        full=Recipe(epochs=120, batch_size=64, learning_rate=0.02),
    ),
    "mnist": _SMALL,
    "fashion-mnist": _SMALL,
    "cifar10": _SMALL,
    "cifar100": _SMALL,
    "imagefolder": Preset(
        input_shape=(3, 224, 224),
        validation=0.2,
        proxy=Recipe(epochs=8, batch_size=64, learning_rate=0.01),
        supernet=Recipe(epochs=100, batch_size=64, learning_rate=0.01),
        full=Recipe(epochs=120, batch_size=128, learning_rate=0.002),
    ),
}
