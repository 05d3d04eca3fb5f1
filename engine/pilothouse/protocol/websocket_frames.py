"""The shapes of WebSocket frames (RFC 6455 §5.2) that are too frequent for a parser of everything.

Viewers type in short frames, and are shown pixels in long ones. All else is left to a library.
"""

from __future__ import annotations

TEXT, BINARY = 0x81, 0x82
"""First byte of a message that is one frame: final, opcode."""

_MASKED = 0x80
_SHORT = 126
_MEDIUM = 65_536


def head(first: int, size: int) -> bytes:
    """What stands before `size` bytes that a server sends."""
    if size < _SHORT:
        return bytes((first, size))
    if size < _MEDIUM:
        return bytes((first, 126)) + size.to_bytes(2)
    return bytes((first, 127)) + size.to_bytes(8)


def only_short_binary(data: bytes) -> bytes | None:
    """The payload, when a client sent one short binary message and nothing else; None when it is anything else."""
    size = len(data) - 6
    if not (0 < size < _SHORT and data[0] == BINARY and data[1] == _MASKED | size):
        return None
    key = (data[2:6] * (size // 4 + 1))[:size]
    return (int.from_bytes(data[6:]) ^ int.from_bytes(key)).to_bytes(size)


def least_size(payload: int) -> int:
    """The fewest bytes that a client needs for a frame of that many bytes of payload."""
    return payload + (6 if payload < _SHORT else 8 if payload < _MEDIUM else 14)
