"""A VNC server as far as the filter is concerned: what it holds down, and what it must never be sent."""

from __future__ import annotations

import struct

import attrs
from message_reader import FOR_EVERYBODY, MessageReader

MOST_KEYS = 64
MODIFIERS = {*range(0xFFE1, 0xFFE5), *range(0xFFE7, 0xFFEF), 0xFE03, 0xFF7E}
"""Shift, Control, Meta, Alt, Super, Hyper, AltGr; the locks between them hold nothing."""

_OF_A_HOLDER = {4, 5, 6}
# They change how input looks on the wire, or open further messages that carry input.
_ENCODINGS_NEVER = {-258, -316, 0xC0A1E5CE - 2**32, -309, -257, -259, -305}


@attrs.define
class ModelledServer:
    """What was forwarded, and what it did.

    Attributes:
        buttons: those that the policy lets pass.
        largest_cut_text: bytes that the policy lets pass in one message; -1 for no message at all.
        held: keysyms that are down.
        mask: the pointer's buttons that are down.
        position: of the pointer, as bytes.
    """

    buttons: int
    largest_cut_text: int
    held: set[int] = attrs.field(init=False, factory=set)
    mask: int = attrs.field(init=False, default=0)
    position: bytes = attrs.field(init=False, default=bytes(4))

    def receive(self, raw: bytes, *, in_control: bool) -> None:
        """Take in one message, and see that it is allowed."""
        kind = raw[0]
        assert kind in (FOR_EVERYBODY | _OF_A_HOLDER if in_control else FOR_EVERYBODY), raw.hex()
        if kind == 2:
            asked = struct.unpack_from(f">{len(raw) // 4 - 1}i", raw, 4)
            assert _ENCODINGS_NEVER.isdisjoint(asked), asked
        elif kind == 4:
            self._key(int.from_bytes(raw[4:]), down=raw[1] != 0)
        elif kind == 5:
            assert raw[1] & ~self.buttons == 0, raw.hex()
            self.mask, self.position = raw[1], raw[2:]
        elif kind == 6:
            assert 0 <= int.from_bytes(raw[4:8], signed=True) <= self.largest_cut_text, raw[:8].hex()

    def lets_go(self, releases: bytes) -> None:
        """See that these messages lift everything that is down, in order, and do nothing else."""
        messages = whole_messages(releases)
        keys, pointer = messages[: len(self.held)], messages[len(self.held) :]
        assert pointer == ([b"\x05\x00" + self.position] if self.mask else []), releases.hex()
        assert all(raw[:4] == b"\x04\x00\x00\x00" for raw in keys), releases.hex()
        modifiers = [int.from_bytes(raw[4:]) in MODIFIERS for raw in keys]
        assert modifiers == sorted(modifiers), "a modifier was released before another key"
        for raw in messages:
            self.receive(raw, in_control=True)
        assert not self.held
        assert not self.mask

    def _key(self, keysym: int, *, down: bool) -> None:
        if not down:
            assert keysym in self.held, f"{keysym:#x} was released and not pressed"
            self.held.remove(keysym)
            return
        assert not _is_servers_own(keysym), f"{keysym:#x}"
        self.held.add(keysym)
        assert len(self.held) <= MOST_KEYS


def whole_messages(forwarded: bytes) -> list[bytes]:
    """What was forwarded at once."""
    reader = MessageReader()
    messages = reader.receive(forwarded)
    assert not reader.rest, "half a message was forwarded, or one that no server can read"
    return messages


def _is_servers_own(keysym: int) -> bool:
    """Whether a keysym acts on the X server or its pointer, or is a vendor's; AltGr is not."""
    return (keysym >> 8 == 0xFE and keysym != 0xFE03) or keysym > 0x0110_FFFF
