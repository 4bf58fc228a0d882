"""The command ``mobinas``: every command of users under one name.

``mobinas search --trials 200`` is ``python -m search.run --trials 200``.
"""

import sys
from importlib import import_module
from importlib.metadata import version

from space.command import refuse, run_command

COMMANDS = {
    "search": ("search.run", "find the networks with the best accuracy at each cost"),
    "retrain": ("search.retrain", "train a network on the full schedule and write it with 1-bit weights"),
    "evaluate": ("search.evaluate", "tell how a trained network does on test images, class by class"),
    "predict": ("mobinet.predict", "name the classes of pictures"),
    "export": ("mobinet.export.__main__", "write a trained network as C, WebAssembly or ONNX"),
    "latency": ("mobinet.latency.__main__", "measure how long networks take on a device"),
    "report": ("results.report", "draw a run on one page, or as figures for a paper"),
    "compare": ("results.compare.__main__", "compare several searches"),
}
"""Of each command, the module whose `main` it is, and what it does."""
RESUMED = "search", "retrain", "latency"
"""Those that, run again, take up what a stopped one has done."""


def help_text() -> str:
    width = max(map(len, COMMANDS))
    lines = (f"  {name:<{width}}  {summary}" for name, (_, summary) in COMMANDS.items())
    return "\n".join(
        (
            "usage: mobinas COMMAND [flags]\n",
            "Neural architecture search for mobile binary networks.\n",
            *lines,
            "\nmobinas COMMAND --help shows its flags. To begin: mobinas search --trials 200",
        )
    )


def main() -> None:
    name, *arguments = sys.argv[1:] or ["--help"]
    if name in COMMANDS:
        sys.argv = [f"mobinas {name}", *arguments]
        run_command(import_module(COMMANDS[name][0]).main, resumes=name in RESUMED)
    elif name in ("-h", "--help"):
        print(help_text())
    elif name == "--version":
        print(f"mobinas {version('mobinas')}")
    else:
        refuse(f"there is no command {name}; the commands are {', '.join(COMMANDS)}")


if __name__ == "__main__":
    main()
