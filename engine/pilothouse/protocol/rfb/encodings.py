"""Which encodings a viewer may ask the VNC server for.

An allow-list: a pseudo-encoding that is not known to be harmless may open a message type that the proxy does not
follow. What is left out on purpose:

* -258 (QEMU keys) and -316 (7-byte pointer events) would change how input looks on the wire,
* 0xC0A1E5CE (extended clipboard), -309 (xvp), -257, -259, -305 and vendors' would open further input messages.

Fence and ContinuousUpdates (-312, -313) belong together: TigerVNC closes a viewer that uses one without the other.
The list is the same for the whole connection, whoever has control: TigerVNC also closes a viewer whose later list
lacks the cursor or the LED encoding.
"""

from __future__ import annotations

import struct

from pilothouse.protocol.rfb.constants import ClientMessageType

_PIXELS = {0, 1, 2, 4, 5, 6, 7, 16, 21, 50, -260}
_QUALITY_AND_COMPRESSION = {*range(-32, -22), *range(-256, -246), *range(-512, -411), *range(-768, -762)}
_SCREEN = {-223, -308, -224, -307}
_CURSOR_AND_LEDS = {-239, -240, -314, 0x574D5664, 0x574D5666, 0x574D5668, -261}
_FLOW_CONTROL = {-312, -313}

ALLOWED = frozenset(_PIXELS | _QUALITY_AND_COMPRESSION | _SCREEN | _CURSOR_AND_LEDS | _FLOW_CONTROL)


def without_forbidden(raw: bytes) -> bytes:
    """The same SetEncodings with the allowed entries only, in their order, padding zeroed."""
    asked = struct.unpack_from(f">{(len(raw) - 4) // 4}i", raw, 4)
    kept = [encoding for encoding in asked if encoding in ALLOWED]
    return struct.pack(f">BxH{len(kept)}i", ClientMessageType.SET_ENCODINGS, len(kept), *kept)
