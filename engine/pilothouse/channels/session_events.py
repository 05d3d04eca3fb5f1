"""What an application may want to write down about a session."""

from __future__ import annotations

from typing import Literal

import attrs

from pilothouse.protocol.control import Viewer
from pilothouse.protocol.rfb.decisions import Drop


@attrs.frozen
class InputBlocked:
    """Input of one viewer that did not pass. It never says which key or text it was.

    Attributes:
        session_id: of the browser session.
        viewer: who sent it.
        what: what it would have done, why it was blocked, and which group of the policy it belongs to.
        count: how many messages since the last such event.
    """

    session_id: str
    viewer: Viewer
    what: Drop
    count: int


@attrs.frozen
class ClipboardUsed:
    """Text went between a viewer's clipboard and the browser. It never says which text it was.

    Attributes:
        session_id: of the browser session.
        viewer: whose clipboard it is.
        direction: `copy` is out of the browser, `paste` is into it.
        characters: how many.
    """

    session_id: str
    viewer: Viewer
    direction: Literal["copy", "paste"]
    characters: int


SessionEvent = InputBlocked | ClipboardUsed
