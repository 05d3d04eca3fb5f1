"""Pages on a web server of the loopback, which browsers take for two sites: `localhost` and `127.0.0.1`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, pages: Mapping[str, str], *arguments: object) -> None:
        self._pages = pages
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        page = self._pages.get(self.path)
        self.send_response(200 if page is not None else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        port = self.server.server_address[1]
        self.wfile.write((page or "").replace("{port}", str(port)).encode())

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def serving(pages: Mapping[str, str]) -> Iterator[int]:
    """Serve these pages by path, in which `{port}` stands for the port; gives it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, pages)) as server:
        thread = Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
