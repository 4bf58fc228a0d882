"""A study: what is on disk is what is known."""

import os
import shutil
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from random import Random

import optuna
import pytest
from fake_evaluators import Instant, accuracy_of
from fakes import open_study, price, record, small_space

from results.noise import noise_of
from results.tables import COLUMNS
from search.backends.local import InProcess
from search.lock import lock
from search.loop import run_search
from search.samplers.fresh import distributions_of
from search.study import study as study_module
from search.study.digests import check_attributes, check_trial
from search.task import Evaluation, Failure
from space import InputError
from space.objective import Objective

SPACE = small_space(block=["pre", "mid"], k=[0, 1])


def evaluation(accuracy: float) -> Evaluation:
    return Evaluation(accuracy=accuracy, epochs=2, seconds=0.5)


def raising(error: BaseException):
    def fail(*args, **settings):
        raise error

    return fail


def files_open() -> list[str]:
    """The files that this process has open; Linux alone shows them."""
    return [os.path.realpath(link) for link in Path("/proc/self/fd").glob("*")]


def copied(tmp_path):
    """A copy of the study, as it is on disk at this moment: what a crash would leave."""
    return shutil.copytree(tmp_path / "run", tmp_path / "copy")


def test_table_has_a_row_for_each_trial(tmp_path):
    study = open_study(tmp_path, SPACE)
    networks = [study.ask().architecture for _ in range(3)]
    study.tell(1, Failure(reason="ValueError: broken"))
    study.tell(0, evaluation(0.75))
    table = study.table()
    assert table.columns.tolist() == [*COLUMNS, *SPACE.choices]
    assert table["state"].tolist() == ["complete", "failed", "running"]
    assert table["key"].tolist() == [network.key for network in networks]
    assert table["reason"].tolist() == ["", "ValueError: broken", ""]
    assert table.loc[0, ["accuracy", "epochs", "seconds"]].tolist() == [0.75, 2, 0.5]
    assert table.loc[[1, 2], ["accuracy", "epochs", "seconds"]].isna().all(axis=None)
    assert table["ops"].tolist() == [price(network).flops + 1 for network in networks]
    for number, network in enumerate(networks):
        assert table.loc[number, list(network.choices)].to_dict() == network.choices


def test_empty_table(tmp_path):
    study = open_study(tmp_path, SPACE)
    assert len(study) == len(study.table()) == 0
    assert study.replicates.noise() is None and study.interrupted() == []


@pytest.mark.parametrize("error", [None, KeyboardInterrupt()])
def test_a_study_that_cannot_be_opened_leaves_its_folder_free(tmp_path, monkeypatch, error):
    (tmp_path / "study.db").write_text("no database")
    with monkeypatch.context() as patch:
        if error:
            patch.setattr(study_module, "MirroredStorage", raising(error))
        with pytest.raises(type(error) if error else InputError) as kept:  # as a notebook keeps the last traceback
            open_study(tmp_path, SPACE)
    lock(tmp_path).close()
    assert kept.tb


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="another system")
def test_a_study_that_is_closed_has_no_file_open_but_remains(tmp_path):
    study = open_study(tmp_path, SPACE)
    study.tell(study.ask().number, evaluation(0.75))
    before = set(files_open())
    study.close()
    assert {Path(file).name for file in before - set(files_open())} >= {"study.db", ".lock"}
    assert not [file for file in files_open() if file.startswith(str(tmp_path))]
    assert study.table()["accuracy"].tolist() == [0.75]


def test_trials_under_way_are_evaluated_again_under_their_numbers(tmp_path):
    study = open_study(tmp_path / "run", SPACE)
    asked = [study.ask() for _ in range(3)]
    study.tell(1, evaluation(0.5))
    again = open_study(copied(tmp_path), SPACE)
    assert len(again) == 3
    assert again.interrupted() == [asked[0], asked[2]]
    again.tell(0, evaluation(0.6))
    again.tell(2, Failure(reason="too bad"))
    assert again.table()["state"].tolist() == ["complete", "complete", "failed"]
    assert again.ask().number == 3


