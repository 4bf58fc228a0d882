"""Every Triton kernel, compiled ahead of time for real GPUs through the module's own launches: no GPU is needed.

What a kernel computes is tested in `test_cuda.py`; here, that it compiles, keeps what it holds in registers, and moves
activations in wide words.
"""

import re
import subprocess
import tempfile
from typing import NamedTuple
from unittest.mock import patch

import pytest
import torch

from mobinet.fused.spec import Parameters, UnitSpec, WeightRule

triton = pytest.importorskip("triton", reason="there is no Triton")

from triton.backends.compiler import GPUTarget  # noqa: E402
from triton.backends.driver import DriverBase  # noqa: E402
from triton.backends.nvidia.compiler import get_ptxas  # noqa: E402
from triton.runtime import driver  # noqa: E402

from mobinet.fused import cuda  # noqa: E402

KERNELS = {
    *("binarise", "signs", "moments", "statistics", "normalise"),
    *("norm_gradients", "conv_gradient", "latent_gradient", "input_gradient"),
}
SMALL = {"binarise", "latent_gradient", "statistics"}
"""They read weights and sums, of which there are few."""
WRITE = {"signs", "normalise", "conv_gradient", "input_gradient"}
"""They write activations or their gradients."""
PRODUCT, GROUPED, EIGHT, ODD = (32, 64, 1, 1), (32, 32, 3, 8), (8, 8, 3, 1), (1, 2, 1, 1)
"""Channels in and out, size and groups of a convolution; the last one's unit has neither shift nor slopes."""
SPILLED = 16
"""Bytes that a thread may keep in memory for want of registers."""


class Compiled(NamedTuple):
    name: str
    spilled_bytes: int
    widest_load: int
    widest_store: int


class AheadOfTime(DriverBase):
    """A driver for a GPU that is not there."""

    def __init__(self, arch: int) -> None:
        self.target = GPUTarget("cuda", arch, 32)

    @classmethod
    def is_active(cls):
        return True

    def get_current_target(self):
        return self.target

    def get_current_device(self):
        return self.target.arch

    def get_current_stream(self, device):
        return 0

    def get_active_torch_device(self):
        return torch.device("cpu")

    def map_python_to_cpp_type(self, ty):
        return ty

    def get_benchmarker(self):
        raise NotImplementedError


def unit(inputs: int, outputs: int, size: int, groups: int, dtype: torch.dtype):
    x = torch.zeros(8, inputs, 8, 8, dtype=dtype).contiguous(memory_format=torch.channels_last)
    weight = torch.zeros(outputs, inputs // groups, size, size)
    own = (None,) * 3 if inputs == 1 else (torch.ones(inputs), torch.ones(outputs), torch.ones(outputs))
    each = [*own, *(torch.ones(outputs) for _ in range(4)), torch.tensor(0)]
    rule = WeightRule((1.0, 0.0, 1.0, 0.0, 0.0), True, True)
    return (
        x,
        Parameters(weight, *each),
        UnitSpec((2.0, 4.0, 0.4, 0.4, 1.0), -1.0, inputs, groups, size // 2, 1e-5, 0.1, rule),
    )


def ptxas(ptx: str, arch: int) -> str:
    """What NVIDIA's assembler says of a kernel."""
    with tempfile.NamedTemporaryFile("w", suffix=".ptx") as file:
        file.write(ptx)
        file.flush()
        (gpu,) = re.findall(r"^\.target\s+(\w+)", ptx, re.MULTILINE)
        command = [get_ptxas(arch).path, "-v", f"--gpu-name={gpu}", file.name, "-o", "/dev/null"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stderr


def widest(ptx: str, kind: str) -> int:
    """Bits of the widest access to global memory."""
    found = re.findall(rf"\b{kind}\.global\S*?(?:\.v(\d))?\.[bfsu](\d+)\b", ptx)
    return max(int(count or 1) * int(bits) for count, bits in found)


def compiled_for(arch: int, dtype: torch.dtype, convolution: tuple[int, int, int, int]) -> list[Compiled]:
    """All kernels of a training step and an evaluation of a unit, with few blocks and with many."""
    found, run = {}, triton.JITFunction.run

    def compile_only(kernel, *args, grid, warmup, **settings):
        compiled = run(kernel, *args, grid=grid, warmup=True, **settings)
        found[compiled.hash] = kernel.__name__, compiled

    compiles_only = patch.object(triton.JITFunction, "run", compile_only)
    with compiles_only, patch.object(driver, "_active", AheadOfTime(arch)):
        x, parameters, spec = unit(*convolution, dtype)
        for few in (True, False):
            with patch.object(cuda.unit, "is_few", lambda parts, few=few: few):
                out, saved, others = cuda.forward(x, parameters, spec)
                cuda.backward(saved, others, torch.ones_like(out), spec)
        cuda.evaluate(x, parameters, spec)
        joined = cuda.Joined([parameters.weight, parameters.weight])
        latent = joined.join([parameters.weight, parameters.weight])
        binary, alphas = cuda.binarised(latent, spec.weight, dtype, joined.table)
        cuda.latent_gradient_of(binary, latent, alphas, spec.weight, joined.table)
    kernels = []
    for name, kernel in found.values():
        ptx = kernel.asm["ptx"]
        (spilled,) = re.findall(r"(\d+) bytes spill stores", ptxas(ptx, arch))
        kernels.append(Compiled(name, int(spilled), widest(ptx, "ld"), widest(ptx, "st")))
    return kernels


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("arch", [80, 90])
@pytest.mark.parametrize("convolution", [PRODUCT, EIGHT], ids=str)
def test_every_kernel_compiles_without_spills_and_with_wide_loads(arch, dtype, convolution):
    kernels = compiled_for(arch, dtype, convolution)
    assert {kernel.name for kernel in kernels} == KERNELS
    assert [kernel for kernel in kernels if kernel.spilled_bytes > SPILLED] == []
    assert [kernel for kernel in kernels if kernel.name not in SMALL and kernel.widest_load < 128] == []
    assert {kernel.name for kernel in kernels if kernel.widest_store == 128} == WRITE


@pytest.mark.parametrize("convolution", [GROUPED, ODD], ids=str)
def test_other_convolutions_compile_too(convolution):
    kernels = compiled_for(90, torch.bfloat16, convolution)
    assert {kernel.name for kernel in kernels} == KERNELS
    assert [kernel for kernel in kernels if kernel.spilled_bytes > SPILLED] == []
