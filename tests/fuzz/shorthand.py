"""Keys in one byte each, so that a fuzzer that changes single bytes tries chords."""

from __future__ import annotations

import struct

MODIFIERS_AND_LOCKS = [*range(0xFFE1, 0xFFE6), *range(0xFFE7, 0xFFEF), 0xFE03, 0xFF7E, 0xFF7F]
KEYS = [
    *MODIFIERS_AND_LOCKS,
    *map(ord, "acdefhjklnoprstuvwxyz" + "CFIJNOTVW" + "0189+-= *"),
    *(0xFF08, 0xFF09, 0xFF0D, 0xFF1B, 0xFF61, 0xFF63, 0xFF67, 0xFF6A, 0xFFFF),
    *range(0xFF50, 0xFF59),  # arrows and their neighbours
    *range(0xFFBE, 0xFFCA),  # F1 … F12
    *(0xFF80, 0xFF89, 0xFF8D, *range(0xFF91, 0xFFA0), 0xFFAB, 0xFFAD, 0xFFB0, 0xFFBD),  # keypad
    *(0x0100_006F, 0x0100_004F, 0x0100_0003, 0x0100_0430, 0x0111_0000, 0x06DD, 0x07F4, 0xE4),
    *(0xFED5, 0xFEEB, 0xFEF9, 0xFE08, 0xFE20, 0x1008_FF57, 0x1008_FE01, 0xFF15, 0),
]
DOWN = 0x80


def spelled_out(shorthand: bytes) -> bytes:
    """KeyEvents: the lower seven bits say which key, the upper one whether it is pressed."""
    return b"".join(struct.pack(">BBxxI", 4, byte & DOWN, KEYS[byte % DOWN % len(KEYS)]) for byte in shorthand)
