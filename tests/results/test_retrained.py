"""What networks reached on the full schedule: read from the run's folder, on the plot, and on the page."""

import re
from dataclasses import replace
from html import unescape

import pandas as pd
import pytest

from results.entry import Entry
from results.files import read_json, write_json
from results.front import Front
from results.page import page_of
from results.page.summary import summary
from results.plot import pareto_figure
from results.points import pareto_info
from results.report import rewrite_report, write_report
from results.retrained import COLUMNS, Retrained, agreement, read_retrained
from results.run_record import RunRecord
from space import Architecture


def rows_of(searched, test) -> pd.DataFrame:
    return pd.DataFrame({"searched": searched, "test": test})


def test_one_row_a_retrained_network_by_rising_cost(run_folder, trials, config, retrain):
    retrain(0, validation=0.9, test=0.875)
    retrain(1, validation=1, test=0.75, epochs=30)
    found = read_retrained(run_folder, trials, config)
    assert found.left_out == () and tuple(found.rows.columns) == COLUMNS
    assert [row[:6] for row in found.rows.itertuples(index=False, name=None)] == [
        ("00000000001a", 0.70, 1, 0.75, 2000.5, 30),
        ("00000000000a", 0.80, 0.9, 0.875, 3000.0, 60),
    ]
    front = read_json(run_folder / "pareto.json")["front"][:2]
    networks = [Architecture.from_dict(item["architecture"]).describe() for item in front]
    assert found.rows["architecture"].tolist() == networks


def test_seeds_of_a_network_are_averaged(run_folder, trials, config, retrain):
    """0.80, 0.84 and 0.88 have the mean 0.84 and, of n - 1 = 2 degrees of freedom, the deviation 0.04."""
    path = retrain(0, validation=0.9, test=0.80, seed=0)
    retrain(1, test=0.75)
    for seed, test, epochs in ((1, 0.84, 60), (2, 0.88, 60), (3, 0.1, 30)):
        folder = path.parent.with_name(f"{path.parent.name}-seed{seed}")
        write_json(folder / "summary.json", {**read_json(path), "seed": seed, "test_top1": test, "epochs": epochs})
    folder = path.parent.with_name(f"{path.parent.name}-seed7")
    write_json(folder / "summary.json", read_json(path))  # its folder says another seed
    found = read_retrained(run_folder, trials, config)
    one, several = found.rows.to_dict("records")
    assert several["test"] == pytest.approx(0.84) and several["deviation"] == pytest.approx(0.04)
    assert (several["seeds"], several["key"], one["seeds"]) == (3, trials.loc[0, "key"], 1)
    assert found.tested == ["75.00%", "84.00% ± 4.00% (3 seeds)"]
    shorter, wrong = found.left_out
    assert "is of 30 epochs, other seeds are of 60" in shorter and "seed7/summary.json is not what" in wrong
    assert ">84.00% ± 4.00% (3 seeds)</td>" in write_report(run_folder).read_text()


def test_an_unfinished_retraining_is_passed_over(run_folder, trials, config, retrain):
    retrain(0).unlink()
    (run_folder / "retrain" / "notes.txt").write_text("")
    found = read_retrained(run_folder, trials, config)
    assert len(found.rows) == len(found.left_out) == 0
    page = write_report(run_folder).read_text()
    assert "Retrained" not in page and "retrained (test" not in page


@pytest.mark.parametrize(
    "number, changes, said",
    [
        (2, {"key": "00000000003a"}, "is not what a retraining of 00000000002a writes"),
        (2, {"test_top1": None}, "is not what"),
        (2, {"test_top1": float("nan")}, "is not what"),
        (2, {"validation_top1": 91.5}, "is not what"),
        (2, {"epochs": "60"}, "is not what"),
        (2, {"cost": [12345]}, "is not what"),
        (4, {}, "is of no complete trial of this run"),
        (2, {"dataset": "<b>cifar10</b>"}, "is of images of <b>cifar10</b>, not of digits"),
        (2, {"cost": {"params": 12346}}, "is of images of other classes"),
    ],
)
def test_what_cannot_be_compared_is_named_and_left_out(run_folder, trials, config, retrain, number, changes, said):
    retrain(0, test=0.875)
    path = retrain(number, **changes)
    found = read_retrained(run_folder, trials, config)
    assert found.rows["key"].tolist() == ["00000000000a"]
    (line,) = found.left_out
    assert line.startswith(f"{path} {said}")
    page = write_report(run_folder).read_text()
    assert "<b>cifar10</b>" not in page and f"<p>Not shown: {path} {said}" in unescape(page) and "87.50%" in page


@pytest.mark.parametrize("content", [b"", b"[]", b"3", b"{", b"\xff\xfe", None])
def test_a_broken_summary_does_not_stop_the_report(run_folder, retrain, content):
    path = retrain(2)
    path.unlink()
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    page = write_report(run_folder).read_text()
    assert page.count("Not shown:") == 1 and str(path) in page and "retrained (test" not in page


