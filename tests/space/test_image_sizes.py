"""Backbones for images of any size: their names, and the images that they take."""

import pytest

from space import InputError, load_space
from space.family import family_names, find_family, input_shape_of

NAMES = {
    "mobinet": "mobilenet",
    "group-conv": "mobilenet",
    "mobilenet-v1": "mobilenet",
    "resnet": "resnet",
    "meliusnet": "meliusnet",
    "nas-bnn": "nas-bnn",
    "vgg-small": "vgg",
    "alexnet": "alexnet",
}


@pytest.mark.parametrize("family", family_names())
def test_every_family_has_a_backbone_for_images_of_any_size(family):
    name = NAMES[family]
    for side in (63, 96, 100, 1024):
        for channels, ending in ((1, "-grey"), (3, "")):
            space = load_space(family, input_shape=(channels, side, side))
            assert space.backbone == f"{name}-{side}{ending}" and space.input_shape == (channels, side, side)
            assert input_shape_of(family, space.backbone) == (channels, side, side)


@pytest.mark.parametrize("family", family_names())
def test_the_smallest_size(family):
    smallest = find_family(family).smallest_size
    assert smallest == (63 if family == "alexnet" else 8)
    for channels in (1, 3):
        assert load_space(family, input_shape=(channels, smallest, smallest)).input_shape[1] == smallest
        with pytest.raises(InputError, match=f"SIZE from {smallest} to 1024"):
            load_space(family, input_shape=(channels, smallest - 1, smallest - 1))
    with pytest.raises(InputError, match=f"SIZE from {smallest} to 1024"):
        load_space(family, backbone=f"{NAMES[family]}-{smallest - 1}")


@pytest.mark.parametrize("family", family_names())
def test_names_with_a_backbone_of_their_own_keep_it(family):
    for name, shape in find_family(family).backbones.items():
        assert find_family(family).backbone_for(shape) == name and input_shape_of(family, name) == shape


def test_the_plain_name_may_mean_grey_images():
    """As of mobilenet-8, which is a network of its own; `-colour` then tells them apart."""
    for family, name in (("mobinet", "mobilenet-8"), ("meliusnet", "meliusnet-8"), ("vgg-small", "vgg-8")):
        assert input_shape_of(family, name) == (1, 8, 8)
        assert load_space(family, input_shape=(3, 8, 8)).backbone == f"{name}-colour"
        assert input_shape_of(family, f"{name}-colour") == (3, 8, 8)


@pytest.mark.parametrize(
    "name", ["resnet-96-colour", "resnet-096", "resnet-9٦", "resnet-1025", "vgg-96", "resnet-", ""]
)
def test_no_other_name_is_one(name):
    with pytest.raises(InputError, match="use one of resnet-224, resnet-32, resnet-SIZE, resnet-SIZE-grey"):
        input_shape_of("resnet", name)


@pytest.mark.parametrize("shape", [(3, 96, 64), (2, 96, 96), (4, 96, 96)])
def test_images_that_no_backbone_takes(shape):
    with pytest.raises(InputError, match="resnet has no backbone for"):
        load_space("resnet", input_shape=shape)
