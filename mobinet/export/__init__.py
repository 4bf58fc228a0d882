"""Export formats: from a trained network to files. `FORMATS` names them; a new one is a module and a line here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from space import Architecture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from mobinet.export.agreement import Agreement

__all__ = ["FORMATS", "STREAMS", "ExportFormat", "TrainedNetwork"]


STREAMS = {"float32": "exact", "float16": "rounded to half precision, which takes half the memory"}


@dataclass(frozen=True, kw_only=True)
class TrainedNetwork:
    """A network, and what its user needs beside it.

    Args:
        net: what `mobinet.build` built, trained.
        architecture: of which it is.
        classes: name of each output.
        mean, std: of each channel of the images, in 0..1, by which they are normalised.
        accuracy: on the test images, where it is known.
        short_side: pixels of the short side of a picture before the centre is cropped; None for the network's own size.
        stream: how the exported network stores values between layers, one of `STREAMS`.
        agreements: with PyTorch on test images, of each stream that was compared.
    """

    net: "nn.Module"
    architecture: Architecture
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    accuracy: float | None = None
    short_side: int | None = None
    stream: str = "float32"
    agreements: Mapping[str, "Agreement"] = field(default_factory=dict)

    @property
    def picture_side(self) -> int:
        """Pixels of the short side of any picture before the centre is cropped."""
        return self.short_side or max(self.architecture.input_shape[1:])


@dataclass(frozen=True, kw_only=True)
class ExportFormat:
    """A way to write a trained network.

    Args:
        summary: what it is for, in half a line.
        module: in this package; its function ``files`` makes from a `TrainedNetwork` the content of each file by name.
        streams: of `STREAMS`, those that it can be written with.
        runner: likewise; its function ``scores`` runs what the files hold, see `scores`. Empty where PyTorch does.
        mark: a file that each of its exports has, and what is in it: by that a later export knows what it may replace.
    """

    summary: str
    module: str
    streams: tuple[str, ...] = ("float32",)
    runner: str = ""
    mark: tuple[str, bytes] = ("", b"")

    def files(self, network: TrainedNetwork) -> dict[str, bytes]:
        """The content of each file by its name."""
        return import_module(f"{__name__}.{self.module}").files(network)

    def wrote(self, folder: Path) -> bool:
        """Whether a folder holds an export of this kind, of this version or of an earlier one."""
        name, content = self.mark
        return (folder / name).is_file() and content in (folder / name).read_bytes()

    def scores(self, network: TrainedNetwork, images: "NDArray[np.uint8]") -> "NDArray[np.float32] | None":
        """(N, classes), as what is exported computes them of images, (N, H, W, C); None where it cannot be run here."""
        return import_module(f"{__name__}.{self.runner}").scores(network, images) if self.runner else None


FORMATS = {
    "c": ExportFormat(
        summary="a folder of C99 that needs nothing else",
        module="c.folder",
        streams=tuple(STREAMS),
        runner="c.compiled",
        mark=("network.h", b"#define NETWORK_ARENA "),
    ),
    "onnx": ExportFormat(
        summary="one file of standard operators",
        module="onnx_model",
        runner="onnx_model",
        mark=("model.onnx", b"mobinas"),
    ),
    "safetensors": ExportFormat(
        summary="one file with 1-bit weights, for `mobinet.load_packed`",
        module="packed",
        mark=("model.safetensors", b'"num_classes":'),
    ),
    "wasm": ExportFormat(
        summary="WebAssembly, and a page that runs it",
        module="wasm.page",
        streams=tuple(STREAMS),
        runner="c.compiled",
        mark=("demo.html", b"network.network_image()"),
    ),
}
