from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pilothouse.protocol.control import (
    NO_CONTROL_STATE,
    TRANSITIONS,
    ControlHeld,
    ControlLease,
    ControlState,
    Event,
    LeaseRules,
    NotAsked,
    NotInControl,
    Phase,
    Viewer,
)

ANNA = Viewer("key_1", "tab_a")
BEN = Viewer("key_1", "tab_b")
CARL = Viewer("key_1", "tab_c")
IMPOSTOR = Viewer("key_2", "tab_a")
"""Knows Anna's client id, but has another credential."""

T0 = 1000.0
GRACE_OVER = T0 + 30
IDLE = 20.0
STEALING = LeaseRules()
ASKING = LeaseRules(takeover="ask")
RULES = LeaseRules(idle_seconds=IDLE)

LeaseAction = Callable[[ControlLease], object]

REACH: dict[Phase, list[LeaseAction]] = {
    Phase.AGENT: [],
    Phase.USER: [lambda lease: lease.take(ANNA, T0)],
    Phase.GRACE: [lambda lease: lease.take(ANNA, T0), lambda lease: lease.break_off(ANNA, T0)],
    Phase.ENDED: [lambda lease: lease.end()],
}

CAUSE: dict[Event, LeaseAction] = {
    Event.HOLDER_TAKES: lambda lease: lease.take(ANNA, T0),
    Event.OTHER_TAKES: lambda lease: lease.take(BEN, T0),
    Event.HOLDER_CEDES: lambda lease: lease.cede(ANNA, T0),
    Event.HOLDER_BREAKS_OFF: lambda lease: lease.break_off(ANNA, T0),
    Event.HOLDER_RETURNS: lambda lease: lease.come_back(ANNA, T0),
    Event.HOLDER_IDLES: lambda lease: lease.expire(T0 + IDLE) == "idle",
    Event.GRACE_ENDS: lambda lease: lease.expire(GRACE_OVER) == "grace_over",
    Event.SESSION_ENDS: lambda lease: lease.end(),
}


def lease_in(phase: Phase, rules: LeaseRules = STEALING) -> ControlLease:
    lease = ControlLease(rules)
    for step in REACH[phase]:
        step(lease)
    lease.settle()
    return lease


def held_by_anna(rules: LeaseRules = STEALING) -> ControlLease:
    return lease_in(Phase.USER, rules)


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
    lease = lease_in(phase, RULES)
    CAUSE[event](lease)
    assert lease._phase is TRANSITIONS[phase, event]


