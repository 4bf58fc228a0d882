"""What tests of exported C need on the machine."""

import shutil
import subprocess
from functools import cache

import pytest


def require(compiler: str, runner: str = "") -> None:
    """Skip the test where the compiler, its C library or the runner is missing."""
    for tool in (compiler.split()[0], *runner.split()):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    if not _has_library(compiler.split()[0]):
        pytest.skip(f"{compiler.split()[0]} has no C library")


@cache
def _has_library(compiler: str) -> bool:
    command = [compiler, "-x", "c", "-fsyntax-only", "-"]
    return not subprocess.run(command, input=b"#include <stdio.h>\n", capture_output=True).returncode
