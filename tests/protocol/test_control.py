from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.protocol.control import (
    NO_CONTROL_STATE,
    TRANSITIONS,
    ControlLease,
    ControlState,
    Event,
    NotInControl,
    Phase,
    Viewer,
)

ANNA = Viewer("key_1", "tab_a")
BEN = Viewer("key_1", "tab_b")
IMPOSTOR = Viewer("key_2", "tab_a")
"""Knows Anna's client id, but has another credential."""

T0 = 1000.0
GRACE_OVER = T0 + 30

LeaseAction = Callable[[ControlLease], object]

REACH: dict[Phase, list[LeaseAction]] = {
    Phase.AGENT: [],
    Phase.USER: [lambda lease: lease.take(ANNA)],
    Phase.GRACE: [lambda lease: lease.take(ANNA), lambda lease: lease.break_off(ANNA, T0)],
}

CAUSE: dict[Event, LeaseAction] = {
    Event.HOLDER_TAKES: lambda lease: lease.take(ANNA),
    Event.OTHER_TAKES: lambda lease: lease.take(BEN),
    Event.HOLDER_CEDES: lambda lease: lease.cede(ANNA),
    Event.HOLDER_BREAKS_OFF: lambda lease: lease.break_off(ANNA, T0),
    Event.HOLDER_RETURNS: lambda lease: lease.come_back(ANNA),
    Event.GRACE_ENDS: lambda lease: lease.expire(GRACE_OVER),
}


def lease_in(phase: Phase) -> ControlLease:
    lease = ControlLease()
    for step in REACH[phase]:
        step(lease)
    return lease


def phase_of(lease: ControlLease) -> Phase:
    if lease.holder is None:
        return Phase.AGENT
    return Phase.USER if lease.grace_ends is None else Phase.GRACE


@pytest.mark.parametrize(("phase", "event"), list(product(Phase, Event)))
def test_the_machine_moves_as_the_table_says_or_refuses(phase: Phase, event: Event) -> None:
    lease = lease_in(phase)
    if (phase, event) in TRANSITIONS:
        lease._go(event)
        assert lease._phase is TRANSITIONS[phase, event]
    else:
        with pytest.raises(NotInControl):
            lease._go(event)
        assert lease._phase is phase


@pytest.mark.parametrize(("phase", "event"), list(TRANSITIONS))
def test_what_viewers_do_leads_where_the_table_says(phase: Phase, event: Event) -> None:
    lease = lease_in(phase)
    CAUSE[event](lease)
    assert phase_of(lease) is lease._phase is TRANSITIONS[phase, event]


@pytest.mark.parametrize(
    ("phase", "event"),
    [
        (phase, event)
        for phase, event in product(Phase, Event)
        if (phase, event) not in TRANSITIONS and event not in {Event.HOLDER_TAKES, Event.HOLDER_CEDES}
    ],
)
def test_what_does_not_concern_the_lease_changes_nothing(phase: Phase, event: Event) -> None:
    lease = lease_in(phase)
    before = (lease.state, lease.grace_ends)
    assert not CAUSE[event](lease)
    assert (lease.state, lease.grace_ends) == before


def test_the_agent_has_control_until_somebody_takes_it() -> None:
    lease = ControlLease()
    assert lease.holder is None
    assert lease.state == NO_CONTROL_STATE == ControlState("agent", "ai_control", None, 0)


def test_taking_and_ceding_move_control() -> None:
    lease = ControlLease()
    assert lease.take(ANNA)
    assert lease.holder == ANNA
    assert lease.state == ControlState("user", "user_control", "tab_a", 1)
    assert lease.cede(ANNA)
    assert lease.holder is None
    assert lease.state == ControlState("agent", "ai_control", None, 2)


@pytest.mark.parametrize("phase", [Phase.USER, Phase.GRACE])
@pytest.mark.parametrize("other", [BEN, IMPOSTOR], ids=["other client", "other credential"])
def test_whoever_takes_gets_it(phase: Phase, other: Viewer) -> None:
    lease = lease_in(phase)
    assert lease.take(other)
    assert lease.holder == other
    assert lease.state.control_epoch == 2
    assert lease.grace_ends is None


