"""JSON files, and digests of files."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from results.files import check_sums, read_json, write_json, write_sums
from space import InputError
from space.writing import write_atomic


def test_a_name_that_is_not_utf_8_comes_back_from_json(tmp_path):
    write_json(tmp_path / "json", os.fsdecode(b"caf\xe9"))
    assert os.fsencode(read_json(tmp_path / "json")) == b"caf\xe9"


def test_what_is_no_file_of_sane_size_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with open(tmp_path / "huge", "wb") as huge:
        huge.truncate(2**40)  # takes no room
    for path, said in (
        (tmp_path / "pipe", "is not a file"),
        (Path("/dev/zero"), "is not a file"),
        (tmp_path, "is not a file"),
        (tmp_path / "huge", "has 1,099,511,627,776 bytes, which is far too much"),
        (tmp_path / "none", "cannot read .*none: No such file"),
    ):
        with pytest.raises(InputError, match=said):
            read_json(path)


def test_json_round_trip(tmp_path):
    content = {"a": [1, 2.5, None, "ö"], "b": {"c": True}}
    write_json(tmp_path / "x.json", content)
    assert read_json(tmp_path / "x.json") == content == json.loads((tmp_path / "x.json").read_text())


@pytest.mark.parametrize("content", [None, b"{", b"", b"\xff\xfe"])
def test_what_cannot_be_read_is_an_input_error(tmp_path, content):
    if content is not None:
        (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(InputError, match="x.json"):
        read_json(tmp_path / "x.json")
    with pytest.raises(InputError):
        read_json(tmp_path)


def test_a_changed_file_is_recognized_by_its_digest(tmp_path):
    check_sums(tmp_path, "a", "b")
    for name in "ab":
        write_atomic(tmp_path / name, f"content of {name}\n")
    write_sums(tmp_path, "a", "b", "missing")
    line = f"{hashlib.sha256(b'content of b' + bytes([10])).hexdigest()}  b"
    assert (tmp_path / "SHA256SUMS").read_text().splitlines()[1:] == [line]
    check_sums(tmp_path, "a", "b", "missing")
    (tmp_path / "b").write_text("content of c\n")
    check_sums(tmp_path, "a")
    with pytest.raises(InputError, match=r"/b was changed since it was written \(see SHA256SUMS\); remove it"):
        check_sums(tmp_path, "a", "b")
