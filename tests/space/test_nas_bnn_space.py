"""The space of NAS-BNN: its size, and what spellings of a network are the same."""

from math import comb
from random import Random

import pytest

from mobinet.supernet import require_supernet
from space import Architecture, InputError, load_space
from space.families.nas_bnn import stages_of, stem_channels_of

DEPTHS = ((2, 3), (2, 3), (2, 3), (8, 9), (2, 3))


@pytest.fixture
def space():
    return load_space("nas-bnn", input_shape=(1, 8, 8), width=0.125)


def smallest():
    """All first choices, but the most groups."""
    genes = load_space("nas-bnn", input_shape=(1, 8, 8), width=0.125).genes
    choices = {gene.name: gene.choices[-1 if gene.kind == "groups" else 0] for gene in genes}
    return Architecture.of("nas-bnn", "nas-bnn-8-grey", 0.125, choices)


def changed(network, **choices):
    genes = {**network.choices, **{name.replace("_", "-", 1).replace("_", "."): c for name, c in choices.items()}}
    return Architecture.of(network.family, network.backbone, network.width, genes)


def test_size_in_closed_form(space):
    """Sequences of 3 widths that never decrease, over d blocks: d + 2 choose 2; two kernels and two groups a block."""
    expected = 3
    for depths, ways in zip(DEPTHS, (1, 4, 4, 4, 4), strict=True):
        expected *= sum(comb(depth + 2, 2) * ways**depth for depth in depths)
    assert space.size == expected == 332_353_674_695_147_520


def test_every_sequence_of_widths_that_never_decreases_is_drawn(space):
    rng, seen = Random(1), set()
    for _ in range(400):
        network = space.sample(rng)
        channels = [stem_channels_of(network.effective)]
        for stage, depths in zip(stages_of(network.effective), DEPTHS, strict=True):
            assert len(stage.blocks) in depths and stage.binarizer == "react"
            channels += [block.channels for block in stage.blocks]
        assert channels == sorted(channels)
        seen.add(tuple(block.channels for block in stages_of(network.effective)[1].blocks))
        assert space.architecture(space.spell(network)) == network
        mutant = space.mutate(network, rng)
        assert mutant != network and mutant in space
    assert len(seen) == comb(4, 2) + comb(5, 2)


def test_spellings_of_one_network(space):
    network = changed(smallest(), stage1_block0_channels=128)
    assert network.canonical().choices["stage1-block1.channels"] == 128, "at least as many as before"
    assert changed(network, stage1_block1_channels=128).key == network.key
    assert changed(network, stage1_block1_channels=192).key != network.key
    absent = changed(network, stage1_block2_channels=192, stage1_block2_kernel=5)
    assert absent.key == network.key, "the stage has two blocks"
    assert changed(network, **{"stage1.blocks": 3}).key != network.key


def test_described():
    network, third = smallest(), "-".join(["384g8"] * 8)
    assert network.describe() == f"24 48-48 96g2-96g2 192g4-192g4 {third} 768g16-768g16"
    assert changed(network, stage1_block1_kernel=5).describe().split()[2] == "96g2-96k5g2"
    assert "melius*1" in changed(network, **{"stage0.binarizer": "melius"}).describe()


def test_what_it_does_not_take(space):
    with pytest.raises(InputError, match="multiple of 0.125"):
        load_space("nas-bnn", input_shape=(1, 8, 8), width=0.1)
    with pytest.raises(InputError, match="no supernet of nas-bnn; use one of"):
        require_supernet(space)


def test_a_file_restricts_it(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text('family = "nas-bnn"\nkernel = [3]\n[stage3]\nblocks = [8]\n[stage4-block0]\nchannels = [768]\n')
    restricted = load_space(str(path), input_shape=(1, 8, 8))
    expected = 3 * 16 * (6 * 2**2 + 10 * 2**3) ** 2 * 45 * 2**8 * ((3 * 2**2) + (6 * 2**3))
    assert restricted.size == expected
