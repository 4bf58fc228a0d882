"""Evolution: which trials become parents, and what children they have."""

from collections import Counter
from functools import partial
from random import Random

import numpy as np
import optuna
import pytest
from fake_evaluators import Instant
from fakes import open_study, price
from optuna.distributions import IntDistribution
from optuna.testing.pytest_samplers import BasicSamplerTestCase, MultiObjectiveSamplerTestCase, RelativeSamplerTestCase
from optuna.trial import TrialState, create_trial

from results.pareto import hypervolume
from search.backends.local import InProcess
from search.loop import run_search
from search.samplers.evolution import EvolutionSampler, by_bin, by_front
from search.samplers.fresh import FreshSampler
from space import load_space

GENES = {f"g{number}": IntDistribution(0, 999) for number in range(100)}


def ended(value, values, genes=GENES, state=TrialState.COMPLETE):
    """A trial whose genes all are `value`."""
    return create_trial(params=dict.fromkeys(genes, value), distributions=genes, values=values, state=state)


def study_of(values, directions=("maximize", "minimize"), genes=GENES):
    """Trial i has i for all its genes."""
    study = optuna.create_study(directions=directions)
    study.add_trials([ended(number, found, genes) for number, found in enumerate(values)])
    return study


def proposals(study, count, seed=0, genes=GENES, **parents):
    sampler = EvolutionSampler(seed, **parents)
    trial = study._storage.get_trial(study._storage.create_new_trial(study._study_id))
    return [sampler.sample_relative(study, trial, genes) for _ in range(count)]


def ranks(points):
    """The front each point is on, from 0: the longest chain of points each of which beats the next."""

    def beats(p, q):
        return p[0] >= q[0] and p[1] <= q[1] and p != q

    ranks = {}
    for p in sorted(set(points), key=lambda p: (p[1], -p[0])):
        ranks[p] = 1 + max((rank for q, rank in ranks.items() if beats(q, p)), default=-1)
    return np.array([ranks[p] for p in points])


@pytest.mark.parametrize(
    "least, parents", [(1, [0, 2, 5]), (3, [0, 2, 5]), (4, [0, 1, 2, 5, 6]), (6, [0, 1, 2, 3, 4, 5, 6]), (9, range(7))]
)
def test_parents_are_whole_fronts(least, parents):
    accuracy = np.array([0.5, 0.4, 0.7, 0.3, 0.6, 0.7, 0.6])
    cost = np.array([10.0, 10.0, 20.0, 11.0, 40.0, 20.0, 30.0])
    assert sorted(by_front(accuracy, cost, least=least)) == list(parents)


@pytest.mark.parametrize("seed", range(20))
def test_fronts_are_chains_of_dominance(seed):
    rng = Random(seed)
    points = [(rng.randrange(20) / 20, float(rng.randrange(1, 20))) for _ in range(80)]
    rank = ranks(points)
    last = next(r for r in range(80) if (rank <= r).sum() >= 10)
    assert sorted(by_front(*np.array(points).T)) == np.flatnonzero(rank <= last).tolist()


def test_parents_by_bin_are_the_most_accurate_of_each_octave():
    cost = np.array([1, 1.5, 3, 3.5, 3.2, 70, 100, 120, 700, 1024])
    accuracy = np.array([0.3, 0.2, 0.1, 0.4, 0.4, 0.9, 0.1, 0.8, 0.5, 0.6])
    assert sorted(by_bin(accuracy, cost)) == [0, 4, 5, 9]


def test_bins_of_one_cost_are_one():
    assert by_bin(np.array([0.1, 0.3, 0.2]), np.full(3, 7.0)).tolist() == [1]


def test_bins_need_costs_above_0():
    for cost in ([0.0, 1.0], [-1.0, 1.0], [1.0, 0.0]):
        with pytest.raises(ValueError, match="above 0"):
            by_bin(np.array([0.1, 0.2]), np.array(cost))


def test_half_the_children_are_of_two_parents_half_are_mutants():
    values = [(0.9 - abs(number - 30) / 100, 1 + abs(number - 20)) for number in range(60)]
    parents = {number for number, rank in enumerate(ranks(values)) if rank == 0}
    assert parents == set(range(20, 31))
    crossed, mutants = [], []
    for child in proposals(study_of(values), 600):
        counts = Counter(child.values())
        (mutants if max(counts.values()) > 75 else crossed).append(counts)
    assert 240 < len(crossed) < 360
    assert all(len(counts) == 2 and counts.keys() <= parents for counts in crossed)
    assert {value for counts in crossed for value in counts} == parents
    assert np.mean([max(counts.values()) for counts in crossed]) == pytest.approx(50 + 0.8 * 100**0.5 / 2, abs=1)
    origins = [counts.most_common(1)[0] for counts in mutants]
    assert {value for value, _ in origins} == parents
    redrawn = [100 - kept for _, kept in origins]
    assert min(redrawn) > 0 and np.mean(redrawn) == pytest.approx(10, abs=0.8)


