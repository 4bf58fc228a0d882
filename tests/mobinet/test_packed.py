"""Networks as files: to the bit, to the byte, and broken."""

import json
import struct

import pytest
import safetensors.torch
import torch

from mobinet import build, cost
from mobinet.binarizers import BINARIZERS
from mobinet.export.packed import dump_packed, packed_state, read_packed
from space import Architecture, InputError

SMALL = Architecture.uniform("mobilenet-8", width=0.25, block="mid", pool="avg")
NETWORKS = [
    SMALL,
    Architecture.uniform("mobilenet-8", block="pre", k=2, pool="max"),
    Architecture.uniform("mobilenet-8", block="post", k=16, pool="min", activation="relu"),
    Architecture.uniform("mobilenet-8", width=0.75, block="none", pool="avg"),
    Architecture.uniform("mobilenet-32", width=0.25, block="mid", k=3, pool="avg"),
    *(Architecture.uniform("mobilenet-8", block="mid", k=1, binarizer=name) for name in BINARIZERS),
]
names = pytest.mark.parametrize("network", NETWORKS, ids=lambda network: f"{network.describe()} {network.width:g}")


def trained(network, num_classes=5):
    """A network whose statistics have moved, with zeros of both signs among its weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = build(network, num_classes)
        with torch.no_grad():
            for module in net.modules():
                if isinstance(module, torch.nn.PReLU):
                    module.weight.uniform_(-1, 1)
            net.layer0[0].conv.weight[0, 0, 0, 0] = 0.0
            net.layer0[1].conv.weight[0, 0, 0, 0] = -0.0
            for _ in range(3):
                net(torch.randn(8, *network.input_shape))
    return net


@pytest.fixture(scope="module")
def packed() -> bytes:
    return dump_packed(trained(SMALL), SMALL, 5, {})


@pytest.fixture
def reload(tmp_path):
    def load(data):
        path = tmp_path / "model.safetensors"
        path.write_bytes(data)
        return read_packed(path)

    return load


def with_tensors(changes, **fields):
    """A well-formed file whose tensors or header do not fit the network."""
    state = packed_state(trained(SMALL)) | changes
    header = {"architecture": SMALL.to_json(), "num_classes": "5"} | fields
    return safetensors.torch.save({k: v for k, v in state.items() if v is not None}, metadata=header)


@names
def test_outputs_are_equal_to_the_bit(reload, network):
    net = trained(network)
    loaded, _ = reload(dump_packed(net, network, 5, {}))
    assert not loaded.training
    for seed in range(3):
        x = torch.randn(4, *network.input_shape, generator=torch.Generator().manual_seed(seed))
        with torch.no_grad():
            assert torch.equal(loaded(x), net.eval()(x))


@names
def test_tensors_take_the_bytes_that_are_counted(network):
    data = dump_packed(trained(network), network, 5, {"long": "note" * 100})
    (header,) = struct.unpack("<Q", data[:8])
    assert len(data) - 8 - header == cost(network, 5).bytes


def test_header(reload):
    network = NETWORKS[1]
    data = dump_packed(trained(network, 7), network, 7, {"accuracy": "0.5"})
    _, header = reload(data)
    assert Architecture.from_json(header["architecture"]) == network
    assert (header["num_classes"], header["accuracy"]) == ("7", "0.5")
    (size,) = struct.unpack("<Q", data[:8])
    assert json.loads(data[8 : 8 + size])["__metadata__"] == header


def test_the_same_network_gives_the_same_bytes():
    notes = {f"note {number}": str(number) for number in range(12)}
    net = trained(SMALL)
    assert len({dump_packed(net, SMALL, 5, notes) for _ in range(10)}) == 1


def test_a_binary_weight_takes_a_bit():
    net = trained(SMALL)
    weight, state = net.layer4[1].conv.weight, packed_state(net)
    bits = [value >= 0 for value in weight.flatten().tolist()]
    expected = [
        sum(bit << (7 - place) for place, bit in enumerate(bits[start : start + 8]))
        for start in range(0, len(bits), 8)
    ]  # fmt: skip
    assert state["layer4.1.conv.weight"].tolist() == expected
    torch.testing.assert_close(state["layer4.1.conv.scale"].flatten(), weight.detach().abs().mean((1, 2, 3)))


def test_dumping_leaves_the_network_alone():
    net = trained(SMALL)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    dump_packed(net, SMALL, 5, {})
    after = net.state_dict()
    assert net.training
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_loaded_network_can_be_dumped_again(packed, reload):
    net, _ = reload(packed)
    again, _ = reload(dump_packed(net, SMALL, 5, {}))
    x = torch.randn(4, *SMALL.input_shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(again(x), net(x))


@pytest.mark.parametrize("part", [0, 0.0001, 0.001, 0.01, 0.3, 0.6, 0.9, 0.999])
def test_a_truncated_file_is_refused(packed, reload, part):
    with pytest.raises(InputError, match="model.safetensors") as caught:
        reload(packed[: int(len(packed) * part)])
    assert len(str(caught.value).splitlines()) == 1


def test_a_byte_more_or_less_is_refused(packed, reload):
    for data in (packed[:-1], packed + b"\0", packed[1:], b"\0" + packed):
        with pytest.raises(InputError):
            reload(data)


def test_a_flipped_bit_is_refused_or_harmless(packed, reload):
    refused = 0
    for place in [*range(8), *range(8, len(packed), len(packed) // 120)]:
        data = bytearray(packed)
        data[place] ^= 1 << place % 8
        try:
            reload(bytes(data))
        except InputError as error:
            refused += 1
            assert len(str(error).splitlines()) == 1
    assert refused > 20


def test_other_bits_of_the_right_shape_are_refused(packed, reload):
    (size,) = struct.unpack("<Q", packed[:8])
    for place in (size + 8, len(packed) - 1):
        data = bytearray(packed)
        data[place] ^= 1
        with pytest.raises(InputError, match="is damaged: its digest is that of other tensors"):
            reload(bytes(data))
    with pytest.raises(InputError, match="of another header"):
        reload(packed.replace(b"avg", b"max"))


@pytest.mark.parametrize(
    "header",
    [
        {"num_classes": "6"},
        {"num_classes": "-1"},
        {"num_classes": "five"},
        {"num_classes": "1" + "0" * 30},
        {"architecture": ""},
        {"architecture": "{}"},
        {"architecture": SMALL.to_json().replace("0.25", "0.5")},
        {"architecture": SMALL.to_json().replace("mid", "pre")},
        {"architecture": SMALL.to_json().replace('.k": 0', '.k": 0.0')},
    ],
)
def test_a_header_that_does_not_fit_is_refused(reload, header):
    with pytest.raises(InputError):
        reload(with_tensors({}, **header))


def test_a_file_without_a_header_is_refused(reload):
    with pytest.raises(InputError):
        reload(safetensors.torch.save(packed_state(trained(SMALL))))


@pytest.mark.parametrize("change", ["missing", "shorter", "longer", "float", "int8", "bfloat16"])
def test_binary_weights_that_do_not_fit_are_refused(reload, change):
    name = "layer4.1.conv.weight"
    bits = packed_state(trained(SMALL))[name]
    changed = {
        "missing": None,
        "shorter": bits[:-1],
        "longer": torch.cat([bits, bits]),
        "float": bits.float(),
        "int8": bits.to(torch.int8),
        "bfloat16": bits.bfloat16(),
    }[change]
    with pytest.raises(InputError):
        reload(with_tensors({name: changed}))


@pytest.mark.parametrize("changes", [{"head.2.bias": None}, {"head.2.bias": torch.zeros(4)}, {"more": torch.zeros(1)}])
def test_float_tensors_that_do_not_fit_are_refused(reload, changes):
    with pytest.raises(InputError):
        reload(with_tensors(changes))


def test_a_file_that_cannot_be_read(tmp_path):
    for path in (tmp_path / "missing.safetensors", tmp_path):
        with pytest.raises(InputError, match=path.name):
            read_packed(path)
