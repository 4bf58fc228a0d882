"""Names that come from outside name things, and do nothing else."""

import json
from dataclasses import replace

import pytest
from PIL import Image

import search.retrain
import search.run
from results.files import read_json, write_json
from results.run_config import read_config
from results.tables import write_tables
from search.evaluators.proxy import Proxy
from search.task import Evaluation

SCRIPT = "<script>alert(1)</script>"


def test_names_of_classes_and_folders_are_no_markup(tmp_path, invoke, monkeypatch):
    monkeypatch.setattr(
        Proxy, "__call__", lambda self, task: Evaluation(accuracy=0.5 + task.number / 100, epochs=1, seconds=0.1)
    )
    pictures = tmp_path / "<img src=x onerror=alert(1)>"
    for index in range(20):
        path = pictures / ("<script>alert(1)<", "b&amp;'\"")[index % 2] / f"<b>{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), index).save(path)
    data = "--dataset", "imagefolder", "--data-dir", pictures
    flags = *data, "--backbone", "mobilenet-8", "--epochs", 1, "--workers", 0, "--trials", 6
    ended = invoke(search.run, *flags, "--out", tmp_path / "<i>run")
    assert ended.code == 0
    page = (tmp_path / "<i>run" / "report.html").read_text()
    assert "<script>alert" not in page and "onerror=alert" not in page and "<i>run" not in page


def test_texts_of_a_run_are_no_markup(judged_copy):
    """The report is made of what files hold, and those may come from others."""
    from results.report import write_report
    from results.tables import read_trials

    trials, config = read_trials(judged_copy), read_config(judged_copy)
    trials["reason"] = trials["reason"].astype(object)
    trials.loc[0, ["key", "source", "reason", "state"]] = SCRIPT, SCRIPT, SCRIPT, "failed"
    config = replace(config, dataset=SCRIPT, sampler=SCRIPT, evaluator=SCRIPT)
    write_json(judged_copy / "config.json", config.to_dict())
    write_tables(judged_copy, trials, config, None)
    best = read_json(judged_copy / "best.json")
    write_json(judged_copy / "best.json", {**best, "rule": SCRIPT})
    (judged_copy / "SHA256SUMS").unlink()
    key = best["key"]
    summary = {"key": SCRIPT, "dataset": SCRIPT, "epochs": 1, "cost": {"params": 1}}
    write_json(judged_copy / "retrain" / SCRIPT[:8] / "summary.json", summary)
    write_json(judged_copy / "retrain" / key / "summary.json", {**summary, "key": key})
    assert SCRIPT not in write_report(judged_copy).read_text()


@pytest.mark.parametrize("name", ["../../x", "/tmp/x", "..", SCRIPT, "a\nb", "\x1b[2J"])
@pytest.mark.parametrize("field", ["key", "dataset", "family", "backbone"])
def test_names_in_a_file_lead_nowhere(judged_copy, invoke, tmp_path, field, name):
    content = json.loads((judged_copy / "best.json").read_text())
    (content if field in content else content["architecture"])[field] = name
    path = tmp_path / "inner" / "best.json"
    write_json(path, content)
    before = sorted(tmp_path.rglob("*"))
    ended = invoke(search.retrain, path, "--epochs", 1)
    assert ended.code == 2 and ended.err.count("\n") == 1 and ended.err[:-1].isprintable()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["../x", "a/b", SCRIPT])
def test_a_data_set_is_one_of_the_known(invoke, name):
    ended = invoke(search.run, "--dataset", name)
    assert ended.code == 2 and "invalid choice" in ended.err
