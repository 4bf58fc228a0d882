"""Every way to binarize but XNOR scaling (see test_xnor.py), against its paper's formulas written in numpy."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mobinet import build, cost
from mobinet.binarizers import BINARIZERS
from mobinet.conv import BinaryConv2d
from mobinet.export.packed import dump_packed, read_packed
from mobinet.layers import RPReLU
from search.recipe import Recipe
from search.training.seeds import seeded_build
from search.training.training import Training
from space import Architecture

BORDERS = [b for edge in (0.0, 0.4, 0.5, 1.0, 1.3) for b in (edge, np.nextafter(edge, 9), np.nextafter(edge, -9))]
GRID = np.sort(np.concatenate([np.linspace(-2, 2, 801), [-1e9, 1e9, -0.0], BORDERS, np.negative(BORDERS)]))
OTHERS = ("ste", "melius", "approxsign", "trained", "react")


def step_slope(a):
    """Xu and Cheung's derivative of the step from 0 to 1."""
    return np.select([abs(a) <= 0.4, abs(a) <= 1], [2 - 4 * abs(a), 0.4], 0)


ACTIVATION_SLOPES = {
    "ste": lambda a: np.where(abs(a) <= 1, 1.0, 0.0),
    "melius": lambda a: np.where(abs(a) <= 1.3, 1.0, 0.0),
    "approxsign": lambda a: np.where(abs(a) <= 1, 2 - 2 * abs(a), 0.0),
    "react": lambda a: np.where(abs(a) <= 1, 2 - 2 * abs(a), 0.0),
    "trained": step_slope,
}
WEIGHT_SLOPES = {
    "ste": lambda w: np.where(abs(w) <= 1, 1.0, 0.0),
    "melius": np.ones_like,
    "approxsign": lambda w: np.where(abs(w) <= 1, 1.0, 0.0),
    "react": lambda w: np.where(abs(w) <= 1, 1.0, 0.0),
    "trained": lambda w: np.where(abs(w) <= 0.5, 4 - 8 * abs(w), 0.0),
}


def signs(x):
    return np.where(np.asarray(x) < 0, -1.0, 1.0)


def double(name, i=1, o=1):
    return BINARIZERS[name](i, o).double()


def like(array, shape):
    return torch.from_numpy(array.copy()).reshape(shape).requires_grad_()


