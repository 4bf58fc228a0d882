"""What programs that show studies, such as optuna-dashboard, tell their users. Nothing of it is read back."""

from collections.abc import Container, Mapping
from typing import Any

import optuna

from search.study.tables import source_of
from space import Architecture

METRIC_NAMES = "study:metric_names"
"""Where Optuna's `set_metric_names`, which warns that it is experimental, keeps them."""


def describe_study(study: optuna.Study, names: list[str], settings: Mapping[str, str]) -> None:
    """Name the objectives, and note the settings; what is there already is not written again."""
    if study.metric_names != names:
        study._storage.set_study_system_attr(study._study_id, METRIC_NAMES, names)
    for name, value in settings.items():
        if study.user_attrs.get(name) != value:
            study.set_user_attr(name, value)


def words_of(network: Architecture, baselines: Container[str], *, enqueued: bool) -> dict[str, Any]:
    """Of a trial: its network and where that came from; arguments as of `source_of`."""
    return {"network": network.describe(), "source": source_of(network.key, baselines, enqueued=enqueued)}
