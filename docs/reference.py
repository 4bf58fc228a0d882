"""Write docs/reference.md: every flag of every command, from the parsers.

python -m docs.reference
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path
from unittest.mock import patch

from search.cli import COMMANDS
from space.command import Parser

HEAD = """# Reference of flags

Made from the parsers by `python -m docs.reference`. `mobinas COMMAND --help` shows the same.
"""


class Found(Exception):
    """A command is about to parse its flags."""


def parser_of(name: str, module: str) -> Parser:
    """The parser of a command, called by its name."""

    def parse_args(parser: Parser, *_: object) -> None:
        raise Found(parser)

    with patch.object(Parser, "parse_args", parse_args), patch.object(sys, "argv", [f"mobinas {name}"]):
        try:
            import_module(module).main()
        except Found as found:
            return found.args[0]
    raise ValueError(f"{module} parses no flags")


def section(name: str, module: str) -> str:
    """What Markdown says of a command."""
    parser = parser_of(name, module)
    title = f"## mobinas {name}\n\nThe same as `python -m {module.removesuffix('.__main__')}`."
    tables = [table(group, parser.prog) for group in parser._action_groups if group._group_actions]
    return "\n\n".join((title, str(parser.description).strip(), *tables))


def table(group: argparse._ArgumentGroup, prog: str) -> str:
    """The flags of a group."""
    heading = {"options": "flag", "positional arguments": "what is given"}.get(str(group.title), group.title)
    rows = [(spelling(action), (action.help or "") % {**vars(action), "prog": prog}) for action in group._group_actions]
    cells = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows if "--help" not in row[0]]
    return "\n".join((f"| {heading} | |", "|---|---|", *(f"| {cell} |" for cell in cells)))


def spelling(action: argparse.Action) -> str:
    """A flag as a user types it, with what may follow."""
    flag = action.option_strings[-1] if action.option_strings else ""
    if action.nargs == 0:
        return f"`{flag}`"
    chosen = ",".join(map(str, action.choices)) if action.choices and not action.metavar else ""
    value = f"{{{chosen}}}" if chosen else str(action.metavar or action.dest.upper())
    return f"`{' '.join(filter(None, (flag, value, '...' if action.nargs == '+' else '')))}`"


def reference() -> str:
    return "\n\n".join((HEAD.rstrip(), *(section(name, module) for name, (module, _) in COMMANDS.items()))) + "\n"


if __name__ == "__main__":
    Path(__file__).with_suffix(".md").write_text(reference(), encoding="utf-8")
