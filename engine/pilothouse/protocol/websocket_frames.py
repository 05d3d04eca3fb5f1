"""The shapes of WebSocket frames (RFC 6455 §5.2) that are too frequent for a parser of everything.

Viewers type in short frames, and are shown pixels in long ones. All else is left to a library.
"""

from __future__ import annotations

TEXT, BINARY = 0x81, 0x82
"""First byte of a message that is one frame: final, opcode."""

_MASKED = 0x80
_SHORT = 126
_MEDIUM = 65_536
_MEDIUM_FOLLOWS = 126
_SHORTEST = 7
# Beyond, a parser costs less than what it parses.
_SHORT_TEXT = 4096


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


def only_short_text(data: bytes) -> str | None:
    """The text, when a client sent one short text message and nothing else; None when it is anything else."""
    if len(data) < _SHORTEST or data[0] != TEXT:
        return None
    size, start = data[1] & ~_MASKED, 6
    if size == _MEDIUM_FOLLOWS:
        size, start = int.from_bytes(data[2:4]), 8
    if not (data[1] & _MASKED and 0 < size <= _SHORT_TEXT and len(data) == start + size):
        return None
    key = (data[start - 4 : start] * (size // 4 + 1))[:size]
    try:
        return (int.from_bytes(data[start:]) ^ int.from_bytes(key)).to_bytes(size).decode()
    except UnicodeDecodeError:
        return None


def text_head(data: bytes) -> tuple[int, int] | None:
    """Where the payload begins, and its size, when a server's text message in one frame begins here.

    None when it is anything else, and when more bytes are needed to know.
    """
    if len(data) < 2 or data[0] != TEXT or data[1] & _MASKED:
        return None
    size = data[1]
    if size < _MEDIUM_FOLLOWS:
        return 2, size
    start = 4 if size == _MEDIUM_FOLLOWS else 10
    return (start, int.from_bytes(data[2:start])) if len(data) >= start else None


def least_size(payload: int) -> int:
    """The fewest bytes that a client needs for a frame of that many bytes of payload."""
    return payload + (6 if payload < _SHORT else 8 if payload < _MEDIUM else 14)
