"""The VNC channel: RFB between a viewer's WebSocket and the browser's VNC server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import ClassVar

import attrs
import trio

from pilothouse.channels.channel import Channel, Connection
from pilothouse.channels.clipboard import Clipboard
from pilothouse.channels.end_signal import EndSignal
from pilothouse.channels.errors import BrowserGone, BrowserTooSlow, ChannelEnded, MalformedStream, NotFound
from pilothouse.channels.live_session import LiveSession
from pilothouse.channels.noted_input import NotedInput
from pilothouse.channels.transport import LARGEST_MESSAGE, READ_SIZE, ByteTransport
from pilothouse.channels.upstream import open_upstream
from pilothouse.channels.upstream_login import log_in
from pilothouse.channels.vnc_input import VncInput
from pilothouse.protocol.errors import RemoteProtocolError
from pilothouse.protocol.rfb.input_policy import GUARDED, InputPolicy
from pilothouse.protocol.rfb.viewer_handshake import ViewerHandshake

LARGEST_READ = LARGEST_MESSAGE + READ_SIZE
"""Bytes that one message and what has arrived behind it can come to."""


@attrs.frozen
class Deadlines:
    """How long others may take, in seconds.

    Attributes:
        browser: until the session has a browser.
        handshake: for the VNC server's whole handshake, and then for the viewer's.
    """

    browser: float = 30.0
    handshake: float = 10.0


DEFAULT_DEADLINES = Deadlines()


class VncChannel(Channel):
    """Pixels go through untouched; of the viewer's messages only those that the policy lets pass.

    Args:
        connection: the viewer's.
        policy: what the viewer may do while it holds control.
        deadlines: how long others may take.
    """

    kind: ClassVar[str] = "vnc"

    def __init__(
        self, connection: Connection, *, policy: InputPolicy = GUARDED, deadlines: Deadlines = DEFAULT_DEADLINES
    ) -> None:
        self.connection = connection
        self._deadlines = deadlines
        self._viewer = connection.transport
        self._policy = policy
        self._input: VncInput | None = None
        self._server: ByteTransport | None = None

    def control_changed(self) -> None:
        """What is held at this moment is lifted."""
        if self._input is not None:  # else nothing has passed yet
            self._input.control_changed()

    async def quiet(self) -> None:
        """Waits until the VNC server has been given what passed, and what lifts it."""
        if self._server is not None:
            with suppress(BrowserGone):
                await self._server.send_all(b"")  # behind all that others send

    async def stream(self, session: LiveSession, signal: EndSignal) -> None:
        """Connect, end the handshake on both sides, then carry bytes both ways."""
        with _at_most(self._deadlines.browser, BrowserTooSlow):
            upstream = await session.upstream()
        if upstream is None:
            raise NotFound("this browser has no VNC server")
        async with open_upstream(upstream.address, self._deadlines.handshake) as server:
            handshake = await log_in(server, upstream.password, self._deadlines.handshake)
            with _at_most(self._deadlines.handshake, MalformedStream):
                early = await self._greet_viewer(handshake.server_init)
            viewer = self.connection.viewer
            clipboard = Clipboard(session, viewer, self.connection.clipboard, await session.browser())
            self._server = server
            to_server = NotedInput(server, partial(session.acted, viewer)) if session.minds_idleness else server
            self._input = VncInput(
                viewer, self._policy, clipboard, to_server, session, takes_clipboard=upstream.takes_clipboard
            )
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._browser_to_viewer, handshake.trailing(), server)
                await self._input.run(early, self._received)

    async def _greet_viewer(self, server_init: bytes) -> bytes:
        """The viewer's handshake; returns what the viewer sent after it."""
        handshake = ViewerHandshake(server_init, LARGEST_READ)
        await self._viewer.send(handshake.greeting)
        try:
            while not handshake.done:
                for reply in handshake.receive(await self._received()):
                    await self._viewer.send(reply)
        except RemoteProtocolError as error:
            raise MalformedStream(detail=str(error)) from error
        return handshake.trailing()

    async def _browser_to_viewer(self, early: bytes, server: ByteTransport) -> None:
        data = early or await server.receive_some()
        while data:
            await self._viewer.send(data)
            data = await server.receive_some()
        raise BrowserGone(detail="the VNC server closed the connection")

    async def _received(self) -> bytes:
        """All that has arrived from the viewer, at least one message."""
        message = _binary(await self._viewer.receive())
        more = self._viewer.receive_nowait()
        if more is None:
            return message
        messages = [message]
        while more is not None:
            messages.append(_binary(more))
            more = self._viewer.receive_nowait()
        return b"".join(messages)


def _binary(message: bytes | str) -> bytes:
    if isinstance(message, str):
        raise MalformedStream("RFB comes in binary messages")
    return message


@contextmanager
def _at_most(seconds: float, too_slow: type[ChannelEnded]) -> Iterator[None]:
    try:
        with trio.fail_after(seconds):
            yield
    except trio.TooSlowError as error:
        raise too_slow(detail=f"nothing within {seconds} s") from error
