"""Reading the chords of the input policy's table."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from pilothouse.protocol.rfb.input_groups import ANY_CHARACTER
from pilothouse.protocol.rfb.keysyms import MODIFIER_OF, NAMED, Modifiers, is_character

ANY = 0
"""In place of a keysym: any character."""

_MODIFIERS: dict[str, tuple[int, ...]] = {
    "Ctrl": (Modifiers.CONTROL,),
    "Shift": (Modifiers.SHIFT,),
    "Shift?": (Modifiers.NONE, Modifiers.SHIFT),
    "Alt": (Modifiers.ALT_LEFT, Modifiers.ALT),
    "Cmd": (Modifiers.ALT_LEFT, Modifiers.SUPER_LEFT),
}


class Chord(NamedTuple):
    """A key, folded, together with exactly these modifiers."""

    modifiers: int
    keysym: int


def chords(written: str) -> Iterator[Chord]:
    """All that one entry of the table stands for.

    Raises:
        ValueError: it is not written as the table's head describes.
    """
    *modifiers, key = _split(written)
    unknown = [name for name in modifiers if name not in _MODIFIERS]
    if unknown:
        raise ValueError(f"{written}: {unknown[0]} is not a modifier")
    for bits in product(*(_MODIFIERS[name] for name in modifiers)):
        yield Chord(sum(bits), _keysym(key, shifted=Modifiers.SHIFT in bits))


def _split(written: str) -> list[str]:
    """At the pluses, of which the last one may be the key itself."""
    if written.endswith("++") or written == "+":
        return [*(written[:-2].split("+") if written != "+" else []), "+"]
    return written.split("+")


def _keysym(key: str, *, shifted: bool) -> int:
    if key == ANY_CHARACTER:
        return ANY
    if key in NAMED:
        return NAMED[key]
    if len(key) != 1 or not is_character(ord(key)):
        raise ValueError(f"{key!r} is neither a character nor a named key")
    return ord(key.upper() if shifted else key)


def passes_with_any_modifiers(keysym: int) -> bool:
    """Whether a keysym is a modifier or a lock: they are judged alone, whatever else is held."""
    return keysym in MODIFIER_OF or keysym in _ALONE


_ALONE = frozenset(NAMED[name] for name in ("Caps_Lock", "Num_Lock", "ISO_Level3_Shift", "Mode_switch"))
