"""The exported WebAssembly: in Node against the steps executed by NumPy, its page in a browser."""

import base64
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobinet.export import FORMATS, STREAMS, TrainedNetwork
from mobinet.export.reference import scores
from mobinet.export.translate import steps_of
from space import Architecture
from tests.mobinet.export.networks import as_trained
from tests.results.page.browser import visit

pytest.importorskip("ziglang")
NETWORK = replace(
    as_trained(Architecture.uniform("mobilenet-8", block="mid", k=3, pool="avg")),
    classes=("</script><b>", *"123456789"),
)
RUN = """
const bytes = require("fs").readFileSync("network.wasm");
WebAssembly.instantiate(bytes, {}).then(({ instance }) => {
  const network = instance.exports;
  network._initialize?.();
  const image = JSON.parse(process.argv[2]);
  new Uint8Array(network.memory.buffer, network.network_image(), image.length).set(image);
  console.log(JSON.stringify([...new Uint32Array(network.memory.buffer, network.network_run(), 10)]));
});
"""


def folder_of(network: TrainedNetwork, folder: Path) -> Path:
    for name, content in FORMATS["wasm"].files(network).items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return folder_of(NETWORK, tmp_path_factory.mktemp("wasm"))


def expected(image: np.ndarray, network: TrainedNetwork = NETWORK) -> np.ndarray:
    return scores(steps_of(network), image.astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("stream", STREAMS)
def test_scores_are_those_of_the_steps(folder, tmp_path, stream):
    network = replace(NETWORK, stream=stream)
    if stream != "float32":
        folder = folder_of(network, tmp_path)
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    (folder / "run.js").write_text(RUN)
    image = np.random.default_rng(4).integers(0, 256, (8, 8, 1), dtype=np.uint8)
    command = ["node", "run.js", json.dumps(image.ravel().tolist())]
    out = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    assert json.loads(out) == expected(image, network).view(np.uint32).tolist()


def test_the_page_needs_nothing_else(folder):
    page = (folder / "demo.html").read_text()
    (held,) = re.findall(r'atob\("([^"]*)"\)', page)
    assert base64.b64decode(held) == (folder / "network.wasm").read_bytes()
    assert not re.findall(r'(?:src|href)="', page) and "{{" not in page
    assert page.count("</script>") == 2


READER = """
const named = (name) => document.getElementById(name);
board.setPointerCapture = () => {};
const { left, top, width: wide } = board.getBoundingClientRect();
const tap = () => {
  const at = { clientX: left + wide / 2, clientY: top + wide / 2 };
  for (const kind of ["down", "up"]) board.dispatchEvent(new PointerEvent(`pointer${kind}`, at));
};
const lit = () => pen.getImageData(0, 0, 280, 280).data.filter((value, i) => i % 4 === 0 && value).length;
const classes_shown = () => named("classes").children.length;
const choose = (...files) => {
  const input = named("file"), chosen = new DataTransfer();
  for (const file of files) chosen.items.add(file);
  input.files = chosen.files;
  input.dispatchEvent(new Event("change"));
};
tap();
const early = lit();
await until(classes_shown);
const dot = lit();
named("clear").click();
choose();
choose(new File(["no picture"], "letter.txt"));
await until(() => named("trouble").textContent);
const trouble = named("trouble").textContent;
const blob = await new Promise((done) => board.toBlob(done));
const opened = [];
for (let i = 0; i < 2; i++) {
  named("clear").click();
  choose(new File([blob], "same.png"));
  await until(classes_shown);
  opened.push(named("file").value);
}
named("file").focus();
const focused = document.activeElement.id;
return { early, dot, trouble, opened, focused, live: named("classes").parentElement.ariaLive };
"""


def test_what_a_reader_does_with_the_page(folder, tmp_path):
    """A tap is a dot of the pen's width, 280 / 12 pixels, whether the network is ready or not."""
    said = visit((folder / "demo.html").read_text(), READER, tmp_path)
    assert said["wrong"] == []
    assert said["early"] == said["dot"] == pytest.approx(np.pi * (280 / 24) ** 2, rel=0.15)
    assert said["trouble"] == "letter.txt is not a picture that this browser can open."
    assert (said["opened"], said["focused"], said["live"]) == (["", ""], "file", "polite")


def test_a_browser_that_cannot_run_the_network_says_so(folder, tmp_path):
    page = (folder / "demo.html").read_text().replace('atob("', 'atob("AAAA')
    said = visit(
        page,
        'const p = document.getElementById("trouble");'
        "await until(() => p.textContent); return { said: p.textContent };",
        tmp_path,
    )
    assert said["wrong"] == [] and said["said"].startswith("This browser cannot run the network")


def test_the_page_shows_the_classes_of_what_is_drawn(folder):
    """Nothing before that. The line lies outside of the board, which stays black."""
    if not (browser := shutil.which("chromium") or shutil.which("google-chrome")):
        pytest.skip("chromium is not installed")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000", "--dump-dom"]
    line = "".join(
        f'board.dispatchEvent(new PointerEvent("pointer{kind}", {{clientX: -99, clientY: -99}}));'
        for kind in ("down", "move", "up")
    )
    draw = f"<script>board.setPointerCapture = () => {{}}; setTimeout(() => {{ {line} }}, 1000);</script></body>"
    drawn = folder / "drawn.html"
    drawn.write_text((folder / "demo.html").read_text().replace("</body>", draw))
    command = [browser, *flags, f"--user-data-dir={folder / 'profile'}"]
    empty, shown = (
        subprocess.run([*command, page.as_uri()], capture_output=True, text=True, check=True, timeout=120).stdout
        for page in (folder / "demo.html", drawn)
    )
    assert '<ol id="classes"></ol>' in empty and "ms an image" not in empty.split("<script>")[0]
    names = re.findall(r"<span>(.*?)</span><b>([\d.]+) %</b>", shown)
    found = expected(np.zeros((8, 8, 1), np.uint8)).astype(np.float64)
    shares = np.exp(found) / np.exp(found).sum()
    wanted = sorted(zip(NETWORK.classes, shares), key=lambda pair: -pair[1])
    assert [(name, float(share)) for name, share in names] == [
        (name.replace("<", "&lt;").replace(">", "&gt;"), round(100 * share, 1)) for name, share in wanted
    ]
    assert re.search(r"ms an image", shown)
