"""A session with a channel of each kind open, for itself and for what owns it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import attrs
import trio
from whole_server import Frontend, WholeServer, ending_of

from pilothouse.protocol.messages import Ping, Pong
from pilothouse.testing.websocket_client import WebSocketClient

KINDS = ("browser_session", "task", "workflow_run")


@attrs.frozen
class Open:
    """A VNC and a message channel for each of a session, a task and a run that own it."""

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
        """The message channels of these kinds go on."""
        for kind in kinds:
            assert await self.frontends[kind].ask(Ping(kind)) == Pong(kind)


@asynccontextmanager
async def every_channel(server: WholeServer, session_id: str) -> AsyncIterator[Open]:
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
        yield Open(session_id, ids, clients, frontends)
