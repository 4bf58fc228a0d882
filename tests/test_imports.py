"""What the light packages leave unloaded."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("package", ["space", "results.report"])
def test_loads_neither_torch_nor_optuna(package):
    code = f"import sys, {package}; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True
    )
    loaded = set(found.stdout.split())
    assert package in loaded
    assert not loaded & {"torch", "optuna", "mobinet", "search"}


@pytest.mark.parametrize(
    "command", ["search.run", "search.retrain", "search.evaluate", "results.report", "results.zoo"]
)
def test_help_needs_no_torch(command):
    code = (
        "import atexit, runpy, sys\n"
        "atexit.register(lambda: print('torch' in sys.modules, file=sys.stderr))\n"
        "sys.argv = ['command', '--help']\n"
        f"runpy.run_module('{command}', run_name='__main__')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True
    )
    assert "usage: " in ended.stdout and ended.stderr == "False\n"


def test_neither_counting_nor_training_on_digits_loads_a_compiler_or_scikit_learn():
    code = (
        "import sys, torch\n"
        "from mobinet import cost\n"
        "from mobinet.export.memory import ram\n"
        "from mobinet.supernet import Supernet\n"
        "from search.data.dataset import read_source\n"
        "from search.training.flat_optimizers import FlatAdam, FlatSGD\n"
        "from space import Architecture, load_space\n"
        "cost(Architecture.uniform('mobilenet-8'), 10)\n"
        "ram(Architecture.uniform('mobilenet-8'), 10)\n"
        "with torch.no_grad():\n"
        "    Supernet(load_space(), 10)(torch.zeros(1, 1, 8, 8), Architecture.uniform('mobilenet-8', k=1))\n"
        "read_source('digits', '', 'test')\n"
        "for make in FlatAdam, FlatSGD:\n"
        "    optimizer = make([{'params': [torch.nn.Parameter(torch.ones(2))]}], lr=0.1)\n"
        "    optimizer.step()\n"
        "    optimizer.load_state_dict(optimizer.state_dict())\n"
        "print(*sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True
    )
    assert not {"torch._dynamo", "sympy", "sklearn"} & set(found.stdout.split())