def noise(*shape, seed=0):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def moved(net, seed=0):
    """`net` with what its binarizers train away from where it begins: alphas of both signs, shifts, gains."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in net.named_parameters():
            if name.rpartition(".")[2] in ("alpha", "gain", "shift", "before", "after"):
                value += torch.randn(value.shape, generator=generator)
    return net


def test_the_space_names_them_as_the_registry_does():
    assert sorted(BINARIZERS) == sorted(("xnor", *OTHERS))


@pytest.mark.parametrize("name", OTHERS)
def test_activations_are_signs_and_zero_is_positive(name):
    x = np.array([-2.0, -1e-300, -0.0, 0.0, 1e-300, 0.7])
    found = double(name).activations(like(x, (1, 1, 1, 6)))
    negative = 0 if name == "trained" else -1
    assert found.flatten().tolist() == [negative, negative, 1, 1, 1, 1]


def test_gain_is_the_upper_of_two_values():
    binarizer = double("trained")
    binarizer.gain.data.fill_(0.75)
    assert binarizer.activations(like(GRID, (1, 1, 1, -1))).flatten().tolist() == [0.75 * (x >= 0) for x in GRID]


def test_shift_moves_the_threshold_of_its_channel():
    binarizer = double("react", i=3)
    binarizer.shift.data = torch.tensor([-0.5, 0.0, 1.25]).double().view(1, 3, 1, 1)
    x = like(np.array([-0.5, -0.51, 0.0, -0.01, 1.25, 1.24]), (1, 3, 2, 1))
    assert binarizer.activations(x).flatten().tolist() == [1, -1, 1, -1, 1, -1]


@pytest.mark.parametrize("name", OTHERS)
def test_weights_are_scale_times_sign(name):
    binarizer = moved(double(name, o=2))
    weight = np.array([[0.5, -1.5, 0.0, -1.0], [-0.0, 0.0, 0.25, -0.25]])
    scale = {"ste": [1, 1], "melius": [1, 1], "approxsign": [0.75, 0.125], "react": [0.75, 0.125]}
    expected = scale.get(name) or binarizer.alpha.flatten().tolist()
    latent = like(weight, (2, 4, 1, 1))
    assert binarizer.scale(latent).shape == (2, 1, 1, 1)
    assert binarizer.scale(latent).flatten().tolist() == expected
    assert torch.equal(binarizer.weights(latent), like(np.reshape(expected, (2, 1)) * signs(weight), (2, 4, 1, 1)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("name", OTHERS)
def test_dtype_is_kept(name, dtype):
    binarizer = BINARIZERS[name](4, 2).to(dtype)
    x, weight = torch.randn(2, 4, 3, 3).to(dtype).requires_grad_(), torch.randn(2, 4, 3, 3).to(dtype)
    found = binarizer.activations(x)
    found.sum().backward()
    assert {found.dtype, x.grad.dtype, binarizer.weights(weight).dtype, binarizer.scale(weight).dtype} == {dtype}


@pytest.mark.parametrize("name", OTHERS)
def test_activation_gradient_on_a_grid(name):
    x, upstream = like(GRID, (1, 1, 1, -1)), noise(1, 1, 1, len(GRID))
    double(name).activations(x).backward(upstream)
    expected = upstream.numpy() * ACTIVATION_SLOPES[name](GRID).reshape(1, 1, 1, -1)
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("name", OTHERS)
def test_weight_gradient_on_a_grid(name):
    grid = np.concatenate([GRID, GRID[::-1]])
    binarizer = moved(double(name, o=2))
    weight, upstream = like(grid, (2, -1, 1, 1)), noise(2, len(GRID), 1, 1)
    binarizer.weights(weight).backward(upstream)
    mean = abs(GRID).sum() / len(GRID)
    scale = {"ste": 1, "melius": 1, "approxsign": mean, "react": mean}
    factor = scale.get(name) or binarizer.alpha.detach().numpy()
    expected = upstream.numpy() * WEIGHT_SLOPES[name](grid).reshape(2, -1, 1, 1) * factor
    np.testing.assert_allclose(weight.grad.numpy(), expected, rtol=1e-7, atol=1e-12)


def test_trained_gradients_scale_with_gain():
    binarizer = double("trained")
    binarizer.gain.data.fill_(-1.5)
    x, upstream = like(GRID, (1, 1, 1, -1)), noise(1, 1, 1, len(GRID))
    binarizer.activations(x).backward(upstream)
    expected = -1.5 * upstream.numpy().ravel() * step_slope(GRID)
    np.testing.assert_allclose(x.grad.numpy().ravel(), expected, rtol=1e-7, atol=1e-12)
    assert binarizer.gain.grad.item() == pytest.approx(upstream.flatten()[GRID >= 0].sum().item())


def test_gradient_of_alpha_is_the_filters_sum_of_signs():
    binarizer, weight, upstream = moved(double("trained", 4, 3)), noise(3, 4, 3, 3), noise(3, 4, 3, 3, seed=1)
    binarizer.weights(weight).backward(upstream)
    expected = [(u * signs(w)).sum() for u, w in zip(upstream.numpy(), weight.numpy())]
    np.testing.assert_allclose(binarizer.alpha.grad.flatten(), expected)


@pytest.mark.parametrize("parameter", ["alpha", "gain"])
def test_trained_scales_follow_finite_differences_through_a_convolution(parameter):
    torch.manual_seed(0)
    conv, x = moved(BinaryConv2d(4, 3, 3, binarizer="trained").double()), noise(2, 4, 5, 5)
    upstream = noise(2, 3, 5, 5, seed=2)
    (conv(x) * upstream).sum().backward()
    values = getattr(conv.binarizer, parameter)
    for index in np.ndindex(*values.shape):
        losses = []
        with torch.no_grad():
            for step in (0.25, -0.5):  # up, then as far down; the loss is linear in each scale
                values[index] += step
                losses.append((conv(x) * upstream).sum().item())
            values[index] += 0.25
        assert values.grad[index].item() == pytest.approx((losses[0] - losses[1]) / 0.5, rel=1e-9)


def test_gradient_of_the_shift_is_minus_the_sum_of_the_channel():
    binarizer = double("react", i=3)
    shift = np.array([-0.5, 0.0, 1.25])
    binarizer.shift.data = torch.from_numpy(shift).view(1, 3, 1, 1)
    x, upstream = noise(2, 3, 40, 5).requires_grad_(), noise(2, 3, 40, 5, seed=1)
    binarizer.activations(x).backward(upstream)
    slopes = ACTIVATION_SLOPES["react"](x.detach().numpy() - shift.reshape(1, 3, 1, 1)) * upstream.numpy()
    np.testing.assert_allclose(x.grad.numpy(), slopes, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(binarizer.shift.grad.flatten(), -slopes.sum((0, 2, 3)), rtol=1e-7)


@pytest.mark.parametrize("name", OTHERS)
def test_a_convolution_uses_both(name):
    torch.manual_seed(1)
    conv = moved(BinaryConv2d(4, 6, 3, groups=2, binarizer=name).double())
    x, upstream = noise(2, 4, 5, 5).requires_grad_(), noise(2, 6, 5, 5, seed=1)
    conv(x).backward(upstream)
    bits = conv.binarizer.activations(x.detach()).detach().requires_grad_()
    binary = conv.binarizer.weights(conv.weight.detach()).detach().requires_grad_()
    y = F.conv2d(bits, binary, padding=1, groups=2)
    assert torch.equal(conv(x), y)
    y.backward(upstream)
    shift = conv.binarizer.shift.detach().numpy() if name == "react" else 0
    gain = conv.binarizer.gain.item() if name == "trained" else 1
    expected = bits.grad.numpy() * gain * ACTIVATION_SLOPES[name](x.detach().numpy() - shift)
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-7, atol=1e-12)
    scale = conv.binarizer.scale(conv.weight).numpy()
    expected = binary.grad.numpy() * scale * WEIGHT_SLOPES[name](conv.weight.detach().numpy())
    np.testing.assert_allclose(conv.weight.grad.numpy(), expected, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("name", BINARIZERS)
def test_a_border_given_a_value_holds_no_third_one(name):
    """Where all activations are the lower of their two values, the border is, too."""
    conv = BinaryConv2d(2, 1, 3, low_border=True, binarizer=name)
    conv.weight.data.fill_(0.3)
    y = conv(torch.full((1, 2, 5, 5), -9.0))
    torch.testing.assert_close(y, y[..., 2:3, 2:3].expand_as(y))


def test_step_and_sign_differ_at_the_border_only():
    """gain * step = gain / 2 * (sign + 1): inside, a constant per filter tells the two apart."""
    torch.manual_seed(2)
    conv, x = BinaryConv2d(3, 4, 3, binarizer="trained").double(), noise(1, 3, 6, 6)
    conv.binarizer.gain.data.fill_(1.25)
    binary = conv.binary_weight().detach()
    by_sign = 0.625 * (F.conv2d(torch.from_numpy(signs(x)), binary) + binary.sum((1, 2, 3)).view(1, 4, 1, 1))
    torch.testing.assert_close(conv(x)[..., 1:-1, 1:-1], by_sign)


def test_trained_latent_weights_begin_where_they_have_a_gradient():
    conv = BinaryConv2d(16, 8, 3, binarizer="trained")
    assert conv.weight.abs().max() <= 0.05 and conv.weight.std() > 0.025
    energy = (conv.binary_weight()[0] ** 2).sum().item()
    assert energy == pytest.approx(2), "as He's initialisation has it"


def test_the_penalty_moves_alpha_and_nothing_else():
    network = Architecture.uniform("mobilenet-8", block="mid", binarizer="trained")
    net = moved(seeded_build(network, 10, 0))
    recipe = Recipe(epochs=1, batch_size=1, learning_rate=0.125, scale_decay=1e9)
    training = Training(net, (), recipe=recipe, seed=0, device=torch.device("cpu"))
    before = {name: value.detach().clone() for name, value in net.named_parameters()}
    for value in net.parameters():
        value.grad = torch.zeros_like(value)
    training.optimizer.step()
    alphas = [name for name in before if name.endswith("alpha")]
    assert len(alphas) == 15
    for name, value in net.named_parameters():
        step = 0.125 * before[name].sign() if name in alphas else torch.zeros(())
        torch.testing.assert_close(value, before[name] - step, rtol=0, atol=1e-6 if name in alphas else 0)


@pytest.mark.parametrize("name", sorted(set(BINARIZERS) - {"trained"}))
def test_the_penalty_holds_nothing_without_trained_scales(name):
    net = seeded_build(Architecture.uniform("mobilenet-8", block="mid", binarizer=name), 10, 0)
    recipe = Recipe(epochs=1, batch_size=1, learning_rate=0.1, scale_decay=1e9)
    optimizer = Training(net, (), recipe=recipe, seed=0, device=torch.device("cpu")).optimizer
    (group,) = optimizer.param_groups
    assert group["weight_decay"] == 0
    assert sum(value.numel() for value in group["params"]) == sum(value.numel() for value in net.parameters())


@pytest.mark.parametrize(
    "network",
    [
        Architecture.uniform("mobilenet-8", block="mid", k=1, binarizer="trained"),
        Architecture.uniform("mobilenet-8", block="post", k=1, binarizer="react", activation="rprelu"),
        Architecture.of(
            "mobinet", "mobilenet-8", 0.75, {"block": "mid", "binarizer": "react", "layer1.binarizer": "trained"}
        ),
        Architecture.uniform("vgg-8", family="vgg-small", width=0.0625, binarizer="trained"),
        Architecture.uniform("meliusnet-8", family="meliusnet", width=0.25, groups=2),
        Architecture.uniform("meliusnet-8", family="meliusnet", width=0.25, binarizer="react"),
        Architecture.uniform("resnet-32", family="resnet", width=0.25, binarizer="trained", shortcut="binary"),
    ],
    ids=lambda network: f"{network.family} {network.describe()}",
)
def test_packed_to_the_bit_and_to_the_byte(network, tmp_path):
    net, x = moved(seeded_build(network, 5, 0)), torch.randn(4, *network.input_shape)
    with torch.no_grad():
        net(x)
        expected = net.eval()(x)
    data = dump_packed(net, network, 5, {})
    (tmp_path / "net.safetensors").write_bytes(data)
    loaded, _ = read_packed(tmp_path / "net.safetensors")
    with torch.no_grad():
        assert torch.equal(loaded(x), expected)
    assert len(data) - 8 - int.from_bytes(data[:8], "little") == cost(network, 5).bytes


def test_rprelu_is_the_formula():
    layer = moved(RPReLU(3).double())
    layer.prelu.weight.data = torch.tensor([0.25, -0.5, 1.5]).double()
    gamma, zeta = (value.detach().numpy().ravel() for value in (layer.before, layer.after))
    x = noise(2, 3, 20, 4).requires_grad_()
    x.data[0, :, 0, 0] = torch.from_numpy(gamma)
    upstream = noise(2, 3, 20, 4, seed=1)
    y = layer(x)
    y.backward(upstream)
    for c, slope in enumerate((0.25, -0.5, 1.5)):
        values, up = x[:, c].detach().numpy(), upstream[:, c].numpy()
        over = values > gamma[c]
        below = values - gamma[c]
        np.testing.assert_allclose(y[:, c].detach(), np.where(over, below, slope * below) + zeta[c])
        passed = up * np.where(over, 1, slope)
        np.testing.assert_allclose(x.grad[:, c], passed)
        assert layer.before.grad[0, c].item() == pytest.approx(-passed.sum())
        assert layer.after.grad[0, c].item() == pytest.approx(up.sum())
        assert layer.prelu.weight.grad[c].item() == pytest.approx((up * below)[~over].sum())


def test_rprelu_in_a_network_has_three_values_a_channel():
    plain, shifted = (Architecture.uniform("mobilenet-8", activation=name) for name in ("relu", "rprelu"))
    channels = sum(conv.weight.shape[0] for conv in build(plain, 3).modules() if isinstance(conv, BinaryConv2d))
    assert cost(shifted, 3).params - cost(plain, 3).params == 3 * channels
    assert cost(shifted, 3).ops == cost(plain, 3).ops
