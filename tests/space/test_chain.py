"""Genes that change what others mean, by brute force: each network counted, drawn and spelled once."""

from collections import Counter
from itertools import product
from random import Random

import pytest

from space import Architecture, load_space

FEW = {"block": ["mid"], "k": [0], "pool": ["avg"]}
SPACES = {
    "depth": {**FEW, "depth": [0, 1], "k": [0, 2]},
    "growth": {**FEW, "growth": [1, 2], "block": ["mid", "post"]},
    "growth and K": {**FEW, "growth": [1, 2], "layer1": {"k": [0, 4]}, "layer4": {"k": [3, 4, 5], "block": "pre"}},
    "width": {**FEW, "width": [50, 100], "layer0": {"k": [0, 1, 2, 3]}},
    "kernel": {**FEW, "kernel": [3, 5]},
    "copies, and width": {**FEW, "copies": [1, 2, 4], "width": [25, 50, 100], "layer0": {"k": [0, 1]}},
    "resolution": {**FEW, "resolution": [100, 50], "depth": [0, 1]},
    "all": {**FEW, "width": [100, 200], "kernel": [3, 5], "stage0": {"depth": [0, 1]}, "layer2": {"growth": [1, 2]},
            "layer0": {"kernel": 3}, "layer3": {"kernel": 5, "growth": [1, 2], "block": ["post", "mid"]}},
    "no first choice": {**FEW, "block": ["none", "mid"], "depth": [0, 1], "layer1": {"block": "mid"},
                        "layer2": {"k": [1, 2]}},
    "tied, and depth": {**FEW, "depth": [0, 1], "k": [0, 1], "binarizer": ["ste", "react"], "tie": ["binarizer"]},
    "binarizers, and depth": {**FEW, "stage1": {"depth": [0, 1]}, "binarizer": ["ste", "react"]},
}  # fmt: skip


@pytest.fixture(params=SPACES.values(), ids=SPACES.keys())
def space(request):
    return load_space().restrict(request.param)


def spellings(space):
    for choices in product(*(gene.choices for gene in space.genes)):
        yield dict(zip((gene.name for gene in space.genes), choices))


def test_size_is_the_number_of_keys_of_all_spellings(space):
    keys = {Architecture.of("mobinet", "mobilenet-8", 1.0, choices).key for choices in spellings(space)}
    listed = list(space)
    assert space.size == len(listed) == len(keys)
    assert {network.key for network in listed} == keys


def test_every_spelling_is_a_network_of_the_space(space):
    rng = Random(0)
    every = list(spellings(space))
    for choices in rng.sample(every, min(200, len(every))):
        network = Architecture.of("mobinet", "mobilenet-8", 1.0, choices)
        again = space.spell(network)
        assert again.keys() == choices.keys()
        assert all(again[gene.name] in gene.choices for gene in space.genes)
        assert space.architecture(choices) == space.architecture(again) == network.canonical()


def test_samples_are_uniform(space):
    rng, each = Random(1), 20
    counts = Counter(space.sample(rng).key for _ in range(each * space.size))
    assert len(counts) == space.size
    chi_square, freedom = sum((count - each) ** 2 / each for count in counts.values()), space.size - 1
    assert chi_square < freedom + 4 * (2 * freedom) ** 0.5 + 6


def test_children_stay_in_the_space(space):
    rng = Random(2)
    for _ in range(30):
        one, other = space.sample(rng), space.sample(rng)
        mutant = space.mutate(one, rng)
        assert mutant in space and mutant != one
        assert space.crossover(one, other, rng) in space
