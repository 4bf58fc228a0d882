"""The front sampler: what it learns from, what it proposes, and how soon it finds a front."""

from functools import cache
from random import Random

import numpy as np
import optuna
import pytest
from fake_evaluators import Instant
from fakes import open_study, price
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.testing.pytest_samplers import BasicSamplerTestCase, MultiObjectiveSamplerTestCase
from optuna.trial import TrialState, create_trial

from mobinet import cost
from results.pareto import hypervolume
from search.backends.local import InProcess
from search.loop import run_search
from search.samplers.encoding import Encoding
from search.samplers.fresh import FreshSampler
from search.samplers.front import AT_LIMIT, STARTUP, FrontSampler
from search.samplers.history import History
from space import load_space
from space.bounds import extreme

GENES = {f"g{number}": IntDistribution(0, 4) for number in range(6)}
GENES |= {f"c{number}": CategoricalDistribution(("a", "b", "c")) for number in range(4)}
MOST_EXPENSIVE = 1000.0 + 6 * 4 * 10 + 4 * 2


def ops(params):
    """Integers are dear, categories hardly cost anything."""
    return 1000.0 + sum(10 * v if isinstance(v, int) else "abc".index(v) for n, v in params.items() if n in GENES)


def accuracy(params):
    """All integers help alike, less and less; of the categories, "b" is best."""
    return 0.3 + sum(0.05 * v**0.5 if isinstance(v, int) else 0.03 * (v == "b") for v in params.values())


def ended(params, values=None, state=TrialState.COMPLETE):
    values = values or (accuracy(params), ops(params)) if state == TrialState.COMPLETE else None
    distributions = {name: GENES.get(name, FloatDistribution(0, 1)) for name in params}
    return create_trial(params=params, distributions=distributions, values=values, state=state)


def drawn(count, seed=0):
    rng = Random(seed)
    return [
        {n: rng.randrange(5) if isinstance(d, IntDistribution) else rng.choice("abc") for n, d in GENES.items()}
        for _ in range(count)
    ]


def study_of(trials):
    study = optuna.create_study(directions=["maximize", "minimize"])
    study.add_trials(trials)
    return study


def proposals(study, count, seed=0, limit=MOST_EXPENSIVE, **options):
    """The first `count` proposals for one trial."""
    sampler = FrontSampler(seed, cost=ops, limit=limit, **options)
    trial = study._storage.get_trial(study._storage.create_new_trial(study._study_id))
    found = [sampler.sample_relative(study, trial, GENES) for _ in range(count)]
    study._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
    return found


def is_random(found):
    return len(found) > 30 and np.mean([params["g0"] for params in found]) == pytest.approx(2, abs=0.5)


def test_proposals_are_random_until_enough_trials_count():
    others = [ended({**dict.fromkeys(list(GENES)[:6], 4)}) for _ in range(20)]
    failed = [ended(params, state=TrialState.FAIL) for params in drawn(20)]
    endless = [ended(params, (float("inf"), 1.0)) for params in drawn(20, seed=1)]
    study = study_of([*others, *failed, *endless, *map(ended, drawn(STARTUP - 1, seed=2))])
    assert is_random(proposals(study, 100))
    study.add_trial(ended({name: 4 if name < "g" else 0 for name in GENES} | dict.fromkeys(list(GENES)[6:], "b")))
    assert not is_random(proposals(study, 100))


def gain(study, found):
    """By how much these parameters together truly raise the best accuracy, over all budgets: even in log cost,
    with `AT_LIMIT` of that range at the largest."""
    known = [trial.values for trial in study.get_trials(states=(TrialState.COMPLETE,))]
    more = [*known, *((accuracy(params), ops(params)) for params in found)]
    cheapest = min(cost for _, cost in known)
    budgets = [*np.geomspace(cheapest, MOST_EXPENSIVE, 400), *[MOST_EXPENSIVE] * round(400 * AT_LIMIT)]
    after, before = (
        sum(max((reached for reached, cost in points if cost <= budget), default=0.3) for budget in budgets)
        for points in (more, known)
    )
    return after - before


