"""A trial as a typed record: what is written to Optuna's trial is what is read from it."""

import optuna
import pytest
from optuna.trial import TrialState

from search.study.record import TrialRecord, write_outcome, write_proposal
from search.task import Evaluation, Failure
from space.cost import Cost

COST = Cost(flops=1000, bops=640, padded_bops=700, elementwise=5, params=9, bytes=20)


@pytest.fixture
def study():
    return optuna.create_study(directions=["maximize", "minimize"])


@pytest.fixture
def trial(study):
    trial = study.ask()
    trial.suggest_categorical("block", ["mid"])
    return trial


def read(study) -> TrialRecord | None:
    return TrialRecord.read(study.trials[0])


def test_a_proposal(study, trial):
    write_proposal(trial, key="abc", cost=COST, bars={2: 0.5, 4: 0.75})
    assert read(study) == TrialRecord(
        number=0, state="running", key="abc", genes={"block": "mid"}, cost=COST, bars={2: 0.5, 4: 0.75}
    )


@pytest.mark.parametrize(
    "stopped, values, state, ended",
    [
        (False, (0.8, 1010.0), TrialState.COMPLETE, "complete"),
        (True, None, TrialState.PRUNED, "stopped"),
    ],
)
def test_an_evaluation(study, trial, stopped, values, state, ended):
    write_proposal(trial, key="abc", cost=COST, bars={})
    outcome = Evaluation(accuracy=0.8, epochs=6, seconds=1.5, rungs={2: 0.4, 4: 0.7}, stopped=stopped)
    write_outcome(trial, outcome)
    assert read(study).evaluation is None  # it counts once the trial has ended
    study.tell(trial, values, state=state)
    found = read(study)
    assert (found.state, found.evaluation, found.price) == (ended, outcome, values and values[1])


def test_a_failure(study, trial):
    write_proposal(trial, key="abc", cost=COST, bars={})
    write_outcome(trial, Failure(reason="diverged"))
    study.tell(trial, state=TrialState.FAIL)
    found = read(study)
    assert (found.state, found.reason, found.evaluation, found.price) == ("failed", "diverged", None, None)


def test_a_trial_without_a_key_has_no_record(study, trial):
    trial.set_user_attr("cost", {"flops": 1})
    assert read(study) is None


def test_what_earlier_versions_wrote_is_read(study, trial):
    """Before there was halving, an evaluation had no rungs."""
    trial.set_user_attr("cost", {"flops": 1000, "bops": 640})
    trial.set_user_attr("key", "abc")
    trial.set_user_attr("evaluation", {"accuracy": 0.5, "epochs": 2, "seconds": 0.25})
    study.tell(trial, (0.5, 1010.0))
    found = read(study)
    assert found.evaluation == Evaluation(accuracy=0.5, epochs=2, seconds=0.25)
    assert found.cost == Cost(flops=1000, bops=640) and found.bars == {}