def test_the_last_network_of_a_space_can_be_interrupted(tmp_path):
    space = small_space(layer0={"k": [0, 1]})
    study = open_study(tmp_path / "run", space)
    asked = [study.ask() for _ in range(2)]
    again = open_study(copied(tmp_path), space)
    run_search(again, InProcess(Instant()), trials=10, on_trial=lambda *_: None)
    assert again.table()["accuracy"].tolist() == [accuracy_of(task.architecture.key) for task in asked]


@pytest.mark.parametrize("step", ["ask", "suggest"])
def test_a_trial_half_asked_does_not_count(tmp_path, step):
    study = open_study(tmp_path / "run", SPACE)
    study.ask()
    earlier_version = optuna.load_study(study_name=None, storage=f"sqlite:///{tmp_path / 'run' / 'study.db'}")
    trial = earlier_version.ask()
    if step == "suggest":
        SPACE.suggest(trial)
    again = open_study(copied(tmp_path), SPACE)
    assert len(again) == len(again.table()) == 1
    run_search(again, InProcess(Instant()), trials=8, on_trial=lambda *_: None)
    table = again.table()
    assert table["state"].tolist() == ["complete"] * 8
    assert table["key"].nunique() == 8


@pytest.mark.parametrize(
    "table, asked", [("trials", 1), ("trial_params", 1), ("trial_user_attributes", 1), ("trial_values", 2)]
)
def test_what_cannot_be_written_is_not_known(tmp_path, table, asked):
    study = open_study(tmp_path / "run", SPACE)
    study.ask()
    before = study.table()
    disk = sqlite3.connect(tmp_path / "run" / "study.db", isolation_level=None)
    if asked == 2:
        study.ask()
        before = study.table()
    disk.execute(f"create trigger full before insert on {table} begin select raise(abort, 'disk is full'); end")
    with pytest.raises(InputError, match="study.db: disk is full"):
        study.ask() if asked == 1 else study.tell(1, evaluation(0.5))
    assert len(study) == asked and study.table().equals(before)
    disk.execute("drop trigger full")
    assert open_study(copied(tmp_path), SPACE).table().equals(before)
    task = study.ask()
    assert task.number == asked
    study.tell(task.number, evaluation(0.5))
    again = optuna.load_study(study_name=None, storage=f"sqlite:///{tmp_path / 'run' / 'study.db'}")
    assert [trial.number for trial in again.trials] == list(range(asked + 1))
    assert again.trials[asked].user_attrs["key"] == task.architecture.key


def test_memory_and_disk_hold_the_same(tmp_path):
    study = open_study(tmp_path / "run", sampler="nsga2")
    broken = frozenset({SPACE.baselines()[0].key})
    run_search(study, InProcess(Instant(broken=broken)), trials=55, on_trial=lambda *_: None)
    study.ask()
    disk = optuna.load_study(study_name=None, storage=f"sqlite:///{tmp_path / 'run' / 'study.db'}")
    trials = disk.trials
    for trial in trials:
        check_trial(trial)  # and takes its digest off
    for kept in (study, open_study(copied(tmp_path), sampler="nsga2")):
        for ours, theirs in zip(kept._study.trials, trials, strict=True):
            for name in ("number", "_trial_id", "state", "values", "params", "user_attrs", "system_attrs"):
                assert getattr(ours, name) == getattr(theirs, name)
            assert list(ours.distributions.items()) == list(theirs.distributions.items())
        found = kept._storage.get_study_system_attrs(kept._study._study_id)
        assert found and found == check_attributes(disk._storage.get_study_system_attrs(disk._study_id))


