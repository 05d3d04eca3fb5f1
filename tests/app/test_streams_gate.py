"""The agent gate in both forms of the whole server: its addresses, who may come in, what they may choose."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest
from at_the_helm import IN_THE_PAGE, Helm, click
from eventually import eventually
from gate_client import answer, ask, gate
from rest_client import KEY, OTHER_KEY
from whole_server import HOST, Form, WholeServer, ending_of, open_whole_server, watched

from pilothouse.channels.execution import ExecutionFailed
from pilothouse.protocol.messages import BrowserUrl, Navigate
from pilothouse.testing.scripted_devtools import ScriptedDevTools
from pilothouse.testing.websocket_client import open_websocket_client
from pilothouse_app.settings import Settings

FOREIGN = {"Origin": "https://evil.example"}


async def attached(server: WholeServer, devtools: ScriptedDevTools) -> str:
    """A session of a browser that has nothing but DevTools."""
    session = await server.api("POST", "/browser_sessions", {"provider": "attached", "cdp_address": devtools.address})
    await server.session_when(session["browser_session_id"], "running")
    return str(session["browser_session_id"])


@pytest.mark.parametrize("path", ["", "/", "/devtools/browser/any-guid"])
async def test_an_agent_reaches_the_browser(server: WholeServer, path: str) -> None:
    async with ScriptedDevTools() as devtools:
        session_id = await attached(server, devtools)
        async with gate(server, f"{session_id}{path}?apikey={KEY}") as agent:
            assert (await ask(agent, "Browser.getVersion"))["result"]["product"] == "Scripted/1"
        await server.end(session_id)


async def test_a_person_takes_control_and_gives_it_back(server: WholeServer) -> None:
    async with ScriptedDevTools() as devtools:
        devtools.answers["Runtime.evaluate"] = lambda params: params
        session_id = await attached(server, devtools)
        address = f"/browser_sessions/{session_id}/control"
        async with gate(server, f"{session_id}?hold_seconds=3600", headers={"x-api-key": KEY}) as agent:
            await ask(agent, "Browser.getVersion")
            await server.api("PUT", address, {"action": "take_control", "client_id": "tab-1"})
            await agent.send(json.dumps({"id": 7, "method": "Runtime.evaluate", "params": {"a": 1}}))
            assert (await ask(agent, "Browser.getVersion"))["result"]["product"] == "Scripted/1"
            await server.api("PUT", address, {"action": "return_control", "client_id": "tab-1"})
            assert await answer(agent) == {"id": 7, "result": {"a": 1}}
        await server.end(session_id)


async def test_the_end_of_the_session_ends_its_agents(server: WholeServer) -> None:
    async with ScriptedDevTools() as devtools:
        session_id = await attached(server, devtools)
        async with gate(server, f"{session_id}?apikey={KEY}") as agent:
            await ask(agent, "Browser.getVersion")
            await server.end(session_id)
            assert (await ending_of(agent))[0] == 1000


async def test_an_agent_whose_token_is_revoked_while_it_waits(server: WholeServer) -> None:
    """Its commands never run; another agent's, held beside them, do."""
    async with ScriptedDevTools() as devtools:
        devtools.answers["Runtime.evaluate"] = lambda params: params
        session_id = await attached(server, devtools)
        token = await server.token(session_id, "agent")
        control = f"/browser_sessions/{session_id}/control"
        async with (
            gate(server, f"{session_id}?token={token['token']}") as revoked,
            gate(server, f"{session_id}?apikey={KEY}") as other,
        ):
            for agent in (revoked, other):
                await ask(agent, "Browser.getVersion")
            commands = [connection.commands for connection in devtools.connections]
            await server.api("PUT", control, {"action": "take_control", "client_id": "tab-1"})
            for agent, who in ((revoked, "revoked"), (other, "other")):
                await agent.send(json.dumps({"id": 7, "method": "Runtime.evaluate", "params": {"who": who}}))
                await ask(agent, "Browser.getVersion")
            await server.api("DELETE", f"/browser_sessions/{session_id}/stream_tokens/{token['token_id']}")
            assert (await ending_of(revoked))[0] == 4401
            await server.api("PUT", control, {"action": "return_control", "client_id": "tab-1"})
            assert await answer(other) == {"id": 7, "result": {"who": "other"}}
            acted = [command for each in commands for command in each if command["method"] == "Runtime.evaluate"]
            assert [command["params"] for command in acted] == [{"who": "other"}]
        await server.end(session_id)


