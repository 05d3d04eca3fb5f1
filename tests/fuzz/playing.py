"""A story, played through the filter and watched."""

from __future__ import annotations

from typing import NamedTuple

from guarded_rule import breaks_guarded
from message_reader import FOR_EVERYBODY, LARGEST_BUT_CLIPBOARD, MessageReader
from modelled_server import MOST_KEYS, ModelledServer, whole_messages
from story import Story

from pilothouse.protocol.rfb.decisions import Drop
from pilothouse.protocol.rfb.input_policy import GUARDED
from pilothouse.protocol.rfb.viewer_input import ViewerInput


class Outcome(NamedTuple):
    """What one stretch came to."""

    forwarded: bytes
    blocked: list[Drop]
    violation: str | None


def check(data: bytes) -> None:
    """Play the story as it is cut and as it could be cut, and see that nothing slips past.

    Raises:
        AssertionError: something did.
    """
    story = Story.told_by(data)
    told, *cut_otherwise = (Playing(each) for each in (story, story.coalesced(), story.message_by_message()))
    assert all(each.outcomes == told.outcomes for each in cut_otherwise), "the result depends on the cut"


class Playing:
    """One viewer before one server.

    Attributes:
        outcomes: one for each stretch.
    """

    def __init__(self, story: Story) -> None:
        self._policy = story.policy
        self._viewer = ViewerInput(story.policy)
        self._server = ModelledServer(story.policy.buttons, story.policy.largest_cut_text)
        self._sent = MessageReader()
        self._most_kept = max(LARGEST_BUT_CLIPBOARD, 8 + story.policy.largest_cut_text)
        self._down: set[int] = set()  # of the viewer's keyboard, as long as that is known
        self._down_is_known = True
        self._mask = 0  # of the viewer's mouse
        self._stale = 0  # buttons of it that went down before the holder's time
        self.outcomes = [self._stretch(stretch.reads, in_control=stretch.in_control) for stretch in story.stretches]

    def _stretch(self, reads: list[bytes], *, in_control: bool) -> Outcome:
        forwarded, blocked, violation = b"", [], None
        for read in reads:
            judged = self._viewer.receive(read, in_control=in_control)
            violation = judged.violation and str(judged.violation)
            self._see(self._sent.receive(read), whole_messages(judged.forward), in_control=in_control)
            assert (violation is not None) == self._sent.unreadable, violation
            assert self._viewer.kept < self._most_kept
            forwarded += judged.forward
            blocked += judged.blocked
        self._server.lets_go(self._viewer.release_all())
        self._stale = self._mask
        self._down, self._down_is_known = set(), True
        return Outcome(forwarded, blocked, violation)

    def _see(self, sent: list[bytes], forwarded: list[bytes], *, in_control: bool) -> None:
        """See what becomes of the messages of one read."""
        keys = [raw for raw in sent if raw[0] == 4 and in_control]
        if len(keys) > 1:
            self._forget_keys()
        not_seen_yet = iter(sent)
        for raw in forwarded:
            makes_room = raw[:2] == b"\x04\x00" and len(self._server.held) == MOST_KEYS
            assert makes_room or any(_may_become(each, raw) for each in not_seen_yet), f"{raw.hex()} out of nothing"
            if self._policy is GUARDED and raw[0] == 4 and raw[1]:
                assert not breaks_guarded(int.from_bytes(raw[4:]), self._server.held | self._down), raw.hex()
            self._server.receive(raw, in_control=in_control)
        for raw in keys:
            self._type(raw)
        pixels = [raw[0] for raw in sent if raw[0] in FOR_EVERYBODY]
        assert [raw[0] for raw in forwarded if raw[0] in FOR_EVERYBODY] == pixels, "a viewer must be able to see"
        pointer = [self._point(raw, in_control=in_control) for raw in sent if raw[0] == 5]
        assert [raw for raw in forwarded if raw[0] == 5] == (pointer if in_control else [])

    def _type(self, raw: bytes) -> None:
        """Follow a holder's keyboard."""
        if self._down_is_known:
            (self._down.add if raw[1] else self._down.discard)(int.from_bytes(raw[4:]))
        if len(self._down) > MOST_KEYS:
            self._forget_keys()

    def _forget_keys(self) -> None:
        """Of several in one read nobody knows which were down when one was judged; too many the filter forgets too."""
        self._down, self._down_is_known = set(), False

    def _point(self, raw: bytes, *, in_control: bool) -> bytes:
        """What a PointerEvent must become for a holder."""
        self._mask = raw[1]
        self._stale = self._stale & self._mask if in_control else self._mask
        return bytes([5, self._mask & ~self._stale & self._policy.buttons]) + raw[2:]


def _may_become(sent: bytes, forwarded: bytes) -> bool:
    if sent == forwarded:
        return True
    if sent[0] == forwarded[0] == 2:
        asked, kept = _entries(sent), _entries(forwarded)
        return [entry for entry in asked if entry in kept] == kept
    return sent[0] == forwarded[0] == 5


def _entries(set_encodings: bytes) -> list[bytes]:
    return [set_encodings[i : i + 4] for i in range(4, len(set_encodings), 4)]