@pytest.mark.parametrize(
    "change",
    [
        "update trial_values set value = 0.51 where objective = 0",
        "update trial_user_attributes set value_json = replace(value_json, '64', '65') where key = 'cost'",
        "update trial_params set param_value = 1 - param_value where param_name = 'layer0.k'",
        "update trials set state = 'FAIL'",
        "update trials set number = 7",
        "delete from trial_values",
        "update study_user_attributes set value_json = '{\"0\": 0.25}' where key = 'replicates'",
    ],
)
def test_a_changed_file_is_refused(tmp_path, change):
    study = open_study(tmp_path / "run", SPACE)
    study.ask()
    study.tell(0, evaluation(0.5))
    study.replicates.tell(0, evaluation(0.75))
    copy = copied(tmp_path)
    with closing(sqlite3.connect(copy / "study.db")) as disk, disk:
        assert disk.execute(change).rowcount >= 1
    with pytest.raises(InputError, match=r"study.db: (trial \d|its attribute replicates) is damaged; move it away"):
        open_study(copy, SPACE)


def test_an_empty_file_is_no_study(tmp_path):
    (tmp_path / "study.db").write_bytes(b"")
    with pytest.raises(InputError, match="study.db: it is empty; move it away"):
        open_study(tmp_path, SPACE)


def test_a_study_without_digests_goes_on(tmp_path):
    study = open_study(tmp_path / "run", SPACE)
    run_search(study, InProcess(Instant()), trials=5, on_trial=lambda *_: None)
    study.replicates.tell(0, evaluation(0.75))
    copy = copied(tmp_path)
    with closing(sqlite3.connect(copy / "study.db")) as disk, disk:
        assert disk.execute("delete from trial_system_attributes").rowcount == 5
        assert disk.execute("delete from study_system_attributes").rowcount == 2  # of replicates and noise
    again = open_study(copy, SPACE)
    assert again.table().equals(study.table()) and again.replicates.noise() == study.replicates.noise()
    assert again.ask().number == 5


def test_digests_that_earlier_versions_kept_elsewhere_are_checked_and_moved(tmp_path):
    study = open_study(tmp_path / "run", SPACE)
    study.ask()
    study.tell(0, evaluation(0.5))
    study.replicates.tell(0, evaluation(0.75))
    study.close()
    path = tmp_path / "run" / "study.db"
    with closing(sqlite3.connect(path)) as disk, disk:
        stored = {key: value for key, value in disk.execute("select key, value_json from study_system_attributes")}
        disk.execute("delete from study_system_attributes")
        digest = ("mobinas:digestreplicates", stored["mobinas:digestuser:replicates"])
        disk.execute("insert into study_user_attributes (study_id, key, value_json) values (1, ?, ?)", digest)
    copy = copied(tmp_path)
    with closing(sqlite3.connect(copy / "study.db")) as disk, disk:
        disk.execute("update study_user_attributes set value_json = '{\"0\": 0.25}' where key = 'replicates'")
    with pytest.raises(InputError, match="its attribute replicates is damaged"):
        open_study(copy, SPACE)
    again = open_study(tmp_path / "run", SPACE)
    again.ask()
    again.tell(1, evaluation(0.5))
    again.replicates.tell(1, evaluation(0.75))
    again.close()
    attributes = optuna.load_study(study_name=None, storage=f"sqlite:///{path}").user_attrs
    assert attributes.keys() == {"replicates", "noise"} and attributes["replicates"] == {"0": 0.75, "1": 0.75}
    assert open_study(tmp_path / "run", SPACE).replicates.noise() == again.replicates.noise()


def test_trials_of_another_study_do_no_harm(tmp_path):
    study = open_study(tmp_path / "run", SPACE)
    study.ask()
    optuna.create_study(storage=f"sqlite:///{tmp_path / 'run' / 'study.db'}").ask()
    again = open_study(copied(tmp_path), SPACE)
    assert again.ask().number == 1
    again.tell(1, evaluation(0.5))
    assert again.table()["state"].tolist() == ["running", "complete"]


def optunas(folder):
    """The study as Optuna itself opens it, beside ours."""
    return optuna.load_study(study_name=None, storage=f"sqlite:///{folder / 'study.db'}")


