"""The spaces: counted, drawn from, varied."""

from collections import Counter
from itertools import product
from math import log2, prod
from random import Random

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import FixedTrial

from space import Architecture, InputError, SearchSpace, load_space
from space.gene import Gene

SMALL_RULES = {
    "block": ["mid", "post"],
    "k": [0, 3],
    "pool": ["avg"],
    "layer0": {"block": ["pre", "mid", "post"], "k": [0, 1, 2, 3]},
}
SMALL_SIZE = (4 + 3 + 3) * 4 * 2 * 4 * 2
ONE_LAYER_RULES = {"block": ["mid"], "k": [0], "pool": ["avg"], "layer0": {"block": ["pre", "mid"], "k": [0, 1, 2, 3]}}
ONE_LAYER_SIZE = 4 + 3
LARGE_CHANNELS = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)


@pytest.fixture(scope="module")
def whole() -> SearchSpace:
    return load_space()


@pytest.fixture(scope="module")
def small(whole) -> SearchSpace:
    return whole.restrict(SMALL_RULES)


@pytest.fixture(scope="module")
def large() -> SearchSpace:
    """K up to 4, which no layer spells in two ways: what two networks differ by can be counted."""
    return load_space("paper.toml", backbone="mobilenet-224")


def closed_form(channels, pooled, poolings=3, largest=16):
    """Distinct networks: `pre` has log2(out) + 1 of them a layer, `mid` and `post` log2(in) + 1 each."""
    factors = []
    for index, (i, o) in enumerate(zip(channels, channels[1:])):
        before, after = (1 + min(largest, int(log2(count))) for count in (i, o))
        blocks = after + before * (1 if i == o else 2)
        factors.append(blocks * (poolings if index in pooled else 1))
    return prod(factors)


def distance(one, other):
    return sum(other.choices[name] != choice for name, choice in one.genes)


def test_size_equals_the_number_of_keys_among_all_spellings(small):
    keys = set()
    spellings = list(product(*(gene.choices for gene in small.genes)))
    for choices in spellings:
        genes = dict(zip((gene.name for gene in small.genes), choices))
        keys.add(Architecture(backbone="mobilenet-8", genes=genes).key)
    assert small.size == len(keys) == SMALL_SIZE < len(spellings)


def test_iteration_yields_each_network_once(small):
    networks = list(small)
    assert len(networks) == len({network.key for network in networks}) == SMALL_SIZE
    assert all(network == network.canonical() and network in small for network in networks)


@pytest.mark.parametrize("width", [0.25, 0.5, 1, 2])
def test_size_of_mobilenet_8(width):
    channels = [int(count * width) for count in (4, 8, 16, 16, 32, 32)]
    assert load_space(width=width).size == closed_form(channels, pooled=(1, 3))


def test_size_of_the_default_space_in_numbers(whole):
    assert whole.size == 10 * (13 * 3) * 10 * (16 * 3) * 12
    assert load_space("paper.toml").size == 10 * (13 * 3) * 10 * (15 * 3) * 10


@pytest.mark.parametrize("backbone", ["mobilenet-32", "mobilenet-224"])
def test_size_of_the_large_backbones(backbone):
    sizes = [load_space(space, backbone=backbone).size for space in ("mobinet", "paper.toml")]
    assert sizes == [closed_form(LARGE_CHANNELS, pooled=(1, 3, 5, 11), largest=largest) for largest in (16, 4)]
    assert sizes[1] == 15 * 45**4 * 10**8


def test_size_where_few_k_divide_the_channels():
    """Channels 3, 6, 12, 12, 24, 24: K is kept where 2^K divides or covers both sides of a layer."""
    expected = (0, 3), (0, 1, 4), (0, 1, 2, 4), (0, 1, 2, 5), (0, 1, 2, 3, 5)
    found = {gene.name: gene.choices for gene in load_space(width=0.75).genes}
    assert tuple(found[f"layer{index}.k"] for index in range(5)) == expected
    blocks_and_k = (3 * 2) * (3 * 3) * (2 * 4) * (3 * 4) * (2 * 5)  # `post` is `mid` where channels stay equal
    assert load_space(width=0.75).size == blocks_and_k * 3 * 3  # two layers halve the image, three ways each


@pytest.mark.parametrize("width", [0.25, 0.5, 0.75, 2])
def test_other_widths_can_be_drawn_from(width):
    space, rng = load_space(width=width), Random(0)
    for _ in range(50):
        network = space.sample(rng)
        assert network.width == width
        assert network in space
        assert space.mutate(network, rng) in space


