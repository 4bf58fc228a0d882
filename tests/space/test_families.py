"""Every family, from its names to built networks; MeliusNet as a space that is searched."""

import json
import sys
from collections import Counter
from random import Random

import pandas as pd
import pytest
import torch
from optuna.trial import FixedTrial
from torch import nn

import search.retrain
import search.run
from mobinet import build, cost
from mobinet.conv import BinaryConv2d
from mobinet.export.packed import read_packed
from results.files import read_json
from space import Architecture, InputError, load_space, named_network
from space.binarizers import BINARIZERS
from space.families import meliusnet, resnet
from space.family import family_names, find_family, genes_of

SHAPES = {(3, 224, 224), (3, 32, 32), (1, 8, 8)}
NAMED = [(family, name) for family in family_names() for name in find_family(family).named()]
CHEAP = [
    ("meliusnet-22", "meliusnet-8", 0.25),
    ("meliusnet-c", "meliusnet-8", 0.5),
    ("binarydensenet-28", "meliusnet-8", 0.25),
    ("group-conv-k0", "mobilenet-8", None),
    ("group-conv-k4", "mobilenet-8", 0.25),
    ("group-conv-k6", "mobilenet-8", None),
    ("mobilenet-v1-0.5", "mobilenet-8", None),
    ("mobinet-pre-k2", "mobilenet-8", None),
    ("bireal-18", "resnet-32", 0.25),
    ("resnet-18-trained", "resnet-32", 0.25),
    ("resnete-34", "resnet-32", 0.25),
    ("vgg-small-react", "vgg-8", 0.25),
    ("vgg-small-trained", "vgg-32", 0.125),
]

TOML = """
family = "meliusnet"
blocks = [1]
width = 96
groups = [1, 2]
improvement = ["on", "off"]
[stage1]
blocks = [1, 2]
"""
"""Two choices of improvement, of three groups and of the blocks of a stage: 32 networks."""


@pytest.fixture
def melius():
    return load_space("meliusnet", input_shape=(1, 8, 8), width=0.25)


def toml(tmp_path, text, **options):
    path = tmp_path / "space.toml"
    path.write_text(text)
    return load_space(str(path), **options)


def counted_by_hooks(network, num_classes):
    """Float and binary MACs and parameters, from the shapes that pass through on the meta device."""
    found = Counter()

    def count(layer, _, y):
        kind = "bops" if isinstance(layer, BinaryConv2d) else "flops"
        found[kind] += y[0].numel() // layer.weight.shape[0] * layer.weight.numel()

    with torch.device("meta"):
        net = build(network, num_classes).eval()
        for layer in net.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear, BinaryConv2d)):
                layer.register_forward_hook(count)
        assert net(torch.empty(2, *network.input_shape)).shape == (2, num_classes)
    return found["flops"], found["bops"], sum(value.numel() for value in net.parameters())


@pytest.mark.parametrize("family, name", NAMED)
def test_named_networks_on_the_first_backbone(family, name):
    first, shape = next(iter(find_family(family).backbones.items()))
    network = named_network(name, input_shape=shape)
    assert (network.family, network.backbone, network.input_shape) == (family, first, shape) and shape in SHAPES
    assert network == network.canonical() == Architecture.from_json(network.to_json())
    assert network.key == Architecture.from_json(json.dumps(json.loads(network.to_json()))).key
    assert network.describe().strip() == network.describe() != ""


def test_names_are_used_once_and_mean_different_networks():
    names = [name for _, name in NAMED]
    assert len(names) == len(set(names))
    keys = Counter(named_network(name, input_shape=shape_of(family)).key for family, name in NAMED)
    assert sorted(keys.values())[-2:] == [1, 2], "vgg-small is vgg-small-xnor"


def shape_of(family):
    return next(iter(find_family(family).backbones.values()))


def test_typed_choices_are_those_of_the_papers():
    melius = meliusnet.network_of(named_network("meliusnet-c", input_shape=(3, 224, 224)).choices)
    stages = [(stage.blocks, stage.width, stage.groups, stage.binarizer) for stage in melius.stages]
    assert stages == [(3, 128, 4, "melius"), (5, 192, 4, "melius"), (10, 288, 4, "melius"), (6, None, 1, "melius")]
    assert (melius.stem, melius.improvement) == ("grouped", True)
    residual = resnet.network_of(named_network("resnete-34", input_shape=(3, 224, 224)).choices)
    assert [(stage.convs, stage.binarizer) for stage in residual.stages] == [(n, "melius") for n in (6, 8, 12, 6)]
    assert (residual.stem, residual.shortcut) == ("7x7", "float")


