"""The session's own agent: what it tells, when it waits, and that a flow that fails ends nothing but itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import attrs
import pytest
import trio
from headless_chromium import headless_chromium, open_page
from real_chromium import until

from pilothouse.channels.browser_pages import Page
from pilothouse.channels.cdp_link import open_cdp_link
from pilothouse.channels.destination_guard import DestinationGuard
from pilothouse.channels.embedded_agent import AgentTask, run_agent
from pilothouse.channels.live_session import LiveSession
from pilothouse.channels.registry import open_registry
from pilothouse.channels.session_events import AgentPaused, AgentResumed, AgentStep, SessionError, SessionEvent
from pilothouse.protocol import messages
from pilothouse.protocol.control import Viewer
from pilothouse.protocol.messages import ToFrontend
from pilothouse.protocol.user_flow import read_user_flow

ALICE = Viewer("key-1", "tab")
GO: dict[str, Any] = {"type": "waitForExpression", "expression": "window.go", "timeout": 60_000}
TYPE: dict[str, Any] = {"type": "change", "selectors": ["#i"], "value": "opensesame"}


class Frontend:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[ToFrontend] = []

    def tell(self, message: ToFrontend) -> None:
        self.told.append(message)

    async def clipboard(self) -> str:
        await trio.lowlevel.checkpoint()
        return ""


@attrs.frozen
class Desk:
    """A session with a browser, an application that listens, and a frontend."""

    session: LiveSession
    devtools: str
    page: Page
    events: list[SessionEvent]
    frontend: Frontend

    def task(self, *steps: dict[str, Any], **more: Any) -> AgentTask:
        return AgentTask(read_user_flow({"title": "A flow", "steps": list(steps)}), **more)

    async def run(self, task: AgentTask) -> None:
        await run_agent(self.session, task, partial(open_cdp_link, self.devtools), DestinationGuard())

    async def js(self, expression: str) -> Any:
        answer = await self.page.execute("Runtime.evaluate", {"expression": expression, "returnByValue": True})
        return answer["result"].get("value")

    async def until_at(self, number: int, status: str) -> None:
        def there() -> bool:
            return any(
                isinstance(event, AgentStep) and (event.number, event.status) == (number, status)
                for event in self.events
            )

        await until(there)

    def story(self) -> list[str]:
        """What the agent has told, in short."""
        return [
            f"{event.kind} {event.number} {event.status if isinstance(event, AgentStep) else event.control_state}"
            for event in self.events
            if isinstance(event, AgentStep | AgentPaused | AgentResumed)
        ]


@pytest.fixture(scope="module")
def chromium() -> Iterator[str]:
    with headless_chromium() as address:
        yield address


@pytest.fixture
async def desk(chromium: str) -> AsyncIterator[Desk]:
    events: list[SessionEvent] = []
    frontend = Frontend()
    async with open_registry(on_event=events.append) as registry, open_page(chromium) as page:
        await page.execute("Page.bringToFront")
        await page.execute("Runtime.evaluate", {"expression": "document.body.innerHTML = '<input id=i>'"})
        for info in (await page.execute("Target.getTargets"))["targetInfos"]:
            if info["type"] == "page" and info["targetId"] != page.target_id:
                await page.execute("Target.closeTarget", {"targetId": info["targetId"]})
        with registry.attend("pbs_1") as session, session.reachable(ALICE, frontend):
            yield Desk(session, chromium, page, events, frontend)


async def test_tells_the_application_and_the_frontends_of_every_step(desk: Desk) -> None:
    await desk.run(desk.task(TYPE, {"type": "keyUp", "key": "a"}))
    assert desk.story() == ["agent-step 1 started", "agent-step 1 done", "agent-step 2 started", "agent-step 2 done"]
    assert desk.events[0] == AgentStep("pbs_1", 1, 2, "change", "started")
    assert desk.frontend.told[0] == messages.AgentStep(1, 2, "change", "started", None)
    assert len(desk.frontend.told) == 4
    assert desk.session.agent_step == desk.frontend.told[-1], "for whoever comes later"
    assert "opensesame" not in f"{desk.events} {desk.frontend.told}"


async def test_plays_no_more_steps_than_it_may(desk: Desk) -> None:
    await desk.run(desk.task(TYPE, GO, max_steps=1))
    assert desk.story() == ["agent-step 1 started", "agent-step 1 done"]


async def test_waits_while_a_person_has_control_and_goes_on_when_it_is_given_back(desk: Desk) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.run, desk.task(GO, TYPE))
        await desk.until_at(1, "started")
        await desk.session.take_control(ALICE)
        await desk.js("window.go = true")
        await until(lambda: "agent-paused 1 user_control" in desk.story())
        await trio.sleep(0.5)
        assert await desk.js("i.value") == ""
        desk.session.cede_control(ALICE)
    assert await desk.js("i.value") == "opensesame"
    assert desk.story() == [
        "agent-step 1 started",
        "agent-paused 1 user_control",
        *(["agent-step 1 done"] if "agent-step 1 done" in desk.story()[:3] else []),
        "agent-resumed 1 ai_control",
        *(["agent-step 1 done"] if "agent-step 1 done" in desk.story()[3:4] else []),
        "agent-step 2 started",
        "agent-step 2 done",
    ]


async def test_begins_nothing_in_a_session_that_is_paused(desk: Desk) -> None:
    await desk.session.pause()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.run, desk.task(TYPE))
        await until(lambda: desk.story() == ["agent-paused 0 paused"])
        await trio.sleep(0.3)
        assert await desk.js("i.value") == ""
        await desk.session.resume()
    assert desk.story()[1:] == ["agent-resumed 0 ai_control", "agent-step 1 started", "agent-step 1 done"]


async def test_tells_why_a_step_has_failed_and_plays_nothing_more(desk: Desk) -> None:
    await desk.run(desk.task({**TYPE, "selectors": ["#nothing"], "timeout": 200}, TYPE))
    assert desk.story() == ["agent-step 1 started", "agent-step 1 failed"]
    assert desk.events[-2:] == [
        AgentStep("pbs_1", 1, 2, "change", "failed", "none of the selectors finds an element"),
        SessionError("pbs_1", "the agent's flow ends: step 1 (change): none of the selectors finds an element"),
    ]
    assert desk.frontend.told[-1] == messages.AgentStep(
        1, 2, "change", "failed", "none of the selectors finds an element"
    )


async def test_begins_anew_if_that_is_what_it_is_to_do(desk: Desk) -> None:
    failing = {**TYPE, "selectors": ["#nothing"], "timeout": 200}
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.run, desk.task(TYPE, failing, again=True))
        await until(lambda: desk.story().count("agent-step 2 failed") == 2)
        nursery.cancel_scope.cancel()


async def test_a_browser_that_cannot_be_reached_is_a_step_that_failed(desk: Desk) -> None:
    nobody = partial(open_cdp_link, "ws://127.0.0.1:1/")
    await run_agent(desk.session, desk.task(TYPE), nobody, DestinationGuard())
    assert desk.story() == ["agent-step 1 failed"]