def test_a_mutant_differs_where_few_genes_can():
    genes = {"a": IntDistribution(0, 1), "b": IntDistribution(0, 1), "c": IntDistribution(0, 0)}
    study = optuna.create_study(directions=["maximize", "minimize"])
    study.add_trials([ended(0, (0.5, 3.0), genes) for _ in range(50)])
    children = proposals(study, 400, genes={"a": genes["a"], "b": genes["b"]}, parents=by_bin)
    found = Counter((child["a"], child["b"]) for child in children)
    assert found.keys() == {(0, 1), (1, 0), (1, 1)}  # one parent only, so mutants all
    assert found[1, 1] / 400 == pytest.approx(0.1**2, abs=0.02)


def test_proposals_are_random_until_50_trials_count():
    study = study_of([])
    others = {**GENES, "other": IntDistribution(0, 999)}
    few = dict(list(GENES.items())[:50])
    study.add_trials([ended(7, (0.5, 3.0), others) for _ in range(49)])
    study.add_trials([ended(8, (0.9, 1.0), few), ended(8, (float("inf"), 1.0)), ended(8, None, state=TrialState.FAIL)])
    values = [value for child in proposals(study, 100) for value in child.values()]
    assert np.mean(values) == pytest.approx(499.5, abs=15)
    study.add_trial(ended(7, (0.5, 3.0)))
    assert all(Counter(child.values())[7] > 75 for child in proposals(study, 20))


def test_proposals_are_repeatable():
    values = [(0.9 - number % 7 / 10, 1.0 + number % 11) for number in range(80)]
    for count in (40, 80):
        one, again = (proposals(study_of(values[:count]), 5, seed=3) for _ in range(2))
        assert one == again != proposals(study_of(values[:count]), 5, seed=4)


@pytest.mark.parametrize("parents", [by_front, by_bin])
def test_directions_say_which_values_are_good(parents):
    values = [(0.9 - number % 7 / 10, 1.0 + number % 11) for number in range(80)]
    turned = [(-accuracy, -cost) for accuracy, cost in values]
    expected = proposals(study_of(values), 20, parents=parents)
    assert proposals(study_of(turned, ("minimize", "maximize")), 20, parents=parents) == expected


def test_one_objective_has_the_best_as_parents():
    study = study_of([(abs(number - 30.2),) for number in range(60)], directions=["minimize"])
    kept = [Counter(child.values()).most_common(1)[0][0] for child in proposals(study, 300)]
    assert set(kept) == set(range(26, 36))


def test_three_objectives_are_refused():
    study = optuna.create_study(directions=["maximize"] * 3, sampler=EvolutionSampler(0))
    with pytest.raises(ValueError, match="not 3"):
        study.ask().suggest_int("x", 0, 9)


def synthetic(name, seed, trials=300):
    """The (n, 2) accuracies and OPs of a search where each choice of each gene has a price and a worth of its own."""
    space, seen, points = load_space(), set(), []
    rng = Random(seed)
    worth = {(gene.name, choice): rng.random() / len(space.genes) for gene in space.genes for choice in gene.legal}

    def ops(network):
        return price(network).ops

    sampler = FreshSampler(name, space, price=ops, limit=None, seed=seed, first=(), seen=seen)
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    for _ in range(trials):
        trial = study.ask()
        network = space.suggest(trial)
        assert network.key not in seen
        seen.add(network.key)
        points.append((sum(worth[gene] for gene in network.genes), price(network).ops))
        study.tell(trial, points[-1])
    return np.array(points)


def test_evolution_finds_a_better_front_than_chance():
    found = {
        name: [hypervolume(*synthetic(name, seed).T, reference=(0.0, 1545.0)) for seed in range(3)]
        for name in ("random", "evolution", "evolution-bins")
    }
    assert all(front > 1.1 * chance for front, chance in zip(found["evolution"], found["random"]))
    assert sum(found["evolution-bins"]) > sum(found["random"])


@pytest.mark.parametrize("sampler", ["evolution", "evolution-bins"])
def test_children_are_new_and_within_the_budget(tmp_path, sampler):
    space = load_space().restrict({"block": ["pre", "mid"], "k": [0, 1], "pool": ["avg", "max"]})
    budget = sorted(price(network).ops for network in space)[space.size // 4]
    study = open_study(tmp_path, space, sampler=sampler, limit=budget)
    run_search(study, InProcess(Instant()), trials=100, on_trial=lambda *_: None)
    table = study.table()
    assert table["key"].nunique() == len(table) == 100
    assert table["ops"].max() <= budget


class TestContract(BasicSamplerTestCase, RelativeSamplerTestCase, MultiObjectiveSamplerTestCase):
    """What Optuna asks of a sampler, with a population that ends at once."""

    @pytest.fixture
    def sampler(self):
        return partial(EvolutionSampler, population=1)