@pytest.mark.parametrize("name, backbone, width", CHEAP)
def test_cheap_named_networks_build_and_count(name, backbone, width):
    network = named_network(name, input_shape=(1, 8, 8), backbone=backbone, width=width)
    found = cost(network, 7)
    assert (found.flops, found.bops, found.params) == counted_by_hooks(network, 7)


@pytest.mark.parametrize("family", family_names())
def test_any_network_of_a_family_builds_and_counts(family):
    """Any legal choices, binarizers among them, on its smallest backbone."""
    rng = Random(family)
    backbone = list(find_family(family).backbones)[-1]
    width = {"resnet": 0.25, "meliusnet": 0.5, "nas-bnn": 0.125, "vgg-small": 0.125}.get(family, 1)
    for _ in range(1 if family == "alexnet" else 3):
        genes = {
            name: rng.choice(gene.legal[:4] if gene.kind in ("blocks", "convs") else gene.legal)
            for name, gene in genes_of(family, backbone, width).items()
        }
        network = Architecture(family=family, backbone=backbone, width=width, genes=genes)
        assert Architecture.from_json(network.to_json()) == network
        flops, bops, params = counted_by_hooks(network, 6)
        if family != "alexnet":
            assert (cost(network, 6).flops, cost(network, 6).bops, cost(network, 6).params) == (flops, bops, params)


@pytest.mark.parametrize("family", family_names())
def test_every_family_takes_every_binarizer(family):
    backbone = list(find_family(family).backbones)[-1]
    binary = "binarizer" in {gene.kind for gene in genes_of(family, backbone, 1).values()}
    assert binary == (family != "mobilenet-v1")
    for name in BINARIZERS if binary else ():
        network = Architecture.uniform(backbone, family=family, binarizer=name)
        assert network.choice_of("binarizer") == name
        with torch.device("meta"):
            used = {type(layer.binarizer) for layer in build(network, 3).modules() if isinstance(layer, BinaryConv2d)}
        assert [kind.__name__.lower() for kind in used] == [name.replace("melius", "meliusste")]


@pytest.mark.parametrize("change", ["binarizer", "blocks", "groups", "improvement", "stem", "width"])
def test_each_gene_of_meliusnet_changes_the_network(change):
    other = {"binarizer": "ste", "blocks": 3, "groups": 2, "improvement": "off", "stem": "7x7", "width": 128}[change]
    usual = Architecture.uniform("meliusnet-224", family="meliusnet")
    changed = Architecture.of("meliusnet", "meliusnet-224", 1, {change: other})
    assert changed.key != usual.key and changed.describe() != usual.describe()
    assert (counted_by_hooks(changed, 10) == counted_by_hooks(usual, 10)) == (change == "binarizer")


def test_size_of_meliusnet_in_closed_form(melius):
    blocks, widths, groups, improvement = 7, 8, 3, 2
    assert melius.size == improvement * blocks**4 * (widths * groups) ** 3 == 66_382_848
    assert load_space("meliusnet", input_shape=(3, 224, 224)).size == melius.size
    stems = load_space("meliusnet", input_shape=(3, 224, 224)).restrict({"stem": ["grouped", "7x7"]})
    assert stems.size == 2 * melius.size


def test_baselines_of_meliusnet(melius):
    """Those of 2 to 8 blocks and 96 to 320 channels, on any backbone; each stem its own on the large one."""
    inside = ("meliusnet-22", "meliusnet-29", "meliusnet-a", "meliusnet-b", "binarydensenet-28")
    expected = {named_network(name, input_shape=(1, 8, 8), width=0.25).key for name in inside}
    assert {network.key for network in melius.baselines()} == expected and len(expected) == 5
    large = load_space("meliusnet", input_shape=(3, 224, 224))
    assert len(large.baselines()) == 5
    assert len(large.restrict({"stem": ["grouped", "7x7"]}).baselines()) == 10
    assert len(melius.restrict({"improvement": "off"}).baselines()) == 1


def test_meliusnet_is_sampled_mutated_and_crossed(melius):
    rng = Random(1)
    parents = [melius.sample(rng) for _ in range(200)]
    assert len({network.key for network in parents}) == 200
    for name, gene in ((gene.name, gene) for gene in melius.genes):
        assert {network.choices[name] for network in parents} == set(gene.choices), name
    for one, other in zip(parents[::2], parents[1::2]):
        mutant, child = melius.mutate(one, rng), melius.crossover(one, other, rng)
        assert one in melius and mutant in melius and child in melius and mutant != one
        assert all(choice in (one.choices[name], other.choices[name]) for name, choice in child.genes)
        assert melius.architecture(melius.spell(mutant)) == mutant
    few = melius.mutate(parents[0], rng, p=0.0)
    assert sum(few.choices[name] != choice for name, choice in parents[0].genes) == 1


