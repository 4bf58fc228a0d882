"""Trainings of several tables are read as one."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.samplers import table
from benchmarks.samplers.learning_curves import LearningCurves, free_genes
from benchmarks.samplers.surrogate import describe_regressions
from space import InputError, load_space

SEARCHES = [Path(f"benchmarks/tables/cifar10-{sampler}") for sampler in ("front", "random")]
SPACE = load_space("mobinet", backbone="mobilenet-32", width=0.125)


def test_a_network_has_its_trainings_of_all_tables(tmp_path):
    front, random = (pd.read_csv(search / "trials.csv").dropna(subset="accuracy") for search in SEARCHES)
    first = front[free_genes(SPACE)].head(1).assign(ops=1, seed=0, epoch1=0.25)
    first.to_csv(tmp_path / "table.csv", index=False)
    found = LearningCurves.read([tmp_path / "table.csv", *SEARCHES], SPACE)
    assert sum(map(len, found.curves)) == 1 + len(front) + len(random)
    assert len(found.networks) == len({*front["key"], *random["key"]})
    shared = found.curves[[network.key for network in found.networks].index(front["key"][0])]
    expected = [[0.25], *([table["accuracy"][0]] for table in (front, random))]
    np.testing.assert_array_equal(shared, expected)


def test_other_epochs_are_refused(tmp_path):
    table = pd.read_csv(SEARCHES[0] / "trials.csv")
    table[free_genes(SPACE)].assign(ops=1, seed=0, epoch1=0.1, epoch2=0.2).to_csv(tmp_path / "two.csv", index=False)
    with pytest.raises(InputError, match="different numbers of epochs"):
        LearningCurves.read([tmp_path / "two.csv", *SEARCHES], SPACE)
    shutil.copytree(SEARCHES[0], tmp_path / "search")
    table.assign(epochs=2).to_csv(tmp_path / "search" / "trials.csv", index=False)
    with pytest.raises(InputError, match="several epochs"):
        LearningCurves.read([tmp_path / "search"], SPACE)


def test_a_table_of_another_space_is_refused():
    with pytest.raises(InputError, match="digits.csv: no column layer5.block; give the --dataset, --space and --width"):
        LearningCurves.read([Path("benchmarks/tables/digits.csv")], SPACE)


def test_without_a_second_training_of_any_network_there_is_no_noise():
    once = LearningCurves.read(SEARCHES[:1], SPACE)
    for use in (once.residuals, lambda: next(describe_regressions(once, SPACE))):
        with pytest.raises(InputError, match="no network of the table was trained twice"):
            use()


@pytest.mark.parametrize("count", [1, 3])
def test_a_table_has_at_most_all_networks_of_its_space(monkeypatch, tmp_path, count):
    (tmp_path / "two.toml").write_text('block = ["mid"]\nk = [0]\npool = ["avg"]\nactivation = ["relu", "prelu"]\n')
    flags = f"table --space {tmp_path / 'two.toml'} --networks {count} --csv {tmp_path / 'new.csv'}"
    monkeypatch.setattr("sys.argv", flags.split())
    with pytest.raises(InputError, match="--networks is from 2 to 2"):
        table.main()