def test_networks_that_another_program_queued_come_first(tmp_path):
    study = open_study(tmp_path / "run", SPACE)
    done = study.ask().architecture
    study.tell(0, evaluation(0.5))
    study.close()
    wanted = {**SPACE.spell(done), "layer0.k": 1 - done.choices["layer0.k"]}
    for genes in (SPACE.spell(done), wanted, {"layer1.block": "pre"}):
        optunas(tmp_path / "run").enqueue_trial(genes)
    again = open_study(tmp_path / "run", SPACE)
    assert len(again) == 1
    first, second, third = (again.ask() for _ in range(3))
    assert (first.number, first.architecture) == (2, SPACE.architecture(wanted))
    assert (second.number, second.architecture.choices["layer1.block"]) == (3, "pre")
    assert third.number == 4 and len(again) == 4
    for task in (first, second, third):
        again.tell(task.number, evaluation(0.5))
    again.close()
    assert again.table()["state"].tolist() == ["complete", "failed", "complete", "complete", "complete"]
    assert "queued" in again.table()["reason"][1]
    assert open_study(tmp_path / "run", SPACE).table().equals(again.table())
    assert optunas(tmp_path / "run").trials[2].params == again.records()[2].genes


@pytest.mark.parametrize(
    "genes, reason",
    [
        ({"layer0.k": 7}, "layer0.k = 7 is none of 0, 1"),
        ({"layer0.q": 0}, "this space has no choice called layer0.q"),
        ({"layer99.k": 0}, "this space has no choice called layer99.k"),
    ],
)
def test_what_is_no_network_of_the_space_cannot_be_queued(tmp_path, genes, reason):
    open_study(tmp_path, SPACE).close()
    optunas(tmp_path).enqueue_trial(genes)
    study = open_study(tmp_path, SPACE)
    assert study.ignored == 1 and study.ask().number == 1
    refused = {0: f"queued by another program, but {reason}"}
    assert study.refused() == refused and study.table()["number"].tolist() == [1]
    study.close()
    assert optunas(tmp_path).trials[0].user_attrs == {"reason": refused[0]}
    again = open_study(tmp_path, SPACE)
    assert len(again) == 1 and again.refused() == refused


def test_what_another_program_says_of_a_queued_network_is_not_why_it_failed(tmp_path):
    open_study(tmp_path, SPACE).close()
    optunas(tmp_path).enqueue_trial({"layer0.k": 1}, user_attrs={"reason": "cheap,\nas I think"})
    study = open_study(tmp_path, SPACE)
    assert study.refused() == {}
    study.tell(study.ask().number, evaluation(0.5))
    assert study.refused() == {} and study.table()[["state", "reason"]].to_numpy().tolist() == [["complete", ""]]


def test_a_queued_network_above_the_limit_takes_no_place(tmp_path):
    highest = SPACE.spell(max(SPACE.baselines(), key=lambda network: price(network).ops))
    open_study(tmp_path, SPACE).close()
    optunas(tmp_path).enqueue_trial(highest)
    limit = price(SPACE.architecture(highest)).ops - 1
    study = open_study(tmp_path, SPACE, limit=limit)
    assert study.ask().number == 1 and len(study) == 1
    study.close()
    assert len(open_study(tmp_path, SPACE, limit=limit)) == 1


def test_results_of_another_program_are_ignored(tmp_path):
    open_study(tmp_path, SPACE).close()
    optunas(tmp_path).add_trial(optuna.create_trial(values=(0.5, 3.0)))
    study = open_study(tmp_path, SPACE)
    assert study.ignored == 1 and len(study) == len(study.table()) == 0
    study.tell(study.ask().number, evaluation(0.5))
    assert study.table()["number"].tolist() == [1]


