"""A table of latencies: what each piece of the networks of a space takes on one device."""

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files as resources
from math import inf
from pathlib import Path

from mobinet.export.c.folder import KERNELS
from mobinet.export.memory import exported_pieces
from mobinet.export.pieces import Piece
from mobinet.export.steps import BinaryConv, Conv, Shape
from space import Architecture, InputError, SearchSpace
from space.reading import read_input
from space.shares import ways_through
from space.writing import write_atomic

HEAD = ("target", "machine", "unit", "kernels", "compiler")
COLUMNS = (*HEAD, "piece", "value")
WHOLE = "a whole network, per sum of its pieces"
TAU = "Kendall's tau between wholes and sums"
PEER = "MobileNet-v1 in "
UNITS = {"s": "s", "instructions": "instr"}
"""What is measured, and what stands behind a number of it."""


@dataclass(kw_only=True)
class LatencyTable:
    """What was measured on one device.

    Args:
        target: its name.
        machine: on which the program ran, as that or its user names it.
        unit: of the values.
        kernels: the digest of the C code that ran, see `kernels_digest`.
        compiler: its command and its version.
        values: of each piece by its name, `name_of`.
        path: where it lies.
    """

    target: str
    machine: str
    unit: str
    kernels: str
    compiler: str
    path: Path
    values: dict[str, float] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Of an axis."""
        return f"{'instructions' if self.unit == 'instructions' else 'latency (s)'} on {self.target}"

    def missing(self, architecture: Architecture, num_classes: int) -> list[str]:
        """Names of the pieces that were not measured."""
        return [name for name in piece_names(architecture, num_classes) if name not in self.values]

    def latency(self, architecture: Architecture, num_classes: int, pieces: str = "") -> float:
        """The sum over its pieces, corrected as whole networks were measured.

        Raises InputError: a piece is missing, or no whole network was measured.

        Args:
            architecture: a network.
            num_classes: that it tells apart.
            pieces: the `pieces_digest` of its space; empty for that of the one space that was measured.
        """
        total = self.sum(architecture, num_classes)
        correction = self.row_of(WHOLE, architecture.backbone, architecture.width, pieces)
        if not correction:
            raise InputError(
                f"{self.path} is not finished for {architecture.backbone} at width {architecture.width:g}; repeat "
                "mobinas latency for this space"
            )
        return total * self.values[correction]

    def row_of(self, kind: str, backbone: str, width: float, pieces: str) -> str:
        """The name of the row `WHOLE` or `TAU` of a space; empty where there is none.

        That of the space with these pieces or, where whole networks of one space only were measured, which may contain
        this one, of that.
        """
        exact, any_of = name_of_check(kind, backbone, width, pieces), name_of_check(kind, backbone, width, "")
        found = [name for name in self.values if name.startswith(any_of)]
        return exact if exact in found else found[0] if len(found) == 1 else ""

    def sum(self, architecture: Architecture, num_classes: int) -> float:
        """Over its pieces. Raises InputError: one is missing."""
        try:
            return sum(self.values[name] for name in piece_names(architecture, num_classes))
        except KeyError as error:
            raise InputError(
                f"{self.path} lacks a piece of these networks ({error.args[0]}); repeat mobinas latency for their space"
            ) from None

    def write(self) -> None:
        """All rows."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        head = [getattr(self, name) for name in HEAD]
        writer.writerows((*head, name, f"{value:.9g}") for name, value in self.values.items())
        write_atomic(self.path, text.getvalue())


def name_of_check(kind: str, backbone: str, width: float, pieces: str) -> str:
    """Of a row with what sums are multiplied by, `WHOLE`, or with how well they order networks, `TAU`.

    Args:
        kind: one of them.
        backbone, width: of a space.
        pieces: its `pieces_digest`.
    """
    return f"{kind}, {backbone} at width {width:g}, pieces {pieces}"


def pieces_digest(space: SearchSpace, num_classes: int) -> str:
    """Of the names of all pieces that its networks can contain."""
    names = {name for network in variants(space) for name in piece_names(network, num_classes)}
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()[:8]


def name_of_peer(kind: str, space: SearchSpace) -> str:
    """Of the row with what MobileNet-v1 takes on the backbone of a space."""
    return f"{PEER}{kind}, {space.backbone} at width {space.width:g}"


