"""A lock on a folder: one process has it, until it ends."""

import os
import signal
from pathlib import Path

import pytest
from optuna.study import StudyDirection

from search.lock import lock
from search.study.storage import MirroredStorage
from space import InputError
from space.writing import write_atomic


def test_one_at_a_time(tmp_path):
    held = lock(tmp_path / "new" / "folder")
    with pytest.raises(InputError, match="another process is at work in .*folder; wait for it"):
        lock(tmp_path / "new" / "folder")
    held.close()
    lock(tmp_path / "new" / "folder").close()


def test_a_lock_that_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / ".lock")
    with pytest.raises(InputError, match=".lock is not a file; remove it"):
        lock(tmp_path)


def test_a_copy_of_the_process_does_not_hold_on(tmp_path):
    held = lock(tmp_path)
    begun, begin = os.pipe()
    child = os.fork()
    if not child:
        os.write(begin, b"!")
        signal.pause()
    try:
        os.read(begun, 1)
        held.close()
        lock(tmp_path).close()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_what_a_killed_process_left_half_written_is_removed_and_nothing_else(tmp_path):
    for make in (
        lambda: write_atomic(tmp_path / "report.html", "half"),
        lambda: MirroredStorage(tmp_path / "study.db", name="study", directions=[StudyDirection.MAXIMIZE]),
    ):
        child = os.fork()
        if not child:
            Path.replace = lambda *_: os._exit(0)
            try:
                make()
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
    (tmp_path / ".study.db.5.mobinas-journal").touch()
    assert len(list(tmp_path.iterdir())) == 3
    kept = {".notes.1", ".zcompdump-host-5.8", ".db.7-journal", "report.html.9.mobinas", ".env.mobinas"}
    for name in kept:
        (tmp_path / name).touch()
    folders = {".venv-3.12", ".cache.12.mobinas"}
    for name in folders:
        (tmp_path / name).mkdir()
    lock(tmp_path).close()
    assert {path.name for path in tmp_path.iterdir()} == kept | folders | {".lock"}
