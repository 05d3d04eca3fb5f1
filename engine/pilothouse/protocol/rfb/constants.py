"""Numbers of RFB that more than one file needs, and the bounds that Pilothouse sets to lengths from outside."""

from __future__ import annotations

from enum import IntEnum


class ClientMessageType(IntEnum):
    """First byte of the client messages whose length is known, so that a stream can be followed past them."""

    SET_PIXEL_FORMAT = 0
    SET_ENCODINGS = 2
    FRAMEBUFFER_UPDATE_REQUEST = 3
    KEY_EVENT = 4
    POINTER_EVENT = 5
    CLIENT_CUT_TEXT = 6
    ENABLE_CONTINUOUS_UPDATES = 150
    CLIENT_FENCE = 248
    XVP = 250
    SET_DESKTOP_SIZE = 251
    QEMU = 255


class SecurityType(IntEnum):
    """Security types that Pilothouse speaks, and the 0 that announces a refusal."""

    INVALID = 0
    NONE = 1
    VNC_AUTH = 2


SHARED = b"\x01"
"""ClientInit that leaves other viewers connected."""

MAX_CUT_TEXT = 262_144
"""Bytes of clipboard text; also TigerVNC's default for MaxCutText."""

MAX_ENCODINGS = 1024
"""Entries in one SetEncodings; noVNC sends 25."""

MAX_FENCE_PAYLOAD = 64
"""Bytes; the protocol's own bound."""

MAX_REASON = 4096
"""Bytes of a VNC server's refusal."""

MAX_DESKTOP_NAME = 65_536
"""Bytes."""
