"""The front by a cost beside the front by OPs."""

import pandas as pd

from results.measures import ACCURACY
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
    fronts = two_fronts(TRIALS, OBJECTIVES["bytes"], ACCURACY)
    assert (fronts.by_ops, fronts.by_cost, fronts.both) == (3, 2, 1)
    assert fronts.rows[["key", "instead", "factor"]].values.tolist() == [["b", "d", 2.0], ["c", "d", 3.0]]
    assert "costs 2.50 times (median), at most 3.00 times, the bytes" in fronts.text(OBJECTIVES["bytes"])


def test_the_same_front():
    fronts = two_fronts(TRIALS.assign(bytes=TRIALS["ops"]), OBJECTIVES["bytes"], ACCURACY)
    assert fronts.rows.empty and fronts.both == 3


def fronts_of(**columns):
    count = len(columns["accuracy"])
    trials = {"number": range(count), "state": "complete", "key": list("abcde")[:count], **columns}
    return two_fronts(pd.DataFrame(trials), OBJECTIVES["bytes"], ACCURACY)


def test_equal_networks_are_on_both_fronts():
    """a and b tie in accuracy and bytes: by OPs b is ahead, by bytes neither is."""
    fronts = fronts_of(accuracy=[0.5, 0.5], ops=[2.0, 1.0], bytes=[10.0, 10.0])
    assert (fronts.by_ops, fronts.by_cost, fronts.both) == (1, 1, 1) and fronts.rows.empty


def test_of_networks_equal_by_ops_the_cheaper_one_is_taken():
    """a and b tie in accuracy and OPs; whoever chooses by OPs may take b, the one of fewer bytes."""
    fronts = fronts_of(accuracy=[0.5, 0.5], ops=[1.0, 1.0], bytes=[20.0, 10.0])
    assert fronts.both == 1 and fronts.rows.empty


def test_of_networks_of_equal_cost_the_most_accurate_is_named():
    """a is beaten by b and c, which both take 10 bytes; c is the more accurate one."""
    fronts = fronts_of(accuracy=[0.5, 0.6, 0.7], ops=[1.0, 3.0, 4.0], bytes=[20.0, 10.0, 10.0])
    assert fronts.rows[["key", "instead", "factor"]].values.tolist() == [["a", "c", 2.0], ["b", "c", 1.0]]


def test_a_network_that_is_less_accurate_at_the_same_cost_is_beaten():
    fronts = fronts_of(accuracy=[0.6, 0.7], ops=[1.0, 2.0], bytes=[10.0, 10.0])
    assert (fronts.by_ops, fronts.by_cost, fronts.both) == (2, 1, 1)
    assert fronts.rows[["key", "instead", "factor"]].values.tolist() == [["a", "b", 1.0]]
