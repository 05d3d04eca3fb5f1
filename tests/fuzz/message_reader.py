"""Client messages of RFB, told apart once more and without the code that is under test."""

from __future__ import annotations

import struct

LARGEST_BUT_CLIPBOARD = 4 + 4 * 1024
FOR_EVERYBODY = {0, 2, 3, 150, 248}
_LENGTHS = {0: 20, 3: 10, 4: 8, 5: 6, 150: 10, 250: 4}
_HEADS = {2: 4, 6: 8, 248: 9, 251: 8, 255: 2}
_LONGEST_HEAD = max(_HEADS.values())


class MessageReader:
    """Bytes in, whole messages out.

    Attributes:
        unreadable: whether the stream cannot be followed any further.
        rest: the beginning of a message.
    """

    def __init__(self) -> None:
        self.unreadable = False
        self.rest = b""

    def receive(self, data: bytes) -> list[bytes]:
        """The messages that become whole by these bytes."""
        messages = []
        data, position = self.rest + data, 0
        while position < len(data) and not self.unreadable:
            length = self._length(data[position : position + _LONGEST_HEAD])
            if length is None or position + length > len(data):
                break
            messages.append(data[position : position + length])
            position += length
        self.rest = data[position:]
        return messages

    def _length(self, data: bytes) -> int | None:
        kind = data[0]
        if kind in _LENGTHS:
            return _LENGTHS[kind]
        if len(data) < _HEADS.get(kind, 0):
            return None
        readable, length = False, 0
        if kind == 6:
            (size,) = struct.unpack_from(">i", data, 4)
            readable, length = size >= 0 or 4 <= -size <= 256 * 1024, 8 + abs(size)
        elif kind == 2:
            (count,) = struct.unpack_from(">H", data, 2)
            readable, length = count <= 1024, 4 + 4 * count
        elif kind == 248:
            readable, length = data[8] <= 64, 9 + data[8]
        elif kind == 251:
            readable, length = True, 8 + 16 * data[6]
        elif kind == 255:
            readable, length = data[1] == 0, 12
        self.unreadable = not readable
        return length if readable else None
