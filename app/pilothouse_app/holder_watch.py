"""Control does not outlive the credential with which it was taken, even where no channel is open that ends with it.

A holder may have taken control over REST, or be away for its period of grace.
"""

from __future__ import annotations

from typing import NoReturn

import attrs
import trio

from pilothouse.channels.errors import ChannelEnded
from pilothouse.channels.live_session import LiveSession
from pilothouse.protocol.control import ControlState, Viewer
from pilothouse_app.admission import Credentials
from pilothouse_app.authentication import Standing


@attrs.frozen(eq=False)
class _TakesBack:
    """Stands where others have the signal of a channel."""

    live: LiveSession
    holder: Viewer

    def send(self, error: ChannelEnded) -> None:
        self.live.credential_lost(self.holder)


async def watch_holder(live: LiveSession, credentials: Credentials) -> NoReturn:
    """Take control back from whoever holds it when its credential is good no more; until cancelled."""
    moved = trio.Event()

    def note(_state: ControlState) -> None:
        moved.set()

    with live.watching_control(note):
        while True:
            moved = trio.Event()
            holder = live.holder
            if holder is None:
                await moved.wait()
            else:
                with credentials.watching(Standing(holder.credential_id), _TakesBack(live, holder)):
                    await moved.wait()
