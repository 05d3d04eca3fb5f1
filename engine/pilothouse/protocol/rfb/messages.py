"""Client messages of RFB: how long each one is, and how those that carry input are read and written.

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

KEY_EVENT = struct.Struct(">BBxxI")
"""Type, down flag (any non-zero one is a press), two bytes that servers ignore, X11 keysym."""


def key_press(keysym: int) -> bytes:
    """The KeyEvent that presses a key."""
    return KEY_EVENT.pack(ClientMessageType.KEY_EVENT, 1, keysym)


def key_release(keysym: int) -> bytes:
    """The KeyEvent that lifts a key."""
    return KEY_EVENT.pack(ClientMessageType.KEY_EVENT, 0, keysym)


def with_buttons(pointer_event: bytes, mask: int) -> bytes:
    """The same PointerEvent with another mask of buttons (bit 0 is the left one)."""
    return b"%c%c%b" % (ClientMessageType.POINTER_EVENT, mask, pointer_event[2:])


def cut_text_length(raw: bytes) -> int:
    """Bytes of text that a ClientCutText announces; negative for the extended clipboard."""
    return int.from_bytes(raw[4:8], signed=True)


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
    length = cut_text_length(head)
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
