"""A VNC server that plays what it is told, on a real socket."""

from __future__ import annotations

import os
import struct
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import attrs
import trio

from pilothouse.channels.vnc_auth import answering

_READ_SIZE = 65_536
_OK, _FAILED = bytes(4), b"\0\0\0\x01"
_NONE, _VNC_AUTH = 1, 2


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(4) + data


def server_init(width: int = 1280, height: int = 720, name: str = "scripted") -> bytes:
    """A ServerInit message with 32-bit true colour.

    Args:
        width: of the screen, in pixels.
        height: of the screen, in pixels.
        name: of the desktop.
    """
    pixel_format = struct.pack(">BBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
    return struct.pack(">HH", width, height) + pixel_format + _text(name)


@attrs.frozen
class VncScript:
    """How a `ScriptedVncServer` behaves.

    Attributes:
        version: what it announces; anything that is not RFB makes it a server that talks garbage.
        security_types: what it offers.
        password: what VncAuth checks the response against.
        refusal: refuses every client with this reason, in place of the security types.
        server_init: the message that ends the handshake.
        pixels: what it sends at once behind the handshake.
        echo: whether it sends back what it receives after the handshake.
        deaf: whether it reads nothing more after the handshake.
        hang_up_after: bytes of the handshake after which it closes the connection.
        fall_silent_after: bytes of the handshake after which it says nothing more; 0 never says anything.
    """

    version: bytes = b"RFB 003.008\n"
    security_types: tuple[int, ...] = (_NONE,)
    password: str = ""
    refusal: str | None = None
    server_init: bytes = attrs.field(factory=server_init)
    pixels: bytes = b""
    echo: bool = False
    deaf: bool = False
    hang_up_after: int | None = None
    fall_silent_after: int | None = None


DEFAULT_SCRIPT = VncScript()


class VncConnection:
    """One client of a `ScriptedVncServer`.

    Attributes:
        received: what it sent after the handshake.
        shared: the byte of its ClientInit.
        stream: the connection underneath.
    """

    def __init__(self, stream: trio.SocketStream) -> None:
        self.received = bytearray()
        self.shared = -1
        self.stream = stream
        self._progress = trio.Event()
        self._gone = trio.Event()

    async def received_bytes(self, count: int) -> bytes:
        """What has been received, as soon as it is at least `count` bytes."""
        while len(self.received) < count:
            await self._progress.wait()
        return bytes(self.received)

    async def received_until(self, needle: bytes) -> bytes:
        """What has been received, as soon as `needle` is in it."""
        while needle not in self.received:
            await self._progress.wait()
        return bytes(self.received)

    async def gone(self) -> None:
        """Waits until the client has closed the connection."""
        await self._gone.wait()

    async def send(self, data: bytes) -> None:
        """Send bytes; waits while the client does not read."""
        await self.stream.send_all(data)

    def hang_up(self) -> None:
        """Close the connection."""
        self.stream.socket.close()

    async def listen(self, *, echo: bool) -> None:
        """Record what comes, to the end."""
        while data := await self.stream.receive_some(_READ_SIZE):
            self.received += data
            self._progress.set()
            self._progress = trio.Event()
            if echo:
                await self.stream.send_all(data)

    def is_over(self) -> None:
        """Nothing more will come."""
        self._gone.set()


class ScriptedVncServer:
    """A VNC server for tests, listening while its context is open.

    Args:
        script: how it behaves.
        over: what it listens on: a Unix socket in a directory of its own, or a free TCP port of the loopback.

    Attributes:
        address: `unix://…` or `tcp://…`.
        connections: all clients that got through the handshake so far.
    """

    def __init__(self, script: VncScript = DEFAULT_SCRIPT, *, over: Literal["unix", "tcp"] = "unix") -> None:
        self.script = script
        self.address = ""
        self.connections: list[VncConnection] = []
        self._over = over
        self._connected = trio.Event()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            listener = await self._open_listener(stack)
            nursery = await stack.enter_async_context(trio.open_nursery())
            stack.callback(nursery.cancel_scope.cancel)
            nursery.start_soon(trio.serve_listeners, self._serve, [listener])
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._stack.__aexit__(kind, error, trace)

    async def connection(self, index: int = 0) -> VncConnection:
        """The client that came through the handshake as number `index`, as soon as it is there."""
        while len(self.connections) <= index:
            await self._connected.wait()
        return self.connections[index]

    async def _open_listener(self, stack: AsyncExitStack) -> trio.SocketListener:
        if self._over == "tcp":
            [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
            self.address = f"tcp://127.0.0.1:{listener.socket.getsockname()[1]}"
            return listener
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="pilothouse-vnc-"))
        path = Path(directory) / "rfb"
        unix = trio.socket.socket(trio.socket.AF_UNIX, trio.socket.SOCK_STREAM)
        await unix.bind(str(path))
        unix.listen()
        self.address = f"unix://{path}"
        return trio.SocketListener(unix)

    async def _serve(self, stream: trio.SocketStream) -> None:
        connection = VncConnection(stream)
        try:
            if await _Handshake(stream, self.script).completed(connection):
                self.connections.append(connection)
                self._connected.set()
                self._connected = trio.Event()
                if self.script.pixels:
                    await connection.send(self.script.pixels)
                if self.script.deaf:
                    await trio.sleep_forever()
                await connection.listen(echo=self.script.echo)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # either side may hang up at any time
        finally:
            connection.is_over()


class _Handshake:
    """The server's side of RFB 3.3, 3.7 and 3.8, up to where the script says that it ends."""

    def __init__(self, stream: trio.SocketStream, script: VncScript) -> None:
        self._stream = stream
        self._script = script
        self._said = 0
        self._old = self._new = False

    async def completed(self, connection: VncConnection) -> bool:
        """Play it; whether the client got through."""
        script = self._script
        await self._say(script.version)
        answer = await self._hear(12)
        self._old, self._new = answer == b"RFB 003.003\n", answer == b"RFB 003.008\n"
        if script.refusal is not None:
            await self._say((bytes(4) if self._old else b"\0") + _text(script.refusal))
            return False
        if not await self._secure():
            return False
        [connection.shared] = await self._hear(1)
        await self._say(script.server_init)
        return True

    async def _secure(self) -> bool:
        """Offer security types and, when VncAuth is chosen, check the response."""
        types = self._script.security_types
        if self._old:
            chosen = types[0]
            await self._say(chosen.to_bytes(4))
        else:
            await self._say(bytes([len(types), *types]))
            [chosen] = await self._hear(1)
        if chosen == _VNC_AUTH:
            challenge = os.urandom(16)
            await self._say(challenge)
            if await self._hear(16) != answering(self._script.password)(challenge):
                await self._say(_FAILED + (_text("wrong password") if self._new else b""))
                return False
            await self._say(_OK)
        elif self._new:
            await self._say(_OK)
        return chosen in types

    async def _say(self, data: bytes) -> None:
        silent, limit = False, self._script.hang_up_after
        if limit is None:
            silent, limit = True, self._script.fall_silent_after
        told = data if limit is None else data[: limit - self._said]
        await self._stream.send_all(told)
        self._said += len(told)
        if self._said == limit:
            if silent:
                await trio.sleep_forever()
            raise trio.BrokenResourceError

    async def _hear(self, count: int) -> bytes:
        heard = b""
        while len(heard) < count:
            some = await self._stream.receive_some(count - len(heard))
            if not some:
                raise trio.BrokenResourceError
            heard += bytes(some)
        return heard
