"""From names and TOML files to spaces and networks."""

import re
from pathlib import Path
from random import Random

import pytest

from space import Architecture, InputError, load_space, named_network


def choices_of(space):
    return {name: tuple(choices) for name, choices in space.choices.items()}


@pytest.fixture
def toml(tmp_path):
    def load(text, **options):
        path = tmp_path / "genes.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_space(str(path), **options)

    return load


def test_the_default_is_mobinet_on_mobilenet_8():
    space = load_space()
    assert (space.family, space.backbone, space.width) == ("mobinet", "mobilenet-8", 1.0)
    assert choices_of(space) == choices_of(load_space("mobinet", backbone="mobilenet-8", width=1))


def test_default_choices():
    found = choices_of(load_space(backbone="mobilenet-224"))
    assert found["layer0.block"] == ("pre", "mid", "post")
    assert found["layer2.block"] == ("pre", "mid")
    assert found["layer0.k"] == (0, 1, 2, 3, 4, 5, 6), "up to the dense convolution of 64 channels"
    assert found["layer12.k"] == tuple(range(11))
    assert found["layer11.pool"] == ("avg", "max", "min")
    assert (found["activation"], found["layer0.binarizer"]) == (("prelu",), ("xnor",))
    assert len(found) == 1 + 13 + 13 + 4 + 13


