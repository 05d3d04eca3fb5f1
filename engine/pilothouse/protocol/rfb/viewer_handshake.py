"""The proxy as a VNC server for the viewer, who has shown a credential before: security type None only."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Any, ClassVar

from pilothouse.protocol.errors import HandshakeFailed
from pilothouse.protocol.rfb.constants import SecurityType
from pilothouse.protocol.rfb.handshake import Handshake, Version

# 3.5 is an old client's mistake for 3.3.
VIEWER_VERSIONS = {version.value: version for version in Version} | {b"RFB 003.005\n": Version.V3_3}

_ONLY_NONE = bytes([1, SecurityType.NONE])
_NONE_DECIDED = SecurityType.NONE.to_bytes(4)
_ACCEPTED = bytes(4)


class Reads(Enum):
    """States: what is read next from the viewer."""

    VERSION = auto()
    CHOICE = auto()
    CHOICE_WITH_RESULT = auto()
    CLIENT_INIT = auto()
    NOTHING_MORE = auto()


class Said(Enum):
    """Events: what the viewer said. Versions are events under their own names."""

    NONE = auto()
    INITIALISED = auto()


class ViewerHandshake(Handshake):
    """The side towards the viewer. Send `greeting` first.

    Args:
        server_init: what the VNC server sent; goes to the viewer at the end, byte for byte.
        largest_read: the most bytes that one `receive` will be given.
    """

    greeting: ClassVar[bytes] = Version.V3_8.value

    TRANSITIONS: ClassVar[dict[tuple[Enum, Enum], Enum]] = {
        (Reads.VERSION, Version.V3_3): Reads.CLIENT_INIT,
        (Reads.VERSION, Version.V3_7): Reads.CHOICE,
        (Reads.VERSION, Version.V3_8): Reads.CHOICE_WITH_RESULT,
        (Reads.CHOICE, Said.NONE): Reads.CLIENT_INIT,
        (Reads.CHOICE_WITH_RESULT, Said.NONE): Reads.CLIENT_INIT,
        (Reads.CLIENT_INIT, Said.INITIALISED): Reads.NOTHING_MORE,
    }

    def __init__(self, server_init: bytes, largest_read: int) -> None:
        super().__init__(Reads.VERSION, Reads.NOTHING_MORE, largest_read)
        self._server_init = server_init

    def _read_version(self) -> bool:
        line = self._buffer.take(12)
        if line is None:
            return False
        version = VIEWER_VERSIONS.get(line)
        if version is None:
            raise HandshakeFailed(f"the viewer answered {line!r}")
        self._out.append(_NONE_DECIDED if version is Version.V3_3 else _ONLY_NONE)
        self._go(version)
        return True

    def _read_choice(self) -> bool:
        choice = self._buffer.take(1)
        if choice is None:
            return False
        if choice[0] != SecurityType.NONE:
            raise HandshakeFailed(f"the viewer chose security type {choice[0]}")
        if self.state is Reads.CHOICE_WITH_RESULT:
            self._out.append(_ACCEPTED)
        self._go(Said.NONE)
        return True

    def _read_client_init(self) -> bool:
        # Whether the viewer wants to be alone is not its decision.
        if self._buffer.take(1) is None:
            return False
        self._out.append(self._server_init)
        self._go(Said.INITIALISED)
        return True

    STEPS: ClassVar[dict[Enum, Callable[[Any], bool]]] = {
        Reads.VERSION: _read_version,
        Reads.CHOICE: _read_choice,
        Reads.CHOICE_WITH_RESULT: _read_choice,
        Reads.CLIENT_INIT: _read_client_init,
    }
