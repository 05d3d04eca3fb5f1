"""The stories that fuzzing starts from hold in every test run, and those who watch them would notice."""

from __future__ import annotations

import pytest
from guarded_rule import breaks_guarded
from hypothesis import example, given
from hypothesis import strategies as st
from modelled_server import ModelledServer, whole_messages
from playing import check
from seeds import seeds
from story import IN_CONTROL, SWELL, Event, Story, written

O_DOWN, O_UP = bytes.fromhex("040100000000006f"), bytes.fromhex("040000000000006f")
SHIFT_DOWN, SHIFT_UP = bytes.fromhex("040100000000ffe1"), bytes.fromhex("040000000000ffe1")
LEFT_DOWN, ALL_UP = bytes.fromhex("050100100020"), bytes.fromhex("050000100020")


@pytest.fixture
def server() -> ModelledServer:
    return ModelledServer(buttons=0x79, largest_cut_text=4)


def test_seeds_hold() -> None:
    for seed in seeds():
        check(seed)


@given(st.binary(max_size=60))
@example(b"")
def test_every_input_tells_a_story_that_holds(data: bytes) -> None:
    check(data)


def test_what_was_lifted_in_the_same_read_is_not_held() -> None:
    alt_down, alt_up, c_down = (
        bytes.fromhex(raw) for raw in ("040100000000ffe9", "040000000000ffe9", "0401000000000063")
    )
    check(written(IN_CONTROL, [(8, Event.CUT)], alt_down + alt_up + c_down))


def test_a_story_is_told_as_it_was_written() -> None:
    events = [(3, Event.CUT), (1, Event.SWELL), (0, Event.HAND_OVER), (2, Event.RELEASE)]
    story = Story.told_by(written(IN_CONTROL, events, b"abcdefgh"))
    told = [(stretch.in_control, stretch.reads) for stretch in story.stretches]
    assert told == [(True, [b"abc", b"d", SWELL, b""]), (False, [b"ef"]), (False, [b"gh"])]
    cut_otherwise = Story.told_by(written(0, [(3, Event.HAND_OVER)], O_DOWN + O_UP + O_DOWN[:5])).message_by_message()
    assert [stretch.reads for stretch in cut_otherwise.stretches] == [
        [O_DOWN[:3]],
        [O_DOWN[3:], O_UP, O_DOWN[:5]],
    ]


@pytest.mark.parametrize(
    "forwarded",
    [
        *("fa000104", "fb00032002580000", "ff0000010000006100000018"),
        *("040100000000fed5", "0401000001110000", "0400000000000061"),
        *("050400100010", "06000000000000056162636465", "06000000fffffffc01000000"),
        "02000001fffffefe",
    ],
)
def test_the_server_notices_what_must_not_arrive(server: ModelledServer, forwarded: str) -> None:
    (message,) = whole_messages(bytes.fromhex(forwarded))
    with pytest.raises(AssertionError):
        server.receive(message, in_control=True)


@pytest.mark.parametrize("message", [O_DOWN, LEFT_DOWN, bytes.fromhex("0600000000000000")])
def test_the_server_notices_input_without_control(server: ModelledServer, message: bytes) -> None:
    server.receive(message, in_control=True)
    with pytest.raises(AssertionError):
        server.receive(message, in_control=False)


@pytest.mark.parametrize("forwarded", [O_DOWN[:7], b"\x63", O_DOWN + b"\x04"])
def test_the_server_notices_what_it_cannot_read(forwarded: bytes) -> None:
    with pytest.raises(AssertionError):
        whole_messages(forwarded)


@pytest.mark.parametrize(
    "releases",
    [
        *(b"", O_UP + ALL_UP, O_UP + SHIFT_UP, SHIFT_UP + O_UP + ALL_UP, ALL_UP + O_UP + SHIFT_UP),
        *(O_UP + SHIFT_UP + LEFT_DOWN, O_UP + O_UP + ALL_UP, O_UP + SHIFT_UP + ALL_UP + ALL_UP),
    ],
)
def test_the_server_notices_what_stays_down(server: ModelledServer, releases: bytes) -> None:
    for message in (SHIFT_DOWN, O_DOWN, LEFT_DOWN):
        server.receive(message, in_control=True)
    with pytest.raises(AssertionError):
        server.lets_go(releases)


def test_the_server_notices_nothing_when_all_is_well(server: ModelledServer) -> None:
    for message in (SHIFT_DOWN, O_DOWN, LEFT_DOWN):
        server.receive(message, in_control=True)
    server.lets_go(O_UP + SHIFT_UP + ALL_UP)


def test_the_rule_for_guarded_knows_what_must_not_pass() -> None:
    assert breaks_guarded(ord("o"), {0xFFE4})
    assert breaks_guarded(0x0100_0074, {0xFFE3})
    assert breaks_guarded(ord("c"), {0xFFE3, 0xFFE1})
    assert breaks_guarded(0xFF94, {0xFFE9})
    assert breaks_guarded(0xFF67, set())
    assert breaks_guarded(ord("a"), {0xFFE9})
    assert not breaks_guarded(ord("c"), {0xFFE3})
    assert not breaks_guarded(ord("o"), {0xFFE1})
