"""The benchmark of exported networks."""

import pytest

from benchmarks.speed.inference import as_trained, exported_call
from space import Architecture, InputError

NO_AVX2 = """#!/bin/sh
for flag in "$@"; do
    if [ "$flag" = -mavx2 ]; then
        echo "cc: error: unrecognized command-line option '-mavx2'" >&2
        exit 1
    fi
done
exec cc "$@"
"""


def test_flags_that_the_compiler_refuses_are_named(tmp_path, monkeypatch):
    compiler = tmp_path / "compiler"
    compiler.write_text(NO_AVX2)
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))
    network = as_trained(Architecture.uniform("mobilenet-8"))
    exported_call(network, tmp_path / "plain", "-O0")()
    with pytest.raises(InputError, match="not compiled with -mavx2: cc: error: unrecognized command-line option"):
        exported_call(network, tmp_path / "refused", "-mavx2")
