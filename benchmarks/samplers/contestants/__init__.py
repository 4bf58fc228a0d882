"""Who takes part in `benchmarks.samplers.contest`: mobinas' samplers, Optuna's and Syne Tune's, by name."""

from benchmarks.samplers.contestants.problem import Contestant
from benchmarks.samplers.contestants.with_mobinas import mobinas
from benchmarks.samplers.contestants.with_optuna import OPTUNA
from benchmarks.samplers.contestants.with_syne_tune import moasha, regularized_evolution

__all__ = ["BUDGETS", "CONTESTANTS", "FRONT", "NSGA2", "TPES"]

FRONT = "front"
NSGA2 = "Optuna NSGA-II"
TPES = ("Optuna TPE", "Optuna TPE, multivariate")

CONTESTANTS: dict[str, Contestant] = {
    FRONT: mobinas("front"),
    "front, halving": mobinas("front", halving=True),
    "evolution": mobinas("evolution"),
    "tpe": mobinas("tpe"),
    **OPTUNA,
    "Syne Tune evolution": regularized_evolution,
    "Syne Tune MOASHA": moasha,
}
"""The first four are mobinas' own."""

BUDGETS = {"Optuna GP": 60, "Syne Tune MOASHA": 100}
"""Slow contestants, which would take over a minute for 200 trials, stop after the epochs of so many whole trainings."""
