"""Commands in the documentation exist, and take the flags that they are shown with."""

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md", *ROOT.glob("docs/**/*.md")]
COMMAND = re.compile(r"python -m ((?:search|results|mobinet|benchmarks)[\w.]*)([^\n`|]*)")
HELP_OF_ALL = """
import contextlib, io, json, runpy, sys
found = {}
for module in sys.argv[1:]:
    sys.argv = [module, "--help"]
    with contextlib.redirect_stdout(io.StringIO()) as text, contextlib.suppress(SystemExit):
        runpy.run_module(module, run_name="__main__")
    found[module] = text.getvalue()
print(json.dumps(found))
"""


def shown() -> dict[str, dict[str, str]]:
    """By module, the flags that pages show it with, and one such page."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for page in PAGES:
        for module, arguments in COMMAND.findall(page.read_text()):
            found[module.rstrip(".")] |= dict.fromkeys(re.findall(r"--[a-z-]+", arguments), page.name)
    return found


@pytest.fixture(scope="module")
def helps() -> dict[str, str]:
    ended = subprocess.run(
        [sys.executable, "-c", HELP_OF_ALL, *shown()], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return json.loads(ended.stdout)


@pytest.mark.parametrize("module", sorted(shown()))
def test_shown_flags_exist(helps, module):
    assert "usage" in helps[module]
    taken = set(re.findall(r"--[a-z-]+", helps[module]))
    assert {flag: page for flag, page in shown()[module].items() if flag not in taken} == {}


def test_links_between_pages_lead_somewhere():
    broken = [
        f"{page.name}: {link}"
        for page in PAGES
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / link).exists()
    ]
    assert broken == []
