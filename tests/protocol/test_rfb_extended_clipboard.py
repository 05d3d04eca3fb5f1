"""Read again as a server does, by the specification of the extension."""

from __future__ import annotations

import struct
import zlib

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.protocol.rfb.extended_clipboard import clipboard_of


def read(messages: bytes) -> list[tuple[int, bytes]]:
    """Flags and body of each."""
    found = []
    while messages:
        kind, length, flags = struct.unpack(">BxxxiI", messages[:12])
        assert (kind, length < 0) == (6, True)
        found.append((flags, messages[12 : 8 - length]))
        messages = messages[8 - length :]
    return found


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\r\n")))
def test_a_server_is_told_that_there_is_a_text_and_then_which(text: str) -> None:
    (notify, nothing), (provide, body) = read(clipboard_of(text))
    assert (notify, nothing, provide) == (0x0800_0001, b"", 0x1000_0001)
    data = zlib.decompress(body)
    assert int.from_bytes(data[:4]) == len(data) - 4
    assert data[-1:] == b"\0"
    told = data[4:-1].decode()
    assert told.replace("\r\n", "\n") == text.replace("\r\n", "\n")
    assert "\n" not in told.replace("\r\n", "")
