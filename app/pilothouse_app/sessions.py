"""Browser sessions and their browsers: one task per session, from the start of the browser to its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Unpack

import attrs
import structlog
import trio

from pilothouse.browsers.attached import AttachedBrowser
from pilothouse.browsers.devtools_http import websocket_address
from pilothouse.browsers.errors import BrowserFailed
from pilothouse.browsers.provider import BrowserProvider, BrowserSpec, RunningBrowser
from pilothouse.channels.cdp_link import LARGEST_MESSAGE
from pilothouse.channels.destination_guard import DestinationGuard
from pilothouse.channels.embedded_agent import AgentTask, run_agent
from pilothouse.channels.end_signal import EndSignal
from pilothouse.channels.errors import (
    BrowserGone,
    ChannelEnded,
    InternalError,
    NoLongerValid,
    ServerStopping,
    SessionEnded,
    decisive,
    leaves,
)
from pilothouse.channels.gated_link import open_gated_link
from pilothouse.channels.live_session import LiveSession
from pilothouse.channels.registry import Registry
from pilothouse.channels.remote_browser import RemoteBrowser
from pilothouse.channels.session_events import ControlChanged, SessionCreated
from pilothouse.channels.upstream import Upstream
from pilothouse.channels.verification import Entity, Verification
from pilothouse.protocol.cdp_executor import ConnectionLost
from pilothouse.protocol.control import NO_CONTROL_STATE, ControlState, NotInControl, Viewer
from pilothouse_app.admission import Credentials
from pilothouse_app.holder_watch import watch_holder
from pilothouse_app.ids import new_id
from pilothouse_app.session_changes import events_of
from pilothouse_app.store import Store, StoreUnavailable
from pilothouse_app.store.browser_sessions import SessionChange
from pilothouse_app.store.entities import BrowserSession, RunnableKind, SessionStatus

STOPPED = "the server was stopped"
CRASHED = "the server was restarted"
RESTARTED = "server_restarted"
"""Why control is back with the agent, in the words of `control-changed` events."""

DEVTOOLS_SECONDS = 5.0
LAST_WORDS_SECONDS = 1.0
RETRY_SECONDS = 1.0

_log = structlog.get_logger(__name__)


@attrs.frozen
class _Over:
    """How a session came to its end by itself."""

    status: SessionStatus
    reason: str
    error: ChannelEnded


@attrs.define
class _Task:
    """A session's task: what cancels it, and how the session ended, once it has.

    Attributes:
        agent: what the session's own agent is to do.
    """

    agent: AgentTask | None = None
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    over: _Over | None = None


class Sessions:
    """Starts, watches and ends browsers. Made by `open_sessions`.

    Args:
        store: where the sessions are written down.
        registry: where their channels meet.
        verification: says when a session stops being valid.
        credentials: say when a holder of control is none any more.
        local: starts browsers on this machine.
        guard: decides where people may send them.
        max_devtools_size: bytes of one message from a browser's DevTools.
        nursery: owns the sessions' tasks.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        verification: Verification,
        credentials: Credentials,
        local: BrowserProvider,
        guard: DestinationGuard,
        max_devtools_size: int,
        nursery: trio.Nursery,
    ) -> None:
        self._store = store
        self._registry = registry
        self._verification = verification
        self._credentials = credentials
        self._local = local
        self._guard = guard
        self._max_devtools_size = max_devtools_size
        self._nursery = nursery
        self._tasks: dict[str, _Task] = {}

    async def create(self, session: BrowserSession, task: AgentTask | None = None) -> None:
        """Start the browser of a newly stored session, and then an agent that does the task, in the background."""
        self._registry.on_event(
            SessionCreated(
                session.browser_session_id, session.provider, session.stream_transport, session.timeout_minutes
            )
        )
        self._start(session, task)

    async def end(self, session_id: str, *, status: SessionStatus = "completed", reason: str | None = None) -> None:
        """End a session: write it down, close its channels, stop its browser in the background.

        Raises:
            StoreUnavailable: it could not be written down; the session goes on.
        """
        change = SessionChange(status=status, failure_reason=reason, display_status="no_browser")
        written = await self._store.browser_sessions.change(session_id, **change)
        live = self._registry.find(session_id)
        if live is not None:
            live.end(SessionEnded())
        task = self._tasks.get(session_id)
        if task is not None:
            task.scope.cancel()
        if written:
            self._tell(session_id, change)  # behind what ends with the session

    async def end_runnable(self, kind: RunnableKind, entity_id: str, status: str) -> None:
        """A task or a run has become final: close the channels that were opened for it."""
        self._verification.end(kind, entity_id, SessionEnded(f"the run is over ({status})"))

    def control(self, session_id: str) -> ControlState:
        """Who has control."""
        live = self._registry.find(session_id)
        return NO_CONTROL_STATE if live is None else live.control

    async def take_control(self, session_id: str, viewer: Viewer) -> ControlState:
        """Give control to a viewer; returns when it may act.

        Raises:
            MayNotControl: its credential does not let it.
            ControlHeld: somebody else has control, who has to be asked.
            NotInControl: the session is over.
        """
        with self._registry.attend(session_id) as live:
            return await live.take_control(viewer)

    def cede_control(self, session_id: str, viewer: Viewer, note: str = "") -> ControlState:
        """Give control back to the agent, with a note if it had asked for help.

        Raises:
            NotInControl: it is not this viewer who holds it.
        """
        live = self._registry.find(session_id)
        if live is None:
            raise NotInControl
        return live.cede_control(viewer, note)

    async def pause(self, session_id: str) -> ControlState:
        """Let nobody act in a session; returns when what was under way is done."""
        with self._registry.attend(session_id) as live:
            return await live.pause()

    async def resume(self, session_id: str) -> ControlState:
        """End a session's pause."""
        with self._registry.attend(session_id) as live:
            return await live.resume()

    async def recover(self) -> None:
        """After a start: sessions whose browser died with the last server are over, attached ones go on."""
        for session in await self._store.browser_sessions.unfinished():
            session_id = session.browser_session_id
            await self._tell_that_control_is_back(session_id)
            if session.provider == "attached":
                self._start(session)
            else:
                await self._change(session_id, status="failed", failure_reason=CRASHED, display_status="no_browser")

    async def _tell_that_control_is_back(self, session_id: str) -> None:
        """Whoever had control, or paused the session, has lost it with the last server."""
        last = await self._store.events.last_of_kind(session_id, ControlChanged.kind)
        if last is not None and last.data["control_state"] != NO_CONTROL_STATE.control_state:
            self._registry.on_event(ControlChanged(session_id, **attrs.asdict(NO_CONTROL_STATE), why=RESTARTED))

    def _start(self, session: BrowserSession, agent: AgentTask | None = None) -> None:
        task = self._tasks[session.browser_session_id] = _Task(agent)
        self._nursery.start_soon(self._run, session, task)

    async def _run(self, session: BrowserSession, task: _Task) -> None:
        """A session's task: the browser, from its start to its end."""
        session_id = session.browser_session_id
        try:
            with task.scope, self._registry.attend(session_id) as live:
                try:
                    await self._live(session, live, task)
                except* BrowserFailed as group:
                    self._conclude(session_id, live, task, _failed(leaves(group)[0].reason))
                except* ChannelEnded as group:
                    self._conclude(session_id, live, task, _refused(decisive(leaves(group))))
                except* Exception as group:  # noqa: BLE001 (a bug in one session must not end the others; it is logged)
                    self._conclude(session_id, live, task, _broken(group))
                finally:
                    if task.over is None and not task.scope.cancel_called:
                        live.end(ServerStopping())  # whoever has control, or paused the session, loses it with us
        finally:
            del self._tasks[session_id]
            over = task.over or (_failed(STOPPED) if session.provider == "local" else None)
            if over is not None:
                # Changes nothing when the session's end is written down already.
                with trio.move_on_after(LAST_WORDS_SECONDS, shield=True):
                    await self._write_end(session_id, over)

    async def _live(self, session: BrowserSession, live: LiveSession, task: _Task) -> None:
        session_id = session.browser_session_id
        entity = Entity("browser_session", session_id, session.organization_id)
        signal = EndSignal()
        async with self._verification.admitted(entity, signal):
            await self._write(session_id, status="starting")
            async with self._provider_of(session).start(_spec_of(session)) as browser:
                address = browser.vnc_address
                remote = self._remote(browser)
                live.set_upstream(_upstream(browser), remote)
                await self._write(
                    session_id,
                    status="running",
                    display_status="ready" if address else "passthrough",
                    vnc_address=address,
                    cdp_address=browser.cdp_address,
                )
                _log.info("browser running", session=session_id)
                companions: list[Callable[[], Awaitable[None]]]
                companions = [signal.wait, partial(watch_holder, live, self._credentials)]
                if remote is not None:
                    companions.append(remote.link.run)
                if task.agent is not None:
                    companions.append(partial(self._run_agent, entity, live, task.agent))
                over = await _until_over(browser, companions)
                # The channels hear of it before the rest of the browser is stopped, which may take seconds.
                self._conclude(session_id, live, task, over)

    def _provider_of(self, session: BrowserSession) -> BrowserProvider:
        if session.provider == "local":
            return self._local
        return AttachedBrowser(session.vnc_address, session.vnc_password, session.cdp_address)

    async def _run_agent(self, entity: Entity, live: LiveSession, agent: AgentTask) -> None:
        """The session's own agent, through a gate like any other."""
        try:
            connect = partial(open_gated_link, entity, self._registry, self._verification)
            await run_agent(live, agent, connect, self._guard)
        except Exception as bug:  # noqa: BLE001 (a bug in the agent must not end the session; it is logged)
            _log.error("a bug ended an agent", session=live.session_id, exc_info=bug)

    def _remote(self, browser: RunningBrowser) -> RemoteBrowser | None:
        address = browser.cdp_address
        if address is None:
            return None

        async def find_devtools() -> str:
            try:
                return await websocket_address(address, seconds=DEVTOOLS_SECONDS)
            except BrowserFailed as error:
                raise ConnectionLost(error.reason) from error

        return RemoteBrowser(find_devtools, self._guard, max_message_size=self._max_devtools_size)

    def _conclude(self, session_id: str, live: LiveSession, task: _Task, over: _Over) -> None:
        if task.over is not None:
            return  # what went wrong in the clean-up is not why the session ended
        _log.info("session over", session=session_id, status=over.status, reason=over.reason)
        task.over = over
        live.end(over.error)
        self._nursery.start_soon(self._write_end, session_id, over)

    async def _write_end(self, session_id: str, over: _Over) -> None:
        await self._write(session_id, status=over.status, failure_reason=over.reason, display_status="no_browser")

    async def _write(self, session_id: str, **changes: Unpack[SessionChange]) -> None:
        """Write a change down, however long the store takes to answer; a final session stays as it is."""
        while True:
            try:
                await self._change(session_id, **changes)
                return
            except StoreUnavailable as error:
                _log.warning("the store does not answer; trying again", session=session_id, error=str(error))
            await trio.sleep(RETRY_SECONDS)

    async def _change(self, session_id: str, **changes: Unpack[SessionChange]) -> None:
        """Write a change down, and tell of it; a final session stays as it is."""
        if await self._store.browser_sessions.change(session_id, **changes):
            self._tell(session_id, changes)

    def _tell(self, session_id: str, change: SessionChange) -> None:
        for event in events_of(session_id, change):
            self._registry.on_event(event)


