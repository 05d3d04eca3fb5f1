from __future__ import annotations

import struct

import pytest
from cuts import Cut, cut_anywhere, every_cut, whole
from hypothesis import given
from hypothesis import strategies as st
from rfb_samples import (
    LARGEST_READ,
    SAMPLES,
    UPDATE_REQUEST,
    VIOLATIONS,
    cut_text,
    extended_cut_text,
    messages,
    press,
    streams,
)

from pilothouse.protocol.errors import BufferOverflow, RemoteProtocolError, RfbViolation
from pilothouse.protocol.rfb.constants import MAX_CUT_TEXT, ClientMessageType
from pilothouse.protocol.rfb.messages import ClientMessage
from pilothouse.protocol.rfb.viewer_stream import ViewerStream

LARGEST_KEPT = 8 + MAX_CUT_TEXT
TOO_LARGE = ClientMessage(ClientMessageType.CLIENT_CUT_TEXT, b"")

every_sample = pytest.mark.parametrize("name", SAMPLES)


class Parsed:
    """What came out of a stream, and how its end was found."""

    def __init__(self, pieces: list[bytes], largest_read: int = LARGEST_READ) -> None:
        self.messages: list[ClientMessage] = []
        self.violation: str | None = None
        self.most_kept = 0
        stream = ViewerStream(largest_read)
        try:
            for piece in pieces:
                stream.receive(piece)
                while (message := stream.next_message()) is not None:
                    self.messages.append(message)
                self.most_kept = max(self.most_kept, len(stream._buffer))
        except RemoteProtocolError as violation:
            self.violation = str(violation)

    @property
    def raw(self) -> list[bytes]:
        return [message.raw for message in self.messages]


@every_cut
@every_sample
def test_a_message_keeps_its_bytes(name: str, cut: Cut) -> None:
    kind, raw = SAMPLES[name]
    parsed = Parsed(cut(raw))
    assert parsed.messages == [ClientMessage(kind, raw)]
    assert parsed.violation is None


@every_cut
@every_sample
def test_what_follows_a_message_is_a_message_of_its_own(name: str, cut: Cut) -> None:
    _, raw = SAMPLES[name]
    parsed = Parsed(cut(raw + UPDATE_REQUEST + raw + b"\x04"))
    assert parsed.raw == [raw, UPDATE_REQUEST, raw]
    assert parsed.violation is None


@every_cut
@every_sample
def test_half_a_message_is_none(name: str, cut: Cut) -> None:
    parsed = Parsed(cut(SAMPLES[name][1][:-1]))
    assert parsed.messages == []
    assert parsed.violation is None


@every_cut
@pytest.mark.parametrize("name", VIOLATIONS)
@pytest.mark.parametrize("trailing", [b"", press(0x61)], ids=["alone", "with trailing data"])
def test_what_cannot_be_followed_ends_the_stream_behind_the_last_good_message(
    name: str, trailing: bytes, cut: Cut
) -> None:
    parsed = Parsed(cut(UPDATE_REQUEST + VIOLATIONS[name] + trailing))
    assert parsed.raw == [UPDATE_REQUEST]
    assert parsed.violation is not None


def test_a_violation_stays_one() -> None:
    stream = ViewerStream(LARGEST_READ)
    stream.receive(b"\x63")
    for _ in range(2):
        with pytest.raises(RfbViolation):
            stream.next_message()
        stream.receive(press(0x61))


@pytest.mark.parametrize("size", [1, 4096, LARGEST_READ])
def test_the_largest_cut_text_is_kept_whole(size: int) -> None:
    text = cut_text(b"A" * MAX_CUT_TEXT) + UPDATE_REQUEST
    parsed = Parsed([text[i : i + size] for i in range(0, len(text), size)])
    assert parsed.raw == [text[:-10], UPDATE_REQUEST]
    assert parsed.most_kept <= LARGEST_KEPT


def test_the_largest_extended_cut_text_is_kept_whole() -> None:
    raw = extended_cut_text(bytes(MAX_CUT_TEXT))
    assert Parsed([raw], largest_read=len(raw)).raw == [raw]


@pytest.mark.parametrize("size", [1, 4096, LARGEST_READ])
@pytest.mark.parametrize("text", [b"A", press(0x61)], ids=["letters", "messages"])
def test_a_larger_cut_text_is_announced_once_and_thrown_away_as_it_arrives(text: bytes, size: int) -> None:
    length = MAX_CUT_TEXT + 1
    data = cut_text((text * length)[:length]) + UPDATE_REQUEST
    parsed = Parsed([data[i : i + size] for i in range(0, len(data), size)])
    assert parsed.messages == [TOO_LARGE, ClientMessage(ClientMessageType.FRAMEBUFFER_UPDATE_REQUEST, UPDATE_REQUEST)]
    assert parsed.most_kept < 16


def test_two_large_cut_texts_behind_each_other_are_two() -> None:
    text = cut_text(bytes(MAX_CUT_TEXT + 1))
    assert Parsed([text + text + UPDATE_REQUEST], largest_read=2**20).raw == [b"", b"", UPDATE_REQUEST]


def test_a_stream_may_go_on_for_ever() -> None:
    piece = UPDATE_REQUEST * 6000
    assert len(piece) * 10 > LARGEST_KEPT + LARGEST_READ
    parsed = Parsed([piece] * 10)
    assert parsed.violation is None
    assert parsed.raw == [UPDATE_REQUEST] * 60_000


def test_more_than_one_read_can_be_is_an_overflow() -> None:
    stream = ViewerStream(largest_read=10)
    stream.receive(bytes(LARGEST_KEPT + 10))
    with pytest.raises(BufferOverflow):
        stream.receive(b"\x00")


@given(st.data(), st.lists(messages))
def test_valid_messages_come_out_byte_for_byte_cut_anywhere(data: st.DataObject, sent: list[bytes]) -> None:
    parsed = Parsed(data.draw(cut_anywhere(b"".join(sent))))
    assert parsed.raw == sent
    assert parsed.violation is None


@given(st.data(), streams)
def test_the_result_does_not_depend_on_the_cut(data: st.DataObject, sent: bytes) -> None:
    at_once, in_pieces = Parsed(whole(sent)), Parsed(data.draw(cut_anywhere(sent)))
    assert in_pieces.messages == at_once.messages
    assert in_pieces.violation == at_once.violation


@given(st.lists(st.binary(max_size=64)), st.integers(0, 2**32 - 1))
def test_garbage_is_followed_or_refused_and_never_piles_up(pieces: list[bytes], length: int) -> None:
    # A clipboard text first, so that most garbage lies inside a message that may never end.
    parsed = Parsed([struct.pack(">BxxxI", 6, length), *pieces], largest_read=64)
    assert parsed.most_kept <= LARGEST_KEPT
    for message in parsed.messages[1:]:
        assert message.raw in b"".join(pieces)