@pytest.mark.parametrize("phase", [Phase.USER, Phase.GRACE])
def test_taking_what_one_has_moves_nothing(phase: Phase) -> None:
    lease = lease_in(phase)
    assert not lease.take(ANNA)
    assert lease.holder == ANNA
    assert lease.state.control_epoch == 1
    assert lease.grace_ends is None


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("other", [BEN, IMPOSTOR], ids=["other client", "other credential"])
def test_only_the_holder_can_cede(phase: Phase, other: Viewer) -> None:
    lease = lease_in(phase)
    before = (lease.state, lease.grace_ends)
    with pytest.raises(NotInControl):
        lease.cede(other)
    assert (lease.state, lease.grace_ends) == before


def test_what_was_ceded_cannot_be_ceded_again() -> None:
    lease = lease_in(Phase.USER)
    lease.cede(ANNA)
    with pytest.raises(NotInControl):
        lease.cede(ANNA)
    assert lease.state.control_epoch == 2


@pytest.mark.parametrize("other", [BEN, IMPOSTOR], ids=["other client", "other credential"])
def test_somebody_elses_connection_is_not_the_holders(other: Viewer) -> None:
    lease = lease_in(Phase.USER)
    lease.break_off(other, T0)
    assert lease.grace_ends is None
    lease.break_off(ANNA, T0)
    lease.come_back(other)
    assert lease.grace_ends == GRACE_OVER


def test_an_absent_holder_keeps_control_for_a_while() -> None:
    lease = lease_in(Phase.GRACE)
    assert lease.holder == ANNA
    assert lease.state.interactor == "user"
    assert lease.grace_ends == GRACE_OVER
    assert not lease.expire(GRACE_OVER - 0.001)
    assert lease.holder == ANNA
    assert lease.state.control_epoch == 1


def test_then_the_agent_gets_it_once() -> None:
    lease = lease_in(Phase.GRACE)
    assert lease.expire(GRACE_OVER)
    assert lease.state == ControlState("agent", "ai_control", None, 2)
    assert lease.grace_ends is None
    assert not lease.expire(GRACE_OVER + 1)
    assert lease.state.control_epoch == 2


def test_a_holder_that_comes_back_has_lost_nothing() -> None:
    lease = lease_in(Phase.GRACE)
    lease.come_back(ANNA)
    assert not lease.expire(GRACE_OVER + 1)
    assert lease.holder == ANNA
    assert lease.state.control_epoch == 1


def test_a_second_broken_connection_does_not_prolong_the_grace() -> None:
    lease = lease_in(Phase.GRACE)
    lease.break_off(ANNA, T0 + 10)
    assert lease.grace_ends == GRACE_OVER


def test_each_absence_has_its_own_grace() -> None:
    lease = ControlLease(grace_seconds=5)
    lease.take(ANNA)
    lease.break_off(ANNA, T0)
    lease.come_back(ANNA)
    lease.break_off(ANNA, T0 + 100)
    assert lease.grace_ends == T0 + 105


def test_a_holder_that_comes_too_late_is_a_viewer_like_any_other() -> None:
    lease = lease_in(Phase.GRACE)
    lease.expire(GRACE_OVER)
    lease.come_back(ANNA)
    assert lease.holder is None
    with pytest.raises(NotInControl):
        lease.cede(ANNA)


viewers = st.sampled_from([ANNA, BEN, IMPOSTOR])
actions = st.one_of(
    st.builds(lambda viewer: lambda lease, now: lease.take(viewer), viewers),
    st.builds(lambda viewer: lambda lease, now: lease.cede(viewer), viewers),
    st.builds(lambda viewer: lambda lease, now: lease.break_off(viewer, now), viewers),
    st.builds(lambda viewer: lambda lease, now: lease.come_back(viewer), viewers),
    st.just(lambda lease, now: lease.expire(now)),
)


@given(st.lists(st.tuples(actions, st.floats(0, 40))))
def test_the_epoch_counts_the_moves_and_nothing_else(
    steps: list[tuple[Callable[[ControlLease, float], bool | None], float]],
) -> None:
    lease, now = ControlLease(), T0
    for action, seconds in steps:
        now += seconds
        holder, epoch = lease.holder, lease.state.control_epoch
        try:
            moved = bool(action(lease, now))
        except NotInControl:
            moved = False
        assert moved == (lease.holder != holder)
        assert lease.state.control_epoch == epoch + moved
        assert phase_of(lease) is lease._phase
        assert lease.state.holder_client_id == (lease.holder.client_id if lease.holder else None)
