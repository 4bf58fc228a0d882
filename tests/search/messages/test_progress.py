"""The live line of each trial."""

import pandas as pd
import pytest

from results.measures import MEASURES
from results.pareto import hypervolume
from search.messages.progress import Progress
from search.task import Evaluation, Failure, Task
from space import Architecture
from space.objective import OBJECTIVES, Objective


@pytest.mark.parametrize(
    "seconds, text",
    [(1.234, "1.23 s"), (1234.0, "1230 s"), (0.0153, "15.3 ms"), (0.9999, "1000 ms"), (8e-7, "800 ns"), (0.0, "0 ns")],
)
def test_seconds_in_words(seconds, text):
    assert OBJECTIVES["latency"].show(seconds) == text


def test_a_limit_says_once_what_it_limits():
    limits = {"ops": 450e3, "bytes": 229376, "ram": 49152, "latency": 15e-6}
    shown = [OBJECTIVES[name].show_with_noun(limit) for name, limit in limits.items()]
    assert shown == ["450,000 OPs", "229,376 B of weights", "49,152 B of RAM", "15 µs"]


@pytest.fixture
def progress():
    table = pd.DataFrame(
        {"state": ["complete", "failed", "running"], "accuracy": [0.5, None, None], "ops": [4e3, 1e3, 2e3]}
    )
    progress = Progress(
        table, ended=2, trials=10, reference=(0.1, 1e4), objective=OBJECTIVES["ops"], price=lambda network: 5e3
    )
    yield progress
    progress.close()


def test_line_of_a_trial(progress, capsys):
    network = Architecture.uniform("mobilenet-8", block="mid", k=2, pool="max")
    progress.on_trial(Task(number=7, architecture=network), Evaluation(accuracy=0.75, epochs=1, seconds=12.34))
    line = capsys.readouterr().out.splitlines()[-1]
    volume = hypervolume([0.5, 0.75], [4e3, 5e3], reference=(0.1, 1e4))
    for word in (
        "7",
        "*",
        "75.00%",
        "5.00",
        "kOPs",
        "12.3",
        "2",
        f"{volume:.4f}",
        *network.describe().split(),
    ):
        assert word in line.split()
    progress.on_trial(Task(number=8, architecture=network), Evaluation(accuracy=0.4, epochs=1, seconds=1))
    dominated = capsys.readouterr().out.splitlines()[-1].split()
    assert "*" not in dominated and dominated[6:8] == ["2", f"{volume:.4f}"]


def test_networks_of_equal_accuracy_and_cost_count_once(capsys):
    """As in the table at the end, which has the first of them."""
    table = pd.DataFrame({"state": ["complete"] * 2, "accuracy": [0.5, 0.5], "ops": [4e3, 4e3]})
    networks = [Architecture.uniform("mobilenet-8", k=k) for k in range(3)]
    price = dict(zip(networks, (4e3, 3e3, 3e3))).__getitem__
    progress = Progress(table, ended=2, trials=5, reference=(0.1, 1e4), objective=OBJECTIVES["ops"], price=price)
    for number, (network, accuracy) in enumerate(zip(networks, (0.5, 0.3, 0.3)), 2):
        progress.on_trial(Task(number=number, architecture=network), Evaluation(accuracy=accuracy, epochs=1, seconds=1))
    progress.close()
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert [("*" in line, line[line.index("s") + 1]) for line in lines] == [(False, "1"), (True, "2"), (False, "2")]


def test_another_measure_is_named(capsys):
    table = pd.DataFrame({"state": ["complete"], "accuracy": [0.9], "macro_f1": [0.5], "ops": [4e3]})
    settings = {"objective": OBJECTIVES["ops"], "price": lambda network: 5e3, "measure": MEASURES["macro-f1"]}
    progress = Progress(table, ended=1, trials=2, reference=(0.1, 1e4), **settings)
    task = Task(number=1, architecture=Architecture.uniform("mobilenet-8"))
    progress.on_trial(task, Evaluation(accuracy=0.6, epochs=1, seconds=1))
    progress.close()
    head, line = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["trial", "macro", "F1", "cost"] and head.index("F1") + 2 == line.index("%") + 1
    assert line.split()[:5] == ["1", "*", "60.00%", "5.00", "kOPs"]


def test_the_unit_is_the_objectives(capsys):
    latency = Objective(name="latency", unit="s", title="latency", of=lambda *_: 1500.0)
    table = pd.DataFrame({"state": ["complete"], "accuracy": [0.5], "latency": [2e3]})
    progress = Progress(table, ended=1, trials=2, reference=(0.1, 1e4), objective=latency, price=lambda network: 1500.0)
    network = Architecture.uniform("mobilenet-8")
    progress.on_trial(Task(number=1, architecture=network), Evaluation(accuracy=0.4, epochs=1, seconds=1))
    progress.close()
    line = capsys.readouterr().out.splitlines()[-1].split()
    assert line[:4] == ["1", "*", "40.00%", "1.50"] and line[4] == "ks" and "2" in line


def test_line_of_a_failure(progress, capsys):
    network = Architecture.uniform("mobilenet-8")
    progress.on_trial(Task(number=3, architecture=network), Failure(reason="ValueError: \x1b[2Jbroken"))
    assert "failed: ValueError: \\x1b[2Jbroken" in capsys.readouterr().out


def test_lines_are_aligned(progress, capsys):
    network = Architecture.uniform("mobilenet-8")
    for accuracy in (0.05, 1.0, 0.55):
        progress.on_trial(Task(number=12, architecture=network), Evaluation(accuracy=accuracy, epochs=1, seconds=3))
    lines = [line for line in capsys.readouterr().out.splitlines() if "OPs" in line]
    assert len(lines) == 3 and len({line.index(network.describe()) for line in lines}) == 1


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
def test_a_line_fits_100_columns(measure, capsys):
    columns = {"state": ["complete"], "accuracy": [0.5], measure.column: [0.5], "params": [4e6]}
    progress = Progress(
        pd.DataFrame(columns),
        ended=1,
        trials=2,
        reference=(0.1, 1e8),
        objective=OBJECTIVES["params"],
        price=lambda network: 123.45e6,
        measure=measure,
    )
    network = Architecture.uniform("mobilenet-224")
    outcomes = (
        Evaluation(accuracy=1, epochs=1, seconds=12345.6),
        Evaluation(accuracy=0.1, epochs=100, seconds=12345.6, stopped=True),
        Failure(reason="no " * 100),
    )
    for outcome in outcomes:
        progress.on_trial(Task(number=12345, architecture=network), outcome)
    progress.close()
    lines = capsys.readouterr().out.splitlines()
    assert [len(line) for line in lines[1:]] == [100] * 3 and len(lines[0]) < 100
    assert len({line.index(network.describe()[:10]) for line in lines[1:3]} | {lines[0].index("network")}) == 1