def test_the_best_is_proposed_first_and_then_the_next():
    study = study_of(map(ended, drawn(60)))
    found = proposals(study, 200)
    assert len({tuple(params.items()) for params in found}) == 200
    gains = np.array([gain(study, [params]) for params in found])
    assert gains[0] > 0 and gains[:10].mean() > 2 * gains[-100:].mean()
    assert gains[:10].mean() > 20 * np.mean([gain(study, [params]) for params in drawn(200, seed=7)])


def test_a_shared_history_holds_what_one_of_its_own_does():
    study, shared, rng = study_of(map(ended, drawn(5))), History(), Random(0)
    encoding, running = Encoding.of(GENES), []
    for _ in range(40):
        if running and rng.random() < 0.5:
            trial = running.pop(rng.randrange(len(running)))
            study.tell(trial, (rng.random(), rng.choice([1.0, float("inf")])))
        else:
            running.append(study.ask(GENES))
        asked_for = max(trial.number for trial in study.trials)
        kept, new = (history.read(study, encoding, exclude=asked_for) for history in (shared, History()))
        assert sorted(kept.under_way) == sorted(new.under_way) and kept.tried == new.tried
        for name in ("rows", "features", "values"):
            assert sorted(getattr(kept, name).tolist()) == sorted(getattr(new, name).tolist())
    assert len(kept.rows) > 10 and kept.under_way


def test_networks_trained_side_by_side_are_worth_more_than_the_best_of_one_ranking():
    ranked, side_by_side = [], []
    for seed in range(5):
        study = study_of(map(ended, drawn(40, seed)))
        ranked.append(gain(study, proposals(study, 8)))
        found = []
        for _ in range(8):
            found += proposals(study, 1)
            study.add_trial(ended(found[-1], state=TrialState.RUNNING))
        assert len({tuple(params.items()) for params in found}) == 8
        side_by_side.append(gain(study, found))
    assert sum(side_by_side) > 1.3 * sum(ranked)


