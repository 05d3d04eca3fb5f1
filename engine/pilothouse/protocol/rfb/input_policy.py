"""What a viewer who holds control may do: keys, buttons and clipboard text.

`InputPolicy` is what the VNC channel asks. `GroupPolicy` answers from the table of input_groups.py, and there are two
ready ones, `GUARDED` and `OPEN`. An embedder may bring an own object. No policy is asked about what never passes:
keysyms that are not on the list of keysyms.py, and messages that no honest viewer sends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import Protocol

from pilothouse.protocol.clipboard_policy import BOTH, ClipboardPolicy
from pilothouse.protocol.rfb.chords import ANY, Chord, chords, passes_with_any_modifiers
from pilothouse.protocol.rfb.constants import MAX_CUT_TEXT
from pilothouse.protocol.rfb.decisions import FORWARD, Copy, Cut, Drop, KeyDecision, Kind, Paste, Reason, Shortcut
from pilothouse.protocol.rfb.input_groups import (
    COPY_CHORDS,
    CUT_CHORDS,
    GROUPS,
    GUARDED_GROUPS,
    MIDDLE,
    OPEN_GROUPS,
    PASTE_CHORDS,
    SHORTCUTS,
)
from pilothouse.protocol.rfb.keysyms import MODIFIER_OF, Modifiers, is_character

_REMEMBERED = 4096
"""Chords; a person uses a few hundred."""

_OF_THE_CLIPBOARD: dict[type[Copy | Cut | Paste], tuple[str, ...]] = {
    Copy: COPY_CHORDS,
    Cut: CUT_CHORDS,
    Paste: PASTE_CHORDS,
}


def _meanings() -> Iterator[tuple[Chord, KeyDecision]]:
    """Of the chords that are more than a key to pass on."""
    for meaning, all_written in _OF_THE_CLIPBOARD.items():
        for chord in (chord for written in all_written for chord in chords(written)):
            # A Mac's Cmd arrives as Alt or Super, which browsers do not take for it.
            yield chord, meaning(passes=not chord.modifiers & ~(Modifiers.SHIFT | Modifiers.CONTROL))
    for written, letter in SHORTCUTS.items():
        for chord in chords(written):
            yield chord, Shortcut(ord(letter))


_MEANINGS = dict(_meanings())
_IN_GROUP = {chord: name for name, group in GROUPS.items() for written in group.chords for chord in chords(written)}
NOT_ALLOWED = Drop(Kind.KEY, Reason.NOT_ALLOWED)
_NOT_THIS_WAY = Drop(Kind.KEY, Reason.NOT_ALLOWED, "clipboard")
NO_CLIPBOARD = Drop(Kind.CLIPBOARD, Reason.NOT_ALLOWED, "clipboard")


class InputPolicy(Protocol):
    """What the VNC channel asks about the input of whoever holds control.

    Attributes:
        buttons: the bits of a pointer event's mask that pass; the position always does.
        largest_cut_text: bytes of clipboard text that may pass in one message; -1 when none may at all.
    """

    @property
    def buttons(self) -> int: ...

    @property
    def largest_cut_text(self) -> int: ...

    def key(self, modifiers: int, keysym: int) -> KeyDecision:
        """Decide about the press of a key.

        Args:
            modifiers: a sum of `Modifiers`: what the viewer holds, whether it was forwarded or not.
            keysym: folded by `keysyms.fold`, and one that `keysyms.may_pass`.
        """
        ...

    def blocked_buttons(self, mask: int) -> Drop:
        """What to tell about a press of buttons that do not pass."""
        ...


class GroupPolicy:
    """A set of groups out of the table: what stands in one of them passes.

    Args:
        groups: their names.
        largest_cut_text: bytes of clipboard text that may pass in one message, if `clipboard` is among the groups.
        clipboard: which way text may go, if `clipboard` is among the groups.

    Raises:
        ValueError: there is no such group.
    """

    def __init__(
        self, groups: Iterable[str], *, largest_cut_text: int = MAX_CUT_TEXT, clipboard: ClipboardPolicy = BOTH
    ) -> None:
        self.groups = frozenset(groups)
        if unknown := sorted(self.groups - GROUPS.keys()):
            raise ValueError(f"there is no input group {unknown[0]}")
        self.buttons = sum(GROUPS[name].buttons for name in self.groups)
        self._clipboard, self._limit = clipboard, largest_cut_text
        may_paste = clipboard.paste and "clipboard" in self.groups
        if not may_paste:
            self.buttons &= ~MIDDLE
        self.largest_cut_text = largest_cut_text if may_paste else -1
        self._modifiers = _modifiers_of(self.groups)
        self.key = lru_cache(_REMEMBERED)(self._key)

    def changed(
        self,
        *,
        allow: Collection[str] = (),
        deny: Collection[str] = (),
        largest_cut_text: int | None = None,
        clipboard: ClipboardPolicy | None = None,
    ) -> GroupPolicy:
        """The same policy with some groups more and others less; what is denied is denied, allowed or not.

        Raises:
            ValueError: there is no such group.
        """
        if unknown := sorted({*deny} - GROUPS.keys()):
            raise ValueError(f"there is no input group {unknown[0]}")
        limit = self._limit if largest_cut_text is None else largest_cut_text
        directions = clipboard or self._clipboard
        return GroupPolicy((self.groups | {*allow}) - {*deny}, largest_cut_text=limit, clipboard=directions)

    def blocked_buttons(self, mask: int) -> Drop:
        """See `InputPolicy`."""
        blocked = (name for name, group in GROUPS.items() if group.buttons & mask and name not in self.groups)
        return Drop(Kind.POINTER, Reason.NOT_ALLOWED, next(blocked, "clipboard"))

    def _key(self, modifiers: int, keysym: int) -> KeyDecision:
        """See `InputPolicy`."""
        if MODIFIER_OF.get(keysym, 0) & self._modifiers:
            return FORWARD
        if passes_with_any_modifiers(keysym):
            modifiers = Modifiers.NONE
        understood = _as_servers_understand(_as_macs_mean(Chord(modifiers, keysym)))
        group = _group(understood)
        if group not in self.groups or understood.modifiers != modifiers:
            return Drop(Kind.KEY, Reason.NOT_ALLOWED, None if group in self.groups else group)
        meaning = _MEANINGS.get(understood, FORWARD)
        directions = self._clipboard
        if not directions.paste and isinstance(meaning, Paste):
            return _NOT_THIS_WAY
        if not directions.copy and isinstance(meaning, Copy | Cut):
            return _NOT_THIS_WAY
        return meaning


def _modifiers_of(groups: Collection[str]) -> int:
    """What must reach the browser for the chords of these groups to mean there what they mean here."""
    needed = 0
    for chord, group in _IN_GROUP.items():
        if group in groups and _MEANINGS.get(chord, FORWARD).passes:
            needed |= chord.modifiers
    return needed


def _group(chord: Chord) -> str | None:
    """The group that a chord stands in: by itself, else as one of many characters."""
    named = _IN_GROUP.get(chord)
    if named is not None or not is_character(chord.keysym):
        return named
    # With Alt only ASCII: another alphabet's letter may be understood as the Latin one on the same key.
    ascii_or_plain = chord.keysym <= 0x7E or not chord.modifiers & ~Modifiers.SHIFT
    return _IN_GROUP.get(Chord(chord.modifiers, ANY)) if ascii_or_plain else None


def _as_macs_mean(chord: Chord) -> Chord:
    """With the capital that Shift makes of a letter: browsers on a Mac do not say so while Cmd is held."""
    modifiers, keysym = chord
    if modifiers & Modifiers.SHIFT and 0x61 <= keysym <= 0x7A:
        capital = Chord(modifiers, keysym - 0x20)
        if isinstance(_MEANINGS.get(capital), Shortcut):
            return capital
    return chord


def _as_servers_understand(chord: Chord) -> Chord:
    """With Shift if and only if the character needs it: servers press and release Shift around characters.

    Where a chord comes with another Shift than servers make of it, nobody knows what is meant: it is not allowed.
    """
    modifiers, keysym = chord
    if not modifiers & ~Modifiers.SHIFT or not is_character(keysym):
        return chord
    if 0x61 <= keysym <= 0x7A:
        return Chord(modifiers & ~Modifiers.SHIFT, keysym)
    if 0x41 <= keysym <= 0x5A:
        return Chord(modifiers | Modifiers.SHIFT, keysym)
    unshifted = Chord(modifiers & ~Modifiers.SHIFT, keysym)
    return unshifted if chord not in _IN_GROUP and unshifted in _IN_GROUP else chord


GUARDED = GroupPolicy(GUARDED_GROUPS)
OPEN = GroupPolicy(OPEN_GROUPS)
READY_POLICIES = {"guarded": GUARDED, "open": OPEN}
