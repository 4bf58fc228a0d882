"""Measure how long the networks of a space take on a device.

    python -m mobinet.latency --out here.csv --backbone mobilenet-32 --width 0.25
    mobinas search --dataset cifar10 --width 0.25 --cost latency --latency here.csv

Each piece that a network of the space can contain is timed once, in networks that contain it, as exported C. Then
MobileNet-v1 in onnxruntime is timed, where that is installed, and ten whole networks, to correct the sums.
The table is written after each network. To resume a stopped command, run it again.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from random import Random
from statistics import median
from typing import IO, Any

import numpy as np

from mobinet.export.memory import untrained
from mobinet.latency.device import TARGETS, Device, machine_name
from mobinet.latency.peers import measure_peers
from mobinet.latency.table import (
    TAU,
    WHOLE,
    LatencyTable,
    kernels_digest,
    name_of_check,
    piece_names,
    pieces_digest,
    read_table,
)
from space import Architecture, InputError, SearchSpace, load_space
from space.chain import Combination
from space.command import Parser, run_command, user_path
from space.family import MOST_CLASSES
from space.lock import hold
from space.objective import OBJECTIVES
from space.shares import ways_through

WHOLES, SAMPLE = 10, 50


def parse() -> argparse.Namespace:
    parser = Parser(prog="python -m mobinet.latency", description=__doc__)
    parser.add_argument("--out", type=user_path, required=True, help="the table to write, or to continue: a .csv")
    parser.add_argument("--space", default="mobinet", help="as of search.run (default: mobinet)")
    parser.add_argument("--backbone", required=True, help="as of search.run, such as mobilenet-32")
    parser.add_argument("--width", type=float, default=1.0, help="as of search.run (default: 1)")
    parser.add_argument("--binarizer", help="as of search.run")
    parser.add_argument("--classes", type=int, default=10, help="of the data set (default: 10)")
    known = ", ".join(TARGETS)
    parser.add_argument("--target", default="here", help=f"name of the device: {known}, or your own with --run")
    parser.add_argument("--cc", help="compiler for the device, with flags (default: cc -std=gnu99 -O3 -march=native)")
    parser.add_argument(
        "--run", help="shell command that runs the program {}, such as 'scp {} pi:/tmp/p && ssh pi /tmp/p'"
    )
    return parser.parse_args()


def device_of(args: argparse.Namespace) -> Device:
    """Raises InputError."""
    if args.target not in TARGETS and not args.run:
        raise InputError(f"--target {args.target} is not known ({', '.join(TARGETS)}); say with --run how to run on it")
    device = TARGETS.get(args.target, TARGETS["here"])()
    if args.cc:
        device = replace(device, compiler=args.cc)
    if args.run:
        if "{}" not in args.run:
            raise InputError("--run needs {} where the program's path belongs")
        device = replace(device, run=args.run, machine=f"{args.target}, run from {machine_name()}")
    device.require()
    return device


def to_measure(space: SearchSpace, num_classes: int) -> Iterator[Architecture]:
    """Networks that together contain every piece of the space."""
    first = space.first_choices
    seen = set(piece_names(space.architecture(first), num_classes))
    rows: list[list[Combination]] = [[] for _ in space.chain.groups]
    for group, choices in ways_through(space, first):
        names = set(piece_names(space.architecture({**first, **dict(choices)}), num_classes))
        if not names <= seen:
            seen |= names
            rows[group].append(choices)
    yield space.architecture(first)
    coupled = space.chain.coupled
    together = [[choices] for row in rows for choices in row] if coupled else zip_longest(*rows, fillvalue=())
    for several in together:
        changed = {name: choice for choices in several for name, choice in choices if coupled or choice != first[name]}
        yield space.architecture({**first, **changed})


def open_table(path: Path, target: str, device: Device) -> LatencyTable:
    """The table to continue, or a new one. Raises InputError: it is of another device or compiler."""
    new = LatencyTable(
        target=target,
        machine=device.machine,
        unit=device.unit,
        kernels=kernels_digest(),
        compiler=device.compiled_by(),
        path=path,
    )
    if not path.exists():
        return new
    table = read_table(path)
    for what in ("target", "machine", "unit", "compiler"):
        if (there := getattr(table, what)) != (here := getattr(new, what)):
            raise InputError(f"{path} is of the {what} {there}, not {here}; write to another --out")
    return table


def locked(path: Path) -> IO[str]:
    """What keeps other processes from the table until it is closed. Raises InputError: one is at work on it."""
    held = hold(path.with_name(f".{path.name}.lock"))
    if held is None:
        raise InputError(f"another process measures {path}; wait for it, or write to another --out")
    return held


def names_of_checks(space: SearchSpace, num_classes: int) -> tuple[str, str]:
    """Of the rows with what sums are multiplied by, and with how well they order networks."""
    own = space.backbone, space.width, pieces_digest(space, num_classes)
    return name_of_check(WHOLE, *own), name_of_check(TAU, *own)


def check_sums(table: LatencyTable, device: Device, space: SearchSpace, num_classes: int) -> str:
    """Time whole networks from the fastest to the slowest, note how they compare with the sums, and say so."""
    from scipy.stats import kendalltau

    correction, agreement = names_of_checks(space, num_classes)
    rng = Random(0)
    drawn = {network.key: network for network in (space.sample(rng) for _ in range(SAMPLE))}.values()
    ranked = sorted(drawn, key=lambda network: table.sum(network, num_classes))
    spread = [ranked[round(place)] for place in np.linspace(0, len(ranked) - 1, min(WHOLES, len(ranked)))]
    sums = [table.sum(network, num_classes) for network in spread]
    wholes = [device.measure(untrained(network, num_classes), whole=True)[0] for network in spread]
    ratios = sorted(whole / total for whole, total in zip(wholes, sums))
    table.values[correction] = median(ratios)
    result: Any = kendalltau(sums, wholes)
    tau = float(result.statistic)
    if tau == tau:
        table.values[agreement] = tau
    table.write()
    return (
        f"{len(ratios)} whole networks take {table.values[correction]:.2f} times the sum of their pieces "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f}), by which sums are corrected; Kendall's tau between both is {tau:.2f}"
    )


def main() -> None:
    args = parse()
    device = device_of(args)
    if not 2 <= args.classes <= MOST_CLASSES:
        raise InputError(f"--classes is from 2 to {MOST_CLASSES}")
    if not args.out.absolute().parent.is_dir():
        raise InputError(f"{args.out.absolute().parent} is not a folder")
    if args.out.is_dir():
        raise InputError(f"{args.out} is a folder; name a file in it")
    if args.out.suffix != ".csv":
        raise InputError(f"{args.out} does not end in .csv")
    space = load_space(args.space, backbone=args.backbone, width=args.width, binarizer=args.binarizer)
    with locked(args.out):
        measure(args, space, device)


def measure(args: argparse.Namespace, space: SearchSpace, device: Device) -> None:
    """Fill the table."""
    table = open_table(args.out, args.target, device)
    print(f"collecting the pieces of {space.family} on {space.backbone} at width {space.width:g}", flush=True)
    networks = list(to_measure(space, args.classes))
    checks = names_of_checks(space, args.classes)
    if checks[0] in table.values and not any(table.missing(network, args.classes) for network in networks):
        print(f"{args.out} has all of them already")
        return
    for check in checks:
        table.values.pop(check, None)  # until whole networks are timed again, the table is not finished
    for number, network in enumerate(networks, 1):
        if table.missing(network, args.classes):
            values = device.measure(untrained(network, args.classes))
            table.values |= dict(zip(piece_names(network, args.classes), values))
            table.write()
            print(f"network {number} of {len(networks)}: {len(table.values)} pieces so far", flush=True)
    if args.target == "here" and not args.run:
        table.values |= (peers := measure_peers(space, args.classes))
        table.write()
        for name, value in peers.items():
            print(f"{name}: {OBJECTIVES['latency'].show(value)}")
    print(check_sums(table, device, space, args.classes))  # last, since a table that has it is finished
    print(f"wrote {args.out}")


if __name__ == "__main__":
    run_command(main, resumes=True)
