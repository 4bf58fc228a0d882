"""The search. `run_study` is a whole one in a call; the modules that end in a ``main`` are commands.

Its names are loaded when they are first used, so that importing this package needs no torch.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from search.library import proxy, run_study
    from search.messages.live_plot import LivePlot
    from search.session import Search
    from search.task import Evaluation, Task

__all__ = ["Evaluation", "LivePlot", "Search", "Task", "proxy", "run_study"]

_HOMES = {
    "Evaluation": "task",
    "LivePlot": "messages.live_plot",
    "Search": "session",
    "Task": "task",
    "proxy": "library",
    "run_study": "library",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
