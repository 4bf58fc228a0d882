"""The table that keeps a benchmark's full trainings."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.retrained import compare_searches
from benchmarks.retrained.full_training import FullTraining, append, contrast, read_table
from benchmarks.retrained.searched_vs_handmade import Comparison, complete_trials, lead, main
from benchmarks.retrained.short_searches import found_by, print_verdict
from results.measures import ACCURACY
from results.tables import COLUMNS
from search.recipe import Recipe
from search.task import Evaluation, Task
from space import Architecture, InputError, named_network

NETWORK = Architecture.uniform("mobilenet-8", block="mid", k=1)


def described(epochs: int = 5, **settings) -> str:
    recipe = Recipe(epochs=epochs, batch_size=64, learning_rate=0.01)
    return FullTraining(
        dataset="digits", data_dir="data", input_shape=(1, 8, 8), recipe=recipe, device="cpu", **settings
    ).described


def add(path, seed: int, accuracy: float, training: str) -> None:
    task = Task(number=0, architecture=NETWORK, replicate=seed)
    append(path, task, Evaluation(accuracy=accuracy, epochs=5, seconds=1.0), training)


def test_only_the_same_training_counts(tmp_path):
    path, this, others = tmp_path / "t.csv", described(), (described(6), described(images=9), described(validate=True))
    add(path, 0, 0.5, this)
    for other in others:
        add(path, 0, 0.25, other)
    add(path, 1, 0.75, this)
    assert read_table(path, this) == {(NETWORK.key, 0): 0.5, (NETWORK.key, 1): 0.75}
    assert all(read_table(path, other) == {(NETWORK.key, 0): 0.25} for other in others)


def test_a_row_cut_anywhere_is_trained_again(tmp_path):
    path, this = tmp_path / "t.csv", described()
    add(path, 0, 0.5, this)
    first = path.read_bytes()
    add(path, 1, 0.75, this)
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        expected = {(NETWORK.key, 0): 0.5} if end >= len(first) else {}
        assert read_table(path, this) == expected
        add(path, 2, 0.25, this)
        assert read_table(path, this) == expected | {(NETWORK.key, 2): 0.25}


def test_another_file_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="is not a table of trainings"):
        read_table(tmp_path / "t.csv", described())


def test_contrast_is_a_t_test():
    first, second = [0.50, 0.52, 0.57], [0.61, 0.60, 0.65]
    expected = stats.ttest_ind(second, first)
    value, error, p = contrast(np.array([first, second]).T, np.array([-1.0, 1.0]))
    assert value == pytest.approx(0.09)
    assert (value / error, p) == pytest.approx((expected.statistic, expected.pvalue))


def test_the_lead_is_the_mean_over_pairs():
    """0.3 - 0.1 and 0.4 - 0.1, so 0.25; a hand-designed network may be in several pairs."""
    accuracies = np.array([[0.1, 0.3, 0.4], [0.1, 0.3, 0.4]])
    assert lead(accuracies, ["hand", "a", "b"], [("hand", "a"), ("hand", "b")]).startswith(
        "in the mean +25.00% +- 0.00%"
    )


RUN = Path("benchmarks/tables/cifar10-front")


def config_with(folder: Path, **changes) -> None:
    settings = json.loads((RUN / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps(settings))


def test_fronts_by_other_costs_are_not_compared(monkeypatch):
    monkeypatch.setattr("sys.argv", ["compare_searches", "--cost bytes"])
    found = SimpleNamespace(objective="bytes"), {}, 1.0
    monkeypatch.setattr(compare_searches, "run_search", lambda *_: found)
    with pytest.raises(InputError, match="compared by OPs, and --cost bytes minimises bytes"):
        compare_searches.main()


def test_a_killed_search_is_said_to_have_failed(monkeypatch, tmp_path):
    ended = SimpleNamespace(returncode=-9, stderr=b"")
    monkeypatch.setattr(compare_searches.subprocess, "run", lambda *_, **__: ended)
    with pytest.raises(InputError, match="search.run --trials 1 failed: it ended with status -9"):
        compare_searches.run_search(["--trials", "1"], tmp_path)


def test_runs_at_other_widths_are_not_compared(tmp_path, monkeypatch):
    """Their hand-designed networks have the same genes, and are others."""
    shutil.copytree(RUN, tmp_path / "wide")
    config_with(tmp_path / "wide", width=0.25)
    monkeypatch.setattr("sys.argv", ["searched_vs_handmade", str(RUN), str(tmp_path / "wide")])
    with pytest.raises(InputError, match="the runs differ in data set, family, backbone or width"):
        main()


def test_hand_designed_networks_of_any_family_are_named(tmp_path, capsys):
    config_with(tmp_path, family="group-conv", backbone="mobilenet-8", width=1.0)
    hand = named_network("group-conv-k2", input_shape=(1, 8, 8))
    found = Architecture.of("group-conv", "mobilenet-8", 1.0, {"k": 1, "layer2.k": 0}).canonical()
    trials = [("baseline", hand, 100), ("sampler", found, 90)]
    rows = [
        {"state": "complete", "source": source, "key": network.key, "accuracy": 0.5, "ops": ops, **network.choices}
        for source, network, ops in trials
    ]
    pd.DataFrame(rows, columns=[*COLUMNS, *hand.choices]).to_csv(tmp_path / "trials.csv", index=False)
    comparison = Comparison(tmp_path, complete_trials(tmp_path, "baseline"))
    comparison.print([hand.key, found.key], np.array([[0.5, 0.6], [0.5, 0.6]]))
    assert "\n  group-conv-k2              100  50.00% +- 0.00%" in capsys.readouterr().out


def networks(*ks: int) -> list[Architecture]:
    return [Architecture.uniform("mobilenet-8", block="mid", k=k) for k in ks]


def test_a_search_stands_for_what_it_expects_most_of_at_no_more_cost():
    """The most of a hand-designed network is expected of the second one, so 120 OPs are allowed."""
    genes = pd.DataFrame([dict(network.genes) for network in networks(0, 1, 2, 3, 4)])
    trials = genes.assign(
        state=["complete"] * 4 + ["failed"],
        source=["baseline", "baseline", "sampler", "sampler", "sampler"],
        accuracy=[0.9, 0.5, 0.5, 0.9, 0.9],
        expected=[0.5, 0.6, 0.7, 0.8, 0.9],
        ops=[200, 120, 120, 121, 100],
    )
    config = SimpleNamespace(measure=ACCURACY, objective="ops", family="mobinet", backbone="mobilenet-8", width=1.0)
    own, found = found_by(trials, config)
    assert (own, found) == (networks(0, 1), networks(2)[0])


def test_the_verdict_counts_searches_that_beat_all_hand_designed_networks(capsys):
    """The best by hand has 0.6: two of three are above it, one of these costs more; in the mean +0.1."""
    first, second, a, b, c = networks(0, 1, 2, 3, 4)
    judged = dict(
        zip((n.key for n in (first, second, a, b, c)), np.array([[0.5] * 2, [0.6] * 2, [0.7] * 2, [0.8] * 2]))
    )
    judged[c.key] = np.array([0.6, 0.6])
    costs = {first.key: 1, second.key: 3, a.key: 3, b.key: 4, c.key: 1}
    print_verdict([first, second], [a, b, c], judged, lambda network: costs[network.key])
    out = capsys.readouterr().out
    assert "2 of 3 are more accurate than all hand-designed ones, 1 of these at no more cost" in out
    assert "in the mean +10.00%" in out
