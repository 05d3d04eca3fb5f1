"""A request for help: an agent asks that a person takes the helm, and waits until it has been given back.

A request waits, is taken up when a person takes control, and is resolved by the first thing that ends it. `TRANSITIONS`
is the whole machine: what is missing there comes too late, or says nothing new, and changes nothing. The deadline is
for the whole of it: an agent that has said how long it waits is answered by then, also while a person is still at work.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Literal

from pilothouse.protocol.control import ControlState

LARGEST_REASON = 200
"""Characters of the reason for which help is asked."""

LARGEST_NOTE = 2000
"""Characters of what agent and person write to each other."""

LONGEST_DEADLINE = 24 * 60 * 60
"""Seconds that an agent may ask to wait."""

Outcome = Literal["completed", "declined", "timed_out", "canceled", "session_ended"]


class Phase(Enum):
    """States of a request, in the words of the wire."""

    WAITING = "waiting"
    TAKEN = "taken"
    RESOLVED = "resolved"


class Event(Enum):
    """What can happen to a request."""

    PERSON_TAKES = auto()
    PERSON_GIVES_BACK = auto()
    PERSON_IS_LOST = auto()
    PERSON_DECLINES = auto()
    ASKER_CANCELS = auto()
    DEADLINE_PASSES = auto()
    SESSION_ENDS = auto()


_ENDS_EITHER_WAY: Mapping[Event, Outcome] = {
    Event.PERSON_DECLINES: "declined",
    Event.ASKER_CANCELS: "canceled",
    Event.DEADLINE_PASSES: "timed_out",
    Event.SESSION_ENDS: "session_ended",
}

TRANSITIONS: dict[tuple[Phase, Event], Phase | Outcome] = {
    (Phase.WAITING, Event.PERSON_TAKES): Phase.TAKEN,
    (Phase.TAKEN, Event.PERSON_GIVES_BACK): "completed",
    (Phase.TAKEN, Event.PERSON_IS_LOST): Phase.WAITING,
    **{(Phase.WAITING, event): outcome for event, outcome in _ENDS_EITHER_WAY.items()},
    **{(Phase.TAKEN, event): outcome for event, outcome in _ENDS_EITHER_WAY.items()},
}


class TakeoverRequest:
    """One request. Pure: the caller brings the time, in seconds of any steady clock.

    Every method returns whether it changed anything.

    Args:
        request_id: names it.
        reason: why help is needed, short, for people.
        note: more about it, for people.
        deadline: when the agent stops waiting.
        control: of the session at this moment; whoever has control already has taken the request up.

    Attributes:
        phase: how far it is.
        outcome: how it ended; None until it has.
        answer: what the person had to say; empty when nothing.
    """

    __slots__ = ("answer", "deadline", "note", "outcome", "phase", "reason", "request_id")

    def __init__(self, request_id: str, reason: str, note: str, deadline: float, control: ControlState) -> None:
        self.request_id = request_id
        self.reason = reason
        self.note = note
        self.deadline = deadline
        self.phase = Phase.WAITING
        self.outcome: Outcome | None = None
        self.answer = ""
        self.control_moved(control)

    def control_moved(self, control: ControlState, *, given_back: bool = False, note: str = "") -> bool:
        """Control of the session may be with somebody else now; whether it is paused makes no difference here.

        Args:
            control: as it is now.
            given_back: whether a person has given control back by an act of theirs.
            note: what that person had to say.
        """
        if control.interactor == "user":
            return self._go(Event.PERSON_TAKES)
        return self._go(Event.PERSON_GIVES_BACK if given_back else Event.PERSON_IS_LOST, note)

    def decline(self, note: str) -> bool:
        """A person does not want to, or cannot help."""
        return self._go(Event.PERSON_DECLINES, note)

    def cancel(self) -> bool:
        """Whoever asked needs no help any more."""
        return self._go(Event.ASKER_CANCELS)

    def session_over(self) -> bool:
        """The session has ended."""
        return self._go(Event.SESSION_ENDS)

    def expire(self, now: float) -> bool:
        """See whether the deadline has passed."""
        return now >= self.deadline and self._go(Event.DEADLINE_PASSES)

    def _go(self, event: Event, note: str = "") -> bool:
        following = TRANSITIONS.get((self.phase, event))
        if following is None:
            return False
        if isinstance(following, Phase):
            self.phase = following
        else:
            self.phase, self.outcome, self.answer = Phase.RESOLVED, following, note
        return True
