from __future__ import annotations

import trio
from trio.testing import assert_no_checkpoints, wait_all_tasks_blocked

from pilothouse.channels.send_lock import SendLock


async def test_costs_nothing_while_nobody_else_sends() -> None:
    with assert_no_checkpoints():
        async with SendLock():
            pass


async def test_one_at_a_time_in_the_order_of_arrival() -> None:
    lock, order = SendLock(), []

    async def send(name: str, scope: trio.CancelScope) -> None:
        with scope:
            async with lock:
                order.append(name)
                await trio.lowlevel.checkpoint()
                order.append(name)

    async with trio.open_nursery() as nursery, lock:
        scopes = {name: trio.CancelScope() for name in "abc"}
        for name, scope in scopes.items():
            nursery.start_soon(send, name, scope)
            await wait_all_tasks_blocked()
        scopes["b"].cancel()
    assert order == ["a", "a", "c", "c"]


async def test_an_error_inside_releases_it() -> None:
    lock = SendLock()
    try:
        async with lock:
            raise KeyError
    except KeyError:
        pass
    with trio.fail_after(1):
        async with lock:
            pass
