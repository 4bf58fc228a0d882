"""Tables that are older than their study are written again."""

import os

import pandas as pd
import pytest

import search.refresh
from results.run_config import read_config
from search.lock import lock
from space import InputError


def texts(folder):
    return {name: (folder / name).read_text() for name in ("trials.csv", "pareto.csv", "pareto.json", "best.json")}


def test_a_report_after_a_kill_shows_all_trials(judged_copy, start, tmp_path):
    whole = texts(judged_copy)
    table = pd.read_csv(judged_copy / "trials.csv", dtype={"key": str})
    table[:4].to_csv(judged_copy / "trials.csv", index=False)
    (judged_copy / "best.json").unlink()
    (judged_copy / "SHA256SUMS").unlink()
    os.utime(judged_copy / "trials.csv", (0, 0))
    process = start("results.report", judged_copy, cwd=tmp_path)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "") and "wrote the tables" in out
    assert texts(judged_copy) == whole
    assert "17 complete" in (judged_copy / "report.html").read_text()


def test_not_while_a_search_is_at_work(judged_copy, invoke):
    with lock(judged_copy):
        ended = invoke(search.refresh, judged_copy)
    assert ended.code == 2 and "another process is at work" in ended.err


def test_one_that_fails_frees_the_folder(judged_copy, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises((OSError, InputError)) as kept:  # as a notebook keeps the last traceback
        search.refresh.refresh(judged_copy, cost="bops", out=tmp_path / "file" / "by-bops")
    lock(judged_copy).close()
    assert kept.tb


def test_settings_by_another_cost(judged):
    config = read_config(judged)
    space = search.refresh.space_of(config, judged)
    settings = {"space": space, "latency": {}, "latencies": None}
    found = search.refresh.by_another_cost(config, "params", **settings)
    assert (config.objective, found.objective) == ("ops", "params")
    assert found.reference.accuracy == 0.1 and found.reference.cost != config.reference.cost
    assert search.refresh.by_another_cost(found, "ops", **settings) == config


@pytest.mark.parametrize("change", ["k = [0, 1]\n", ""])
def test_not_with_another_space(tmp_path, invoke, instant, change):
    import search.run

    space = tmp_path / "small.toml"
    space.write_text("k = [0, 1, 2]\n")
    flags = "--trials", 3, "--epochs", 1, "--workers", 0, "--space", space, "--out", tmp_path / "run"
    assert invoke(search.run, *flags).code == 0
    space.write_text(change)
    ended = invoke(search.refresh, tmp_path / "run")
    assert ended.code == 2 and "small.toml was changed since the search" in ended.err
