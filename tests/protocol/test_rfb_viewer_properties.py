"""What holds for every byte stream, however it is cut and whenever control moves.

The forwarded bytes are read by a server of the tests' own (rfb_server.py), and what a policy may let pass is written
down here once more, by hand.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from cuts import cut_anywhere
from hypothesis import example, given
from hypothesis import strategies as st
from rfb_by_hand import (
    META_AND_ALT,
    PASSES_ALONE,
    SUPER_AND_HYPER,
    nothing_that_open_forbids,
    nothing_that_servers_obey,
    only_what_guarded_allows,
)
from rfb_samples import MODIFIERS, characters, chords, keys, keysyms, lift, messages, point, pointers, press, streams
from rfb_server import Server, input_in, messages_in

from pilothouse.protocol.rfb.constants import MAX_CUT_TEXT
from pilothouse.protocol.rfb.decisions import FORWARD, Drop, KeyDecision, Kind, Reason
from pilothouse.protocol.rfb.input_groups import GROUPS
from pilothouse.protocol.rfb.input_policy import GUARDED, OPEN, GroupPolicy, InputPolicy
from pilothouse.protocol.rfb.key_state import MAX_KEYS
from pilothouse.protocol.rfb.viewer_input import Judged, ViewerInput


@attrs.frozen
class EverythingPasses:
    """The most careless policy that an embedder can bring."""

    buttons: int = 0xFF
    largest_cut_text: int = MAX_CUT_TEXT

    def key(self, modifiers: int, keysym: int) -> KeyDecision:
        return FORWARD

    def blocked_buttons(self, mask: int) -> Drop:
        return Drop(Kind.POINTER, Reason.NOT_ALLOWED)


EVERYTHING = EverythingPasses()
NO_CLIPBOARD = OPEN.changed(deny=["clipboard"])
SHORT_TEXTS = EverythingPasses(buttons=0x0F, largest_cut_text=8)

some_groups = st.sets(st.sampled_from(sorted(GROUPS))).map(GroupPolicy)
policies: st.SearchStrategy[InputPolicy] = (
    st.sampled_from([GUARDED, OPEN, EVERYTHING, NO_CLIPBOARD, SHORT_TEXTS]) | some_groups
)
terms = st.lists(st.tuples(st.booleans(), streams), max_size=5)
"""What is sent while this viewer is in control or not, one after the other."""


class Session:
    """A viewer's channel and its server, through hand-overs.

    Args:
        policy: of the viewer.
        server: what it acts on.
    """

    def __init__(self, policy: InputPolicy, server: Server | None = None) -> None:
        self.viewer = ViewerInput(policy)
        self.server = server or Server()
        self.forwarded = b""
        self.blocked: list[Drop] = []
        self.violation: str | None = None

    def term(self, pieces: Iterable[bytes], *, in_control: bool) -> None:
        """Control changes, and then these pieces arrive."""
        self.hand_over()
        for piece in pieces:
            if self.violation is not None:
                return
            judged = self.viewer.receive(piece, in_control=in_control)
            self._forward(judged.forward)
            self.blocked += judged.blocked
            self.violation = judged.violation and str(judged.violation)

    def hand_over(self) -> None:
        self._forward(self.viewer.release_all())

    def _forward(self, data: bytes) -> None:
        self.forwarded += data
        self.server.receive(data)


def play(policy: InputPolicy, sent: list[tuple[bool, bytes]], server: Server | None = None) -> Session:
    session = Session(policy, server)
    for in_control, data in sent:
        session.term([data], in_control=in_control)
    return session


@given(st.data(), policies, terms)
def test_nothing_depends_on_where_the_stream_is_cut(
    data: st.DataObject, policy: InputPolicy, sent: list[tuple[bool, bytes]]
) -> None:
    at_once, in_pieces = play(policy, sent), Session(policy)
    for in_control, stream in sent:
        in_pieces.term(data.draw(cut_anywhere(stream)), in_control=in_control)
    assert in_pieces.forwarded == at_once.forwarded
    assert in_pieces.blocked == at_once.blocked
    assert in_pieces.violation == at_once.violation


@given(policies, terms)
def test_what_passed_once_passes_again_unchanged(policy: InputPolicy, sent: list[tuple[bool, bytes]]) -> None:
    passed = play(policy, sent).forwarded
    again = ViewerInput(policy).receive(passed, in_control=True)
    assert again.forward == passed
    assert again.blocked == []
    assert again.violation is None


@given(policies, st.lists(st.one_of(messages, keys, pointers), max_size=MAX_KEYS))
def test_what_passes_keeps_its_order_and_its_bytes(policy: InputPolicy, sent: list[bytes]) -> None:
    remaining = iter([_unless_changed(message) for message in sent])
    for message in messages_in(ViewerInput(policy).receive(b"".join(sent), in_control=True).forward):
        assert _unless_changed(message) in remaining, message.hex()


@given(st.lists(st.tuples(st.sampled_from([(), (0xFFE1,), (0xFFE2,), (0xFE03,)]), characters)))
def test_typing_passes_in_every_alphabet(typed: list[tuple[tuple[int, ...], int]]) -> None:
    sent = b"".join(press(*held, keysym) + lift(keysym, *held) for held, keysym in typed)
    assert ViewerInput(GUARDED).receive(sent, in_control=True) == Judged(sent, [], None)


@given(policies, st.lists(st.one_of(messages, pointers, pointers)))
def test_a_pointer_event_keeps_its_place_and_loses_what_is_not_allowed(policy: InputPolicy, sent: list[bytes]) -> None:
    forwarded = messages_in(ViewerInput(policy).receive(b"".join(sent), in_control=True).forward)
    expected = [raw[:1] + bytes([raw[1] & policy.buttons]) + raw[2:] for raw in sent if raw[0] == 5]
    assert [message for message in forwarded if message[0] == 5] == expected


@given(streams)
def test_without_control_no_input_is_forwarded_whatever_comes_in(sent: bytes) -> None:
    assert input_in(ViewerInput(EVERYTHING).receive(sent, in_control=False).forward) == []


@given(policies, terms)
def test_a_hand_over_releases_exactly_what_the_server_holds(
    policy: InputPolicy, sent: list[tuple[bool, bytes]]
) -> None:
    session = Session(policy)
    server = session.server
    for in_control, stream in sent:
        session.term([stream], in_control=in_control)
        others = [keysym for keysym in server.down if keysym not in MODIFIERS]
        modifiers = [keysym for keysym in server.down if keysym in MODIFIERS]
        buttons = point(0, *server.position) if server.mask else b""
        before = len(session.forwarded)
        session.hand_over()
        assert session.forwarded[before:] == lift(*others) + lift(*modifiers) + buttons
        assert not server.down
        assert server.mask == 0


@given(policies, terms)
def test_after_a_hand_over_a_viewer_without_control_changes_nothing(
    policy: InputPolicy, sent: list[tuple[bool, bytes]]
) -> None:
    session = play(policy, sent)
    session.hand_over()
    before = len(session.forwarded)
    session.term([press(0x61, 0xFFE3) + point(7) + lift(0x61)], in_control=False)
    session.hand_over()
    assert input_in(session.forwarded[before:]) == []


@given(
    policies,
    st.lists(st.one_of(keys, keysyms.map(press), st.integers(0x100, 0x400).map(lambda n: press(0x0100_0000 + n)))),
)
@example(GUARDED, [press(*range(0x0100_0100, 0x0100_0180))])
def test_never_more_keys_are_held_than_there_are_fingers(policy: InputPolicy, sent: list[bytes]) -> None:
    session = play(policy, [(True, b"".join(sent))])
    assert session.server.most_down <= MAX_KEYS


@given(terms)
def test_under_the_guarded_policy_no_press_means_what_is_not_in_the_table(sent: list[tuple[bool, bytes]]) -> None:
    play(GUARDED, sent, Server(on_press=only_what_guarded_allows))


@given(st.lists(st.one_of(keys, chords), max_size=MAX_KEYS // 4).map(b"".join))
def test_nothing_is_typed_while_alt_or_super_is_held_which_did_not_pass(sent: bytes) -> None:
    viewer, held = ViewerInput(GUARDED), set()
    for message in messages_in(sent):
        keysym = int.from_bytes(message[4:])
        forwarded = viewer.receive(message, in_control=True).forward
        if not message[1]:
            held.discard(keysym)
            continue
        if held & (META_AND_ALT | SUPER_AND_HYPER):
            assert forwarded == b"" or keysym in PASSES_ALONE
        held.add(keysym)


@given(terms)
def test_under_the_open_policy_no_press_reaches_the_host(sent: list[tuple[bool, bytes]]) -> None:
    play(OPEN, sent, Server(on_press=nothing_that_open_forbids))


@given(terms)
def test_under_no_policy_a_press_makes_the_server_do_anything(sent: list[tuple[bool, bytes]]) -> None:
    play(EVERYTHING, sent, Server(on_press=nothing_that_servers_obey))


def _unless_changed(message: bytes) -> bytes:
    """What must stay the same: of a pointer event the place, of a SetEncodings that there is one."""
    if message[0] == 2:
        return message[:1]
    return message[:1] + message[2:] if message[0] == 5 else message
