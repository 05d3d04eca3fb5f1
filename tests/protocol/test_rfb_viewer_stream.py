from __future__ import annotations

import struct

import pytest
from cuts import Cut, cut_anywhere, every_cut, whole
from hypothesis import given
from hypothesis import strategies as st
from rfb_samples import (
    SAMPLES,
    UPDATE_REQUEST,
    VIOLATIONS,
    cut_text,
    extended_cut_text,
    messages,
    press,
    streams,
)

from pilothouse.protocol.rfb.constants import MAX_CUT_TEXT, ClientMessageType
from pilothouse.protocol.rfb.viewer_stream import ViewerStream

LARGEST_KEPT = 8 + MAX_CUT_TEXT
LARGEST_READ = 65_536

every_sample = pytest.mark.parametrize("name", SAMPLES)


class Parsed:
    """What came out of a stream, and how its end was found."""

    def __init__(self, pieces: list[bytes], largest_cut_text: int = MAX_CUT_TEXT) -> None:
        self.messages: list[bytes] = []
        self.most_kept = 0
        stream = ViewerStream()
        for piece in pieces:
            self.messages += stream.receive(piece, largest_cut_text)
            self.most_kept = max(self.most_kept, stream.kept)
        self.violation = None if stream.violation is None else str(stream.violation)


def head_if_text_is_not_collected(raw: bytes, largest_cut_text: int) -> bytes:
    text = raw[0] == ClientMessageType.CLIENT_CUT_TEXT
    return raw[:8] if text and not 0 <= int.from_bytes(raw[4:8], signed=True) <= largest_cut_text else raw


@every_cut
@every_sample
def test_a_message_keeps_its_bytes(name: str, cut: Cut) -> None:
    _, raw = SAMPLES[name]
    parsed = Parsed(cut(raw))
    assert parsed.messages == [head_if_text_is_not_collected(raw, MAX_CUT_TEXT)]
    assert parsed.violation is None


@every_cut
@every_sample
def test_what_follows_a_message_is_a_message_of_its_own(name: str, cut: Cut) -> None:
    _, raw = SAMPLES[name]
    parsed = Parsed(cut(raw + UPDATE_REQUEST + raw + b"\x04"))
    came_out = head_if_text_is_not_collected(raw, MAX_CUT_TEXT)
    assert parsed.messages == [came_out, UPDATE_REQUEST, came_out]
    assert parsed.violation is None


@every_cut
@every_sample
def test_half_a_message_is_none(name: str, cut: Cut) -> None:
    raw = SAMPLES[name][1]
    parsed = Parsed(cut(raw[: len(head_if_text_is_not_collected(raw, MAX_CUT_TEXT)) - 1]))
    assert parsed.messages == []
    assert parsed.violation is None


@every_cut
@pytest.mark.parametrize("name", VIOLATIONS)
@pytest.mark.parametrize("trailing", [b"", press(0x61)], ids=["alone", "with trailing data"])
def test_what_cannot_be_followed_ends_the_stream_behind_the_last_good_message(
    name: str, trailing: bytes, cut: Cut
) -> None:
    parsed = Parsed(cut(UPDATE_REQUEST + VIOLATIONS[name] + trailing))
    assert parsed.messages == [UPDATE_REQUEST]
    assert parsed.violation is not None


@pytest.mark.parametrize("kind", sorted(set(range(256)) - {*ClientMessageType}))
def test_the_reason_names_a_type_of_unknown_length(kind: int) -> None:
    assert Parsed([bytes([kind])]).violation == f"client message of type {kind}"


def test_a_violation_stays_one_and_nothing_is_kept_behind_it() -> None:
    stream = ViewerStream()
    stream.receive(b"\x63", MAX_CUT_TEXT)
    violation = stream.violation
    for _ in range(2):
        assert stream.receive(press(0x61) + b"\x04", MAX_CUT_TEXT) == []
        assert stream.violation is violation is not None
        assert stream.kept == 0


@pytest.mark.parametrize("size", [1, 4096, LARGEST_READ])
def test_the_largest_cut_text_is_kept_whole(size: int) -> None:
    text = cut_text(b"A" * MAX_CUT_TEXT) + UPDATE_REQUEST
    parsed = Parsed([text[i : i + size] for i in range(0, len(text), size)])
    assert parsed.messages == [text[:-10], UPDATE_REQUEST]
    assert parsed.most_kept < LARGEST_KEPT


