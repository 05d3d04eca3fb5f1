"""A session with a channel of each kind open, for itself and for what owns it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import attrs
import trio
from gate_client import ask, gate
from rest_client import KEY
from whole_server import Frontend, WholeServer, ending_of

from pilothouse.protocol.messages import BrowserTabs, Ping, Pong
from pilothouse.testing.scripted_devtools import ScriptedDevTools
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer
from pilothouse.testing.websocket_client import WebSocketClient

KINDS = ("browser_session", "task", "workflow_run")


@attrs.frozen
class ScriptedBrowser:
    """A browser's VNC server and its DevTools."""

    vnc: ScriptedVncServer
    devtools: ScriptedDevTools


@attrs.frozen
class Open:
    """A VNC and a message channel for each of a session, a task and a run that own it.

    An agent's connection and an event stream are the session's alone.
    """

    session_id: str
    ids: dict[str, str]
    clients: dict[tuple[str, str], WebSocketClient]
    frontends: dict[str, Frontend]

    async def endings(self) -> set[tuple[int | None, str]]:
        """The close codes and reasons of all of them."""
        found = set()
        async with trio.open_nursery() as nursery:
            for client in self.clients.values():

                async def note(client: WebSocketClient = client) -> None:
                    found.add(await ending_of(client))

                nursery.start_soon(note)
        return found

    async def still_talk(self, *kinds: str) -> None:
        """The message channels of these kinds go on, and for the session itself also its agent and its events."""
        for kind in kinds:
            answer = await self.frontends[kind].ask(Ping(kind))
            while isinstance(answer, BrowserTabs):
                answer = await self.frontends[kind].hear()
            assert answer == Pong(kind)
        if "browser_session" in kinds:
            assert "result" in await ask(self.clients["cdp", "browser_session"], "Browser.getVersion")
            assert self.clients["events", "browser_session"].close_code is None


@asynccontextmanager
async def scripted_browser() -> AsyncIterator[ScriptedBrowser]:
    async with ScriptedVncServer() as vnc, ScriptedDevTools() as devtools:
        yield ScriptedBrowser(vnc, devtools)


@asynccontextmanager
async def every_channel(server: WholeServer, **session: Any) -> AsyncIterator[Open]:
    """The channels of a new session with these fields."""
    async with scripted_browser() as browser:
        session_id = await server.attach(browser.vnc, cdp_address=browser.devtools.address, **session)
        async with every_channel_of(server, session_id) as channels:
            yield channels


@asynccontextmanager
async def every_channel_of(server: WholeServer, session_id: str) -> AsyncIterator[Open]:
    """The channels of a session that is there."""
    ids = {kind: await server.owner_of(session_id, kind) for kind in KINDS}
    clients = {}
    frontends = {}
    async with AsyncExitStack() as stack:
        for kind, entity_id in ids.items():
            viewer = await stack.enter_async_context(server.viewer(entity_id, kind=kind, client_id=kind))
            await viewer.shake_hands()
            frontend = await stack.enter_async_context(server.frontend(entity_id, kind=kind, client_id=kind))
            await frontend.hear()
            frontends[kind] = frontend
            clients |= {("vnc", kind): viewer.client, ("messages", kind): frontend.client}
        agent = await stack.enter_async_context(gate(server, f"{session_id}?apikey={KEY}"))
        await ask(agent, "Browser.getVersion")
        events = await stack.enter_async_context(server.stream(f"events/browser_session/{session_id}", after="0"))
        await events.receive()
        clients |= {("cdp", "browser_session"): agent, ("events", "browser_session"): events}
        yield Open(session_id, ids, clients, frontends)
