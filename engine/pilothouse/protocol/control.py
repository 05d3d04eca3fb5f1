"""The control lease of a session: who holds the helm.

At most one viewer holds control; while nobody does, the agent has it. The epoch grows by one whenever control goes
from one to another, so that a late input can be told from a timely one. A holder whose connection breaks keeps the
lease for a grace period and finds it again when it comes back. `TRANSITIONS` is the whole machine: an event that is
missing in a state is refused with `NotInControl`.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Literal

import attrs

GRACE_SECONDS = 30.0

Scope = Literal["view", "control", "agent"]
"""What a connection's credential lets it do: watch; watch and take control; act for an agent, through its own gate."""


class NotInControl(Exception):
    """Somebody who does not hold control wanted to give it back."""


class MayNotControl(Exception):
    """Somebody whose credential does not let them wanted to take control."""


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


class Phase(Enum):
    """States of the lease."""

    AGENT = auto()
    USER = auto()
    GRACE = auto()


class Event(Enum):
    """What can happen to the lease; *holder* is whoever holds it at that moment."""

    HOLDER_TAKES = auto()
    OTHER_TAKES = auto()
    HOLDER_CEDES = auto()
    HOLDER_BREAKS_OFF = auto()
    HOLDER_RETURNS = auto()
    GRACE_ENDS = auto()


TRANSITIONS: dict[tuple[Phase, Event], Phase] = {
    (Phase.AGENT, Event.OTHER_TAKES): Phase.USER,
    (Phase.USER, Event.HOLDER_TAKES): Phase.USER,
    (Phase.USER, Event.OTHER_TAKES): Phase.USER,
    (Phase.USER, Event.HOLDER_CEDES): Phase.AGENT,
    (Phase.USER, Event.HOLDER_BREAKS_OFF): Phase.GRACE,
    (Phase.GRACE, Event.HOLDER_TAKES): Phase.USER,
    (Phase.GRACE, Event.OTHER_TAKES): Phase.USER,
    (Phase.GRACE, Event.HOLDER_CEDES): Phase.AGENT,
    (Phase.GRACE, Event.HOLDER_RETURNS): Phase.USER,
    (Phase.GRACE, Event.GRACE_ENDS): Phase.AGENT,
}

NO_CONTROL_STATE = ControlState("agent", "ai_control", None, 0)
"""Of a session that nobody has taken control of yet."""


class ControlLease:
    """One session's lease. Pure: the caller brings the time, in seconds of any steady clock.

    Every method that may move control returns whether it did.

    Args:
        grace_seconds: how long a holder may be away.
    """

    __slots__ = ("_epoch", "_grace_ends", "_grace_seconds", "_holder", "_phase")

    def __init__(self, grace_seconds: float = GRACE_SECONDS) -> None:
        self._grace_seconds = grace_seconds
        self._phase = Phase.AGENT
        self._holder: Viewer | None = None
        self._epoch = 0
        self._grace_ends: float | None = None

    @property
    def holder(self) -> Viewer | None:
        """Who holds control, also during the grace period; None while the agent has it."""
        return self._holder

    @property
    def grace_ends(self) -> float | None:
        """When an absent holder's lease ends; None while no holder is absent."""
        return self._grace_ends

    @property
    def state(self) -> ControlState:
        """The lease as the wire shows it."""
        if self._holder is None:
            return ControlState("agent", "ai_control", None, self._epoch)
        return ControlState("user", "user_control", self._holder.client_id, self._epoch)

    def take(self, viewer: Viewer) -> bool:
        """Give control to `viewer`, whoever has it."""
        self._go(Event.HOLDER_TAKES if viewer == self._holder else Event.OTHER_TAKES)
        return self._give(viewer)

    def cede(self, viewer: Viewer) -> bool:
        """Give control back to the agent.

        Raises:
            NotInControl: it is not `viewer` who holds it.
        """
        if viewer != self._holder:
            raise NotInControl
        self._go(Event.HOLDER_CEDES)
        return self._give(None)

    def break_off(self, viewer: Viewer, now: float) -> None:
        """The connection of `viewer` broke; if it holds control, its grace period begins."""
        if viewer == self._holder and self._phase is Phase.USER:
            self._go(Event.HOLDER_BREAKS_OFF)
            self._grace_ends = now + self._grace_seconds

    def come_back(self, viewer: Viewer) -> None:
        """The holder is connected again."""
        if viewer == self._holder and self._phase is Phase.GRACE:
            self._go(Event.HOLDER_RETURNS)
            self._grace_ends = None

    def expire(self, now: float) -> bool:
        """Give control back to the agent when an absent holder's grace period is over."""
        if self._grace_ends is None or now < self._grace_ends:
            return False
        self._go(Event.GRACE_ENDS)
        return self._give(None)

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
        self._epoch += 1
        return True
