"""The agent gate between a client in memory and DevTools that play what they are told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import attrs
import pytest
import trio
from channel_world import ALICE, PATIENCE, Running, World, open_world
from trio.testing import MockClock, wait_all_tasks_blocked

from pilothouse.channels.errors import SessionEnded
from pilothouse.channels.gate import AUDIT_SECONDS, BROWSER_SECONDS, GateChannel
from pilothouse.channels.remote_browser import RemoteBrowser
from pilothouse.channels.session_events import AgentCommands
from pilothouse.protocol.agent_gate import USER_HAS_CONTROL, GateOptions
from pilothouse.protocol.cdp_executor import ConnectionLost
from pilothouse.protocol.control import Viewer
from pilothouse.protocol.held_commands import MOST_COMMANDS
from pilothouse.testing.memory_transport import MemoryClient, memory_transport_pair
from pilothouse.testing.scripted_devtools import DevToolsConnection, ScriptedDevTools

ACT = "Runtime.evaluate"


@attrs.define
class Agent:
    """A client of the gate, and the browser's end of its connection."""

    running: Running
    client: MemoryClient
    browser: DevToolsConnection
    last_id: int = 0

    async def send(self, method: str, **params: Any) -> int:
        self.last_id += 1
        await self.client.send(json.dumps({"id": self.last_id, "method": method, "params": params}))
        return self.last_id

    async def raw(self) -> bytes | str:
        """The next message."""
        with trio.fail_after(PATIENCE):
            return await self.client.receive()

    async def hear(self) -> Any:
        """The next message, as JSON."""
        return json.loads(await self.raw())

    async def ask(self, method: str, **params: Any) -> Any:
        """A command's answer, which is the next message."""
        number = await self.send(method, **params)
        answer = await self.hear()
        assert answer["id"] == number
        return answer

    @property
    def carried_out(self) -> list[str]:
        """The methods that have reached the browser, and the agent's ids."""
        return [f"{command['method']} {command['id']}" for command in self.browser.commands]


@attrs.define
class Stage:
    """A session whose browser is scripted."""

    world: World
    devtools: ScriptedDevTools

    async def agent(self, *, capacity: int = 16, name: str = "agent", audit: bool = False, **options: Any) -> Agent:
        transport, client = memory_transport_pair(capacity=capacity)
        connection = self.world.connection(transport, Viewer("key-1", name, "agent"))
        count = len(self.devtools.connections)
        running = self.world.run(GateChannel(connection, GateOptions(**options), audit=audit))
        with trio.fail_after(PATIENCE):
            return Agent(running, client, await self.devtools.connection(count))

    async def take(self) -> None:
        await self.world.session.take_control(ALICE)

    def give_back(self) -> None:
        self.world.session.cede_control(ALICE)


@asynccontextmanager
async def open_stage(*, deaf: bool = False) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        devtools = await stack.enter_async_context(ScriptedDevTools(deaf=deaf))
        devtools.answers |= {ACT: lambda params: params, "Page.enable": lambda _: {}, "Silence.please": lambda _: None}
        world = await stack.enter_async_context(open_world())
        session = stack.enter_context(world.registry.attend("pbs_1"))

        async def find_devtools() -> str:
            return devtools.address

        session.set_upstream(None, RemoteBrowser(find_devtools))
        yield Stage(world, devtools)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as stage:
        yield stage


def refused(answer: Any) -> bool:
    return bool(answer["error"]["code"] == USER_HAS_CONTROL)


async def test_messages_go_both_ways_as_they_are(stage: Stage) -> None:
    agent = await stage.agent()
    assert await agent.ask(ACT, text="\u2638") == {"id": 1, "result": {"text": "\u2638"}}
    odd = '{ "method":"No.such",\n "id":7, "params":{"x":1.50} }'
    await agent.client.send(odd)
    assert (await agent.hear())["error"]["code"] == -32601
    message = '{"method": "Nobody.knows",  "params":{"n":1.0}}'
    await agent.browser.send(message)
    assert await agent.raw() == message


