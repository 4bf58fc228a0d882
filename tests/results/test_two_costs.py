"""The front by a cost beside the front by OPs."""

import pandas as pd

from results.two_costs import two_fronts
from space.objective import OBJECTIVES

TRIALS = pd.DataFrame(
    {
        "number": range(5),
        "state": ["complete"] * 4 + ["failed"],
        "key": list("abcde"),
        "accuracy": [0.5, 0.6, 0.7, 0.7, None],
        "expected": [None] * 5,
        "ops": [1.0, 2.0, 3.0, 4.0, 0.5],
        "bytes": [10.0, 40.0, 60.0, 20.0, 1.0],
    }
)


def test_what_a_choice_by_ops_costs():
    """By OPs a, b, c are on the front; by bytes a and d, which is as accurate as c and more than b, for 20 bytes."""
    fronts = two_fronts(TRIALS, OBJECTIVES["bytes"])
    assert (fronts.by_ops, fronts.by_cost, fronts.both) == (3, 2, 1)
    assert fronts.rows[["key", "instead", "factor"]].values.tolist() == [["b", "d", 2.0], ["c", "d", 3.0]]
    assert "costs 2.50 times (median), at most 3.00 times, the bytes" in fronts.text(OBJECTIVES["bytes"])


def test_the_same_front():
    fronts = two_fronts(TRIALS.assign(bytes=TRIALS["ops"]), OBJECTIVES["bytes"])
    assert fronts.rows.empty and fronts.both == 3