@pytest.mark.parametrize("backbone", ["mobilenet-8", "mobilenet-224"])
def test_the_range_of_the_paper(backbone, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found, every = choices_of(load_space("paper.toml", backbone=backbone)), choices_of(load_space(backbone=backbone))
    assert found.keys() == every.keys()
    assert all(found[name] == tuple(k for k in every[name] if k <= 4) for name in found if name.endswith(".k"))
    assert all(found[name] == every[name] for name in found if not name.endswith(".k"))
    Path("paper.toml").write_text("k = 0")
    assert choices_of(load_space("paper.toml", backbone=backbone))["layer1.k"] == (0,)


@pytest.mark.parametrize("backbone", ["mobilenet-8", "mobilenet-224", "mobilenet-33"])
def test_the_wide_space_holds_the_usual_one(backbone, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    usual, wide = load_space(backbone=backbone), load_space("wide.toml", backbone=backbone)
    assert wide.opened.keys() == {"growth", "depth", "copies"}
    assert wide.size > usual.size and set(usual.baselines()) == set(wide.baselines())
    rng = Random(0)
    assert all(usual.sample(rng) in wide for _ in range(20))


def test_an_empty_file_restricts_nothing(toml):
    assert choices_of(toml("")) == choices_of(toml('family = "mobinet"')) == choices_of(load_space())


def test_the_files_of_the_docs_load(toml):
    page = (Path(__file__).parents[2] / "docs" / "spaces.md").read_text()
    files = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    small, wide = map(toml, files)
    assert not small.opened
    assert wide.opened.keys() == {"width", "growth", "kernel", "depth", "copies", "resolution"}
    assert wide.choices["stage1.depth"] == [0, 1] and "layer0.growth" not in wide.choices
    assert toml(files[1], backbone="mobilenet-32").choices["stage2.depth"] == [0, 1, 2, 3, 4, 5]


def test_rules_for_all_layers(toml):
    space = toml('block = ["pre", "none"]\nk = [0, 2]\npool = ["min"]\nactivation = ["prelu", "relu"]')
    found = choices_of(space)
    assert found.pop("activation") == ("prelu", "relu")
    expected = {"block": ("pre", "none"), "k": (0, 2), "pool": ("min",), "binarizer": ("xnor",)}
    assert all(choices == expected[name.split(".")[1]] for name, choices in found.items())
    assert space.size == 2 * 4**5
    assert Architecture.uniform("mobilenet-8", block="none", k=2, pool="min", activation="relu") in space


def test_rules_for_one_layer_go_before(toml):
    found = choices_of(toml('k = [0]\n[layer3]\nk = [1, 3]\npool = ["max"]'))
    assert found["layer3.k"] == (1, 3)
    assert {found[f"layer{index}.k"] for index in (0, 1, 2, 4)} == {(0,)}
    assert found["layer3.pool"] == ("max",)
    assert found["layer1.pool"] == ("avg", "max", "min")
    assert found["layer3.block"] == ("pre", "mid", "post")


def test_a_lone_choice_needs_no_brackets(toml):
    assert toml('block = "mid"\nk = 1\npool = "avg"').size == 1


def test_one_network_spelled_twice_counts_once(toml):
    found = choices_of(toml('block = ["mid", "post", "mid"]'))
    assert found["layer2.block"] == ("mid",)
    assert found["layer1.block"] == ("mid", "post")
    assert toml('block = "mid"\nk = [2, 3]\npool = "avg"').size == 1 * 2**4


def test_backbone_and_width_come_from_the_caller(toml):
    space = toml("k = [3]", backbone="mobilenet-32", width=2)
    assert (space.backbone, space.width, space.input_shape) == ("mobilenet-32", 2, (3, 32, 32))
    assert space.sample(Random(0)).width == 2.0


BAD_TOML = {
    "unknown key": "kk = [1]",
    "unknown layer": "[layer9]\nk = [1]",
    "unknown key of a layer": "[layer1]\nkk = [1]",
    "pool of a layer without": '[layer0]\npool = ["avg"]',
    "backbone": 'backbone = "mobilenet-8"',
    "width": "width = 1.0",
    "unknown family": 'family = "no-such-family"',
    "family number": "family = 3",
    "family list": 'family = ["mobinet"]',
    "family table": "[family]\nk = [1]",
    "empty list": "k = []",
    "empty list of a layer": "[layer1]\nblock = []",
    "unknown choice": 'block = ["middle"]',
    "k text": 'k = ["1"]',
    "k float": "k = [1.0]",
    "k nan": "k = [nan]",
    "k bool": "k = [true]",
    "k date": "k = [1979-05-27]",
    "k negative": "k = [-1]",
    "k too large": "k = [17]",
    "k nested": "k = [[1]]",
    "k table": "[k]\nx = 1",
    "k inline table": "k = [{x = 1}]",
    "k table of a layer": "[layer0.k]\nx = 1",
    "block number": "block = 5",
    "layer list": "layer0 = [1]",
    "no value": "k =",
    "not TOML": "k: [1]",
    "twice": "k = [1]\nk = [2]",
    "not UTF-8": b"\xff\xfe\x00\x01",
    "control bytes": b"k = [1]\x00\n",
}


@pytest.mark.parametrize("backbone", [None, "mobilenet-8"])
@pytest.mark.parametrize("text", BAD_TOML.values(), ids=BAD_TOML)
def test_a_file_that_cannot_be_used(toml, tmp_path, text, backbone):
    with pytest.raises(InputError) as caught:
        toml(text, backbone=backbone)
    message = str(caught.value)
    assert str(tmp_path / "genes.toml") in message
    assert len(message.splitlines()) == 1


def test_a_k_that_does_not_divide_the_channels(toml):
    with pytest.raises(InputError, match="genes.toml: layer0.k = 1 "):
        toml("k = [0, 1]", width=0.75)


def test_a_file_that_cannot_be_read(tmp_path):
    missing, folder = tmp_path / "missing.toml", tmp_path / "folder.toml"
    folder.mkdir()
    for path in (missing, folder):
        with pytest.raises(InputError, match=path.name):
            load_space(str(path))


@pytest.mark.parametrize("name", ["no-such-family", "", "genes.json", "toml"])
def test_neither_family_nor_file(name):
    with pytest.raises(InputError, match="mobinet"):
        load_space(name)


@pytest.mark.parametrize("shape, backbone", [((1, 8, 8), "mobilenet-8"), ((3, 224, 224), "mobilenet-224")])
def test_the_backbone_fits_the_images(shape, backbone):
    assert load_space(input_shape=shape).backbone == backbone
    assert load_space(input_shape=shape, backbone="mobilenet-32").backbone == "mobilenet-32"


def test_no_backbone_fits_the_images():
    with pytest.raises(InputError, match="5x7x7"):
        load_space(input_shape=(5, 7, 7))
    with pytest.raises(InputError, match="5x7x7"):
        named_network("mobinet-mid-k0", input_shape=(5, 7, 7))


def test_unknown_backbone():
    with pytest.raises(InputError, match="mobilenet-224"):
        load_space(backbone="mobilenet-7")


@pytest.mark.parametrize("width", [float("nan"), float("inf"), 0, -1, 0.1])
def test_width_is_a_positive_number(width):
    with pytest.raises(InputError):
        load_space(width=width)
    with pytest.raises(InputError):
        named_network("mobinet-mid-k0", input_shape=(1, 8, 8), width=width)


@pytest.mark.parametrize("block", ["pre", "mid", "post"])
@pytest.mark.parametrize("k", range(5))
def test_named_networks(block, k):
    for backbone, shape in (("mobilenet-8", (1, 8, 8)), ("mobilenet-224", (3, 224, 224))):
        found = named_network(f"mobinet-{block}-k{k}", input_shape=shape)
        assert found == found.canonical()
        assert found.key == Architecture.uniform(backbone, block=block, k=k, pool="avg").key


def test_named_network_at_a_width():
    expected = Architecture.uniform("mobilenet-32", width=0.5, block="mid", k=3, pool="avg").canonical()
    assert named_network("mobinet-mid-k3", input_shape=(3, 32, 32), width=0.5) == expected
    assert named_network("mobinet-mid-k3", input_shape=(1, 8, 8), backbone="mobilenet-32", width=0.5) == expected


@pytest.mark.parametrize("name", ["mobinet-mid-k33", "mobinet-mi-k3", "mobinetmid-k3"])
def test_no_network_of_that_name(name):
    with pytest.raises(InputError, match="mobinet-mid-k3"):
        named_network(name, input_shape=(1, 8, 8))


def test_a_named_network_that_does_not_fit():
    with pytest.raises(InputError):
        named_network("mobinet-mid-k1", input_shape=(1, 8, 8), width=0.75)


def test_a_space_without_any_choice_says_so():
    with pytest.raises(InputError, match="has no choice called binarizer, nor any other; leave it out$"):
        load_space("mobilenet-v1", binarizer="xnor")


def test_a_binarizer_for_each_layer_or_tied_for_all(toml):
    few = 'block = ["mid"]\nk = [0]\npool = ["avg"]\nbinarizer = ["xnor", "trained", "react"]\n'
    assert toml(few).size == 3**5
    tied = toml(few + 'tie = ["binarizer"]')
    assert tied.size == 3
    assert {network.describe().split()[-1] for network in tied} == {"mid0", "trained", "react"}
    mixed = Architecture.of("mobinet", "mobilenet-8", 1, {"block": "mid", "k": 0, "layer2.binarizer": "react"})
    assert mixed in toml(few) and mixed not in tied


@pytest.mark.parametrize("kind", ['"block"', '["k"]', '"nothing"', "7", "[[]]"])
def test_only_what_stands_alone_can_be_tied(toml, kind):
    with pytest.raises(InputError, match="cannot be tied; tie one of binarizer"):
        toml(f"tie = {kind}")


@pytest.mark.parametrize("width", [0.75, 1.25])
def test_the_range_of_the_paper_at_widths_that_few_k_divide(width):
    found = choices_of(load_space("paper.toml", input_shape=(3, 32, 32), width=width))
    every = choices_of(load_space(input_shape=(3, 32, 32), width=width))
    assert every["layer0.k"] != tuple(range(len(every["layer0.k"]) + 1))
    assert all(found[name] == tuple(k for k in every[name] if k <= 4) for name in found if name.endswith(".k"))


def test_up_to(toml):
    found = choices_of(toml('k = "up to 2"\n[layer3]\nk = "up to 1"'))
    assert (found["layer0.k"], found["layer3.k"]) == ((0, 1, 2), (0, 1))
    wrong = 'block = "up to 2"', 'k = "up to two"', 'k = "up to -1"', 'k = "up to ٣"', f'k = "up to {"9" * 5000}"'
    for rule in wrong:
        with pytest.raises(InputError, match="layer0"):
            toml(rule)
