from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio
from channel_world import ALICE, SESSION, SESSION_ID, EntityStore, World, open_world
from trio.testing import MockClock, wait_all_tasks_blocked

from pilothouse.channels.end_signal import EndSignal
from pilothouse.channels.errors import ChannelEnded, NoLongerValid, NotFound, NotReady, SessionEnded
from pilothouse.channels.verification import Entity, Verification, open_verification
from pilothouse.protocol.control import Viewer
from pilothouse.protocol.verdict import Refused, Unknown, Valid

PERIOD = 5.0
TASK = Entity("task", "tsk_1", "o_1")


@pytest.fixture
def store() -> EntityStore:
    return EntityStore()


@pytest.fixture
async def verification(store: EntityStore) -> AsyncIterator[Verification]:
    async with open_verification(store.verify, period=PERIOD, max_failures=3) as verification:
        yield verification


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as world:
        yield world


class Admitted:
    """One channel's part: admitted until its signal says otherwise."""

    def __init__(self, verification: Verification, entity: Entity = SESSION) -> None:
        self.signal = EndSignal()
        self.scope = trio.CancelScope()
        self.error: ChannelEnded | None = None
        self.ended_at: float | None = None
        self._verification = verification
        self._entity = entity

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        with self.scope:
            async with self._verification.admitted(self._entity, self.signal):
                task_status.started()
                try:
                    await self.signal.wait()
                except ChannelEnded as error:
                    self.error, self.ended_at = error, trio.current_time()


async def admit(nursery: trio.Nursery, verification: Verification, entity: Entity = SESSION) -> Admitted:
    admitted = Admitted(verification, entity)
    await nursery.start(admitted.run)
    return admitted


