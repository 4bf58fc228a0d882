"""Nothing that is read is executed: no pickle in any source."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OWN_PIPES = {"search/backends/ray_tune/backend.py", "search/backends/ray_tune/trials.py"}
"""What these unpickle comes from the search's own processes."""
NAMED = {"space/own_file.py", "search/training/teacher_files.py"}
"""What these execute is a file that the user named."""
SOURCES = [
    path
    for package in ("space", "mobinet", "search", "results", "benchmarks")
    for path in sorted((ROOT / package).rglob("*.py"))
    if str(path.relative_to(ROOT)) not in OWN_PIPES | NAMED
]
UNPICKLING = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def offences(source: str) -> list[str]:
    """Lines that load or import what executes, or may."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names]
            bad = any(module.split(".")[0] in UNPICKLING for module in modules)
            bad |= (
                isinstance(node, ast.ImportFrom) and node.module == "torch" and "load" in {n.name for n in node.names}
            )
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            options = {option.arg: getattr(option.value, "value", None) for option in node.keywords}
            call = ast.unparse(node.func)
            bad = call in ("torch.load", "torch.jit.load", "torch.hub.load") and options.get("weights_only") is not True
            bad |= call in ("pd.read_pickle", "pandas.read_pickle") or bool(options.get("allow_pickle"))
        else:
            bad = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec")
        if bad:
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
    return found


def test_nothing_is_unpickled():
    found = {str(path.relative_to(ROOT)): offences(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line",
    [
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "import pickle",
        "from pickle import loads",
        "from torch import load",
        "np.load(path, allow_pickle=True)",
        "pd.read_pickle(path)",
        "eval(text)",
    ],
)
def test_what_is_looked_for_is_found(line):
    assert offences(line)


def test_what_is_safe_is_let_be():
    assert SOURCES and not offences("torch.load(path, map_location='cpu', weights_only=True)\nnp.load(path)")
