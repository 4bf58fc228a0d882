"""The texts that flags take."""

import argparse

import pytest

from search.flags import duration, natural_int, positive_float, positive_int, seed_int
from search.several_flags import seeds


@pytest.mark.parametrize(
    "text, seconds", [("45s", 45), ("90m", 5400), ("2h", 7200), ("1h30m", 5400), ("0.5h", 1800), ("1m1s", 61)]
)
def test_a_duration(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "read, texts, kind",
    [
        (duration, ("", "0s", "2", "h", "2d", "-1h", "1e3s", "m1h"), "a time such as 45s, 90m, 2h or 1h30m"),
        (natural_int, ("-1", "x", "1.5", ""), "a whole number from 0 on"),
        (positive_int, ("0", "-3", "1e3", "9" * 400), "a whole number above 0, at most 1000000000"),
        (seeds, ("0", "x", "1001"), "a whole number from 1 to 1000"),
        (positive_float, ("0", "nan", "inf", "-1", "abc"), "a number above 0"),
        (seed_int, ("1.5", str(2**50)), f"a whole number from -{2**49} to {2**49}"),
    ],
)
def test_what_does_not_fit_is_said(read, texts, kind):
    for text in texts:
        with pytest.raises(argparse.ArgumentTypeError) as error:
            read(text)
        assert str(error.value) == f"{text!r} is not {kind}"
