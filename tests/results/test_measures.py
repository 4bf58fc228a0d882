"""Measures of a classifier, against values by hand, a slow loop, and scikit-learn."""

import warnings

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from results.measures import MEASURES, Counts, accuracy, balanced_accuracy, macro_f1


def counts_of(labels, predicted, classes: int) -> Counts:
    labels, predicted = np.array(labels), np.array(predicted)
    by_class = [np.bincount(each, minlength=classes) for each in (labels, predicted, labels[labels == predicted])]
    return Counts(labels=by_class[0], predicted=by_class[1], right=by_class[2], top5=len(labels))


def slow_macro_f1(labels, predicted) -> float:
    """Precision and recall of each class that has an image, one image after the other."""
    scores = []
    for wanted in sorted(set(labels)):
        hits = sum(label == guess == wanted for label, guess in zip(labels, predicted))
        guesses, there = sum(guess == wanted for guess in predicted), sum(label == wanted for label in labels)
        precision, recall = hits / guesses if guesses else 0.0, hits / there
        scores.append(2 * precision * recall / (precision + recall) if hits else 0.0)
    return sum(scores) / len(scores)


def test_by_hand():
    # eight images of class 0, two of class 1; one of each is taken for the other
    counts = counts_of([0] * 8 + [1] * 2, [0] * 7 + [1, 1, 0], 2)
    assert accuracy(counts) == pytest.approx(8 / 10)
    assert balanced_accuracy(counts) == pytest.approx((7 / 8 + 1 / 2) / 2)
    assert macro_f1(counts) == pytest.approx((7 / 8 + 1 / 2) / 2)  # precision is recall here
    # all are taken for class 0: its precision is 8/10, the other has no right one
    counts = counts_of([0] * 8 + [1] * 2, [0] * 10, 2)
    assert accuracy(counts) == pytest.approx(0.8) and balanced_accuracy(counts) == pytest.approx(0.5)
    assert macro_f1(counts) == pytest.approx((2 * 0.8 / 1.8 + 0) / 2)


@pytest.mark.parametrize("seed", range(8))
def test_against_a_slow_loop_and_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    classes = int(rng.integers(2, 9))
    there = rng.permutation(classes)[: rng.integers(1, classes + 1)]  # the others have no image, but some are guessed
    labels = rng.choice(there, int(rng.integers(1, 40)))
    predicted = np.where(rng.random(len(labels)) < 0.5, labels, rng.integers(0, classes, len(labels)))
    counts = counts_of(labels, predicted, classes)
    assert accuracy(counts) == pytest.approx((labels == predicted).mean())
    assert macro_f1(counts) == pytest.approx(slow_macro_f1(labels.tolist(), predicted.tolist()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes that are guessed but not there
        assert balanced_accuracy(counts) == pytest.approx(balanced_accuracy_score(labels, predicted))
        assert macro_f1(counts) == pytest.approx(
            f1_score(labels, predicted, labels=np.unique(labels), average="macro", zero_division=0)
        )


def test_all_are_one_for_a_perfect_network_and_alike_for_equal_classes():
    perfect = counts_of([0, 1, 2, 2], [0, 1, 2, 2], 4)
    assert [measure.of(perfect) for measure in MEASURES.values()] == [1, 1, 1]
    equal = counts_of([0, 0, 1, 1], [0, 1, 1, 1], 2)
    assert accuracy(equal) == balanced_accuracy(equal) == 0.75


@pytest.mark.parametrize("classes, names", [(5, set()), (6, {"top5"})])
def test_top_5_is_noted_where_there_are_more_classes(classes, names):
    scores = counts_of([0, 1], [0, 0], classes).scores()
    assert scores.keys() == {"accuracy", "balanced_accuracy", "macro_f1", *names}
    assert scores["accuracy"] == 0.5