@pytest.mark.parametrize("size", [1, 4096, LARGEST_READ])
@pytest.mark.parametrize("text", [b"A", press(0x61)], ids=["letters", "messages"])
def test_a_larger_cut_text_is_announced_once_and_thrown_away_as_it_arrives(text: bytes, size: int) -> None:
    length = MAX_CUT_TEXT + 1
    data = cut_text((text * length)[:length]) + UPDATE_REQUEST
    parsed = Parsed([data[i : i + size] for i in range(0, len(data), size)])
    assert parsed.messages == [data[:8], UPDATE_REQUEST]
    assert parsed.most_kept < len(UPDATE_REQUEST)


@pytest.mark.parametrize("size", [1, 4096, LARGEST_READ])
def test_extended_cut_text_is_never_collected(size: int) -> None:
    data = extended_cut_text(bytes(MAX_CUT_TEXT)) + UPDATE_REQUEST
    parsed = Parsed([data[i : i + size] for i in range(0, len(data), size)])
    assert parsed.messages == [data[:8], UPDATE_REQUEST]
    assert parsed.most_kept < len(UPDATE_REQUEST)


@every_cut
@pytest.mark.parametrize("largest", [-1, 0, 4])
def test_what_may_not_pass_by_its_size_is_not_collected(largest: int, cut: Cut) -> None:
    texts = [b"", b"four", b"fives"]
    parsed = Parsed(cut(b"".join(cut_text(text) for text in texts)), largest)
    assert parsed.messages == [cut_text(text)[: None if len(text) <= largest else 8] for text in texts]
    assert parsed.most_kept < 8 + max(largest, 0)


def test_two_large_cut_texts_behind_each_other_are_two() -> None:
    text = cut_text(bytes(MAX_CUT_TEXT + 1))
    assert Parsed([text + text + UPDATE_REQUEST]).messages == [text[:8], text[:8], UPDATE_REQUEST]


def test_text_that_has_begun_is_not_collected_later_but_may_be_given_up() -> None:
    stream, text = ViewerStream(), cut_text(press(0x61))
    assert stream.receive(text[:10], -1) == [text[:8]]
    assert stream.receive(text[10:] + UPDATE_REQUEST, 8) == [UPDATE_REQUEST]
    assert stream.receive(text[:10], 8) == []
    assert stream.receive(text[10:] + UPDATE_REQUEST, -1) == [text[:8], UPDATE_REQUEST]


def test_a_stream_may_go_on_for_ever() -> None:
    piece = UPDATE_REQUEST * 6000
    parsed = Parsed([piece] * 10)
    assert parsed.violation is None
    assert parsed.messages == [UPDATE_REQUEST] * 60_000
    assert parsed.most_kept == 0


@given(st.data(), st.lists(messages))
def test_valid_messages_come_out_byte_for_byte_cut_anywhere(data: st.DataObject, sent: list[bytes]) -> None:
    largest = data.draw(st.integers(-1, 40))
    parsed = Parsed(data.draw(cut_anywhere(b"".join(sent))), largest)
    assert parsed.messages == [head_if_text_is_not_collected(raw, largest) for raw in sent]
    assert parsed.violation is None


@given(st.data(), streams, st.integers(-1, 40))
def test_the_result_does_not_depend_on_the_cut(data: st.DataObject, sent: bytes, largest: int) -> None:
    at_once, in_pieces = Parsed(whole(sent), largest), Parsed(data.draw(cut_anywhere(sent)), largest)
    assert in_pieces.messages == at_once.messages
    assert in_pieces.violation == at_once.violation


@given(st.lists(st.binary(max_size=64)), st.integers(0, 2**32 - 1))
def test_garbage_is_followed_or_refused_and_never_piles_up(pieces: list[bytes], length: int) -> None:
    # A clipboard text first, so that most garbage lies inside a message that may never end.
    parsed = Parsed([struct.pack(">BxxxI", 6, length), *pieces])
    assert parsed.most_kept < LARGEST_KEPT
    for message in parsed.messages[1:]:
        assert message in b"".join(pieces)
