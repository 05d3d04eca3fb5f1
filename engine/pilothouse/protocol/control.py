"""The control lease of a session: who holds the helm.

At most one viewer holds control; while nobody does, the agent has it. `TRANSITIONS` is the whole machine of who has it:
an event that is missing in a state is refused with `NotInControl`. Three things lie on top of it, and are no states:

- A **pause** is a lid: nobody acts beneath it. Control still goes from one to another, and a grace period still ends;
  what one finds after the pause is what then is.
- A change is **settled** when nothing that was let through before it is on its way any more. Until then the new holder
  has control, and may not act.
- A **petition**: where control may not just be taken from its holder, the holder is asked, and has a while to refuse.

The epoch grows by one with every change of who may act, so that a late input can be told from a timely one.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Literal

import attrs

GRACE_SECONDS = 30.0
ASK_SECONDS = 15.0

Scope = Literal["view", "control", "agent"]
"""What a connection's credential lets it do: watch; watch and take control; act for an agent, through its own gate."""

TakeoverPolicy = Literal["steal", "ask"]
"""How one viewer gets control from another: by taking it, or by asking for it."""

Why = Literal["take", "cede", "grace_over", "idle", "revoked", "removed", "pause", "resume", "ended"]
"""What moved control."""


class NotInControl(Exception):
    """Somebody who does not hold control wanted to give it back, or the session is over."""


class MayNotControl(Exception):
    """Somebody whose credential does not let them wanted to take control."""


class ControlHeld(Exception):
    """Somebody else has control, and has to be asked first; or has been asked already, by another."""


class NotAsked(Exception):
    """Nobody has asked this viewer for control, or it is too late to answer."""


@attrs.frozen
class Viewer:
    """A person's frontend instance. The `client_id` means something only together with the credential.

    Attributes:
        credential_id: names the credential, is not itself secret.
        client_id: chosen by the frontend.
        scope: of the credential, and so no part of what tells viewers apart.
    """

    credential_id: str
    client_id: str
    scope: Scope = attrs.field(default="control", eq=False)


@attrs.frozen
class ControlState:
    """Who has control, in the words of the wire."""

    interactor: str
    control_state: str
    holder_client_id: str | None
    control_epoch: int


@attrs.frozen
class LeaseRules:
    """What an operator may choose about leases.

    Attributes:
        grace_seconds: how long a holder whose connection broke may be away.
        takeover: how one viewer gets control from another.
        ask_seconds: how long a holder who is asked may take to refuse.
        idle_seconds: how long a holder may send no input; None is for ever.
    """

    grace_seconds: float = GRACE_SECONDS
    takeover: TakeoverPolicy = "steal"
    ask_seconds: float = ASK_SECONDS
    idle_seconds: float | None = None


@attrs.frozen
class Petition:
    """A question that the holder has not answered yet.

    Attributes:
        viewer: who asks for control.
        ends: when it is granted, if nobody refuses it.
    """

    viewer: Viewer
    ends: float


class Phase(Enum):
    """Who has control."""

    AGENT = auto()
    USER = auto()
    GRACE = auto()
    ENDED = auto()


class Event(Enum):
    """What can happen to the lease; *holder* is whoever holds it at that moment."""

    HOLDER_TAKES = auto()
    OTHER_TAKES = auto()
    HOLDER_CEDES = auto()
    HOLDER_BREAKS_OFF = auto()
    HOLDER_RETURNS = auto()
    HOLDER_IDLES = auto()
    GRACE_ENDS = auto()
    SESSION_ENDS = auto()