async def test_one_poller_for_many_channels(
    store: EntityStore, verification: Verification, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    for _ in range(100):
        await admit(nursery, verification)
    await wait_all_tasks_blocked()
    before = store.lookups[SESSION]
    await trio.sleep(10 * PERIOD + 1)
    assert store.lookups[SESSION] - before == 10
    assert len(verification) == 1


async def test_refusal_ends_all_channels_of_the_entity_and_no_others(
    store: EntityStore, verification: Verification, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    store.verdicts[TASK] = Valid(SESSION_ID)
    refused = [await admit(nursery, verification) for _ in range(3)]
    other = await admit(nursery, verification, TASK)
    store.verdicts[SESSION] = Refused("the session is over (completed)")
    await trio.sleep(PERIOD + 0.1)
    for admitted in refused:
        assert isinstance(admitted.error, NoLongerValid)
        assert admitted.error.reason == "the session is over (completed)"
    assert other.error is None


async def test_a_session_whose_time_is_over_says_so(
    store: EntityStore, verification: Verification, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    admitted = await admit(nursery, verification)
    store.verdicts[SESSION] = Refused("the session's time is over", timed_out=True)
    await trio.sleep(PERIOD + 0.1)
    assert isinstance(admitted.error, NoLongerValid)
    assert admitted.error.timed_out


async def test_notify_looks_at_once(
    store: EntityStore, verification: Verification, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    admitted = await admit(nursery, verification)
    await trio.sleep(PERIOD * 1.5)
    store.verdicts[SESSION] = Refused("gone")
    now = trio.current_time()
    verification.notify(SESSION.kind, SESSION.id)
    await wait_all_tasks_blocked()
    assert admitted.ended_at == now


async def test_notify_about_something_else(
    store: EntityStore, verification: Verification, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    await admit(nursery, verification)
    await wait_all_tasks_blocked()
    before = store.lookups[SESSION]
    verification.notify("task", SESSION.id)
    verification.notify(SESSION.kind, "pbs_2")
    await wait_all_tasks_blocked()
    assert store.lookups[SESSION] == before


async def test_a_change_during_the_first_look_is_not_missed(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    """The store answers from before the change, and the news of it comes before there is a poller."""
    looked, may_answer = trio.Event(), trio.Event()

    async def verify(_entity: Entity) -> Valid | Refused:
        if looked.is_set():
            return Refused("the session is over (completed)")
        looked.set()
        await may_answer.wait()
        return Valid(SESSION_ID)

    async with open_verification(verify, period=PERIOD) as slow:
        admitted = Admitted(slow)
        nursery.start_soon(admitted.run)
        await looked.wait()
        slow.notify(SESSION.kind, SESSION.id)
        now = trio.current_time()
        may_answer.set()
        await wait_all_tasks_blocked()
        assert admitted.ended_at == now


async def test_end_needs_no_look_up(
    store: EntityStore, verification: Verification, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    admitted = await admit(nursery, verification)
    await wait_all_tasks_blocked()
    before = store.lookups[SESSION]
    verification.end(SESSION.kind, SESSION.id, SessionEnded())
    await wait_all_tasks_blocked()
    assert isinstance(admitted.error, SessionEnded)
    assert store.lookups[SESSION] == before


@pytest.mark.parametrize("how", ["unavailable", "hangs", "broken"])
async def test_two_failures_in_a_row_are_forgiven(
    how: str, store: EntityStore, verification: Verification, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    admitted = await admit(nursery, verification)
    await wait_all_tasks_blocked()
    for _ in range(3):
        setattr(store, how, 2)
        await trio.sleep(6 * PERIOD)
        assert getattr(store, how) == 0
    assert admitted.error is None


@pytest.mark.parametrize("how", ["unavailable", "hangs", "broken"])
async def test_three_failures_in_a_row_end_the_channels(
    how: str, store: EntityStore, verification: Verification, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    admitted = await admit(nursery, verification)
    await wait_all_tasks_blocked()
    before = store.lookups[SESSION]
    setattr(store, how, 3)
    await trio.sleep(10 * PERIOD)
    assert isinstance(admitted.error, NoLongerValid)
    assert admitted.error.reason == "could not be verified"
    assert store.lookups[SESSION] == before + 3


async def test_poller_goes_with_the_last_channel(
    store: EntityStore, verification: Verification, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    first, second = [await admit(nursery, verification) for _ in range(2)]
    first.scope.cancel()
    await trio.sleep(PERIOD + 0.1)
    assert len(verification) == 1
    second.scope.cancel()
    await wait_all_tasks_blocked()
    assert len(verification) == 0
    before = store.lookups[SESSION]
    await trio.sleep(5 * PERIOD)
    assert store.lookups[SESSION] == before


async def test_poller_is_gone_after_a_refusal(
    store: EntityStore, verification: Verification, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    await admit(nursery, verification)
    store.verdicts[SESSION] = Unknown()
    await trio.sleep(PERIOD + 0.1)
    assert len(verification) == 0
    before = store.lookups[SESSION]
    await trio.sleep(5 * PERIOD)
    assert store.lookups[SESSION] == before


@pytest.mark.parametrize(
    ("verdict", "error", "reason"),
    [
        (Unknown(), NotFound, "no such entity"),
        (Refused("the session is over (failed)"), NoLongerValid, "the session is over (failed)"),
        (Valid(None), NotReady, "there is no browser yet"),
    ],
)
async def test_not_admitted(
    verdict: Unknown | Refused | Valid,
    error: type[ChannelEnded],
    reason: str,
    store: EntityStore,
    verification: Verification,
) -> None:
    store.verdicts[SESSION] = verdict
    with pytest.raises(error) as caught:
        async with verification.admitted(SESSION, EndSignal()):
            pass
    assert caught.value.reason == reason
    assert len(verification) == 0


@pytest.mark.parametrize("how", ["unavailable", "hangs"])
async def test_nobody_is_admitted_unseen(
    how: str, store: EntityStore, verification: Verification, autojump_clock: MockClock
) -> None:
    setattr(store, how, 1)
    with trio.fail_after(PERIOD + 1), pytest.raises(NotReady):
        async with verification.admitted(SESSION, EndSignal()):
            pass


async def test_unknown_at_first_is_4404_and_later_4410(world: World, autojump_clock: MockClock) -> None:
    channel = world.frontend()
    await channel.hear()
    world.store.verdicts[SESSION] = Unknown()
    assert (await world.frontend(Viewer("key-1", "late")).running.outcome()).close_code == 4404
    assert (await channel.running.outcome()).close_code == 4410


async def test_task_whose_session_changes(world: World, autojump_clock: MockClock) -> None:
    """Its channels end, and whoever comes again is brought to the new session."""
    world.store.verdicts[TASK] = Valid("pbs_1")
    old = world.frontend(entity=TASK)
    await old.hear()
    world.store.verdicts[TASK] = Valid("pbs_2")

    new = world.frontend(Viewer("key-1", "new"), entity=TASK)
    await new.hear()
    assert not old.running.over
    assert (await old.running.outcome()).close_code == 4411
    await trio.sleep(10 * PERIOD)
    assert not new.running.over
    assert len(world.verification) == 1
    session = world.registry.find("pbs_2")
    assert session is not None
    assert world.registry.find("pbs_1") is None


async def test_task_whose_session_is_deleted(world: World, autojump_clock: MockClock) -> None:
    world.store.verdicts[TASK] = Valid(SESSION_ID)
    channel = world.frontend(entity=TASK)
    await channel.hear()
    world.store.verdicts[TASK] = Valid(None)
    assert (await channel.running.outcome()).close_code == 4410


async def test_session_and_task_meet_in_one_session(world: World) -> None:
    world.store.verdicts[TASK] = Valid(SESSION_ID)
    by_session, by_task = world.frontend(ALICE), world.frontend(Viewer("key-1", "bob"), entity=TASK)
    await by_session.hear()
    await by_task.hear()
    assert len(world.registry) == 1
    assert len(world.verification) == 2