async def test_what_is_held_comes_out_once_and_in_order(stage: Stage) -> None:
    agent = await stage.agent()
    await stage.take()
    for number in range(3):
        await agent.send(ACT, number=number)
    assert (await agent.ask("Page.enable"))["result"] == {}
    assert agent.carried_out == ["Page.enable 4"]
    stage.give_back()
    await agent.send(ACT, number=3)
    assert [(await agent.hear())["result"] for _ in range(4)] == [{"number": number} for number in range(4)]
    assert agent.carried_out == ["Page.enable 4", f"{ACT} 1", f"{ACT} 2", f"{ACT} 3", f"{ACT} 5"]


async def test_what_is_too_old_is_refused_when_control_comes_back(stage: Stage, autojump_clock: MockClock) -> None:
    agent = await stage.agent(hold_seconds=5)
    await stage.take()
    await agent.send(ACT)
    await trio.sleep(5.1)
    await agent.send(ACT)
    with pytest.raises(trio.TooSlowError), trio.fail_after(60):
        await agent.client.receive()  # nothing is said before
    stage.give_back()
    assert refused(await agent.hear())
    assert refused(await agent.hear())
    assert "result" in await agent.ask(ACT)
    assert agent.carried_out == [f"{ACT} 3"]


async def test_an_agent_that_does_not_want_to_wait_is_refused_at_once(stage: Stage) -> None:
    agent = await stage.agent(on_user_control="refuse")
    await stage.take()
    assert refused(await agent.ask(ACT))
    stage.give_back()
    assert "result" in await agent.ask(ACT)


async def test_who_takes_control_waits_for_what_is_under_way(stage: Stage) -> None:
    agent = await stage.agent()
    number = await agent.send("Silence.please")
    await agent.browser.command("Silence.please")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.take)
        await wait_all_tasks_blocked()
        assert not stage.world.session.agent_may_act
        assert not stage.world.session.holds_control(ALICE)
        await agent.browser.send({"id": number, "result": {}})
    assert stage.world.session.holds_control(ALICE)


async def test_who_takes_control_does_not_wait_for_ever(stage: Stage, autojump_clock: MockClock) -> None:
    agent = await stage.agent()
    await agent.send("Silence.please")
    await agent.browser.command("Silence.please")
    before = trio.current_time()
    await stage.take()
    assert trio.current_time() - before == pytest.approx(1, abs=0.1)


async def test_what_disturbs_a_person_is_taken_back_before_the_person_acts(stage: Stage) -> None:
    method = "Emulation.setFocusEmulationEnabled"
    stage.devtools.answers[method] = lambda _: {}
    agent = await stage.agent()
    await agent.ask(method, enabled=True)
    await stage.take()
    assert [command["params"] for command in agent.browser.commands] == [{"enabled": True}, {"enabled": False}]
    await agent.send(ACT)
    stage.give_back()
    # The gate's own commands are answered to nobody.
    assert (await agent.hear())["id"] == 2
    assert [command["params"] for command in agent.browser.commands[2:]] == [{"enabled": True}, {}]


async def test_several_agents_wait_each_for_itself(stage: Stage) -> None:
    patient, hasty = await stage.agent(name="patient"), await stage.agent(name="hasty", on_user_control="refuse")
    await stage.take()
    await patient.send(ACT, who="patient")
    assert refused(await hasty.ask(ACT))
    late = await stage.agent(name="late")
    await late.send(ACT, who="late")
    stage.give_back()
    assert [(await agent.hear())["result"]["who"] for agent in (patient, late)] == ["patient", "late"]


async def test_nobody_acts_while_the_session_is_paused(stage: Stage) -> None:
    agent = await stage.agent()
    await stage.world.session.pause()
    await agent.send(ACT)
    assert (await agent.ask("Page.enable"))["result"] == {}
    assert agent.carried_out == ["Page.enable 2"]
    await stage.world.session.resume()
    assert (await agent.hear())["id"] == 1


async def test_a_hundred_thousand_commands_are_held_or_refused(stage: Stage) -> None:
    count = 100_000
    agent = await stage.agent(capacity=1000)
    await stage.take()
    refusals: list[Any] = []

    async def hear() -> None:
        while len(refusals) < count - MOST_COMMANDS:
            refusals.append(json.loads(await agent.client.receive()))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(hear)
        for _ in range(count):
            await agent.send(ACT)
    assert "result" in await agent.ask("Page.enable")
    assert all(map(refused, refusals))
    stage.give_back()
    assert [(await agent.hear())["id"] for _ in range(MOST_COMMANDS)] == list(range(1, MOST_COMMANDS + 1))


