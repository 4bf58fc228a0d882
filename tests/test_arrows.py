"""The arrows between the rooms of the house: who may import whom, read from the sources."""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("space", "mobinet", "results", "search", "benchmarks")
ALLOWED = {
    "samplers": {"space", "results"},
    "task": {"space"},
    "data": {"space", "mobinet", "recipe", "machine"},
    "flags": {"space", "results", "data", "recipe"},
    "study": {"space", "results", "samplers", "task", "lock"},
    "training": {"space", "mobinet", "results", "data", "machine", "recipe", "stopping"},
    "retraining": {"space", "mobinet", "results", "data", "recipe", "lock", "training"},
    "evaluators": {"space", "mobinet", "results", "data", "machine", "recipe", "task", "flags", "training"},
    "backends": {"space", "flags", "interrupt", "machine", "stopping", "task", "training"},
    "loop": {"space", "backends", "interrupt", "samplers", "study", "task"},
    "pace": {"space", "data", "machine", "recipe", "training"},
    "outputs": {"space", "results", "study", "task"},
    "messages": {
        *("space", "mobinet", "results", "recipe", "task", "evaluators", "training", "retraining"),
        *("backends", "session", "assemble", "pace"),
    },
    "recipe": set(),
    "machine": set(),
    "stopping": set(),
    "interrupt": {"space"},
    "lock": {"space", "results"},
}
"""Of each room of `search`, what its files may import: other packages, and other rooms of `search`."""


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


SOURCES = {module_of(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


@cache
def imports_of(module: str, *, when_loaded: bool = False) -> set[str]:
    """Our modules that a module imports: anywhere, or only those that are imported when it is loaded."""
    tree = ast.parse(SOURCES[module].read_text(encoding="utf-8"))
    imported = set()
    for node in tree.body if when_loaded else ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            imported |= {
                name if (name := f"{node.module}.{alias.name}") in SOURCES else node.module for alias in node.names
            }
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
    return imported & SOURCES.keys()


def room_of(module: str) -> str:
    """A package or, within `search`, a room."""
    first, *rest = module.split(".")
    return rest[0] if first == "search" and rest else first


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_those_below(package):
    above = PACKAGES[PACKAGES.index(package) + 1 :]
    for module in (module for module in SOURCES if module.split(".")[0] == package):
        assert [name for name in imports_of(module) if name.split(".")[0] in above] == [], module


@pytest.mark.parametrize("room", ALLOWED)
def test_rooms_of_the_search_import_only_what_they_may(room):
    for module in (module for module in SOURCES if module.startswith("search.") and room_of(module) == room):
        assert {room_of(name) for name in imports_of(module)} - {room} <= ALLOWED[room], module


def test_no_cycle_between_files():
    graph = {module: imports_of(module, when_loaded=True) - {module} for module in SOURCES}
    # A package's own file names what its modules hold; that they import it first is Python's doing.
    for module in graph:
        graph[module] -= {name for name in graph[module] if module.startswith(f"{name}.")}
    try:
        assert len(list(TopologicalSorter(graph).static_order())) >= len(SOURCES)
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_file_is_long():
    lengths = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in SOURCES.items()}
    assert {module: length for module, length in lengths.items() if length > 250} == {}