def test_nothing_is_proposed_twice():
    genes = {"x": IntDistribution(0, 6), "y": IntDistribution(0, 6)}
    study = optuna.create_study(directions=["maximize", "minimize"])
    study.sampler = FrontSampler(0, cost=lambda params: params["x"] + params["y"])
    for number in range(20):
        study.enqueue_trial({"x": number % 7, "y": number // 7})
    seen = set()
    for number in range(49):
        trial = study.ask(genes)
        x, y = trial.params["x"], trial.params["y"]
        seen.add((x, y))
        if number % 5 == 4:
            study.tell(trial, state=TrialState.FAIL)
        elif number % 5 < 3:  # one in five stays under way
            study.tell(trial, (x**0.5, x + y))
    assert len(seen) == 49


@pytest.mark.parametrize("limit", [1080.0, 1030.0, 0.0])
def test_nothing_above_the_limit_is_proposed(limit):
    found = proposals(study_of(map(ended, drawn(30))), 50, limit=limit)
    assert max(map(ops, found[:20])) <= limit or limit == 0  # within 0 there is none: random ones


@pytest.mark.parametrize("count", [5, 40, 250])
def test_proposals_are_repeatable(count):
    one, again, other = (proposals(study_of(map(ended, drawn(count))), 5, seed=seed) for seed in (3, 3, 4))
    assert one == again != other


@pytest.mark.parametrize(
    "directions",
    [["maximize"], ["minimize", "minimize"], ["minimize", "maximize"], ["maximize", "minimize", "minimize"]],
)
def test_other_objectives_are_refused(directions):
    study = optuna.create_study(directions=directions, sampler=FrontSampler(0, cost=ops))
    with pytest.raises(ValueError, match="an accuracy to maximize, a cost to minimize"):
        study.ask().suggest_int("x", 0, 9)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_any_parameters_go(n_jobs):
    def objective(trial):
        trial.suggest_float("rate", 1e-4, 1, log=True)
        block = trial.suggest_categorical("block", [None, "pre", 3, True])
        trial.suggest_int("one", 2, 2)
        if block == "pre":
            trial.suggest_int("only", 1, 3)
        steps = trial.suggest_int("steps", 1, 9, step=2) + trial.suggest_int("log", 1, 40, log=True)
        return steps**0.5, steps

    sampler = FrontSampler(0, cost=lambda params: params["steps"] + params["log"])
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    study.optimize(objective, n_trials=30, n_jobs=n_jobs)
    assert all(trial.state == TrialState.COMPLETE for trial in study.trials)


def test_proposals_of_a_study_are_new_and_within_the_budget(tmp_path):
    space = load_space().restrict({"block": ["pre", "mid"], "k": [0, 1], "pool": ["avg", "max"]})
    budget = sorted(price(network).ops for network in space)[space.size // 4]
    study = open_study(tmp_path, space, sampler="front", limit=budget)
    run_search(study, InProcess(Instant()), trials=45, on_trial=lambda *_: None)
    table = study.table()
    assert table["key"].nunique() == len(table) == 45
    assert table["ops"].max() <= budget


SPACE = load_space(backbone="mobilenet-32")


@cache
def real_ops(network):
    return cost(network, 10).ops


@cache
def most_expensive_ops():
    return real_ops(extreme(SPACE, real_ops, most_expensive=True))


def synthetic(name, seed, trials):
    """The hypervolume, of true accuracies, that a search of nearly additive noisy ones finds on the way to `trials`."""
    rng, seen, points = np.random.default_rng(seed), set(), []
    free = [gene for gene in SPACE.genes if len(gene.choices) > 1]
    worth = {}
    for gene in free:
        found = rng.normal(0, 0.008, len(gene.choices))
        if gene.kind == "k":
            found = rng.uniform(0, 0.04) * (np.array(gene.choices) / 4) ** 0.7 + found / 4
        worth |= {(gene.name, choice): value for choice, value in zip(gene.choices, found)}
    pairs = [(one.name, other.name) for one, other in zip(free, free[1:])]
    odd = {pair: rng.normal(0, 0.002) for pair in pairs}

    def truth(network):
        together = sum(odd[a, b] for a, b in pairs if network.choices[a] == network.choices[b])
        return 0.5 + together + sum(worth.get(gene, 0) for gene in network.genes)

    sampler = FreshSampler(name, SPACE, price=real_ops, limit=None, seed=seed, first=SPACE.baselines(), seen=seen)
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    for _ in range(trials):
        trial = study.ask()
        network = SPACE.suggest(trial)
        assert network.key not in seen
        seen.add(network.key)
        points.append((truth(network), real_ops(network)))
        study.tell(trial, (points[-1][0] + rng.normal(0, 0.006), points[-1][1]))
    return hypervolume(*np.array(points).T, reference=(0.1, most_expensive_ops()))


def test_the_front_is_found_in_a_fifth_of_the_trials():
    seeds = range(3)
    soon = np.median([synthetic("front", seed, 40) for seed in seeds])
    assert soon > np.median([synthetic("nsga2", seed, 200) for seed in seeds]) + 0.01


class TestContract(MultiObjectiveSamplerTestCase):
    """What Optuna asks of a sampler, as far as it asks it of two objectives, or of independent parameters."""

    test_float = BasicSamplerTestCase.test_float
    test_int = BasicSamplerTestCase.test_int
    test_categorical = BasicSamplerTestCase.test_categorical
    test_conditional_sample_independent = BasicSamplerTestCase.test_conditional_sample_independent

    @pytest.fixture
    def sampler(self):
        return lambda: FrontSampler(cost=ops)


def test_at_a_constant_cost_the_most_accurate_come_first():
    study = study_of(ended(params, (accuracy(params), 5.0)) for params in drawn(40))
    sampler = FrontSampler(0, cost=lambda params: 5.0, limit=5.0)
    found = [sampler.sample_relative(study, study.ask(), GENES) for _ in range(5)]
    assert min(map(accuracy, found)) > max(map(accuracy, drawn(40)))
