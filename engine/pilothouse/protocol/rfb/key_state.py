"""Keys and buttons that a viewer holds down, as the VNC server sees it: what was forwarded, not what was sent."""

from __future__ import annotations

from pilothouse.protocol.rfb.messages import KeyEvent, PointerEvent

MAX_HELD_KEYS = 64
"""More fingers than anybody has; a viewer that claims more is not believed."""

_MODIFIERS = frozenset({*range(0xFFE1, 0xFFEF), 0xFE03, 0xFF7E})


class KeyState:
    """What must be released when this viewer loses control or goes away (x11vnc never releases by itself)."""

    __slots__ = ("_held", "_pointer")

    def __init__(self) -> None:
        self._held: dict[int, None] = {}
        self._pointer = PointerEvent(0, 0, 0)

    def press(self, keysym: int) -> bool:
        """Note a press that is about to be forwarded; False when too many keys are held already."""
        if keysym not in self._held and len(self._held) >= MAX_HELD_KEYS:
            return False
        self._held[keysym] = None
        return True

    def lift(self, keysym: int) -> bool:
        """Note a release; False when the server does not know this key as held, so that nothing is to be released."""
        return self._held.pop(keysym, self) is None

    def point(self, event: PointerEvent) -> None:
        """Note a pointer event that is about to be forwarded."""
        self._pointer = event

    def release_all(self) -> bytes:
        """The messages that lift everything held, modifiers last, and forget it."""
        keys = sorted(self._held, key=lambda keysym: keysym in _MODIFIERS)
        releases = [KeyEvent(False, keysym).encode() for keysym in keys]
        if self._pointer.mask:
            releases.append(PointerEvent(0, self._pointer.x, self._pointer.y).encode())
        self._held.clear()
        self._pointer = PointerEvent(0, 0, 0)
        return b"".join(releases)
