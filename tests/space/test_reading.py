"""Files that a user names."""

from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from space import InputError, load_space
from space.command import user_path
from space.device_profile import read_profile
from space.reading import expanded


def test_a_path_may_begin_with_home(monkeypatch):
    monkeypatch.setenv("HOME", "/there")
    assert [expanded(text) for text in ("~/a.toml", "a/~")] == [Path("/there/a.toml"), Path("a/~")]


@pytest.mark.parametrize(
    "read, ending",
    [(expanded, ""), (user_path, ""), (load_space, ".toml"), (load_space, ".py"), (read_profile, ".toml")],
)
def test_a_home_that_there_is_not_is_one_line(read, ending):
    with pytest.raises((InputError, ArgumentTypeError), match="^~no-one-here/x.*: there is no such home directory"):
        read(f"~no-one-here/x{ending}")


def test_a_file_that_there_is_not_is_not_called_wrong(tmp_path):
    with pytest.raises(InputError, match=r"^cannot read .*none\.toml: No such file"):
        load_space(str(tmp_path / "none.toml"))
