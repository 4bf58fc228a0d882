"""A small run to write tables and pages of."""

from itertools import product

import pandas as pd
import pytest

from results.files import write_json
from results.noise import Noise
from results.run_config import Reference, RunConfig
from results.tables import COLUMNS, write_tables
from space import Architecture

GENES = Architecture.uniform("mobilenet-8").choices


@pytest.fixture
def make_trials():
    """From (state, source, accuracy, ops) of each trial to a frame, with a network of its own for each."""

    def make(*rows, keys=None):
        networks = [
            {**GENES, "layer0.k": i, "layer2.k": j, "layer4.k": k} for i, j, k in product(range(3), range(4), range(5))
        ]
        return pd.DataFrame(
            [
                {
                    "number": number,
                    "state": state,
                    "source": source,
                    "key": keys[number] if keys else f"{number:011x}a",
                    "accuracy": accuracy,
                    "ops": ops,
                    **dict(flops=int(ops) - 100, bops=6400 + int(64 * (ops % 1)), padded_bops=64000),
                    **dict(elementwise=7, params=12345, bytes=678),
                    "epochs": 3 if state == "complete" else None,
                    "seconds": 0.5 if state == "complete" else None,
                    "reason": "ValueError: broken" if state == "failed" else "",
                    **genes,
                }
                for number, ((state, source, accuracy, ops), genes) in enumerate(zip(rows, networks))
            ],
            columns=[*COLUMNS, *GENES],
        )

    return make


@pytest.fixture
def trials(make_trials):
    """Six complete trials, three of them on the front, and a failed one."""
    return make_trials(
        ("complete", "baseline", 0.80, 3000.0),
        ("complete", "baseline", 0.70, 2000.5),
        ("complete", "sampler", 0.90, 4000.0),
        ("complete", "sampler", 0.85, 5000.0),
        ("failed", "sampler", None, 1000.0),
        ("complete", "sampler", 0.60, 2500.0),
        ("complete", "sampler", 0.70, 2000.5),
    )


@pytest.fixture
def config():
    return RunConfig(
        dataset="digits",
        published_as="digits",
        data_dir="data",
        validation=0.4,
        recipe={"epochs": 3},
        seed=0,
        device="cpu",
        num_classes=10,
        train_images=898,
        validation_images=599,
        fingerprint="0123456789abcdef",
        family="mobinet",
        backbone="mobilenet-8",
        width=1.0,
        genes={name: [choice] for name, choice in GENES.items()},
        networks=123456,
        sampler="tpe",
        reference=Reference(accuracy=0.1, cost=10000.0),
    )


@pytest.fixture
def run_folder(tmp_path, trials, config):
    """What a finished search leaves, but for the report."""
    write_json(tmp_path / "config.json", config.to_dict())
    write_tables(tmp_path, trials, config, Noise(std=0.0123, pairs=8))
    return tmp_path


@pytest.fixture
def retrain(run_folder, trials):
    """Leave in the run's folder what a retraining of its trial `number` does, but for `changes`; return the file."""

    def leave(number, validation=0.9, test=0.9, **changes):
        key = trials.loc[number, "key"]
        summary = {"key": key, "dataset": "digits", "epochs": 60, "cost": {"params": 12345}}
        path = run_folder / "retrain" / key / "summary.json"
        write_json(path, {**summary, "validation_top1": validation, "test_top1": test, **changes})
        return path

    return leave
