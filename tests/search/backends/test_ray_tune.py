"""The Ray backend: on a cluster of this machine, whose parts are killed."""

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from fake_evaluators import Climbing, Fated, Instant, accuracy_of
from fakes import open_study, record
from ray.cluster_utils import Cluster
from test_run import completed, one_line, table_of, wait_for

import search.run
from benchmarks.limits.scale import dispatch
from search.backends.local import InProcess
from search.backends.ray_tune.backend import RayBackend
from search.backends.ray_tune.trials import LOSSES, fit
from search.loop import run_search
from search.task import Evaluation, Failure, Task
from space import Architecture, InputError, load_space

BROKEN = load_space().baselines()[3]
ONCE, DEADLY, SPOILING = (Architecture.uniform("mobilenet-8", block="none", k=k) for k in (1, 2, 3))
INSTANT = Instant(broken=frozenset({BROKEN.key}), deadly=frozenset({DEADLY.key}), spoiling=frozenset({SPOILING.key}))
SMALL = 'block = ["pre", "mid"]\nk = [0, 1]\npool = ["avg"]\n'


def quiet(*_):
    pass


@pytest.fixture(scope="module")
def cluster():
    """Three CPUs and what Ray takes for a GPU. It soon notices a machine that is gone."""
    health = {"initial_delay_ms": 0, "period_ms": 500, "failure_threshold": 3}
    head = {
        **{"num_cpus": 3, "num_gpus": 1, "include_dashboard": False},
        "_system_config": {f"health_check_{name}": value for name, value in health.items()},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        cluster = Cluster(initialize_head=True, head_node_args=head)
        yield cluster
        cluster.shutdown()


@pytest.fixture(scope="module")
def one(cluster, tmp_path_factory):
    """A backend of one slot."""
    evaluator = Fated(folder=str(tmp_path_factory.mktemp("survived")), once=frozenset({ONCE.key}), instant=INSTANT)
    backend = RayBackend(evaluator, address=cluster.address, cpus=2, gpus=0.0, threads=1)
    assert backend.slots == 1
    yield backend
    backend.close()


def kill(node, process):
    os.kill(node.all_processes[process][0].process.pid, signal.SIGKILL)


def descendants(pid: int) -> set[int]:
    """Of a process, itself included, those that have not ended."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            parents[int(stat.parent.name)] = int(parent)
    found, before = {pid} & parents.keys(), set()
    while found != before:
        before, found = found, found | {child for child, parent in parents.items() if parent in found}
    return found


@pytest.mark.parametrize("rungs, evaluator", [((), INSTANT), ((2, 3, 4), Climbing())])
def test_ray_finds_what_one_process_finds(tmp_path, one, rungs, evaluator):
    studies = []
    for name, backend in (("here", InProcess(evaluator)), ("ray", one)):
        studies.append(open_study(tmp_path / name, rungs=rungs))
        run_search(studies[-1], backend, trials=40, on_trial=quiet)
    here, there = map(record, studies)
    assert there.equals(here)
    assert (here["state"] == ("stopped" if rungs else "failed")).any()


def test_a_study_goes_from_one_backend_to_another(tmp_path, one):
    whole = open_study(tmp_path / "whole")
    run_search(whole, InProcess(INSTANT), trials=22, on_trial=quiet)
    study = open_study(tmp_path / "run")
    for backend, trials in ((InProcess(INSTANT), 5), (one, 18), (InProcess(INSTANT), 22)):
        run_search(study, backend, trials=trials, on_trial=quiet)
    assert record(study).equals(record(whole))


def test_the_benchmark_of_dispatch_runs(one):
    assert dispatch(one, load_space(), 2) > 0


def test_a_worker_that_dies_costs_a_retry(one):
    task = Task(number=7, architecture=ONCE, replicate=1)
    one.submit(task)
    assert one.wait() == (task, Evaluation(accuracy=accuracy_of(ONCE.key, 1), epochs=1, seconds=0.0))


def test_a_task_that_ends_every_worker_is_a_failure(one):
    task = Task(number=8, architecture=DEADLY)
    one.submit(task)
    reason = f"its worker was lost {LOSSES} times: The actor is dead because its worker process has died"
    assert one.wait() == (task, Failure(reason=reason))
    one.submit(Task(number=9, architecture=BROKEN))
    assert one.wait()[1] == Failure(reason="ValueError: cannot be trained")


def test_a_worker_with_a_spoiled_gpu_is_replaced(one):
    one.submit(Task(number=10, architecture=SPOILING))
    assert one.wait()[1].spoiled
    fine = load_space().baselines()[0]
    one.submit(Task(number=11, architecture=fine))
    assert one.wait()[1] == Evaluation(accuracy=accuracy_of(fine.key), epochs=1, seconds=0.0)


def test_a_trial_that_fits_nowhere_is_refused(cluster):
    with pytest.raises(InputError, match="room for a trial of 9 CPU and 0.5 GPU"):
        RayBackend(INSTANT, address=cluster.address, cpus=9, gpus=0.5, threads=1)


def test_a_task_that_hangs_fails_alone(cluster):
    hanging = Instant(hanging=frozenset({DEADLY.key}))
    backend = RayBackend(hanging, address=cluster.address, cpus=1, gpus=1.0, threads=1, time_limit=0.5)
    for task, outcome in (
        (Task(number=3, architecture=DEADLY), Failure(reason="it took longer than --time-limit 0.5 seconds")),
        (Task(number=4, architecture=ONCE), hanging(Task(number=4, architecture=ONCE))),
    ):
        backend.submit(task)
        assert backend.wait() == (task, outcome)
    backend.close()


def test_a_lost_machine_costs_retries_and_a_lost_cluster_the_search(tmp_path, cluster, one, monkeypatch):
    one.close()  # it would look for its cluster
    monkeypatch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "2")
    machine = cluster.add_node(num_cpus=1, num_gpus=1)
    backend = RayBackend(INSTANT, address=cluster.address, cpus=1, gpus=1.0, threads=1)
    assert backend.slots == 2
    study = open_study(tmp_path / "run")
    run_search(study, backend, trials=20, on_trial=lambda task, _: task.number == 5 and kill(machine, "raylet"))
    table = record(study)
    assert table["number"].tolist() == list(range(20)) and table["key"].is_unique
    assert table["state"].value_counts().to_dict() == {"complete": 19, "failed": 1}

    def on_trial(task, _):
        if task.number == 22:
            kill(cluster.head_node, "gcs_server")

    with pytest.raises(InputError, match=f"the Ray cluster at {cluster.address} is lost"):
        run_search(study, backend, trials=90, on_trial=on_trial)
    backend.close()
    shutil.copytree(tmp_path / "run", tmp_path / "copy")
    resumed = open_study(tmp_path / "copy")
    run_search(resumed, InProcess(INSTANT), trials=40, on_trial=quiet)
    assert record(resumed)[:20].equals(table)
    assert record(resumed)["number"].tolist() == list(range(40)) and record(resumed)["key"].is_unique


def test_the_command_on_a_ray_of_its_own(tmp_path, start, invoke):
    (tmp_path / "small.toml").write_text(SMALL)
    flags = "--epochs", 1, "--proxy-images", 100, "--space", tmp_path / "small.toml", "--out", tmp_path / "run"
    ray = "--backend", "ray", "--cpus-per-trial", 2
    process = start("search.run", *ray, "--trials", 300, *flags, cwd=tmp_path, cores=2)
    wait_for(lambda: len(completed(tmp_path / "run")) >= 2)
    family = descendants(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err
    assert err.splitlines()[-1] == "mobinas: stopped; to resume, run the same command again"
    space, networks, images, test, place, where, so_far, headings, *trials, ended = out.splitlines()
    assert place == "trainings run on cpu of the machines that --backend ray finds"
    assert where == f"results go to {tmp_path / 'run'}" and headings.startswith("trial")
    assert ("mobilenet" in space, "networks" in networks, "images" in images, "test images" in test) == (True,) * 4
    assert so_far == "0 of 300 trials so far" and "of 300 trials so far; the tables and the report are in" in ended
    assert all(" | " in line or line[:5].strip().isdigit() for line in trials)
    wait_for(lambda: not any(descendants(pid) for pid in family), 30)
    before = completed(tmp_path / "run")
    assert invoke(search.run, "--workers", 0, "--trials", len(before) + 2, *flags).code == 0
    table = table_of(tmp_path / "run")
    assert table["state"].eq("complete").all() and table["key"].is_unique and len(table) == len(before) + 2
    accuracy = dict(zip(table["number"], table["accuracy"]))
    assert {number: accuracy[number] for number in before} == before


def test_without_ray_it_says_what_to_install(tmp_path, invoke, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert "pip install 'ray[tune]'" in one_line(invoke(search.run, "--backend", "ray", "--out", tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_an_address_without_a_cluster_is_refused(tmp_path, invoke):
    for address in ("127.0.0.1:1", "nowhere.invalid:6379", "127.0.0.1:99999"):
        line = one_line(invoke(search.run, "--backend", "ray", "--address", address, "--out", tmp_path / "run"))
        assert f"no Ray cluster answers at {address}" in line
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "flags, named",
    [
        (("--address", "auto"), "--address goes with --backend ray"),
        (("--cpus-per-trial", 2), "--cpus-per-trial goes with --backend ray"),
        (("--gpus-per-trial", 0.5), "--gpus-per-trial goes with --backend ray"),
        (("--backend", "ray", "--workers", 2), "--workers goes with --backend local"),
        (("--backend", "ray", "--device", "cuda:1"), "cpu or cuda"),
        (("--backend", "ray", "--address", "ray://host:10001"), "HOST:PORT"),
        (("--backend", "ray", "--address", "host"), "HOST:PORT"),
        (("--backend", "ray", "--cpus-per-trial", 0), "'0' is not a whole number above 0"),
        (("--backend", "ray", "--gpus-per-trial", 1.5), "a whole number, or below 1"),
        (("--backend", "slurm"), "slurm"),
    ],
)
def test_flags_of_one_backend_are_refused_with_the_other(invoke, flags, named):
    ended = invoke(search.run, *flags)
    assert ended.code == 2 and ended.out == "" and named in ended.err.splitlines()[-1]


@pytest.mark.parametrize(
    "resources, cpus, gpus, trials",
    [
        ({"CPU": 7.0}, 2, 0.0, 3),
        ({"CPU": 1.0}, 2, 0.0, 0),
        ({}, 1, 0.0, 0),
        ({"CPU": 8.0, "GPU": 2.0}, 1, 1.0, 2),
        ({"CPU": 8.0, "GPU": 2.0}, 1, 0.25, 8),
        ({"CPU": 8.0, "GPU": 2.0}, 1, 0.4, 4),
        ({"CPU": 3.0, "GPU": 2.0}, 1, 0.25, 3),
        ({"CPU": 8.0, "GPU": 3.0}, 1, 2.0, 1),
        ({"CPU": 8.0}, 1, 0.5, 0),
    ],
)
def test_trials_that_a_machine_holds(resources, cpus, gpus, trials):
    assert fit(resources, cpus=cpus, gpus=gpus) == trials
