"""Which lane a connection takes, from the first bytes of its request. Pure."""

from __future__ import annotations

from enum import Enum, auto

LARGEST_HEAD = 8192
"""Bytes that are looked at; a longer request head goes to the HTTP lane, which serves the same paths."""

STREAM_PATHS = ("/api/v1/stream/", "/api/v1/cdp/")

_STREAM_STARTS = tuple(b"GET " + path.encode() for path in STREAM_PATHS)


class Lane(Enum):
    """Who serves the connection."""

    STREAM = auto()
    HTTP = auto()


def lane_of(head: bytes) -> Lane | None:
    """The lane of a request that begins with these bytes; None when more are needed."""
    if not any(head.startswith(start) for start in _STREAM_STARTS):
        undecided = any(start.startswith(head) for start in _STREAM_STARTS)
        return None if undecided else Lane.HTTP
    end = head.find(b"\r\n\r\n")
    if end < 0:
        return Lane.HTTP if len(head) >= LARGEST_HEAD else None
    fields = (line.partition(b":") for line in head[:end].split(b"\r\n")[1:])
    upgrades = (value.strip().lower() for name, _, value in fields if name.strip().lower() == b"upgrade")
    return Lane.STREAM if b"websocket" in upgrades else Lane.HTTP
