"""network.wasm, and demo.html, which holds it and needs nothing else."""

import html
import json
import subprocess
import sys
from base64 import b64encode
from importlib.resources import files as resources
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from mobinet.export import TrainedNetwork
from mobinet.export.c import folder
from mobinet.export.c.compiled import compile_error
from space import InputError

FLAGS = "-target wasm32-wasi -mexec-model=reactor -std=c99 -O3 -fno-strict-aliasing -msimd128 -s"
EXPORTED = ("network_image", "network_run")


def files(network: TrainedNetwork) -> dict[str, bytes]:
    """See `mobinet.export.ExportFormat`."""
    if not find_spec("ziglang"):
        raise InputError("--format wasm needs the package ziglang, a compiler; pip install -e '.[export]'")
    wasm = _compiled(folder.files(network))
    return {"network.wasm": wasm, "demo.html": _page(network, wasm).encode()}


def _compiled(sources: dict[str, bytes]) -> bytes:
    own = resources("mobinet.export.wasm") / "module.c"
    with TemporaryDirectory() as name:
        for file, content in (sources | {"module.c": own.read_bytes()}).items():
            (Path(name) / file).write_bytes(content)
        exports = [f"-Wl,--export={function}" for function in EXPORTED]
        command = [sys.executable, "-m", "ziglang", "cc", *FLAGS.split(), *exports]
        named = ["-o", "network.wasm", "module.c", "network.c"]
        done = subprocess.run([*command, *named], cwd=name, capture_output=True, text=True)
        if done.returncode:
            raise InputError(f"ziglang cannot compile the network: {compile_error(done.stderr)}")
        return (Path(name) / "network.wasm").read_bytes()


def _page(network: TrainedNetwork, wasm: bytes) -> str:
    architecture = network.architecture
    channels, height, width = architecture.input_shape
    described = architecture.describe()
    accuracy = "" if network.accuracy is None else f"{network.accuracy:.2%} on the test images. "
    name = f"{architecture.family} on {architecture.backbone}, {described}"
    about = f"{name}. {accuracy}{len(wasm):,} bytes of weights and code."
    facts = {"height": height, "width": width, "channels": channels, "classes": network.classes}
    facts["enlarged"] = network.picture_side / max(height, width)
    page = (resources("mobinet.export.wasm") / "demo.html").read_text(encoding="utf-8")
    for mark, text in {
        "ABOUT": html.escape(about),
        "FACTS": json.dumps(facts).replace("<", "\\u003c"),
        "WASM": b64encode(wasm).decode(),
    }.items():
        page = page.replace(f"{{{{{mark}}}}}", text)
    return page
