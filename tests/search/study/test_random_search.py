"""Random search in place of the sampler: against random searches that are made."""

from random import Random

import numpy as np
import pytest
from fakes import open_study, price

from results.pareto import hypervolume
from results.run_config import Reference
from search.study import random_search
from search.task import Evaluation, Failure
from space import load_space
from space.objective import Objective

SPACE = load_space().restrict({"block": ["pre", "mid"], "pool": ["avg"]})
CORNER = Reference(accuracy=0.0, cost=1900.0)


PRODUCT = Objective(
    name="params", unit="", title="", of=lambda network, _: (1 + network.choices["layer0.k"]) * accuracy_of(network)
)
"""Not a sum of shares of layers."""


def accuracy_of(network) -> float:
    """Linear in the K of two layers."""
    return 0.3 + 0.05 * network.choices["layer3.k"] + 0.03 * network.choices["layer4.k"]


def searched(folder, trials=80, **settings):
    """A study of that many trials, of which one failed."""
    study = open_study(folder, SPACE, **settings)
    for number in range(trials):
        accuracy = accuracy_of(study.ask().architecture)
        outcome = Evaluation(accuracy=accuracy, epochs=1, seconds=2.0) if number != 18 else Failure(reason="broken")
        study.tell(number, outcome)
    return study


def progress_of(study):
    return study.random_search.progress(study.records(), study.table(smoothed=True), objective="ops", reference=CORNER)


def test_it_grows_as_random_searches_do(tmp_path):
    study = searched(tmp_path)
    found, table = progress_of(study), study.table()
    assert found is not None
    assert found.trials[0] == len(SPACE.baselines()) and found.trials[-1] == 79
    assert found.seconds == [2.0 * count for count in found.trials]
    corner, rng, draws = (CORNER.accuracy, CORNER.cost), Random(1), found.trials[-1] - found.trials[0]
    first = table[table["source"] == "baseline"]
    assert found.hypervolume[0] == pytest.approx(hypervolume(first["accuracy"], first["ops"], reference=corner), 0.02)
    ends = []
    for _ in range(50):
        networks = [*SPACE.baselines(), *(SPACE.sample(rng) for _ in range(draws))]
        costs = [price(network).ops for network in networks]
        ends.append(hypervolume([*map(accuracy_of, networks)], costs, reference=corner))
    assert found.hypervolume[-1] == pytest.approx(np.mean(ends), abs=3 * np.std(ends))
    assert found.hypervolume[0] < found.hypervolume[-1] and np.all(np.diff(found.hypervolume) >= 0)
    assert progress_of(study) == found


def test_no_network_is_above_the_limit(tmp_path):
    """Nearly all networks are, so hardly any is drawn."""
    cheapest = min(price(network).ops for network in SPACE.baselines())
    study = searched(tmp_path, 25, limit=cheapest + 60)
    assert progress_of(study) is None
    assert len(study.random_search._drawn[0]) < random_search.LEAST


@pytest.mark.parametrize("trials", [12, 20])
def test_few_trials_have_none(tmp_path, trials):
    assert progress_of(searched(tmp_path, trials)) is None


def test_a_space_whose_costs_do_not_add_up_has_none(tmp_path):
    study = searched(tmp_path, objective=PRODUCT)
    assert progress_of(study) is None and not study._sampler.prices.all_add_up
