"""The exported C, compiled for this machine and called from Python."""

import ctypes
import re
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.export import TrainedNetwork
from mobinet.export.c.folder import files
from space import InputError
from space.errors import first_line


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """A compiled network.

    Args:
        function: `network_bytes` of its network.h.
        arena: floats that it works in.
        classes: how many it has.
    """

    function: Callable[..., Any]
    arena: int
    classes: int

    def scores(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Of images, contiguous (N, H, W, C), (N, classes)."""
        found, arena = np.empty((len(images), self.classes), np.float32), np.empty(self.arena, np.float32)
        for image, scores in zip(images, found):
            self.call_of(image, scores, arena)()
        return found

    def call_of(
        self, image: NDArray[np.uint8], scores: NDArray[np.float32], arena: NDArray[np.float32]
    ) -> Callable[[], None]:
        """What computes the scores of `image` as often as it is called; it keeps none of the arrays alive."""
        places = [ctypes.c_void_p(array.ctypes.data) for array in (image, scores, arena)]
        return lambda: self.function(*places)


def compiled(network: TrainedNetwork, folder: Path, flags: str = "-march=native") -> Compiled:
    """Export the network to `folder`, which has to be new, and compile it there.

    Raises:
        InputError: it cannot be exported.
        OSError: there is no `make`.
        subprocess.CalledProcessError: there is no compiler, or it fails.
    """
    written = files(network)
    folder.mkdir(exist_ok=True)
    for name, content in written.items():
        (folder / name).write_bytes(content)
    (arena,) = re.findall(rb"#define NETWORK_ARENA (\d+)", written["network.h"])
    return Compiled(function=_library(folder, flags).network_bytes, arena=int(arena), classes=len(network.classes))


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A network as an export to C left it, compiled.

    Args:
        classes: name of each score.
        input_shape: (C, H, W) of the images.
        compiled: computes the scores.
    """

    classes: tuple[str, ...]
    input_shape: tuple[int, int, int]
    compiled: Compiled


def is_exported(path: Path) -> bool:
    """Whether a folder holds an export to C."""
    return all((path / name).is_file() for name in ("network.h", "network.c", "Makefile"))


def load_exported(folder: Path) -> Exported:
    """The network in a folder of ``mobinet.export --format c``, compiled in another folder.

    Raises:
        InputError: the folder was changed, or there is no compiler.
    """
    try:
        header = (folder / "network.h").read_text(encoding="utf-8")
        names = "ARENA", "CLASSES", "CHANNELS", "HEIGHT", "WIDTH"
        arena, classes, *shape = (int(re.findall(rf"#define NETWORK_{name} (\d+)", header)[0]) for name in names)
        with TemporaryDirectory() as copy:
            for path in (*folder.glob("*.h"), folder / "network.c", folder / "Makefile"):  # none that make has built
                shutil.copy(path, copy)
            library = _library(Path(copy), "-march=native")
        stated = (ctypes.c_char_p * classes).in_dll(library, "network_classes")
        channels, height, width = shape
        return Exported(
            classes=tuple((name or b"").decode("utf-8", "replace") for name in stated),
            input_shape=(channels, height, width),
            compiled=Compiled(function=library.network_bytes, arena=arena, classes=classes),
        )
    except subprocess.CalledProcessError as error:
        raise InputError(f"{folder} cannot be compiled: {compile_error(error.stderr)}") from None
    except (OSError, ValueError, IndexError) as error:
        raise InputError(f"{folder} cannot be compiled ({first_line(error)}); it needs make and a C compiler") from None


def _library(folder: Path, flags: str) -> ctypes.CDLL:
    command = ["make", "-s", "libnetwork.so", f"CFLAGS=-std=c99 -O3 {flags}"]
    subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=True)
    return ctypes.CDLL(str(folder / "libnetwork.so"))


def compile_error(said: str) -> str:
    """The line of what a compiler said that names the error."""
    lines = said.splitlines() or ["it does not say why"]
    return next((line for line in lines if "error" in line or "overflowed" in line), lines[0])


def scores(network: TrainedNetwork, images: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """See `mobinet.export.ExportFormat`; None where there is no compiler."""
    with TemporaryDirectory() as folder, suppress(OSError, subprocess.CalledProcessError):
        return compiled(network, Path(folder), "-O1 -march=native").scores(images)  # exact at every level
    return None
