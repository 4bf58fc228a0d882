"""A lock on a folder: one process has it, until it ends."""

import os
import signal

import pytest

from search.lock import lock
from space import InputError


def test_one_at_a_time(tmp_path):
    held = lock(tmp_path / "new" / "folder")
    with pytest.raises(InputError, match="another process is at work in .*folder; wait for it"):
        lock(tmp_path / "new" / "folder")
    held.close()
    lock(tmp_path / "new" / "folder").close()


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
