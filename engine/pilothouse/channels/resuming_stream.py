"""A connection on which a cancelled send does no harm."""

from __future__ import annotations

import trio

from pilothouse.channels.send_lock import SendLock
from pilothouse.channels.transport import READ_SIZE


class ResumingStream(trio.abc.Stream):
    """A socket stream whose `send_all` first finishes what a cancelled one left behind.

    Clean-up has to say something on the connection on which somebody was just cancelled: lift the keys that are held
    down. Behind half a message it would be taken for the rest of it.
    """

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._unsent = b""
        self._sending = SendLock()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send all bytes, in the order of the calls. Several tasks may send."""
        self._unsent += data
        async with self._sending:
            try:
                while self._unsent:
                    sent = await self._stream.socket.send(self._unsent)
                    self._unsent = self._unsent[sent:]
            except OSError as error:
                raise trio.BrokenResourceError(str(error)) from error

    async def wait_send_all_might_not_block(self) -> None:
        """See `trio.abc.SendStream`."""
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = READ_SIZE) -> bytes | bytearray:
        """See `trio.abc.ReceiveStream`."""
        return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        """Close the connection; what is unsent stays unsent."""
        await self._stream.aclose()
