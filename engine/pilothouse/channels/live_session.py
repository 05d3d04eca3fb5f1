"""A session that somebody attends: what its channels share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from math import ceil
from typing import Literal, Protocol

import attrs
import trio

from pilothouse.channels.errors import ChannelEnded, Removed, Replaced, TooManyViewers
from pilothouse.channels.execution import Execution, NotPossible
from pilothouse.channels.member import Member
from pilothouse.channels.presence import Presence, Present
from pilothouse.channels.remote_browser import RemoteBrowser
from pilothouse.channels.session_control import SessionControl
from pilothouse.channels.session_events import AgentCommands, ClipboardUsed, ControlChanged, InputBlocked, SessionEvent
from pilothouse.channels.takeovers import Takeovers
from pilothouse.channels.upstream import Upstream
from pilothouse.protocol.control import ControlState, LeaseRules, Petition, Viewer, Why
from pilothouse.protocol.messages import (
    AgentStep,
    ControlAsked,
    ControlRequested,
    ControlRequestOver,
    Error,
    TakeControl,
    ToFrontend,
)
from pilothouse.protocol.rfb.decisions import Drop

_NO_GRACE: dict[int, Why] = {1000: "cede", 1001: "cede", 4401: "revoked", 4404: "ended", 4410: "ended"}
"""Close codes after which nobody comes back: a clean good-bye, or nothing to come back to. Each with what it means."""


_CONTROL_REFUSED = Error(TakeControl.kind, "whoever has control keeps it", "control_refused")


class Frontend(Protocol):
    """A viewer's message channel, as its other channels know it."""

    def tell(self, message: ToFrontend) -> None:
        """Send a message; one that does not read what it is sent is let go."""

    async def clipboard(self) -> str:
        """Ask what the frontend's clipboard holds; waits as long as it takes."""
        ...


@attrs.frozen
class Surroundings:
    """What a live session has of the registry that it is in.

    Attributes:
        nursery: owns its tasks.
        max_viewers: per kind of channel.
        lease_rules: what is to be chosen about control.
        on_event: called, without awaiting, with what one may want to write down.
        hold: begin to attend it.
        release: end to attend it.
    """

    nursery: trio.Nursery
    max_viewers: int
    lease_rules: LeaseRules
    on_event: Callable[[SessionEvent], None]
    hold: Callable[[], object]
    release: Callable[[], None]


