"""Several channels of one session: who is whose, who has control, and how many there may be."""

from __future__ import annotations

from contextlib import AsyncExitStack

import attrs
from eventually import eventually, time_flies
from every_channel import scripted_browser
from gate_client import ask, gate
from rest_client import KEY
from stream_viewer import UPDATE_REQUEST, key_event
from trio.testing import MockClock
from whole_server import COLLEAGUES_KEY, Form, WholeServer, ending_of, open_whole_server, watched

from pilothouse.protocol.messages import ControlChanged, TakeControl
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer
from pilothouse_app.settings import Settings

PRESS, RELEASE = (key_event(0x61, down=down) for down in (True, False))


async def test_newer_channel_of_the_same_client(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        async with server.viewer(session_id) as old_viewer, server.frontend(session_id) as old:
            await old_viewer.shake_hands()
            await old.hear()
            await old.ask(TakeControl())
            async with server.viewer(session_id) as viewer, server.frontend(session_id) as frontend:
                replaced = (4409, "replaced by a newer channel of the same client")
                assert await ending_of(old.client) == replaced
                assert await ending_of(old_viewer.client) == replaced
                assert await frontend.hear() == _held_by("tab-1", epoch=1, you=True)
                await viewer.shake_hands()
                await viewer.send(PRESS)
                assert await (await vnc.connection(1)).received_until(PRESS) == PRESS


async def test_same_client_id_with_another_key_is_another_client(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        async with (
            server.frontend(session_id) as mine,
            server.frontend(session_id, key=COLLEAGUES_KEY) as theirs,
            server.viewer(session_id, key=COLLEAGUES_KEY) as their_viewer,
        ):
            await mine.hear()
            await theirs.hear()
            assert await mine.ask(TakeControl()) == _held_by("tab-1", epoch=1, you=True)
            assert await theirs.hear() == _held_by("tab-1", epoch=1)
            await their_viewer.shake_hands()
            await their_viewer.send(PRESS + UPDATE_REQUEST)
            assert await (await vnc.connection()).received_until(UPDATE_REQUEST) == UPDATE_REQUEST
            assert await theirs.ask(TakeControl()) == _held_by("tab-1", epoch=2, you=True)
            assert await mine.hear() == _held_by("tab-1", epoch=2)


async def test_holder_whose_connection_breaks_is_waited_for(server: WholeServer, clock: MockClock) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        async with server.frontend(session_id, client_id="other") as other:
            await other.hear()
            async with server.viewer(session_id) as viewer, server.frontend(session_id) as frontend:
                await viewer.shake_hands()
                await frontend.hear()
                await frontend.ask(TakeControl())
                await viewer.send(PRESS)
                browser = await vnc.connection()
                await browser.received_until(PRESS)
                await viewer.client.break_off()
                await frontend.client.break_off()
                await browser.gone()
                assert bytes(browser.received) == PRESS + RELEASE
            async with server.frontend(session_id) as frontend:
                assert await frontend.hear() == _held_by("tab-1", epoch=1, you=True)
                await frontend.client.break_off()
            assert await other.hear() == _held_by("tab-1", epoch=1)
            async with time_flies(clock):
                assert await other.hear() == ControlChanged("agent", "ai_control", None, 2, you_hold_control=False)


async def test_nobody_asks_about_what_nobody_watches_any_more(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        task_id = await server.owner_of(session_id, "task")
        async with server.frontend(task_id, kind="task") as frontend:
            await frontend.hear()
            assert len(server.services.verification) == 2
        # The session itself is watched as long as it lives.
        await eventually(lambda: len(server.services.verification) == 1)


async def test_more_viewers_than_allowed(form: Form, server_settings: Settings) -> None:
    settings = attrs.evolve(server_settings, max_viewers=2)
    async with open_whole_server(form, settings) as server, watched(server), ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        async with AsyncExitStack() as stack:
            for number in range(2):
                viewer = await stack.enter_async_context(server.viewer(session_id, client_id=f"tab-{number}"))
                await viewer.shake_hands()
            async with server.viewer(session_id, client_id="tab-2") as third:
                assert await ending_of(third.client) == (1013, "too many viewers")
            async with server.viewer(session_id, client_id="tab-1") as again:
                await again.shake_hands()
        for connection in vnc.connections:
            await connection.gone()
        async with server.viewer(session_id, client_id="tab-2") as third:
            await third.shake_hands()


async def test_agents_and_readers_are_counted_apart_from_viewers(form: Form, server_settings: Settings) -> None:
    settings = attrs.evolve(server_settings, max_viewers=2)
    async with open_whole_server(form, settings) as server, watched(server), scripted_browser() as browser:
        session_id = await server.attach(browser.vnc, cdp_address=browser.devtools.address)
        events = f"events/browser_session/{session_id}"
        async with AsyncExitStack() as stack:
            for number in range(2):
                frontend = await stack.enter_async_context(server.frontend(session_id, client_id=f"tab-{number}"))
                await frontend.hear()
                agent = await stack.enter_async_context(gate(server, f"{session_id}?apikey={KEY}"))
                await ask(agent, "Browser.getVersion")
                reader = await stack.enter_async_context(server.stream(events, after="0"))
                await reader.receive()
            async with gate(server, f"{session_id}?apikey={KEY}") as third, server.stream(events) as third_reader:
                for client in (third, third_reader):
                    assert await ending_of(client) == (1013, "too many viewers")
            assert "result" in await ask(agent, "Browser.getVersion")


def _held_by(client_id: str, *, epoch: int, you: bool = False) -> ControlChanged:
    return ControlChanged("user", "user_control", client_id, epoch, you_hold_control=you)