def test_meliusnet_is_suggested_to_optuna(melius):
    network = melius.sample(Random(2))
    assert melius.suggest(FixedTrial(melius.spell(network))) == network


def test_a_file_restricts_meliusnet(tmp_path):
    space = toml(tmp_path, TOML, input_shape=(1, 8, 8), width=0.25)
    assert (space.family, space.backbone, space.width, space.size) == ("meliusnet", "meliusnet-8", 0.25, 32)
    networks = list(space)
    assert len({network.key for network in networks}) == 32 and space.baselines() == ()
    for network in networks:
        assert network.choice_of("width") == 96 and network.choices["stage0.blocks"] == 1
    with pytest.raises(InputError, match="stem"):
        toml(tmp_path, 'family = "meliusnet"\nstem = ["7x7"]', input_shape=(1, 8, 8))
    with pytest.raises(InputError, match="groups"):
        toml(tmp_path, 'family = "meliusnet"\ngroups = [3]', input_shape=(1, 8, 8))
    with pytest.raises(InputError, match="multiple of 0.25"):
        toml(tmp_path, TOML, input_shape=(1, 8, 8), width=0.3)


@pytest.mark.parametrize("family, layers", [("meliusnet", 4), ("vgg-small", 5), ("resnet", 4)])
def test_binarizers_for_each_layer_or_tied(family, layers):
    few = ["ste", "trained", "react"]
    shape = {"resnet": (3, 32, 32)}.get(family, (1, 8, 8))
    space = load_space(family, input_shape=shape)
    free, tied = space.restrict({"binarizer": few}), space.restrict({"binarizer": few, "tie": "binarizer"})
    assert (free.size, tied.size) == (space.size * 3**layers, space.size * 3)
    rng, seen = Random(3), Counter()
    for _ in range(60):
        one, other = tied.sample(rng), tied.sample(rng)
        for network in (one, tied.mutate(one, rng, p=0.5), tied.crossover(one, other, rng)):
            choices = {choice for name, choice in network.genes if name.endswith("binarizer")}
            assert len(choices) == 1 and network in tied and network in free
            assert tied.suggest(FixedTrial(tied.spell(network))) == network
            seen.update(choices)
    assert set(seen) == set(few)
    mixed = free.sample(rng)
    while mixed.choice_of("binarizer"):
        mixed = free.sample(rng)
    assert mixed not in tied


def test_a_tie_keeps_what_all_layers_may_take():
    space = load_space("vgg-small", input_shape=(1, 8, 8))
    rules = {"binarizer": ["xnor", "ste", "react"], "conv3": {"binarizer": ["react", "trained", "ste"]}}
    assert {network.choice_of("binarizer") for network in space.restrict({**rules, "tie": ["binarizer"]})} == {
        "ste",
        "react",
    }
    with pytest.raises(InputError, match="no choices left"):
        space.restrict({"conv3": {"binarizer": "react"}, "tie": "binarizer"})


def test_meliusnet_is_searched_and_retrained(tmp_path, monkeypatch, capsys):
    (tmp_path / "space.toml").write_text(TOML)
    flags = ("--space=space.toml", "--width=0.25", "--trials=3", "--epochs=1", "--workers=0", "--out=run")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["search.run", *flags])
    search.run.main()
    run = tmp_path / "run"
    trials = pd.read_csv(run / "trials.csv", dtype=str, keep_default_na=False)
    assert trials["state"].tolist() == ["complete"] * 3 and trials["key"].is_unique
    space = load_space(str(tmp_path / "space.toml"), input_shape=(1, 8, 8), width=0.25)
    networks = {network.key: network for network in space}
    for row in trials.to_dict("records"):
        network = networks[row["key"]]
        assert {name: str(choice) for name, choice in network.genes} == {name: row[name] for name in network.choices}
        assert (float(row["ops"]), int(row["bops"])) == (cost(network, 10).ops, cost(network, 10).bops)
    page = (run / "report.html").read_text()
    assert "meliusnet on digits" in page and all(key in page for key in trials["key"])
    assert all(networks[key].describe().split()[0].replace(">", "&gt;") in page for key in trials["key"])

    monkeypatch.setattr(sys, "argv", ["search.retrain", "run/best.json", "--epochs", "1"])
    search.retrain.main()
    best = read_json(run / "best.json")
    folder = run / "retrain" / best["key"]
    summary = read_json(folder / "summary.json")
    assert best["key"] in set(trials["key"])
    assert (summary["key"], summary["cost"], summary["epochs"]) == (best["key"], best["cost"], 1)
    net, header = read_packed(folder / "model.safetensors")
    assert Architecture.from_json(header["architecture"]) == networks[best["key"]]
    assert net(torch.zeros(1, 1, 8, 8)).shape == (1, 10)
    assert f"{summary['test_top1']:.2%}" in capsys.readouterr().out
