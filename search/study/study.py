"""A study: the record of a search, in one Optuna storage that one process writes."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from math import inf
from pathlib import Path

import optuna
import pandas as pd
from optuna.study import StudyDirection
from optuna.trial import TrialState

from results.measures import ACCURACY, Measure
from search.lock import lock
from search.samplers.encoding import Encoding
from search.samplers.fresh import Exhausted, FreshSampler
from search.study.dashboard import describe_study, words_of
from search.study.halving import Halving
from search.study.random_search import RandomSearch
from search.study.record import (
    TrialRecord,
    queued_genes,
    records_of,
    refusal_of,
    write_outcome,
    write_proposal,
    write_refusal,
)
from search.study.replicates import Replicates
from search.study.storage import MirroredStorage
from search.study.tables import expected_of, table_of
from search.task import Evaluation, Failure, Task
from space import Architecture, InputError, SearchSpace
from space.cost import Cost
from space.errors import first_line
from space.objective import Objective

NAME = "mobinas"
DIRECTIONS = (StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE)
"""Of the accuracy and of the objective."""
PASSED_OVER = "queued by another program, but it is above a limit or another trial has this network"


class Study:
    """The trials of a search, in ``FOLDER/study.db``: `ask` for the next one, `tell` how it ended.

    A trial belongs to the study once its proposal is on disk, which is written in one transaction. A trial that a crash
    left under way is `interrupted`, and can be evaluated again under its number.

    Args:
        folder: the run's; made if need be.
        space: what is searched.
        count: the cost of an architecture.
        objective: what is minimized while the accuracy is maximized.
        limits: costs and their highest numbers; no network above one is ever proposed.
        measure: what is maximised; the accuracies of evaluations are its numbers.
        first: networks to propose before the hand-designed ones.
        sampler: a name in `search.samplers.SAMPLERS`.
        seed: the study's.
        rungs: numbers of epochs after which a training may be stopped, see `search.study.halving`.

    Raises:
        InputError: another process writes this study, or it cannot be read or written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        space: SearchSpace,
        count: Callable[[Architecture], Cost],
        objective: Objective,
        limits: tuple[tuple[Objective, float], ...] = (),
        measure: Measure = ACCURACY,
        first: tuple[Architecture, ...] = (),
        sampler: str,
        seed: int,
        rungs: tuple[int, ...] = (),
    ) -> None:
        self.space, self._count, self._objective = space, count, objective
        self._measure, self._enqueued = measure, {network.key for network in first}
        others = tuple((each, highest) for each, highest in limits if each.name != objective.name)
        self._limited = tuple(other for other, _ in others)
        self._baselines = {network.key: network for network in space.baselines()}
        self._seen, self._halving = set[str](), Halving(rungs)
        self._half_asked: optuna.Trial | None = None
        self._running: dict[int, tuple[optuna.Trial, float]] = {}
        self._sampler = FreshSampler(
            sampler,
            space,
            price=objective.price(count),
            limit=next((highest for each, highest in limits if each.name == objective.name), None),
            others=tuple((other.price(count), highest) for other, highest in others),
            seed=seed,
            first=(*first, *self._baselines.values()),
            seen=self._seen,
        )
        self._encoding = Encoding.of(self._sampler.distributions)
        self.random_search = RandomSearch(self._encoding, self._sampler.prices, seed)
        path = folder / "study.db"
        self._opened = ExitStack()
        self._opened.enter_context(lock(folder))
        try:
            self._storage = MirroredStorage(path, name=NAME, directions=DIRECTIONS)
            self._opened.callback(self._storage.close)
            self._study = optuna.load_study(study_name=NAME, storage=self._storage, sampler=self._sampler)
            self.replicates = Replicates(self._study, space)
            self._take_up()
        except BaseException as error:
            self.close()  # a notebook keeps the traceback, and with it this object
            if isinstance(error, InputError) or not isinstance(error, Exception):
                raise
            raise InputError(f"cannot use {path}: {first_line(error)}; move it away to begin a new study") from error

    def __len__(self) -> int:
        """The number of networks on trial or tried, except those that are to be tried again."""
        return len(self._seen)

    @property
    def ended(self) -> int:
        """The number of them that ended: of a network that was tried again, the last one alone counts."""
        return len(self._seen - {record.key for record in self.records() if record.state == "running"})

    def hand_designed(self) -> tuple[int, int]:
        """How many networks are, within all limits and above one; those above are left out."""
        within = sum(map(self._sampler.within_limits, self._baselines.values()))
        return within, len(self._baselines) - within

    def describe(self, settings: Mapping[str, str]) -> None:
        """Name what the study is of, for programs that show studies."""
        describe_study(self._study, [self._measure.title, self._objective.heading], settings)

    def close(self) -> None:
        """Let another process use the folder."""
        self._opened.close()

    def has_results(self) -> bool:
        """Whether any trial is complete."""
        return bool(self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))

    def ask(self) -> Task:
        """A new trial, of a network that no other has. Raises Exhausted when there is none."""
        while True:
            trial = self._half_asked = self._half_asked or self._study.ask()
            network = self.space.suggest(trial)
            allowed = self._sampler.allows(network)
            if not allowed and queued_genes(self._storage.get_trial(trial._trial_id)) is None:
                raise Exhausted  # where no gene has a choice, Optuna asks no sampler
            cost = self._count(network)
            price = self._objective.of(network, cost)
            bars = self._halving.bars(price)
            enqueued = network.key in self._enqueued
            words = words_of(network, self._baselines, enqueued=enqueued)
            write_proposal(trial, key=network.key, cost=cost, bars=bars, enqueued=enqueued, words=words)
            self._storage.save(trial.number)
            self._half_asked = None
            self._running[trial.number] = trial, price
            if allowed:
                self._seen.add(network.key)
                return Task(number=trial.number, architecture=network, bars=bars)
            self.tell(trial.number, Failure(reason=PASSED_OVER))

    def interrupted(self) -> list[Task]:
        """Trials that an earlier process left under way; this process is to finish them."""
        tasks = []
        for record in self.records():
            if record.state == "running":
                network = self._network(record)
                trial = optuna.Trial(self._study, self._storage.trial_id(record.number))
                self._running[record.number] = trial, self._objective.of(network, record.cost)
                tasks.append(Task(number=record.number, architecture=network, bars=record.bars))
        return tasks

    def retry_failed(self, *, early: bool = False) -> int:
        """Queue the networks whose trials all failed, in new trials that come next; returns how many.

        Args:
            early: only those that failed before any trial was complete, for which something else may be to blame.
        """
        records = self.records()
        others = {record.key for record in records if record.state != "failed"}
        complete = (record.number for record in records if record.state == "complete")
        end = min(complete, default=inf) if early else inf
        failed = {record.key: record for record in records if record.key not in others}
        failed = {key: record for key, record in failed.items() if record.number < end}
        self._seen.difference_update(failed)
        again = [record for record in failed.values() if self._sampler.allows(self._network(record))]
        for record in again:
            self._study.enqueue_trial(record.genes)
        return len(again)

    def tell(self, number: int, outcome: Evaluation | Failure) -> None:
        """Finish a trial."""
        trial, price = self._running.pop(number)
        write_outcome(trial, outcome)
        if isinstance(outcome, Failure):
            self._study.tell(trial, state=TrialState.FAIL)
        elif outcome.stopped:
            self._study.tell(trial, state=TrialState.PRUNED)
        else:
            self._study.tell(trial, (outcome.accuracy, price))
            self._halving.add(number, outcome.rungs, outcome.accuracy, price)

    def records(self) -> list[TrialRecord]:
        """All trials, by number."""
        unsaved = self._half_asked.number if self._half_asked else None
        return [record for record in records_of(self._study) if record.number != unsaved]

    def refused(self) -> dict[int, str]:
        """By number, why what other programs queued is no network of the space."""
        return {t.number: reason for t in self._study.get_trials(deepcopy=False) if (reason := refusal_of(t))}

    def table(self, *, smoothed: bool = False) -> pd.DataFrame:
        """One row a trial: `results.tables.COLUMNS`, then one column a gene.

        The column `expected` is filled where they are `smoothed`, see `search.study.expectation`.
        """
        records = self.records()
        return table_of(
            records,
            space=self.space,
            objectives=(self._objective, *self._limited),
            measure=self._measure,
            baselines=self._baselines,
            expected=expected_of(records, self._encoding) if smoothed else {},
        )

    def _take_up(self) -> None:
        """Continue what earlier processes recorded."""
        self.ignored = self._storage.ignored
        for trial in self._study.get_trials(deepcopy=False):
            record = TrialRecord.read(trial)
            if record:
                if record.reason != PASSED_OVER:
                    self._seen.add(record.key)
                if (evaluation := record.evaluation) and record.price is not None:
                    self._halving.add(record.number, evaluation.rungs, evaluation.accuracy, record.price)
            elif trial.state == TrialState.RUNNING:  # an earlier version wrote a proposal in several steps
                self._study.tell(trial.number, state=TrialState.FAIL)
            elif trial.state == TrialState.WAITING and (reason := self.space.misfit(queued_genes(trial) or {})):
                write_refusal(self._storage, trial, f"queued by another program, but {reason}")
                self._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
                self.ignored += 1

    def _network(self, record: TrialRecord) -> Architecture:
        return self.space.architecture(record.genes)
