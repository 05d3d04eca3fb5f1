"""A session manager without browsers: keeps the store's statuses and the control leases, and remembers its orders."""

from __future__ import annotations

import trio

from pilothouse.protocol.control import NO_CONTROL_STATE, ControlLease, ControlState, NotInControl, Viewer
from pilothouse_app.store import Store
from pilothouse_app.store.entities import BrowserSession, RunnableKind, SessionStatus


class FakeSessions:
    """A `SessionManager`; `orders` are the calls that would start or end something."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._leases: dict[str, ControlLease] = {}
        self.orders: list[tuple[str, ...]] = []

    async def create(self, session: BrowserSession) -> None:
        await trio.lowlevel.checkpoint()
        self.orders.append(("create", session.browser_session_id))

    async def end(self, session_id: str, *, status: SessionStatus = "completed", reason: str | None = None) -> None:
        await self._store.browser_sessions.change(session_id, status=status, failure_reason=reason)
        self.orders.append(("end", session_id, status))

    async def end_runnable(self, kind: RunnableKind, entity_id: str, status: str) -> None:
        self.orders.append(("end_runnable", kind, entity_id, status))

    def control(self, session_id: str) -> ControlState:
        lease = self._leases.get(session_id)
        return lease.state if lease else NO_CONTROL_STATE

    def take_control(self, session_id: str, credential_id: str, client_id: str) -> ControlState:
        lease = self._leases.setdefault(session_id, ControlLease())
        lease.take(Viewer(credential_id, client_id))
        return lease.state

    def cede_control(self, session_id: str, credential_id: str, client_id: str) -> ControlState:
        if session_id not in self._leases:
            raise NotInControl
        self._leases[session_id].cede(Viewer(credential_id, client_id))
        return self._leases[session_id].state
