"""The trials of a study as a sampler wants them: arrays, each trial read once."""

from dataclasses import dataclass, field, replace
from math import isfinite
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import FrozenTrial, TrialState

from search.samplers.encoding import Encoding, Row, Rows


@dataclass(frozen=True)
class Observations:
    """What the trials of a study say.

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
    """Reads one study. Trials that have ended do not change, so each `read` looks only at the others."""

    def __init__(self) -> None:
        self._encoding: Encoding | None = None
        self._lock = Lock()

    def read(self, study: optuna.Study, encoding: Encoding, *, exclude: int) -> Observations:
        """All trials except number `exclude`."""
        with self._lock:
            if self._encoding != encoding:
                rows = np.empty((0, len(encoding.choices)), int)
                self._encoding, self._count, self._open = encoding, 0, list[int]()
                self._observations = Observations(rows, encoding.features(rows), np.empty((0, 2)))
            trials = study.get_trials(deepcopy=False)
            unread = [trials[number] for number in self._open] + trials[self._count :]
            self._count = len(trials)
            self._open = [trial.number for trial in unread if trial.number == exclude or not trial.state.is_finished()]
            added = [trial for trial in unread if trial.number != exclude]
            self._observations = _extended(self._observations, encoding, added)
            return self._observations


_histories: WeakKeyDictionary[optuna.Study, History] = WeakKeyDictionary()


def history_of(study: optuna.Study) -> History:
    """The one history of a study, which all its samplers share: a search makes a new sampler for each trial."""
    return _histories.setdefault(study, History())


def _extended(observations: Observations, encoding: Encoding, trials: list[FrozenTrial]) -> Observations:
    encoded = [(row, trial) for trial in trials if (row := encoding.encode(trial.params)) is not None]
    ended = [(row, trial.values) for row, trial in encoded if _counts(trial)]
    extended = replace(
        observations,
        under_way=[row for row, trial in encoded if trial.state == TrialState.RUNNING],
        tried=observations.tried.union(row for row, _ in encoded),
    )
    if not ended:
        return extended
    rows, values = map(np.array, zip(*ended))
    return replace(
        extended,
        rows=np.concatenate([observations.rows, rows]),
        features=np.concatenate([observations.features, encoding.features(rows)]),
        values=np.concatenate([observations.values, values]),
    )


def _counts(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.COMPLETE and all(map(isfinite, trial.values))
