"""What a search could not show: that its networks learned anything, or that one is better than another."""

import pandas as pd

from results.measures import ACCURACY, MEASURES
from results.noise import standard_error
from results.run_config import RunConfig

LUCKY = 3
"""Standard errors above chance that the best of hundreds of guessing networks reaches."""
FEW = 5
"""Images by which no two networks can be told apart: with all five for one of them, a sign test has p = 0.06."""


def caution_text(trials: pd.DataFrame, config: RunConfig) -> str:
    """What is in doubt, and what to do then; empty where nothing is, or where accuracies are not shares of images."""
    complete, images = trials.loc[trials["state"] == "complete"], config.validation_images
    if complete.empty or not images:
        return ""
    chance = 1 / config.num_classes
    fair = MEASURES["balanced-accuracy"]  # of any guess 1 / C, also where one class has most images
    if fair.column not in complete or complete[fair.column].isna().to_numpy().any():
        fair = ACCURACY
    best = float(complete[fair.column].max())
    if best <= chance + LUCKY * standard_error(chance, images):
        return (
            f"No network is shown to do better than guessing: on {images:,} validation images the best reaches "
            f"{best:.1%} {fair.title}, a guess among {config.num_classes} classes {chance:.1%}. Do not use this front; "
            "search again, into another folder, with more --epochs, a higher --width or more images."
        )
    right = complete["accuracy"] * images
    if len(complete) > 1 and (right >= right.max() - FEW - 0.5).mean() > 0.5:
        return (
            f"Most networks differ from the best one by {FEW} or fewer of the {images:,} validation images, which "
            "chance explains. Take the cheapest of this front; to tell networks apart, search again, into another "
            "folder, with more images to judge on or, where accuracies are low, more --epochs or a higher --width."
        )
    return ""
