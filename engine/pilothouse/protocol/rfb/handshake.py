"""The RFB handshake, which the proxy ends on both sides.

Towards the VNC server the proxy is a client that authenticates itself (upstream_handshake.py); towards the viewer, who
has shown a credential before, it is a server that offers only security type None (viewer_handshake.py). So the viewer
never sees a VNC password, and nobody can disagree with the proxy about where the handshake ends.

Each side is a machine: `STEPS` says what a state reads, `TRANSITIONS` where an event leads; an event that is missing
in the table is the protocol error. Sources: RFC 6143 §7.1–7.3, rfbproto; which versions real servers announce, and
what they mean by them, was measured.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, ClassVar

from pilothouse.protocol.errors import HandshakeFailed
from pilothouse.protocol.receive_buffer import ReceiveBuffer
from pilothouse.protocol.rfb.constants import MAX_DESKTOP_NAME

_LONGEST = 24 + MAX_DESKTOP_NAME


class Version(Enum):
    """The three versions of the protocol, as the 12 bytes that name them."""

    V3_3 = b"RFB 003.003\n"
    V3_7 = b"RFB 003.007\n"
    V3_8 = b"RFB 003.008\n"


class Handshake:
    """Bytes in, messages out; a subclass brings the two tables.

    Args:
        state: the first one.
        done: the last one.
        largest_read: the most bytes that one `receive` will be given.
    """

    STEPS: ClassVar[dict[Enum, Callable[[Any], bool]]]
    TRANSITIONS: ClassVar[dict[tuple[Enum, Enum], Enum]]

    def __init__(self, state: Enum, done: Enum, largest_read: int) -> None:
        self.state = state
        self._done = done
        self._buffer = ReceiveBuffer(_LONGEST + largest_read)
        self._out: list[bytes] = []

    @property
    def done(self) -> bool:
        """Whether the handshake is over and the session has begun."""
        return self.state is self._done

    def receive(self, data: bytes) -> list[bytes]:
        """Take in bytes; returns messages to send, each by itself (noVNC waits for ever when two come as one).

        Raises:
            HandshakeFailed: the other side refused, or does not speak RFB.
            BufferOverflow: it sent more than any handshake has.
        """
        self._buffer.append(data)
        while not self.done and self.STEPS[self.state](self):
            self._buffer.commit()
        self._buffer.rollback()
        out, self._out = self._out, []
        return out

    def trailing(self) -> bytes:
        """What came after the last byte of the handshake."""
        return self._buffer.take_all()

    def _go(self, event: Enum) -> None:
        following = self.TRANSITIONS.get((self.state, event))
        if following is None:
            raise HandshakeFailed(f"{event.name} in state {self.state.name}")
        self.state = following
