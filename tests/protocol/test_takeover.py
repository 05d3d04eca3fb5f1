from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.protocol.control import NO_CONTROL_STATE, ControlState
from pilothouse.protocol.takeover import TRANSITIONS, Event, Phase, TakeoverRequest

T0 = 1000.0
DEADLINE = T0 + 300

AGENT = NO_CONTROL_STATE
PERSON = ControlState("user", "user_control", "tab", 1)
PAUSED = ControlState("agent", "paused", None, 2)
PERSON_PAUSED = ControlState("user", "paused", "tab", 2)

Action = Callable[[TakeoverRequest], bool]

CAUSE: dict[Event, Action] = {
    Event.PERSON_TAKES: lambda request: request.control_moved(PERSON),
    Event.PERSON_GIVES_BACK: lambda request: request.control_moved(AGENT, given_back=True, note="a note"),
    Event.PERSON_IS_LOST: lambda request: request.control_moved(AGENT),
    Event.PERSON_DECLINES: lambda request: request.decline("a note"),
    Event.ASKER_CANCELS: TakeoverRequest.cancel,
    Event.DEADLINE_PASSES: lambda request: request.expire(DEADLINE),
    Event.SESSION_ENDS: TakeoverRequest.session_over,
}


def asked(control: ControlState = AGENT) -> TakeoverRequest:
    return TakeoverRequest("tor_1", "captcha", "", DEADLINE, control)


def request_in(phase: Phase) -> TakeoverRequest:
    request = asked(PERSON if phase is Phase.TAKEN else AGENT)
    if phase is Phase.RESOLVED:
        request.cancel()
    return request


@pytest.mark.parametrize(("phase", "event"), list(product(Phase, Event)))
def test_the_machine_moves_as_the_table_says_or_stays(phase: Phase, event: Event) -> None:
    request = request_in(phase)
    before = (request.phase, request.outcome, request.answer)
    moved = CAUSE[event](request)
    following = TRANSITIONS.get((phase, event))
    assert moved is (following is not None)
    if following is None:
        assert (request.phase, request.outcome, request.answer) == before
    elif isinstance(following, Phase):
        assert (request.phase, request.outcome) == (following, None)
    else:
        assert (request.phase, request.outcome) == (Phase.RESOLVED, following)


def test_every_way_out_of_both_phases_is_in_the_table() -> None:
    outcomes = {"completed", "declined", "timed_out", "canceled", "session_ended"}
    assert {following for following in TRANSITIONS.values() if isinstance(following, str)} == outcomes
    assert not [phase for phase, _ in TRANSITIONS if phase is Phase.RESOLVED], "what is over stays over"


@pytest.mark.parametrize(
    ("event", "note"),
    [(event, "a note" if event in (Event.PERSON_GIVES_BACK, Event.PERSON_DECLINES) else "") for event in Event],
)
def test_only_a_person_has_something_to_say(event: Event, note: str) -> None:
    request = request_in(Phase.TAKEN)
    CAUSE[event](request)
    assert request.answer == note


def test_whoever_has_control_already_has_taken_it_up() -> None:
    assert asked(PERSON).phase is Phase.TAKEN
    assert asked(AGENT).phase is asked(PAUSED).phase is Phase.WAITING


def test_a_pause_says_nothing_about_help() -> None:
    request = asked(PERSON)
    assert not request.control_moved(PERSON_PAUSED)
    assert not request.control_moved(PERSON)
    assert request.phase is Phase.TAKEN


def test_control_is_taken_and_given_back_during_a_pause_too() -> None:
    request = asked(PAUSED)
    assert request.control_moved(PERSON_PAUSED)
    assert request.control_moved(PAUSED, given_back=True, note="done")
    assert (request.outcome, request.answer) == ("completed", "done")


def test_who_was_lost_has_not_helped() -> None:
    request = asked(PERSON)
    request.control_moved(AGENT)
    assert (request.phase, request.outcome) == (Phase.WAITING, None)
    request.control_moved(PERSON)
    request.control_moved(AGENT, given_back=True, note="back again")
    assert (request.outcome, request.answer) == ("completed", "back again")


def test_the_deadline_is_a_moment() -> None:
    request = asked()
    assert not request.expire(DEADLINE - 0.001)
    assert request.expire(DEADLINE)
    assert request.outcome == "timed_out"


@given(st.lists(st.sampled_from(list(Event))))
def test_the_first_end_is_the_end(events: list[Event]) -> None:
    """Whatever happens: there is an outcome exactly when it is over, and it never changes."""
    request = asked()
    outcomes = []
    for event in events:
        CAUSE[event](request)
        assert (request.outcome is not None) == (request.phase is Phase.RESOLVED)
        outcomes.append(request.outcome)
    ends = [outcome for outcome in outcomes if outcome is not None]
    assert len(set(ends)) <= 1
    assert outcomes[len(outcomes) - len(ends) :] == ends