def _upstream(browser: RunningBrowser) -> Upstream | None:
    if browser.vnc_address is None:
        return None
    return Upstream(browser.vnc_address, browser.vnc_password, browser.vnc_takes_clipboard)


async def _until_over(browser: RunningBrowser, companions: Sequence[Callable[[], Awaitable[None]]]) -> _Over:
    """Wait until the browser goes away, or one of its companions says why it is over; they run meanwhile."""
    over = None
    try:
        async with trio.open_nursery() as nursery:
            for companion in companions:
                nursery.start_soon(companion)
            reason = await browser.wait_gone()
            over = _failed(reason)
            nursery.cancel_scope.cancel()
    except* ChannelEnded as group:
        over = _refused(decisive(leaves(group)))
    assert over is not None  # noqa: S101 (one of the two has happened)
    return over


def _failed(reason: str) -> _Over:
    return _Over("failed", reason, BrowserGone(detail=reason))


def _broken(bug: BaseException) -> _Over:
    error_id = new_id("err")
    _log.error("a bug ended a session", error_id=error_id, exc_info=bug)
    reason = f"internal error {error_id}"
    return _Over("failed", reason, InternalError(reason))


def _refused(error: ChannelEnded) -> _Over:
    timed_out = isinstance(error, NoLongerValid) and error.timed_out
    return _Over("timeout" if timed_out else "failed", error.reason, error)


def _spec_of(session: BrowserSession) -> BrowserSpec:
    return BrowserSpec(
        session_id=session.browser_session_id,
        width=session.viewport_width,
        height=session.viewport_height,
        url=session.url or "about:blank",
    )


@asynccontextmanager
async def open_sessions(
    store: Store,
    registry: Registry,
    verification: Verification,
    credentials: Credentials,
    local: BrowserProvider,
    guard: DestinationGuard,
    max_devtools_size: int = LARGEST_MESSAGE,
) -> AsyncIterator[Sessions]:
    """The owner of the sessions' tasks; leaving the context stops every browser that it started."""
    async with trio.open_nursery() as nursery:
        sessions = Sessions(store, registry, verification, credentials, local, guard, max_devtools_size, nursery)
        await sessions.recover()
        yield sessions
        nursery.cancel_scope.cancel()
