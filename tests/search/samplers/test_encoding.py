"""Rows and features of Optuna's parameters."""

from collections import Counter

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from search.samplers.encoding import Encoding

ENCODING = Encoding.of(
    {
        "block": CategoricalDistribution(("pre", "mid", "post")),
        "k": IntDistribution(2, 6, step=2),
        "rate": FloatDistribution(0, 1),
        "few": CategoricalDistribution((4, 1)),
    }
)


def test_rows_are_positions():
    params = {"k": 6, "few": 4, "block": "mid", "rate": 0.3}
    assert ENCODING.encode(params) == (1, 2, 0)
    assert ENCODING.decode((1, 2, 0)) == {"block": "mid", "k": 6, "few": 4}
    assert type(ENCODING.decode(np.array([1, 2, 0]))["k"]) is int


@pytest.mark.parametrize("other", [{"k": 3}, {"k": "mid"}, {"block": "none"}])
def test_what_the_space_does_not_hold_has_no_row(other):
    params = {"k": 6, "few": 4, "block": "mid"}
    assert ENCODING.encode({**params, **other}) is None
    assert ENCODING.encode({"k": 6, "few": 4}) is None


def test_draws_are_uniform():
    rows = ENCODING.draw(np.random.default_rng(0), 3600)
    counts = Counter(map(tuple, rows.tolist()))
    assert len(counts) == 3 * 3 * 2 and all(140 < count < 260 for count in counts.values())


def test_distances_of_features():
    rows = np.array([[0, 0, 0], [2, 0, 0], [0, 2, 0], [0, 1, 0], [1, 2, 1]])
    features = ENCODING.features(rows)
    assert ((features - features[0]) ** 2).sum(1) == pytest.approx([0, 2, 2 + 0.32, 0.5 + 0.32, 6.32])
    assert features.shape == (5, 3 + (1 + 3) + 2)


def test_a_kind_of_integers_and_words_is_two():
    whole, words = IntDistribution(0, 2), CategoricalDistribution(("avg", "max"))
    encoding = Encoding.of({"layer0.k": whole, "layer1.k": whole, "layer2.k": words, "layer3.k": words})
    features = encoding.features(encoding.draw(np.random.default_rng(0), 5))
    assert features.shape == (5, 2 * (1 + 3) + 2 * 2 + (1 + 3) + 2)
