"""A web server on the loopback interface, which plays any site that a test needs."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio


class LocalSite:
    """Answers `/to?URL` with a redirect, `/nothing` with nothing, `/download` with a file, and all else with pages.

    Attributes:
        requests: host and path of each request, except those for icons.
        pages: HTML by path, between a title and a paragraph that are always there.
        held: paths that are answered only when the event is set; with `/in-two-parts` only the second part is held.
    """

    def __init__(self, listening: socket.socket) -> None:
        self.port: int = listening.getsockname()[1]
        self.requests: list[str] = []
        self.pages: dict[str, str] = {}
        self.held: dict[str, trio.Event] = {}
        self._listening = listening

    async def asked_for(self, path: str) -> None:
        while not any(request.endswith(f" {path}") for request in self.requests):  # noqa: ASYNC110 (another process)
            await trio.sleep(0.02)

    async def serve(self) -> None:
        # A copy, which Trio may close; the socket goes on to listen.
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(self._listening.dup()))
        await trio.serve_listeners(self._answer, [listener])

    async def _answer(self, stream: trio.SocketStream) -> None:
        async with stream:
            try:
                head = await _head_of_request(stream)
                if head:
                    await self._send(stream, *head)
            except trio.BrokenResourceError:
                pass  # the browser changed its mind

    async def _send(self, stream: trio.SocketStream, host: str, path: str) -> None:
        if path == "/favicon.ico":
            await stream.send_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        self.requests.append(f"{host} {path}")
        held = self.held.get(path)
        if held is not None and path != "/in-two-parts":
            await held.wait()
        if path.startswith("/to?"):
            location = path.partition("?")[2]
            await stream.send_all(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())
            return
        if path == "/nothing":
            await stream.send_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            return
        cache = "max-age=3600" if path == "/cached" else "no-store"
        disposition = "attachment; filename=x" if path == "/download" else "inline"
        head = f"Content-Type: text/html\r\nCache-Control: {cache}\r\nContent-Disposition: {disposition}\r\n"
        # Enough for Chromium to begin to show it.
        first_part = f"<title>{path}</title><p>first</p>{' ' * 2048}"
        await stream.send_all(f"HTTP/1.1 200 OK\r\n{head}Connection: close\r\n\r\n{first_part}".encode())
        if held is not None:
            await held.wait()
        await stream.send_all(f"{self.pages.get(path, '')}<p>last</p>".encode())


async def _head_of_request(stream: trio.SocketStream) -> tuple[str, str] | None:
    """Host and path."""
    head = b""
    while b"\r\n\r\n" not in head:
        received = await stream.receive_some()
        if not received:
            return None  # browsers open connections in advance
        head += received
    lines = head.decode().split("\r\n")
    (host,) = (line.partition(" ")[2] for line in lines if line.lower().startswith("host:"))
    return host.partition(":")[0], lines[0].split()[1]


@asynccontextmanager
async def open_local_site(listening: socket.socket) -> AsyncIterator[LocalSite]:
    site = LocalSite(listening)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(site.serve)
        yield site
        nursery.cancel_scope.cancel()
