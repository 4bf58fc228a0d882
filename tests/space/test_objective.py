"""Costs as people read them."""

import pytest

from space.objective import OBJECTIVES


@pytest.mark.parametrize(
    "value, text",
    [(850, "850"), (1500, "1.5k"), (171_648, "172k"), (999_600, "1M"), (48.62e6, "48.6M"), (2e9, "2G"), (0.25, "0.25")],
)
def test_a_tick_has_three_digits_at_most(value, text):
    assert OBJECTIVES["ops"].tick(value) == text


def test_a_tick_of_seconds_has_its_unit():
    assert OBJECTIVES["latency"].tick(0.0015) == "1.5 ms"
