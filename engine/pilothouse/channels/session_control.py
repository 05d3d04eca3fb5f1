"""Who controls a session, in time: the lease with a clock, and everybody who has to know of a change.

A change has two moments. At the first one whoever loses control stops, and every channel hears of it without awaiting.
The second one comes as soon as nothing is on its way any more that was let through before, and after a second at most:
then the new holder may act, and the change is told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import trio

from pilothouse.channels.member import Member
from pilothouse.channels.watchers import Watchers
from pilothouse.protocol.control import ControlLease, ControlState, LeaseRules, MayNotControl, Petition, Viewer, Why

QUIET_SECONDS = 1.0
"""How long a new holder waits for what others have under way."""

_log = logging.getLogger(__name__)


class SessionControl:
    """One session's lease.

    Args:
        rules: what the operator chose about leases.
        nursery: owns what takes time.
        hold: keeps the session while that goes on.
        release: ends that.
        members: the session's channels.
        on_moved: called, without awaiting, at the first moment of a change, with what moved control, and a note of
            whoever gave it back.
    """

    def __init__(
        self,
        rules: LeaseRules,
        nursery: trio.Nursery,
        hold: Callable[[], object],
        release: Callable[[], object],
        members: Callable[[], list[Member]],
        on_moved: Callable[[Why, str], None],
    ) -> None:
        self.watchers = Watchers[ControlState]()
        self._nursery = nursery
        self._hold, self._release = hold, release
        self._members = members
        self._on_moved = on_moved
        self._lease = ControlLease(rules)
        self._settling, self._settled = trio.CancelScope(), trio.Event()
        self._settled.set()
        self._timer = trio.CancelScope()
        self._timer_runs_to: float | None = None

    @property
    def state(self) -> ControlState:
        """Who has control."""
        return self._lease.state

    @property
    def holder(self) -> Viewer | None:
        """Who has control, perhaps not connected at the moment; None while the agent has it."""
        return self._lease.holder

    @property
    def petition(self) -> Petition | None:
        """Who has asked the holder for control, and has no answer yet."""
        return self._lease.petition

    @property
    def agent_may_act(self) -> bool:
        """Whether agents may act at this moment."""
        return self._lease.agent_may_act

    def may_act(self, viewer: Viewer) -> bool:
        """Whether this viewer may act at this moment."""
        return self._lease.may_act(viewer)

    def give(self, viewer: Viewer) -> bool:
        """Give control to a viewer, who may act when that is settled; returns whether it moved.

        Raises:
            MayNotControl: its credential does not let it.
            ControlHeld: somebody else has control, who has to be asked.
            NotInControl: the session is over.
        """
        _must_be_allowed(viewer)
        moved = self._lease.take(viewer, trio.current_time())
        if moved:
            self._moved("take")
        self._watch_clock()
        return moved

    async def take(self, viewer: Viewer) -> ControlState:
        """Give control to a viewer; returns when it may act. Raises what `give` raises."""
        self.give(viewer)
        await self.settled()
        return self.state

    async def settled(self) -> None:
        """Wait until what was under way before the last change is done."""
        while not self._settled.is_set():
            await self._settled.wait()

    def cede(self, viewer: Viewer, why: Why = "cede", note: str = "") -> ControlState:
        """Take control from its holder, for whoever has asked for it, or for the agent.

        Args:
            viewer: the holder.
            why: what takes it.
            note: of a holder who gives it back.

        Raises:
            NotInControl: it is not this viewer who holds it.
        """
        if self._lease.cede(viewer, trio.current_time()):
            self._moved(why, note)
        return self.state

    async def pause(self) -> ControlState:
        """Let nobody act; returns when nothing is on its way any more."""
        if self._lease.pause():
            self._moved("pause")
        await self.settled()
        return self.state

    async def resume(self) -> ControlState:
        """End a pause; whoever has control acts again."""
        if self._lease.resume(trio.current_time()):
            self._moved("resume")
        await self.settled()
        return self.state

    def ask(self, viewer: Viewer) -> Petition:
        """Ask the holder for control.

        Raises:
            MayNotControl: the credential of `viewer` does not let it.
            NotInControl: nobody else has it: it can be taken.
            ControlHeld: another viewer has asked already.
        """
        _must_be_allowed(viewer)
        petition = self._lease.ask(viewer, trio.current_time())
        self._watch_clock()
        return petition

    def grant(self, holder: Viewer) -> None:
        """The holder gives control to whoever has asked.

        Raises:
            NotAsked: nobody has asked this viewer.
        """
        self._lease.grant(holder, trio.current_time())
        self._moved("take")

    def refuse(self, holder: Viewer) -> Viewer:
        """The holder keeps control; returns who had asked.

        Raises:
            NotAsked: nobody has asked this viewer.
        """
        refused = self._lease.refuse(holder)
        self._watch_clock()
        return refused

    def withdraw(self, viewer: Viewer) -> bool:
        """This viewer does not want control any more, if it has asked; returns whether it had."""
        withdrawn = self._lease.withdraw(viewer)
        self._watch_clock()
        return withdrawn

    def end(self) -> None:
        """The session is over: nobody acts any more."""
        if self._lease.end():
            self._on_moved("ended", "")
        self._watch_clock()
        self._settling.cancel()
        self._settled.set()

    def break_off(self, viewer: Viewer) -> None:
        """The last channel of this viewer broke."""
        self._lease.break_off(viewer, trio.current_time())
        self._watch_clock()

    def come_back(self, viewer: Viewer) -> None:
        """This viewer is connected."""
        self._lease.come_back(viewer, trio.current_time())
        self._watch_clock()

    def acted(self, viewer: Viewer) -> None:
        """This viewer has sent input."""
        self._lease.acted(viewer, trio.current_time())

    def _moved(self, why: Why, note: str = "") -> None:
        # At first: what a viewer sent up to now is of the past.
        self._on_moved(why, note)
        self._watch_clock()
        self._settling.cancel()
        self._settling, self._settled = trio.CancelScope(), trio.Event()
        if members := self._members():
            self._hold()
            self._nursery.start_soon(self._settle_when_quiet, members, self._settling, self._settled)
        else:
            self._settle()

    async def _settle_when_quiet(self, members: list[Member], scope: trio.CancelScope, settled: trio.Event) -> None:
        try:
            with scope:
                with trio.move_on_after(QUIET_SECONDS):
                    async with trio.open_nursery() as nursery:
                        for member in members:
                            nursery.start_soon(_quiet, member)
                if settled is self._settled:  # else control has moved once more
                    self._settle()
        finally:
            settled.set()
            self._release()

    def _settle(self) -> None:
        self._lease.settle()
        self._settled.set()
        self.watchers.tell(self.state)

    def _watch_clock(self) -> None:
        """See to it that somebody waits for the lease's next deadline."""
        deadline = self._lease.deadline
        if deadline == self._timer_runs_to:
            return
        self._timer.cancel()
        self._timer_runs_to = deadline
        if deadline is not None:
            self._timer = trio.CancelScope()
            self._hold()
            self._nursery.start_soon(self._wait_for_deadlines, self._timer)

    async def _wait_for_deadlines(self, scope: trio.CancelScope) -> None:
        try:
            with scope:
                while (deadline := self._lease.deadline) is not None:
                    # Input moves the deadline of an idle holder; nobody is woken for that.
                    self._timer_runs_to = deadline
                    await trio.sleep_until(deadline)
                    if (why := self._lease.expire(trio.current_time())) is not None:
                        self._moved(why)
        finally:
            self._release()


async def _quiet(member: Member) -> None:
    try:
        await member.quiet()
    except Exception:  # noqa: BLE001 (a bug in one channel must not keep control from moving; it is logged)
        _log.exception("a bug while control moves, in a channel of kind %s", member.kind)


def _must_be_allowed(viewer: Viewer) -> None:
    if viewer.scope != "control":
        raise MayNotControl
