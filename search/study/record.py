"""One trial of a search, typed. This file alone writes and reads the attributes of Optuna's trials."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from search.task import Evaluation, Failure
from space.cost import Cost
from space.gene import Choice

State = Literal["complete", "stopped", "failed", "running"]

_STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "stopped",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
}


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """What a study knows of one trial.

    Args:
        number: from 0.
        state: `stopped` is a training that ended below a bar, see `search.study.halving`.
        key: of its network.
        genes: the choices of its network, of the genes that have a choice.
        cost: of its network.
        bars: by number of epochs, the accuracy below which its training is stopped there.
        enqueued: whether its network was given, to be trained first.
        evaluation: what the evaluator measured; None unless the trial is complete or stopped.
        price: the number of the study's objective; None unless the trial is complete.
        reason: why it failed; else empty.
    """

    number: int
    state: State
    key: str
    genes: dict[str, Choice]
    cost: Cost
    bars: dict[int, float] = field(default_factory=dict)
    enqueued: bool = False
    evaluation: Evaluation | None = None
    price: float | None = None
    reason: str = ""

    @classmethod
    def read(cls, trial: FrozenTrial) -> "TrialRecord | None":
        """The record of a trial of Optuna; None where `write_proposal` did not come to its end."""
        attributes, state = trial.user_attrs, _STATES.get(trial.state)
        if "key" not in attributes or state is None:
            return None
        return cls(
            number=trial.number,
            state=state,
            key=attributes["key"],
            genes=trial.params,
            cost=Cost(**attributes["cost"]),
            bars=_by_epochs(attributes.get("bars", {})),
            enqueued=attributes.get("enqueued", False),
            evaluation=_read_evaluation(attributes["evaluation"]) if state in ("complete", "stopped") else None,
            price=trial.values[1] if trial.values else None,
            reason=attributes.get("reason", "") if state == "failed" else "",  # others may note one, too
        )


def records_of(study: optuna.Study) -> list[TrialRecord]:
    """All trials of ours, by number."""
    return list(filter(None, map(TrialRecord.read, study.get_trials(deepcopy=False))))


def queued_genes(trial: FrozenTrial) -> dict[str, Choice] | None:
    """What another program queued with Optuna's `enqueue_trial`; None where no program did."""
    return trial.system_attrs.get("fixed_params")


def is_of_another_program(trial: FrozenTrial) -> bool:
    """Whether a trial has a result that no search of ours wrote."""
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED) and "key" not in trial.user_attrs


def write_proposal(
    trial: optuna.Trial,
    *,
    key: str,
    cost: Cost,
    bars: dict[int, float],
    enqueued: bool = False,
    words: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Note what is fixed before a network is evaluated; the key last, which makes the proposal valid.

    `words`, and each number of the cost by itself, are for programs that show studies; they are not read back.
    """
    for name, value in {**words, **cost.to_dict()}.items():
        trial.set_user_attr(name, value)
    trial.set_user_attr("cost", asdict(cost))
    if bars:
        trial.set_user_attr("bars", _by_text(bars))
    if enqueued:
        trial.set_user_attr("enqueued", True)
    trial.set_user_attr("key", key)


def write_outcome(trial: optuna.Trial, outcome: Evaluation | Failure) -> None:
    """Note what became of the evaluation."""
    if isinstance(outcome, Failure):
        trial.set_user_attr("reason", outcome.reason)
    else:
        trial.set_user_attr("epochs", outcome.epochs)
        trial.set_user_attr("seconds", outcome.seconds)
        trial.set_user_attr("evaluation", {**asdict(outcome), "rungs": _by_text(outcome.rungs)})


def write_refusal(storage: BaseStorage, trial: FrozenTrial, reason: str) -> None:
    """Note why what another program queued is no network."""
    storage.set_trial_user_attr(trial._trial_id, "reason", reason)


def refusal_of(trial: FrozenTrial) -> str:
    """What `write_refusal` noted; empty for trials that have a network, or will have one."""
    refused = trial.state == TrialState.FAIL and "key" not in trial.user_attrs
    return trial.user_attrs.get("reason", "") if refused else ""


def _read_evaluation(stored: dict[str, Any]) -> Evaluation:
    return Evaluation(**{**stored, "rungs": _by_epochs(stored.get("rungs", {}))})


def _by_text(accuracies: dict[int, float]) -> dict[str, float]:
    """JSON has no other keys."""
    return {str(epochs): accuracy for epochs, accuracy in accuracies.items()}


def _by_epochs(accuracies: dict[str, float]) -> dict[int, float]:
    return {int(epochs): accuracy for epochs, accuracy in accuracies.items()}
