"""What the Pareto plot shows, as a record."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from results.entry import architecture_of
from results.measures import ACCURACY, Measure
from results.noise import CONFIDENT, Noise
from results.run_config import RunConfig
from results.tables import completed, deciding_accuracy, deciding_error, front_of, is_smoothed
from results.words import counted
from space.objective import Objective

MILLION = 1e6


@dataclass(frozen=True, kw_only=True)
class Points:
    """Networks of one kind, by rising cost.

    Args:
        cost, accuracy: of each, accuracy in 0..1.
        texts: name and cost of each, for people.
        errors: half of the interval that holds 95 % of the accuracy of each; empty where it is not known.
    """

    cost: tuple[float, ...] = ()
    accuracy: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()
    errors: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ParetoInfo:
    """What the plot shows. Validation accuracies are those that decide: expected ones where there are any.

    Args:
        objective, measure: the cost of the networks, and what their accuracies are.
        is_expected: whether all validation accuracies are expected ones.
        budget: the limit of the cost; None where there was none.
        front: the networks of the front.
        dominated: sampled networks that are not on the front.
        baselines: hand-designed networks, on the front or not.
        best: the network of best.json.
        published: what papers report on the same data set, on test images.
        retrained: networks of the run after `search.retrain`, on test images.
        peers: the cost of other networks whose accuracy is not known here, by their name.
    """

    objective: Objective
    measure: Measure = ACCURACY
    is_expected: bool = False
    budget: float | None = None
    front: Points
    dominated: Points
    baselines: Points
    best: Points
    published: Points
    retrained: Points
    peers: Mapping[str, float]

    @property
    def height_title(self) -> str:
        """What the heights of networks are that were not retrained."""
        return f"{'expected ' if self.is_expected else ''}validation {self.measure.title}"


def pareto_info(
    trials: pd.DataFrame,
    *,
    config: RunConfig,
    best_key: str,
    noise: Noise | None = None,
    published: pd.DataFrame | None = None,
    retrained: pd.DataFrame | None = None,
) -> ParetoInfo:
    """Sort complete trials into what the plot shows.

    Args:
        trials: one row a trial, `results.tables.COLUMNS` and the genes.
        config: the run's settings.
        best_key: of best.json.
        noise: between two trainings of one network, if it was measured.
        published: rows of `results.published.read_published` to overlay.
        retrained: rows of `results.retrained.Retrained` to overlay.
    """
    objective, measure = config.cost, config.measure
    complete = completed(trials).sort_values(by=[objective.name, "number"])
    is_front = complete.index.isin(front_of(complete, objective, measure).index)
    is_baseline = (complete["source"] == "baseline").to_numpy(bool)
    is_best = (complete["key"] == best_key).to_numpy(bool)
    accuracy, errors = deciding_accuracy(complete, measure), CONFIDENT * deciding_error(complete, noise)

    def points(chosen: NDArray[np.bool_]) -> Points:
        rows = complete.loc[chosen]
        return Points(
            cost=tuple(rows[objective.name].tolist()),
            accuracy=tuple(accuracy[chosen].tolist()),
            texts=tuple(hover_text(row, config) for row in rows.to_dict("records")),
            errors=() if np.isnan(errors).any() else tuple(errors[chosen].tolist()),
        )

    return ParetoInfo(
        objective=objective,
        measure=measure,
        is_expected=is_smoothed(complete, measure),
        budget=config.limit,
        front=points(is_front),
        dominated=points(~is_front & ~is_baseline),
        baselines=points(is_baseline),
        best=points(is_best),
        published=published_points(published, objective),
        retrained=retrained_points(retrained, objective),
        peers=config.latency_peers if objective.name == "latency" else {},
    )


def published_points(published: pd.DataFrame | None, objective: Objective) -> Points:
    """The rows that print both an accuracy and, in millions, the objective."""
    column = f"{objective.name}_m"
    if published is None or column not in published:
        return Points()
    printed = published.loc[(published[column] != "") & (published["top1"] != "")]
    rows = sorted(printed.to_dict("records"), key=lambda row: float(row[column]))
    return Points(
        cost=tuple(float(row[column]) * MILLION for row in rows),
        accuracy=tuple(float(row["top1"]) / 100 for row in rows),
        texts=tuple(
            f"<b>{row['top1']} %</b> at {row[column]} M {objective.unit}<br>{row['name']}<br>{row['source']}"
            for row in rows
        ),
    )


def retrained_points(retrained: pd.DataFrame | None, objective: Objective) -> Points:
    """Each at its accuracy on the test images."""
    if retrained is None:
        return Points()
    return Points(
        cost=tuple(retrained["cost"]),
        accuracy=tuple(retrained["test"]),
        texts=tuple(
            "<br>".join(
                [
                    f"<b>{row['test']:.2%}</b> on test images at {objective.show(row['cost'])}",
                    *short_lines(row["architecture"]),
                    f"retrained, {counted(row['epochs'], 'epoch')}; {row['searched']:.2%} in the search",
                    row["key"],
                ]
            )
            for row in retrained.to_dict("records")
        ),
    )


def short_lines(architecture: str) -> list[str]:
    """The description of an architecture, a few words a line."""
    words = architecture.split(" ")
    return [" ".join(words[i : i + 5]) for i in range(0, len(words), 5)]


def hover_text(row: Mapping[Any, Any], config: RunConfig) -> str:
    """Accuracy, cost and architecture of one trial, a row of ``trials.csv``."""
    objective, measure, expected = config.cost, config.measure, row.get("expected")
    return "<br>".join(
        [
            f"<b>{row[measure.column]:.2%}</b>{'' if measure is ACCURACY else f' {measure.title}'} at "
            f"{objective.show(row[objective.name])}",
            *([] if expected is None or isnan(expected) else [f"expected: {expected:.2%}"]),
            *short_lines(architecture_of(row, config).describe()),
            f"{row['flops']:,} FLOPs + {row['bops']:,} BOPs ({row['padded_bops']:,} padded)",
            f"{row['params']:,} parameters in {row['bytes']:,} bytes",
            f"trial {row['number']}, {row['source']}, {row['key']}",
        ]
    )
