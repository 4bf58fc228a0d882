"""The versions that a result depends on."""

import torch

from results.versions import versions


def test_versions_are_those_installed():
    assert versions()["torch"] == torch.__version__.split("+")[0] or versions()["torch"] == torch.__version__
    assert set(versions()) >= {"python", "torch", "optuna", "numpy"}