@pytest.mark.parametrize("sampler", ["front", "tpe", "nsga2"])
def test_no_sampler_learns_from_results_of_another_program(tmp_path, sampler):
    proposed, distributions, networks = (
        [],
        distributions_of(SPACE),
        [SPACE.sample(Random(number)) for number in range(60)],
    )
    for name, best in (("a", "pre"), ("b", "mid")):
        open_study(tmp_path / name, SPACE).close()
        trials = []
        for network in networks:
            accuracy = [*network.choices.values()].count(best) / 10
            genes = {gene: choice for gene, choice in SPACE.spell(network).items() if gene in distributions}
            values = accuracy, price(network).flops
            trials.append(optuna.create_trial(values=values, params=genes, distributions=distributions))
        optunas(tmp_path / name).add_trials(trials)
        study = open_study(tmp_path / name, SPACE, sampler=sampler)
        assert study.ignored == 60 and not study.has_results() and study.ended == 0
        proposed.append([study.ask().architecture.key for _ in range(12)])
        study.close()
        assert [trial.state.name for trial in optunas(tmp_path / name).trials[:60]] == ["COMPLETE"] * 60
        again = open_study(tmp_path / name, SPACE, sampler=sampler)
        assert again.ignored == 60 and [task.number for task in again.interrupted()] == [*range(60, 72)]
    assert proposed[0] == proposed[1]


@pytest.mark.parametrize("step", ["enqueue", "add", "ask"])
def test_a_trial_that_another_program_writes_meanwhile_stops_the_search(tmp_path, step):
    study = open_study(tmp_path, SPACE)
    study.tell(study.ask().number, evaluation(0.5))
    other = optunas(tmp_path)
    if step == "enqueue":
        other.enqueue_trial({"layer0.k": 1})
    elif step == "add":
        other.add_trial(optuna.create_trial(values=(0.5, 3.0)))
    else:
        other.ask()
    with pytest.raises(InputError, match="another program wrote a trial into .*; the same command resumes"):
        study.ask()
    study.close()
    again = open_study(tmp_path, SPACE)
    task = again.ask()
    assert task.number == (1 if step == "enqueue" else 2)
    again.tell(task.number, evaluation(0.6))
    again.close()
    assert open_study(tmp_path, SPACE).table()["state"].tolist() == ["complete", "complete"]


def test_a_renamed_study_is_refused(tmp_path):
    open_study(tmp_path, SPACE).close()
    with closing(sqlite3.connect(tmp_path / "study.db")) as disk, disk:
        disk.execute("update studies set study_name = 'better'")
    with pytest.raises(InputError, match="study.db holds no study called mobinas, but better"):
        open_study(tmp_path, SPACE)


def test_another_reader_is_waited_for(tmp_path):
    """Longer than the five seconds that SQLite waits by itself."""
    study = open_study(tmp_path, SPACE)
    other = sqlite3.connect(tmp_path / "study.db", isolation_level=None, check_same_thread=False)
    other.execute("begin exclusive")
    threading.Timer(7, other.rollback).start()
    began = time.monotonic()
    assert study.ask().number == 0 and time.monotonic() - began > 5
    assert len(optunas(tmp_path).trials) == 1


def test_failed_networks_are_queued_again(tmp_path):
    study = open_study(tmp_path / "run", SPACE)
    asked = [study.ask().architecture for _ in range(3)]
    for number, outcome in enumerate((Failure(reason="x"), evaluation(0.5), Failure(reason="y"))):
        study.tell(number, outcome)
    study.close()
    again = open_study(tmp_path / "run", SPACE)
    assert again.ended == 3 and again.retry_failed() == 2
    assert len(again) == again.ended == 1
    task = again.ask()
    assert (task.number, task.architecture) == (3, asked[0])
    assert (len(again), again.ended) == (2, 1)
    again.tell(3, evaluation(0.6))
    assert again.table()["state"].tolist() == ["failed", "complete", "failed", "complete"]
    assert len(again) == again.ended == 2
    again.close()  # stopped before the second one
    last = open_study(tmp_path / "run", SPACE)
    assert len(last) == 3 and last.retry_failed() == 1
    assert last.ask().architecture == asked[2] and last.ask().number == 5


