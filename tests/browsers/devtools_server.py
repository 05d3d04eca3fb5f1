"""The HTTP side of a browser's DevTools, with canned answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

_ANSWERS: dict[str, tuple[int, object]] = {
    "/json/version": (200, {"Browser": "Chrome/156"}),
    "/json/list": (200, [{"type": "browser_ui"}, {"type": "page"}]),
    "/broken/json/version": (500, {}),
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, answer = _ANSWERS[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def devtools_server() -> Iterator[str]:
    """Gives its address."""
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
