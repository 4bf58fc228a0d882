"""What did a search learn? The choices of the networks on its front, layer by layer.

    python -m benchmarks.retrained.learned benchmarks/tables/cifar10-front

Prints, for each layer, how often the front takes each block and pooling, and the mean and the largest K on it.
"""

from pathlib import Path

import pandas as pd

from results.run_config import read_config
from results.tables import completed, front_of, read_trials
from space import InputError
from space.command import Parser, run_command


def choices_text(front: pd.DataFrame) -> str:
    """A line a layer, of networks that have a column ``layerN.block`` for each layer."""
    lines = ["layer  mean K  largest  blocks and poolings"]
    for layer in [name.removesuffix(".block") for name in front if name.endswith(".block")]:
        k, shares = front[f"{layer}.k"], []
        for gene in (f"{layer}.block", f"{layer}.pool"):
            if gene in front:
                shares += [
                    f"{choice} {share:.0%}" for choice, share in front[gene].value_counts(normalize=True).items()
                ]
        lines.append(f"{layer.removeprefix('layer'):>5}  {k.mean():6.1f} {k.max():8}  {', '.join(shares)}")
    return "\n".join(lines)


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("run", type=Path, help="the folder of a search of mobinet that has ended")
    folder = parser.parse_args().run
    config, trials = read_config(folder), read_trials(folder)
    if config.family != "mobinet":
        raise InputError(f"{folder} is a search of {config.family}; this one needs mobinet")
    front = front_of(completed(trials), config.cost, config.measure)
    print(f"{len(front)} networks on the front of {folder}\n{choices_text(front)}")


if __name__ == "__main__":
    run_command(main)
