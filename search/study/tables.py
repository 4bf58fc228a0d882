"""The trials of a study as one table, and the accuracies that a regression expects of them."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from results.measures import SCORES, Measure
from results.tables import COLUMNS, STD
from search.samplers.encoding import Encoding
from search.study.expectation import ENOUGH, expected_accuracy
from search.study.record import TrialRecord
from space import SearchSpace
from space.objective import Objective


def table_of(
    records: Sequence[TrialRecord],
    *,
    space: SearchSpace,
    objectives: Sequence[Objective],
    measure: Measure,
    baselines: Container[str],
    expected: Mapping[int, tuple[float, float]],
) -> pd.DataFrame:
    """One row a trial: `results.tables.COLUMNS`, then other costs, scores and the device, then one column a gene.

    Args:
        records: in the order of the rows.
        space: of their networks.
        objectives: the numbers of each are a column of its name.
        measure: what is maximised.
        baselines: keys of the hand-designed networks.
        expected: accuracies and their standard deviations by number, see `expected_of`.
    """
    rows = []
    for record in records:
        network = space.architecture(record.genes)
        rows.append(
            {
                "number": record.number,
                "state": record.state,
                "source": source_of(record.key, baselines, enqueued=record.enqueued),
                "key": record.key,
                **record.cost.to_dict(),
                **{objective.name: objective.of(network, record.cost) for objective in objectives},
                "reason": record.reason,
                **_measured(record, measure),
                **dict(zip(("expected", STD), expected.get(record.number, ()))),
                **{name: network.all_choices[name] for name in space.gene_names},
            }
        )
    own = [objective.name for objective in objectives if objective.name not in COLUMNS]
    own += [STD] if len(expected) >= ENOUGH else []
    own += [name for name in SCORES if name == measure.column or any(name in row for row in rows)]
    own += ["device"] if any(row.get("device") for row in rows) else []
    table = pd.DataFrame(rows, columns=[*COLUMNS, *own, *space.gene_names])
    return table.astype({"epochs": "Int64", "expected": float})


def source_of(key: str, baselines: Container[str], *, enqueued: bool) -> str:
    """Where the network of a trial came from; arguments as of `table_of` and `TrialRecord`."""
    return "baseline" if key in baselines else "enqueued" if enqueued else "sampler"


def _measured(record: TrialRecord, measure: Measure) -> dict[str, Any]:
    """A stopped trial has no accuracy that compares with others; what it reached is the reason."""
    evaluation = record.evaluation
    if evaluation is None:
        return {}
    measured = {"epochs": evaluation.epochs, "seconds": evaluation.seconds, "device": evaluation.device}
    if record.state == "stopped":
        return {**measured, "reason": f"{evaluation.accuracy:.2%} after epoch {evaluation.epochs}"}
    return {**measured, **evaluation.scores, measure.column: evaluation.accuracy}


def expected_of(records: Sequence[TrialRecord], encoding: Encoding) -> dict[int, tuple[float, float]]:
    """By number, the accuracy expected of the network of each complete trial, and its standard deviation."""
    numbers, rows, accuracies = [], [], []
    for record in records:
        if record.state == "complete" and record.evaluation:
            numbers.append(record.number)
            rows.append(encoding.encode(record.genes))
            accuracies.append(record.evaluation.accuracy)
    mean, std = expected_accuracy(encoding, np.array(rows), np.array(accuracies))
    return dict(zip(numbers, zip(mean.tolist(), std.tolist())))
