"""Write the tables and the report of a run again, from its study.

    python -m search.refresh runs/digits

`results.report` does so where the study has trials that the tables lack, as after a search that was killed.
"""

import argparse
from functools import partial
from pathlib import Path

from results.run_config import read_config
from space import InputError, load_space
from space.command import Parser, run_command, user_path
from space.objective import OBJECTIVES


def refresh(folder: Path) -> None:
    """Raises InputError where a search is at work in `folder`, or it holds no study of the space it names."""
    import optuna

    from mobinet import cost  # which loads torch
    from search.evaluators import EVALUATORS
    from search.outputs import Outputs
    from search.study.study import Study

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    config = read_config(folder)
    space = load_space(
        config.space or config.family, backbone=config.backbone, width=config.width, binarizer=config.binarizer
    )
    if space.choices != config.genes:
        raise InputError(f"{config.space} was changed since the search in {folder} began; put it back")
    study = Study(
        folder,
        space=space,
        count=partial(cost, num_classes=config.num_classes),
        objective=OBJECTIVES[config.objective],
        limit=config.max_ops,
        sampler=config.sampler,
        seed=config.seed,
    )
    Outputs(folder, study, config, noisy=EVALUATORS[config.evaluator].noisy).write()
    study.close()


def main() -> None:
    parser = Parser(
        prog="python -m search.refresh", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=user_path, help="folder of the run, such as runs/digits")
    folder = parser.parse_args().run
    refresh(folder)
    print(f"wrote the tables in {folder}")


if __name__ == "__main__":
    run_command(main)
