"""The kernels read what a unit holds where nn.Module keeps it, and see what is put there."""

import copy

import torch

from mobinet.conv import BinaryConv2d
from mobinet.fused.leaves import leaves_of, slope_of
from mobinet.layers import ACTIVATIONS
from mobinet.unit import BinaryUnit


def make_unit(activation: str = "prelu", binarizer: str = "react") -> BinaryUnit:
    return BinaryUnit(BinaryConv2d(8, 16, 1, binarizer=binarizer), ACTIVATIONS[activation](16))


def test_each_is_the_attribute_of_its_name():
    unit = make_unit()
    conv, norm = unit.conv, unit.norm
    conv.binary = torch.ones_like(conv.weight)
    expected = (
        *(conv, conv.binarizer, unit.activation, norm),
        *(conv.weight, conv.scale, conv.binary, conv.binarizer.shift, conv.binarizer.gain),
        *(norm.weight, norm.bias, norm.running_mean, norm.running_var, norm.num_batches_tracked),
    )
    assert [found is wanted for found, wanted in zip(leaves_of(unit), expected, strict=True)] == [True] * len(expected)


def test_slope_is_that_of_prelu_alone():
    unit = make_unit()
    assert slope_of(unit.activation) is unit.activation.weight
    assert slope_of(make_unit("relu").activation) is None


def test_what_is_put_into_a_unit_later_is_seen():
    unit = make_unit()
    before = leaves_of(unit)
    unit.load_state_dict({name: t + 1 for name, t in copy.deepcopy(unit).state_dict().items() if t is not None})
    unit.conv.weight = torch.nn.Parameter(torch.ones_like(unit.conv.weight))
    after = leaves_of(unit)
    assert after.weight is unit.conv.weight and after.weight is not before.weight
    assert torch.equal(after.gamma, torch.full((16,), 2.0))


def test_functional_call_is_seen():
    unit, x = make_unit().eval(), torch.randn(2, 8, 3, 3)
    with torch.no_grad():
        plain = unit(x)
        shifted = torch.func.functional_call(unit, {"norm.bias": unit.norm.bias + 1}, (x,))
    torch.testing.assert_close(shifted, plain + 1)


def test_packed_weights_are_seen():
    unit, x = make_unit().eval(), torch.randn(2, 8, 3, 3)
    with torch.no_grad():
        expected = unit(x)
        unit.conv.pack_weights()
        assert leaves_of(unit).scale is unit.conv.scale is not None
        torch.testing.assert_close(unit(x), expected)
