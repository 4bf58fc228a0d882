"""One network: its JSON, its canonical form, its key."""

import json
from dataclasses import FrozenInstanceError
from itertools import product
from random import Random

import pytest

from space import Architecture, InputError
from space.family import genes_of

CHANNELS = {
    "mobilenet-8": (4, 8, 16, 16, 32, 32),
    "mobilenet-32": (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024),
}


def tiny(**choices):
    return Architecture.uniform("mobilenet-8", **choices)


def changed(base, genes):
    return Architecture(backbone=base.backbone, width=base.width, genes=base.choices | genes)


def any_spelling(rng, backbone="mobilenet-8", width=1.0):
    genes = {name: rng.choice(gene.legal) for name, gene in genes_of("mobinet", backbone, width).items()}
    return Architecture(backbone=backbone, width=width, genes=genes)


def edited(**fields):
    return json.dumps(tiny().to_dict() | fields)


def drawn(rng, opened, backbone="mobilenet-8", width=1.0):
    """Any spelling, with these kinds of genes beyond their defaults."""
    genes = {
        name: rng.choice(gene.legal if gene.default is None or gene.kind in opened else gene.choices)
        for name, gene in genes_of("mobinet", backbone, width).items()
    }
    return Architecture(backbone=backbone, width=width, genes=genes)


def with_gene(name, choice):
    return edited(genes=tiny().choices | {name: choice})


def without_gene(name):
    return edited(genes={other: choice for other, choice in tiny().choices.items() if other != name})


RUNS = {"mobilenet-8": [[2], [4]], "mobilenet-32": [[2], [4], [6, 7, 8, 9, 10], [12]]}
"""Numbers of the layers of each run of equal layers."""


def structure(architecture):
    """The convolutions (in, out, size, channels per group) and poolings a network is made of, in order."""
    found, choices, backbone = [], architecture.all_choices, architecture.backbone
    usual = CHANNELS[backbone]
    o, doublings = usual[0] * architecture.width * choices["width"] / 100, len(set(usual)) - 1
    absent = {n for stage, run in enumerate(RUNS[backbone]) for n in run[choices[f"stage{stage}.depth"] :]}
    for index in sorted(set(range(len(usual) - 1)) - absent):
        i, area = o, choices[f"layer{index}.kernel"]
        if doublings and choices[f"layer{index}.growth"] == 2:
            o, doublings = 2 * i, doublings - 1
        reach = 2 ** choices[f"layer{index}.k"]
        into, through = (count if count % reach else reach for count in (i, o))
        found += {
            "pre": [(i, o, 1, i), (o, o, area, through), (o, o, 1, o)],
            "mid": [(i, i, area, into), (i, o, 1, i), (o, o, 1, o)],
            "post": [(i, i, area, into), (i, i, 1, i), (i, o, 1, i)],
            "none": [(i, i, area, into), (i, o, 1, i)],
        }[choices[f"layer{index}.block"]]
        found += [choices.get(f"layer{index}.pool"), choices[f"layer{index}.binarizer"]]
    return (choices["activation"], *found)


@pytest.mark.parametrize("backbone", ["mobilenet-8", "mobilenet-32", "mobilenet-224"])
def test_json_round_trip(backbone):
    rng = Random(0)
    for width in (0.5, 1.0, 2):
        one = any_spelling(rng, backbone, width)
        other = Architecture.from_json(one.to_json())
        assert (other, other.key, other.to_json()) == (one, one.key, one.to_json())


def test_json_holds_every_field():
    fields = json.loads(tiny(block="mid", k=2, pool="max").to_json())
    assert fields.keys() == {"family", "backbone", "width", "genes"}
    assert (fields["family"], fields["backbone"], fields["width"]) == ("mobinet", "mobilenet-8", 1.0)
    alike = {"block": "mid", "k": 2, "binarizer": "xnor"}
    layers = {f"layer{index}.{kind}": choice for index in range(5) for kind, choice in alike.items()}
    assert fields["genes"] == {
        "activation": "prelu", **layers, "layer1.pool": "max", "layer3.pool": "max",
    }  # fmt: skip


