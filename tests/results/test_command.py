"""How a command ends."""

import pytest

from results.command import run_command
from space import InputError


@pytest.mark.parametrize(
    "error, code, said",
    [
        (InputError("no such thing; do that"), 2, "mobinas: no such thing; do that\n"),
        (KeyboardInterrupt(), 130, "mobinas: stopped; to resume, run the same command again\n"),
    ],
)
def test_ends_with_one_line_and_a_code(capsys, error, code, said):
    def main():
        raise error

    with pytest.raises(SystemExit) as end:
        run_command(main)
    assert end.value.code == code
    assert capsys.readouterr() == ("", said)


def test_success_is_silent_and_a_defect_is_not_hidden(capsys):
    run_command(lambda: None)
    assert capsys.readouterr() == ("", "")
    with pytest.raises(ZeroDivisionError):
        run_command(lambda: 1 / 0)
