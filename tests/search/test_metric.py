"""What is maximised: accuracy and balanced accuracy choose different networks, and every output says which."""

import json

import numpy as np
import pytest
from fakes import open_study, small_space

import search.retrain
import search.run
import search.target
from results.entry import read_entry
from results.files import read_json
from results.measures import MEASURES, Counts
from results.noise import Noise
from results.page.summary import noise_text
from results.report import write_report
from results.run_config import read_config
from results.run_record import read_run
from results.tables import read_trials, write_tables
from search.evaluators.proxy import Proxy
from search.task import Evaluation
from space import InputError

LABELS = np.array([18, 2])
COUNTS = (
    Counts(labels=LABELS, predicted=np.array([20, 0]), right=np.array([18, 0]), top5=20),  # all are of the large class
    Counts(labels=LABELS, predicted=np.array([15, 5]), right=np.array([15, 2]), top5=20),
)


def judged_by(metric: str):
    """In place of a proxy's training: one network in two is the first of `COUNTS`."""

    def evaluate(_, task) -> Evaluation:
        scores = {**COUNTS[task.number % 2].scores(), "top5": 0.95}
        return Evaluation(accuracy=scores[MEASURES[metric].column], epochs=1, seconds=0.1, scores=scores)

    return evaluate


@pytest.mark.parametrize("metric, best", [("accuracy", 0), ("balanced-accuracy", 1), ("macro-f1", 1)])
def test_the_measure_chooses_the_network(tmp_path, metric, best):
    measure = MEASURES[metric]
    study = open_study(tmp_path, small_space(block=["pre", "mid"]), measure=measure)
    for counts in COUNTS:
        scores = counts.scores()
        study.tell(study.ask().number, Evaluation(accuracy=scores[measure.column], epochs=1, seconds=1, scores=scores))
    table = study.table()
    assert table["accuracy"].tolist() == [0.9, 0.85] and table["balanced_accuracy"].tolist() == pytest.approx(
        [0.5, (15 / 18 + 1) / 2]
    )
    assert table[measure.column].argmax() == best


@pytest.fixture(params=["balanced-accuracy", "macro-f1"])
def run(request, tmp_path, monkeypatch, invoke):
    """The folder of a search by another measure, and what it printed."""
    monkeypatch.setattr(Proxy, "__call__", judged_by(request.param))
    flags = "--trials", 4, "--epochs", 1, "--workers", 0, "--out", tmp_path / "run"
    weights = "--class-weights", "balanced"
    return request.param, tmp_path / "run", invoke(search.run, *flags, "--metric", request.param, *weights), flags


def test_every_output_names_the_measure(run, invoke):
    metric, folder, ended, flags = run
    measure, column = MEASURES[metric], MEASURES[metric].column
    wanted = COUNTS[1].scores()[column]
    assert f"{measure.title} is maximised; in the loss all classes count alike\n" in ended.out
    assert f"{measure.title}         cost" in ended.out and f" {wanted:.2%} " in ended.out
    assert f"{measure.title} {wanted:.1%} at" in ended.out
    best = read_json(folder / "best.json")
    assert (best["metric"], best["class_weights"]) == (metric, "balanced")
    assert (best["accuracy"], best[column], best["top5"]) == pytest.approx((0.85, wanted, 0.95))
    assert read_trials(folder)[column].tolist() == pytest.approx([each.scores()[column] for each in COUNTS] * 2)
    record = read_run(folder)
    assert record.best.reached == record.best.deciding == wanted and record.best.measure is measure
    page = (folder / "report.html").read_text()
    for text in (f'"measure":"{measure.title}"', f"{measure.title.capitalize()} is maximised; in the loss", "top-5"):
        assert text in page
    # resumed without the flags it is the same search; with another one it is refused
    assert invoke(search.run, *flags).code == 0
    refused = invoke(search.run, *flags, "--metric", "accuracy")
    assert refused.code == 2 and f"--metric {metric} there and accuracy here" in refused.err
    refused = invoke(search.run, *flags, "--class-weights", "none")
    assert refused.code == 2 and "--class-weights balanced there and none here" in refused.err


def test_papers_do_not_compare(run, invoke):
    metric, folder, _, flags = run
    refused = invoke(search.run, *flags, "--published")
    assert refused.code == 2 and "papers print accuracies" in refused.err
    with pytest.raises(InputError, match="papers print accuracies"):
        write_report(folder, published=True)


def test_a_retraining_takes_the_measure_from_the_file(run, invoke):
    metric, folder, *_ = run
    args = search.retrain.parse([str(folder / "best.json")])
    (target,) = search.target.find_targets(args)
    assert (target.metric, target.class_weights) == (metric, "balanced")
    args = search.retrain.parse([str(folder / "best.json"), "--metric", "accuracy", "--class-weights", "none"])
    retraining = search.retrain.assemble(args, target)
    assert (retraining.metric, retraining.class_weights) == ("accuracy", "none")


def test_noise_is_of_the_measure_and_the_error_of_a_share_is_not_claimed(run):
    metric, folder, *_ = run
    record = read_run(folder)
    text = noise_text(record.config, record.front)
    assert "standard error" not in text and "depends on the images of each class" in text


def test_runs_and_files_of_earlier_versions_are_by_accuracy(judged_copy):
    config = read_json(judged_copy / "config.json")
    old = {name: value for name, value in config.items() if name not in ("metric", "class_weights", "enqueued")}
    (judged_copy / "config.json").write_text(json.dumps(old))
    (judged_copy / "SHA256SUMS").unlink()
    found = read_config(judged_copy)
    assert (found.metric, found.class_weights, found.enqueued) == ("accuracy", "none", [])
    front, best = write_tables(judged_copy, read_trials(judged_copy), found, Noise(std=0.01, pairs=8))
    assert best.reached == best.accuracy and "standard error of" in noise_text(found, front)


@pytest.mark.parametrize("change", [{"metric": "f2"}, {"class_weights": 3}])
def test_an_unknown_measure_in_a_file_is_refused(judged, tmp_path, change):
    from mobinet import cost

    (tmp_path / "best.json").write_text(json.dumps({**read_json(judged / "best.json"), **change}))
    with pytest.raises(InputError, match=f"{next(iter(change.values()))!r}.*it was changed"):
        read_entry(tmp_path / "best.json", count=cost)
