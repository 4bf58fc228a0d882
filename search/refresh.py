"""Write the tables and the report of a run again, from its study.

    python -m search.refresh runs/digits

`results.report` does so where the study has trials that the tables lack, as after a search that was killed, and for
another cost.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from results.report import folder_of
from results.run_config import Reference, RunConfig, latencies_of, read_config
from space import InputError, SearchSpace, load_space
from space.command import Parser, add_own_family, run_command, user_path
from space.objective import OBJECTIVES
from space.own_file import SUFFIX, check_digests


def space_of(config: RunConfig, folder: Path) -> SearchSpace:
    """What the run in `folder` searches. Raises InputError where it names another space by now."""
    check_digests(config.digests, {"space": config.family}, folder)
    named = config.space if config.space and not config.space.endswith(SUFFIX) else config.family
    space = load_space(named, backbone=config.backbone, width=config.width, binarizer=config.binarizer)
    if named == config.family and config.genes.keys() <= {gene.name for gene in space.genes}:
        genes = tuple(gene.restrict(tuple(config.genes.get(gene.name, gene.choices))) for gene in space.genes)
        space = replace(space, genes=genes)  # as a script may have
    if space.choices != config.genes:
        raise InputError(f"{named} was changed since the search in {folder} began; put it back")
    return space


def refresh(folder: Path, *, cost: str | None = None, latencies: Path | None = None, out: Path | None = None) -> None:
    """Write them, by another `cost` to the folder `out`.

    Raises InputError where a search is at work in `folder`, or it holds no study of the space it names.
    """
    from mobinet.latency.table import latency_settings  # which loads torch

    config, target = read_config(folder), out or folder
    if not (folder / "study.db").exists():
        raise InputError(f"{folder} holds no study.db; give the folder of the search itself")
    if target != folder and (target / "study.db").exists():
        raise InputError(f"{target} is the folder of another search; use another --out")
    if bool(cost) != (target != folder):
        raise InputError("by another --cost, tables go to another folder; without it, to the run's own")
    space, latencies = space_of(config, folder), latencies or latencies_of(config, folder)
    latency = latency_settings(latencies, space, config.num_classes) if latencies else {}
    if cost != "latency" and latency and config.latency and latency["values"] != config.latency["values"]:
        raise InputError(f"{latencies} does not hold the latencies of the run; use it with --cost latency")
    if cost:
        config = by_another_cost(config, cost, space=space, latency=latency, latencies=latencies)
    write_again(folder, config, space=space, latencies=latencies, out=target)


def by_another_cost(
    config: RunConfig, cost: str, *, space: SearchSpace, latency: Mapping[str, Any], latencies: Path | None
) -> RunConfig:
    """The settings of the same search, had it minimised another cost.

    Args:
        config: the search's.
        cost: a name in `space.objective.OBJECTIVES`.
        space: what it searched.
        latency: what `mobinet.latency.table.latency_settings` says of the table `latencies`; empty without one.
    """
    from mobinet import cost as count_of  # which loads torch
    from mobinet.latency.table import peers_in
    from search.limits import objectives_of
    from space.bounds import extreme

    if latency and config.latency and latency["values"] != config.latency["values"]:  # a limit is of the run's own
        config = replace(config, limits={name: limit for name, limit in config.limits.items() if name != "latency"})
    classes = config.num_classes
    objective, _ = objectives_of(cost, config.all_limits, space=space, num_classes=classes, latencies=latencies)
    price = objective.price(partial(count_of, num_classes=classes))
    highest = price(extreme(space, price, most_expensive=True))
    return replace(
        config,
        objective=cost,
        latency_table=str(latencies) if latencies else None,
        latency=latency or config.latency,
        latency_peers=peers_in(latencies, space) if latencies else {},
        reference=Reference(
            accuracy=config.reference.accuracy, cost=min(config.all_limits.get(cost, highest), highest)
        ),
    )


def write_again(folder: Path, config: RunConfig, *, space: SearchSpace, latencies: Path | None, out: Path) -> None:
    """Write the tables and the report of the study in `folder` to `out`, where they are of `config`."""
    import optuna

    from mobinet import cost as count_of  # which loads torch
    from mobinet.cost import cost_of_parts
    from results.files import write_json
    from search.evaluators import is_noisy
    from search.limits import objectives_of
    from search.outputs import Outputs
    from search.study.study import Study

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    classes = config.num_classes
    objective, limits = objectives_of(
        config.objective, config.all_limits, space=space, num_classes=classes, latencies=latencies
    )
    study = Study(
        folder,
        space=space,
        count=partial(count_of, num_classes=classes),
        objective=objective,
        limits=limits,
        measure=config.measure,
        sampler=config.sampler,
        seed=config.seed,
    )
    with closing(study):
        if out != folder:
            write_json(out / "config.json", config.to_dict())
        parts = partial(cost_of_parts, num_classes=classes)
        Outputs(out, study, config, noisy=is_noisy(config), parts=parts).write()


def main() -> None:
    parser = Parser(prog="python -m search.refresh", description=__doc__)
    parser.add_argument("run", type=user_path, help="folder of the run, such as runs/digits")
    parser.add_argument("--cost", choices=OBJECTIVES, metavar="COST", help=f"one of {', '.join(OBJECTIVES)}")
    parser.add_argument("--latency", type=user_path, help="table of latencies that mobinas latency wrote")
    parser.add_argument("--out", type=user_path, help="folder to write to (default: the run's, or by-COST in it)")
    add_own_family(parser)
    args = parser.parse_args()
    out = args.out or (args.run / folder_of(args.cost, args.latency) if args.cost else args.run)
    refresh(args.run, cost=args.cost, latencies=args.latency, out=out)
    print(f"wrote the tables in {out}")


if __name__ == "__main__":
    run_command(main)
