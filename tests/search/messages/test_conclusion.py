"""What a search says at its end, to people and to programs."""

import json
import re
import shlex
from dataclasses import replace
from html import unescape

import pandas as pd
import pytest

import search.run
from results.front import read_front
from results.hand_designed import Beside, beside_hand_designed, spread
from results.run_config import read_config
from results.tables import read_trials
from search.cli import COMMANDS
from search.messages.conclusion import SHOWN, luckier_text
from search.task import Evaluation
from space.cost import Cost

AGAIN = ("--trials", 17, "--epochs", 1, "--workers", 0)


def test_each_network_stands_beside_the_best_hand_designed_one_that_costs_no_more(judged):
    config, trials = read_config(judged), read_trials(judged)
    front = read_front(judged / "pareto.json", config)
    rows = beside_hand_designed(front, trials, config)
    assert [row.entry.key for row in rows] == [entry.key for entry in front.entries]
    own = [row for row in trials.to_dict("records") if row["source"] == "baseline"]
    assert len(own) == 15
    for row in rows:
        allowed = [it for it in own if it["ops"] <= row.entry.cost.ops]
        if not allowed:
            assert row == Beside(entry=row.entry)
            continue
        best = max(allowed, key=lambda it: it["accuracy"] if pd.isna(it["expected"]) else it["expected"])
        block, k = best["layer1.block"], best["layer1.k"]
        assert row.rival_accuracy == pytest.approx(best["accuracy"] if pd.isna(best["expected"]) else best["expected"])
        assert row.rival.startswith("mobinet-") and (best["key"] == row.entry.key) == row.is_rival
        assert row.rival in (f"mobinet-{block}-k{k}", f"mobinet-post-k{k}", f"mobinet-{block}-k4")


@pytest.mark.parametrize(
    ("expected", "accuracies", "costs", "told"),
    [
        ((0.50, 0.48), (0.49, 0.55), (100, 90), True),
        ((0.50, 0.48), (0.49, 0.55), (100, 101), False),  # it costs more
        ((0.50, 0.48), (0.49, 0.47), (100, 90), False),  # it was not measured higher
        ((None, None), (0.49, 0.47), (100, 90), False),  # measured accuracies decide
    ],
)
def test_it_says_why_a_network_that_was_measured_higher_is_not_chosen(judged, expected, accuracies, costs, told):
    (entry, *_) = read_front(judged / "pareto.json", read_config(judged)).entries
    best = replace(entry, key="best", accuracy=accuracies[0], expected=expected[0], cost=Cost(flops=costs[0]))
    table = {"key": ["best", "other"], "state": "complete", "accuracy": accuracies, "expected": expected, "ops": costs}
    text = luckier_text(pd.DataFrame(table), best, "ops")
    said = (
        "other, at no more cost, measured higher in one training, 55.0%; from all trainings together 48.0% is expected"
    )
    assert text.replace("\n", " ").startswith(said) if told else text == ""


@pytest.mark.parametrize("count", [1, 9, 10, 11, 40])
@pytest.mark.parametrize("kept", [0, 3, -2, -1])
def test_a_long_front_is_thinned_out_evenly(judged, count, kept):
    config = read_config(judged)
    (entry, *_) = read_front(judged / "pareto.json", config).entries
    rows = [Beside(entry=type(entry)(**{**vars(entry), "key": str(number)})) for number in range(count)]
    kept = rows[max(kept, -count) if kept < 0 else min(kept, count - 1)]
    shown = spread(rows, 9, keep=kept.entry.key)
    places = [rows.index(row) for row in shown]
    assert places == sorted(set(places)) and len(places) == min(count, 9)
    assert kept in shown and places[0] == 0 and places[-1] == count - 1
    assert max(b - a for a, b in zip(places, [*places[1:], count])) <= 2 * count / 9 + 1


