"""The command ``mobinas``."""

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from search import cli

ROOT = Path(__file__).parents[2]


@pytest.fixture
def mobinas(monkeypatch, capsys):
    """Run it; what it printed, and its exit code."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["/usr/bin/mobinas", *arguments])
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        return (*capsys.readouterr(), code)

    return call


def test_the_package_installs_it():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    module, function = scripts["mobinas"].split(":")
    assert getattr(import_module(module), function) is cli.main


@pytest.mark.parametrize("name, module", [(name, module) for name, (module, _) in cli.COMMANDS.items()])
def test_each_command_is_the_module(mobinas, name, module):
    out, err, code = mobinas(name, "--help")
    summary = str(import_module(module).__doc__).splitlines()[0]
    assert out.startswith(f"usage: mobinas {name} ") and summary in out.replace("\n", " ")
    assert f"\n    mobinas {name} " in out and f"python -m {module.removesuffix('.__main__')}" not in out, "examples"
    assert (err, code) == ("", 0)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_help_fits_the_terminal(mobinas, monkeypatch, name):
    """But for examples, which can be copied."""
    for columns, most in ((80, 80), (200, 98)):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = mobinas(name, "--help")[0].partition("\n\noptions:")[0].splitlines()
        assert max(len(line) for line in lines if not line.startswith("    ")) <= most
        assert max(map(len, lines)) <= 100


def test_its_version_is_that_of_the_package(mobinas):
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert mobinas("--version") == (f"mobinas {package['version']}\n", "", 0)


def test_arguments_and_errors_are_those_of_the_command(mobinas, tmp_path):
    out, err, code = mobinas("report", str(tmp_path))
    assert (out, code) == ("", 2) and err.startswith(f"mobinas: {tmp_path} is not the folder of a run")
    out, err, code = mobinas("search", "--trials", "many")
    assert (out, code) == ("", 2) and err.count("\n") == 1 and "--trials" in err


@pytest.mark.parametrize("name, resumes", [("search", True), ("retrain", True), ("latency", True), ("predict", False)])
def test_only_commands_that_resume_say_so(mobinas, monkeypatch, name, resumes):
    def stopped():
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module(cli.COMMANDS[name][0]), "main", stopped)
    how = "; to resume, run the same command again" if resumes else ""
    assert mobinas(name) == ("", f"mobinas: stopped{how}\n", 130)


def test_help_names_all_commands(mobinas):
    shown = mobinas("--help")
    assert shown == mobinas() and shown[1:] == ("", 0)
    for name in cli.COMMANDS:
        assert f"\n  {name} " in shown[0]


def test_an_unknown_command_is_refused(mobinas):
    out, err, code = mobinas("serch")
    assert (out, code) == ("", 2) and err.startswith("mobinas: there is no command serch; ") and err.count("\n") == 1


def test_its_help_loads_no_large_module():
    code = "import sys; from search import cli; cli.main(); print(*sys.modules, file=sys.stderr)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(found.stderr.split()) & {"torch", "optuna", "numpy", "pandas", "numba"}
