"""What a study leaves: the tables, and the network to take."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from results.measures import ACCURACY
from results.noise import Noise
from results.pareto import hypervolume
from results.tables import (
    COLUMNS,
    STD,
    choose_best,
    deciding_error,
    front_and_best,
    front_of,
    is_smoothed,
    read_refused,
    read_trials,
    write_tables,
)
from space import Architecture
from space.objective import OBJECTIVES, Objective

ROOT = Path(__file__).parents[2]
OPS = OBJECTIVES["ops"]


def test_front_rises_and_holds_equal_networks_once(trials):
    front = front_of(trials, OPS, ACCURACY)
    assert front["number"].tolist() == [1, 0, 2]
    assert front["ops"].is_monotonic_increasing and front["accuracy"].is_monotonic_increasing


def test_best_within_a_budget_is_the_most_accurate(trials):
    front = front_of(trials, OPS, ACCURACY)
    row, rule = choose_best(front, OPS, 4500.0, ACCURACY)
    assert front["accuracy"].iloc[row] == 0.90
    assert "--max-ops 4500" in rule


def test_best_without_a_budget_is_the_knee(make_trials):
    rows = [("complete", "sampler", a, o) for a, o in [(0.9, 1e5), (0.5, 1e3), (0.1, 9e4), (0.78, 1e4), (0.85, 5e4)]]
    front = front_of(make_trials(*rows), OPS, ACCURACY)
    row, rule = choose_best(front, OPS, None, ACCURACY)
    assert front.index[row] == 3
    assert "knee" in rule and rule.endswith("accuracy over log OPs")


def test_another_objective_makes_another_front(make_trials):
    params = Objective(name="params", unit="parameters", title="", of=lambda _, cost: cost.params)
    trials = make_trials(("complete", "sampler", 0.9, 5.0), ("complete", "sampler", 0.8, 4.0))
    trials["params"] = [100, 200]
    front = front_of(trials, params, ACCURACY)
    assert front["number"].tolist() == [0] and front_of(trials, OPS, ACCURACY)["number"].tolist() == [1, 0]
    assert "--max-params 150" in choose_best(front, params, 150, ACCURACY)[1]
    assert choose_best(front, params, None, ACCURACY)[1].endswith("accuracy over log parameters")


def test_where_there_are_expectations_they_decide(make_trials, tmp_path, config):
    rows = [("complete", "sampler", a, o) for a, o in [(0.5, 1e3), (0.9, 2e3), (0.7, 3e3), (0.8, 4e3)]]
    trials = make_trials(*rows).assign(expected=[0.5, 0.6, 0.7, 0.75])
    assert front_of(trials, OPS, ACCURACY)["number"].tolist() == [0, 1, 2, 3]
    trials["expected"] = [0.5, 0.6, np.nan, 0.65]  # where there is none, the measured one decides
    front = front_of(trials, OPS, ACCURACY)
    assert front["number"].tolist() == [0, 1, 2]
    assert choose_best(front, OPS, 5e3, ACCURACY)[0] == 2
    write_tables(tmp_path, trials, config, None)
    content = json.loads((tmp_path / "pareto.json").read_text())
    assert content["hypervolume"] == hypervolume([0.5, 0.6, 0.7], [1e3, 2e3, 3e3], reference=(0.1, 10000.0))
    assert [item["accuracy"] for item in content["front"]] == [0.5, 0.9, 0.7]
    assert [item["expected"] for item in content["front"]] == [0.5, 0.6, None]
    assert front_of(read_trials(tmp_path), OPS, ACCURACY)["number"].tolist() == [0, 1, 2]


def test_what_has_no_network_is_in_the_table_and_no_trial_of_those_who_read_it(trials, config, tmp_path):
    refused = {7: "queued by another program, but layer0.k = 9 is none of 0, 1", 9: 'it, "too"'}
    write_tables(tmp_path, trials, config, None, refused)
    rows = pd.read_csv(tmp_path / "trials.csv", keep_default_na=False, dtype=str)
    assert len(rows) == len(trials) + 2
    for row, (number, reason) in zip(rows.iloc[-2:].to_dict("records"), refused.items()):
        assert {name: value for name, value in row.items() if value} == {
            "number": str(number), "state": "failed", "source": "queued", "reason": reason
        }  # fmt: skip
    assert read_refused(tmp_path) == refused
    alone = tmp_path / "alone"
    write_tables(alone, trials, config, None)
    assert read_trials(tmp_path).equals(read_trials(alone)) and read_refused(alone) == {}


def test_csv_columns_and_rows(run_folder, trials, config):
    for name, numbers in (("trials.csv", range(7)), ("pareto.csv", [1, 0, 2])):
        table = pd.read_csv(run_folder / name)
        assert table.columns.tolist() == [*COLUMNS, *config.genes]
        assert table["number"].tolist() == list(numbers)
    pd.testing.assert_frame_equal(
        pd.read_csv(run_folder / "trials.csv", keep_default_na=False, na_values={"accuracy": ""})[["accuracy", "ops"]],
        trials[["accuracy", "ops"]],
    )


def test_columns_are_the_documented_ones():
    lines = (ROOT / "docs" / "files.md").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("Columns of `trials.csv` and `pareto.csv`: ")]
    listed, rest = line.split(": ", 1)[1].split(", then one column a gene")
    assert tuple(re.findall(r"`(\w+)`", listed)) == COLUMNS and rest == "."


def test_pareto_json_holds_the_front(run_folder, trials):
    content = json.loads((run_folder / "pareto.json").read_text())
    front = trials.loc[[1, 0, 2]]
    assert [item["key"] for item in content["front"]] == front["key"].tolist()
    assert content["schema"] == 1
    assert content["noise"] == {"std": 0.0123, "pairs": 8}
    assert content["reference"] == {"accuracy": 0.1, "ops": 10000.0}
    assert content["hypervolume"] == hypervolume(trials["accuracy"], trials["ops"], reference=(0.1, 10000.0))


def test_entries_are_plain_numbers_and_a_readable_architecture(run_folder, trials):
    entry = json.loads((run_folder / "pareto.json").read_text())["front"][0]
    assert entry["cost"] == {
        **dict(ops=2000.5, flops=1900, bops=6432, padded_bops=64000, elementwise=7, params=12345, bytes=678)
    }
    assert all(isinstance(entry["cost"][name], int) for name in ("flops", "bops", "params", "bytes"))
    network = Architecture.from_dict(entry["architecture"])
    assert network.choices == {name: trials.loc[1, name] for name in network.choices}
    assert (entry["dataset"], entry["data_dir"], entry["num_classes"]) == ("digits", "data", 10)


def test_best_json_is_an_entry_of_the_front_with_its_rule(run_folder, trials, config):
    best = json.loads((run_folder / "best.json").read_text())
    rule = best.pop("rule")
    assert best in json.loads((run_folder / "pareto.json").read_text())["front"]
    assert rule.startswith(
        "the most accurate network, since the front has no knee: none is above the line between the ends"
    )
    write_tables(run_folder, trials, replace(config, max_ops=3500.0), None)
    best = json.loads((run_folder / "best.json").read_text())
    assert (best["key"], "3500" in best["rule"]) == (trials.loc[2, "key"], True)


@pytest.mark.parametrize(("max_ops", "rule"), [(None, "the knee of the front"), (9e3, "the network of the highest")])
def test_best_is_chosen_by_the_measure_that_is_maximised(make_trials, config, max_ops, rule):
    rows = [("complete", "sampler", a, o) for a, o in [(0.9, 1e3), (0.7, 2e3), (0.8, 4e3)]]
    trials = make_trials(*rows).assign(macro_f1=[0.1, 0.6, 0.61])
    found = front_and_best(trials, replace(config, metric="macro-f1", max_ops=max_ops), None)
    assert found
    _, best = found
    assert best.key == trials.loc[2 if max_ops else 1, "key"]
    assert best.rule.startswith(rule) and "macro F1" in best.rule


def test_tables_without_a_complete_trial(tmp_path, make_trials, config):
    write_tables(tmp_path, make_trials(), config, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["SHA256SUMS", "trials.csv"]
    write_tables(tmp_path, make_trials(("failed", "sampler", None, 5.0)), config, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["SHA256SUMS", "trials.csv"]
    assert len(pd.read_csv(tmp_path / "trials.csv")) == 1


def test_accuracies_are_smoothed_where_all_are_expected_and_some_differ(trials):
    complete = trials[trials["state"] == "complete"]
    assert not is_smoothed(complete, ACCURACY) and not is_smoothed(complete.drop(columns="expected"), ACCURACY)
    same = complete.assign(expected=complete["accuracy"])
    assert not is_smoothed(same, ACCURACY), "of few trials, the expected accuracies are the measured ones"
    other = same.assign(expected=same["expected"].where(same["number"] != 2, 0.88))
    assert is_smoothed(other, ACCURACY)
    assert not is_smoothed(other.assign(expected=other["expected"].where(other["number"] != 0)), ACCURACY)


def test_errors_are_those_of_the_regression_then_those_of_the_noise(trials):
    complete = trials[trials["state"] == "complete"]
    assert np.isnan(deciding_error(complete, None)).all()
    assert deciding_error(complete, Noise(std=0.02, pairs=4)).tolist() == [0.02] * 6
    own = complete.assign(**{STD: [0.01, 0.02, 0.03, 0.04, 0.05, 0.06]})
    assert deciding_error(own, Noise(std=0.5, pairs=4)).tolist() == [0.01, 0.02, 0.03, 0.04, 0.05, 0.06]
