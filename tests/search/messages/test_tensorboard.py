"""TensorBoard's events of a training, with a stand-in for its writer, and with it where it is installed."""

import sys
from types import ModuleType

import pandas as pd
import pytest

import search.retrain
from search.messages.tensorboard import events_of


class Writer:
    """Keeps what `SummaryWriter` would write."""

    made: list["Writer"] = []

    def __init__(self, folder, purge_step):
        self.folder, self.purge_step, self.scalars = folder, purge_step, {}
        Writer.made.append(self)

    def add_scalar(self, name, value, step):
        self.scalars.setdefault(name, []).append((step, value))

    def flush(self):
        pass

    def close(self):
        self.closed = True


@pytest.fixture
def writers(monkeypatch):
    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    monkeypatch.setattr(Writer, "made", [])
    return Writer.made


def rows(folder, epochs):
    found = [{"epoch": n, "loss": 1 / n, "validation_top1": n / 10, "seconds": 2.0} for n in range(1, epochs + 1)]
    folder.mkdir(exist_ok=True)
    pd.DataFrame(found).to_csv(folder / "metrics.csv", index=False)
    return found


def test_epochs_before_a_resume_are_there_once(writers, tmp_path):
    folder = tmp_path / "key"
    with events_of(folder, tmp_path / "events") as write:
        write(rows(folder, 2)[-1])
        write(rows(folder, 3)[-1])
    (writer,) = writers
    assert (writer.folder, writer.purge_step, writer.closed) == (str(tmp_path / "events" / "key"), 1, True)
    assert writer.scalars["validation/top1"] == [(1, 0.1), (2, 0.2), (3, 0.3)]
    assert writer.scalars["loss"] == [(1, 1.0), (2, 1 / 2), (3, 1 / 3)]
    assert "epoch" not in writer.scalars


def test_nothing_is_written_of_no_epoch_or_without_the_flag(writers, tmp_path):
    with events_of(tmp_path / "key", tmp_path / "events"):
        pass
    with events_of(tmp_path / "key", None) as write:
        write({"epoch": 1})
    assert writers == []


def test_a_training_writes_each_epoch(writers, invoke, tmp_path):
    flags = "--epochs", 2, "--out", tmp_path / "out", "--tensorboard", tmp_path / "events"
    assert invoke(search.retrain, "mobinet-mid-k1", *flags).code == 0
    ((key, metrics),) = [(path.parent.name, pd.read_csv(path)) for path in tmp_path.glob("out/*/metrics.csv")]
    (writer,) = writers
    assert writer.folder == str(tmp_path / "events" / key)
    assert writer.scalars["loss"] == [*zip(metrics["epoch"], metrics["loss"])]


def test_where_it_is_missing_one_line_says_so_before_the_training(invoke, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    ended = invoke(search.retrain, "mobinet-mid-k1", "--out", tmp_path / "out", "--tensorboard", tmp_path / "events")
    assert (ended.code, ended.out) == (2, "") and not (tmp_path / "out").exists()
    assert ended.err == "mobinas: --tensorboard needs the package tensorboard: pip install -e '.[tensorboard]'\n"


def test_tensorboard_reads_it(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    folder = tmp_path / "key"
    for epochs in (2, 3):  # the second process resumes
        with events_of(folder, tmp_path / "events") as write:
            write(rows(folder, epochs)[-1])
    found = accumulator.EventAccumulator(str(tmp_path / "events" / "key")).Reload()
    steps, values = zip(*((event.step, event.value) for event in found.Scalars("loss")))
    assert steps == (1, 2, 3) and values == pytest.approx((1, 1 / 2, 1 / 3))
