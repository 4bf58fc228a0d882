"""A device that is simulated on the CPU, see `sim_device.cpp`.

PyTorch registers one for good, so it belongs into a process of its own.
"""

import subprocess
from pathlib import Path

import torch
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend
from torch.utils.cpp_extension import include_paths

SOURCE = Path(__file__).with_suffix(".cpp")


def build(folder: Path) -> Path:
    """Compile it with g++; takes some seconds."""
    torch_libraries, library = Path(torch.__file__).parent / "lib", folder / "sim_device.so"
    headers = [f"-I{path}" for path in include_paths()]
    linked = [f"-L{torch_libraries}", "-ltorch_cpu", "-lc10", f"-Wl,-rpath,{torch_libraries}"]
    command = ["g++", "-O0", "-std=c++20", "-shared", "-fPIC", *headers, str(SOURCE), "-o", str(library), *linked]
    subprocess.run(command, check=True)
    return library


def register(library: Path) -> None:
    """From here on this process has the device ``sim``."""
    torch.set_num_threads(1)
    _setup_privateuseone_for_python_backend("sim")
    torch.ops.load_library(library)
