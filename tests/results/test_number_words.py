"""Numbers and sentences as people read them."""

import pytest

from results.words import duration, folded, short, si, tick
from space.objective import OBJECTIVES


@pytest.mark.parametrize(
    "value, text",
    [
        (0, "     0  "),
        (999, "   999  "),
        (3512.5, "  3.51 k"),
        (52.07e6, " 52.07 M"),
        (1e9, "  1.00 G"),
        (1.234, "  1.23  "),
        (0.0153, " 15.30 m"),
        (15.2e-6, " 15.20 µ"),
        (8e-7, "800.00 n"),
    ],
)
def test_unit_prefixes(value, text):
    assert si(value) == text


def test_a_number_with_its_unit():
    assert (short(3512.5, "OPs"), short(268.88, "OPs"), short(999, "B")) == ("3.51 kOPs", "268.88 OPs", "999 B")


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0.123, "0.1 s"),
        (9.4, "9 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (89 * 60, "89 min"),
        (90 * 60, "1 h 30 min"),
        (36_000, "10 h"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    "name, value, text",
    [
        ("ops", 850, "850"),
        ("ops", 1500, "1.5k"),
        ("ops", 171_648, "172k"),
        ("ops", 999_600, "1M"),
        ("ops", 48.62e6, "48.6M"),
        ("bytes", 2e9, "2G"),
        ("latency", 0.0015, "1.5 ms"),
    ],
)
def test_a_tick_has_three_digits_at_most(name, value, text):
    assert tick(value, OBJECTIVES[name]) == text


def test_a_sentence_is_folded_between_words():
    lines = folded("hand-designed " * 9 + "/runs" * 30).splitlines()
    assert [len(line) for line in lines] == [97, 27, 150] and {*" ".join(lines[:2]).split()} == {"hand-designed"}