@pytest.mark.parametrize(
    ("phase", "event"),
    [
        (phase, event)
        for phase, event in product(Phase, Event)
        if (phase, event) not in TRANSITIONS
        and event not in {Event.HOLDER_TAKES, Event.OTHER_TAKES, Event.HOLDER_CEDES}
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
    assert lease.agent_may_act
    assert lease.state == NO_CONTROL_STATE == ControlState("agent", "ai_control", None, 0)


def test_taking_and_ceding_move_control() -> None:
    lease = ControlLease()
    assert lease.take(ANNA, T0)
    assert lease.holder == ANNA
    assert lease.state == ControlState("user", "user_control", "tab_a", 1)
    assert lease.cede(ANNA, T0)
    assert lease.holder is None
    assert lease.state == ControlState("agent", "ai_control", None, 2)


def test_nobody_acts_between_the_agent_and_a_person_until_all_is_settled() -> None:
    lease = ControlLease()
    lease.take(ANNA, T0)
    assert not lease.agent_may_act
    assert not lease.may_act(ANNA)
    lease.settle()
    assert lease.may_act(ANNA)
    assert not lease.may_act(IMPOSTOR)
    lease.take(BEN, T0)
    assert not lease.may_act(ANNA)
    assert not lease.may_act(BEN)
    lease.settle()
    assert lease.may_act(BEN)


@pytest.mark.parametrize("phase", [Phase.USER, Phase.GRACE])
@pytest.mark.parametrize("other", [BEN, IMPOSTOR], ids=["other client", "other credential"])
def test_whoever_takes_gets_it(phase: Phase, other: Viewer) -> None:
    lease = lease_in(phase)
    assert lease.take(other, T0)
    assert lease.holder == other
    assert lease.state.control_epoch == 2
    assert lease.grace_ends is None


@pytest.mark.parametrize("phase", [Phase.USER, Phase.GRACE])
def test_taking_what_one_has_moves_nothing(phase: Phase) -> None:
    lease = lease_in(phase)
    assert not lease.take(ANNA, T0)
    assert lease.holder == ANNA
    assert lease.may_act(ANNA)
    assert lease.state.control_epoch == 1
    assert lease.grace_ends is None


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("other", [BEN, IMPOSTOR], ids=["other client", "other credential"])
def test_only_the_holder_can_cede(phase: Phase, other: Viewer) -> None:
    lease = lease_in(phase)
    before = (lease.state, lease.grace_ends)
    with pytest.raises(NotInControl):
        lease.cede(other, T0)
    assert (lease.state, lease.grace_ends) == before


def test_what_was_ceded_cannot_be_ceded_again() -> None:
    lease = held_by_anna()
    lease.cede(ANNA, T0)
    with pytest.raises(NotInControl):
        lease.cede(ANNA, T0)
    assert lease.state.control_epoch == 2


@pytest.mark.parametrize("other", [BEN, IMPOSTOR], ids=["other client", "other credential"])
def test_somebody_elses_connection_is_not_the_holders(other: Viewer) -> None:
    lease = held_by_anna()
    lease.break_off(other, T0)
    assert lease.grace_ends is None
    lease.break_off(ANNA, T0)
    lease.come_back(other, T0)
    assert lease.grace_ends == GRACE_OVER


def test_an_absent_holder_keeps_control_for_a_while() -> None:
    lease = lease_in(Phase.GRACE)
    assert lease.holder == ANNA
    assert not lease.agent_may_act
    assert lease.state.interactor == "user"
    assert lease.grace_ends == lease.deadline == GRACE_OVER
    assert lease.expire(GRACE_OVER - 0.001) is None
    assert lease.holder == ANNA
    assert lease.state.control_epoch == 1


def test_then_the_agent_gets_it_once() -> None:
    lease = lease_in(Phase.GRACE)
    assert lease.expire(GRACE_OVER) == "grace_over"
    assert lease.state == ControlState("agent", "ai_control", None, 2)
    assert lease.deadline is None
    assert lease.expire(GRACE_OVER + 1) is None
    assert lease.state.control_epoch == 2


def test_a_holder_that_comes_back_has_lost_nothing() -> None:
    lease = lease_in(Phase.GRACE)
    assert not lease.may_act(ANNA)
    lease.come_back(ANNA, T0)
    assert lease.may_act(ANNA)
    assert lease.expire(GRACE_OVER + 1) is None
    assert lease.holder == ANNA
    assert lease.state.control_epoch == 1


def test_a_second_broken_connection_does_not_prolong_the_grace() -> None:
    lease = lease_in(Phase.GRACE)
    lease.break_off(ANNA, T0 + 10)
    assert lease.grace_ends == GRACE_OVER


def test_each_absence_has_its_own_grace() -> None:
    lease = ControlLease(LeaseRules(grace_seconds=5))
    lease.take(ANNA, T0)
    lease.break_off(ANNA, T0)
    lease.come_back(ANNA, T0)
    lease.break_off(ANNA, T0 + 100)
    assert lease.grace_ends == T0 + 105


def test_a_holder_that_comes_too_late_is_a_viewer_like_any_other() -> None:
    lease = lease_in(Phase.GRACE)
    lease.expire(GRACE_OVER)
    lease.come_back(ANNA, GRACE_OVER)
    assert lease.holder is None
    with pytest.raises(NotInControl):
        lease.cede(ANNA, GRACE_OVER)


def test_a_pause_lets_nobody_act() -> None:
    lease = ControlLease()
    assert lease.pause()
    assert not lease.pause()
    assert not lease.agent_may_act
    assert lease.state == ControlState("agent", "paused", None, 1)
    assert lease.resume(T0)
    assert not lease.resume(T0)
    assert lease.agent_may_act
    assert lease.state == ControlState("agent", "ai_control", None, 2)


def test_who_had_control_before_a_pause_has_it_after() -> None:
    lease = held_by_anna()
    lease.pause()
    lease.settle()
    assert not lease.may_act(ANNA)
    assert lease.state == ControlState("user", "paused", "tab_a", 2)
    lease.resume(T0)
    assert not lease.may_act(ANNA), "not before all is settled"
    lease.settle()
    assert lease.may_act(ANNA)


def test_control_moves_beneath_a_pause_and_nobody_acts() -> None:
    lease = held_by_anna()
    lease.pause()
    lease.take(BEN, T0)
    lease.settle()
    assert not lease.may_act(BEN)
    assert lease.state == ControlState("user", "paused", "tab_b", 3)
    lease.cede(BEN, T0)
    assert not lease.agent_may_act
    lease.resume(T0)
    assert lease.agent_may_act


def test_grace_ends_beneath_a_pause() -> None:
    lease = lease_in(Phase.GRACE)
    lease.pause()
    assert lease.expire(GRACE_OVER) == "grace_over"
    assert lease.state == ControlState("agent", "paused", None, 3)


def test_an_idle_holder_loses_control() -> None:
    lease = held_by_anna(RULES)
    lease.acted(ANNA, T0 + 15)
    lease.acted(BEN, T0 + 18)
    assert lease.expire(T0 + IDLE) is None
    assert lease.deadline == T0 + 15 + IDLE
    assert lease.expire(T0 + 15 + IDLE) == "idle"
    assert lease.agent_may_act


def test_a_holder_is_idle_for_ever_unless_somebody_chose_otherwise() -> None:
    assert held_by_anna().deadline is None


def test_a_pause_and_an_absence_are_no_idleness() -> None:
    lease = held_by_anna(LeaseRules(idle_seconds=10))
    lease.pause()
    assert lease.deadline is None
    lease.resume(T0 + 100)
    assert lease.deadline == T0 + 110
    lease.break_off(ANNA, T0 + 105)
    assert lease.deadline == T0 + 135
    lease.come_back(ANNA, T0 + 120)
    assert lease.deadline == T0 + 130


def test_where_control_is_asked_for_it_cannot_just_be_taken() -> None:
    lease = held_by_anna(ASKING)
    with pytest.raises(ControlHeld):
        lease.take(BEN, T0)
    assert lease.state.control_epoch == 1
    lease.cede(ANNA, T0)
    assert lease.take(BEN, T0), "it is free"


@pytest.mark.parametrize("phase", [Phase.USER, Phase.GRACE])
def test_nobody_answers_means_yes(phase: Phase) -> None:
    lease = lease_in(phase, ASKING)
    assert lease.ask(BEN, T0).ends == lease.deadline == T0 + 15
    assert lease.ask(BEN, T0 + 5).ends == T0 + 15, "asking again changes nothing"
    assert lease.expire(T0 + 14.9) is None
    assert lease.expire(T0 + 15) == "take"
    assert (lease.holder, lease.petition, lease.grace_ends) == (BEN, None, None)
    assert lease.state.control_epoch == 2


def test_the_holder_may_refuse() -> None:
    lease = held_by_anna(ASKING)
    lease.ask(BEN, T0)
    for other in (BEN, CARL, IMPOSTOR):
        with pytest.raises(NotAsked):
            lease.refuse(other)
    assert lease.refuse(ANNA) == BEN
    assert (lease.holder, lease.deadline, lease.state.control_epoch) == (ANNA, None, 1)
    with pytest.raises(NotAsked):
        lease.refuse(ANNA)
    assert lease.ask(BEN, T0 + 100).ends == T0 + 115, "who was refused may ask again"


def test_the_holder_may_grant() -> None:
    lease = held_by_anna(ASKING)
    lease.ask(BEN, T0)
    for other in (BEN, CARL, IMPOSTOR):
        with pytest.raises(NotAsked):
            lease.grant(other, T0)
    assert lease.grant(ANNA, T0)
    assert (lease.holder, lease.petition, lease.state.control_epoch) == (BEN, None, 2)
    with pytest.raises(NotAsked):
        lease.grant(BEN, T0)


def test_the_second_who_asks_is_told_so() -> None:
    lease = held_by_anna(ASKING)
    lease.ask(BEN, T0)
    with pytest.raises(ControlHeld):
        lease.ask(CARL, T0)
    assert not lease.withdraw(CARL)
    assert lease.withdraw(BEN)
    assert lease.ask(CARL, T0).viewer == CARL


@pytest.mark.parametrize("viewer", [ANNA, BEN])
def test_nobody_is_asked_for_what_is_free_or_ones_own(viewer: Viewer) -> None:
    lease = held_by_anna(ASKING) if viewer == ANNA else ControlLease(ASKING)
    with pytest.raises(NotInControl):
        lease.ask(viewer, T0)
    assert lease.petition is None


@pytest.mark.parametrize(
    "lose",
    [lambda lease: lease.cede(ANNA, T0), lambda lease: lease.expire(GRACE_OVER) == "grace_over"],
    ids=["cede", "grace over"],
)
def test_who_has_asked_is_next(lose: LeaseAction) -> None:
    lease = lease_in(Phase.GRACE, LeaseRules(takeover="ask", ask_seconds=100))
    lease.ask(BEN, T0)
    assert lose(lease)
    assert (lease.holder, lease.petition, lease.grace_ends) == (BEN, None, None)
    assert lease.state.control_epoch == 2, "the agent had no moment in between"


@pytest.mark.parametrize("phase", [Phase.AGENT, Phase.USER, Phase.GRACE])
@pytest.mark.parametrize("paused", [False, True])
def test_nobody_acts_after_the_end(phase: Phase, paused: bool) -> None:
    lease = lease_in(phase, RULES)
    if paused:
        lease.pause()
    assert lease.end() == (paused or phase is not Phase.AGENT)
    assert not lease.end()
    lease.settle()
    assert not lease.agent_may_act
    assert not lease.may_act(ANNA)
    assert (lease.holder, lease.deadline) == (None, None)
    assert lease.state.control_state == "ai_control"
    for action in (lambda: lease.take(ANNA, T0), lambda: lease.cede(ANNA, T0), lambda: lease.ask(ANNA, T0)):
        with pytest.raises(NotInControl):
            action()
    assert not lease.pause()
    assert not lease.resume(T0)


class AnyLife(RuleBasedStateMachine):
    """Whatever viewers, operators and the clock do, in any order."""

    viewers = st.sampled_from([ANNA, BEN, CARL, IMPOSTOR])
    rules = st.builds(
        LeaseRules,
        takeover=st.sampled_from(["steal", "ask"]),
        grace_seconds=st.just(30.0),
        ask_seconds=st.sampled_from([15.0, 60.0]),
        idle_seconds=st.none() | st.just(45.0),
    )

    def __init__(self) -> None:
        super().__init__()
        self.lease = ControlLease()
        self.now = T0
        self.over = False

    def moved(self, action: Callable[[], bool]) -> None:
        """The epoch counts the changes that an action tells of, and nothing else."""
        before, epoch = self.facts(), self.lease.state.control_epoch
        try:
            moved = bool(action())
        except (NotInControl, ControlHeld, NotAsked):
            moved = False
            assert self.facts() == before
        assert self.lease.state.control_epoch == epoch + moved
        assert (self.facts() != before) == moved

    def facts(self) -> tuple[Viewer | None, bool, bool]:
        return (self.lease.holder, self.lease.state.control_state == "paused", self.over)

    @rule(rules=rules)
    def begin_anew(self, rules: LeaseRules) -> None:
        self.lease, self.over = ControlLease(rules), False

    @rule(viewer=viewers)
    def take(self, viewer: Viewer) -> None:
        self.moved(lambda: self.lease.take(viewer, self.now))

    @rule(viewer=viewers)
    def ask(self, viewer: Viewer) -> None:
        self.moved(lambda: self.lease.ask(viewer, self.now) is None)

    @rule(viewer=viewers)
    def grant(self, viewer: Viewer) -> None:
        self.moved(lambda: self.lease.grant(viewer, self.now))

    @rule(viewer=viewers)
    def refuse(self, viewer: Viewer) -> None:
        self.moved(lambda: self.lease.refuse(viewer) is None)

    @rule(viewer=viewers)
    def withdraw(self, viewer: Viewer) -> None:
        self.moved(lambda: self.lease.withdraw(viewer) and False)

    @rule(viewer=viewers)
    def cede(self, viewer: Viewer) -> None:
        self.moved(lambda: self.lease.cede(viewer, self.now))

    @rule(viewer=viewers)
    def break_off(self, viewer: Viewer) -> None:
        self.moved(lambda: bool(self.lease.break_off(viewer, self.now)))

    @rule(viewer=viewers)
    def come_back(self, viewer: Viewer) -> None:
        self.moved(lambda: bool(self.lease.come_back(viewer, self.now)))

    @rule(viewer=viewers)
    def act(self, viewer: Viewer) -> None:
        self.moved(lambda: bool(self.lease.acted(viewer, self.now)))

    @rule()
    def settle(self) -> None:
        self.moved(lambda: bool(self.lease.settle()))

    @rule()
    def pause(self) -> None:
        self.moved(self.lease.pause)

    @rule()
    def resume(self) -> None:
        self.moved(lambda: self.lease.resume(self.now))

    @rule(seconds=st.floats(0, 40))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        for _ in range(10):
            deadline = self.lease.deadline
            self.moved(lambda: self.lease.expire(self.now) is not None)
            if deadline is None or deadline > self.now:
                break
        assert self.lease.deadline is None or self.lease.deadline > self.now

    @rule()
    def end(self) -> None:
        epoch = self.lease.state.control_epoch
        noteworthy = self.lease.holder is not None or self.lease.state.control_state == "paused"
        assert self.lease.end() == (noteworthy and not self.over)
        assert self.lease.state.control_epoch == epoch + (not self.over)
        self.over = True

    @invariant()
    def one_at_the_helm_at_most(self) -> None:
        acting = [viewer for viewer in (ANNA, BEN, CARL, IMPOSTOR) if self.lease.may_act(viewer)]
        assert len(acting) + self.lease.agent_may_act <= 1
        assert acting in ([], [self.lease.holder])

    @invariant()
    def nobody_acts_beneath_a_pause_or_after_the_end(self) -> None:
        if self.over or self.lease.state.control_state == "paused":
            assert not self.lease.agent_may_act
            assert not any(self.lease.may_act(viewer) for viewer in (ANNA, BEN, CARL, IMPOSTOR))

    @invariant()
    def the_wire_says_what_is(self) -> None:
        state, holder = self.lease.state, self.lease.holder
        assert state.holder_client_id == (holder.client_id if holder else None)
        assert state.interactor == ("user" if holder else "agent")

    @invariant()
    def only_a_holder_is_asked_or_absent(self) -> None:
        if self.lease.holder is None:
            assert (self.lease.petition, self.lease.grace_ends) == (None, None)
        elif self.lease.petition is not None:
            assert self.lease.petition.viewer != self.lease.holder


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(max_examples=200, stateful_step_count=40)