async def test_an_agent_that_leaves_takes_its_commands_along(stage: Stage) -> None:
    agent = await stage.agent()
    await stage.take()
    await agent.send(ACT)
    await agent.ask("Page.enable")
    await agent.client.close()
    await agent.running.ended()
    stage.give_back()
    await wait_all_tasks_blocked(0.05)
    assert agent.carried_out == ["Page.enable 2"]
    assert stage.devtools.connections == []


@pytest.mark.parametrize("held", [True, False])
async def test_what_makes_no_sense_is_answered_and_changes_nothing(stage: Stage, held: bool) -> None:
    agent = await stage.agent()
    if held:
        await stage.take()
    for message in ("nonsense", "[1]", "{}", '{"id":"x","method":"A.b"}', b"\x00\xff", "\x00"):
        await agent.client.send(message)
        assert (await agent.hear())["error"]["code"] in (-32700, -32600)
    assert (await agent.ask("Page.enable"))["result"] == {}
    assert agent.carried_out == ["Page.enable 1"]


async def test_a_session_that_does_not_exist_is_the_browsers_to_name(stage: Stage) -> None:
    agent = await stage.agent()
    await agent.client.send(json.dumps({"id": 1, "method": ACT, "sessionId": "none"}))
    assert (await agent.hear())["error"]["code"] == -32001
    await stage.take()
    await agent.client.send(json.dumps({"id": 2, "method": ACT, "sessionId": "none"}))
    stage.give_back()
    assert (await agent.hear())["error"]["code"] == -32001


async def test_a_browser_that_goes_ends_the_connection(stage: Stage) -> None:
    agent = await stage.agent()
    await stage.take()
    await agent.send(ACT)
    agent.browser.hang_up()
    assert (await agent.running.outcome()).close_code == 4411
    stage.give_back()  # and nobody waits for it
    assert (await (await stage.agent(name="next")).ask(ACT))["result"] == {}


async def test_a_browser_that_sends_too_much_ends_the_connection(stage: Stage) -> None:
    stage.world.session.set_upstream(None, RemoteBrowser(_finder(stage.devtools.address), max_message_size=1000))
    agent = await stage.agent()
    await agent.browser.send("x" * 1000)
    assert await agent.raw() == "x" * 1000
    await agent.browser.send("x" * 1001)
    assert (await agent.running.outcome()).close_code == 4411


async def test_the_end_of_the_session_ends_the_connection(stage: Stage) -> None:
    agent = await stage.agent()
    await stage.take()
    await agent.send(ACT)
    stage.world.session.end(SessionEnded())
    assert (await agent.running.outcome()).close_code == 1000
    assert agent.carried_out == []


async def test_an_agent_that_closes_the_browser_only_leaves(stage: Stage) -> None:
    agent = await stage.agent()
    assert await agent.ask("Browser.close") == {"id": 1, "result": {}}
    assert (await agent.running.outcome()).close_code == 1000
    assert agent.client.close_code == 1000


async def test_without_devtools_there_is_no_gate(stage: Stage) -> None:
    stage.world.session.set_upstream(None, None)
    transport, _ = memory_transport_pair()
    outcome = await stage.world.run(GateChannel(stage.world.connection(transport))).outcome()
    assert outcome.close_code == 4404


async def test_a_browser_that_cannot_be_found(stage: Stage) -> None:
    async def lost() -> str:
        raise ConnectionLost("it has gone")

    stage.world.session.set_upstream(None, RemoteBrowser(lost))
    transport, _ = memory_transport_pair()
    outcome = await stage.world.run(GateChannel(stage.world.connection(transport))).outcome()
    assert (outcome.close_code, outcome.detail) == (4411, "it has gone")


async def test_a_browser_that_does_not_start(autojump_clock: MockClock) -> None:
    async with open_world() as world:
        transport, _ = memory_transport_pair()
        before = trio.current_time()
        running = world.run(GateChannel(world.connection(transport)))
        while not running.over:  # noqa: ASYNC110 - its outcome would be waited for with a shorter patience
            await trio.sleep(1)
        assert (await running.outcome()).close_code == 4408
        assert trio.current_time() - before == pytest.approx(BROWSER_SECONDS, abs=1)


