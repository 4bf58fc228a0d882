"""A page in headless Chromium: a script acts in it as a reader would, and says what it saw."""

import json
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

TRIES = 5
"""Visits; on a busy machine the browser's virtual time may be over before the page is drawn."""
OUTER = """<!doctype html><body style="margin: 0"><pre id="said"></pre>
<iframe src="{page}" width="{width}" height="{height}" style="border: 0"></iframe>
<script>onmessage = ({{ data }}) => (document.getElementById("said").textContent = data)</script>"""
ERRORS = """<script>
window.wrong = [];
addEventListener("error", (event) => wrong.push(String(event.message)));
addEventListener("unhandledrejection", (event) => wrong.push(String(event.reason)));
for (const name of ["error", "warn"]) console[name] = (...words) => wrong.push(words.join(" "));
const until = async (done) => { while (!done()) await new Promise((go) => setTimeout(go, 20)); };
</script>"""
ACTING = """<script>
(async () => {{
  let said = {{}};
  try {{ said = await (async () => {{ {script} }})() ?? {{}}; }} catch (error) {{ wrong.push(String(error)); }}
  parent.postMessage(JSON.stringify({{ ...said, wrong }}), "*");
}})();
</script>"""


def visit(page: str, script: str, folder: Path, *, width: int = 1400, height: int = 900) -> dict[str, Any]:
    """What `script`, the body of an async function, returns in the page, and `wrong`: each error and warning.

    Args:
        page: HTML.
        script: may call `until(condition)`.
        folder: for the browser's files.
        width, height: of the window, pixels.
    """
    if not (browser := shutil.which("chromium") or shutil.which("google-chrome")):
        pytest.skip("chromium is not installed")
    whole = page.replace("<head>", f"<head>{ERRORS}").replace("</body>", f"{ACTING.format(script=script)}</body>")
    (folder / "page.html").write_text(whole)
    outer = folder / "outer.html"
    outer.write_text(OUTER.format(page="page.html", width=width, height=height))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom"]
    flags += [f"--user-data-dir={folder / 'profile'}", f"--window-size={max(width, 500)},{height}"]
    command = [browser, *flags, outer.as_uri()]
    for _ in range(TRIES):
        shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
        if said := unescape(shown.partition('<pre id="said">')[2].partition("</pre>")[0]):
            return json.loads(said)
    raise AssertionError(f"the page said nothing in {TRIES} visits")
