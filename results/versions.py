"""The versions that a result depends on."""

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("mobinas", "torch", "torchvision", "optuna", "fvcore", "numpy")


def versions() -> dict[str, str]:
    """Of Python and of each package that is installed."""
    installed = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            installed[package] = version(package)
        except PackageNotFoundError:
            pass
    return installed
