"""The front, its hypervolume and its knee, against brute force."""

import numpy as np
import optuna
import pytest
from optuna.trial import create_trial
from optuna.visualization import plot_hypervolume_history

from results.pareto import front_rows, hypervolume, knee, mean_within_budget, on_front

SEEDS = range(40)


def random_points(seed: int, *, nan: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Up to 12 points on a coarse grid, so that ties and duplicates are common; accuracy in tenths, OPs whole."""
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 13)
    accuracy, ops = rng.integers(0, 11, n) / 10, rng.integers(1, 9, n).astype(float)
    if nan:
        accuracy[rng.random(n) < 0.15] = np.nan
        ops[rng.random(n) < 0.15] = np.nan
    return accuracy, ops


def beats(one, other) -> bool:
    return one[0] >= other[0] and one[1] <= other[1] and one != other


def brute_front(accuracy, ops) -> list[bool]:
    points = list(zip(accuracy.tolist(), ops.tolist()))
    return [not np.isnan(p).any() and not any(beats(q, p) for q in points) for p in points]


@pytest.mark.parametrize("seed", SEEDS)
def test_front_is_what_no_other_point_beats(seed):
    accuracy, ops = random_points(seed)
    assert on_front(accuracy, ops).tolist() == brute_front(accuracy, ops)


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_of_the_front_rise_and_are_the_first_of_equal_points(seed):
    accuracy, ops = random_points(seed)
    first = {(o, a): i for i, (a, o) in reversed([*enumerate(zip(accuracy.tolist(), ops.tolist()))])}
    on_it = {point for point, found in zip(zip(ops.tolist(), accuracy.tolist()), brute_front(accuracy, ops)) if found}
    assert front_rows(accuracy, ops).tolist() == [first[point] for point in sorted(on_it)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, list])
def test_front_of_any_array_like(dtype):
    accuracy, ops = [3, 2, 3, 1], [4, 2, 5, 2]
    if dtype is not list:
        accuracy, ops = np.array(accuracy, dtype), np.array(ops, dtype)
    assert on_front(accuracy, ops).tolist() == [True, True, False, False]


def test_front_of_few_points():
    assert on_front([], []).tolist() == []
    assert on_front([0.5], [1.0]).tolist() == [True]
    assert on_front([np.nan], [1.0]).tolist() == [False]
    assert on_front([0.5, 0.5], [1.0, 1.0]).tolist() == [True, True]


@pytest.mark.parametrize("seed", SEEDS)
def test_mean_within_budget_is_that_over_many_budgets(seed):
    accuracy, cost = random_points(seed)
    budgets, chance = (1.5, 6.0), 0.25
    within = [
        max([chance, *(a for a, c in zip(accuracy, cost) if c <= budget and not np.isnan(a))])
        for budget in np.geomspace(*budgets, 20_001)
    ]
    assert mean_within_budget(accuracy, cost, budgets=budgets, chance=chance) == pytest.approx(
        np.mean(within), abs=1e-3
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_hypervolume_counts_the_dominated_cells_of_the_grid(seed):
    accuracy, ops = random_points(seed)
    worst_tenth, worst_ops = 2, 7
    cells = [
        any(round(a * 10) > tenth and o <= column for a, o in zip(accuracy, ops) if not np.isnan([a, o]).any())
        for tenth in range(worst_tenth, 10)
        for column in range(worst_ops)
    ]
    share = sum(cells) / len(cells)
    assert hypervolume(accuracy, ops, reference=(0.2, 7.0)) == pytest.approx(share, abs=1e-12)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("seed", SEEDS[:10])
def test_hypervolume_agrees_with_optuna(seed):
    rng = np.random.default_rng(seed)
    accuracy, ops = rng.random(50), rng.random(50) * 5e6
    study = optuna.create_study(directions=["maximize", "minimize"])
    study.add_trials([create_trial(values=point) for point in zip(accuracy.tolist(), ops.tolist())])
    (history,) = plot_hypervolume_history(study, [0.1, 4e6]).data
    assert hypervolume(accuracy, ops, reference=(0.1, 4e6)) == pytest.approx(history.y[-1] / (0.9 * 4e6))


def test_hypervolume_of_nothing_and_of_everything():
    assert hypervolume([], [], reference=(0.1, 10.0)) == 0
    assert hypervolume([1.0], [0.0], reference=(0.1, 10.0)) == 1
    assert hypervolume([0.1, 0.9], [1.0, 10.0], reference=(0.1, 10.0)) == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_knee_is_the_front_point_farthest_from_the_chord(seed):
    accuracy, ops = (np.append(values, one) for values, one in zip(random_points(seed), (0.5, 4.0)))
    ops = 4**ops
    front = [i for i, found in enumerate(brute_front(accuracy, ops)) if found]
    first, last = min(front, key=lambda i: ops[i]), max(front, key=lambda i: ops[i])
    chord = np.array([np.log(ops[last] / ops[first]), accuracy[last] - accuracy[first]])
    length = np.hypot(*chord) or 1.0

    def height(i: int) -> float:
        x, y = np.log(ops[i] / ops[first]), accuracy[i] - accuracy[first]
        return (chord[0] * y - chord[1] * x) / length

    found = knee(accuracy, ops)
    assert found in front
    assert height(found) == pytest.approx(max(map(height, front)), abs=1e-12)


def test_knee_over_log_ops():
    # Heights above the chord, 0.2 a decade: 0.105 at 3e3 and 0.085 at 3e4; on a linear axis the latter would win.
    assert knee([0.5, 0.7, 0.88, 0.9], [1e3, 3e3, 3e4, 1e5]) == 1
    assert knee([0.5], [1e3]) == 0
    assert knee([0.1, 0.5], [2e3, 1e3]) == 1
    assert knee([0.1, 0.5], [1e3, 2e3]) == 1  # two ends, and none above
    assert knee([0.12, 0.13, 0.18], [4e3, 5e3, 6e3]) == 2  # one below the line


@pytest.mark.parametrize("budget, best", [(0.5, 0.1), (2.0, 0.6), (9.0, 0.6)])
def test_mean_within_one_budget_is_the_best_within_it(budget, best):
    accuracy, cost = [0.6, 0.05, 0.3], [2, 1, 3]
    assert mean_within_budget(accuracy, cost, budgets=(budget, budget), chance=0.1) == best
