"""Replicates: some networks are evaluated again under another seed, which shows the noise of one training."""

from collections.abc import Sequence

import optuna

from results.noise import Noise, noise_of
from search.study.record import TrialRecord
from search.task import Evaluation, Failure

ATTRIBUTE = "replicates"
WORDS = "noise"
"""Key of what they say, for programs that show studies."""


class Replicates:
    """The accuracies of second evaluations, by trial number, in an attribute of an Optuna study."""

    def __init__(self, study: optuna.Study) -> None:
        self._study = study

    def add(self, number: int, outcome: Evaluation | Failure, records: Sequence[TrialRecord]) -> None:
        """Note what the network of a complete trial reached under another seed; a failure is not tried again."""
        accuracy = outcome.accuracy if isinstance(outcome, Evaluation) else None
        self._study.set_user_attr(ATTRIBUTE, {**self._accuracies(), str(number): accuracy})
        if noise := self.noise(records):
            pairs = "1 pair" if noise.pairs == 1 else f"{noise.pairs} pairs"
            self._study.set_user_attr(WORDS, f"a standard deviation of {noise.std:.2%} between seeds, from {pairs}")

    def missing(self, records: Sequence[TrialRecord], count: int) -> list[TrialRecord]:
        """Those of the first `count` complete trials that have no second evaluation."""
        complete = [record for record in records if record.state == "complete"][:count]
        accuracies = self._accuracies()
        return [record for record in complete if str(record.number) not in accuracies]

    def noise(self, records: Sequence[TrialRecord]) -> Noise | None:
        """How far two trainings of one network differ by chance; see `results.noise`."""
        first = {record.number: record.evaluation.accuracy for record in records if record.evaluation}
        second = self._accuracies()
        return noise_of([(first[int(number)], again) for number, again in second.items() if again is not None])

    def _accuracies(self) -> dict[str, float | None]:
        return self._study.user_attrs.get(ATTRIBUTE, {})
