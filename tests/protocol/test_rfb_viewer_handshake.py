from __future__ import annotations

import pytest
from cuts import Cut, cut_anywhere, every_cut, single_bytes, whole
from hypothesis import assume, given
from hypothesis import strategies as st

from pilothouse.protocol.errors import BufferOverflow, HandshakeFailed, RemoteProtocolError
from pilothouse.protocol.rfb.viewer_handshake import ViewerHandshake

LARGEST_READ = 65_536

V3_3, V3_5, V3_7, V3_8 = b"RFB 003.003\n", b"RFB 003.005\n", b"RFB 003.007\n", b"RFB 003.008\n"
SERVER_INIT = bytes.fromhex("0320025820180001 00ff00ff00ff100800000000 00000007") + b"root@vm"
ONE_TYPE_NONE, TYPE_IS_NONE, ACCEPTED = b"\x01\x01", b"\x00\x00\x00\x01", bytes(4)

# What a viewer says, and the messages that it gets.
DIALOGS: dict[str, tuple[bytes, list[bytes]]] = {
    "3.3": (V3_3 + b"\x01", [TYPE_IS_NONE, SERVER_INIT]),
    "3.5, which means 3.3": (V3_5 + b"\x01", [TYPE_IS_NONE, SERVER_INIT]),
    "3.7": (V3_7 + b"\x01\x01", [ONE_TYPE_NONE, SERVER_INIT]),
    "3.8": (V3_8 + b"\x01\x01", [ONE_TYPE_NONE, ACCEPTED, SERVER_INIT]),
    "3.8, wants to be alone": (V3_8 + b"\x01\x00", [ONE_TYPE_NONE, ACCEPTED, SERVER_INIT]),
}

REFUSALS = {
    "unknown version": b"RFB 003.999\n",
    "newer than the greeting": b"RFB 003.889\n",
    "no RFB": b"GET / HTTP/1.1\r\n",
    "VncAuth in 3.7": V3_7 + b"\x02",
    "VncAuth in 3.8": V3_8 + b"\x02",
    "no type": V3_8 + b"\x00",
    "Tight": V3_8 + b"\x10",
}


class Finished:
    """How a handshake went: to its end, to an error, or nowhere yet."""

    def __init__(self, pieces: list[bytes]) -> None:
        handshake = ViewerHandshake(SERVER_INIT, LARGEST_READ)
        self.heard: list[bytes] = []
        self.error: RemoteProtocolError | None = None
        left = list(pieces)
        try:
            while left and not handshake.done:
                self.heard += handshake.receive(left.pop(0))
        except RemoteProtocolError as error:
            self.error = error
        self.done = handshake.done
        self.trailing = handshake.trailing() + b"".join(left) if self.done else b""

    @property
    def outcome(self) -> object:
        """All that may be compared between two cuts: what a viewer hears before an error depends on them."""
        if self.error is not None:
            return type(self.error), str(self.error)
        return self.heard, self.done, self.trailing


@every_cut
@pytest.mark.parametrize("trailing", [b"", b"\x00", b"\x04" * 300], ids=["alone", "a byte behind", "more behind"])
@pytest.mark.parametrize("name", DIALOGS)
def test_each_reply_of_a_dialog_is_its_own_message(name: str, trailing: bytes, cut: Cut) -> None:
    said, heard = DIALOGS[name]
    finished = Finished(cut(said + trailing))
    assert finished.error is None
    assert finished.done
    assert finished.heard == heard
    assert finished.trailing == trailing


@every_cut
@pytest.mark.parametrize("name", DIALOGS)
def test_the_session_begins_with_the_last_byte_only(name: str, cut: Cut) -> None:
    said, heard = DIALOGS[name]
    finished = Finished(cut(said[:-1]))
    assert not finished.done
    assert finished.heard == heard[:-1]


@every_cut
@pytest.mark.parametrize("trailing", [b"", b"\x01\x01"], ids=["alone", "with trailing data"])
@pytest.mark.parametrize("name", REFUSALS)
def test_refusal(name: str, trailing: bytes, cut: Cut) -> None:
    finished = Finished(cut(REFUSALS[name] + trailing))
    assert type(finished.error) is HandshakeFailed
    assert not finished.done
    assert SERVER_INIT not in finished.heard


def test_the_greeting_offers_the_newest_version() -> None:
    assert ViewerHandshake.greeting == V3_8


def test_more_than_any_handshake_has_is_an_overflow() -> None:
    handshake = ViewerHandshake(SERVER_INIT, largest_read=10)
    with pytest.raises(BufferOverflow):
        handshake.receive(bytes(24 + 65_536 + 11))


DIALOG_BYTES = [said for said, _ in DIALOGS.values()] + list(REFUSALS.values())


@st.composite
def nearly_a_handshake(draw: st.DrawFn) -> bytes:
    """The first part of a dialog, and then anything."""
    dialog = draw(st.sampled_from(DIALOG_BYTES))
    return dialog[: draw(st.integers(0, len(dialog)))] + draw(st.binary(max_size=64))


@given(st.data(), nearly_a_handshake())
def test_any_bytes_cut_anywhere_lead_to_the_same_end(data: st.DataObject, said: bytes) -> None:
    at_once = Finished(whole(said)).outcome
    assert Finished(data.draw(cut_anywhere(said))).outcome == at_once
    assert Finished(single_bytes(said)).outcome == at_once


@given(st.lists(st.binary(max_size=64)))
def test_garbage_ends_with_the_twelfth_byte_in_the_one_named_error(pieces: list[bytes]) -> None:
    garbage = b"".join(pieces)
    assume(not garbage.startswith(b"RFB "))
    assert type(Finished(pieces).error) is (HandshakeFailed if len(garbage) >= 12 else type(None))