BAD_JSON = {
    "empty": "",
    "open brace": "{",
    "trailing comma": edited()[:-1] + ",}",
    "two values": edited() * 2,
    "deep": "[" * 100_000,
    "long number": "1" * 5000,
    "null": "null",
    "number": "1",
    "list": "[]",
    "no fields": "{}",
    "a field more": edited(colour="red"),
    "a field less": json.dumps({name: value for name, value in tiny().to_dict().items() if name != "width"}),
    "unknown backbone": edited(backbone="mobilenet-7"),
    "backbone number": edited(backbone=8),
    "unknown family": edited(family="no-such-family"),
    "family list": edited(family=["mobinet"]),
    "genes list": edited(genes=list(tiny().choices.items())),
    "no genes": edited(genes={}),
    "gene missing": without_gene("layer0.k"),
    "pool missing": without_gene("layer1.pool"),
    "pool where nothing downsamples": with_gene("layer0.pool", "avg"),
    "gene unknown": with_gene("layer5.k", 0),
    "gene with a line break": with_gene("layer5\n.k", 0),
    "unknown block": with_gene("layer0.block", "middle"),
    "unknown pool": with_gene("layer1.pool", "mean"),
    "block number": with_gene("layer0.block", 1),
    "k text": with_gene("layer0.k", "1"),
    "k float": with_gene("layer0.k", 1.0),
    "k bool": with_gene("layer0.k", True),
    "k null": with_gene("layer0.k", None),
    "k list": with_gene("layer0.k", [1]),
    "k negative": with_gene("layer0.k", -1),
    "k nan": with_gene("layer0.k", float("nan")),
    "k huge": with_gene("layer0.k", 10**6),
    "k that does not divide 3 channels": Architecture.uniform("mobilenet-8", width=0.75)
    .to_json()
    .replace('"layer0.k": 0', '"layer0.k": 1'),
    "width nan": edited(width=float("nan")),
    "width inf": edited(width=float("inf")),
    "width zero": edited(width=0),
    "width too small": edited(width=0.1),
    "width negative": edited(width=-1),
    "width bool": edited(width=True),
    "width text": edited(width="1"),
    "width null": edited(width=None),
    "width beyond floats": edited(width=1e308),
    "width beyond integers": edited(width=10**400),
}


@pytest.mark.parametrize("text", BAD_JSON.values(), ids=BAD_JSON)
def test_from_json_refuses(text):
    with pytest.raises(InputError) as caught:
        Architecture.from_json(text)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("width", [float("nan"), float("inf"), 0, -1, True, "1"])
def test_width_is_a_positive_number(width):
    with pytest.raises(InputError):
        Architecture(backbone="mobilenet-8", width=width, genes=tiny().genes)
    with pytest.raises(InputError):
        tiny(width=width)


@pytest.mark.parametrize("k", range(5))
def test_post_is_mid_where_the_channels_stay(k):
    base = tiny(block="pre", k=4)
    for layer in (2, 4):
        one, other = (changed(base, {f"layer{layer}.block": block, f"layer{layer}.k": k}) for block in ("mid", "post"))
        assert one != other
        assert one.canonical() == other.canonical()
        assert one.key == other.key
    for layer in (0, 1, 3):
        one, other = (changed(base, {f"layer{layer}.block": block, f"layer{layer}.k": k}) for block in ("mid", "post"))
        assert one.key != other.key


@pytest.mark.parametrize("block", ["pre", "mid", "post", "none"])
@pytest.mark.parametrize("layer", range(5))
def test_k_saturates_at_the_dense_convolution(block, layer):
    runs_on = ((8, 16, 16, 32, 32) if block == "pre" else (4, 8, 16, 16, 32))[layer]
    dense = runs_on.bit_length() - 1
    keys = [changed(tiny(), {f"layer{layer}.block": block, f"layer{layer}.k": k}).key for k in range(17)]
    assert len(set(keys[: dense + 1])) == dense + 1
    assert set(keys[dense:]) == {keys[dense]}


def test_each_pooling_is_another_network():
    assert len({tiny(pool=pool).key for pool in ("avg", "max", "min")}) == 3


@pytest.mark.parametrize("width", [0.25, 0.5, 0.75, 1.0])
def test_keys_are_equal_exactly_for_equal_networks(width):
    known = genes_of("mobinet", "mobilenet-8", width)
    base = tiny(width=width)
    for layer in range(5):
        genes = [gene for gene in known.values() if gene.group == f"layer{layer}"]
        spellings = [
            changed(base, dict(zip((gene.name for gene in genes), choices)))
            for choices in product(*(gene.legal for gene in genes))
        ]
        pairs = {(one.key, structure(one)) for one in spellings}
        assert len(pairs) == len({key for key, _ in pairs}) == len({found for _, found in pairs}) < len(spellings)


@pytest.mark.parametrize("backbone", CHANNELS)
def test_canonical_is_idempotent_and_keeps_the_network(backbone):
    rng = Random(1)
    for _ in range(50):
        one = any_spelling(rng, backbone)
        canonical = one.canonical()
        assert canonical.canonical() == canonical
        assert canonical.key == one.key
        assert structure(canonical) == structure(one)


def test_key_equal_iff_canonical_equal():
    rng = Random(2)
    found = [
        changed(tiny(), {"layer0.block": rng.choice(("mid", "post")), "layer0.k": rng.randrange(5)}) for _ in range(40)
    ]
    for one, other in product(found, found):
        assert (one.key == other.key) == (one.canonical() == other.canonical())


