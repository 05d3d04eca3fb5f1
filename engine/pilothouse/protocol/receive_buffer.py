"""Bytes that arrived and are not understood yet."""

from __future__ import annotations

from pilothouse.protocol.errors import BufferOverflow


class ReceiveBuffer:
    """A receive buffer with a hard cap: take exactly n bytes or none, then commit or roll back.

    "Not yet" is `None`, never an exception. Taken bytes stay in the buffer until `commit`, so that a parser
    which finds half a message says `rollback` and starts again from the same place with the next bytes.

    Args:
        limit: the most bytes that may be kept, committed ones not counted.
    """

    __slots__ = ("_data", "_limit", "_position")

    def __init__(self, limit: int) -> None:
        self._data = bytearray()
        self._position = 0
        self._limit = limit

    def __len__(self) -> int:
        """The number of bytes not taken yet."""
        return len(self._data) - self._position

    def append(self, data: bytes) -> None:
        """Add bytes at the end.

        Raises:
            BufferOverflow: more than `limit` bytes would have to be kept; nothing was added.
        """
        if len(self._data) + len(data) > self._limit:
            raise BufferOverflow(f"more than {self._limit} bytes without a complete message")
        self._data += data

    def take(self, count: int) -> bytes | None:
        """Take exactly `count` bytes, or none at all."""
        end = self._position + count
        if end > len(self._data):
            return None
        taken = bytes(self._data[self._position : end])
        self._position = end
        return taken

    def peek(self, count: int) -> bytes | None:
        """Like `take`, but the bytes stay."""
        end = self._position + count
        return bytes(self._data[self._position : end]) if end <= len(self._data) else None

    def take_all(self) -> bytes:
        """Take whatever is there, up to everything."""
        return self.take(len(self)) or b""

    def skip(self, most: int) -> int:
        """Throw away up to `most` bytes and commit; return how many there were."""
        count = min(most, len(self))
        self._position += count
        self.commit()
        return count

    def commit(self) -> None:
        """Forget what was taken."""
        del self._data[: self._position]
        self._position = 0

    def rollback(self) -> None:
        """Put back what was taken since the last commit."""
        self._position = 0
