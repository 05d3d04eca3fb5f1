"""The pure core of the VNC channel: a viewer's bytes in, the bytes for the VNC server out."""

from __future__ import annotations

from typing import NamedTuple

from pilothouse.protocol.errors import RemoteProtocolError
from pilothouse.protocol.rfb.input_policy import Drop, Forward, decide
from pilothouse.protocol.rfb.key_state import KeyState
from pilothouse.protocol.rfb.viewer_stream import ViewerStream


class Judged(NamedTuple):
    """What one read came to.

    Attributes:
        forward: bytes for the server, all messages of the read together; may be empty.
        violation: set when the stream cannot be followed any further. Forward what stood before it, then close.
    """

    forward: bytes
    violation: RemoteProtocolError | None


class ViewerInput:
    """Follows one viewer's stream from the end of the handshake to the end of the channel.

    Args:
        largest_read: the most bytes that one `receive` will be given.
    """

    __slots__ = ("_held", "_stream")

    def __init__(self, largest_read: int) -> None:
        self._stream = ViewerStream(largest_read)
        self._held = KeyState()

    def receive(self, data: bytes, *, in_control: bool) -> Judged:
        """Judge what arrived; half a message waits for its rest."""
        forward = []
        try:
            self._stream.receive(data)
            while (message := self._stream.next_message()) is not None:
                decision = decide(message, self._held, in_control=in_control)
                if isinstance(decision, Forward):
                    forward.append(message.raw)
                elif not isinstance(decision, Drop):
                    forward.append(decision.raw)
        except RemoteProtocolError as violation:
            return Judged(b"".join(forward), violation)
        return Judged(b"".join(forward), None)

    def release_all(self) -> bytes:
        """Messages that lift every key and button which the server still sees as held by this viewer."""
        return self._held.release_all()