def test_sample_is_uniform_over_networks(whole):
    space, rng = whole.restrict(ONE_LAYER_RULES), Random(3)
    counts = Counter(space.sample(rng).key for _ in range(700 * ONE_LAYER_SIZE))
    assert space.size == len(counts) == ONE_LAYER_SIZE
    chi_square = sum((count - 700) ** 2 / 700 for count in counts.values())
    assert chi_square < 22.46, "p < 0.001 at 6 degrees of freedom"


def test_sample_repeats_with_its_seed(large):
    draws = [[large.sample(rng).key for _ in range(5)] for rng in (Random(7), Random(7), Random(8))]
    assert draws[0] == draws[1] != draws[2]


@pytest.mark.parametrize("p", [0.0, 0.1, 1.0])
def test_mutate_stays_in_the_space(small, p):
    rng = Random(4)
    for _ in range(100):
        assert small.mutate(small.sample(rng), rng, p=p) in small


def test_mutate_redraws_each_gene_with_probability_p(large):
    free, rounds = 13 + 13 + 4, 600
    for p in (0.0, 0.05, 0.1, 1.0):
        rng = Random(5)
        parents = [large.sample(rng) for _ in range(rounds)]
        distances = [distance(parent, large.mutate(parent, rng, p=p)) for parent in parents]
        assert min(distances) >= 1
        expected = free * p + (1 - p) ** free
        error = (free * p * (1 - p) / rounds) ** 0.5
        assert abs(sum(distances) / rounds - expected) <= 4 * error


def test_mutate_reaches_every_gene_and_choice_alike(large):
    rng, parent = Random(6), Architecture.uniform("mobilenet-224", block="mid", k=2, pool="avg")
    children = [large.mutate(parent, rng, p=0.0) for _ in range(3000)]
    genes = Counter(name for child in children for name, choice in child.genes if parent.choices[name] != choice)
    assert len(genes) == 30
    assert sum((count - 100) ** 2 / 100 for count in genes.values()) < 58.3, "p < 0.001 at 29 degrees of freedom"
    ks = Counter(child.choices["layer0.k"] for child in children)
    assert all(abs(ks[k] - 25) < 20 for k in (0, 1, 3, 4))


def test_mutate_changes_the_network(whole):
    parent = Architecture.uniform("mobilenet-8", block="mid", k=2, pool="avg")
    assert all(whole.mutate(parent, Random(seed)) != parent for seed in range(500))


def test_mutate_in_a_space_of_one_network(whole):
    space = whole.restrict({"block": "mid", "k": 0, "pool": "avg"})
    (only,) = space
    assert space.mutate(only, Random(0)) == only


def test_a_family_without_genes_spans_one_network():
    space = load_space("mobilenet-v1", backbone="mobilenet-8")
    (only,) = space
    assert space.size == 1
    assert only in space
    assert space.spell(only) == {}


def test_what_can_be_tied_is_listed_in_the_order_of_the_genes():
    """Of six kinds, a set has one order in 720."""
    genes = tuple(Gene(name=f"layer0.{kind}", choices=(1,), legal=(1,), alone=True) for kind in "zxvywu")
    space = SearchSpace(family="mobinet", backbone="mobilenet-8", width=1.0, genes=genes)
    with pytest.raises(InputError, match="block cannot be tied; tie one of z, x, v, y, w, u$"):
        space.restrict({"tie": ["block"]})


def test_mutate_refuses_a_network_from_elsewhere(small):
    with pytest.raises(InputError):
        small.mutate(Architecture.uniform("mobilenet-8", activation="relu"), Random(0))


def test_crossover_takes_each_gene_from_a_parent(large):
    rng, from_one, differing = Random(9), 0, 0
    for _ in range(200):
        one, other = large.sample(rng), large.sample(rng)
        child = large.crossover(one, other, rng)
        for name, choice in child.genes:
            assert choice in (one.choices[name], other.choices[name])
            if one.choices[name] != other.choices[name]:
                differing += 1
                from_one += choice == one.choices[name]
    assert abs(from_one / differing - 0.5) < 4 * 0.5 / differing**0.5


def test_crossover_of_a_network_with_itself(small):
    rng = Random(10)
    for _ in range(30):
        network = small.sample(rng)
        assert small.crossover(network, network, rng) == network


def test_crossover_stays_in_the_space(small):
    rng = Random(11)
    for _ in range(100):
        assert small.crossover(small.sample(rng), small.sample(rng), rng) in small


def test_spell_uses_the_choices_of_the_space(whole):
    space = whole.restrict({"k": [3, 4], "block": ["mid", "post"]})
    allowed = {gene.name: gene.choices for gene in space.genes}
    for network in (space.sample(Random(seed)) for seed in range(50)):
        spelling = space.spell(network)
        assert spelling.keys() == allowed.keys()
        assert all(choice in allowed[name] for name, choice in spelling.items())
        assert space.architecture(spelling) == network


