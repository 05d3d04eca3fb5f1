"""The extended clipboard, by which a VNC server gets text of any alphabet.

Source: https://github.com/rfbproto/rfbproto/blob/master/rfbproto.rst#extended-clipboard-pseudo-encoding
"""

from __future__ import annotations

import struct
import zlib

from pilothouse.protocol.rfb.constants import MAX_CUT_TEXT, ClientMessageType
from pilothouse.protocol.rfb.keysyms import CONTROL
from pilothouse.protocol.rfb.messages import key_press, key_release

LARGEST_CLIPBOARD = MAX_CUT_TEXT // 2
"""Bytes of UTF-8 for which there is room in any case: line breaks become longer."""

_TEXT = 1 << 0
_NOTIFY = 1 << 27
_PROVIDE = 1 << 28


PASTE_KEYS = key_press(CONTROL) + key_press(ord("v")) + key_release(ord("v")) + key_release(CONTROL)
"""The chord that pastes it."""


def clipboard_of(text: str) -> bytes:
    """Messages that make a text the clipboard of the server's display: that there is one, and what it is.

    A server asks for the text only where the extension was negotiated; TigerVNC keeps what it was told unasked.
    """
    encoded = text.replace("\r\n", "\n").replace("\n", "\r\n").encode() + b"\0"
    return _message(_NOTIFY, b"") + _message(_PROVIDE, zlib.compress(struct.pack(">I", len(encoded)) + encoded))


def _message(action: int, body: bytes) -> bytes:
    # A negative length is what tells these messages from the older ones of the same type.
    return struct.pack(">BxxxiI", ClientMessageType.CLIENT_CUT_TEXT, -4 - len(body), action | _TEXT) + body
