"""What a data set's trainings use unless the user says otherwise."""

from dataclasses import dataclass

from search.training import Recipe


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Defaults of one data set.

    Args:
        backbone: that its images fit.
        validation: share of the training images that a search judges on.
        proxy: the short training of a search.
        full: the training for good.
    """

    backbone: str
    validation: float
    proxy: Recipe
    full: Recipe


_SMALL = Preset(
    backbone="mobilenet-32",
    validation=0.1,
    proxy=Recipe(epochs=8, batch_size=128, learning_rate=0.01),
    full=Recipe(epochs=200, batch_size=128, learning_rate=0.005),
)

PRESETS = {
    "digits": Preset(
        backbone="mobilenet-8",
        validation=0.4,
        proxy=Recipe(epochs=20, batch_size=100, learning_rate=0.03),
        full=Recipe(epochs=120, batch_size=64, learning_rate=0.02),
    ),
    "mnist": _SMALL,
    "fashion-mnist": _SMALL,
    "cifar10": _SMALL,
    "cifar100": _SMALL,
    "imagefolder": Preset(
        backbone="mobilenet-224",
        validation=0.2,
        proxy=Recipe(epochs=8, batch_size=64, learning_rate=0.01),
        full=Recipe(epochs=120, batch_size=128, learning_rate=0.002),
    ),
}
