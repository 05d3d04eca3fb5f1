from __future__ import annotations

import struct

import attrs
import pytest
from cuts import Cut, cut_anywhere, every_cut, single_bytes, whole
from hypothesis import assume, given
from hypothesis import strategies as st

from pilothouse.channels.vnc_auth import answering
from pilothouse.protocol.errors import (
    AuthenticationFailed,
    Blacklisted,
    BufferOverflow,
    HandshakeFailed,
    RemoteProtocolError,
)
from pilothouse.protocol.rfb.upstream_handshake import SERVER_VERSIONS, UpstreamHandshake

LARGEST_READ = 65_536

V3_3, V3_7, V3_8 = b"RFB 003.003\n", b"RFB 003.007\n", b"RFB 003.008\n"
NONE, VNC_AUTH, SHARED = b"\x01", b"\x02", b"\x01"
ACCEPTED, REFUSED = bytes(4), b"\x00\x00\x00\x01"

# As TigerVNC sends it for 800x600.
SERVER_INIT = bytes.fromhex("0320025820180001 00ff00ff00ff100800000000 00000007") + b"root@vm"

PASSWORD = "sesame99"
CHALLENGE = bytes.fromhex("53e6a1a33e1abfe000ede59e2671fe45")
RESPONSE = bytes.fromhex("bd5afbf5c1f2280291b80894af0615e0")


def text(words: bytes) -> bytes:
    return struct.pack(">I", len(words)) + words


@attrs.frozen
class Dialog:
    """What a VNC server says in a handshake that succeeds, and what it hears."""

    said: bytes
    heard: list[bytes]


DIALOGS = {
    "3.3 None": Dialog(V3_3 + b"\x00\x00\x00\x01", [V3_3, SHARED]),
    "3.3 VncAuth": Dialog(V3_3 + b"\x00\x00\x00\x02" + CHALLENGE + ACCEPTED, [V3_3, RESPONSE, SHARED]),
    "3.7 None": Dialog(V3_7 + b"\x01\x01", [V3_7, NONE, SHARED]),
    "3.7 VncAuth": Dialog(V3_7 + b"\x01\x02" + CHALLENGE + ACCEPTED, [V3_7, VNC_AUTH, RESPONSE, SHARED]),
    "3.8 None": Dialog(V3_8 + b"\x01\x01" + ACCEPTED, [V3_8, NONE, SHARED]),
    "3.8 VncAuth": Dialog(V3_8 + b"\x01\x02" + CHALLENGE + ACCEPTED, [V3_8, VNC_AUTH, RESPONSE, SHARED]),
    "VeNCrypt and VncAuth": Dialog(V3_8 + b"\x02\x13\x02" + CHALLENGE + ACCEPTED, [V3_8, VNC_AUTH, RESPONSE, SHARED]),
    "None is the better one": Dialog(V3_8 + b"\x03\x13\x02\x01" + ACCEPTED, [V3_8, NONE, SHARED]),
    "255 types": Dialog(V3_8 + b"\xff" + bytes(range(255, 0, -1)) + ACCEPTED, [V3_8, NONE, SHARED]),
    "255 types without None": Dialog(
        V3_8 + b"\xff" + bytes([*range(3, 256), 2, 2]) + CHALLENGE + ACCEPTED, [V3_8, VNC_AUTH, RESPONSE, SHARED]
    ),
}

TIGERVNC = b"Too many security failures"
TURBOVNC = b"Too many authentication failures"

