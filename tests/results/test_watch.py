"""The served page: who gets what, and how it is renewed."""

import http.client
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from results.noise import Noise
from results.report import watch, write_report
from results.tables import write_tables
from results.watch import Server, Watched, watched
from space import InputError
from tests.results.page.browser import TRIES

ROOT = Path(__file__).parents[2]
TRIALS = "6 complete, 1 failed"


@pytest.fixture
def server(run_folder):
    with serving(Watched(run_folder)) as server:
        yield server


@contextmanager
def serving(watched: Watched) -> Iterator[Server]:
    """A server that waits for nobody when it ends."""
    with Server(watched) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def ask(
    server: Server, *, method: str = "GET", path: str = "/", **headers: str
) -> tuple[http.client.HTTPResponse, str]:
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=60)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    return answer, answer.read().decode()


def test_the_page_is_the_report_and_asks_for_a_newer_one(server, run_folder):
    answer, page = ask(server)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert TRIALS in page and "If-None-Match" in page
    assert not (run_folder / "report.html").exists()
    assert "If-None-Match" not in write_report(run_folder).read_text()


def test_it_listens_on_this_machine_only(server):
    assert server.socket.getsockname()[0] == "127.0.0.1"


def test_a_page_is_sent_once_and_again_when_a_table_changes(server, run_folder, trials, config):
    tag = ask(server)[0].headers["ETag"]
    assert [ask(server, If_None_Match=tag)[0].status for _ in range(2)] == [304, 304]
    write_tables(run_folder, trials[:3], config, None)
    answer, page = ask(server, If_None_Match=tag)
    assert answer.status == 200 and answer.headers["ETag"] != tag
    assert "trials: 3 complete" in page and TRIALS not in page


def test_a_retraining_under_way_changes_it(server, run_folder, trials):
    tag = ask(server)[0].headers["ETag"]
    path = run_folder / "retrain" / trials.loc[2, "key"] / "metrics.csv"
    path.parent.mkdir(parents=True)
    path.write_text("epoch,loss,validation_top1,seconds\n1,2.0,0.5,1.0\n2,1.0,0.75,1.0\n")
    answer, page = ask(server, If_None_Match=tag)
    assert answer.status == 200 and "after each epoch of the full schedule" in page


def test_between_two_tables_it_is_the_page_of_before(server, run_folder):
    first = ask(server)[0].headers["ETag"]
    whole = (run_folder / "trials.csv").read_bytes()
    (run_folder / "trials.csv").write_bytes(whole[:-40])  # its digest is still that of before
    assert ask(server, If_None_Match=first)[0].status == 304
    (run_folder / "trials.csv").write_bytes(whole)
    assert ask(server, If_None_Match=first)[0].status == 200


def test_before_the_first_result_it_waits(server, run_folder, trials, config):
    for path in run_folder.glob("*.[cj]s*"):
        if path.name != "config.json":
            path.unlink()
    answer, page = ask(server)
    assert answer.status == 200 and "No results yet" in page and "If-None-Match" in page
    write_tables(run_folder, trials, config, None)
    assert TRIALS in ask(server, If_None_Match=answer.headers["ETag"])[1]


@pytest.mark.parametrize("path", ["/report.html", "/config.json", "/../config.json", "/?", "/favicon.ico"])
def test_nothing_else_is_there(server, path):
    answer, text = ask(server, path=path)
    assert (answer.status, text) == (404, "")


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_it_is_only_read(server, method):
    answer, text = ask(server, method=method)
    assert (answer.status, text, answer.headers["Allow"]) == (405, "", "GET")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "192.168.0.1"])
def test_another_name_gets_nothing(server, host):
    answer, text = ask(server, Host=host)
    assert (answer.status, text) == (403, "")


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "127.0.0.1:8000"])
def test_the_names_of_a_tunnel_are_this_machine_s(server, host):
    assert ask(server, Host=host)[0].status == 200


def test_no_other_page_can_load_or_frame_it(server):
    headers = ask(server)[0].headers
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Access-Control-Allow-Origin"] is None


def test_an_open_page_gets_the_last_results_before_the_end(run_folder, trials, config):
    began, seen = time.monotonic(), []

    def see() -> None:
        while ask(server, If_None_Match=tag)[0].status == 304:
            time.sleep(0.05)
        seen.append("3 complete" in ask(server)[1])

    with watched(run_folder) as server:
        tag = ask(server)[0].headers["ETag"]
        browser = threading.Thread(target=see)
        write_tables(run_folder, trials[:3], config, None)
        browser.start()
    browser.join()
    assert seen == [True] and time.monotonic() - began < 4
    with pytest.raises(ConnectionRefusedError):
        ask(server)


def test_nobody_is_waited_for_where_nobody_looks(run_folder, capsys):
    began = time.monotonic()
    with watched(run_folder) as server:
        assert server.address in capsys.readouterr().out
    assert time.monotonic() - began < 1


