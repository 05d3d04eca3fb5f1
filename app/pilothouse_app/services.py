"""The parts of a running server, handed to whoever serves a request."""

from __future__ import annotations

from typing import Protocol, cast

import attrs
from quart_trio import QuartTrio

from pilothouse.channels.destination_guard import DestinationGuard
from pilothouse.channels.embedded_agent import AgentTask
from pilothouse.channels.registry import Registry
from pilothouse.channels.verification import Verification
from pilothouse.protocol.control import ControlState, Viewer
from pilothouse.protocol.rfb.input_policy import InputPolicy
from pilothouse_app.admission import Credentials
from pilothouse_app.event_log import EventLog
from pilothouse_app.settings import Settings
from pilothouse_app.store import Store
from pilothouse_app.store.entities import BrowserSession, RunnableKind, SessionStatus

EXTENSION = "pilothouse"
"""Where an app keeps its `Services`, among its extensions."""


class SessionManager(Protocol):
    """Starts, watches and ends browsers, and knows who controls them."""

    async def create(self, session: BrowserSession, task: AgentTask | None = None) -> None:
        """Start the browser of a stored session, and then an agent that does the task, in the background."""

    async def end(self, session_id: str, *, status: SessionStatus = "completed", reason: str | None = None) -> None:
        """End a session: write it down, close its channels, stop its browser in the background.

        Raises:
            StoreUnavailable: it could not be written down.
        """

    async def end_runnable(self, kind: RunnableKind, entity_id: str, status: str) -> None:
        """A task or a run has become final: close the channels that were opened for it."""

    def control(self, session_id: str) -> ControlState:
        """Who has control of a session."""

    async def take_control(self, session_id: str, viewer: Viewer) -> ControlState:
        """Give control to a viewer; returns when it may act.

        Raises:
            MayNotControl: its credential does not let it.
            ControlHeld: somebody else has control, who has to be asked.
            NotInControl: the session is over.
        """

    def cede_control(self, session_id: str, viewer: Viewer, note: str = "") -> ControlState:
        """Give control back to the agent, with a note if it had asked for help.

        Raises:
            NotInControl: it is not this viewer who holds it.
        """

    async def pause(self, session_id: str) -> ControlState:
        """Let nobody act in a session; returns when what was under way is done."""

    async def resume(self, session_id: str) -> ControlState:
        """End a session's pause."""


@attrs.frozen(kw_only=True)
class Services:
    """The parts of a running server.

    Attributes:
        settings: what the operator chose.
        store: entities and keys.
        sessions: browsers.
        registry: who is connected.
        events: what happened, and what happens.
        verification: whether what they came for is still there.
        credentials: whether what they came with is still good.
        input_policy: what whoever holds control may do.
        guard: decides where they may send browsers.
        instance_id: names this process among others.
        version: of Pilothouse.
    """

    settings: Settings
    store: Store
    sessions: SessionManager
    registry: Registry
    events: EventLog
    verification: Verification
    credentials: Credentials
    input_policy: InputPolicy
    guard: DestinationGuard
    instance_id: str
    version: str


def services_of(app: QuartTrio) -> Services:
    """The parts of the server that an app belongs to; they are there from its start-up on."""
    return cast(Services, app.extensions[EXTENSION])
