"""The one nursery of a channel.

`verify` and `stream` are siblings: whichever returns or raises first ends the other, and the outcome says why, as a
value. On every way out, cancellation included, the channel leaves the registry and its transport says good-bye.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import ClassVar, Protocol

import attrs
import trio

from pilothouse.channels.end_signal import EndSignal
from pilothouse.channels.errors import (
    ChannelEnded,
    InternalError,
    Outcome,
    ServerStopping,
    SessionEnded,
    decisive,
    leaves,
)
from pilothouse.channels.live_session import LiveSession
from pilothouse.channels.member import Member, nothing_under_way
from pilothouse.channels.registry import Registry
from pilothouse.channels.transport import MessageTransport
from pilothouse.channels.verification import Entity
from pilothouse.protocol.clipboard_policy import BOTH, ClipboardPolicy
from pilothouse.protocol.control import Scope, Viewer

GOODBYE_SECONDS = 1.0
"""How long a transport may take to close."""

_log = logging.getLogger(__name__)


class Verifying(Protocol):
    """Lets channels in, and ends them: a `Verification`, or what an application has put before it."""

    def admitted(self, entity: Entity, signal: EndSignal) -> AbstractAsyncContextManager[str]:
        """See `Verification.admitted`."""
        ...


@attrs.frozen
class Connection:
    """One viewer's connection, before it is anything more.

    Attributes:
        transport: closed by `run_channel`, whatever happens.
        entity: what the viewer asked for.
        viewer: who asks, with which credential.
        registry: where the channel meets the others of its session.
        verification: whether the entity is valid, and stays so.
        clipboard: which way clipboard text may go.
    """

    transport: MessageTransport
    entity: Entity
    viewer: Viewer
    registry: Registry
    verification: Verifying
    clipboard: ClipboardPolicy = BOTH

    @property
    def scope(self) -> Scope:
        """What the viewer's credential lets it do."""
        return self.viewer.scope


class Channel(Protocol):
    """What `run_channel` runs.

    Attributes:
        kind: names what it carries.
        is_seen: whether others are told that its viewer is there; not of programs that only listen.
        connection: whose channel it is.
    """

    kind: ClassVar[str]
    is_seen: ClassVar[bool] = True
    connection: Connection

    async def stream(self, session: LiveSession, signal: EndSignal) -> None:
        """Carry data until one side ends. Raise `ChannelEnded` to say why.

        Args:
            session: what it shares with the other channels.
            signal: to end the channel from a place that cannot raise.
        """
        ...

    def control_changed(self) -> None:
        """Control of the session moves at this moment: who loses it, stops; who gets it, may not act yet."""
        ...

    async def quiet(self) -> None:
        """Return when nothing that this channel let through before control moved is on its way any more.

        Cancelled after a second. A channel that has no such thing inherits this.
        """
        await nothing_under_way()


async def run_channel(channel: Channel) -> Outcome:
    """Run a channel from the first verification to the closed socket.

    Returns:
        How it ended. Errors of the channel never get out; cancellation does, after the clean-up.
    """
    outcome = ServerStopping().outcome
    try:
        outcome = await _as_outcome(partial(_admit, channel))
    finally:
        with trio.move_on_after(GOODBYE_SECONDS, shield=True):
            await channel.connection.transport.close(outcome.close_code, outcome.reason)
    return outcome


async def _admit(channel: Channel) -> Outcome:
    """Verify, join the session, stream, leave the session."""
    connection, signal = channel.connection, EndSignal()
    member = Member(channel.kind, connection.viewer, signal, channel.control_changed, channel.quiet, channel.is_seen)
    async with connection.verification.admitted(connection.entity, signal) as session_id:
        with connection.registry.attend(session_id) as session:
            session.join(member)
            outcome = ServerStopping().outcome
            try:
                outcome = await _as_outcome(partial(_run, channel, session, signal))
            finally:
                session.leave(member, outcome.close_code)
            return outcome


async def _run(channel: Channel, session: LiveSession, signal: EndSignal) -> Outcome:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(signal.wait)
        await channel.stream(session, signal)
        nursery.cancel_scope.cancel()
    return SessionEnded().outcome


async def _as_outcome(run: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Turn errors into a value. When several came at once, a bug outranks the rest."""
    outcome = ServerStopping().outcome
    try:
        outcome = await run()
    except* ChannelEnded as group:
        outcome = decisive(leaves(group)).outcome
    except* Exception as group:  # noqa: BLE001 (a bug in one channel must not end the others; it is logged here)
        outcome = _report(group)
    return outcome


def _report(bug: BaseException) -> Outcome:
    incident = secrets.token_hex(4)
    _log.error("a bug ended a channel (incident %s)", incident, exc_info=bug)
    return InternalError(f"internal error {incident}").outcome