class LiveSession:
    """What connected viewers of one browser session share: the lease, each other, the way to the browser.

    Attributes:
        session_id: of the browser session.
        takeovers: requests for help.
        agent_step: how far the session's own agent is; None while nothing is known.
    """

    def __init__(self, session_id: str, around: Surroundings) -> None:
        self.session_id = session_id
        self.takeovers = Takeovers(self, around.nursery, around.on_event)
        self.agent_step: AgentStep | None = None
        self._around = around
        self._members: dict[tuple[str, Viewer], Member] = {}
        self._presence = Presence()
        self._control = SessionControl(
            around.lease_rules,
            around.nursery,
            self.hold,
            self.release,
            lambda: list(self._members.values()),
            self._control_moved,
        )
        self._upstream: Upstream | None = None
        self._browser: RemoteBrowser | None = None
        self._browser_known = trio.Event()
        self._frontends: dict[Viewer, Frontend] = {}
        self._over: ChannelEnded | None = None

    @property
    def control(self) -> ControlState:
        """Who has control."""
        return self._control.state

    @property
    def agent_may_act(self) -> bool:
        """Whether agents may act at this moment: nobody has control, and nothing is paused."""
        return self._control.agent_may_act

    def holds_control(self, viewer: Viewer) -> bool:
        """Whether this viewer has control and may act at this moment.

        Not while the session is paused, and not before what others had under way is done, which takes a second at most.
        """
        return self._control.may_act(viewer)

    def give_control(self, viewer: Viewer) -> bool:
        """Give control to this viewer, without waiting until it may act; returns whether it moved.

        Everybody is told when the viewer may act.

        Raises:
            MayNotControl, ControlHeld, NotInControl: see `take_control`.
        """
        return self._control.give(viewer)

    async def take_control(self, viewer: Viewer) -> ControlState:
        """Give control to this viewer; everybody is told when it moved. Returns when the viewer may act.

        When cancelled, control has moved nevertheless.

        Raises:
            MayNotControl: its credential does not let it.
            ControlHeld: somebody else has control, who has to be asked.
            NotInControl: the session is over.
        """
        return await self._control.take(viewer)

    def cede_control(self, viewer: Viewer, note: str = "") -> ControlState:
        """Give control back to the agent; everybody is told.

        Args:
            viewer: who gives it back.
            note: for an agent that had asked for help.

        Raises:
            NotInControl: it is not this viewer who holds it.
        """
        return self._control.cede(viewer, note=note)

    async def pause(self) -> ControlState:
        """Let nobody act, neither agents nor viewers; returns when what was under way is done."""
        return await self._control.pause()

    async def resume(self) -> ControlState:
        """End a pause: whoever has control may act again."""
        return await self._control.resume()

    @property
    def holder(self) -> Viewer | None:
        """Who has control, connected or not; None while the agent has it."""
        return self._control.holder

    def credential_lost(self, viewer: Viewer) -> None:
        """The credential of this viewer is good no more: if it holds control, the agent has it again, without grace."""
        self.withdraw_request(viewer)
        if viewer == self.holder:
            self._control.cede(viewer, "revoked")

    def watching_control(self, callback: Callable[[ControlState], None]) -> AbstractContextManager[None]:
        """Have a callback called, without awaiting, with each new state of control, while the context lasts."""
        return self._control.watchers.calling(callback)

    async def control_settled(self) -> None:
        """Wait until what was under way before the last change of control is done."""
        await self._control.settled()

    def ask_for_control(self, viewer: Viewer) -> ControlAsked:
        """Ask the holder for control, which is granted unless it refuses in time; returns what the asker has to know.

        Raises:
            MayNotControl: the credential of `viewer` does not let it.
            NotInControl: nobody else has it: it can be taken.
            ControlHeld: another viewer has asked already.
        """
        petition = self._control.ask(viewer)
        seconds = _seconds_left(petition)
        self._tell(self.holder, ControlRequested(viewer.client_id, seconds))
        return ControlAsked(seconds)

    def control_request(self, viewer: Viewer) -> ControlRequested | ControlAsked | None:
        """What this viewer has to know, if it is asked for control, or has asked for it."""
        petition = self._control.petition
        if petition is None:
            return None
        if viewer == petition.viewer:
            return ControlAsked(_seconds_left(petition))
        return ControlRequested(petition.viewer.client_id, _seconds_left(petition)) if viewer == self.holder else None

    def grant_control(self, holder: Viewer) -> None:
        """Give control to whoever has asked.

        Raises:
            NotAsked: nobody has asked this viewer.
        """
        self._control.grant(holder)

    def refuse_control(self, holder: Viewer) -> None:
        """Keep control; whoever has asked is told.

        Raises:
            NotAsked: nobody has asked this viewer.
        """
        self._tell(self._control.refuse(holder), _CONTROL_REFUSED)

    def withdraw_request(self, viewer: Viewer) -> bool:
        """This viewer does not want control any more, if it has asked; the holder is told. Returns whether it had."""
        withdrawn = self._control.withdraw(viewer)
        if withdrawn:
            self._tell(self.holder, ControlRequestOver(viewer.client_id))
        return withdrawn

    @property
    def viewers(self) -> list[Present]:
        """Who is there, in the order in which they came."""
        return self._presence.viewers

    def watching_viewers(self, callback: Callable[[None], None]) -> AbstractContextManager[None]:
        """Have a callback called, without awaiting, when somebody comes or goes, while the context lasts."""
        return self._presence.watchers.calling(callback)

    def remove_viewer(self, viewer_id: str) -> bool:
        """End all channels of a viewer, and give back its control at once. Returns whether there is such a viewer."""
        viewer = self._presence.find(viewer_id)
        if viewer is None:
            return False
        for (_, other), member in self._members.items():
            if other == viewer:
                member.signal.send(Removed())
        self.withdraw_request(viewer)
        if viewer == self.holder:
            self._control.cede(viewer, "removed")
        self._presence.depart(viewer)
        return True

    @property
    def minds_idleness(self) -> bool:
        """Whether a holder that sends no input loses control some time."""
        return self._around.lease_rules.idle_seconds is not None

    def acted(self, viewer: Viewer) -> None:
        """This viewer has sent input: it is not idle."""
        self._control.acted(viewer)

    def report(self, event: SessionEvent) -> None:
        """Tell the application what has happened."""
        self._around.on_event(event)

    def input_blocked(self, viewer: Viewer, what: Drop, count: int) -> None:
        """Tell the application that input of this viewer did not pass."""
        self._around.on_event(InputBlocked(self.session_id, viewer, what, count))

    def clipboard_used(self, viewer: Viewer, direction: Literal["copy", "paste"], characters: int) -> None:
        """Tell the application that text went between this viewer's clipboard and the browser."""
        self._around.on_event(ClipboardUsed(self.session_id, viewer, direction, characters))

    def agent_commands(self, viewer: Viewer, methods: Mapping[str, int]) -> None:
        """Tell the application which commands this agent has sent."""
        self._around.on_event(AgentCommands(self.session_id, viewer, methods))

    def join(self, member: Member) -> None:
        """Enter a channel; an older one of the same kind and viewer is ended.

        Raises:
            TooManyViewers: the session is full.
        """
        key = (member.kind, member.viewer)
        older = self._members.get(key)
        if older is not None:
            older.signal.send(Replaced())
        elif member.viewer != self.holder and self._is_full_of(member.kind):  # a holder's place is kept
            raise TooManyViewers
        self._members[key] = member
        if self._over is not None:
            member.signal.send(self._over)
        self._control.come_back(member.viewer)
        if member.is_seen:
            self._presence.arrive(member.viewer)

    def leave(self, member: Member, close_code: int) -> None:
        """Take a channel out. When it was its viewer's last one, the viewer's lease ends or goes into grace.

        Args:
            member: as it joined.
            close_code: how it ended.
        """
        viewer, key = member.viewer, (member.kind, member.viewer)
        if self._members.get(key) is not member:
            return
        del self._members[key]
        if any(other == viewer for _, other in self._members):
            return
        self.withdraw_request(viewer)
        if viewer != self.holder:
            self._presence.depart(viewer)
        elif close_code in _NO_GRACE:
            self._presence.depart(viewer)
            self._control.cede(viewer, _NO_GRACE[close_code])
        else:
            self._control.break_off(viewer)

    def end(self, error: ChannelEnded) -> None:
        """End every channel of the session, for good."""
        self._over = error
        self._browser_known.set()
        self.takeovers.session_over()
        self._control.end()
        for member in self._members.values():
            member.signal.send(error)

    def set_upstream(self, upstream: Upstream | None, browser: RemoteBrowser | None = None) -> None:
        """The browser is there.

        Args:
            upstream: its VNC server, if it has one.
            browser: its DevTools, if they are in reach.
        """
        self._upstream = upstream
        self._browser = browser
        self._browser_known.set()

    async def upstream(self) -> Upstream | None:
        """Where the VNC server is; waits for `set_upstream`.

        Raises:
            ChannelEnded: what ended the session.
        """
        await self._until_browser_known()
        return self._upstream

    async def browser(self) -> RemoteBrowser | None:
        """The browser, if its DevTools are in reach; waits for `set_upstream`.

        Raises:
            ChannelEnded: what ended the session.
        """
        await self._until_browser_known()
        return self._browser

    @asynccontextmanager
    async def execution(self) -> AsyncIterator[Execution]:
        """Operations on the page that is seen: `async with session.execution() as execute:`. Waits for `set_upstream`.

        Raises:
            NotPossible: the browser's DevTools are not in reach.
            ChannelEnded: what ended the session.
        """
        browser = await self.browser()
        if browser is None:
            raise NotPossible("the DevTools of this session's browser are not in reach")
        yield browser.execution

    @contextmanager
    def reachable(self, viewer: Viewer, frontend: Frontend) -> Iterator[None]:
        """Make a viewer's frontend known to its other channels, while the context lasts."""
        self._frontends[viewer] = frontend
        try:
            yield
        finally:
            if self._frontends.get(viewer) is frontend:
                del self._frontends[viewer]

    def frontend_of(self, viewer: Viewer) -> Frontend | None:
        """How to reach a viewer's frontend, if it has a message channel open."""
        return self._frontends.get(viewer)

    def tell_frontends(self, message: ToFrontend) -> None:
        """Send a message to every viewer that has a message channel open."""
        for frontend in list(self._frontends.values()):
            frontend.tell(message)

    def agent_progressed(self, step: AgentStep) -> None:
        """How far the session's own agent is, for every viewer, and for those who come later."""
        self.agent_step = step
        self.tell_frontends(step)

    def hold(self) -> None:
        """Begin to attend; for those whose end is not the end of a block. Needs one `release`."""
        self._around.hold()

    def release(self) -> None:
        """End to attend."""
        self._around.release()

    def _is_full_of(self, kind: str) -> bool:
        return sum(other == kind for other, _ in self._members) >= self._around.max_viewers

    async def _until_browser_known(self) -> None:
        await self._browser_known.wait()
        if self._over is not None:
            raise self._over

    def _tell(self, viewer: Viewer | None, message: ToFrontend) -> None:
        if viewer is not None and (frontend := self.frontend_of(viewer)) is not None:
            frontend.tell(message)

    def _control_moved(self, why: Why, note: str) -> None:
        for member in list(self._members.values()):
            member.control_changed()
        self._presence.keep({viewer for _, viewer in self._members} | {self.holder})
        state, holder = self.control, self.holder
        self._around.on_event(
            ControlChanged(
                self.session_id,
                interactor=state.interactor,
                control_state=state.control_state,
                holder_client_id=state.holder_client_id,
                control_epoch=state.control_epoch,
                why=why,
                holder_credential_id=None if holder is None else holder.credential_id,
            )
        )
        self.takeovers.control_moved(self.control, given_back=why == "cede", note=note)


def _seconds_left(petition: Petition) -> int:
    return max(0, ceil(petition.ends - trio.current_time()))
