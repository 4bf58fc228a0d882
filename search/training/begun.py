"""What a retraining was begun with: to resume it is to repeat that."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from results.measures import ACCURACY, UNWEIGHTED
from search.recipe import Recipe

TEACHER = "digest of the --teacher file"
BEFORE = {
    "metric": ACCURACY.name,
    "class_weights": UNWEIGHTED,
    TEACHER: "none",
    **{item.name: item.default for item in fields(Recipe) if item.default is not MISSING},
}
"""Settings of retrainings that do not say, as those of earlier versions."""


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
