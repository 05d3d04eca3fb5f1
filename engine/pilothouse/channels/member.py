"""What a session knows of each of its channels."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs

from pilothouse.channels.end_signal import EndSignal
from pilothouse.protocol.control import Viewer


async def nothing_under_way() -> None:
    """Returns at once: of a channel that lets nothing through that takes its time."""


@attrs.define(eq=False)
class Member:
    """One channel in a session. Compared by identity, so that a late leaver never evicts its successor.

    Attributes:
        kind: `vnc`, `messages`, `cdp`; one viewer has at most one of each.
        viewer: whose channel it is.
        signal: ends the channel.
        control_changed: called, without awaiting, at the moment at which control moves.
        quiet: returns when nothing that the channel let through before that moment is on its way any more.
        is_seen: whether its viewer is one that others are told of.
    """

    kind: str
    viewer: Viewer
    signal: EndSignal
    control_changed: Callable[[], None]
    quiet: Callable[[], Awaitable[None]] = nothing_under_way
    is_seen: bool = True
