"""A study as other programs see it."""

import random

import optuna
import pytest
from fakes import open_study, price, small_space

from results.measures import MEASURES
from search.task import Evaluation, Failure
from space import load_space
from space.objective import OBJECTIVES

SPACE = small_space(k=[0, 1])


def seen(folder) -> optuna.Study:
    return optuna.load_study(study_name=None, storage=f"sqlite:///{folder / 'study.db'}")


@pytest.mark.parametrize(
    "measure, cost, names",
    [
        ("accuracy", "ops", ["accuracy", "OPs"]),
        ("macro-f1", "bytes", ["macro F1", "bytes (B)"]),
        ("balanced-accuracy", "latency", ["balanced accuracy", "latency (s)"]),
    ],
)
def test_objectives_have_names(tmp_path, measure, cost, names):
    study = open_study(tmp_path, SPACE, measure=MEASURES[measure], objective=OBJECTIVES[cost])
    assert seen(tmp_path).metric_names is None
    study.describe({})
    assert seen(tmp_path).metric_names == names


def test_settings_are_attributes_and_follow_a_change(tmp_path):
    study = open_study(tmp_path, SPACE)
    study.describe({"dataset": "digits", "device": "cpu"})
    study.describe({"dataset": "digits", "device": "cuda"})
    assert seen(tmp_path).user_attrs == {"dataset": "digits", "device": "cuda"}
    study.close()
    assert open_study(tmp_path, SPACE)._study.user_attrs == {"dataset": "digits", "device": "cuda"}


def test_what_is_there_is_not_written_again(tmp_path):
    study = open_study(tmp_path, SPACE)
    study.describe({"dataset": "digits"})
    before = (tmp_path / "study.db").read_bytes()
    study.describe({"dataset": "digits"})
    assert (tmp_path / "study.db").read_bytes() == before


def test_trials_say_in_words_what_they_are(tmp_path):
    given = load_space().sample(random.Random(0))
    study = open_study(tmp_path, load_space(), first=(given,))
    tasks = [study.ask() for _ in range(2)]
    study.tell(0, Evaluation(accuracy=0.5, epochs=3, seconds=1.5))
    study.tell(1, Failure(reason="ValueError: broken"))
    first, second = (trial.user_attrs for trial in seen(tmp_path).trials)
    assert [each["source"] for each in (first, second)] == ["enqueued", "baseline"]
    assert [each["network"] for each in (first, second)] == [task.architecture.describe() for task in tasks]
    assert (first["epochs"], first["seconds"]) == (3, 1.5)
    assert first["ops"] == price(given).ops and first["bops"] == 64
    assert second["reason"] == "ValueError: broken"
