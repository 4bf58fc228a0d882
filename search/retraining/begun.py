"""What a retraining was begun with: to resume it is to repeat that."""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from typing import TYPE_CHECKING, Any

from results.measures import ACCURACY, UNWEIGHTED
from search.data.dataset import DataSet
from search.recipe import Recipe
from search.training.teacher_files import digest_of
from space.own_file import files_of

if TYPE_CHECKING:
    from search.retraining.retraining import Retraining

TEACHER = "digest of the --teacher file"
BEFORE = {
    "metric": ACCURACY.name,
    "class_weights": UNWEIGHTED,
    TEACHER: "none",
    **{item.name: item.default for item in fields(Recipe) if item.default is not MISSING},
}
"""Settings of retrainings that do not say, as those of earlier versions."""


def settings_of(retraining: "Retraining", images: DataSet) -> dict[str, Any]:
    """All that decides what it trains. Raises InputError where there is no such teacher."""
    own = files_of({"space": retraining.architecture.family, "dataset": retraining.dataset})
    return {
        "architecture": retraining.architecture.to_json(),
        "dataset": retraining.dataset,
        "fingerprint": images.fingerprint,
        **asdict(retraining.recipe),
        "seed": retraining.seed,
        **{f"digest of the --{flag} file": file.digest for flag, file in own.items()},
        "metric": retraining.metric,
        "class_weights": retraining.class_weights,
        TEACHER: digest_of(retraining.teacher) if retraining.teacher else BEFORE[TEACHER],
    }


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """In which settings a retraining differs from what is asked for.

    Args:
        there: as its checkpoint has them.
        here: that are asked for.
    """
    begun = {**BEFORE, **there}
    return [
        f"{name} {begun.get(name)} there and {value} here" for name, value in here.items() if begun.get(name) != value
    ]
