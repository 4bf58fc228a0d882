"""Commands in the documentation exist, and take the flags that they are shown with."""

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from search.cli import COMMANDS

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference.md"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md", *ROOT.glob("docs/**/*.md")]
PAGES.remove(REFERENCE)  # made from the parsers
COMMAND = re.compile(
    rf"(?:python -m ((?:search|results|mobinet|benchmarks)[\w.]*)|\bmobinas ({'|'.join(COMMANDS)})\b)([^\n`|]*)"
)
HELP_OF_ALL = """
import contextlib, io, json, runpy, sys
found = {}
for module in sys.argv[1:]:
    sys.argv = [module, "--help"]
    with contextlib.redirect_stdout(io.StringIO()) as text, contextlib.suppress(SystemExit):
        runpy.run_module(module, run_name="__main__")
    found[module] = text.getvalue()
from docs.reference import reference
found["the reference"] = reference()
print(json.dumps(found))
"""


def commands_in(page: Path) -> list[tuple[str, str]]:
    """The module and the arguments of each command that a page shows, without a remark behind it."""
    return [
        ((module or COMMANDS[name][0]).removesuffix(".__main__").rstrip("."), arguments.split("  #")[0].strip())
        for module, name, arguments in COMMAND.findall(page.read_text(encoding="utf-8"))
    ]


def shown() -> dict[str, dict[str, str]]:
    """By module, the flags that pages show it with, and one such page."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for page in PAGES:
        for module, arguments in commands_in(page):
            found[module] |= dict.fromkeys(re.findall(r"--[a-z-]+", arguments), page.name)
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
        for page in [*PAGES, REFERENCE]
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / link).exists()
    ]
    assert broken == []


def test_the_reference_is_what_the_parsers_say(helps):
    assert REFERENCE.read_text(encoding="utf-8") == helps["the reference"], "run: python -m docs.reference"


def test_the_reference_holds_every_flag(helps):
    sections = REFERENCE.read_text(encoding="utf-8").split("\n## mobinas ")[1:]
    assert [section.split("\n")[0] for section in sections] == [*COMMANDS]
    for section, (module, _) in zip(sections, COMMANDS.values()):
        rows = set(re.findall(r"^\| `(--[a-z-]+)", section, re.MULTILINE))
        flags = set(re.findall(r"^  (--[a-z-]+)", helps[module.removesuffix(".__main__")], re.MULTILINE))
        assert rows == flags and len(flags) >= 1


def test_every_page_is_in_the_site():
    named = set(re.findall(r"([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE))
    assert named == {str(page.relative_to(ROOT / "docs")) for page in ROOT.glob("docs/**/*.md")}


def test_the_site_builds(tmp_path):
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "tutorial" / "index.html").exists()
