"""The report of a run in browsers on this machine, which renew it as the run's files change.

It reads only, listens on the loopback address only, and answers nothing but GET of one page. A request by another name
than this machine's is refused: so a foreign site gets nothing that has its own name lead here (DNS rebinding).
"""

import hashlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from math import inf
from pathlib import Path
from socketserver import ThreadingTCPServer
from threading import Lock, Thread
from typing import Any

from results.report import report_of
from space import InputError

READ = "*.json", "trials.csv", "retrain/*/summary.json", "retrain/*/metrics.csv"
"""What a report is made from."""
NAMES = "127.0.0.1", "localhost"
PATIENCE = 5.0
"""Seconds in which an open page, which asks every two, has asked again and shown what it got."""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of every answer: the page loads nothing but itself, and no other page loads or frames it."""


class Watched:
    """The page of a run, made again where the run's files have changed.

    Args:
        folder: the run's.
        published: overlay what papers report on the same data set.
    """

    def __init__(self, folder: Path, *, published: bool = False) -> None:
        self._folder, self._published = folder, published
        self._lock = Lock()
        self._version, self._page, self._has_results = "", b"", False

    def page(self) -> tuple[str, bytes]:
        """Its version and its HTML. Where files cannot be read, as while they are replaced, the last one that was."""
        with self._lock:
            version = version_of(self._folder)
            if version != self._version:
                try:
                    page = report_of(self._folder, published=self._published, version=version)
                    self._has_results = True
                except InputError as error:
                    if self._has_results:
                        return self._version, self._page
                    page = waiting_page(str(error) if (self._folder / "trials.csv").exists() else "", version)
                self._version, self._page = version, page.encode(errors="backslashreplace")
            return self._version, self._page


def version_of(folder: Path) -> str:
    """A name for the state of the files that a report is made from; it changes when any of them is replaced."""
    state = []
    for path in sorted(path for pattern in READ for path in folder.glob(pattern)):
        with suppress(FileNotFoundError):  # removed since it was listed
            status = path.stat()
            state.append((str(path), status.st_mtime_ns, status.st_size))
    return hashlib.sha256(repr(state).encode()).hexdigest()[:16]


def waiting_page(reason: str, version: str) -> str:
    """What is shown until there is a report, with what a run that has tables lacks for one."""
    from results.page import document  # which loads pandas and plotly
    from results.page.html import paragraph

    title = "No results yet"
    words = "The report comes here by itself, a few seconds after the first trial has ended."
    return document(title, f"<h1>{title}</h1>{paragraph(words)}{paragraph(reason, 'note')}", version)


class Server(ThreadingTCPServer):
    """Serves a page at a free port of the loopback address, see `address`.

    Args:
        watched: the page.
    """

    daemon_threads = True

    def __init__(self, watched: Watched) -> None:
        super().__init__((NAMES[0], 0), _Handler)
        self.watched = watched
        self.address = f"http://{NAMES[0]}:{self.server_address[1]}/"
        self.asked = -inf
        """When a page last asked for a newer one."""
        self.shown = ""
        """The version that a browser last opened."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that breaks a connection off is no error."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def let_see(self) -> None:
        """Wait until a page that is open shows the last results, but not for long."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < min(end, self.asked + PATIENCE) and self.shown != self.watched.page()[0]:
            time.sleep(0.1)


class _Handler(BaseHTTPRequestHandler):
    """Answers one request.

    A page asks for a newer one with its version in ``If-None-Match``; a browser that opens it, without.
    """

    server_version, sys_version = "mobinas", ""
    timeout = 10

    def do_GET(self) -> None:
        if self.headers.get("Host", "").partition(":")[0] not in NAMES:
            return self._answer(HTTPStatus.FORBIDDEN)
        if self.path != "/":
            return self._answer(HTTPStatus.NOT_FOUND)
        server = self.server
        assert isinstance(server, Server)
        version, page = server.watched.page()
        tag, held = f'"{version}"', self.headers.get("If-None-Match")
        server.asked = time.monotonic()
        if held == tag:
            return self._answer(HTTPStatus.NOT_MODIFIED, ETag=tag)
        content = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(page))}
        self._answer(HTTPStatus.OK, page, ETag=tag, **content)
        if held is None:
            server.shown = version

    def _refuse(self) -> None:
        self._answer(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET")

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse

    def _answer(self, status: HTTPStatus, content: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """The terminal shows the search."""


@contextmanager
def watched(folder: Path, *, published: bool = False) -> Iterator[Server]:
    """Serve the report of the run in `folder` as long as the context lasts, and print where.

    An open page gets the last results before the context ends, unless an error ends it.
    """
    with Server(Watched(folder, published=published)) as server:
        Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
        try:
            print(f"the report, renewed as results come: {server.address}", flush=True)
            yield server
            server.let_see()
        finally:
            server.shutdown()
