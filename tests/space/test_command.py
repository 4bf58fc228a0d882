"""How a command ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from space import InputError
from space.command import run_command

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "error, code, said",
    [
        (InputError("no such thing; do that"), 2, "mobinas: no such thing; do that\n"),
        (KeyboardInterrupt(), 130, "mobinas: stopped\n"),
    ],
)
def test_ends_with_one_line_and_a_code(capsys, error, code, said):
    def main():
        raise error

    with pytest.raises(SystemExit) as end:
        run_command(main)
    assert end.value.code == code
    assert capsys.readouterr() == ("", said)


def test_a_command_that_resumes_says_so(capsys):
    def main():
        raise KeyboardInterrupt

    with pytest.raises(SystemExit):
        run_command(main, resumes=True)
    assert capsys.readouterr().err == "mobinas: stopped; to resume, run the same command again\n"


def ended(script: str, **settings) -> subprocess.CompletedProcess:
    """How a process ends that runs a `main` of these lines as a command."""
    body = "\n".join(f"    {line}" for line in script.splitlines())
    text = f"from space.command import run_command\ndef main():\n{body}\nrun_command(main)"
    return subprocess.run([sys.executable, "-c", text], capture_output=True, cwd=ROOT, timeout=60, **settings)


def test_any_name_can_be_printed_on_any_terminal():
    script = "import os; print(os.fsdecode(b'caf\\xe9'), '\\u5c42')"
    said = {"utf-8": "caf\\udce9 \u5c42\n", "ascii": "caf\\udce9 \\u5c42\n"}
    for encoding, text in said.items():
        found = ended(script, env={**os.environ, "PYTHONIOENCODING": encoding})
        assert (found.returncode, found.stdout, found.stderr) == (0, text.encode(), b"")


def test_nobody_has_to_read():
    found = ended("import sys; print(1); sys.stdout.flush(); print(2, file=sys.stderr)", preexec_fn=lambda: os.close(1))
    assert (found.returncode, found.stderr) == (0, b"2\n")
    read, write = os.pipe()
    os.close(read)
    text = "from space.command import run_command; run_command(lambda: print('x', flush=True))"
    with open(write, "wb") as pipe:
        command = [sys.executable, "-c", text]
        found = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, cwd=ROOT, timeout=60)
    assert (found.returncode, found.stderr) == (128 + signal.SIGPIPE, b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_sent_twice_ends_it_once(number):
    script = f"""import os, time
try:
    os.kill(os.getpid(), {int(number)})
finally:
    os.kill(os.getpid(), {int(number)})
    print('all is written')"""
    found = ended(script)
    assert (found.returncode, found.stdout) == (128 + number, b"all is written\n")
    assert found.stderr == b"mobinas: stopped\n"


def test_success_is_silent_and_a_defect_is_not_hidden(capsys):
    run_command(lambda: None)
    assert capsys.readouterr() == ("", "")
    with pytest.raises(ZeroDivisionError):
        run_command(lambda: 1 / 0)
