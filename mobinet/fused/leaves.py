"""What a unit holds, read where nn.Module keeps it: `nn.Module.__getattr__` would take a tenth of a small unit's time.

This is the only file that reads `_modules`, `_parameters` and `_buffers`. It reads them at every call, so that it sees
what `to`, `load_state_dict`, `pack_weights` and `torch.func.functional_call` put there.
"""

from typing import Any, NamedTuple

from torch import Tensor, nn


class Leaves(NamedTuple):
    """The modules of a `mobinet.unit.BinaryUnit`, and its tensors apart from those of its activation."""

    conv: Any
    binarizer: Any
    activation: Any
    norm: Any
    weight: Tensor
    scale: Tensor | None
    binary: Tensor | None
    shift: Tensor | None
    gain: Tensor | None
    gamma: Tensor
    beta: Tensor
    running_mean: Tensor
    running_var: Tensor
    batches: Tensor


def leaves_of(unit: nn.Module) -> Leaves:
    children: dict[str, Any] = unit._modules
    conv, activation, norm = children["conv"], children["activation"], children["norm"]
    binarizer: Any = conv._modules["binarizer"]
    bits, affine, running = binarizer._parameters, norm._parameters, norm._buffers
    return Leaves(
        conv,
        binarizer,
        activation,
        norm,
        conv._parameters["weight"],
        conv._buffers["scale"],
        conv.binary,
        bits["shift"],
        bits["gain"],
        affine["weight"],
        affine["bias"],
        running["running_mean"],
        running["running_var"],
        running["num_batches_tracked"],
    )


def slope_of(activation: nn.Module) -> Tensor | None:
    """Of an nn.PReLU; None where the activation is another."""
    return activation._parameters.get("weight")
