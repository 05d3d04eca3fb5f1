"""Any bytes at all as the story of one viewer: what it sends, how that is cut, when control comes and goes.

settings · count · count × (bytes until then, what happens) · what the viewer sends
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

import attrs
from message_reader import MessageReader
from shorthand import spelled_out

from pilothouse.protocol.rfb.decisions import FORWARD, Drop, KeyDecision, Kind, Reason
from pilothouse.protocol.rfb.input_policy import GUARDED, OPEN, InputPolicy

MOST_EVENTS = 32
SWELL = b"\x02\x00\x04\x00" + bytes(4 * 1024)
"""What a fuzzer would hardly write by itself: the longest message of them all, clipboard text excepted."""


class Permissive:
    """An embedder's policy: all keys, all buttons, and little clipboard text."""

    buttons = 0xFF
    largest_cut_text = 64

    def key(self, modifiers: int, keysym: int) -> KeyDecision:
        """See `InputPolicy`."""
        return FORWARD

    def blocked_buttons(self, mask: int) -> Drop:
        """See `InputPolicy`."""
        return Drop(Kind.POINTER, Reason.NOT_ALLOWED)


POLICIES: list[InputPolicy] = [GUARDED, OPEN, Permissive(), GUARDED.changed(deny=["clipboard"])]
IN_CONTROL = len(POLICIES)
"""The bit of the settings that says who begins; those below it choose the policy."""
SHORTHAND = 2 * IN_CONTROL
"""The bit of the settings that says how to read what the viewer sends."""


class Event(IntEnum):
    """What happens between two bytes."""

    CUT = 0
    HAND_OVER = 1
    RELEASE = 2
    SWELL = 3


@attrs.frozen
class Stretch:
    """Reads under the same control; at their end everything is released."""

    in_control: bool
    reads: list[bytes]


@attrs.frozen
class Story:
    """What happens to one viewer."""

    policy: InputPolicy
    stretches: list[Stretch]

    @classmethod
    def told_by(cls, data: bytes) -> Story:
        """Every input tells one."""
        settings, count = data[:2].ljust(2, b"\x00")
        end = 2 + 2 * (count % MOST_EVENTS)
        events, sent = data[2:end], data[end:]
        if settings & SHORTHAND:
            sent = spelled_out(sent)
        stretches = [Stretch(bool(settings & IN_CONTROL), [])]
        for gap, event in zip(events[::2], events[1::2], strict=False):
            last = stretches[-1]
            last.reads.append(sent[:gap])
            sent = sent[gap:]
            match event % len(Event):
                case Event.HAND_OVER:
                    stretches.append(Stretch(not last.in_control, []))
                case Event.RELEASE:
                    stretches.append(Stretch(last.in_control, []))
                case Event.SWELL:
                    last.reads.append(SWELL)
        stretches[-1].reads.append(sent)
        return cls(POLICIES[settings % len(POLICIES)], stretches)

    def coalesced(self) -> Story:
        """The same in reads as long as possible."""
        return Story(self.policy, [Stretch(each.in_control, [b"".join(each.reads)]) for each in self.stretches])

    def message_by_message(self) -> Story:
        """The same with a message in each read."""
        reader, stretches = MessageReader(), []
        for stretch in self.coalesced().stretches:
            (rest,) = stretch.reads
            reads, came_before = [], len(reader.rest)
            for message in reader.receive(rest):
                end = len(message) - came_before
                reads.append(rest[:end])
                rest, came_before = rest[end:], 0
            stretches.append(Stretch(stretch.in_control, [*reads, rest]))
        return Story(self.policy, stretches)


def written(settings: int, events: Iterable[tuple[int, Event]], sent: bytes) -> bytes:
    """The bytes that tell a story."""
    told = [number for event in events for number in event]
    return bytes([settings, len(told) // 2, *told]) + sent
