"""`pilothouse.agent` and a server: help is asked for under Trio and under asyncio, over a network with flaws."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import anyio
import pytest
import trio
from eventually import eventually
from rest_client import KEY, OTHER_KEY
from unreliable_network import UnreliableNetwork, open_unreliable_network
from whole_server import Frontend, WholeServer

from pilothouse import agent
from pilothouse.protocol.messages import (
    CedeControl,
    DeclineTakeover,
    MessageId,
    Note,
    TakeControl,
    TakeoverRequested,
    TakeoverResolved,
    ToFrontend,
)
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer

ResultT = TypeVar("ResultT")
_MessageT = TypeVar("_MessageT", bound=ToFrontend)

LOOPS = ("trio", "asyncio")


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
async def session_id(server: WholeServer) -> AsyncIterator[str]:
    async with ScriptedVncServer() as vnc:
        yield await server.attach(vnc)


async def elsewhere(loop: str, work: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """Run a program of its own, on a loop of its own, in a thread of its own."""
    with trio.fail_after(60):
        return await trio.to_thread.run_sync(
            partial(anyio.run, work, backend=loop, backend_options={}), abandon_on_cancel=True
        )


def gate(port: int, session_id: str) -> str:
    return f"http://127.0.0.1:{port}/api/v1/cdp/{session_id}"


async def ask(url: str, key: str = KEY, **more: Any) -> agent.Takeover:
    async with agent.connect(url, key) as helm:
        return await helm.request_takeover("captcha", **more)


async def hear(frontend: Frontend, kind: type[_MessageT]) -> _MessageT:
    while not isinstance(message := await frontend.hear(), kind):
        pass
    return message


@asynccontextmanager
async def asking(
    loop: str, work: Callable[[], Awaitable[agent.Takeover]]
) -> AsyncIterator[Callable[[], Awaitable[agent.Takeover]]]:
    """An agent that asks meanwhile; call what is given to have its answer."""
    results: list[agent.Takeover] = []

    async def run() -> None:
        results.append(await elsewhere(loop, work))

    async def answer() -> agent.Takeover:
        return (await eventually(lambda: results, seconds=30))[0]

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        yield answer


async def test_a_person_helps(server: WholeServer, session_id: str, loop: str) -> None:
    ask_for_help = partial(ask, gate(server.port, session_id), deadline_seconds=60, note="the one with the boats")
    async with server.frontend(session_id) as person, asking(loop, ask_for_help) as answer:
        asked = await hear(person, TakeoverRequested)
        assert (asked.reason, asked.note, asked.state) == ("captcha", "the one with the boats", "waiting")
        await person.say(TakeControl())
        assert (await hear(person, TakeoverRequested)).state == "taken"
        await person.say(CedeControl(Note("it was a trawler")))
        took = await answer()
    assert took == agent.Takeover("completed", "it was a trawler", None, None)
    assert took.completed


async def test_a_person_helps_by_rest_alone(server: WholeServer, session_id: str, loop: str) -> None:
    control = f"/browser_sessions/{session_id}/control"
    async with asking(loop, partial(ask, gate(server.port, session_id))) as answer:
        session = await eventually(lambda: server.services.registry.find(session_id))
        await eventually(session.takeovers.open_request)
        await server.api("PUT", control, {"action": "take_control", "client_id": "robot"})
        await server.api("PUT", control, {"action": "return_control", "client_id": "robot", "note": "done"})
        assert await answer() == agent.Takeover("completed", "done")


async def test_a_person_declines(server: WholeServer, session_id: str, loop: str) -> None:
    async with (
        server.frontend(session_id) as person,
        asking(loop, partial(ask, gate(server.port, session_id))) as answer,
    ):
        asked = await hear(person, TakeoverRequested)
        await person.say(DeclineTakeover(MessageId(asked.request_id), Note("no time")))
        took = await answer()
    assert took == agent.Takeover("declined", "no time")
    assert not took.completed


async def test_nobody_comes(server: WholeServer, session_id: str, loop: str) -> None:
    took = await elsewhere(loop, partial(ask, gate(server.port, session_id), deadline_seconds=1))
    assert took.outcome == "timed_out"


async def test_the_session_ends_before_and_while_it_is_waited(server: WholeServer, session_id: str, loop: str) -> None:
    async with (
        server.frontend(session_id) as person,
        asking(loop, partial(ask, gate(server.port, session_id))) as answer,
    ):
        await hear(person, TakeoverRequested)
        await server.end(session_id)
        assert (await answer()).outcome == "session_ended"
    assert (await elsewhere(loop, partial(ask, gate(server.port, session_id)))).outcome == "session_ended"


async def test_who_is_cancelled_needs_no_help(server: WholeServer, session_id: str, loop: str) -> None:
    told = trio.Event()
    token = trio.lowlevel.current_trio_token()

    async def give_up_when_told() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(ask, gate(server.port, session_id)))
            await anyio.to_thread.run_sync(partial(trio.from_thread.run, told.wait, trio_token=token))
            tasks.cancel_scope.cancel()

    async with server.frontend(session_id) as person, trio.open_nursery() as nursery:
        nursery.start_soon(elsewhere, loop, give_up_when_told)
        asked = await hear(person, TakeoverRequested)
        await eventually(lambda: server.services.registry.find(session_id))
        told.set()
        assert await hear(person, TakeoverResolved) == TakeoverResolved(asked.request_id, "canceled")


async def test_who_has_control(server: WholeServer, session_id: str, loop: str) -> None:
    async def look() -> agent.Control:
        async with agent.connect(gate(server.port, session_id), KEY) as helm:
            return await helm.control()

    assert await elsewhere(loop, look) == agent.Control("agent", "ai_control", None, 0)
    async with server.frontend(session_id, client_id="tab-7") as person:
        await person.ask(TakeControl())
        assert await elsewhere(loop, look) == agent.Control("user", "user_control", "tab-7", 1)


async def test_an_agents_token_is_enough(server: WholeServer, session_id: str, loop: str) -> None:
    body = {"scope": "agent"}
    token = (await server.api("POST", f"/browser_sessions/{session_id}/stream_tokens", body))["token"]

    async def ask_who_it_is_and_for_help() -> tuple[agent.Control, agent.Takeover]:
        async with agent.connect(gate(server.port, session_id), token) as helm:
            return await helm.control(), await helm.request_takeover("captcha", deadline_seconds=1)

    control, took = await elsewhere(loop, ask_who_it_is_and_for_help)
    assert (control.interactor, took.outcome) == ("agent", "timed_out")


async def test_a_no_is_a_clear_error(server: WholeServer, session_id: str, loop: str) -> None:
    url = gate(server.port, session_id)
    refused = [
        (ask, (url, "wrong"), {}, 401, "unauthorized"),
        (ask, (url, OTHER_KEY), {}, 404, "not_found"),
        (ask, (url,), {"deadline_seconds": 0}, 422, "validation_failed"),
        (ask, (gate(server.port, "pbs_0"),), {}, 404, "not_found"),
    ]
    for work, arguments, more, status, code in refused:
        with pytest.raises(agent.Refused) as caught:
            await elsewhere(loop, partial(work, *arguments, **more))
        assert (caught.value.status, caught.value.code) == (status, code)
        assert str(caught.value).endswith(".")


async def test_a_second_agent_learns_of_the_first(server: WholeServer, session_id: str, loop: str) -> None:
    first = await server.api("POST", f"/browser_sessions/{session_id}/takeover_requests", {"reason": "first"})
    with pytest.raises(agent.AlreadyAsked) as caught:
        await elsewhere(loop, partial(ask, gate(server.port, session_id)))
    assert caught.value.request_id == first["request_id"]


@pytest.fixture
async def network(server: WholeServer) -> AsyncIterator[UnreliableNetwork]:
    async with open_unreliable_network(server.port) as network:
        yield network


async def test_brief_trouble_of_the_network_is_outlived(
    server: WholeServer, session_id: str, network: UnreliableNetwork, loop: str
) -> None:
    """The first answer is lost, so that the request is sent twice; then connections break while it waits."""
    network.lose_answers = 1
    ask_for_help = partial(ask, gate(network.port, session_id), deadline_seconds=60)
    async with server.frontend(session_id) as person, asking(loop, ask_for_help) as answer:
        asked = await hear(person, TakeoverRequested)
        for _ in range(3):
            before = network.connections
            await network.break_all()
            await eventually(lambda before=before: network.connections > before)  # type: ignore[misc]
        await person.say(TakeControl())
        taken = await hear(person, TakeoverRequested)
        assert (taken.request_id, taken.state) == (asked.request_id, "taken"), "it was asked once"
        await person.say(CedeControl())
        assert (await answer()).completed
    assert network.lost_answers == 1


async def test_trouble_that_does_not_end_is_a_clear_error(loop: str) -> None:
    async def look() -> agent.Control:
        async with agent.connect(gate(1, "pbs_1"), KEY) as helm:
            return await helm.control(seconds=0.5)

    with pytest.raises(agent.Unreachable, match="the server is not to be reached"):
        await elsewhere(loop, look)


async def test_what_is_no_pilothouse_is_a_clear_error(network: UnreliableNetwork, loop: str) -> None:
    async def look() -> agent.Control:
        async with agent.connect(f"http://127.0.0.1:{network.port}/elsewhere/api/v1/cdp/pbs_1", KEY) as helm:
            return await helm.control()

    with pytest.raises(agent.Refused, match="no Pilothouse") as caught:
        await elsewhere(loop, look)
    assert caught.value.code == "not_pilothouse"
