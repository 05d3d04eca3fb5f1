"""Where fuzzing starts: recorded streams for each policy, with and without control, cut and handed over; chords."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from shorthand import DOWN, KEYS, MODIFIERS_AND_LOCKS
from story import IN_CONTROL, POLICIES, SHORTHAND, Event, written

VECTORS = Path(__file__).parents[1] / "data" / "rfb-vectors.json"
HEADS_AT_THE_EDGE = (
    *("02000400", "02000401"),
    *("f80000008000000140", "f80000008000000141"),
    *("0600000000040000", "0600000000040001", "060000007fffffff"),
    *("06000000fffffffd", "06000000fffffffc", "06000000fffc0000", "06000000fffbffff", "0600000080000000"),
    *("fb00032002580000", "fb0003200258ff00", "ff00", "ff01", "63"),
)


def seeds() -> Iterator[bytes]:
    """Stories to change."""
    recorded = [b"".join(map(bytes.fromhex, vector["chunks"])) for vector in json.loads(VECTORS.read_text())]
    for number, sent in enumerate([*recorded, *map(bytes.fromhex, HEADS_AT_THE_EDGE)]):
        for settings in range(2 * len(POLICIES)):
            yield written(settings, [], sent)
        half = min(len(sent) // 2, 0xFF)
        for event in Event:
            for begins in (0, IN_CONTROL):
                yield written(begins | number % len(POLICIES), [(half, event), (1, Event.CUT), (9, event)], sent)
    for policy in range(len(POLICIES)):
        for sent in (_all_at_once, *_chords()):
            yield written(SHORTHAND | IN_CONTROL | policy, [], sent)
        for first in range(0, 0x100, 32):
            masks = [first, *range(first, first + 32)]
            yield written(policy, [(6, Event.HAND_OVER)], b"".join(bytes([5, mask, 0, mask, 0, 9]) for mask in masks))


_all_at_once = bytes(DOWN | key for key in range(len(KEYS)))


def _chords() -> Iterator[bytes]:
    """Some keys with a modifier, and then again while they are held from before. Short: a fuzzer plays them often."""
    for modifier in range(len(MODIFIERS_AND_LOCKS)):
        for first in range(len(MODIFIERS_AND_LOCKS), len(KEYS), 12):
            held = _all_at_once[first : first + 12]
            pressed_and_lifted = bytes(byte for key in held for byte in (key, key - DOWN))
            down, up = bytes([DOWN | modifier]), bytes([modifier])
            yield down + pressed_and_lifted + up + held + down + held