TRANSITIONS: dict[tuple[Phase, Event], Phase] = {
    (Phase.AGENT, Event.OTHER_TAKES): Phase.USER,
    (Phase.AGENT, Event.SESSION_ENDS): Phase.ENDED,
    (Phase.USER, Event.HOLDER_TAKES): Phase.USER,
    (Phase.USER, Event.OTHER_TAKES): Phase.USER,
    (Phase.USER, Event.HOLDER_CEDES): Phase.AGENT,
    (Phase.USER, Event.HOLDER_BREAKS_OFF): Phase.GRACE,
    (Phase.USER, Event.HOLDER_IDLES): Phase.AGENT,
    (Phase.USER, Event.SESSION_ENDS): Phase.ENDED,
    (Phase.GRACE, Event.HOLDER_TAKES): Phase.USER,
    (Phase.GRACE, Event.OTHER_TAKES): Phase.USER,
    (Phase.GRACE, Event.HOLDER_CEDES): Phase.AGENT,
    (Phase.GRACE, Event.HOLDER_RETURNS): Phase.USER,
    (Phase.GRACE, Event.GRACE_ENDS): Phase.AGENT,
    (Phase.GRACE, Event.SESSION_ENDS): Phase.ENDED,
}

NO_CONTROL_STATE = ControlState("agent", "ai_control", None, 0)
"""Of a session that nobody has taken control of yet."""


