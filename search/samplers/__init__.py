"""Samplers: each proposes the next network to evaluate. `SAMPLERS` names them."""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from space.prices import Prices

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

__all__ = ["SAMPLERS", "SamplerEntry"]


@dataclass(frozen=True, kw_only=True)
class SamplerEntry:
    """A sampler that a search can use.

    Args:
        summary: one line for ``--help`` and the documentation.
        maker: ``MODULE:FUNCTION`` in this package, imported when a sampler is made. The function takes a seed and the
            prices of the study's networks, and returns an Optuna sampler for two objectives: the accuracy, to be
            maximized, and the cost, to be minimized.
    """

    summary: str
    maker: str

    def make(self, seed: int, prices: Prices) -> "BaseSampler":
        module, _, function = self.maker.partition(":")
        return getattr(import_module(f"{__name__}.{module}"), function)(seed, prices)


SAMPLERS = {
    "front": SamplerEntry(
        summary="Bayesian optimization of accuracy and cost; the cost is known before training",
        maker="front:make_front",
    ),
    "evolution": SamplerEntry(
        summary="children of the networks on the front (Single Path One-Shot, 2020)", maker="evolution:make_by_front"
    ),
    "evolution-bins": SamplerEntry(
        summary="children of the most accurate network in each range of cost (NAS-BNN, 2024)",
        maker="evolution:make_by_bin",
    ),
    "tpe": SamplerEntry(summary="Optuna's tree-structured Parzen estimator, multivariate", maker="from_optuna:tpe"),
    "nsga2": SamplerEntry(summary="Optuna's NSGA-II", maker="from_optuna:nsga2"),
    "gp": SamplerEntry(summary="Optuna's Gaussian process; seconds a proposal", maker="from_optuna:gp"),
    "random": SamplerEntry(summary="independent uniform choices", maker="from_optuna:random"),
}
"""By name. To add a sampler: one file in this package and one line here."""
