"""Client messages of RFB to test with, written down as bytes and not by the code that is under test."""

from __future__ import annotations

import struct

from hypothesis import strategies as st

from pilothouse.protocol.rfb.constants import MAX_CUT_TEXT, ClientMessageType


def key(keysym: int, down: int, padding: bytes = bytes(2)) -> bytes:
    return struct.pack(">BB2sI", 4, down, padding, keysym)


def press(*keysyms: int) -> bytes:
    return b"".join(key(keysym, 1) for keysym in keysyms)


def lift(*keysyms: int) -> bytes:
    return b"".join(key(keysym, 0) for keysym in keysyms)


def point(mask: int, x: int = 100, y: int = 100) -> bytes:
    return struct.pack(">BBHH", 5, mask, x, y)


def set_encodings(*encodings: int) -> bytes:
    return struct.pack(f">BxH{len(encodings)}i", 2, len(encodings), *encodings)


def cut_text(text: bytes) -> bytes:
    return struct.pack(">BxxxI", 6, len(text)) + text


def extended_cut_text(body: bytes) -> bytes:
    return struct.pack(">Bxxxi", 6, -len(body)) + body


def fence(payload: bytes) -> bytes:
    return struct.pack(">BxxxIB", 248, 0x80000001, len(payload)) + payload


def set_desktop_size(screens: int) -> bytes:
    return struct.pack(">BxHHBx", 251, 800, 600, screens) + bytes(16 * screens)


SET_PIXEL_FORMAT = bytes.fromhex("000000002018000100ff00ff00ff000810000000")
UPDATE_REQUEST = bytes.fromhex("03010000000003200258")
CONTINUOUS_UPDATES = bytes.fromhex("96010000000003200258")
XVP_RESET = bytes.fromhex("fa000104")
QEMU_KEY = bytes.fromhex("ff0000010000006100000018")

SAMPLES: dict[str, tuple[ClientMessageType, bytes]] = {
    "pixel format": (ClientMessageType.SET_PIXEL_FORMAT, SET_PIXEL_FORMAT),
    "no encodings": (ClientMessageType.SET_ENCODINGS, set_encodings()),
    "encodings": (ClientMessageType.SET_ENCODINGS, set_encodings(0, 7, -223)),
    "most encodings": (ClientMessageType.SET_ENCODINGS, set_encodings(*range(1024))),
    "update request": (ClientMessageType.FRAMEBUFFER_UPDATE_REQUEST, UPDATE_REQUEST),
    "press": (ClientMessageType.KEY_EVENT, press(0x61)),
    "pointer, all buttons": (ClientMessageType.POINTER_EVENT, point(0xFF)),
    "empty cut text": (ClientMessageType.CLIENT_CUT_TEXT, cut_text(b"")),
    "cut text of other messages": (ClientMessageType.CLIENT_CUT_TEXT, cut_text(press(0x61) + point(4))),
    "shortest extended cut text": (ClientMessageType.CLIENT_CUT_TEXT, extended_cut_text(bytes(4))),
    "extended cut text": (ClientMessageType.CLIENT_CUT_TEXT, extended_cut_text(b"\x01\x00\x00\x1f" + bytes(4))),
    "continuous updates": (ClientMessageType.ENABLE_CONTINUOUS_UPDATES, CONTINUOUS_UPDATES),
    "empty fence": (ClientMessageType.CLIENT_FENCE, fence(b"")),
    "longest fence": (ClientMessageType.CLIENT_FENCE, fence(b"A" * 64)),
    "xvp": (ClientMessageType.XVP, XVP_RESET),
    "desktop size, no screens": (ClientMessageType.SET_DESKTOP_SIZE, set_desktop_size(0)),
    "desktop size, most screens": (ClientMessageType.SET_DESKTOP_SIZE, set_desktop_size(255)),
    "QEMU key": (ClientMessageType.QEMU, QEMU_KEY),
}