def test_the_front_takes_at_most_ten_lines(judged_copy, invoke):
    out = invoke(search.run, *AGAIN, "--out", judged_copy).out.splitlines()
    begin = next(number for number, line in enumerate(out) if line.startswith("  the front"))
    end = next(number for number, line in enumerate(out) if line.startswith("front by "))
    assert 2 <= end - begin <= SHOWN + 1 == 10 and max(map(len, out[begin:end])) <= 100
    best = json.loads((judged_copy / "best.json").read_text())["key"]
    assert [line[2:14] for line in out[begin:end] if line[0] == "*"] == [best]


def test_a_thinned_front_says_how_many_networks_it_has(judged_copy, invoke, monkeypatch):
    monkeypatch.setattr("search.messages.conclusion.spread", lambda rows, _, keep: rows[-2:])
    out = invoke(search.run, *AGAIN, "--out", judged_copy).out
    found = len(json.loads((judged_copy / "pareto.json").read_text())["front"])
    assert found > 2 and f": {found} networks, 2 of them above, hypervolume " in out


def test_what_is_in_doubt_is_said_before_what_to_do(tmp_path, invoke, monkeypatch):
    guess = Evaluation(accuracy=0.1, epochs=1, seconds=1.0, scores={"accuracy": 0.1, "balanced_accuracy": 0.1})
    monkeypatch.setattr("search.evaluators.proxy.Proxy.__call__", lambda *_, **__: guess)
    out = invoke(search.run, *AGAIN, "--out", tmp_path / "run").out
    assert "\nNo network is shown to do better than guessing: " in out.partition("\nbest.json: ")[0]


def test_the_reports_sentence_stands_above_the_chosen_network(judged_copy, invoke):
    out, between, _ = invoke(search.run, *AGAIN, "--out", judged_copy).out.partition("\nbest.json: ")
    (headline,) = re.findall("<h1>(.*?)</h1>", (judged_copy / "report.html").read_text())
    sentence = unescape(headline).replace("\xa0", " ")
    assert between and out.replace("\n", " ").endswith(sentence) and "hand-designed" in sentence


def test_programs_read_one_object_a_line(tmp_path, invoke, instant):
    flags = ("--trials", 18, "--epochs", 1, "--workers", 0, "--out", tmp_path / "a run")
    ended = invoke(search.run, *flags, "--json")
    begin, *trials, end = map(json.loads, ended.out.splitlines())
    assert [begin["event"], end["event"]] == ["begin", "end"] and {trial["event"] for trial in trials} == {"trial"}
    assert begin["config"] == json.loads((tmp_path / "a run" / "config.json").read_text())
    assert (begin["trials"], begin["ended"], end["trials"]) == (18, 0, 18)
    table = read_trials(tmp_path / "a run").set_index("number")
    assert sorted(trial["number"] for trial in trials) == list(range(18))
    for trial in trials:
        row = table.loc[trial["number"]]
        assert (trial["key"], trial["state"], trial["ops"]) == (row["key"], row["state"], row["ops"])
        assert trial["accuracy"] == pytest.approx(row["accuracy"])
    assert end["best"] == json.loads((tmp_path / "a run" / "best.json").read_text())
    assert end["pareto"] == json.loads((tmp_path / "a run" / "pareto.json").read_text())
    program, command, file = shlex.split(end["next"])
    assert (program, file) == ("mobinas", str(tmp_path / "a run" / "best.json")) and command in COMMANDS
    assert "best.json: " in ended.err, "what people read"


def test_a_failed_trial_is_told_to_programs(tmp_path, invoke, instant, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("nothing works")

    monkeypatch.setattr("search.evaluators.proxy.Proxy.__call__", fail)
    ended = invoke(search.run, *AGAIN, "--out", tmp_path / "run", "--json", "--quiet")
    _, *trials = map(json.loads, ended.out.splitlines())
    assert [(trial["state"], trial["reason"]) for trial in trials] == [("failed", "RuntimeError: nothing works")] * 5
    assert ended.code == 2 and ended.err.count("\n") == 1 and "nothing works" in ended.err


def test_quiet_prints_nothing(judged_copy, invoke):
    assert invoke(search.run, *AGAIN, "--out", judged_copy, "--quiet") == (0, "", "")
    assert invoke(search.run, *AGAIN, "--out", judged_copy, "--seed", 1, "--quiet").err.count("\n") == 1
