"""A search as a call."""

import json
import runpy
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import optuna
import plotly.graph_objects as go
import pytest
import torch
from fake_evaluators import Instant, accuracy_of
from fakes import made_up, small_space
from PIL import Image

import search.refresh
import search.run
from results.files import read_json
from search import Evaluation, LivePlot, Task, machine, proxy, run_study
from search.evaluators.proxy import Proxy
from search.messages.live_plot import in_cell
from space import InputError, load_space
from space.objective import OBJECTIVES

ROOT = Path(__file__).parents[2]
SPACE = small_space(block=["pre", "mid"], k=[0, 1])


def state_of_process() -> tuple:
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)]
    return handlers, torch.get_num_threads(), machine.threads(), optuna.logging.get_verbosity()


def test_it_is_the_search_of_the_command(tmp_path, invoke, monkeypatch):
    monkeypatch.setattr(Proxy, "__call__", made_up)
    flags = "--trials", 20, "--epochs", 1, "--workers", 0, "--width", 1, "--proxy-images", 100
    assert invoke(search.run, *flags, "--out", tmp_path / "command").code == 0
    found = run_study(tmp_path / "call", space=load_space(), evaluator=proxy(epochs=1, images=100), trials=20)
    for name in ("trials.csv", "pareto.csv", "pareto.json", "best.json"):
        assert (tmp_path / "call" / name).read_bytes() == (tmp_path / "command" / name).read_bytes(), name
    there, here = (json.loads((tmp_path / name / "config.json").read_text()) for name in ("command", "call"))
    assert {name for name in there if there[name] != here[name]} == {"space", "backend", "workers"}
    assert found.best().key == read_json(tmp_path / "call" / "best.json")["key"]
    assert invoke(search.run, *flags[2:], "--trials", 22, "--out", tmp_path / "call").code == 0


def test_a_function_is_an_evaluator(tmp_path):
    trials = []

    def evaluator(task: Task):
        return Instant()(task)

    found = run_study(
        tmp_path / "run",
        space=SPACE,
        evaluator=evaluator,
        num_classes=4,
        cost=OBJECTIVES["bytes"],
        trials=9,
        on_trial=lambda search, task, outcome: trials.append((task.number, outcome.accuracy, len(search.study))),
    )
    keys = found.table()["key"].tolist()
    assert trials == [(number, accuracy_of(key), number + 1) for number, key in enumerate(keys)]
    assert found.config.evaluator == found.config.dataset == "evaluator" and found.config.num_classes == 4
    bytes_of = found.table().set_index("key")["bytes"]
    front = found.front().entries
    for entry in front:
        rivals = [key for key in keys if bytes_of[key] <= entry.cost.bytes]
        assert max(map(accuracy_of, rivals)) == entry.accuracy
    assert found.best().key in [entry.key for entry in front]
    assert "accuracies from evaluator" in (tmp_path / "run" / "report.html").read_text()


def test_pictures_that_changed_are_seen(tmp_path, instant):
    def add(index: int) -> None:
        path = tmp_path / "pictures" / "AB"[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8)).save(path)

    for index in range(8):
        add(index)
    evaluator = proxy("imagefolder", data_dir=str(tmp_path / "pictures"))
    run_study(tmp_path / "run", space=SPACE, evaluator=evaluator, trials=1)
    add(8)
    with pytest.raises(InputError, match="fingerprint"):
        run_study(tmp_path / "run", space=SPACE, evaluator=evaluator, trials=2)


def test_one_after_the_other_and_again(tmp_path, capfd):
    before = state_of_process()
    sizes = []
    for name, trials in (("a", 5), ("b", 7), ("a", 8)):
        found = run_study(tmp_path / name, space=SPACE, evaluator=Instant(), num_classes=10, trials=trials)
        sizes.append(len(found.table()))
    assert sizes == [5, 7, 8]
    assert state_of_process() == before
    assert capfd.readouterr() == ("", "")


