"""The same seed, data and version give the same trials on the CPU."""

import pandas as pd
import pytest

import search.run


def table_of(folder) -> pd.DataFrame:
    return pd.read_csv(folder / "trials.csv", dtype={"key": str}).drop(columns="seconds")


@pytest.mark.parametrize("sampler, several", [("random", [0, 2])])
def test_whatever_the_number_of_workers(tmp_path, invoke, sampler, several):
    (tmp_path / "small.toml").write_text('block = ["pre", "mid"]\nk = [0, 1, 2]\npool = ["avg"]\n')
    tables = []
    for workers in several:
        flags = "--trials", 11, "--epochs", 1, "--proxy-images", 100, "--space", tmp_path / "small.toml"
        out = tmp_path / str(workers)
        assert invoke(search.run, *flags, "--sampler", sampler, "--workers", workers, "--out", out).code == 0
        tables.append(table_of(out))
    assert all(table.equals(tables[0]) for table in tables[1:])
    assert tables[0]["state"].eq("complete").all() and tables[0]["source"].eq("sampler").sum() >= 3
