"""What channels read from and write to, and the seam where foreign exceptions become ours."""

from __future__ import annotations

from typing import Protocol

import trio

READ_SIZE = 65_536
"""Bytes of one read."""

LARGEST_MESSAGE = 2 * 1024 * 1024
"""Bytes of one message from a viewer: room for a long clipboard text as JSON; noVNC's messages have at most 10240."""

BROKEN = (trio.BrokenResourceError, trio.ClosedResourceError, OSError)
"""How Trio and the system say that a connection is gone.

Each transport turns these into `ViewerLeft` or `BrowserGone`, so that nobody above knows about sockets.
"""


class MessageTransport(Protocol):
    """The server's end of one WebSocket."""

    async def receive(self) -> bytes | str:
        """The next message: `bytes` for a binary one, `str` for text.

        Raises:
            ViewerLeft: there will be no more.
            MessageTooLarge: the peer sent one that is over the limit.
        """
        ...

    def receive_nowait(self) -> bytes | str | None:
        """A message that has arrived already, or None."""
        ...

    async def send(self, data: bytes | str) -> None:
        """Send one message. Several tasks may send; a cancelled `send` may leave the transport unusable.

        Raises:
            ViewerLeft: it cannot be sent.
        """
        ...

    async def close(self, close_code: int, reason: str) -> None:
        """Say why, wait for the peer's answer, and close. Never raises; when cancelled it closes at once.

        The caller sees to it that nobody else uses the transport any more, and bounds the time.
        """
        ...


class ByteTransport(Protocol):
    """A connection to a VNC server."""

    async def receive_some(self) -> bytes:
        """What has arrived, at least one byte; empty at the end.

        Raises:
            BrowserGone: the connection broke.
        """
        ...

    async def send_all(self, data: bytes) -> None:
        """Send all bytes. Several tasks may send; what a cancelled call leaves behind goes before the next one's.

        Without any bytes, it returns when what others send has gone, where the transport can tell.

        Raises:
            BrowserGone: they cannot be sent.
        """
        ...