VIOLATIONS: dict[str, bytes] = {
    "unknown type": b"\x63",
    "colour map": b"\x01",
    "UltraVNC file transfer": b"\x07",
    "UltraVNC text chat": b"\x0b",
    "Tight file list": b"\x82",
    "gii": b"\xfd",
    "too many encodings": bytes.fromhex("02000401"),
    "extended cut text without flags": bytes.fromhex("06000000fffffffd"),
    "extended cut text too large": bytes.fromhex("06000000fffbffff"),
    "extended cut text of the least number": bytes.fromhex("0600000080000000"),
    "fence too large": bytes.fromhex("f80000008000000141"),
    "QEMU audio": bytes.fromhex("ff01"),
}

_byte, _short, _word = st.integers(0, 0xFF), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)

MODIFIERS = (*range(0xFFE1, 0xFFE5), *range(0xFFE7, 0xFFEF), 0xFE03, 0xFF7E)
"""Shift, Control, Meta, Alt, Super, Hyper, left and right, AltGr and Mode_switch."""

LOCKS = (0xFFE5, 0xFF7F)

keysyms: st.SearchStrategy[int] = st.one_of(
    st.integers(0x20, 0x7E),
    st.integers(0x61, 0x7A),
    st.sampled_from([*MODIFIERS, *LOCKS]),
    st.integers(0xFF00, 0xFFFF),  # editing, navigation, function keys, keypad
    st.integers(0xFFBE, 0xFFC9),
    st.integers(0xA0, 0x20AC),  # Latin-1 and the older alphabets
    st.integers(0x0100_0000, 0x0100_04FF),  # characters in their Unicode form
    st.integers(0xFE00, 0xFEFF),  # what servers obey
    st.integers(0x1008_FE00, 0x1008_FFFF),  # vendors' keys
    _word,
)
"""Of all ranges that mean something to a server."""

characters: st.SearchStrategy[int] = st.one_of(
    st.integers(0x20, 0x7E),
    st.integers(0xA0, 0xFF),
    st.integers(0x06A1, 0x06FF),  # Cyrillic
    st.integers(0x0100_0100, 0x0100_D7FF),
    st.integers(0x0101_F300, 0x0101_F6FF),  # emoji
)

keys: st.SearchStrategy[bytes] = st.builds(
    key, keysyms, st.sampled_from([0, 0, 1, 1, 2, 0xFF]), st.sampled_from([bytes(2), b"\xff\xff"])
)


def _chord(modifiers: list[int], keysym: int, lifted: int) -> bytes:
    """Pressed in this order, and as many of the keys lifted again, the last one first."""
    pressed = [*modifiers, keysym]
    return press(*pressed) + lift(*reversed(pressed[len(pressed) - lifted :] if lifted else []))


chords: st.SearchStrategy[bytes] = st.builds(
    _chord, st.lists(st.sampled_from(MODIFIERS), min_size=1, max_size=3), keysyms, st.integers(0, 4)
)

pointers: st.SearchStrategy[bytes] = st.builds(point, _byte, _short, _short)

messages: st.SearchStrategy[bytes] = st.one_of(
    st.sampled_from([raw for _, raw in SAMPLES.values() if len(raw) < 500]),
    keys,
    pointers,
    st.lists(st.integers(-(2**31), 2**31 - 1), max_size=8).map(lambda numbers: set_encodings(*numbers)),
    st.binary(max_size=40).map(cut_text),
    st.binary(min_size=4, max_size=40).map(extended_cut_text),
    st.binary(max_size=64).map(fence),
    st.integers(0, 4).map(set_desktop_size),
)
"""Whole client messages of every type whose length is known."""

too_large_cut_text: st.SearchStrategy[bytes] = st.integers(MAX_CUT_TEXT + 1, 2**31 - 1).map(
    lambda length: struct.pack(">BxxxI", 6, length)
)

followed: st.SearchStrategy[bytes] = st.lists(st.one_of(messages, keys, chords, chords, pointers), max_size=16).map(
    b"".join
)
"""What a viewer may send without ending the channel, most of it input."""

streams: st.SearchStrategy[bytes] = st.one_of(
    followed,
    st.lists(st.one_of(messages, chords, keys, st.binary(max_size=12), too_large_cut_text), max_size=12).map(b"".join),
)
"""Anything a viewer might send: whole messages, and garbage between and behind them."""
