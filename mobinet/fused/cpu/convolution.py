"""The binary convolution of a batch, on the CPU."""

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor

from mobinet.fused.cpu import passes, routes
from mobinet.fused.cpu.library import convolve_by_library, pass_back_by_library
from mobinet.fused.cpu.memory import per_channel
from mobinet.fused.cpu.records import Gradients, Norm, Output, Signed
from mobinet.fused.cpu.team import edges_of, share
from mobinet.fused.cpu.weights import binarise, join_affine, latent_gradient
from mobinet.fused.spec import Parameters, UnitSpec

CHUNK_VALUES = 1 << 18
"""Inputs and outputs that go backward at a time, so that they stay in the cache."""


class Convolution:
    """The binary convolution of a batch, by the fastest known routes.

    It is one of signs: the whole numbers that come out, kept as int16, are exact and still to be multiplied by alpha.

    Args:
        x: the input, (N, H, W, I).
        parameters: the weight is latent, or +-alpha, (O, I / groups, k, k).
        spec: of the unit.
    """

    def __init__(self, x: ndarray, parameters: Parameters, spec: UnitSpec) -> None:
        weight = parameters.weight.numpy()
        n, h, w, inputs = x.shape
        filters, members, size, _ = weight.shape
        values = h * w * (inputs + filters)
        self.spec, self.weight_shape = spec, weight.shape
        self.latent = self.binary = weight.reshape(filters, -1)
        if spec.weight:
            self.binary = np.empty_like(self.latent)
            binarise(self.latent, spec.weight.scaled, self.binary)
        self.shift = per_channel(parameters.shift, inputs)
        self.output = Output(np.empty((n, h, w, filters), np.int16), np.empty((3, filters), np.float32))
        before, slope = per_channel(parameters.before, filters), per_channel(parameters.slope, filters)
        join_affine(self.binary, before, slope, self.output.affine)
        self.edges = edges_of(n, values)
        self.images = min(n, max(1, CHUNK_VALUES // values))
        self.route = routes.forward_route(size, members, w)
        self.route_back = routes.backward_route(size, members, spec.groups, filters, w)

    def forward(self, x: ndarray, slot_moments: ndarray) -> None:
        """The output of the signs of x, and slot_moments, (slots, 3, O) or empty, its moments after PReLU."""
        signed = self._signed(x)
        if self.route == routes.LIBRARY:
            share(convolve_by_library, self.edges, signed, self._signs_of_weight(), self.spec, self.output)
        share(passes.convolve, self.edges, self.route, signed, self.binary, self.output, slot_moments)

    def backward(self, x: ndarray, g: ndarray, norm: Norm, norm_sums: ndarray, gradients: Gradients) -> None:
        """See `passes.pass_back`."""
        given = g, self.output, norm, norm_sums, self._signed(x), gradients
        if self.route_back == routes.LIBRARY:
            weight = torch.from_numpy(self.binary).view(self.weight_shape)
            share(pass_back_by_library, self.edges, self.images, weight, self.spec, *given)
        else:
            share(passes.pass_back, self.edges, self.images, self.route_back, self.binary, *given)

    def weight_gradient(self, gradient: ndarray) -> Tensor:
        """From the gradient of the binary weights, (O, n), to that of the weights that the unit has."""
        if rule := self.spec.weight:
            latent_gradient(gradient, self.latent, self.binary, rule.surrogate, rule.through_scale)
        return torch.from_numpy(gradient.reshape(self.weight_shape))

    def _signed(self, x: ndarray) -> Signed:
        return Signed(x, self.shift, self.spec.low, self.spec.surrogate)

    def _signs_of_weight(self) -> Tensor:
        return torch.from_numpy(np.sign(self.binary)).view(self.weight_shape)