async def test_agents_do_not_replace_each_other(server: WholeServer) -> None:
    async with ScriptedDevTools() as devtools:
        session_id = await attached(server, devtools)
        address = f"{session_id}?apikey={KEY}&client_id=tab-1"
        async with gate(server, address) as one, gate(server, address) as other:
            for agent in (one, other, one):
                assert "result" in await ask(agent, "Browser.getVersion")
        await server.end(session_id)


@pytest.mark.parametrize(
    ("environment", "written"),
    [
        ({}, {}),
        ({"PILOTHOUSE_AUDIT_AGENT_COMMANDS": "true"}, {"Browser.getVersion": 1, "Runtime.evaluate": 3}),
    ],
)
async def test_what_agents_send_is_in_the_trail_when_asked_for(
    environment: dict[str, str], written: dict[str, int], form: Form, server_settings: Settings
) -> None:
    chosen = Settings.from_environment({"HOME": "/", **environment}).audit_agent_commands
    settings = attrs.evolve(server_settings, audit_agent_commands=chosen)
    async with open_whole_server(form, settings) as server, watched(server), ScriptedDevTools() as devtools:
        devtools.answers["Runtime.evaluate"] = lambda params: params
        session_id = await attached(server, devtools)
        token = await server.token(session_id, "agent")
        async with gate(server, f"{session_id}?token={token['token']}") as agent:
            await ask(agent, "Browser.getVersion")
            for _ in range(3):
                assert (await ask(agent, "Runtime.evaluate", expression="'hunter2'"))["result"]
        await server.end(session_id)

        async def trail() -> list[Any]:
            events: list[Any] = await server.api("GET", f"/browser_sessions/{session_id}/events")
            return events if events and events[-1]["kind"] == "session-ended" else []

        events = await eventually(trail)
        told = [event["data"] for event in events if event["kind"] == "agent-command"]
        assert sum((Counter(data["methods"]) for data in told), Counter()) == written
        assert {data["credential_id"] for data in told} == ({token["token_id"]} if written else set())
        assert "hunter2" not in json.dumps(events)


async def test_messages_of_agents_may_be_large(server: WholeServer) -> None:
    async with ScriptedDevTools() as devtools:
        devtools.answers["Runtime.evaluate"] = lambda params: {"size": len(params["x"])}
        session_id = await attached(server, devtools)
        async with gate(server, f"{session_id}?apikey={KEY}") as agent:
            assert (await ask(agent, "Runtime.evaluate", x="x" * 5_000_000))["result"] == {"size": 5_000_000}
        await server.end(session_id)


@pytest.mark.parametrize(("scope", "comes_in"), [("agent", True), ("view", False), ("control", False)])
async def test_tokens_of_agents_come_in_and_others_do_not(server: WholeServer, scope: str, comes_in: bool) -> None:
    async with ScriptedDevTools() as devtools:
        session_id = await attached(server, devtools)
        token = (await server.token(session_id, scope))["token"]
        async with gate(server, f"{session_id}?token={token}") as agent:
            if comes_in:
                assert "result" in await ask(agent, "Browser.getVersion")
            else:
                assert (await ending_of(agent))[0] == 4401
        await server.end(session_id)


@pytest.mark.parametrize(("key", "code"), [("", 4401), ("?apikey=wrong", 4401), (f"?apikey={OTHER_KEY}", 4404)])
async def test_nobody_else_comes_in(server: WholeServer, key: str, code: int) -> None:
    async with ScriptedDevTools() as devtools:
        session_id = await attached(server, devtools)
        async with gate(server, session_id + key) as agent:
            assert (await ending_of(agent))[0] == code
        for path in ("json/version", "json/list"):
            answered = await server.http.get(f"/api/v1/cdp/{session_id}/{path}{key}")
            assert answered.status_code == {4401: 401, 4404: 404}[code]
        await server.end(session_id)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("on_user_control=ask", "on_user_control"),
        ("hold_seconds=0", "hold_seconds"),
        ("hold_seconds=3600.5", "hold_seconds"),
        ("hold_seconds=-1", "hold_seconds"),
        ("hold_seconds=nan", "hold_seconds"),
        ("hold_seconds=1e3", "hold_seconds"),
        ("hold_seconds=٣", "hold_seconds"),
        ("observe=1", "observe"),
    ],
)
async def test_what_makes_no_sense_is_refused(server: WholeServer, query: str, named: str) -> None:
    answered = await server.refusal(f"/api/v1/cdp/pbs_1?{query}", {"x-api-key": KEY})
    assert answered.status_code == 400
    assert named in answered.json()["error"]["message"]