def test_the_command_writes_nothing_and_ends_with_ctrl_c(run_folder):
    before = {path: path.stat().st_mtime_ns for path in run_folder.rglob("*")}
    command = [sys.executable, "-m", "results.report", str(run_folder), "--watch"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    with urlopen(process.stdout.readline().split()[-1]) as page:
        assert TRIALS in page.read().decode()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "") and process.returncode == 0
    assert {path: path.stat().st_mtime_ns for path in run_folder.rglob("*")} == before


@pytest.mark.parametrize("flags, complaint", [((), "is not the folder of a run"), (("--cost", "bytes"), "leave out")])
def test_what_cannot_be_watched_is_one_line(tmp_path, flags, complaint):
    command = [sys.executable, "-m", "results.report", str(tmp_path), "--watch", *flags]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 2 and complaint in ended.stderr and ended.stderr.count("\n") == 1


def test_published_results_that_there_are_not_end_the_watch(run_folder):
    with pytest.raises(InputError, match="no published results on digits"):
        watch(run_folder, published=True)


ACTS = """<script>
addEventListener("error", (event) => (document.title = event.message));
const settled = () => ({
  kind: view.kind, cost: view.cost, key: view.chosen, shown: document.querySelector("#network h3").textContent,
  most: view.most, limits: [...document.querySelectorAll(".most")].map((it) => it.value),
  filter: document.getElementById("filter").value, only: document.getElementById("only-front").checked,
  rows: [...document.querySelectorAll("#every tbody tr")].map((row) => row.dataset.key),
  sort: document.querySelector("#every th[aria-sort]")?.textContent,
  open: [...document.querySelectorAll("details")].map((it) => it.open),
  range: document.getElementById("front").layout.xaxis.range.map((at) => at.toFixed(2)),
  hidden: document.getElementById("front").data.filter((it) => it.visible === "legendonly").map((it) => it.name),
  scrolled: scrollY > 200, title: document.title, said: document.querySelector(".watched span").textContent,
});
const said = Object.assign(document.createElement("pre"), { id: "said" });
document.body.append(said);
if (!sessionStorage.acted) setTimeout(() => {
  sessionStorage.acted = true;
  document.querySelector("#kinds [value=measured]").click();
  switchTo({ cost: "bytes" });
  choose(rowOf.get("KEY"));
  document.getElementById("filter").value = "sampler";
  limitTo("1k");
  [...document.querySelectorAll("#every th button")].find((it) => it.textContent === "measured").click();
  for (const it of document.querySelectorAll("details")) it.open = !it.open;
  Plotly.relayout("front", { "xaxis.range": [2.5, 3] });
  Plotly.restyle("front", { visible: "legendonly" }, [0]);
  scrollTo(0, 600);
  sessionStorage.before = JSON.stringify(settled());
}, 500);
else setTimeout(() => (said.textContent = JSON.stringify([JSON.parse(sessionStorage.before), settled()])), 500);
</script></body>"""


class Acting(Watched):
    """Its page acts as a reader does, and its run gets further results at the third request."""

    requests = 0

    def __init__(self, folder, acts, go_on) -> None:
        super().__init__(folder)
        self._acts, self._go_on = acts, go_on

    def page(self) -> tuple[str, bytes]:
        self.requests += 1
        if self.requests == 3:
            self._go_on()
        version, page = super().page()
        return version, page.replace(b"</body>", self._acts.encode())


def visited(browser: str, folder: Path, page: Acting) -> str:
    """What the acting page said in a visit, if its renewal came within the browser's virtual time."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=30000", "--dump-dom"]
    flags += [f"--user-data-dir={folder / 'profile'}", "--window-size=1400,900"]
    with serving(page) as server:
        shown = subprocess.run([browser, *flags, server.address], capture_output=True, text=True, timeout=120).stdout
    return unescape(shown.partition('<pre id="said">')[2].partition("</pre>")[0])


def test_a_renewed_page_keeps_what_the_reader_set(run_folder, trials, config, tmp_path):
    if not (browser := shutil.which("chromium") or shutil.which("google-chrome")):
        pytest.skip("chromium is not installed")
    trials = trials.assign(expected=trials["accuracy"] - 0.01)
    acts, said = ACTS.replace("KEY", trials.loc[3, "key"]), ""
    for _ in range(TRIES):
        write_tables(run_folder, trials[:5], config, Noise(std=0.01, pairs=3))
        page = Acting(run_folder, acts, lambda: write_tables(run_folder, trials, config, None))
        if said := visited(browser, tmp_path, page):
            break
    before, after = json.loads(said)
    assert before.pop("rows") == [trials.loc[number, "key"] for number in (3, 2)]
    assert after.pop("rows") == [trials.loc[number, "key"] for number in (5, 6, 3, 2)]
    assert before["title"] == "mobinet on digits" and before["kind"] == "measured" and before["scrolled"]
    assert before["most"] == 1000 and before["limits"] == ["1k", "1k"]
    assert before.pop("said").startswith("Live") and after.pop("said").startswith("Live")
    assert after == before
