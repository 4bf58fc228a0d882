"""Regressions that a surrogate can be made of, by name."""

from collections.abc import Callable

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Kernel, Matern, WhiteKernel
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler


def gaussian_process(kernel: Kernel) -> GaussianProcessRegressor:
    return GaussianProcessRegressor(ConstantKernel() * kernel + WhiteKernel(0.2), normalize_y=True, random_state=0)


REGRESSIONS: dict[str, Callable[[], RegressorMixin]] = {
    "ridge": lambda: make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 4, 26))),
    "ridge-pairs": lambda: make_pipeline(
        PolynomialFeatures(2, interaction_only=True), StandardScaler(), RidgeCV(np.logspace(0, 5, 26))
    ),
    "random-forest": lambda: RandomForestRegressor(200, max_features=0.5, random_state=0),
    "extra-trees": lambda: ExtraTreesRegressor(200, max_features=0.5, random_state=0),
    "boosting": lambda: HistGradientBoostingRegressor(learning_rate=0.05, max_leaf_nodes=8, random_state=0),
    "gp-rbf": lambda: gaussian_process(RBF(3, (0.3, 100))),
    "gp-matern": lambda: gaussian_process(Matern(3, (0.3, 100), nu=2.5)),
}
DEFAULT_REGRESSION = "gp-matern"
