"""The event stream: a session's trail as it is written, over a WebSocket."""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar, NoReturn

import attrs
import orjson
import trio

from pilothouse.channels.channel import Channel, Connection
from pilothouse.channels.end_signal import EndSignal
from pilothouse.channels.errors import (
    BrowserGone,
    InternalError,
    NoLongerValid,
    NotReady,
    SessionEnded,
    ViewerTooSlow,
)
from pilothouse.channels.live_session import LiveSession
from pilothouse.channels.session_events import SessionEnded as SessionEndedEvent
from pilothouse_app.event_log import EventLog, Follower
from pilothouse_app.store import StoreError
from pilothouse_app.store.events import StoredEvent

SEND_SECONDS = 10.0
"""How long a reader may take for one event."""

LAST_WORDS_SECONDS = 0.15
"""How long the end of a session may take to be written down and told, before the stream is closed."""

_OVER = (SessionEnded, NoLongerValid, BrowserGone, InternalError)
"""How a session's channels end with it. A reader who may not read any more is told nothing more."""


class EventsChannel(Channel):
    """Tells a reader each event of a session; what the reader says is ignored.

    Args:
        connection: of the reader.
        log: where the events are.
        after: the `seq` behind which to begin; None begins with what happens from now on.
    """

    kind: ClassVar[str] = "events"
    is_seen: ClassVar[bool] = False

    def __init__(self, connection: Connection, log: EventLog, after: int | None) -> None:
        self.connection = connection
        self._log = log
        self._after = after
        self._sending = False

    def control_changed(self) -> None:
        """Nothing to do: there is an event of it."""

    async def stream(self, session: LiveSession, signal: EndSignal) -> None:
        """Tell what has happened and what happens, to the session's end."""
        with self._log.follow(session.session_id, after=self._after) as follower:
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._listen)
                    await self._tell(follower)
                    nursery.cancel_scope.cancel()
            finally:
                # Half an event must not be followed by another one.
                if isinstance(signal.error, _OVER) and not self._sending:
                    with suppress(NotReady), trio.move_on_after(LAST_WORDS_SECONDS, shield=True):
                        await self._tell(follower)

    async def _tell(self, follower: Follower) -> None:
        while True:
            try:
                events = await follower.read()
            except StoreError as error:
                raise NotReady(detail=str(error)) from error
            for event in events:
                await self._send(event)
                follower.after = event.seq
                if event.kind == SessionEndedEvent.kind:
                    return

    async def _send(self, event: StoredEvent) -> None:
        await trio.lowlevel.checkpoint_if_cancelled()
        self._sending = True
        with trio.move_on_after(SEND_SECONDS) as patience:
            await self.connection.transport.send(orjson.dumps(attrs.asdict(event, recurse=False)).decode())
        if patience.cancelled_caught:
            raise ViewerTooSlow
        self._sending = False

    async def _listen(self) -> NoReturn:
        """Hear that the reader has left."""
        while True:
            await self.connection.transport.receive()
