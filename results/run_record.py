"""What a finished or running search has left in its folder, as one record."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from results.curves import Curve, read_curves
from results.entry import Entry
from results.files import check_sums, read_json
from results.front import Front, read_front
from results.progress import Progress
from results.random_search import read_random
from results.retrained import Retrained, read_retrained
from results.run_config import RunConfig, read_config
from results.shares import Shares, read_shares
from results.tables import read_refused, read_trials
from space import InputError
from space.errors import first_line

LACKING = {
    "config.json": "{} is not the folder of a run: it lacks config.json",
    "trials.csv": "{} holds a run of which nothing is written yet; try again once its first trials have ended",
    "pareto.json": "{0} holds a run without a complete trial, see {0}/trials.csv, or its pareto.json was deleted",
    "best.json": "{} lacks best.json; to write it again, repeat the command of the search",
}


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """The files of a run, read.

    Args:
        folder: the run's.
        config: of config.json.
        trials: of trials.csv, one row a trial: `results.tables.COLUMNS`, then one column a gene.
        front: of pareto.json.
        best: of best.json.
        retrained: what networks of the run reached on the full schedule.
        refused: by number, why trials that another program queued have no network.
        curves: of retrainings, finished or not.
        shares: of the OPs of each network of the front, by key and part; empty in runs of earlier versions.
        random: how the front of random search would have grown; None where this is not known.
    """

    folder: Path
    config: RunConfig
    trials: pd.DataFrame
    front: Front
    best: Entry
    retrained: Retrained
    refused: Mapping[int, str] = field(default_factory=dict)
    curves: tuple[Curve, ...] = ()
    shares: Shares = field(default_factory=dict)
    random: Progress | None = None


def read_run(folder: Path) -> RunRecord:
    """Read the files of the run in `folder`.

    Raises:
        InputError: the folder holds no run, one in which nothing is complete yet, or files that were changed.
    """
    with reading(folder):
        check_files(folder, LACKING)
        config, trials = read_config(folder), read_trials(folder)
        return RunRecord(
            folder=folder,
            config=config,
            trials=trials,
            front=read_front(folder / "pareto.json", config),
            best=Entry.from_dict(read_json(folder / "best.json"), folder / "best.json"),
            retrained=read_retrained(folder, trials, config),
            refused=read_refused(folder),
            curves=read_curves(folder),
            shares=read_shares(folder),
            random=read_random(folder),
        )


def check_files(folder: Path, names: Iterable[str]) -> None:
    """Raises InputError where one of these files of a run is missing, or was changed since it was written."""
    for name in names:
        if not (folder / name).exists():
            raise InputError(LACKING[name].format(folder))
    check_sums(folder, *names)


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Within it, the files of a run are used; raises InputError where they hold what no run writes."""
    try:
        yield
    except InputError:
        raise
    except (OSError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"{folder} holds files that cannot be read as those of a run ({first_line(error)})") from None