def test_spell_knows_other_spellings(whole):
    space = whole.restrict({"k": [4], "block": ["mid"], "pool": ["avg"]})
    mid = Architecture.uniform("mobilenet-8", block="mid", k=4, pool="avg").choices
    network = Architecture(backbone="mobilenet-8", genes=mid | {"layer0.k": 2, "layer2.block": "post", "layer4.k": 4})
    assert network in space
    assert {name: space.spell(network)[name] for name in mid} == mid | {"layer0.k": 3}


@pytest.mark.parametrize(
    "network",
    [
        Architecture.uniform("mobilenet-8", block="none"),
        Architecture.uniform("mobilenet-8", activation="relu"),
        Architecture.uniform("mobilenet-8", width=0.5),
        Architecture.uniform("mobilenet-32"),
        Architecture.uniform("mobilenet-8", binarizer="react"),
    ],
)
def test_default_space_does_not_hold(whole, network):
    assert network not in whole
    with pytest.raises(InputError):
        whole.spell(network)


@pytest.mark.parametrize("rules", [{}, SMALL_RULES, ONE_LAYER_RULES, {"k": [0, 2, 4]}])
def test_suggest_inverts_spell(whole, rules):
    space = whole.restrict(rules)
    for network in (space.sample(Random(seed)) for seed in range(20)):
        assert space.suggest(FixedTrial(space.spell(network))) == network


@pytest.mark.parametrize("sampler", [optuna.samplers.RandomSampler(seed=0), optuna.samplers.TPESampler(seed=0)])
def test_suggest_in_a_study(whole, sampler):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study, found = optuna.create_study(sampler=sampler), []

    def objective(trial):
        found.append(whole.suggest(trial))
        assert found[-1] == whole.architecture(trial.params)
        return sum(choice for choice in found[-1].choices.values() if isinstance(choice, int))

    study.optimize(objective, n_trials=25)
    assert all(network in whole for network in found)
    assert len({network.key for network in found}) > 15
    assert study.best_trial.params.keys() == {gene.name for gene in whole.genes if len(gene.choices) > 1}


def test_suggest_gives_optuna_the_natural_distributions(whole):
    trial = FixedTrial(whole.spell(Architecture.uniform("mobilenet-8")))
    whole.suggest(trial)
    assert trial.distributions["layer0.k"] == IntDistribution(0, 3)
    assert trial.distributions["layer1.k"] == IntDistribution(0, 4)
    assert trial.distributions["layer0.block"] == CategoricalDistribution(("pre", "mid", "post"))
    assert trial.distributions["layer2.block"] == CategoricalDistribution(("pre", "mid"))
    assert trial.distributions["layer1.pool"] == CategoricalDistribution(("avg", "max", "min"))
    assert "layer0.pool" not in trial.distributions


def test_baselines_are_the_fifteen_networks_of_the_paper(whole):
    expected = {
        Architecture.uniform("mobilenet-8", block=block, k=k, pool="avg").key
        for block in ("pre", "mid", "post")
        for k in range(5)
    }
    found = whole.baselines()
    assert len(found) == len(expected) == 15
    assert {network.key for network in found} == expected
    assert all(network in whole and network == network.canonical() for network in found)


@pytest.mark.parametrize(
    "width, count",
    [(0.25, 3 * 4), (0.5, 3 * 5), (0.75, 3 * 1), (2, 3 * 5)],
    ids=["K=3 is dense", "all differ", "only K=0 divides", "wide"],
)
def test_baselines_at_other_widths(width, count):
    assert len(load_space(width=width).baselines()) == count


@pytest.mark.parametrize(
    "rules, count",
    [
        ({"block": ["mid"]}, 5),
        ({"k": [0, 1]}, 6),
        ({"block": ["pre"], "k": [4]}, 1),
        ({"pool": ["max"]}, 0),
        ({"layer3": {"k": [2]}}, 3),
    ],
)
def test_baselines_of_smaller_spaces(whole, rules, count):
    space = whole.restrict(rules)
    assert len(space.baselines()) == count
    assert all(network in space for network in space.baselines())


def test_input_shape(whole, large):
    assert (whole.input_shape, large.input_shape) == ((1, 8, 8), (3, 224, 224))


def test_a_choice_that_is_not_there_is_answered_with_the_tables_that_are(whole):
    with pytest.raises(InputError, match="stage7.depth.*tables are stem, layer0 to layer4, stage0 to stage1$"):
        whole.restrict({"stage7": {"depth": [1]}})