def test_key_depends_on_every_field():
    networks = [
        tiny(),
        tiny(activation="relu"),
        tiny(width=0.5),
        Architecture.uniform("mobilenet-32"),
        Architecture.uniform("mobilenet-224"),
    ]
    assert len({network.key for network in networks}) == len(networks)


def test_key_never_changes():
    assert Architecture.uniform("mobilenet-224", block="mid", k=3, pool="avg").key == "c1e1d075a038"
    assert tiny(block="post", k=4, pool="min", width=0.5).key == "5784832c501e"


def test_uniform_gives_all_layers_the_same_choice():
    network = Architecture.uniform("mobilenet-224", block="post", k=3, pool="min", activation="relu")
    assert [network.choices[f"layer{index}.block"] for index in range(13)] == ["post"] * 13
    assert [network.choices[f"layer{index}.k"] for index in range(13)] == [3] * 13
    pooled = [name for name in network.choices if name.endswith("pool")]
    assert pooled == ["layer1.pool", "layer3.pool", "layer5.pool", "layer11.pool"]
    assert {network.choices[name] for name in pooled} == {"min"}
    assert network.choices["activation"] == "relu"


def test_uniform_takes_first_choices_where_nothing_is_said():
    assert tiny() == tiny(activation="prelu", binarizer="xnor", block="pre", k=0, pool="avg", width=1)


@pytest.mark.parametrize("choices", [{"depth": 3}, {"block": "middle"}, {"k": 17}, {"k": 1, "width": 0.75}])
def test_uniform_refuses(choices):
    with pytest.raises(InputError):
        tiny(**choices)


def test_input_shapes():
    shapes = {name: Architecture.uniform(name).input_shape for name in ("mobilenet-8", "mobilenet-32", "mobilenet-224")}
    assert shapes == {"mobilenet-8": (1, 8, 8), "mobilenet-32": (3, 32, 32), "mobilenet-224": (3, 224, 224)}


def test_frozen_and_hashable():
    one, other = tiny(k=1), tiny(k=1, width=1)
    assert one.key and len({one, other, tiny(k=2)}) == 2
    with pytest.raises(FrozenInstanceError):
        one.width = 2.0


def test_genes_come_in_the_order_of_the_family():
    shuffled = list(tiny(k=1).genes)
    Random(0).shuffle(shuffled)
    assert Architecture(backbone="mobilenet-8", genes=dict(shuffled)) == tiny(k=1)


def test_a_gene_at_its_default_is_as_if_it_did_not_exist():
    plain = tiny(block="mid", k=2)
    spelled = changed(
        plain, {"width": 100, "layer0.growth": 2, "layer2.growth": 1, "layer3.kernel": 3, "stage1.depth": 1}
    )
    assert (spelled, spelled.key, spelled.to_json()) == (plain, plain.key, plain.to_json())
    other = changed(plain, {"layer3.kernel": 5})
    assert other.key != plain.key
    assert other.to_dict()["genes"] == plain.to_dict()["genes"] | {"layer3.kernel": 5}
    assert Architecture.from_json(other.to_json()) == other


def test_a_layer_that_does_not_exist_has_no_choices():
    base = changed(tiny(k=1), {"stage0.depth": 0})
    for change in ({"layer2.block": "none"}, {"layer2.k": 3}, {"layer2.growth": 2}, {"layer2.binarizer": "react"}):
        assert changed(base, change).key == base.key != changed(tiny(k=1), change).key
    assert not any(name.startswith("layer2") for name in base.effective)


def test_doublings_end_with_those_of_the_backbone():
    """The backbone doubles in layers 0, 1 and 3; after one more in layer 2, layer 3 cannot."""
    early = changed(tiny(k=1), {"layer2.growth": 2})
    assert early.key == changed(early, {"layer3.growth": 1}).key
    assert early.key != changed(early, {"layer0.growth": 1}).key


def test_copies_share_the_channels_there_are():
    """The stem has 4 channels; at a quarter of the width it has one, which is no copy."""
    assert changed(tiny(), {"stem.copies": 4}).key != changed(tiny(), {"stem.copies": 2}).key != tiny().key
    assert changed(tiny(), {"stem.copies": 4, "width": 25}).key == changed(tiny(), {"width": 25}).key


def test_describe_shows_what_is_not_usual():
    network = changed(
        tiny(block="mid", k=2, pool="max"),
        {
            "layer0.kernel": 5,
            "layer2.growth": 2,
            "layer3.growth": 1,
            "stage1.depth": 0,
            "width": 50,
            "stem.copies": 2,
            "resolution": 50,
        },
    )
    assert network.describe() == "mid2-5x5 mid2/max mid2x2 mid2x1/max width50% resolution50% copies2"


def test_describe_has_a_word_a_layer():
    network = changed(
        tiny(block="mid", k=2, pool="max", activation="relu"), {"layer3.pool": "avg", "layer4.block": "none"}
    )
    assert network.describe() == "mid2 mid2/max mid2 mid2/avg none2 relu"
