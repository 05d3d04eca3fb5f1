"""The way to a VNC server on which input is noticed, so that one knows of an idle holder."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from pilothouse.channels.transport import ByteTransport
from pilothouse.protocol.rfb.constants import ClientMessageType

_FETCHING = (ClientMessageType.FRAMEBUFFER_UPDATE_REQUEST, ClientMessageType.ENABLE_CONTINUOUS_UPDATES)
_FETCHING_SIZE = 10
_INPUT = (ClientMessageType.KEY_EVENT, ClientMessageType.POINTER_EVENT, ClientMessageType.CLIENT_CUT_TEXT)


@attrs.frozen
class NotedInput:
    """A `ByteTransport` to which only whole messages are sent.

    Attributes:
        server: where they go.
        noted: called with each send that begins with input, whatever fetches pixels before it.
    """

    server: ByteTransport
    noted: Callable[[], None]

    async def receive_some(self) -> bytes:
        """See `ByteTransport`."""
        return await self.server.receive_some()

    async def send_all(self, data: bytes) -> None:
        """See `ByteTransport`."""
        start = 0
        while data[start : start + 1] and data[start] in _FETCHING:
            start += _FETCHING_SIZE
        if data[start : start + 1] and data[start] in _INPUT:
            self.noted()
        await self.server.send_all(data)
