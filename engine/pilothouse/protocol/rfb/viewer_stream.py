"""A viewer's bytes, cut anywhere, become messages that keep their raw bytes."""

from __future__ import annotations

from pilothouse.protocol.errors import RfbViolation
from pilothouse.protocol.receive_buffer import ReceiveBuffer
from pilothouse.protocol.rfb.constants import MAX_CUT_TEXT, ClientMessageType
from pilothouse.protocol.rfb.messages import LENGTHS, ClientMessage

_LARGEST_KEPT = 8 + MAX_CUT_TEXT


class ViewerStream:
    """Splits what a viewer sends after the handshake into messages.

    Where one WebSocket frame ends means nothing: noVNC itself cuts messages at 10240 bytes. A clipboard text over
    the limit is never kept: it is announced once, with empty `raw`, and thrown away as it arrives.

    Args:
        largest_read: the most bytes that one `receive` will be given.
    """

    __slots__ = ("_buffer", "_to_skip")

    def __init__(self, largest_read: int) -> None:
        self._buffer = ReceiveBuffer(_LARGEST_KEPT + largest_read)
        self._to_skip = 0

    def receive(self, data: bytes) -> None:
        """Take in bytes. Call `next_message` until it says None before the next ones."""
        self._buffer.append(data)

    def next_message(self) -> ClientMessage | None:
        """The next whole message, or None when more bytes are needed.

        Raises:
            RfbViolation: the stream cannot be followed any further.
        """
        buffer = self._buffer
        if self._to_skip:
            self._to_skip -= buffer.skip(self._to_skip)
        first = buffer.peek(1)
        if first is None or self._to_skip:
            return None
        rule = LENGTHS.get(first[0])
        if rule is None:
            raise RfbViolation(f"client message of type {first[0]}")
        if isinstance(rule, int):
            length = rule
        else:
            head = buffer.peek(rule.head)
            if head is None:
                return None
            length = rule.total(head)
        kind = ClientMessageType(first[0])
        if length > _LARGEST_KEPT:
            self._to_skip = length
            return ClientMessage(kind, b"")
        raw = buffer.take(length)
        if raw is None:
            return None
        buffer.commit()
        return ClientMessage(kind, raw)
