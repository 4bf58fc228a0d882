"""The table that keeps a benchmark's full trainings."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.retrained.full_training import FullTraining, append, contrast, read_table
from search.recipe import Recipe
from search.task import Evaluation, Task
from space import Architecture, InputError

NETWORK = Architecture.uniform("mobilenet-8", block="mid", k=1)


def described(epochs: int = 5, **settings) -> str:
    recipe = Recipe(epochs=epochs, batch_size=64, learning_rate=0.01)
    return FullTraining(
        dataset="digits", data_dir="data", input_shape=(1, 8, 8), recipe=recipe, device="cpu", **settings
    ).described


def add(path, seed: int, accuracy: float, training: str) -> None:
    task = Task(number=0, architecture=NETWORK, replicate=seed)
    append(path, task, Evaluation(accuracy=accuracy, epochs=5, seconds=1.0), training)


def test_only_the_same_training_counts(tmp_path):
    path, this, others = tmp_path / "t.csv", described(), (described(6), described(images=9), described(validate=True))
    add(path, 0, 0.5, this)
    for other in others:
        add(path, 0, 0.25, other)
    add(path, 1, 0.75, this)
    assert read_table(path, this) == {(NETWORK.key, 0): 0.5, (NETWORK.key, 1): 0.75}
    assert all(read_table(path, other) == {(NETWORK.key, 0): 0.25} for other in others)


def test_a_row_cut_anywhere_is_trained_again(tmp_path):
    path, this = tmp_path / "t.csv", described()
    add(path, 0, 0.5, this)
    first = path.read_bytes()
    add(path, 1, 0.75, this)
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        expected = {(NETWORK.key, 0): 0.5} if end >= len(first) else {}
        assert read_table(path, this) == expected
        add(path, 2, 0.25, this)
        assert read_table(path, this) == expected | {(NETWORK.key, 2): 0.25}


def test_another_file_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="is not a table of trainings"):
        read_table(tmp_path / "t.csv", described())


def test_contrast_is_a_t_test():
    first, second = [0.50, 0.52, 0.57], [0.61, 0.60, 0.65]
    expected = stats.ttest_ind(second, first)
    value, error, p = contrast(np.array([first, second]).T, np.array([-1.0, 1.0]))
    assert value == pytest.approx(0.09)
    assert (value / error, p) == pytest.approx((expected.statistic, expected.pvalue))
