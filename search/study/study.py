"""A study: everything a search knows, in one Optuna storage that one process writes."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
from optuna.trial import TrialState

from mobinet import Cost
from results.tables import COLUMNS, noise_of
from search.lock import lock
from search.samplers import SAMPLERS
from search.samplers.encoding import Encoding
from search.samplers.expectation import expected_accuracy
from search.samplers.fresh import Exhausted, FreshSampler
from search.study.halving import bars
from search.study.storage import MirroredStorage
from search.task import Evaluation, Failure, Task
from space import Architecture, InputError, SearchSpace
from space.bounds import affordable
from space.errors import first_line
from space.prices import Prices

NAME = "mobinas"
_STATES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "stopped",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
}


class Study:
    """The record of a search, in ``FOLDER/study.db``.

    A trial belongs to the study once its proposal is written down, which is done at one stroke. What an earlier version
    left behind half asked is ignored; what a crash left behind under way is `interrupted` and can be evaluated again
    under its number.

    Args:
        folder: the run's; made if need be.
        space: what is searched.
        cost: the cost of an architecture.
        sampler: a name in `SAMPLERS`.
        seed: the study's.
        max_ops: no network above is ever proposed.
        rungs: numbers of epochs after which a training may be stopped, see `search.study.halving`.

    Raises:
        InputError: another process writes this study, or it cannot be read or written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        space: SearchSpace,
        cost: Callable[[Architecture], Cost],
        sampler: str,
        seed: int,
        max_ops: float | None,
        rungs: tuple[int, ...] = (),
    ) -> None:
        self.space = space
        self._rungs = rungs
        self._cost = cost
        self._max_ops = max_ops
        self._baselines = space.baselines()
        self._baseline_keys = {architecture.key for architecture in self._baselines}

        def ops(network: Architecture) -> float:
            return cost(network).ops

        prices = Prices(space, ops, max_ops)
        self._sampler = FreshSampler(
            SAMPLERS[sampler](prices),
            space,
            seed=seed,
            first=self._baselines,
            fresh=self._is_fresh,
            affordable=lambda: affordable(space, ops, max_ops),
        )
        self._lock = lock(folder)
        self._half_asked: optuna.Trial | None = None
        self._running: dict[int, optuna.Trial] = {}
        try:
            self._storage = MirroredStorage(folder / "study.db", name=NAME, directions=["maximize", "minimize"])
            self._study = optuna.load_study(study_name=NAME, storage=self._storage, sampler=self._sampler)
            trials = self._study.get_trials(deepcopy=False)
            self._seen = {trial.user_attrs["key"] for trial in trials if "key" in trial.user_attrs}
        except InputError:
            raise
        except Exception as error:
            raise InputError(
                f"cannot use {folder / 'study.db'}: {first_line(error)}; move it away to begin anew"
            ) from error
        for trial in trials:
            if trial.state == TrialState.RUNNING and "key" not in trial.user_attrs:
                self._study.tell(trial.number, state=TrialState.FAIL)

    def __len__(self) -> int:
        """The number of trials, finished or under way."""
        return len(self._seen)

    def has_results(self) -> bool:
        """Whether any trial is complete."""
        return bool(self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))

    def ask(self) -> Task:
        """A new trial, of a network that no other has. Raises Exhausted when there is none."""
        trial = self._half_asked = self._half_asked or self._study.ask()
        architecture = self.space.suggest(trial)
        if not self._is_fresh(architecture):  # where no gene has a choice, no sampler is asked
            raise Exhausted
        counted = self._cost(architecture)
        trial.set_user_attr("cost", asdict(counted))
        if self._rungs:
            trial.set_user_attr("bars", self._bars(counted.ops))
        trial.set_user_attr("key", architecture.key)
        self._storage.save(trial._trial_id)
        self._half_asked = None
        self._seen.add(architecture.key)
        self._running[trial.number] = trial
        return self._task(trial)

    def interrupted(self) -> list[Task]:
        """Trials that an earlier process left under way; they are this one's to finish."""
        found = [trial for trial in self._trials() if trial.state == TrialState.RUNNING]
        self._running.update({trial.number: optuna.Trial(self._study, trial._trial_id) for trial in found})
        return [self._task(trial) for trial in found]

    def tell(self, number: int, outcome: Evaluation | Failure) -> None:
        """Finish a trial."""
        trial = self._running.pop(number)
        if isinstance(outcome, Failure):
            trial.set_user_attr("reason", outcome.reason)
            self._study.tell(trial, state=TrialState.FAIL)
            return
        rungs = {str(epochs): accuracy for epochs, accuracy in outcome.rungs.items()}
        trial.set_user_attr("evaluation", {**asdict(outcome), "rungs": rungs})
        if outcome.stopped:
            self._study.tell(trial, state=TrialState.PRUNED)
        else:
            self._study.tell(trial, (outcome.accuracy, Cost(**trial.user_attrs["cost"]).ops))

    def expected(self) -> pd.Series:
        """By number, the accuracy expected of the network of each complete trial; see `search.samplers.expectation`."""
        complete = [trial for trial in self._trials() if trial.state == TrialState.COMPLETE]
        encoding = Encoding.of(self._sampler.distributions)
        rows = np.array([encoding.encode(trial.params) for trial in complete])
        accuracy = np.array([trial.values[0] for trial in complete])
        return pd.Series(expected_accuracy(encoding, rows, accuracy), [trial.number for trial in complete], float)

    def unpaired(self, count: int) -> list[Task]:
        """The first `count` complete trials under another seed, less those that `tell_replicate` was told of."""
        complete = [trial for trial in self._trials() if trial.state == TrialState.COMPLETE][:count]
        known = self._replicates()
        return [
            Task(number=trial.number, architecture=self.space.architecture(trial.params), replicate=1)
            for trial in complete
            if str(trial.number) not in known
        ]

    def tell_replicate(self, number: int, outcome: Evaluation | Failure) -> None:
        """Note what the network of a complete trial reached under another seed, if anything."""
        accuracy = outcome.accuracy if isinstance(outcome, Evaluation) else None
        self._study.set_user_attr("replicates", {**self._replicates(), str(number): accuracy})

    def noise(self) -> dict[str, float] | None:
        """How far two trainings of one network differ by chance; see `results.tables.noise_of`."""
        trials, known = self._study.get_trials(deepcopy=False), self._replicates()
        return noise_of([(trials[int(n)].values[0], again) for n, again in known.items() if again is not None])

    def _replicates(self) -> dict[str, float | None]:
        return self._study.user_attrs.get("replicates", {})

    def table(self) -> pd.DataFrame:
        """One row a trial: `results.tables.COLUMNS`, then one column a gene."""
        rows = []
        for trial in self._trials():
            counted = Cost(**trial.user_attrs["cost"])
            judged = trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
            evaluation = dict(trial.user_attrs["evaluation"]) if judged else {}
            if trial.state == TrialState.PRUNED:
                evaluation["reason"] = f"{evaluation.pop('accuracy'):.2%} after epoch {evaluation['epochs']}"
            rows.append(
                {
                    "number": trial.number,
                    "state": _STATES[trial.state],
                    "source": "baseline" if trial.user_attrs["key"] in self._baseline_keys else "sampler",
                    "key": trial.user_attrs["key"],
                    "ops": counted.ops,
                    **asdict(counted),
                    "reason": trial.user_attrs.get("reason", ""),
                    **evaluation,
                    **self.space.architecture(trial.params).choices,
                }
            )
        table = pd.DataFrame(rows, columns=[*COLUMNS, *self.space.gene_names])
        return table.astype({"epochs": "Int64"})

    def _task(self, trial: optuna.Trial | optuna.trial.FrozenTrial) -> Task:
        bars = {int(epochs): bar for epochs, bar in trial.user_attrs.get("bars", {}).items()}
        return Task(number=trial.number, architecture=self.space.architecture(trial.params), bars=bars)

    def _bars(self, price: float) -> dict[str, float]:
        """By number of epochs, the accuracy below which a network of `price` OPs is stopped."""
        complete = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        names = list(map(str, self._rungs))
        reached = [[trial.user_attrs["evaluation"]["rungs"][name] for name in names] for trial in complete]
        accuracy, ops = np.reshape([trial.values for trial in complete], (-1, 2)).T
        return dict(zip(names, bars(np.reshape(reached, (-1, len(names))), accuracy, ops, price=price).tolist()))

    def _trials(self) -> list[optuna.trial.FrozenTrial]:
        return [trial for trial in self._study.get_trials(deepcopy=False) if trial.user_attrs.get("key") in self._seen]

    def _is_fresh(self, architecture: Architecture) -> bool:
        if architecture.key in self._seen:
            return False
        return self._max_ops is None or self._cost(architecture).ops <= self._max_ops
