"""What was searched, and how far to trust it, in words."""

import pandas as pd

from results.front import Front
from results.measures import ACCURACY
from results.noise import margin_of, standard_error
from results.run_config import RunConfig
from results.words import counted, many

EVALUATED = {
    "proxy": "accuracies from one short training each",
    "supernet": "accuracies from one supernet, without a training of each",
}


def summary(trials: pd.DataFrame, *, config: RunConfig, front: Front) -> str:
    """What was searched, and how far it came."""
    states = ", ".join(f"{count} {state}" for state, count in trials["state"].value_counts().items())
    limits = config.limits_shown
    measured = config.measured_text.strip().capitalize() + ". " if config.measured_text else ""
    budget = f", at most {', '.join(limits)}" if limits else ""
    return (
        f"{many(config.networks)} networks on {config.backbone} at width {config.width:g}{budget}; "
        f"sampler {config.sampler}, seed {config.seed}; "
        f"{EVALUATED.get(config.evaluator, f'accuracies from {config.evaluator}')}; trials: {states}. "
        f"{measured}"
        f"The front has {counted(len(front.entries), 'network')}; its hypervolume is {front.hypervolume:.2%} of the "
        f"box up to {config.cost.show(front.reference.cost)} and down to {front.reference.accuracy:.1%} "
        f"{config.measure.title}."
    )


def noise_text(config: RunConfig, front: Front) -> str:
    """How far to trust a difference between two accuracies."""
    count = config.validation_images
    if not count:
        return "Accuracies are taken as the evaluator gives them."
    title, accuracy = config.measure.title, max(entry.accuracy for entry in front.entries)
    error = f"a standard error of {100 * standard_error(accuracy, count):.2f} points"
    if config.measure is not ACCURACY:
        error = "an error that depends on the images of each class, and is not estimated"
    if front.noise is None:
        return f"{count:,} images give {error}; the noise between seeds was not measured."
    return (
        f"Noise: another seed changes the {title} of the same network by a standard deviation of "
        f"{100 * front.noise.std:.2f} points (from {counted(front.noise.pairs, 'pair')}). After one training each, two "
        "networks differ at a confidence of 95% where they are "
        f"{100 * margin_of(front.noise.std, front.noise.std):.1f} points or more apart. "
        f"The {count:,} validation images add {error}; it is the same for all networks."
    )