def test_a_file_that_is_removed_is_missed(tmp_path):
    study = open_study(tmp_path, SPACE)
    study.ask()
    (tmp_path / "study.db").unlink()
    with pytest.raises(InputError, match="study.db was removed while the search ran"):
        study.tell(0, evaluation(0.5))


def test_what_failed_before_anything_worked_is_tried_again_by_itself(tmp_path):
    study = open_study(tmp_path / "run", SPACE)
    for number, outcome in enumerate((Failure(reason="x"), evaluation(0.5), Failure(reason="y"))):
        study.ask()
        study.tell(number, outcome)
    assert study.retry_failed(early=True) == 1
    again = study.ask()
    study.tell(again.number, Failure(reason="x"))
    assert study.retry_failed(early=True) == 0 and study.retry_failed() == 2


def test_results_of_another_program_count_for_no_network_that_failed(tmp_path):
    open_study(tmp_path, SPACE).close()
    optunas(tmp_path).add_trials([optuna.create_trial(values=(0.5, 3.0))] * 3)
    study = open_study(tmp_path, SPACE)
    study.tell(study.ask().number, Failure(reason="x"))
    assert study.retry_failed(early=True) == 1


def test_one_process_at_a_time(tmp_path):
    study = open_study(tmp_path, SPACE)
    with pytest.raises(InputError, match="another process"):
        open_study(tmp_path, SPACE)
    assert study.ask().number == 0


def test_what_is_no_study_is_an_input_error(tmp_path):
    (tmp_path / "study.db").write_bytes(b"this is no database, " * 100)
    with pytest.raises(InputError, match="study.db") as error:
        open_study(tmp_path, SPACE)
    assert len(str(error.value).splitlines()) == 1


def test_any_sqlite_reader_finds_the_values(tmp_path):
    study = open_study(tmp_path, SPACE)
    network = study.ask().architecture
    study.tell(0, evaluation(0.75))
    rows = sqlite3.connect(tmp_path / "study.db").execute("select objective, value from trial_values order by 1")
    assert rows.fetchall() == [(0, 0.75), (1, price(network).ops)]


def test_another_objective_decides(tmp_path):
    k_sum = Objective(
        name="params", unit="", title="", of=lambda network, _: sum(v for v in network.choices.values() if v in (0, 1))
    )
    study = open_study(tmp_path, SPACE, objective=k_sum, limit=2)
    networks = [study.ask().architecture for _ in range(4)]
    study.tell(3, evaluation(0.75))
    prices = [k_sum.of(network, price(network)) for network in networks]
    assert max(prices) <= 2 and len({network.key for network in networks}) == 4
    assert study.table()["params"].tolist() == prices
    rows = sqlite3.connect(tmp_path / "study.db").execute("select objective, value from trial_values order by 1")
    assert rows.fetchall() == [(0, 0.75), (1, prices[3])]


def test_noise_is_that_of_the_pairs(tmp_path):
    study = open_study(tmp_path / "run", SPACE)
    for number in range(4):
        study.ask()
        study.tell(number, Failure(reason="x") if number == 1 else evaluation(number / 10))
    assert [task.number for task in study.replicates.missing(2)] == [0, 2]
    study.replicates.tell(0, evaluation(0.05))
    study.replicates.tell(2, Failure(reason="diverged"))
    assert study.replicates.missing(2) == []
    assert [task.number for task in study.replicates.missing(8)] == [3]
    study.replicates.tell(3, evaluation(0.36))
    expected = noise_of([(0.0, 0.05), (0.3, 0.36)])
    assert asdict(study.replicates.noise()) == pytest.approx(asdict(expected)) and expected.pairs == 2
    assert open_study(copied(tmp_path), SPACE).replicates.noise() == study.replicates.noise()


def test_record_of_a_reopened_study_is_the_same(tmp_path):
    study = open_study(tmp_path / "run", SPACE)
    run_search(study, InProcess(Instant()), trials=9, on_trial=lambda *_: None)
    assert record(open_study(copied(tmp_path), SPACE)).equals(record(study))
