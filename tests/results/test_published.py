"""What papers report, and its overlay on the Pareto plot."""

import json
import sys

import pytest

from results import report
from results.plot import pareto_figure
from results.points import pareto_info
from results.published import read_published
from results.report import write_report
from space.command import run_command

FIGURES = ("params", "params_m", "binary_params", "flops_m", "bops_g", "ops_m", "megabytes", "top1", "top5")

CIFAR10 = {
    "vgg-small-trained": (13.06, 92.3),
    "vgg-small-xnor": (13.06, 89.8),
    "vgg-small-ste": (13.06, 89.9),
    "VGG-Small DoReFa": (13.06, 90.2),
    "VGG-Small IR-Net": (13.06, 90.4),
    "VGG-Small RBNN": (13.06, 91.3),
    "VGG-Small SLB": (13.06, 92.0),
    "VGG-Small ReCU": (13.06, 92.2),
    "VGG-Small CI-BCNN": (13.06, 92.5),
    "VGG-Small float": (607.60, 94.1),
}
"""Millions of OPs and top-1 on CIFAR-10."""

IMAGENET = {
    "mobinet-mid-k3": (48.62, 53.47),
    "mobinet-mid-k4": (52, 54.40),
    "bireal-18": (163, 56.4),
    "CI-BCNN": (154, 59.9),
    "meliusnet-22": (208.13, 63.6),
    "meliusnet-c": (150.23, 64.1),
    "Real-to-Binary": (183, 65.4),
    "NAS-BNN": (57, 68.20),
    "ReActNet-A": (87, 69.4),
    "ReActNet-C": (214, 71.4),
    "BNext-T": (77, 72.4),
    "BNext-L": (819, 80.6),
}


@pytest.fixture
def of():
    return lambda dataset: read_published().query("dataset == @dataset")


@pytest.fixture
def info(trials, config):
    return lambda published: (
        pareto_info(trials, config=config, best_key=trials.loc[2, "key"], published=published).published
    )


def test_one_row_a_network_and_every_figure_a_number():
    found = read_published()
    assert not found.duplicated(["dataset", "name"]).any()
    assert set(found["dataset"]) == {"cifar10", "imagenet"}
    assert found["source"].str.strip().ne("").all() and found["name"].str.strip().ne("").all()
    assert set(found["convention"]) <= {"", "with classifier", "without classifier"}
    for column in FIGURES:
        for text in found[column]:
            assert text == "" or float(text) > 0, (column, text)
    assert found["top1"].replace("", "1").astype(float).between(1, 100).all()
    both = found[(found["top1"] != "") & (found["top5"] != "")]
    assert (both["top1"].astype(float) < both["top5"].astype(float)).all() and len(both) > 30


def test_binary_and_float_macs_make_the_operations():
    """To the digits that are printed: half a unit of the last one of each."""
    rows = read_published()
    rows = rows[(rows["flops_m"] != "") & (rows["bops_g"] != "") & (rows["ops_m"] != "")]
    assert len(rows) == 9
    for row in rows.itertuples():
        ops = float(row.flops_m) + float(row.bops_g) * 1000 / 64
        assert ops == pytest.approx(float(row.ops_m), abs=0.005 + 0.005 + 5 / 64)


def test_points_measured_on_cifar10(info, of):
    points = info(of("cifar10"))
    assert len(points.cost) == len(points.accuracy) == len(points.texts) == len(CIFAR10)
    for ops, accuracy, text in zip(points.cost, points.accuracy, points.texts):
        (name,) = [name for name in CIFAR10 if f"<br>{name}<br>" in text]
        assert (ops, accuracy) == pytest.approx((CIFAR10[name][0] * 1e6, CIFAR10[name][1] / 100))


def test_points_measured_on_imagenet(info, of):
    points = info(of("imagenet"))
    for name, (ops, top1) in IMAGENET.items():
        (index,) = [index for index, text in enumerate(points.texts) if f"<br>{name}<br>" in text]
        assert (points.cost[index], points.accuracy[index]) == pytest.approx((ops * 1e6, top1 / 100))
    shown = " ".join(points.texts)
    assert "binarydensenet-45" not in shown and "alexnet" not in shown and "VGG-Small" not in shown


def test_rows_that_lack_operations_or_accuracy_are_left_out(info, of):
    few = of("cifar10").iloc[:4].assign(ops_m=["", "10", "20", "5"], top1=["90", "", "80", "70"])
    assert sorted(info(few).cost) == [5e6, 20e6]
    assert info(few.iloc[:2]).cost == info(few.iloc[:0]).cost == ()


def test_points_come_by_rising_ops(info, of):
    points = info(of("imagenet"))
    assert list(points.cost) == sorted(points.cost)


def test_no_overlay_unless_asked_for(trials, config):
    plain = pareto_info(trials, config=config, best_key=trials.loc[2, "key"])
    assert (plain.published.cost, plain.published.accuracy, plain.published.texts) == ((), (), ())
    assert len(pareto_figure(plain).data) == 4


def test_figure_draws_the_overlay(trials, config, of):
    info = pareto_info(trials, config=config, best_key=trials.loc[2, "key"], published=of("cifar10"))
    (trace,) = [trace for trace in pareto_figure(info).data if trace.name.startswith("published")]
    assert (tuple(trace.x), tuple(trace.y)) == (info.published.cost, info.published.accuracy) and len(trace.x) == 10


def test_report_shows_them_on_request(run_folder, monkeypatch, capsys):
    plain = write_report(run_folder).read_text()
    assert "VGG-Small IR-Net" not in plain and "published (test images)" not in plain
    config = json.loads((run_folder / "config.json").read_text())
    (run_folder / "config.json").write_text(json.dumps({**config, "dataset": "cifar10", "published_as": "cifar10"}))
    (run_folder / "SHA256SUMS").unlink()
    monkeypatch.setattr(sys, "argv", ["results.report", str(run_folder), "--published"])
    run_command(report.main)
    shown = (run_folder / "report.html").read_text()
    assert "VGG-Small IR-Net" in shown and "published (test images)" in shown and "meliusnet-22" not in shown


def test_a_data_set_nobody_published_on_is_refused(run_folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["results.report", str(run_folder), "--published"])
    with pytest.raises(SystemExit) as end:
        run_command(report.main)
    assert end.value.code == 2
    assert "no published results on digits; there are some on cifar10, imagenet" in capsys.readouterr().err
