"""Networks that a search trains first: those of a file, and the front of another run."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from results.files import read_json
from results.front import read_front
from results.run_config import read_config
from space import Architecture, InputError, SearchSpace
from space.gene import Choice, Gene


def networks_of(file: Path | None, run: Path | None, space: SearchSpace) -> tuple[Architecture, ...]:
    """Those of a file, then the front of a run, each network once; raises as `read_networks` and `front_of_run`."""
    return _distinct([*(read_networks(file, space) if file else ()), *(front_of_run(run, space) if run else ())])


def read_networks(path: Path, space: SearchSpace) -> tuple[Architecture, ...]:
    """The networks of a best.json, a pareto.json, or a list of such entries or of architectures, each once.

    Raises:
        InputError: the file holds something else, or a network that the space does not hold.
    """
    content = read_json(path)
    stated = content.get("front", [content]) if isinstance(content, dict) else content
    if not isinstance(stated, list) or not stated:
        raise InputError(f"{path} holds no networks; give a best.json, a pareto.json or a list of architectures")
    try:
        networks = [Architecture.from_dict(_architecture_in(entry)).canonical() for entry in stated]
        for network in networks:
            _check_place(network, space)
            space.spell(network)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return _distinct(networks)


def front_of_run(folder: Path, space: SearchSpace) -> tuple[Architecture, ...]:
    """The front of the run in `folder`, each network carried over to a space of the same family.

    Layers that the run's networks lack take the choices of their last one. A choice that the space does not offer
    becomes the nearest that it does. What still does not fit is left out.

    Raises:
        InputError: the folder holds no front, or one of another family.
    """
    config = read_config(folder)
    if config.family != space.family:
        raise InputError(
            f"{folder} is a search of {config.family}, and this is one of {space.family}; leave out --from"
        )
    carried = []
    for entry in read_front(folder / "pareto.json", config).entries:
        with suppress(InputError):
            carried.append(carried_over(entry.architecture, space))
    return _distinct(carried)


def carried_over(network: Architecture, space: SearchSpace) -> Architecture:
    """The network of `space` that is the most like `network`. Raises InputError where there is none."""
    last = {name.rpartition(".")[2]: choice for name, choice in network.effective.items()}
    choices: dict[str, Choice] = {}
    for gene in space.genes:
        own = network.choice_of(gene.name)
        choices[gene.name] = _nearest(gene, last.get(gene.kind) if own is None else own)
    found = space.architecture(choices)
    space.spell(found)
    return found


def _check_place(network: Architecture, space: SearchSpace) -> None:
    theirs, ours = ((each.family, each.backbone, each.width) for each in (network, space))
    if theirs != ours:
        there, here = (f"{family} on {backbone} at width {width:g}" for family, backbone, width in (theirs, ours))
        raise InputError(f"it is of {there}, this search of {here}; --from RUN takes the front of such a run over")


def _nearest(gene: Gene, wanted: Choice | None) -> Choice:
    if isinstance(wanted, int):
        return min(gene.choices, key=lambda choice: abs(choice - wanted) if isinstance(choice, int) else 0)
    return wanted if wanted in gene.choices else gene.choices[0]


def _architecture_in(entry: Any) -> Any:
    return entry["architecture"] if isinstance(entry, dict) and "architecture" in entry else entry


def _distinct(networks: Iterable[Architecture]) -> tuple[Architecture, ...]:
    return tuple({network.key: network for network in networks}.values())
