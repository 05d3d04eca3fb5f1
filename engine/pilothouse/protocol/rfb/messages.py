"""Client messages of RFB: how long each one is, and the fields of those that carry input.

A length is a number, or a rule that reads it from the first bytes. A type that is not in the table has no known
length, and a stream cannot be followed past it. Sources: RFC 6143 §7.5, rfbproto §7.5; PointerEvent is always 6
bytes because the ExtendedMouseButtons encoding never reaches the server (see encodings.py).
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import attrs

from pilothouse.protocol.errors import RfbViolation
from pilothouse.protocol.rfb.constants import MAX_CUT_TEXT, MAX_ENCODINGS, MAX_FENCE_PAYLOAD, ClientMessageType


@attrs.frozen
class ClientMessage:
    """One client message, with the bytes that it came as.

    Attributes:
        type: the first byte.
        raw: the whole message; empty for a clipboard text that was too large and is thrown away as it arrives.
    """

    type: ClientMessageType
    raw: bytes


@attrs.frozen
class KeyEvent:
    """A key, by X11 keysym. Any non-zero `down` byte is a press."""

    down: bool
    keysym: int

    @classmethod
    def parse(cls, raw: bytes) -> KeyEvent:
        """Read the 8 bytes of a KeyEvent."""
        return cls(raw[1] != 0, int.from_bytes(raw[4:8]))

    def encode(self) -> bytes:
        return struct.pack(">BBxxI", ClientMessageType.KEY_EVENT, self.down, self.keysym)


@attrs.frozen
class PointerEvent:
    """The pointer's position in pixels and the mask of all buttons that are down (bit 0 is the left one)."""

    mask: int
    x: int
    y: int

    @classmethod
    def parse(cls, raw: bytes) -> PointerEvent:
        """Read the 6 bytes of a PointerEvent."""
        return cls(raw[1], int.from_bytes(raw[2:4]), int.from_bytes(raw[4:6]))

    def encode(self) -> bytes:
        return struct.pack(">BBHH", ClientMessageType.POINTER_EVENT, self.mask, self.x, self.y)


@attrs.frozen
class LengthRule:
    """A length that stands in the message itself.

    Attributes:
        head: bytes that must be there before the length can be read.
        total: from these bytes to the length of the whole message; raises RfbViolation.
    """

    head: int
    total: Callable[[bytes], int]


def _set_encodings(head: bytes) -> int:
    count = int.from_bytes(head[2:4])
    if count > MAX_ENCODINGS:
        raise RfbViolation(f"SetEncodings with {count} entries")
    return 4 + 4 * count


def _client_cut_text(head: bytes) -> int:
    length = int.from_bytes(head[4:8], signed=True)
    # A negative length marks the extended clipboard, whose body starts with four bytes of flags.
    if length < 0 and not 4 <= -length <= MAX_CUT_TEXT:
        raise RfbViolation(f"extended ClientCutText of {-length} bytes")
    return 8 + abs(length)


def _client_fence(head: bytes) -> int:
    if head[8] > MAX_FENCE_PAYLOAD:
        raise RfbViolation(f"ClientFence with {head[8]} bytes of payload")
    return 9 + head[8]


def _qemu(head: bytes) -> int:
    if head[1] != 0:
        raise RfbViolation(f"QEMU message of sub-type {head[1]}")
    return 12


LENGTHS: dict[int, int | LengthRule] = {
    ClientMessageType.SET_PIXEL_FORMAT: 20,
    ClientMessageType.SET_ENCODINGS: LengthRule(4, _set_encodings),
    ClientMessageType.FRAMEBUFFER_UPDATE_REQUEST: 10,
    ClientMessageType.KEY_EVENT: 8,
    ClientMessageType.POINTER_EVENT: 6,
    ClientMessageType.CLIENT_CUT_TEXT: LengthRule(8, _client_cut_text),
    ClientMessageType.ENABLE_CONTINUOUS_UPDATES: 10,
    ClientMessageType.CLIENT_FENCE: LengthRule(9, _client_fence),
    ClientMessageType.XVP: 4,
    ClientMessageType.SET_DESKTOP_SIZE: LengthRule(8, lambda head: 8 + 16 * head[6]),
    ClientMessageType.QEMU: LengthRule(2, _qemu),
}
