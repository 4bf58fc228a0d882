"""One network as boxes."""

from random import Random

from results.network import Box, boxes_of
from space import Architecture, load_space, named_network


def test_boxes_are_the_parts_in_order():
    network = Architecture.uniform("mobilenet-8", block="mid", k=2, pool="max")
    shares = {"stem": 0.5, "layer0": 0.125, "layer1": 0.125, "layer2": 0.1, "layer3": 0.1, "head": 0.05, "nothing": 0}
    boxes = {box.name: box for box in boxes_of(network, shares)}
    assert [*boxes] == ["layer4", "stem", "layer0", "layer1", "layer2", "layer3", "head"]
    assert boxes["stem"] == Box(name="stem", share=0.5)
    assert boxes["layer0"] == Box(name="layer0", words=("mid", "K 2"), block="mid", channels=8, share=0.125)
    assert boxes["layer1"].pool == "max" and boxes["layer1"].channels == 16
    assert (boxes["layer4"].channels, boxes["layer4"].share) == (32, None)


def test_layers_stand_behind_the_part_that_they_belong_to():
    network = load_space("nas-bnn", input_shape=(3, 32, 32)).sample(Random(0))
    names = [box.name for box in boxes_of(network, {"stem": 0.5, "stage0": 0.25, "stage1": 0.25}, network.effective)]
    places = [names.index(name) for name in ("stem", "stage0", "stage0-block0", "stage1", "stage1-block0")]
    assert places == sorted(places) and places[2] == places[1] + 1 and places[4] == places[3] + 1


def test_other_choices_are_told_where_they_were_varied():
    network = Architecture.uniform("mobilenet-8", block="pre", k=0)
    whole, first, *_ = boxes_of(network, {}, {"activation", "layer0.binarizer"})
    assert whole == Box(name="", words=("activation prelu",))
    assert first.words == ("pre", "K 0", "binarizer xnor")


def test_a_family_without_layers_of_mobinet_has_boxes():
    network = named_network("vgg-small-xnor", input_shape=(3, 32, 32))
    assert boxes_of(network, {"conv1": 0.75, "head": 0.25}) == [
        Box(name="conv1", share=0.75),
        Box(name="head", share=0.25),
    ]