async def test_pages_of_foreign_origins_do_not_come_in(server: WholeServer) -> None:
    assert (await server.refusal(f"/api/v1/cdp/pbs_1?apikey={KEY}", FOREIGN)).status_code == 403


@pytest.mark.parametrize("path", ["pbs_1/json", "pbs_1/devtools", "pbs_1/devtools/page/", "", "../pbs_1"])
async def test_other_paths_are_none(server: WholeServer, path: str) -> None:
    assert (await server.refusal(f"/api/v1/cdp/{path}", {"x-api-key": KEY})).status_code == 404


async def test_libraries_find_the_websocket_as_they_do_with_chromium(helm: Helm) -> None:
    server, query = helm.server, f"apikey={KEY}&hold_seconds=5"
    base = f"/api/v1/cdp/{helm.session_id}"

    async def get(path: str) -> Any:
        answered = await server.http.get(f"{base}/{path}?{query}")
        assert answered.status_code == 200, answered.text
        return answered.json()

    for path in ("json/version", "json/version/"):
        version = await get(path)
        address = urlsplit(version["webSocketDebuggerUrl"])
        assert (address.scheme, address.port, address.query) == ("ws", server.port, query)
        assert address.path.startswith(f"{base}/devtools/browser/")
        assert version["Protocol-Version"] == "1.3"
    for path in ("json", "json/list", "json/list/"):
        [page] = [target for target in await get(path) if target["type"] == "page"]
        assert page["url"] == helm.site.url("/deck")
        assert urlsplit(page["webSocketDebuggerUrl"]).query == query
        assert "127.0.0.1:" + str(server.port) in page["webSocketDebuggerUrl"]
        assert not [name for name in page if "Frontend" in name]
    assert {domain["domain"] for domain in (await get("json/protocol"))["domains"]} >= {"Page", "Runtime"}
    async with open_websocket_client(HOST, server.port, f"{address.path}?{query}") as agent:
        assert "result" in await ask(agent, "Browser.getVersion")
    page_path = urlsplit(page["webSocketDebuggerUrl"]).path
    async with open_websocket_client(HOST, server.port, f"{page_path}?{query}") as agent:
        found = await ask(agent, "Runtime.evaluate", expression="location.pathname")
        assert found["result"]["result"]["value"] == "/deck"


async def test_the_last_page_goes_and_the_session_stays(helm: Helm) -> None:
    async with gate(helm.server, f"{helm.session_id}?apikey={KEY}") as agent:
        listed = (await ask(agent, "Target.getTargets"))["result"]["targetInfos"]
        [page] = [target["targetId"] for target in listed if target["type"] == "page"]
        assert (await ask(agent, "Target.closeTarget", targetId=page))["result"] == {"success": True}

        async def only_a_blank_one() -> bool:
            listed = (await ask(agent, "Target.getTargets"))["result"]["targetInfos"]
            return [target["url"] for target in listed if target["type"] == "page"] == ["about:blank"]

        await eventually(only_a_blank_one)
    assert (await helm.server.api("GET", f"/browser_sessions/{helm.session_id}"))["status"] == "running"


async def test_what_a_person_opens_does_not_wait_for_the_agent(helm: Helm) -> None:
    link = '<title>Quay</title><a href="/deck" target="_blank" style="position: fixed; inset: 0">deck</a>'
    helm.site.add("/quay", link)

    async def opened() -> bool:
        await person.rfb(click(IN_THE_PAGE))
        try:
            return bool(await helm.in_page("document.title === 'Deck'"))
        except ExecutionFailed:
            return False

    async with helm.client() as person, gate(helm.server, f"{helm.session_id}?apikey={KEY}") as agent:
        await ask(agent, "Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
        await person.take_control()
        await person.ask(Navigate(helm.site.url("/quay")), BrowserUrl)
        await eventually(opened, seconds=20)