async def test_an_agent_that_does_not_read_holds_up_nobody_else(stage: Stage) -> None:
    large = "x" * 10 * 2**20
    stage.devtools.answers["Page.captureScreenshot"] = lambda _: {"data": large}
    sleeper = await stage.agent(name="sleeper", capacity=1)
    for _ in range(5):
        await sleeper.send("Page.captureScreenshot")
    other = await stage.agent(name="other")
    assert "result" in await other.ask(ACT)
    await stage.take()
    assert stage.world.session.holds_control(ALICE)
    stage.give_back()
    assert "result" in await other.ask(ACT)
    assert [len((await sleeper.hear())["result"]["data"]) for _ in range(5)] == [len(large)] * 5


async def test_what_disturbs_is_taken_back_from_an_agent_that_does_not_read(stage: Stage) -> None:
    method = "Emulation.setFocusEmulationEnabled"
    stage.devtools.answers[method] = lambda _: {}
    agent = await stage.agent(capacity=0)
    await agent.send(method, enabled=True)
    await agent.send(ACT)
    await agent.browser.command(ACT)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.take)
        while len(agent.browser.commands) < 3:  # noqa: ASYNC110 - the browser tells nobody
            await trio.sleep(0.01)
        assert agent.browser.commands[-1]["params"] == {"enabled": False}
        nursery.cancel_scope.cancel()


async def test_what_has_passed_goes_out_before_what_takes_it_back() -> None:
    async with open_stage(deaf=True) as stage, trio.open_nursery() as nursery:
        agent = await stage.agent()
        await stage.take()
        for _ in range(15):
            await agent.send(ACT, text="x" * 2**20)
        await wait_all_tasks_blocked()
        stage.give_back()
        await agent.send("Emulation.setFocusEmulationEnabled", enabled=True)
        await wait_all_tasks_blocked()  # behind what the browser does not read
        nursery.start_soon(stage.take)
        await wait_all_tasks_blocked()
        with trio.fail_after(PATIENCE):
            sent = [await agent.browser.receive() for _ in range(17)]
        assert [command["params"].get("enabled") for command in sent[-3:]] == [None, True, False]


async def test_a_page_of_the_person_does_not_wait_for_the_agent(stage: Stage, autojump_clock: MockClock) -> None:
    agent = await stage.agent()
    await stage.take()
    attached = {"sessionId": "S", "targetInfo": {"targetId": "page-1", "type": "page"}, "waitingForDebugger": True}
    await agent.browser.event("Target.attachedToTarget", attached)
    assert (await agent.hear())["params"] == attached
    with trio.fail_after(PATIENCE):
        assert (await agent.browser.command("Runtime.runIfWaitingForDebugger"))["sessionId"] == "S"


async def test_events_that_show_the_page_stay_behind_while_a_person_drives(stage: Stage) -> None:
    blind, seeing = await stage.agent(name="blind"), await stage.agent(name="seeing", observe=True)
    await stage.take()
    for agent in (blind, seeing):
        await agent.browser.event("Page.screencastFrame", {})
        await agent.browser.event("Page.frameNavigated", {})
    assert (await blind.hear())["method"] == "Page.frameNavigated"
    assert (await seeing.hear())["method"] == "Page.screencastFrame"


async def test_what_agents_have_sent_is_written_down_without_parameters(
    stage: Stage, autojump_clock: MockClock
) -> None:
    agent = await stage.agent(audit=True)
    await agent.ask(ACT, expression="a secret")
    await agent.ask(ACT, expression="a secret")
    await agent.ask("x" * 100)
    assert stage.world.events == []
    await trio.sleep(AUDIT_SECONDS * 1.5)
    [event] = stage.world.events
    assert isinstance(event, AgentCommands)
    assert event.methods == {ACT: 2, "x" * 64: 1}
    await agent.send("Page.enable")
    await agent.hear()
    await agent.client.close()
    await agent.running.ended()
    assert stage.world.events[-1].data()["methods"] == {"Page.enable": 1}
    assert "secret" not in repr(stage.world.events)


def _finder(address: str) -> Any:
    async def find() -> str:
        return address

    return find
