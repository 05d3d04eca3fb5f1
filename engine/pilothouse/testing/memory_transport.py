"""A WebSocket without a network: two ends that are joined in memory."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import trio

from pilothouse.channels.errors import ABNORMAL, MessageTooLarge, ViewerLeft
from pilothouse.channels.transport import LARGEST_MESSAGE

_Sender = trio.MemorySendChannel[bytes | str]
_Receiver = trio.MemoryReceiveChannel[bytes | str]


@attrs.define(eq=False)
class _Link:
    """What both ends know of how the connection ended."""

    client_code: int = ABNORMAL
    server_code: int | None = None
    server_reason: str = ""
    too_large: bool = False


class MemoryTransport:
    """The server's end, a `MessageTransport`."""

    def __init__(self, link: _Link, incoming: _Receiver, outgoing: _Sender) -> None:
        self._link = link
        self._incoming = incoming
        self._outgoing = outgoing

    async def receive(self) -> bytes | str:
        """The next message; see `MessageTransport`."""
        try:
            return await self._incoming.receive()
        except (trio.EndOfChannel, trio.ClosedResourceError):
            raise self._why_closed() from None

    def receive_nowait(self) -> bytes | str | None:
        """A message that has arrived already; see `MessageTransport`."""
        try:
            return self._incoming.receive_nowait()
        except (trio.WouldBlock, trio.EndOfChannel, trio.ClosedResourceError):
            return None

    async def send(self, data: bytes | str) -> None:
        """Send one message; waits while the client does not read."""
        try:
            await self._outgoing.send(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise self._why_closed() from None

    async def close(self, close_code: int, reason: str) -> None:
        """Say why and close; the client answers at once, as browsers do."""
        if self._link.server_code is None:
            self._link.server_code, self._link.server_reason = close_code, reason
        self._incoming.close()
        self._outgoing.close()
        await trio.lowlevel.checkpoint()

    def _why_closed(self) -> Exception:
        return MessageTooLarge() if self._link.too_large else ViewerLeft(self._link.client_code)


class MemoryClient:
    """The viewer's end."""

    def __init__(self, link: _Link, incoming: _Receiver, outgoing: _Sender, max_message_size: int) -> None:
        self._link = link
        self._incoming = incoming
        self._outgoing = outgoing
        self._max_message_size = max_message_size

    @property
    def close_code(self) -> int | None:
        """With which code the server closed; None as long as it did not."""
        return self._link.server_code

    @property
    def close_reason(self) -> str:
        """The reason that the server gave for closing."""
        return self._link.server_reason

    async def send(self, data: bytes | str) -> None:
        """Send one message; waits while the server does not read.

        Raises:
            trio.BrokenResourceError: the server has closed.
        """
        if len(data.encode() if isinstance(data, str) else data) <= self._max_message_size:
            await self._outgoing.send(data)
            return
        self._link.too_large = True
        self._link.server_code, self._link.server_reason = MessageTooLarge().close_code, "message too big"
        self._outgoing.close()
        await trio.lowlevel.checkpoint()

    async def send_fragments(self, parts: Sequence[bytes]) -> None:
        """Send one binary message in pieces; in memory they arrive as one."""
        await self.send(b"".join(parts))

    async def receive(self) -> bytes | str:
        """The next message.

        Raises:
            trio.EndOfChannel: the server has closed, and everything has been read.
        """
        return await self._incoming.receive()

    async def close(self, close_code: int = 1000) -> None:
        """Leave with this code; what was sent before still arrives."""
        self._link.client_code = close_code
        self._outgoing.close()
        self._incoming.close()
        await trio.lowlevel.checkpoint()

    async def break_off(self) -> None:
        """Go without a word, as when the network fails."""
        await self.close(ABNORMAL)


def memory_transport_pair(
    *, capacity: int = 16, max_message_size: int = LARGEST_MESSAGE
) -> tuple[MemoryTransport, MemoryClient]:
    """Two joined ends: the server's, and the viewer's.

    Args:
        capacity: messages that fit into each direction before `send` waits.
        max_message_size: in bytes; a larger one from the client closes with 1009.
    """
    link = _Link()
    to_server, from_client = trio.open_memory_channel[bytes | str](capacity)
    to_client, from_server = trio.open_memory_channel[bytes | str](capacity)
    client = MemoryClient(link, from_server, to_server, max_message_size)
    return MemoryTransport(link, from_client, to_client), client
