"""An agent of our own: plays a user flow in a session, and tells everybody how far it is.

It is an agent like any other: what holds others holds it, too. What it knows beyond them is who drives: it begins no
step meanwhile, and need not guess when it may go on.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import attrs
import trio

from pilothouse.channels.cdp_link import CdpLink
from pilothouse.channels.destination_guard import DestinationGuard
from pilothouse.channels.flow_player import Pace, Progress, StepFailed, play_flow
from pilothouse.channels.live_session import LiveSession
from pilothouse.channels.session_events import AgentPaused, AgentResumed, AgentStep, SessionError
from pilothouse.protocol import messages
from pilothouse.protocol.cdp_executor import CdpEvent, ConnectionLost
from pilothouse.protocol.control import ControlState
from pilothouse.protocol.user_flow import UserFlow

_BETWEEN_ROUNDS_SECONDS = 1.0


@attrs.frozen
class AgentTask:
    """What an embedded agent is to do.

    Attributes:
        flow: to be played.
        max_steps: leave the steps behind these out; None is the whole flow.
        pace: how fast.
        again: begin anew when the flow is over, also when a step has failed.
    """

    flow: UserFlow
    max_steps: int | None = None
    pace: Pace = attrs.field(factory=Pace)
    again: bool = False


class SessionHelm:
    """Who drives a session, as a player has to know it."""

    def __init__(self, session: LiveSession) -> None:
        self._session = session

    @property
    def epoch(self) -> int:
        """Another number whenever control has moved."""
        return self._session.control.control_epoch

    async def until_free(self) -> None:
        """Wait until an agent may act."""
        moved = trio.Event()
        with self._session.watching_control(lambda _: moved.set()):
            while not self._session.agent_may_act:
                await moved.wait()
                moved = trio.Event()
        await trio.lowlevel.checkpoint()


async def run_agent(
    session: LiveSession,
    task: AgentTask,
    connect: Callable[[Callable[[CdpEvent], None]], AbstractAsyncContextManager[CdpLink]],
    guard: DestinationGuard,
) -> None:
    """Do a task. A flow that fails is told, and ends here; the session goes on.

    Args:
        session: where to play.
        task: what to do.
        connect: opens a connection to the browser, as for `play_flow`.
        guard: decides where `navigate` may go.
    """
    helm = SessionHelm(session)
    while True:
        reports = _Reports(session)
        with session.watching_control(reports.control_moved):
            reports.control_moved(session.control)
            try:
                await play_flow(
                    task.flow,
                    connect,
                    reports.progressed,
                    max_steps=task.max_steps,
                    helm=helm,
                    guard=guard,
                    pace=task.pace,
                )
            except StepFailed as error:
                reports.failed(str(error))
            except ConnectionLost as error:
                reports.lost(task, str(error))
                reports.failed(str(error))
        if not task.again:
            return
        await trio.sleep(_BETWEEN_ROUNDS_SECONDS)


class _Reports:
    """Tells the application and the frontends how far a flow is."""

    def __init__(self, session: LiveSession) -> None:
        self._session = session
        self._latest: Progress | None = None
        self._paused = False

    def progressed(self, progress: Progress) -> None:
        self._latest = progress
        self._session.report(AgentStep(self._session.session_id, **attrs.asdict(progress)))
        self._session.agent_progressed(messages.AgentStep(**attrs.asdict(progress)))

    def lost(self, task: AgentTask, reason: str) -> None:
        steps = task.flow.steps[: task.max_steps]
        if self._latest is not None:
            self.progressed(attrs.evolve(self._latest, status="failed", reason=reason))
        elif steps:
            self.progressed(Progress(1, len(steps), steps[0].type, "failed", reason))

    def failed(self, reason: str) -> None:
        self._session.report(SessionError(self._session.session_id, f"the agent's flow ends: {reason}"))

    def control_moved(self, state: ControlState) -> None:
        paused = not self._session.agent_may_act
        if paused == self._paused:
            return
        self._paused = paused
        number = 0 if self._latest is None else self._latest.number
        event = AgentPaused if paused else AgentResumed
        self._session.report(event(self._session.session_id, number, state.control_state))
