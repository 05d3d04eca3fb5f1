"""The proxy as a client of the VNC server: RFB 3.3, 3.7 and 3.8; None and VncAuth."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Any, ClassVar

from pilothouse.protocol.errors import AuthenticationFailed, Blacklisted, HandshakeFailed
from pilothouse.protocol.rfb.constants import MAX_DESKTOP_NAME, MAX_REASON, SHARED, SecurityType
from pilothouse.protocol.rfb.handshake import Handshake, Version

AnswerChallenge = Callable[[bytes], bytes]
"""From the VNC server's 16 bytes to the client's 16."""

# 3.4 to 3.6 are mistakes and UltraVNC's marks; 3.889 is Apple, 4.0 Intel AMT, 4.1 and 5.0 RealVNC.
SERVER_VERSIONS = {
    **{b"RFB 003.00%d\n" % minor: Version.V3_3 for minor in (3, 4, 5, 6)},
    b"RFB 003.007\n": Version.V3_7,
    **{b"RFB %s\n" % known: Version.V3_8 for known in (b"003.008", b"003.889", b"004.000", b"004.001", b"005.000")},
}

# What TigerVNC says, and what TightVNC and TurboVNC say.
BLACKLISTED = ("too many security failures", "too many authentication failures")


class Reads(Enum):
    """States: what is read next from the VNC server."""

    VERSION = auto()
    SECURITY_TYPE = auto()
    SECURITY_TYPES = auto()
    CHALLENGE = auto()
    SECURITY_RESULT = auto()
    REASON = auto()
    SERVER_INIT = auto()
    NOTHING_MORE = auto()


class Said(Enum):
    """Events: what the VNC server said, or what we chose from it."""

    V3_3 = auto()
    V3_7_OR_NEWER = auto()
    REFUSED = auto()
    NONE = auto()
    NONE_WITH_RESULT = auto()
    VNC_AUTH = auto()
    CHALLENGED = auto()
    ACCEPTED = auto()
    INITIALISED = auto()


class UpstreamHandshake(Handshake):
    """The side towards the VNC server.

    Args:
        answer_challenge: computes the VncAuth response; None when there is no password.
        largest_read: the most bytes that one `receive` will be given.

    Attributes:
        server_init: the ServerInit message, byte for byte, once `done`.
    """

    TRANSITIONS: ClassVar[dict[tuple[Enum, Enum], Enum]] = {
        (Reads.VERSION, Said.V3_3): Reads.SECURITY_TYPE,
        (Reads.VERSION, Said.V3_7_OR_NEWER): Reads.SECURITY_TYPES,
        (Reads.SECURITY_TYPE, Said.REFUSED): Reads.REASON,
        (Reads.SECURITY_TYPE, Said.NONE): Reads.SERVER_INIT,
        (Reads.SECURITY_TYPE, Said.VNC_AUTH): Reads.CHALLENGE,
        (Reads.SECURITY_TYPES, Said.REFUSED): Reads.REASON,
        (Reads.SECURITY_TYPES, Said.NONE): Reads.SERVER_INIT,
        (Reads.SECURITY_TYPES, Said.NONE_WITH_RESULT): Reads.SECURITY_RESULT,
        (Reads.SECURITY_TYPES, Said.VNC_AUTH): Reads.CHALLENGE,
        (Reads.CHALLENGE, Said.CHALLENGED): Reads.SECURITY_RESULT,
        (Reads.SECURITY_RESULT, Said.ACCEPTED): Reads.SERVER_INIT,
        (Reads.SECURITY_RESULT, Said.REFUSED): Reads.REASON,
        (Reads.SERVER_INIT, Said.INITIALISED): Reads.NOTHING_MORE,
    }

    def __init__(self, answer_challenge: AnswerChallenge | None, largest_read: int) -> None:
        super().__init__(Reads.VERSION, Reads.NOTHING_MORE, largest_read)
        self._answer_challenge = answer_challenge
        self._version = Version.V3_8
        self._refusal: type[HandshakeFailed] = HandshakeFailed
        self.server_init = b""

    def _read_version(self) -> bool:
        line = self._buffer.take(12)
        if line is None:
            return False
        version = SERVER_VERSIONS.get(line)
        if version is None:
            raise HandshakeFailed(f"the VNC server announced {line!r}")
        self._version = version
        self._out.append(version.value)
        self._go(Said.V3_3 if version is Version.V3_3 else Said.V3_7_OR_NEWER)
        return True

    def _read_security_type(self) -> bool:
        """RFB 3.3: the server decides."""
        decided = self._buffer.take(4)
        if decided is None:
            return False
        self._choose({int.from_bytes(decided)} - {SecurityType.INVALID})
        return True

    def _read_security_types(self) -> bool:
        count = self._buffer.take(1)
        offered = None if count is None else self._buffer.take(count[0])
        if offered is None:
            return False
        self._choose(set(offered))
        return True

    def _choose(self, offered: set[int]) -> None:
        """None if it is offered; else VncAuth if we have a password. To offer nothing is to refuse."""
        if SecurityType.NONE in offered:
            self._reply(SecurityType.NONE)
            if self._version is Version.V3_8:
                self._go(Said.NONE_WITH_RESULT)
            else:
                self._out.append(SHARED)
                self._go(Said.NONE)
        elif SecurityType.VNC_AUTH in offered:
            if self._answer_challenge is None:
                raise AuthenticationFailed("the VNC server wants a password")
            self._reply(SecurityType.VNC_AUTH)
            self._go(Said.VNC_AUTH)
        elif not offered:
            self._go(Said.REFUSED)
        else:
            raise HandshakeFailed(f"no common security type among {sorted(offered)}")

    def _reply(self, chosen: SecurityType) -> None:
        if self._version is not Version.V3_3:
            self._out.append(bytes([chosen]))

    def _read_challenge(self) -> bool:
        challenge = self._buffer.take(16)
        if challenge is None or self._answer_challenge is None:
            return False
        self._refusal = AuthenticationFailed
        self._out.append(self._answer_challenge(challenge))
        self._go(Said.CHALLENGED)
        return True

    def _read_security_result(self) -> bool:
        result = self._buffer.take(4)
        if result is None:
            return False
        if not any(result):
            self._out.append(SHARED)
            self._go(Said.ACCEPTED)
        elif self._version is Version.V3_8:
            self._go(Said.REFUSED)
        else:
            raise self._refusal("the VNC server refused without a reason")
        return True

    def _read_reason(self) -> bool:
        reason = self._take_text(MAX_REASON)
        if reason is None:
            return False
        words = reason.decode("utf-8", "replace")
        refusal = Blacklisted if any(known in words.lower() for known in BLACKLISTED) else self._refusal
        raise refusal(f"the VNC server refused: {words}")

    def _read_server_init(self) -> bool:
        head = self._buffer.take(20)
        name = None if head is None else self._take_text(MAX_DESKTOP_NAME)
        if head is None or name is None:
            return False
        self.server_init = head + len(name).to_bytes(4) + name
        self._go(Said.INITIALISED)
        return True

    def _take_text(self, most: int) -> bytes | None:
        """A U32 length and as many bytes."""
        length = self._buffer.take(4)
        if length is None:
            return None
        size = int.from_bytes(length)
        if size > most:
            raise HandshakeFailed(f"the VNC server sent a text of {size} bytes")
        return self._buffer.take(size)

    STEPS: ClassVar[dict[Enum, Callable[[Any], bool]]] = {
        Reads.VERSION: _read_version,
        Reads.SECURITY_TYPE: _read_security_type,
        Reads.SECURITY_TYPES: _read_security_types,
        Reads.CHALLENGE: _read_challenge,
        Reads.SECURITY_RESULT: _read_security_result,
        Reads.REASON: _read_reason,
        Reads.SERVER_INIT: _read_server_init,
    }
