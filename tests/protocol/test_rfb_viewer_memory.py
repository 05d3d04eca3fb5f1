"""What a viewer's stream may cost in memory, however long it is."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rfb_samples import UPDATE_REQUEST, cut_text, press, set_desktop_size, set_encodings

from pilothouse.protocol.rfb.constants import MAX_CUT_TEXT
from pilothouse.protocol.rfb.decisions import Drop, Kind, Reason
from pilothouse.protocol.rfb.input_policy import GUARDED, GUARDED_GROUPS, GroupPolicy
from pilothouse.protocol.rfb.viewer_input import ViewerInput

LARGEST = 2**31 - 1
PIECE = bytes(65_536)
TOO_LARGE, NO_CONTROL = (Drop(Kind.CLIPBOARD, reason) for reason in (Reason.TOO_LARGE, Reason.NO_CONTROL))

with_and_without_control = pytest.mark.parametrize("in_control", [True, False], ids=["in control", "no control"])


def announced(length: int) -> bytes:
    return struct.pack(">BxxxI", 6, length)


class Peak:
    """The most bytes that were allocated at once."""

    bytes = 0


@contextmanager
def traced() -> Iterator[Peak]:
    peak = Peak()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        yield peak
        peak.bytes = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def _pass_by(*, in_control: bool) -> None:
    viewer = ViewerInput()
    viewer.receive(announced(LARGEST), in_control=in_control)
    for _ in range(2000):
        viewer.receive(PIECE, in_control=in_control)


@with_and_without_control
def test_two_gigabytes_of_clipboard_pass_by_and_leave_nothing(in_control: bool) -> None:
    viewer = ViewerInput()
    blocked = viewer.receive(announced(LARGEST), in_control=in_control).blocked
    with traced():  # what the interpreter allots to code that is run for the first time is no part of the answer
        _pass_by(in_control=in_control)
    with traced() as peak:
        for _ in range(LARGEST // len(PIECE)):
            judged = viewer.receive(PIECE, in_control=in_control)
            assert judged.forward == b""
            assert viewer.kept == 0
            blocked += judged.blocked
    rest = PIECE[: LARGEST % len(PIECE)] + UPDATE_REQUEST + press(0x61)
    judged = viewer.receive(rest, in_control=in_control)
    assert judged.forward == UPDATE_REQUEST + (press(0x61) if in_control else b"")
    assert blocked == [TOO_LARGE if in_control else NO_CONTROL]
    assert peak.bytes < 4096


@pytest.mark.parametrize("limit", [1000, 40_000, MAX_CUT_TEXT])
@pytest.mark.parametrize("size", [7, 4096])
def test_what_is_kept_is_less_than_the_largest_text_that_may_pass(limit: int, size: int) -> None:
    viewer = ViewerInput(GroupPolicy(GUARDED_GROUPS, largest_cut_text=limit))
    fits, too_large = cut_text(bytes(limit)), cut_text(bytes(limit + 1))
    forwarded, most_kept = 0, 0
    with traced() as peak:
        for text in (fits, too_large, fits):
            for start in range(0, len(text), size):
                forwarded += len(viewer.receive(text[start : start + size], in_control=True).forward)
                most_kept = max(most_kept, viewer.kept)
    assert forwarded == 2 * len(fits)
    assert len(fits) - size <= most_kept < len(fits)
    # What is kept, the same with its end, the message of it, and what is forwarded.
    assert peak.bytes < 5 * limit + 2 * size + 4096


@pytest.mark.parametrize("raw", [set_encodings(*range(1024)), set_desktop_size(255)], ids=["encodings", "screens"])
def test_with_a_small_limit_the_largest_other_message_is_the_bound(raw: bytes) -> None:
    viewer = ViewerInput(GroupPolicy(GUARDED_GROUPS, largest_cut_text=16))
    viewer.receive(raw[:-1], in_control=True)
    assert viewer.kept == len(raw) - 1 < 4 + 4 * 1024
    viewer.receive(raw[-1:], in_control=True)
    assert viewer.kept == 0


@pytest.mark.parametrize("policy", [GUARDED, GUARDED.changed(deny=["clipboard"])], ids=["guarded", "no clipboard"])
def test_of_a_viewer_without_control_or_clipboard_no_text_is_collected(policy: GroupPolicy) -> None:
    viewer = ViewerInput(policy)
    text = cut_text(bytes(1000))
    in_control = "clipboard" not in policy.groups
    for start in range(len(text)):
        viewer.receive(text[start : start + 1], in_control=in_control)
        assert viewer.kept < 8
    assert viewer.receive(UPDATE_REQUEST, in_control=in_control).forward == UPDATE_REQUEST


def test_whoever_gains_control_within_a_text_has_none_of_it_collected() -> None:
    viewer = ViewerInput()
    text = cut_text(bytes(1000))
    viewer.receive(text[:10], in_control=False)
    viewer.receive(text[10:-1], in_control=True)
    assert viewer.kept == 0
    assert viewer.receive(text[-1:] + UPDATE_REQUEST, in_control=True).forward == UPDATE_REQUEST


def test_nothing_is_kept_behind_a_violation() -> None:
    viewer = ViewerInput()
    viewer.receive(b"\x63", in_control=True)
    with traced() as peak:
        for _ in range(100):
            viewer.receive(PIECE, in_control=True)
    assert viewer.kept == 0
    assert peak.bytes < len(PIECE)