REFUSALS: dict[str, tuple[bytes, type[HandshakeFailed], str]] = {
    "3.3": (V3_3 + bytes(4) + text(b"The server is already in use"), HandshakeFailed, "already in use"),
    "3.7": (V3_7 + b"\x00" + text(b"The server is already in use"), HandshakeFailed, "already in use"),
    "3.8": (V3_8 + b"\x00" + text(b"The server is already in use"), HandshakeFailed, "already in use"),
    "blacklisted, 3.3": (V3_3 + bytes(4) + text(TIGERVNC), Blacklisted, TIGERVNC.decode()),
    "blacklisted, 3.7": (V3_7 + b"\x00" + text(TIGERVNC), Blacklisted, TIGERVNC.decode()),
    "blacklisted, 3.8": (V3_8 + b"\x00" + text(TIGERVNC), Blacklisted, TIGERVNC.decode()),
    "blacklisted in other words": (V3_8 + b"\x00" + text(TURBOVNC + b"."), Blacklisted, TURBOVNC.decode()),
    "blacklisted, and it says so after the password": (
        V3_8 + b"\x01\x02" + CHALLENGE + REFUSED + text(TURBOVNC),
        Blacklisted,
        TURBOVNC.decode(),
    ),
    "empty reason": (V3_8 + b"\x00" + text(b""), HandshakeFailed, "refused"),
    "longest reason": (V3_8 + b"\x00" + text(b"A" * 4096), HandshakeFailed, "A" * 4096),
    "reason that is no UTF-8": (V3_8 + b"\x00" + text(b"nein\xff"), HandshakeFailed, "nein\ufffd"),
    "reason too long": (V3_8 + b"\x00" + struct.pack(">I", 4097), HandshakeFailed, "4097 bytes"),
    "None refused": (V3_8 + b"\x01\x01" + REFUSED + text(b"too busy"), HandshakeFailed, "too busy"),
    "None refused in another way": (V3_8 + b"\x01\x01" + b"\x00\x00\x00\x02" + text(b"no"), HandshakeFailed, "no"),
    "wrong password, 3.3": (
        V3_3 + b"\x00\x00\x00\x02" + CHALLENGE + REFUSED,
        AuthenticationFailed,
        "refused without a reason",
    ),
    "wrong password, 3.7": (V3_7 + b"\x01\x02" + CHALLENGE + REFUSED, AuthenticationFailed, "refused without a reason"),
    "wrong password, 3.8": (
        V3_8 + b"\x01\x02" + CHALLENGE + REFUSED + text(b"Authentication failed"),
        AuthenticationFailed,
        "Authentication failed",
    ),
    "no common type, 3.3": (V3_3 + b"\x00\x00\x00\x05", HandshakeFailed, r"\[5\]"),
    "no common type, 3.7": (V3_7 + b"\x01\x13", HandshakeFailed, r"\[19\]"),
    "no common type, 3.8": (V3_8 + b"\x03\x81\x13\x05", HandshakeFailed, r"\[5, 19, 129\]"),
    "invalid type in a list": (V3_8 + b"\x02\x00\x13", HandshakeFailed, r"\[0, 19\]"),
    "only the invalid type in a list": (V3_8 + b"\x01\x00", HandshakeFailed, r"\[0\]"),
    "old MSLogon, 3.3": (V3_3 + b"\xff\xff\xff\xfa", HandshakeFailed, "4294967290"),
    "repeater": (b"RFB 000.000\n", HandshakeFailed, "000.000"),
    "unknown version": (b"RFB 003.999\n", HandshakeFailed, "003.999"),
    "another protocol": (b"SSH-2.0-OpenSSH_9.2\r\n", HandshakeFailed, "SSH-2.0"),
    "name too long": (
        V3_8 + b"\x01\x01" + ACCEPTED + SERVER_INIT[:20] + struct.pack(">I", 65_537),
        HandshakeFailed,
        "65537 bytes",
    ),
}


class Finished:
    """How a handshake went: to its end, to an error, or nowhere yet."""

    def __init__(self, pieces: list[bytes], password: str | None = PASSWORD) -> None:
        handshake = UpstreamHandshake(answering(password) if password else None, LARGEST_READ)
        self.heard: list[bytes] = []
        self.error: RemoteProtocolError | None = None
        left = list(pieces)
        try:
            while left and not handshake.done:
                self.heard += handshake.receive(left.pop(0))
        except RemoteProtocolError as error:
            self.error = error
        self.done = handshake.done
        self.server_init = handshake.server_init
        self.trailing = handshake.trailing() + b"".join(left) if self.done else b""

    @property
    def outcome(self) -> object:
        """All that may be compared between two cuts: what a server hears before an error depends on them."""
        if self.error is not None:
            return type(self.error), str(self.error)
        return self.heard, self.done, self.server_init, self.trailing


@every_cut
@pytest.mark.parametrize("trailing", [b"", b"\x02", b"\x00" * 300], ids=["alone", "a byte behind", "more behind"])
@pytest.mark.parametrize("name", DIALOGS)
def test_dialog(name: str, trailing: bytes, cut: Cut) -> None:
    dialog = DIALOGS[name]
    finished = Finished(cut(dialog.said + SERVER_INIT + trailing))
    assert finished.error is None
    assert finished.done
    assert finished.heard == dialog.heard
    assert finished.server_init == SERVER_INIT
    assert finished.trailing == trailing


@every_cut
@pytest.mark.parametrize("name", DIALOGS)
def test_a_dialog_without_its_last_byte_is_not_done(name: str, cut: Cut) -> None:
    finished = Finished(cut(DIALOGS[name].said + SERVER_INIT[:-1]))
    assert finished.error is None
    assert not finished.done
    assert finished.server_init == b""


