"""The networks of the literature, counted, beside what their papers print.

    python -m results.zoo           a table for people
    python -m results.zoo --csv     the same for programs

Costs are of one 224x224 image in 1000 classes, VGG-Small's of a 32x32 image in 10. Each row follows its paper's
convention: MACs of convolutions with or without those of the classifier; megabytes are 2^20 bytes, 1 bit a binary
weight and 32 bits any other parameter, without running statistics and without scales.

All agree to the last printed digit but four of MoBiNet's, which differ by 0.01 M: its table cuts some digits off and
rounds others up.
"""

from collections.abc import Mapping
from decimal import Decimal

import pandas as pd

from results.published import read_published
from space import Architecture, named_network
from space.command import Parser, run_command
from space.cost import BINARY_PER_FLOAT
from space.family import family_names, find_family

PRINTED = {
    "params": 1,
    "params_m": 1e6,
    "binary_params": 1,
    "flops_m": 1e6,
    "bops_g": 1e9,
    "ops_m": 1e6,
    "megabytes": 2**20,
}
"""Columns of `results.published` that can be counted, and their units."""


def zoo_networks() -> dict[str, Architecture]:
    """Every network with a name, on its family's first backbone."""
    families = [find_family(name) for name in family_names()]
    shapes = {name: next(iter(family.backbones.values())) for family in families for name in family.named()}
    return {name: named_network(name, input_shape=shape) for name, shape in shapes.items()}


def zoo_table(networks: Mapping[str, Architecture], published: pd.DataFrame) -> pd.DataFrame:
    """One row a network: what is counted, then each printed figure with the difference, counted less printed.

    Args:
        networks: by name.
        published: as `results.published.read_published` returns it.
    """
    published = published.set_index("name")
    rows = []
    for name, network in networks.items():
        printed = published.loc[name] if name in published.index else pd.Series(dtype=str)
        rows.append(_row(name, network, printed))
    return pd.DataFrame(rows)


def _row(name: str, network: Architecture, printed: pd.Series) -> dict:
    from mobinet import cost  # which loads torch

    num_classes = 1000 if network.input_shape == (3, 224, 224) else 10
    counted = cost(network, num_classes)
    binary_params, scales, classifier = _weights(network, num_classes)
    row = {"name": name, "binary_params": binary_params, **counted.to_dict()}
    left_out = classifier if printed.get("convention") == "without classifier" else 0
    trained = counted.params - scales
    figures = {
        "params": trained,
        "params_m": trained,
        "binary_params": binary_params,
        "flops_m": counted.flops - left_out,
        "bops_g": counted.bops,
        "ops_m": counted.flops - left_out + counted.bops / BINARY_PER_FLOAT,
        "megabytes": 4 * (trained - binary_params) + binary_params / 8,
    }
    for column, unit in PRINTED.items():
        text = printed.get(column, "")
        row[f"printed_{column}"] = text
        row[f"difference_{column}"] = difference(figures[column] / unit, text) if text else ""
    return row | {column: printed.get(column, "") for column in ("top1", "top5", "convention", "source")}


def difference(counted: float, printed: str) -> str:
    """Counted, rounded to the digits that are printed, less what is printed."""
    return str(Decimal(repr(counted)).quantize(Decimal(printed)) - Decimal(printed))


def _weights(network: Architecture, num_classes: int) -> tuple[int, int, int]:
    """Binary weights, parameters that serve only to scale them, and MACs of the classifier."""
    import torch

    from mobinet import build
    from mobinet.conv import BinaryConv2d

    with torch.device("meta"):
        net = build(network, num_classes)
    convs = [module for module in net.modules() if isinstance(module, BinaryConv2d)]
    scales = sum(scale.numel() for conv in convs for scale in conv.binarizer.weight_scales())
    classifier = [module for module in net.modules() if isinstance(module, torch.nn.Linear)][-1]
    return sum(conv.weight.numel() for conv in convs), scales, classifier.weight.numel()


def zoo_text(table: pd.DataFrame) -> str:
    """The table for people: what is counted, then each printed figure and, in brackets, the difference."""
    counts = ("params M", "FLOPs M", "BOPs G", "OPs M", "packed MB")
    heads = ("network", *counts, "top-1", "printed by the paper (counted minus printed)")
    lines: list[tuple[str, ...]] = [heads]
    for row in table.to_dict("records"):
        printed = [
            f"{column.replace('_', ' ')} {row[f'printed_{column}']} ({float(row[f'difference_{column}']):+g})"
            for column in PRINTED
            if row[f"printed_{column}"]
        ]
        counted = [row["params"] / 1e6, row["flops"] / 1e6, row["bops"] / 1e9, row["ops"] / 1e6, row["bytes"] / 2**20]
        paper = "; ".join(filter(None, (", ".join(printed), row["convention"] if printed else "", row["source"])))
        lines.append((row["name"], *(f"{value:.2f}" for value in counted), row["top1"], paper))
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads) - 1)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *(t.rjust(w) for t, w in zip(line[1:-1], widths[1:])), line[-1]]).rstrip()
        for line in lines
    )


def main() -> None:
    parser = Parser(prog="python -m results.zoo", description=__doc__)
    parser.add_argument("--csv", action="store_true", help="all columns, for programs")
    args = parser.parse_args()
    table = zoo_table(zoo_networks(), read_published())
    print(table.to_csv(index=False) if args.csv else zoo_text(table))


if __name__ == "__main__":
    run_command(main)
