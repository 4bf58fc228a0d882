"""The line of an epoch: rewritten on a terminal, plain elsewhere."""

import io

import pytest

from search.messages.epoch_line import EpochLine


class Terminal(io.StringIO):
    def isatty(self):
        return True


def row(epoch: int, seconds: float) -> dict[str, float]:
    return {"epoch": epoch, "loss": 0.5, "validation_top1": 0.875, "validation_macro_f1": 0.75, "seconds": seconds}


def shown(stream: io.StringIO, rows, epochs=10, metric="accuracy") -> str:
    with EpochLine(epochs=epochs, metric=metric, stream=stream) as line:
        for each in rows:
            line.show(each)
    return stream.getvalue()


def test_plain_lines_without_a_terminal():
    text = shown(io.StringIO(), [row(9, 2.0), row(10, 2.0)])
    assert text.splitlines() == [
        "epoch    9/10  loss 0.5000  validation top-1 87.50%  2.0 s  2 s left",
        "epoch   10/10  loss 0.5000  validation top-1 87.50%  2.0 s",
    ]


def test_the_time_left_passes_over_a_slow_first_epoch():
    """80 s of compiling, then 3 s each: after the third, 97 epochs of 3 s are left."""
    text = shown(io.StringIO(), [row(1, 80.0), row(2, 3.0), row(3, 3.0)], epochs=100)
    assert text.splitlines()[-1].endswith("  5 min left")


def test_another_measure_is_named():
    assert "macro F1 75.00%, top-1 87.50%" in shown(io.StringIO(), [row(1, 2.0)], metric="macro-f1")


def test_one_line_on_a_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    text = shown(Terminal(), [row(1, 2.0), row(2, 2.0)])
    *lines, end = text.split("\r")
    assert text.count("\n") == 1 and end.endswith("\x1b[K\n")
    assert all(len(line.removesuffix("\x1b[K\n").removesuffix("\x1b[K")) <= 39 for line in (*lines, end))


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_nothing_of_a_training_that_has_ended(stream):
    assert shown(stream(), []) == ""
