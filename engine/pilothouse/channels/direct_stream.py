"""A socket's stream for pumps: few trips through the scheduler, and a cancelled send does no harm.

`trio.SocketStream` tries to read before it waits, and passes the scheduler after each send: for a message that only
goes through, half of all the work. Here the trip is made where a message is waited for, and none is made for a send
that the system takes at once. So whoever sends in a loop has to receive in it, too, or others never get their turn.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import trio

from pilothouse.channels.transport import BROKEN, READ_SIZE

Bytes = bytes | bytearray | memoryview


class DirectStream(trio.abc.Stream):
    """A socket stream whose `send_all` first finishes what a cancelled one left behind.

    Clean-up has to say something on the connection on which somebody was just cancelled: lift the keys that are held
    down. Behind half a message it would be taken for the rest of it.

    Args:
        stream: connected; only its socket is used.
        broken: makes the error that is raised when the connection is gone, from the system's words about it.
    """

    def __init__(
        self, stream: trio.SocketStream, broken: Callable[[str], Exception] = trio.BrokenResourceError
    ) -> None:
        self._socket = stream.socket
        self._broken = broken
        self._unsent = b""
        self._sending = trio.Lock()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """What has arrived, at least one byte; empty at the end."""
        while True:
            # Asked for each time: once the socket is closed, its number may belong to another one.
            number = self._socket.fileno()
            if number < 0:
                raise self._broken("closed")
            try:
                await trio.lowlevel.wait_readable(number)
                return os.read(self._socket.fileno(), max_bytes or READ_SIZE)
            except BlockingIOError:
                pass  # a false alarm
            except BROKEN as error:
                raise self._broken(str(error)) from error

    async def receive_into(self, buffer: memoryview) -> int:
        """The same into a place of the caller's; returns how many bytes, 0 at the end."""
        while True:
            number = self._socket.fileno()
            if number < 0:
                raise self._broken("closed")
            try:
                await trio.lowlevel.wait_readable(number)
                return os.readv(self._socket.fileno(), [buffer])
            except BlockingIOError:
                pass  # a false alarm
            except BROKEN as error:
                raise self._broken(str(error)) from error

    async def send_all(self, data: Bytes, *more: Bytes) -> None:
        """Send all bytes, in the order of the calls. Several tasks may send."""
        size = len(data) + sum(map(len, more))
        sent = 0 if self._unsent else self._sent_at_once((data, *more))
        if sent < size:
            self._unsent += b"".join((data, *more))[sent:]
        if self._unsent:
            await self._send_unsent()

    def _sent_at_once(self, parts: tuple[Bytes, ...]) -> int:
        try:
            return os.writev(self._socket.fileno(), parts)
        except BlockingIOError:
            return 0  # the peer reads slowly
        except OSError as error:
            raise self._broken(str(error)) from error

    async def _send_unsent(self) -> None:
        async with self._sending:
            try:
                while self._unsent:
                    sent = await self._socket.send(self._unsent)
                    self._unsent = self._unsent[sent:]
            except BROKEN as error:
                raise self._broken(str(error)) from error

    async def wait_send_all_might_not_block(self) -> None:
        """See `trio.abc.SendStream`."""
        await trio.lowlevel.wait_writable(self._socket)

    async def aclose(self) -> None:
        """Close the connection; what is unsent stays unsent."""
        self._socket.close()
        await trio.lowlevel.checkpoint()
