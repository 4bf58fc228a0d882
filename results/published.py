"""What papers report: costs and accuracies of networks, as printed."""

from pathlib import Path

import pandas as pd

from results.measures import ACCURACY, Measure
from space import InputError


def read_published() -> pd.DataFrame:
    """One row a network; every figure is the text its paper prints, empty where it prints none.

    Columns: ``name`` (a network of `space.named_network`, or any), ``dataset``, ``params``, ``params_m`` (millions),
    ``binary_params``, ``flops_m``, ``bops_g``, ``ops_m``, ``megabytes`` (2^20 bytes), ``top1``, ``top5`` (percent, on
    test images), ``convention`` (whether the costs include the classifier), ``source``.
    """
    return pd.read_csv(Path(__file__).with_name("published.csv"), dtype=str, keep_default_na=False)


def published_on(dataset: str, measure: Measure) -> pd.DataFrame:
    """The rows measured on a data set, by the name that papers call it, to be compared by a measure.

    Raises:
        InputError: there are none.
    """
    if measure is not ACCURACY:
        raise InputError(f"papers print accuracies, which do not compare with {measure.title}; leave out --published")
    rows = read_published()
    found = rows.loc[rows["dataset"] == dataset]
    if found.empty:
        raise InputError(
            f"no published results on {dataset}; there are some on {', '.join(sorted(set(rows['dataset'])))}"
        )
    return found