def read_table(path: Path | None) -> LatencyTable:
    """Raises InputError: there is none, it is damaged, or it is of other kernels."""
    if path is None:
        raise InputError("latency needs --latency TABLE, which mobinas latency measures")
    try:
        rows = [row for row in csv.reader(io.StringIO(read_input(path).lstrip("\ufeff"))) if row]
    except csv.Error as error:
        raise InputError(f"{path} is not a table of latencies: {error}") from None
    if not rows or tuple(rows[0]) != COLUMNS:
        raise InputError(f"{path} is not a table of latencies; its columns are {', '.join(COLUMNS)}")
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(COLUMNS):
            raise InputError(f"{path}, line {number}: not the {len(COLUMNS)} fields of a piece; the file was changed")
    heads = {tuple(row[:-2]) for row in rows[1:]}
    if len(heads) != 1:
        raise InputError(f"{path} has rows of {len(heads) or 'no'} devices; a table is of one")
    table = LatencyTable(**dict(zip(HEAD, heads.pop())), path=path)
    for number, row in enumerate(rows[1:], 2):
        try:
            *_, name, text = row
            value = float(text)
        except ValueError:
            raise InputError(f"{path}, line {number}: not a piece and its value; the file was changed") from None
        if name in table.values:
            raise InputError(f"{path}, line {number}: a second value of {name}")
        if not 0 < value < inf and not name.startswith(TAU):
            raise InputError(f"{path}, line {number}: {text} is no latency")
        table.values[name] = value
    if table.unit not in UNITS:
        raise InputError(f"{path} is in {table.unit!r}; a table is in {' or '.join(UNITS)}")
    if table.kernels != kernels_digest():
        raise InputError(f"{path} was measured with another version of the exported C; measure again, in a new table")
    return table


def latency_settings(path: Path | None, space: SearchSpace, num_classes: int) -> dict[str, str]:
    """What runs in `space` with the same latencies have in common. Raises as `read_table`."""
    table = read_table(path)
    correction = table.row_of(WHOLE, space.backbone, space.width, pieces_digest(space, num_classes))
    own = {correction, *(name for network in variants(space) for name in piece_names(network, num_classes))}
    values = [(name, table.values.get(name)) for name in sorted(own)]
    digest = hashlib.sha256(repr(values).encode()).hexdigest()[:16]
    return {
        "target": table.target,
        "machine": table.machine,
        "unit": UNITS[table.unit],
        "title": table.title,
        "values": digest,
    }


def peers_in(path: Path | None, space: SearchSpace) -> dict[str, float]:
    """What MobileNet-v1 took on the backbone of a space, where that was measured. Raises as `read_table`."""
    own = name_of_peer("", space)[len(PEER) :]
    rows = read_table(path).values.items()
    return {name.removesuffix(own): value for name, value in rows if name.startswith(PEER) and name.endswith(own)}


def variants(space: SearchSpace) -> Iterator[Architecture]:
    """Networks that together contain every piece of the space: the first, and those that differ from it in a group."""
    first = space.first_choices
    yield space.architecture(first)
    for _, choices in ways_through(space, first):
        yield space.architecture({**first, **dict(choices)})


def kernels_digest() -> str:
    """Of the C code that all exported networks share."""
    digest = hashlib.sha256()
    for name in KERNELS:
        digest.update((resources("mobinet.export.c") / name).read_bytes())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=100_000)
def piece_names(architecture: Architecture, num_classes: int) -> tuple[str, ...]:
    """Of the pieces that a network is executed in, in order. Raises InputError: it cannot be exported."""
    pieces, shapes = exported_pieces(architecture, num_classes)
    return tuple(name_of(piece, shapes) for piece in pieces)


def name_of(piece: Piece, shapes: list[Shape]) -> str:
    """What decides how long a piece takes, in words."""
    step = piece.head
    words = [type(step).__name__.lower() if step else "elementwise"]
    if (window := getattr(step, "window", None)) is not None:
        words.append(f"{window.size}x{window.size} stride {window.stride} padding {window.padding}")
    if isinstance(step, BinaryConv | Conv):
        words.append(f"{step.groups} groups")
    if isinstance(step, BinaryConv):
        words.append(f"from {step.low}{' with border' if step.low_border else ''}")
    kind = getattr(step, "kind", None)
    source, result = ("x".join(map(str, shape)) for shape in (shapes[piece.value], piece.shape))
    after = " ".join(type(each).__name__.lower() for each in piece.finish)
    return " ".join([*words, *([kind] if kind else []), source, "to", result, *(["then", after] if after else [])])
