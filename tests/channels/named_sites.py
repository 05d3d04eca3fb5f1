"""A web server whose pages Chromium finds under every host name, so that there are sites to choose from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

SWITCHES = ("--host-resolver-rules=MAP * 127.0.0.1", "--site-per-process")
"""Of the Chromium that is to find them; each site gets a process of its own."""


class NamedSites:
    """The pages of the web server, by path."""

    def __init__(self) -> None:
        self.port = 0
        self.pages: dict[str, str] = {}

    def add(self, html: str, *, host: str = "a.test") -> str:
        """Put up a page, and give its URL; under other hosts it is there as well."""
        path = f"/{len(self.pages)}"
        self.pages[path] = f"<!doctype html><meta charset=utf-8>{html}"
        return f"http://{host}:{self.port}{path}"


@contextmanager
def named_sites() -> Iterator[NamedSites]:
    """The web server, in a thread."""
    sites = NamedSites()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, sites)) as server:
        sites.port = server.server_port
        thread = Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        try:
            yield sites
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, sites: NamedSites, *arguments: Any) -> None:
        self._sites = sites
        super().__init__(*arguments)

    def do_GET(self) -> None:
        page = self._sites.pages.get(self.path.partition("?")[0])
        self.send_response(404 if page is None else 200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write((page or "").encode())

    def log_message(self, *arguments: object) -> None:
        pass
