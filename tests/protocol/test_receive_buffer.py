from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.protocol.errors import BufferOverflow, RemoteProtocolError
from pilothouse.protocol.receive_buffer import ReceiveBuffer


def buffer_with(data: bytes, limit: int = 16) -> ReceiveBuffer:
    buffer = ReceiveBuffer(limit)
    buffer.append(data)
    return buffer


def test_takes_exactly_what_is_asked_for() -> None:
    buffer = buffer_with(b"abcde")
    assert buffer.take(2) == b"ab"
    assert buffer.take(3) == b"cde"
    assert len(buffer) == 0


def test_takes_nothing_when_there_is_too_little() -> None:
    buffer = buffer_with(b"abc")
    assert buffer.take(4) is None
    assert len(buffer) == 3
    assert buffer.take(3) == b"abc"


def test_nothing_is_always_there_to_take() -> None:
    assert ReceiveBuffer(0).take(0) == b""


def test_peeking_leaves_the_bytes() -> None:
    buffer = buffer_with(b"abc")
    buffer.take(1)
    assert buffer.peek(2) == b"bc"
    assert buffer.peek(3) is None
    assert buffer.take(2) == b"bc"


def test_rollback_puts_back_what_was_taken_since_the_last_commit() -> None:
    buffer = buffer_with(b"abcdef")
    buffer.take(2)
    buffer.commit()
    buffer.take(3)
    buffer.rollback()
    assert len(buffer) == 4
    assert buffer.take(4) == b"cdef"


def test_half_a_message_is_read_again_when_its_rest_arrives() -> None:
    buffer = buffer_with(b"ab")
    assert buffer.take(1) == b"a"
    assert buffer.take(2) is None
    buffer.rollback()
    buffer.append(b"c")
    assert buffer.take(3) == b"abc"


def test_skips_no_more_than_is_there_and_never_returns_to_it() -> None:
    buffer = buffer_with(b"abc")
    assert buffer.skip(2) == 2
    buffer.rollback()
    assert len(buffer) == 1
    assert buffer.skip(5) == 1
    assert buffer.skip(5) == 0


def test_takes_all() -> None:
    buffer = buffer_with(b"abc")
    buffer.take(1)
    assert buffer.take_all() == b"bc"
    assert buffer.take_all() == b""


def test_may_be_filled_to_the_limit() -> None:
    buffer = buffer_with(b"abc", limit=4)
    buffer.append(b"d")
    assert buffer.take_all() == b"abcd"


def test_one_byte_over_the_limit_is_the_peers_error_and_adds_nothing() -> None:
    buffer = buffer_with(b"abc", limit=4)
    with pytest.raises(BufferOverflow) as caught:
        buffer.append(b"de")
    assert isinstance(caught.value, RemoteProtocolError)
    assert buffer.take_all() == b"abc"


def test_only_committed_bytes_make_room() -> None:
    buffer = buffer_with(b"abcd", limit=4)
    buffer.take(4)
    with pytest.raises(BufferOverflow):
        buffer.append(b"e")
    buffer.commit()
    buffer.append(b"efgh")
    assert buffer.take_all() == b"efgh"


@given(st.lists(st.binary(max_size=8)), st.lists(st.integers(0, 8)))
def test_takes_the_bytes_in_their_order_however_they_were_added(pieces: list[bytes], counts: list[int]) -> None:
    buffer = ReceiveBuffer(sum(map(len, pieces)))
    for piece in pieces:
        buffer.append(piece)
    taken = b""
    for count in counts:
        taken += buffer.take(count) or b""
        buffer.commit()
    assert taken + buffer.take_all() == b"".join(pieces)
