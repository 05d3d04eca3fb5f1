"""A session manager without browsers: keeps the store's statuses and the control leases, and remembers its orders."""

from __future__ import annotations

import trio

from pilothouse.channels.embedded_agent import AgentTask
from pilothouse.protocol.control import NO_CONTROL_STATE, ControlLease, ControlState, LeaseRules, Viewer
from pilothouse_app.store import Store
from pilothouse_app.store.entities import BrowserSession, RunnableKind, SessionStatus


class FakeSessions:
    """A `SessionManager`; `orders` are the calls that would start or end something."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._leases: dict[str, ControlLease] = {}
        self.orders: list[tuple[str, ...]] = []
        self.tasks: dict[str, AgentTask | None] = {}
        self.rules = LeaseRules()

    async def create(self, session: BrowserSession, task: AgentTask | None = None) -> None:
        await trio.lowlevel.checkpoint()
        self.orders.append(("create", session.browser_session_id))
        self.tasks[session.browser_session_id] = task

    async def end(self, session_id: str, *, status: SessionStatus = "completed", reason: str | None = None) -> None:
        await self._store.browser_sessions.change(session_id, status=status, failure_reason=reason)
        self.orders.append(("end", session_id, status))

    async def end_runnable(self, kind: RunnableKind, entity_id: str, status: str) -> None:
        self.orders.append(("end_runnable", kind, entity_id, status))

    def control(self, session_id: str) -> ControlState:
        lease = self._leases.get(session_id)
        return lease.state if lease else NO_CONTROL_STATE

    async def take_control(self, session_id: str, viewer: Viewer) -> ControlState:
        lease = self.lease(session_id)
        lease.take(viewer, trio.current_time())
        return lease.state

    def cede_control(self, session_id: str, viewer: Viewer, note: str = "") -> ControlState:
        lease = self.lease(session_id)
        lease.cede(viewer, trio.current_time())
        return lease.state

    async def pause(self, session_id: str) -> ControlState:
        self.lease(session_id).pause()
        return self.control(session_id)

    async def resume(self, session_id: str) -> ControlState:
        self.lease(session_id).resume(trio.current_time())
        return self.control(session_id)

    def lease(self, session_id: str) -> ControlLease:
        return self._leases.setdefault(session_id, ControlLease(self.rules))
