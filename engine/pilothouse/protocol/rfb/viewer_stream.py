"""A viewer's bytes, cut anywhere, become messages that keep their raw bytes."""

from __future__ import annotations

from pilothouse.protocol.errors import RfbViolation
from pilothouse.protocol.receive_buffer import ReceiveBuffer
from pilothouse.protocol.rfb.constants import MAX_CUT_TEXT, ClientMessageType
from pilothouse.protocol.rfb.messages import LENGTHS, ClientMessage

_LARGEST_KEPT = 8 + MAX_CUT_TEXT
_KINDS = {kind.value: kind for kind in ClientMessageType}


class ViewerStream:
    """Splits what a viewer sends after the handshake into messages.

    Where one WebSocket frame ends means nothing: noVNC itself cuts messages at 10240 bytes. A clipboard text over
    the limit is never kept: it is announced once, with empty `raw`, and thrown away as it arrives.

    Args:
        largest_read: the most bytes that one `receive` will be given.
    """

    __slots__ = ("_between_messages", "_buffer", "_to_skip", "_whole")

    def __init__(self, largest_read: int) -> None:
        self._buffer = ReceiveBuffer(_LARGEST_KEPT + largest_read)
        self._to_skip = 0
        self._whole: bytes | None = None
        self._between_messages = True

    def receive(self, data: bytes) -> None:
        """Take in bytes. Call `next_message` until it says None before the next ones."""
        if self._between_messages and data and LENGTHS.get(data[0]) == len(data):
            self._whole = data  # as keys and pointer events come: there is nothing to cut
        else:
            self._buffer.append(data)
            self._between_messages = False

    def next_message(self) -> ClientMessage | None:
        """The next whole message, or None when more bytes are needed.

        Raises:
            RfbViolation: the stream cannot be followed any further.
        """
        if self._whole is not None:
            whole, self._whole = self._whole, None
            return ClientMessage(_KINDS[whole[0]], whole)
        if self._between_messages:
            return None
        message = self._cut()
        if message is None:
            self._between_messages = not (self._to_skip or self._buffer)
        return message

    def _cut(self) -> ClientMessage | None:
        """The next message out of the buffer."""
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
        kind = _KINDS[first[0]]
        if length > _LARGEST_KEPT:
            self._to_skip = length
            return ClientMessage(kind, b"")
        raw = buffer.take(length)
        if raw is None:
            return None
        buffer.commit()
        return ClientMessage(kind, raw)
