from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from pilothouse.protocol.websocket_frames import (
    BINARY,
    TEXT,
    head,
    least_size,
    only_short_binary,
    only_short_text,
    text_head,
)

SIZES = (0, 1, 7, 8, 125, 126, 127, 128, 131, 132, 255, 256, 65_535, 65_536, 100_000)

every_size = pytest.mark.parametrize("size", SIZES)


def client_frame(payload: bytes, opcode: Opcode = Opcode.BINARY) -> bytes:
    return Frame(opcode, payload).serialize(mask=True)


@every_size
@pytest.mark.parametrize(("first", "opcode"), [(TEXT, Opcode.TEXT), (BINARY, Opcode.BINARY)])
def test_head_is_what_the_library_writes(size: int, first: int, opcode: Opcode) -> None:
    assert head(first, size) + bytes(size) == Frame(opcode, bytes(size)).serialize(mask=False)


@every_size
def test_least_size_is_what_the_library_needs(size: int) -> None:
    assert least_size(size) == len(client_frame(bytes(size)))


@given(st.binary(min_size=1, max_size=125))
def test_short_binary_message(payload: bytes) -> None:
    assert only_short_binary(client_frame(payload)) == payload


@every_size
def test_only_short_ones_with_something_in_them(size: int) -> None:
    payload = bytes(size)
    assert only_short_binary(client_frame(payload)) == (payload if 0 < size < 126 else None)


@given(st.binary(min_size=1, max_size=125), st.binary(min_size=1, max_size=200))
def test_nothing_in_front_of_it_or_behind(payload: bytes, more: bytes) -> None:
    assert only_short_binary(client_frame(payload) + more) is None
    assert only_short_binary(client_frame(payload)[:-1]) is None
    assert only_short_binary(client_frame(payload) * 2) is None


@pytest.mark.parametrize("first", [byte for byte in range(256) if byte != BINARY])
def test_final_binary_without_extensions_and_nothing_else(first: int) -> None:
    assert only_short_binary(bytes([first]) + client_frame(b"12345678")[1:]) is None


def test_masked() -> None:
    assert only_short_binary(Frame(Opcode.BINARY, bytes(12)).serialize(mask=False)) is None


@given(st.binary(max_size=140))
def test_agrees_with_the_library_about_whatever_arrives(data: bytes) -> None:
    payload = only_short_binary(data)
    if payload is not None:
        assert only_short_binary(client_frame(payload)) == payload
        assert len(data) == least_size(len(payload))


@given(st.text(min_size=1), st.binary(min_size=4, max_size=4), st.binary(max_size=3))
def test_a_short_text_alone_is_read_and_nothing_else(text: str, key: bytes, behind: bytes) -> None:
    payload = text.encode()
    masked = bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2)
    frame = b"\x81" + size + key + masked
    assert only_short_text(frame) == text
    assert only_short_text(frame + behind) == (None if behind else text)
    assert [only_short_text(frame[:cut]) for cut in range(len(frame))] == [None] * len(frame)
    assert only_short_text(b"\x82" + frame[1:]) is None
    assert only_short_text(b"\x01" + frame[1:]) is None


@given(st.binary(max_size=40))
def test_any_bytes_can_be_looked_at_for_texts(data: bytes) -> None:
    only_short_text(data)
    text_head(data)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 2**33])
def test_the_head_of_a_servers_text_says_where_and_how_much(size: int) -> None:
    data = head(TEXT, size)
    assert text_head(data) == text_head(data + b"x") == (len(data), size)
    assert [text_head(data[:cut]) for cut in range(len(data))] == [None] * len(data)
    assert text_head(b"\x82" + data[1:]) is None
