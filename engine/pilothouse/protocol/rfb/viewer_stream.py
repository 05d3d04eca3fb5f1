"""A viewer's bytes, cut anywhere, become messages that keep their raw bytes."""

from __future__ import annotations

from pilothouse.protocol.errors import RfbViolation
from pilothouse.protocol.rfb.constants import ClientMessageType
from pilothouse.protocol.rfb.messages import LENGTHS, cut_text_length


class ViewerStream:
    """Splits what a viewer sends after the handshake into messages.

    Where one WebSocket frame ends means nothing: noVNC itself cuts messages at 10240 bytes. Clipboard text that will
    not pass is never collected: its head comes out alone, and the text is thrown away as it arrives.

    Attributes:
        violation: why the stream cannot be followed any further; nothing comes out any more.
    """

    __slots__ = ("_kept", "_needed", "_to_skip", "violation")

    def __init__(self) -> None:
        self._kept = bytearray()  # the beginning of a message
        self._needed = 0  # bytes that must be there before it is worth looking at it again
        self._to_skip = 0
        self.violation: RfbViolation | None = None

    @property
    def kept(self) -> int:
        """Bytes that wait for the rest of their message."""
        return len(self._kept)

    def receive(self, data: bytes, largest_cut_text: int) -> list[bytes]:
        """Take in bytes.

        Args:
            data: as they came.
            largest_cut_text: clipboard text that begins here and has more bytes is not collected; -1 for none at all.

        Returns:
            The messages that have become whole, and the heads of clipboard text that is not collected.
        """
        if self._kept:
            self._kept += data
            if len(self._kept) < self._needed:
                return []
            data = bytes(self._kept)
            self._kept.clear()
        messages: list[bytes] = []
        if self.violation is None:
            try:
                self._cut(data, largest_cut_text, messages)
            except RfbViolation as violation:
                self.violation = violation
        return messages

    def _cut(self, data: bytes, largest_cut_text: int, messages: list[bytes]) -> None:
        """Append the messages in `data` to `messages`, and keep what is left of it."""
        end = len(data)
        position = min(self._to_skip, end)
        self._to_skip -= position
        while position < end:
            length = LENGTHS.get(data[position])
            if length is None:
                raise RfbViolation(f"client message of type {data[position]}")
            if not isinstance(length, int):
                head = data[position : position + length.head]
                if len(head) < length.head:
                    self._keep(head, length.head)
                    return
                length = length.total(head)
                if head[0] == ClientMessageType.CLIENT_CUT_TEXT and not 0 <= cut_text_length(head) <= largest_cut_text:
                    messages.append(head)
                    self._to_skip = max(0, position + length - end)
                    position += length
                    continue
            message = data[position : position + length]
            if len(message) < length:
                self._keep(message, length)
                return
            messages.append(message)
            position += length

    def _keep(self, beginning: bytes, needed: int) -> None:
        self._kept += beginning
        self._needed = needed
