"""An agent that the whole server runs in a real browser, and a person who takes over."""

from __future__ import annotations

from typing import Any

import trio
from at_the_helm import Helm
from eventually import eventually

from pilothouse.channels.live_session import LiveSession
from pilothouse.protocol.messages import AgentStep, CedeControl

PAGE = "<title>Page</title><input id=i><button id=b onclick='hits = (window.hits ?? 0) + 1'>Go</button>"


async def test_an_agent_plays_a_flow_and_a_person_takes_over(helm: Helm) -> None:
    server, url = helm.server, helm.site.url("/page")
    helm.site.add("/page", PAGE)
    flow = {
        "title": "A flow",
        "steps": [
            {"type": "navigate", "url": url},
            {"type": "waitForExpression", "expression": "window.go", "timeout": 60_000},
            {"type": "change", "selectors": ["#i"], "value": "opensesame"},
            {"type": "click", "selectors": ["#b"]},
        ],
    }
    session_id = await server.order(task=flow)
    await server.session_when(session_id, "running")
    session = server.services.registry.find(session_id)
    assert session is not None
    other = Helm(server, helm.site, session_id, helm._nursery)
    async with other.client("tab-1", viewer=False) as client:
        await eventually(lambda: _in_page(session, "!!document.querySelector('#i')"), seconds=30)
        await client.take_control()
        await _in_page(session, "window.go = true")
        await client.say(CedeControl())
        while (step := await client.hear(AgentStep)).number < 4 or step.status != "done":
            assert step.status != "failed", step
            assert step.total == 4
    assert await _in_page(session, "[i.value, hits]") == ["opensesame", 1]
    # The flow is over, the session is not.
    assert (await server.api("GET", f"/browser_sessions/{session_id}"))["status"] == "running"


async def _in_page(session: LiveSession, script: str) -> Any:
    async with session.execution() as execute:
        return await execute.evaluate_js(script)


async def test_a_person_who_takes_over_in_the_middle_of_a_word_has_the_keyboard_alone(helm: Helm) -> None:
    server, text = helm.server, "All hands on deck! " * 100
    helm.site.add("/page", PAGE)
    flow = {
        "title": "A flow",
        "steps": [
            {"type": "navigate", "url": helm.site.url("/page")},
            {"type": "change", "selectors": ["#i"], "value": text},
            {"type": "click", "selectors": ["#b"]},
        ],
    }
    session_id = await server.order(task=flow)
    await server.session_when(session_id, "running")
    session = server.services.registry.find(session_id)
    assert session is not None
    async with Helm(server, helm.site, session_id, helm._nursery).client("tab-1", viewer=False) as client:
        await eventually(lambda: _in_page(session, "window.i?.value.length > 20"), seconds=30)
        await client.take_control()
        typed = await _in_page(session, "i.value")
        assert text.startswith(typed)
        assert len(typed) < len(text)
        await trio.sleep(0.5)
        assert await _in_page(session, "i.value") == typed
        await _in_page(session, "i.blur()")
        await client.say(CedeControl())
        while (step := await client.hear(AgentStep)).number < 3 or step.status != "done":
            assert step.status != "failed", step
    assert await _in_page(session, "[i.value, hits]") == [text, 1]
    kinds = [event["kind"] for event in await server.api("GET", f"/browser_sessions/{session_id}/events?limit=100")]
    assert kinds.index("agent-paused") < kinds.index("agent-resumed")
