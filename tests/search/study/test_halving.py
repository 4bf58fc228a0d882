"""Halving: who is stopped, and what a study knows of it."""

import json
import shutil
import sqlite3
from random import Random

import numpy as np
import pytest
from fake_evaluators import Climbing, accuracy_of
from fakes import open_study, record
from scipy.stats import linregress

from results.measures import ACCURACY
from results.tables import front_of
from search.backends.local import InProcess, Workers
from search.loop import run_search
from search.study.halving import DOUBT, ENOUGH, Halving, bars, rungs_of
from space.objective import OBJECTIVES

RUNGS = (2, 3, 4)


def quiet(*_):
    pass


def drawn(count: int, noise: float, seed: int = 0):
    rng = np.random.default_rng(seed)
    accuracy, ops = rng.uniform(0.3, 0.9, count), rng.uniform(1e3, 2e3, count)
    return accuracy, ops, np.stack([share * accuracy + noise * rng.normal(size=count) for share in (0.3, 0.6)], axis=1)


@pytest.mark.parametrize("epochs, rungs", [(12, (4, 6, 8)), (8, (3, 4, 5)), (3, (1, 2)), (2, (1,)), (1, ())])
def test_rungs_lie_between_the_ends(epochs, rungs):
    assert rungs_of(epochs) == rungs


def test_without_noise_just_those_below_the_front_are_stopped():
    accuracy, ops, reached = drawn(30, noise=0.0)
    for cost in (1200.0, 1500.0, 2500.0):
        best = accuracy[ops <= cost].max()
        assert bars(reached, accuracy, ops, price=cost) == pytest.approx([0.3 * best, 0.6 * best])


def test_at_the_bar_the_optimistic_end_is_the_front():
    accuracy, ops, reached = drawn(200, noise=0.03)
    best = accuracy[ops <= 1600].max()
    for column, bar in zip(reached.T, bars(reached, accuracy, ops, price=1600)):
        line = linregress(column, accuracy)
        residuals = accuracy - line.slope * column - line.intercept
        deviation = np.sqrt((residuals**2).sum() / (len(accuracy) - 2))
        assert line.intercept + line.slope * bar + DOUBT * deviation == pytest.approx(best)


def test_none_is_stopped_without_rivals_or_without_a_reason():
    accuracy, ops, reached = drawn(30, noise=0.0)
    assert bars(reached, accuracy, ops, price=ops.min() - 1).tolist() == [0, 0]
    few = slice(ENOUGH - 1)
    assert bars(reached[few], accuracy[few], ops[few], price=2500).tolist() == [0, 0]
    for misleading in (-reached, np.full_like(reached, 0.4)):
        assert bars(misleading, accuracy, ops, price=2500).tolist() == [0, 0]
    assert bars(np.empty((0, 2)), np.empty(0), np.empty(0), price=1e9).tolist() == [0, 0]


def test_bars_do_not_depend_on_which_trial_ends_first():
    accuracy, ops, reached = drawn(40, noise=0.03)
    expected = dict(zip((2, 4), bars(reached, accuracy, ops, price=1600).tolist()))
    for order in (range(40), reversed(range(40)), Random(0).sample(range(40), 40)):
        halving = Halving((2, 4))
        for number in order:
            at_rungs = dict(zip((2, 4), reached[number].tolist()))
            halving.add(number, at_rungs, float(accuracy[number]), float(ops[number]))
        assert halving.bars(1600) == expected and max(expected.values()) > 0
    assert Halving(()).bars(1600) == {} and Halving((2, 4)).bars(1600) == {2: 0, 4: 0}


def test_what_is_stopped_would_not_have_been_on_the_front(tmp_path):
    study = open_study(tmp_path, sampler="random", rungs=RUNGS)
    run_search(study, InProcess(Climbing()), trials=80, on_trial=quiet)
    table = study.table()
    stopped = table["state"] == "stopped"
    assert (table["state"][:ENOUGH] == "complete").all() and stopped.sum() > 20
    assert table.loc[stopped, "accuracy"].isna().all() and (table.loc[stopped, "epochs"] == 2).all()
    assert table.loc[stopped, "reason"].str.fullmatch(r"\d+\.\d\d% after epoch 2").all()
    reached = [accuracy_of(key) for key in table.loc[~stopped, "key"]]
    assert table.loc[~stopped, "accuracy"].tolist() == pytest.approx(reached, abs=1e-12)
    ends = table.assign(accuracy=[accuracy_of(key) for key in table["key"]])
    fronts = [front_of(each, OBJECTIVES["ops"], ACCURACY)["number"].tolist() for each in (ends, table)]
    assert fronts[0] == fronts[1]


def test_a_stopped_trial_has_its_rungs_and_no_values(tmp_path):
    study = open_study(tmp_path, rungs=RUNGS)
    run_search(study, InProcess(Climbing()), trials=60, on_trial=quiet)
    disk = sqlite3.connect(tmp_path / "study.db")
    stored = disk.execute(
        "select value_json from trials join trial_user_attributes using (trial_id)"
        " where state = 'PRUNED' and key = 'evaluation'"
    ).fetchall()
    assert len(stored) == (study.table()["state"] == "stopped").sum() > 0
    assert all(json.loads(text)["rungs"].keys() == {"2"} for (text,) in stored)
    values = "select count(*) from trials join trial_values using (trial_id) where state = 'PRUNED'"
    intermediate = "select count(*) from trial_intermediate_values"
    assert disk.execute(values).fetchone() == disk.execute(intermediate).fetchone() == (0,)


@pytest.mark.parametrize("sampler", ["random", "tpe", "nsga2", "evolution", "front"])
def test_an_interrupted_search_goes_on_as_if_it_had_not_been(tmp_path, sampler):
    whole = open_study(tmp_path / "whole", sampler=sampler, rungs=RUNGS)
    run_search(whole, InProcess(Climbing()), trials=24, on_trial=quiet)
    under_way = whole.ask()
    shutil.copytree(tmp_path / "whole", tmp_path / "stopped")
    whole.tell(under_way.number, Climbing()(under_way))
    run_search(whole, InProcess(Climbing()), trials=29, on_trial=quiet)
    stopped = open_study(tmp_path / "stopped", sampler=sampler, rungs=RUNGS)
    assert stopped.interrupted() == [under_way] and under_way.bars.keys() == set(RUNGS)
    run_search(stopped, InProcess(Climbing()), trials=29, on_trial=quiet)
    assert record(stopped).equals(record(whole))


def test_workers_stop_what_one_process_stops(tmp_path, forked):
    workers = Workers(Climbing(), workers=1, threads=1)
    studies = []
    for name, backend in (("one", InProcess(Climbing())), ("workers", workers)):
        studies.append(open_study(tmp_path / name, rungs=RUNGS))
        run_search(studies[-1], backend, trials=40, on_trial=quiet)
    workers.close()
    one, other = map(record, studies)
    assert other.equals(one) and (one["state"] == "stopped").any()


def test_without_rungs_nothing_is_stopped(tmp_path):
    study = open_study(tmp_path)
    run_search(study, InProcess(Climbing()), trials=40, on_trial=quiet)
    assert (study.table()["state"] == "complete").all()
