"""Checkpoints: whole or absent, and nothing in them is executed."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import torch

from search.training import ranks
from space import InputError
from space.writing import write_atomic

MARK = b"mobinas:sha256:"


def save_checkpoint(path: Path, content: Any) -> None:
    """Write tensors and plain Python, and behind them, where torch does not look, their digest.

    Of several processes the first writes.
    """
    if ranks.rank() > 0:
        return
    buffer = io.BytesIO()
    torch.save(content, buffer)
    written = buffer.getvalue()
    write_atomic(path, written + MARK + hashlib.sha256(written).digest())


@contextmanager
def open_checkpoint(path: Path) -> Iterator[Any]:
    """What `save_checkpoint` wrote, on the CPU, while it is put to use; the first of several processes reads it.

    Raises:
        InputError: it cannot be read, is not as it was written, or does not fit.
    """
    again = f"remove {path.parent} to begin anew"
    try:
        content = ranks.from_first(lambda: _read(path))
    except Exception as error:  # torch raises many kinds on a damaged file
        raise InputError(f"{path} cannot be read ({type(error).__name__}); {again}") from None
    try:
        yield content
    except (torch.OutOfMemoryError, torch.AcceleratorError):
        raise
    except (KeyError, TypeError, AttributeError, RuntimeError, ValueError):
        raise InputError(f"{path} is damaged; {again}") from None


def _read(path: Path) -> Any:
    return torch.load(io.BytesIO(_verified(path.read_bytes())), map_location="cpu", weights_only=True)


def _verified(content: bytes) -> bytes:
    """What was written, without its digest. Earlier versions wrote none, but torch has each record's CRC-32 there."""
    written, mark, digest = content.rpartition(MARK)
    if not mark:
        with ZipFile(io.BytesIO(content)) as records:
            if damaged := records.testzip():
                raise ValueError(damaged)
        return content
    if digest != hashlib.sha256(written).digest():
        raise ValueError("another digest")
    return written
