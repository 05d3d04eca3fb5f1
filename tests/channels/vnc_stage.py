"""A session with a scripted VNC server behind it, for the tests of the VNC channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import trio
from channel_world import ALICE, PATIENCE, SESSION_ID, World, open_world
from rfb_viewer import CONTROL, LETTER_A, SHIFT, RfbViewer, cut_text, key, pointer, update_request
from websocket_pair import open_websocket_pair

from pilothouse.channels.live_session import LiveSession
from pilothouse.channels.upstream import Upstream
from pilothouse.channels.vnc import DEFAULT_DEADLINES, Deadlines, VncChannel
from pilothouse.protocol.control import LeaseRules, Viewer
from pilothouse.testing.memory_transport import memory_transport_pair
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer, VncConnection, VncScript

MAY_BE_OVER = (trio.BrokenResourceError, trio.ClosedResourceError)
"""The channel, or the VNC server, may end at any moment."""

INPUT = key(LETTER_A) + key(LETTER_A, down=False) + pointer(1) + pointer(0) + cut_text(b"clip")

HELD = key(SHIFT) + key(LETTER_A) + key(CONTROL) + pointer(1, 30, 40)
RELEASED = key(LETTER_A, down=False) + key(SHIFT, down=False) + key(CONTROL, down=False) + pointer(0, 30, 40)


@attrs.frozen
class Stage:
    """A session with a VNC server behind it."""

    world: World
    session: LiveSession
    server: ScriptedVncServer
    deadlines: Deadlines

    def enter(self, who: Viewer = ALICE) -> RfbViewer:
        """Somebody opens a VNC channel."""
        transport, client = memory_transport_pair()
        channel = VncChannel(self.world.connection(transport, who), deadlines=self.deadlines)
        return RfbViewer(self.world.run(channel), client)

    @asynccontextmanager
    async def enter_over_websocket(self, who: Viewer = ALICE) -> AsyncIterator[RfbViewer]:
        async with open_websocket_pair() as (transport, client):
            channel = VncChannel(self.world.connection(transport, who), deadlines=self.deadlines)
            yield RfbViewer(self.world.run(channel), client)

    async def watching(self, who: Viewer = ALICE, index: int = 0) -> tuple[RfbViewer, VncConnection]:
        """Somebody watches; also the VNC server's end of it."""
        viewer = self.enter(who)
        await viewer.shake_hands()
        return viewer, await self.server.connection(index)

    async def driving(self) -> tuple[RfbViewer, VncConnection]:
        """Alice has control."""
        await self.session.take_control(ALICE)
        return await self.watching()


@asynccontextmanager
async def open_stage(
    script: VncScript | None = None,
    *,
    password: str | None = None,
    deadlines: Deadlines = DEFAULT_DEADLINES,
    rules: LeaseRules | None = None,
) -> AsyncIterator[Stage]:
    async with ScriptedVncServer(script or VncScript()) as server, open_world(rules=rules) as world:
        with world.registry.attend(SESSION_ID) as session:
            session.set_upstream(Upstream(server.address, password))
            yield Stage(world, session, server, deadlines)


MARKERS = [update_request(number) for number in range(50_000, 50_100)]


async def received(connection: VncConnection, viewer: RfbViewer) -> bytes:
    """What has come from this viewer up to now, without the markers that tell us so."""
    marker = next(marker for marker in MARKERS if marker not in connection.received)
    await viewer.say(marker)
    with trio.fail_after(PATIENCE):
        await connection.received_until(marker)
    return without_markers(connection)


def without_markers(connection: VncConnection) -> bytes:
    everything = bytes(connection.received)
    for marker in MARKERS:
        everything = everything.replace(marker, b"")
    return everything