class ControlLease:
    """One session's lease. Pure: the caller brings the time, in seconds of any steady clock.

    Every method that may change who may act returns whether it did.

    Args:
        rules: what the operator chose.
    """

    __slots__ = (
        "_active_at",
        "_epoch",
        "_grace_ends",
        "_holder",
        "_paused",
        "_petition",
        "_phase",
        "_rules",
        "_settled",
    )

    def __init__(self, rules: LeaseRules = LeaseRules()) -> None:
        self._rules = rules
        self._phase = Phase.AGENT
        self._holder: Viewer | None = None
        self._epoch = 0
        self._grace_ends: float | None = None
        self._petition: Petition | None = None
        self._paused = False
        self._settled = True
        self._active_at = 0.0

    @property
    def holder(self) -> Viewer | None:
        """Who holds control, also during the grace period; None while the agent has it."""
        return self._holder

    @property
    def grace_ends(self) -> float | None:
        """When an absent holder's lease ends; None while no holder is absent."""
        return self._grace_ends

    @property
    def petition(self) -> Petition | None:
        """Who has asked the holder for control, and has no answer yet."""
        return self._petition

    @property
    def agent_may_act(self) -> bool:
        """Whether an agent may act."""
        return self._phase is Phase.AGENT and not self._paused

    def may_act(self, viewer: Viewer) -> bool:
        """Whether this viewer may act."""
        return viewer == self._holder and self._phase is Phase.USER and self._settled and not self._paused

    @property
    def state(self) -> ControlState:
        """The lease as the wire shows it."""
        interactor, control_state, client_id = "agent", "ai_control", None
        if self._holder is not None:
            interactor, control_state, client_id = "user", "user_control", self._holder.client_id
        return ControlState(interactor, "paused" if self._paused else control_state, client_id, self._epoch)

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do; None while nothing runs out."""
        return min(self._deadlines().values(), default=None)

    def take(self, viewer: Viewer, now: float) -> bool:
        """Give control to `viewer`.

        Raises:
            ControlHeld: somebody else has it, who has to be asked.
        """
        if self._holder not in (None, viewer) and self._rules.takeover == "ask":
            raise ControlHeld
        return self._take(viewer, now)

    def ask(self, viewer: Viewer, now: float) -> Petition:
        """Ask the holder for control; asking again changes nothing.

        Raises:
            NotInControl: nobody else has it: it can be taken.
            ControlHeld: another viewer has asked already.
        """
        if self._holder in (None, viewer):
            raise NotInControl
        if self._petition is None:
            self._petition = Petition(viewer, now + self._rules.ask_seconds)
        elif self._petition.viewer != viewer:
            raise ControlHeld
        return self._petition

    def grant(self, holder: Viewer, now: float) -> bool:
        """The holder gives control to whoever has asked.

        Raises:
            NotAsked: nobody has asked this viewer.
        """
        return self._take(self._asked(holder).viewer, now)

    def refuse(self, holder: Viewer) -> Viewer:
        """The holder keeps control; returns who had asked.

        Raises:
            NotAsked: nobody has asked this viewer.
        """
        refused = self._asked(holder).viewer
        self._petition = None
        return refused

    def withdraw(self, viewer: Viewer) -> bool:
        """Whoever has asked does not want control any more; returns whether it was `viewer`."""
        withdrawn = self._petition is not None and self._petition.viewer == viewer
        if withdrawn:
            self._petition = None
        return withdrawn

    def cede(self, viewer: Viewer, now: float) -> bool:
        """Give control to whoever has asked for it, or back to the agent.

        Raises:
            NotInControl: it is not `viewer` who holds it.
        """
        if viewer != self._holder:
            raise NotInControl
        return self._lose(Event.HOLDER_CEDES, now)

    def break_off(self, viewer: Viewer, now: float) -> None:
        """The connection of `viewer` broke; if it holds control, its grace period begins."""
        if viewer == self._holder and self._phase is Phase.USER:
            self._go(Event.HOLDER_BREAKS_OFF)
            self._grace_ends = now + self._rules.grace_seconds

    def come_back(self, viewer: Viewer, now: float) -> None:
        """The holder is connected again."""
        if viewer == self._holder and self._phase is Phase.GRACE:
            self._go(Event.HOLDER_RETURNS)
            self._grace_ends = None
            self._active_at = now

    def acted(self, viewer: Viewer, now: float) -> None:
        """This viewer has sent input; if it holds control, it is not idle."""
        if viewer == self._holder:
            self._active_at = now

    def expire(self, now: float) -> Why | None:
        """Carry out what is due first; returns what it was. To be called until nothing is due."""
        due, deadline = min(self._deadlines().items(), key=lambda item: item[1], default=(None, now))
        if due is None or now < deadline:
            return None
        if due == "take":
            assert self._petition is not None  # noqa: S101 (it is what is due)
            self._take(self._petition.viewer, now)
        else:
            self._lose(Event.GRACE_ENDS if due == "grace_over" else Event.HOLDER_IDLES, now)
        return due

    def settle(self) -> None:
        """What was let through before the last change is done: whoever has control may act."""
        self._settled = True

    def pause(self) -> bool:
        """Nobody acts until `resume`."""
        if self._paused or self._phase is Phase.ENDED:
            return False
        self._paused = True
        self._turn()
        return True

    def resume(self, now: float) -> bool:
        """Whoever has control may act again."""
        if not self._paused:
            return False
        self._paused = False
        self._active_at = now
        self._turn()
        return True

    def end(self) -> bool:
        """The session is over: nobody acts any more. Returns whether somebody held control, or had paused."""
        if self._phase is Phase.ENDED:
            return False
        self._go(Event.SESSION_ENDS)
        noteworthy = self._holder is not None or self._paused
        self._holder = self._grace_ends = self._petition = None
        self._paused = False
        self._turn()
        return noteworthy

    def _take(self, viewer: Viewer, now: float) -> bool:
        self._go(Event.HOLDER_TAKES if viewer == self._holder else Event.OTHER_TAKES)
        self._active_at = now
        return self._give(viewer)

    def _lose(self, event: Event, now: float) -> bool:
        heir = self._petition
        self._go(event)
        return self._give(None) if heir is None else self._take(heir.viewer, now)

    def _asked(self, holder: Viewer) -> Petition:
        if self._petition is None or holder != self._holder:
            raise NotAsked
        return self._petition

    def _deadlines(self) -> dict[Why, float]:
        deadlines: dict[Why, float] = {}
        if self._petition is not None:
            deadlines["take"] = self._petition.ends
        if self._grace_ends is not None:
            deadlines["grace_over"] = self._grace_ends
        if self._phase is Phase.USER and not self._paused and self._rules.idle_seconds is not None:
            deadlines["idle"] = self._active_at + self._rules.idle_seconds
        return deadlines

    def _go(self, event: Event) -> None:
        following = TRANSITIONS.get((self._phase, event))
        if following is None:
            raise NotInControl
        self._phase = following

    def _give(self, holder: Viewer | None) -> bool:
        self._grace_ends = None
        if holder == self._holder:
            return False
        self._holder = holder
        self._petition = None
        self._turn()
        return True

    def _turn(self) -> None:
        self._epoch += 1
        self._settled = False
