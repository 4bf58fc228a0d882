"""Files that are whole or absent."""

import os
from pathlib import Path

import pytest

from space.writing import write_atomic


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_writes_text_and_bytes_and_makes_folders(tmp_path):
    write_atomic(tmp_path / "a" / "b" / "text", "größer\n")
    write_atomic(tmp_path / "a" / "b" / "bytes", b"\x00\xff")
    assert (tmp_path / "a/b/text").read_bytes() == "größer\n".encode()
    assert (tmp_path / "a/b/bytes").read_bytes() == b"\x00\xff"
    assert names(tmp_path / "a" / "b") == ["bytes", "text"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_old_file_stays_whole_when_the_write_fails(tmp_path, monkeypatch, step):
    write_atomic(tmp_path / "file", "old")

    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os if step == "fsync" else Path, step, fail)
    with pytest.raises(OSError, match="No space .*'.*/file'"):
        write_atomic(tmp_path / "file", "new and longer")
    assert (tmp_path / "file").read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_a_name_that_is_not_utf_8_is_written_by_its_codes(tmp_path):
    write_atomic(tmp_path / "file", os.fsdecode(b"caf\xe9"))
    assert (tmp_path / "file").read_text() == "caf\\udce9"
