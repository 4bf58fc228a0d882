"""The trials of a study as a sampler wants them: arrays, each trial read once."""

from dataclasses import dataclass, field, replace
from math import isfinite
from threading import Lock

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import FrozenTrial, TrialState

from search.samplers.encoding import Encoding, Row, Rows


@dataclass(frozen=True)
class Known:
    """What trials say.

    Args:
        rows, features, values: (n, g), (n, f) and (n, 2) of those that count: complete, with a value of each
            parameter, and finite objectives.
        under_way: the rows of those that are trained now.
        tried: the rows of all.
    """

    rows: Rows
    features: NDArray[np.float64]
    values: NDArray[np.float64]
    under_way: list[Row] = field(default_factory=list)
    tried: frozenset[Row] = frozenset()


class History:
    """Reads a study. Trials that have ended stay as they are, so that each `read` only takes the others."""

    def __init__(self) -> None:
        self._of: tuple[optuna.Study, Encoding] | None = None
        self._lock = Lock()

    def read(self, study: optuna.Study, encoding: Encoding, *, but: int) -> Known:
        """All trials except number `but`."""
        with self._lock:
            if self._of != (study, encoding):
                rows = np.empty((0, len(encoding.choices)), int)
                self._of, self._count, self._open = (study, encoding), 0, list[int]()
                self._known = Known(rows, encoding.features(rows), np.empty((0, 2)))
            trials = study.get_trials(deepcopy=False)
            unread = [trials[number] for number in self._open] + trials[self._count :]
            self._count = len(trials)
            self._open = [trial.number for trial in unread if trial.number == but or not trial.state.is_finished()]
            self._known = _extended(self._known, encoding, [trial for trial in unread if trial.number != but])
            return self._known


def _extended(known: Known, encoding: Encoding, trials: list[FrozenTrial]) -> Known:
    read = [(row, trial) for trial in trials if (row := encoding.encode(trial.params)) is not None]
    done = [(row, trial.values) for row, trial in read if _counts(trial)]
    found = replace(
        known,
        under_way=[row for row, trial in read if trial.state == TrialState.RUNNING],
        tried=known.tried.union(row for row, _ in read),
    )
    if not done:
        return found
    rows, values = map(np.array, zip(*done))
    return replace(
        found,
        rows=np.concatenate([known.rows, rows]),
        features=np.concatenate([known.features, encoding.features(rows)]),
        values=np.concatenate([known.values, values]),
    )


def _counts(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.COMPLETE and all(map(isfinite, trial.values))
