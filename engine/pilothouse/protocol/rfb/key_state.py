"""Keys and buttons of the viewer who holds control.

Two sets of keys: those that the VNC server sees as held, which is what was forwarded and what must be released; and
those whose press was dropped, whose repeats and releases mean nothing. Both are bounded.
"""

from __future__ import annotations

from collections.abc import Collection

from pilothouse.protocol.rfb.keysyms import MODIFIER_OF, RELEASED_LAST
from pilothouse.protocol.rfb.messages import key_press, key_release, with_buttons

MAX_KEYS = 64
"""More fingers than anybody has; of a viewer that claims more, the oldest key counts as released."""


class KeyState:
    """What must be released when this viewer loses control or goes away (x11vnc never releases by itself).

    Attributes:
        modifiers: a sum of `Modifiers`, forwarded and dropped ones, left and right.
        mask: the pointer's buttons as the viewer last sent them, those that did not pass among them.
    """

    __slots__ = ("_dropped", "_held", "_ignored", "_pointer", "mask", "modifiers")

    def __init__(self) -> None:
        self._held: dict[int, None] = {}
        self._dropped: dict[int, None] = {}
        self._pointer = bytes(6)
        self._ignored = 0
        self.modifiers = 0
        self.mask = 0

    def is_dropped(self, keysym: int) -> bool:
        """Whether the press of this key was dropped and its release has not come yet."""
        return keysym in self._dropped

    def press(self, keysym: int) -> bytes:
        """Note a press that is about to be forwarded.

        Returns:
            What must go out before it: nothing, or the release of the oldest key.
        """
        if keysym in self._held:
            return b""
        self._held[keysym] = None
        released = b""
        if len(self._held) > MAX_KEYS:
            oldest = next(iter(self._held))
            del self._held[oldest]
            released = key_release(oldest)
            self._count_modifiers()
        self.modifiers |= MODIFIER_OF.get(keysym, 0)
        return released

    def drop(self, keysym: int) -> None:
        """Note a press that is dropped, unless the server holds that key from an earlier press."""
        if keysym in self._held:
            return
        self._dropped[keysym] = None
        if len(self._dropped) > MAX_KEYS:
            del self._dropped[next(iter(self._dropped))]
            self._count_modifiers()
        self.modifiers |= MODIFIER_OF.get(keysym, 0)

    def lift(self, keysym: int) -> bool:
        """Note a release; False when the server does not know this key as held, so that nothing is to be released."""
        known = self._held.pop(keysym, self) is None
        if not known:
            self._dropped.pop(keysym, None)
        if keysym in MODIFIER_OF:
            self._count_modifiers()
        return known

    def ignore_buttons(self, mask: int) -> None:
        """Note what a viewer without control holds: it will not count as pressed when control is taken."""
        self.mask = self._ignored = mask

    def still_meant(self, mask: int) -> int:
        """Note the buttons of a holder's pointer event; return those that went down while it had control."""
        self.mask = mask
        self._ignored &= mask
        return mask & ~self._ignored

    def point(self, raw: bytes) -> None:
        """Note a PointerEvent that is about to be forwarded."""
        self._pointer = raw

    def release_all(self) -> bytes:
        """The messages that lift everything held, modifiers last. What is held physically does not count any more."""
        keys = sorted(self._held, key=RELEASED_LAST.__contains__)
        releases = [key_release(keysym) for keysym in keys]
        if self._pointer[1]:
            releases.append(with_buttons(self._pointer, 0))
        self._held.clear()
        self._dropped.clear()
        self._pointer = bytes(6)
        self._ignored = self.mask
        self.modifiers = 0
        return b"".join(releases)

    def lifted_meanwhile(self, keysyms: Collection[int]) -> tuple[bytes, bytes]:
        """The messages that lift those of these keys that are held, and that press them again; neither is noted."""
        held = [keysym for keysym in self._held if keysym in keysyms]
        return b"".join(map(key_release, held)), b"".join(map(key_press, held))

    def _count_modifiers(self) -> None:
        self.modifiers = 0
        for keysym in (*self._held, *self._dropped):
            self.modifiers |= MODIFIER_OF.get(keysym, 0)