def test_a_folder_of_another_run_is_named(run_folder, retrain):
    path = retrain(0)
    path.parent.rename(path.parent.with_name("0123456789ab"))
    assert "0123456789ab/summary.json is not what a retraining of 0123456789ab writes" in (
        write_report(run_folder).read_text()
    )


def test_tau_by_hand():
    # Of the three pairs the second and third networks, and the first and third, keep their order: (2 - 1) / 3.
    assert "these 3 networks is 0.33 (" in agreement(rows_of([0.8, 0.7, 0.9], [0.91, 0.85, 0.88]))
    assert "is 1.00 (" in agreement(rows_of([0.1, 0.2, 0.3], [0.5, 0.6, 0.7]))
    assert "these 4 networks is -1.00 (" in agreement(rows_of([0.1, 0.2, 0.3, 0.4], [0.8, 0.7, 0.6, 0.5]))
    # One pair ties in the search: 2 / sqrt(2 * 3).
    assert "is 0.82 (" in agreement(rows_of([0.8, 0.7, 0.7], [0.9, 0.8, 0.7]))


@pytest.mark.parametrize("searched, test", [([0.8] * 3, [0.7, 0.8, 0.9]), ([0.7, 0.8, 0.9], [0.8] * 3)])
def test_where_all_tie_there_is_no_tau(searched, test):
    text = agreement(rows_of(searched, test))
    assert "3 networks tie" in text and "nan" not in text


def test_two_networks_are_too_few_for_a_tau():
    assert agreement(rows_of([0.7, 0.8], [0.8, 0.9])) == agreement(rows_of([], [])) == ""


@pytest.fixture
def info(run_folder, trials, config):
    def info():
        rows = read_retrained(run_folder, trials, config).rows
        return pareto_info(trials, config=config, best_key=trials.loc[2, "key"], retrained=rows)

    return info


def test_points_are_at_the_test_accuracy_and_name_both(info, retrain):
    retrain(0, test=0.875)
    retrain(1, test=0.75, epochs=30)
    points = info().retrained
    assert (points.cost, points.accuracy) == ((2000.5, 3000.0), (0.75, 0.875))
    for words in ("87.50%", "80.00% in the search", "3,000 OPs", "60 epochs", "00000000000a"):
        assert words in points.texts[1] and words not in points.texts[0]


def test_figure_draws_one_more_series_where_there_are_any(info, retrain):
    assert (info().retrained.cost, len(pareto_figure(info()).data)) == ((), 4)
    retrain(0)
    (trace,) = [trace for trace in pareto_figure(info()).data if trace.name == "retrained (test images)"]
    points = info().retrained
    assert (trace.x, trace.y, trace.text) == (points.cost, points.accuracy, points.texts) and trace.mode == "markers"


def test_page_shows_the_accuracies_side_by_side(run_folder, retrain):
    for number, validation, test in ((0, 0.93, 0.91), (1, 0.87, 0.85), (2, 0.92, 0.88)):
        retrain(number, validation=validation, test=test)
    page = write_report(run_folder).read_text()
    _, section = page.split("<h2>Retrained</h2>")
    cells = [" ".join(re.sub("<[^>]*>", " ", f"<{row}").split()) for row in section.split("<tr")]
    assert any(row.startswith("00000000001a 70.00% 87.00% 85.00% 2,000 OPs 60 ") for row in cells)
    assert any(row.startswith("00000000002a 90.00% 92.00% 88.00% 4,000 OPs 60 ") for row in cells)
    assert "searched (proxy, validation)" in section and "these 3 networks is 0.33 (" in section
    assert "Not shown" not in page and "retrained (test images)" in page


@pytest.mark.parametrize(
    "setting, words",
    [
        ({}, "accuracies from one short training each"),
        ({"evaluator": "proxy"}, "accuracies from one short training each"),
        ({"evaluator": "supernet"}, "accuracies from one supernet, without a training of each"),
    ],
)
def test_the_evaluator_is_named(tmp_path, trials, config, setting, words):
    config = replace(config, **setting)
    best = Entry.of(trials.loc[2].to_dict(), config)
    front = Front(entries=(best,), reference=config.reference, hypervolume=0.5, noise=None)
    assert f"; {words}; trials: 6 complete" in summary(trials, config=config, front=front)
    nothing = Retrained(rows=pd.DataFrame(columns=COLUMNS), left_out=())
    page = page_of(RunRecord(folder=tmp_path, config=config, trials=trials, front=front, best=best, retrained=nothing))
    assert ">measured</th>" in page and "the noise between seeds was not measured" in page


def test_written_again_the_report_keeps_its_overlay(run_folder, config, retrain):
    write_json(run_folder / "config.json", replace(config, dataset="cifar10", published_as="cifar10").to_dict())
    (run_folder / "SHA256SUMS").unlink()
    retrain(0, dataset="cifar10")
    rewrite_report(run_folder)
    assert "VGG-Small IR-Net" not in (run_folder / "report.html").read_text()
    write_report(run_folder, published=True)
    page = rewrite_report(run_folder).read_text()
    assert "VGG-Small IR-Net" in page and "<h2>Retrained</h2>" in page
