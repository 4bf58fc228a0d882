"""A GPU that is not there: tensors with a device, a shape and a type but no numbers, and a count of what it would do.

A mistake that raises on a GPU raises here: tensors of two devices in one operator, gradients of another type. C++'s
autograd refuses CUDA without a driver, so `backward` walks the graph in Python.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch._subclasses import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from mobinet import supernet
from mobinet.fused import ahead, cuda, dispatch
from mobinet.fused.cuda import unit, weights
from search.data import preparation
from search.training import precision

NO_KERNEL = {
    *("alias", "as_strided", "detach", "device", "expand", "is_pinned", "lift_fresh", "permute", "select", "set_"),
    *("slice", "split", "split_with_sizes", "squeeze", "t", "transpose", "unbind", "unsqueeze", "view", "_unsafe_view"),
    *(
        "empty",
        "empty_like",
        "empty_strided",
        "new_empty",
        "new_empty_strided",
        "resize_",
        "_reshape_alias",
        "diagonal",
    ),
}
"""Operators that only look, or only take memory."""
WAITING = {"_local_scalar_dense", "nonzero", "masked_select", "_unique2", "equal"}
"""Operators whose result the CPU waits for."""


@dataclass
class Seen:
    """Args:
    launches: kernels, by operator or name.
    waits: of the CPU for the GPU, by operator.
    """

    launches: Counter[str] = field(default_factory=Counter)
    waits: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        self.launches.clear()
        self.waits.clear()


class _Watch(TorchDispatchMode):
    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self._seen = seen

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name, kwargs = func.overloadpacket.__name__, kwargs or {}
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        on_gpu = any(tensor.device.type == "cuda" for tensor in tensors)
        if on_gpu and (name in WAITING or _by_mask(name, tensors)):
            self._seen.waits[name] += 1
        if name == "_local_scalar_dense":
            return {torch.bool: True, torch.long: 0}.get(tensors[0].dtype, 0.0)  # a check passes
        out = func(*args, **kwargs)
        devices = {tensor.device.type for tensor in (*tensors, *tree_leaves(out)) if isinstance(tensor, Tensor)}
        if "cuda" in devices:
            if name in ("_to_copy", "copy_") and len(devices) > 1 and not _asynchronous(name, args, kwargs):
                self._seen.waits[name] += 1
            if name not in NO_KERNEL:
                self._seen.launches[name] += 1
        return out


def _by_mask(name: str, tensors: Sequence[Tensor]) -> bool:
    return name.startswith("index") and any(tensor.dtype == torch.bool for tensor in tensors[1:])


def _asynchronous(name: str, args: Any, kwargs: Any) -> bool:
    """From pinned memory, which `pin_memory` below marks."""
    source = args[0] if name == "_to_copy" else args[1]
    return bool(kwargs.get("non_blocking")) and getattr(source, "is_marked_as_pinned", False)


def _pin_memory(tensor: Tensor) -> Tensor:
    pinned = tensor.clone()
    pinned.is_marked_as_pinned = True  # pyright: ignore[reportAttributeAccessIssue]
    return pinned


def _memory_format_of_convolution(x: Tensor, weight: Tensor, _: Any) -> torch.memory_format:
    """That of cuDNN's output and gradients."""
    last = any(tensor.is_contiguous(memory_format=torch.channels_last) for tensor in (x, weight))
    return torch.channels_last if last else torch.contiguous_format


@contextmanager
def fake_cuda() -> Iterator[Seen]:
    """Within it there are GPUs; networks are built under ``torch.device("cuda")``, for they cannot be moved."""
    seen = Seen()

    def launch_filters(kernel: Any, *arguments: Any, **__: Any) -> None:
        launch(kernel, None, *arguments)

    def launch(kernel: Any, _: Any, *arguments: Any, **__: Any) -> None:
        (device,) = {argument.device for argument in arguments if isinstance(argument, Tensor)}
        assert device.type == "cuda"
        seen.launches[kernel.__name__] += 1

    with ExitStack() as stack:
        for replaced in (
            patch.object(unit, "launch", launch),
            patch.object(weights, "launch_filters", launch_filters),
            patch.object(dispatch, "kernels", lambda device: cuda),
            patch.object(ahead, "kernels", lambda device: cuda),
            patch.object(Tensor, "backward", backward),
            patch.object(Tensor, "pin_memory", _pin_memory),
            patch.object(nn.Module, "to", lambda module, *_, **__: module),
            patch("torch.amp.autocast_mode.torch.cuda.amp.common.amp_definitely_not_available", lambda: False),
            patch.object(torch.cuda, "is_bf16_supported", lambda *_, **__: True),
            patch.object(precision, "_computes_in_bfloat16", lambda device: True),
            patch.object(torch._C, "_conv_determine_backend_memory_format", _memory_format_of_convolution),
        ):
            stack.enter_context(replaced)
        for cached in (preparation._constants, supernet._hollow):  # else tensors without numbers stay there
            cached.cache_clear()
            stack.callback(cached.cache_clear)
        stack.enter_context(FakeTensorMode(allow_non_fake_inputs=True))
        stack.enter_context(_Watch(seen))
        yield seen


def backward(root: Tensor, gradient: Tensor | None = None) -> None:
    """What `Tensor.backward` does."""
    gradients: dict[Any, dict[int, Tensor]] = defaultdict(dict)
    gradients[root.grad_fn][root.output_nr] = torch.ones_like(root) if gradient is None else gradient
    with torch.no_grad():
        for node in _sorted(root.grad_fn):
            incoming = gradients.pop(node, None)
            if incoming is None:
                continue
            if hasattr(node, "variable"):
                _give(node.variable, incoming[0])
                continue
            given = [incoming.get(index) for index in range(max(incoming) + 1)]
            found = node(*given) if callable(node) else node.apply(*given)
            found = found if isinstance(found, tuple) else (found,)
            edges = node.next_functions
            if hasattr(node, "needs_input_grad"):  # a Python function has edges for tensors only
                found = [g for g, needed in zip(found, node.needs_input_grad) if needed]
                edges = [edge for edge in edges if edge[0] is not None]
            for g, (following, index) in zip(found, edges):
                if following is not None and g is not None:
                    g = _fitting(g, following._input_metadata[index])
                    before = gradients[following].get(index)
                    gradients[following][index] = g if before is None else before + g


def _sorted(root: Any) -> list[Any]:
    """The nodes behind `root`, each before those that it leads to."""
    seen, order, stack = {root}, [], [(root, iter(root.next_functions))]
    while stack:
        node, edges = stack[-1]
        new = next((following for following, _ in edges if following is not None and following not in seen), None)
        if new is None:
            order.append(node)
            stack.pop()
        else:
            seen.add(new)
            stack.append((new, iter(new.next_functions)))
    return order[::-1]


def _fitting(gradient: Tensor, wanted: Any) -> Tensor:
    assert gradient.device == wanted.device, f"a gradient on {gradient.device} for {wanted.device}"
    if tuple(gradient.shape) != tuple(wanted.shape):
        gradient = gradient.sum_to_size(tuple(wanted.shape))
    return gradient.to(wanted.dtype)


def _give(variable: Tensor, gradient: Tensor) -> None:
    found, wanted = ((t.dtype, t.device, t.shape) for t in (gradient, variable))
    assert found == wanted, f"a gradient of {found} for {wanted}"
    variable.grad = gradient if variable.grad is None else variable.grad + gradient
