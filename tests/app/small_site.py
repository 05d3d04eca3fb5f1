"""A web server on the loopback interface, with the pages that a test puts there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

_TLS_HANDSHAKE = b"\x16"


class SmallSite:
    """Answers `/to?URL` with a redirect, `/cached.js` with a script that may be cached, `/never` not at all, and all
    else with pages.

    Attributes:
        port: of 127.0.0.1.
        pages: HTML by path; paths that are not there have an empty page.
        requests: the target of each request, in order.
        tls_attempts: how often somebody wanted to speak TLS, which we do not.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.pages: dict[str, str] = {}
        self.requests: list[str] = []
        self.tls_attempts = 0

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def add(self, path: str, html: str) -> str:
        """Put up a page; its URL."""
        self.pages[path] = f"<!doctype html><meta charset=utf-8><link rel=icon href=data:,>{html}"
        return self.url(path)

    async def answer(self, stream: trio.SocketStream) -> None:
        """Serve one connection."""
        head = b""
        try:
            while b"\r\n\r\n" not in head:
                received = await stream.receive_some()
                if not received:
                    return  # browsers open connections in advance
                head += received
                if head.startswith(_TLS_HANDSHAKE):
                    self.tls_attempts += 1
                    return
            target = head.split()[1].decode()
            self.requests.append(target)
            if target == "/never":
                await trio.sleep_forever()
            await stream.send_all(self._answer_to(target))
        except trio.BrokenResourceError:
            pass  # the browser changed its mind

    def _answer_to(self, target: str) -> bytes:
        status, headers, body = "200 OK", "Content-Type: text/html\r\nCache-Control: no-store", ""
        path, _, query = target.partition("?")
        if path == "/to":
            status, headers = "302 Found", f"Location: {query}"
        elif path == "/cached.js":
            headers = "Content-Type: text/javascript\r\nCache-Control: max-age=3600"
        else:
            body = self.pages.get(path, "")
        content = body.encode()
        head = f"HTTP/1.1 {status}\r\n{headers}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        return head.encode() + content


@asynccontextmanager
async def open_small_site() -> AsyncIterator[SmallSite]:
    """Serve while the context lasts."""
    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        site = SmallSite(listener.socket.getsockname()[1])
        nursery.start_soon(trio.serve_listeners, site.answer, [listener])
        yield site
        nursery.cancel_scope.cancel()