@every_cut
@pytest.mark.parametrize("trailing", [b"", b"\x00\x00\x00\x08trailing"], ids=["alone", "with trailing data"])
@pytest.mark.parametrize("name", REFUSALS)
def test_refusal(name: str, trailing: bytes, cut: Cut) -> None:
    said, expected, words = REFUSALS[name]
    error = Finished(cut(said + trailing)).error
    assert type(error) is expected
    with pytest.raises(expected, match=words):
        raise error


@pytest.mark.parametrize(
    ("announced", "answered"),
    [
        *((b"003.003", V3_3), (b"003.004", V3_3), (b"003.005", V3_3), (b"003.006", V3_3), (b"003.007", V3_7)),
        *((b"003.008", V3_8), (b"003.889", V3_8), (b"004.000", V3_8), (b"004.001", V3_8), (b"005.000", V3_8)),
    ],
)
def test_versions_that_servers_announce(announced: bytes, answered: bytes) -> None:
    assert Finished([b"RFB %s\n" % announced]).heard == [answered]


@pytest.mark.parametrize("number", [b"000.000", b"002.000", b"003.002", b"003.009", b"003.999", b"004.002", b"006.000"])
def test_other_versions_are_refused(number: bytes) -> None:
    assert type(Finished([b"RFB %s\n" % number]).error) is HandshakeFailed


def test_every_version_has_twelve_bytes() -> None:
    assert {len(line) for line in SERVER_VERSIONS} == {12}


@pytest.mark.parametrize("name", ["3.3 VncAuth", "3.7 VncAuth", "3.8 VncAuth"])
def test_a_server_that_wants_a_password_when_there_is_none(name: str) -> None:
    finished = Finished([DIALOGS[name].said], password=None)
    assert type(finished.error) is AuthenticationFailed


def test_none_needs_no_password() -> None:
    assert Finished([DIALOGS["3.8 None"].said + SERVER_INIT], password=None).done


@pytest.mark.parametrize(
    ("password", "challenge", "response"),
    [
        ("", "000102030405060708090a0b0c0d0e0f", "491e890de9ace932838a49792f2213f3"),
        ("pass", "000102030405060708090a0b0c0d0e0f", "5fb02f4e6ec9fda06c41df1f35015138"),
        ("sesame99", "000102030405060708090a0b0c0d0e0f", "e1de87608260dc79d65a2a0a47053138"),
        ("sesame99-longer", "000102030405060708090a0b0c0d0e0f", "e1de87608260dc79d65a2a0a47053138"),
        ("sesame99", "53e6a1a33e1abfe000ede59e2671fe45", "bd5afbf5c1f2280291b80894af0615e0"),
    ],
)
def test_challenges_are_answered_as_servers_expect(password: str, challenge: str, response: str) -> None:
    handshake = UpstreamHandshake(answering(password), LARGEST_READ)
    replies = handshake.receive(V3_8 + b"\x01\x02" + bytes.fromhex(challenge))
    assert replies[-1].hex() == response


def test_the_longest_name_passes() -> None:
    server_init = SERVER_INIT[:20] + text(b"N" * 65_536)
    said = DIALOGS["3.8 None"].said + server_init + b"\x00"
    pieces = [said[i : i + LARGEST_READ] for i in range(0, len(said), LARGEST_READ)]
    finished = Finished(pieces)
    assert finished.server_init == server_init
    assert finished.trailing == b"\x00"


def test_a_server_hears_each_answer_as_soon_as_it_is_due() -> None:
    handshake = UpstreamHandshake(answering(PASSWORD), LARGEST_READ)
    assert handshake.receive(V3_8[:-1]) == []
    assert handshake.receive(V3_8[-1:]) == [V3_8]
    assert handshake.receive(b"\x01") == []
    assert handshake.receive(b"\x02") == [VNC_AUTH]
    assert handshake.receive(CHALLENGE) == [RESPONSE]
    assert handshake.receive(ACCEPTED) == [SHARED]
    assert handshake.receive(SERVER_INIT) == []
    assert handshake.done


def test_more_than_any_handshake_has_is_an_overflow() -> None:
    handshake = UpstreamHandshake(None, largest_read=10)
    handshake.receive(DIALOGS["3.8 None"].said)
    with pytest.raises(BufferOverflow):
        handshake.receive(bytes(24 + 65_536 + 11))


DIALOG_BYTES = [dialog.said + SERVER_INIT for dialog in DIALOGS.values()] + [said for said, _, _ in REFUSALS.values()]


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
