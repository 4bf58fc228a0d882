"""What was not shown: that networks learned anything or, by a search, that one is better than another."""

import pandas as pd

from results.measures import ACCURACY, MEASURES, Measure
from results.noise import CONFIDENT, standard_error
from results.run_config import RunConfig
from results.tables import completed

FAIR = MEASURES["balanced-accuracy"]
"""Of any guess 1 / C, also where one class has most images."""
LUCKY = 3
"""Standard errors above chance that the best of hundreds of guessing networks reaches."""
FEW = 5
"""Images by which no two networks can be told apart: with all five for one of them, a sign test has p = 0.06."""


def caution_text(trials: pd.DataFrame, config: RunConfig) -> str:
    """What is in doubt, and what to do then; empty where nothing is, or where accuracies are not shares of images."""
    complete, images = completed(trials), config.validation_images
    if complete.empty or not images:
        return ""
    fair = FAIR
    if fair.column not in complete or complete[fair.column].isna().to_numpy().any():
        fair = ACCURACY
    best, classes = complete[fair.column].to_numpy(float).max(), config.num_classes
    if guess := _guess(best, fair, classes=classes, images=images, errors=LUCKY):
        return (
            f"No network is shown to do better than guessing: on {images:,} validation images the best reaches "
            f"{guess}. Do not use this front; search again, into another folder, with more --epochs, a higher --width "
            "or more images."
        )
    right = complete["accuracy"].to_numpy(float) * images
    if len(complete) > 1 and (right >= right.max() - FEW - 0.5).mean() > 0.5:
        return (
            f"Most networks differ from the best one by {FEW} or fewer of the {images:,} validation images, which "
            "chance explains. Take the cheapest of this front; to tell networks apart, search again, into another "
            "folder, with more images to judge on or, where accuracies are low, more --epochs or a higher --width."
        )
    return ""


def network_caution(reached: float, measure: Measure = FAIR, *, classes: int, images: int) -> str:
    """That one network, on so many test images, may guess, and what to do then; empty where it does better."""
    if guess := _guess(reached, measure, classes=classes, images=images, errors=CONFIDENT):
        return (
            f"The network is not shown to do better than guessing: on these {images:,} images it reaches {guess}. "
            "Do not use it; train it with more epochs or on more images."
        )
    return ""


def _guess(reached: float, measure: Measure, *, classes: int, images: int, errors: float) -> str:
    """So much beside what a guess reaches, in words; empty where it is more standard errors above that."""
    chance = 1 / classes
    if reached > chance + errors * standard_error(chance, images):
        return ""
    return f"{reached:.1%} {measure.title}, a guess among {classes:,} classes {chance:.1%}"