def test_in_threads_side_by_side(tmp_path):
    before, found = state_of_process(), {}

    def run(name: str) -> None:
        found[name] = run_study(tmp_path / name, space=SPACE, evaluator=Instant(), num_classes=10, trials=12)

    threads = [Thread(target=run, args=(name,)) for name in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tables = [found[name].table().drop(columns="seconds") for name in ("a", "b", "c")]
    assert len(tables[0]) == 12 and tables[0].equals(tables[1]) and tables[0].equals(tables[2])
    assert state_of_process() == before


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_a_callback_that_fails_loses_nothing(tmp_path, error):
    def on_trial(search, task, outcome):
        if task.number == 3:
            raise error

    before = state_of_process()
    parts = {"space": SPACE, "evaluator": Instant(), "num_classes": 10}
    with pytest.raises(error):
        run_study(tmp_path, **parts, trials=8, on_trial=on_trial)
    assert state_of_process() == before
    assert (tmp_path / "trials.csv").read_text().count("complete") == 4
    assert len(run_study(tmp_path, **parts, trials=8).table()) == 8


def test_a_call_after_a_hopeless_one_tries_its_networks_again(tmp_path):
    def broken(task: Task):
        raise ValueError("nothing works")

    def mended(task: Task):
        return Instant()(task)

    mended.__name__ = broken.__name__
    with pytest.raises(InputError, match="nothing works"):
        run_study(tmp_path, space=SPACE, evaluator=broken, num_classes=4, trials=6)
    table = run_study(tmp_path, space=SPACE, evaluator=mended, num_classes=4, trials=6).table()
    failed, complete = (table[table["state"] == state]["key"].tolist() for state in ("failed", "complete"))
    assert len(failed) == 5 and complete[:5] == failed and len({*complete}) == 6


def test_parts_that_do_not_fit(tmp_path):
    with pytest.raises(InputError, match="give num_classes"):
        run_study(tmp_path / "a", space=SPACE, evaluator=Instant(), trials=1)
    with pytest.raises(InputError, match="weight is no cost"):
        cost = replace(OBJECTIVES["ops"], name="weight")
        run_study(tmp_path / "c", space=SPACE, evaluator=Instant(), num_classes=10, trials=1, cost=cost)
    with pytest.raises(InputError, match="raise --max-ops"):
        limits = [(OBJECTIVES["ops"], 10.0)]
        run_study(tmp_path / "b", space=SPACE, evaluator=Instant(), num_classes=10, trials=1, limits=limits)


@pytest.mark.parametrize(
    "answer, reason",
    [
        (None, "search.task.Evaluation, not NoneType"),
        (0.5, "search.task.Evaluation, not float"),
        (Evaluation(accuracy=57.0, epochs=1, seconds=0.0), "from 0 to 1, not 57.0"),
        (Evaluation(accuracy=float("nan"), epochs=1, seconds=0.0), "from 0 to 1, not nan"),
        (Evaluation(accuracy=torch.tensor(0.5), epochs=1, seconds=0.0), "from 0 to 1, not tensor"),  # pyright: ignore
    ],
)
def test_an_answer_that_is_no_evaluation_fails_the_trial(tmp_path, answer, reason):
    with pytest.raises(InputError, match=f"the first trials all failed, the last one with: .*{reason}"):
        run_study(tmp_path, space=SPACE, evaluator=lambda task: answer, num_classes=4, trials=6)


@pytest.mark.parametrize(
    "parts, complaint",
    [
        ({"sampler": "best"}, "no sampler is called 'best'; use one of front"),
        ({"num_classes": 1}, "num_classes is 1; it must be an int from 2 to"),
        ({"num_classes": "3"}, "num_classes is '3'; it must be an int from 2 to"),
        ({"num_classes": 3.0}, "num_classes is 3.0; it must be an int from 2 to"),
        *(
            ({"limits": [(OBJECTIVES["ops"], limit)]}, f"the limit of ops is {limit!r}; it must be a finite number")
            for limit in (float("nan"), float("inf"), -1, "9k")
        ),
        ({"limits": {"ops": 4e5}}, "limits are pairs of a cost and its highest number"),
        ({"cost": OBJECTIVES["ram"]}, "cost=mobinet.objectives.objective_of"),
    ],
)
def test_parts_of_a_search_that_there_are_not(tmp_path, parts, complaint):
    with pytest.raises(InputError, match=complaint):
        run_study(tmp_path, **{"space": SPACE, "evaluator": Instant(), "num_classes": 4, "trials": 2, **parts})
    assert not (tmp_path / "study.db").exists()


@pytest.mark.parametrize("name", ["proxy", "supernet"])
def test_an_evaluator_has_a_name_of_its_own(tmp_path, name):
    def evaluator(task: Task):
        return Instant()(task)

    evaluator.__name__ = name
    with pytest.raises(InputError, match=f"your evaluator is called {name}, as one of mobinas is"):
        run_study(tmp_path, space=SPACE, evaluator=evaluator, num_classes=4, trials=1)


@pytest.mark.parametrize("noisy, pairs", [(True, 2), (False, 0)])
def test_an_evaluator_says_whether_it_is_noisy(tmp_path, invoke, noisy, pairs):
    """The noise of a tenth of the trials is measured, and accuracies are smoothed, in a refresh as well."""

    def evaluator(task: Task):
        return Instant()(task)

    evaluator.noisy = noisy
    found = run_study(tmp_path, space=SPACE, evaluator=evaluator, num_classes=4, trials=25)
    noise = found.study.replicates.noise()
    assert (noise.pairs if noise else 0) == pairs
    written = (tmp_path / "trials.csv").read_text()
    assert found.table()["expected"].notna().any() == noisy
    assert invoke(search.refresh, tmp_path).code == 0 and (tmp_path / "trials.csv").read_text() == written


@pytest.mark.parametrize("number", [{"epochs": 0}, {"images": -1}])
def test_numbers_of_a_training_are_above_0(number):
    with pytest.raises(InputError, match="it must be above 0"):
        proxy(**number)


def test_the_plot_grows(tmp_path):
    figures: list[go.Figure] = []
    plot = LivePlot(figures.append, pauses=0)
    run_study(tmp_path, space=SPACE, evaluator=Instant(), num_classes=10, trials=6, on_trial=plot)
    networks = [len({point for trace in figure.data for point in zip(trace.x, trace.y)}) for figure in figures]
    assert networks == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("shell, calls", [(object(), ["clear", "figure"]), (None, [])])
def test_in_a_notebook_a_plot_replaces_the_one_before(monkeypatch, shell, calls):
    done = []
    display = SimpleNamespace(clear_output=lambda wait: done.append("clear"), display=done.append)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell, display=display))
    in_cell("figure")
    assert done == calls


def test_a_plot_that_takes_long_waits():
    class Search:
        def figure(self):
            return go.Figure()

    figures: list[go.Figure] = []
    plot = LivePlot(figures.append, pauses=1e9)
    for _ in range(3):
        plot(Search(), None, None)
    assert len(figures) == 1


def test_the_example_runs(tmp_path, monkeypatch, capsys):
    text = (ROOT / "examples" / "notebook.py").read_text()
    assert len(text.splitlines()) < 60
    (tmp_path / "notebook.py").write_text(text.replace("TRIALS, EPOCHS = 20, 4", "TRIALS, EPOCHS = 3, 1"))
    monkeypatch.chdir(tmp_path)
    runpy.run_path("notebook.py")
    assert capsys.readouterr().out.count("trial ") >= 3
    assert (tmp_path / "runs" / "notebook" / "best.json").exists()


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, search; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"torch", "ray", "optuna", "pandas", "numpy"} & set(found.stdout.split())
