"""A connection within this process: a channel at one end, a client of it at the other."""

from __future__ import annotations

import attrs
import trio

from pilothouse.channels.errors import ViewerLeft
from pilothouse.protocol.cdp_executor import ConnectionLost

_CAPACITY = 16
_LEFT = 1000

_Sender = trio.MemorySendChannel[bytes | str]
_Receiver = trio.MemoryReceiveChannel[bytes | str]


@attrs.define(eq=False)
class _Ending:
    """What the client is told of why the channel has ended."""

    reason: str = ""


class InProcessTransport:
    """The channel's end, a `MessageTransport`."""

    def __init__(self, incoming: _Receiver, outgoing: _Sender, ending: _Ending) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._ending = ending

    async def receive(self) -> bytes | str:
        """The next message; see `MessageTransport`."""
        try:
            return await self._incoming.receive()
        except (trio.EndOfChannel, trio.ClosedResourceError):
            raise ViewerLeft(_LEFT) from None

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
            raise ViewerLeft(_LEFT) from None

    async def close(self, close_code: int, reason: str) -> None:
        """Say why, and close."""
        self._ending.reason = reason or str(close_code)
        self._incoming.close()
        self._outgoing.close()
        await trio.lowlevel.checkpoint()


class InProcessClient:
    """The client's end, a `CdpConnection`."""

    def __init__(self, incoming: _Receiver, outgoing: _Sender, ending: _Ending) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._ending = ending

    async def receive(self) -> bytes | str:
        """The next message.

        Raises:
            ConnectionLost: the channel has ended, and everything has been read.
        """
        try:
            return await self._incoming.receive()
        except (trio.EndOfChannel, trio.ClosedResourceError):
            raise self._lost() from None

    async def send(self, message: str) -> None:
        """Send one message; waits while the channel does not read.

        Raises:
            ConnectionLost: the channel has ended.
        """
        try:
            await self._outgoing.send(message)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise self._lost() from None

    def close(self) -> None:
        """Leave; what was sent before still arrives."""
        self._outgoing.close()
        self._incoming.close()

    def _lost(self) -> ConnectionLost:
        return ConnectionLost(f"the channel has ended ({self._ending.reason})")


def in_process_pair() -> tuple[InProcessTransport, InProcessClient]:
    """Two joined ends."""
    to_channel, from_client = trio.open_memory_channel[bytes | str](_CAPACITY)
    to_client, from_channel = trio.open_memory_channel[bytes | str](_CAPACITY)
    ending = _Ending()
    return InProcessTransport(from_client, to_client, ending), InProcessClient(from_channel, to_channel, ending)
