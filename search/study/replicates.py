"""Replicates: some networks are evaluated again under another seed, which shows the noise of one training."""

import optuna

from results.noise import Noise, noise_of
from results.words import counted
from search.study.record import records_of
from search.task import Evaluation, Failure, Task
from space import SearchSpace

ATTRIBUTE = "replicates"
WORDS = "noise"
"""Key of what they say, for programs that show studies."""


class Replicates:
    """The accuracies of second evaluations, by trial number, in an attribute of an Optuna study of a space."""

    def __init__(self, study: optuna.Study, space: SearchSpace) -> None:
        self._study, self._space = study, space

    def missing(self, count: int) -> list[Task]:
        """The networks of the first `count` complete trials under another seed, but for those that have a replicate."""
        complete = [record for record in records_of(self._study) if record.state == "complete"][:count]
        accuracies = self._accuracies()
        return [
            Task(number=record.number, architecture=self._space.architecture(record.genes), replicate=1)
            for record in complete
            if str(record.number) not in accuracies
        ]

    def tell(self, number: int, outcome: Evaluation | Failure) -> None:
        """Note what the network of a complete trial reached under another seed; a failure is not tried again."""
        accuracy = outcome.accuracy if isinstance(outcome, Evaluation) else None
        self._study.set_user_attr(ATTRIBUTE, {**self._accuracies(), str(number): accuracy})
        if noise := self.noise():
            words = f"a standard deviation of {noise.std:.2%} between seeds, from {counted(noise.pairs, 'pair')}"
            self._study.set_user_attr(WORDS, words)

    def noise(self) -> Noise | None:
        """How far two trainings of one network differ by chance; see `results.noise`."""
        first = {record.number: record.evaluation.accuracy for record in records_of(self._study) if record.evaluation}
        second = self._accuracies()
        return noise_of([(first[int(number)], again) for number, again in second.items() if again is not None])

    def _accuracies(self) -> dict[str, float | None]:
        return self._study.user_attrs.get(ATTRIBUTE, {})
