"""Channels while somebody else is at the database, and while it does not answer."""

from __future__ import annotations

import sys

import attrs
import trio
from eventually import eventually, time_flies
from every_channel import KINDS, every_channel
from rest_client import KEY
from store_lock import locked_by_another_process
from trio.testing import MockClock
from whole_server import Form, WholeServer, ending_of, open_whole_server, watched

from pilothouse.testing.scripted_vnc_server import ScriptedVncServer
from pilothouse_app.settings import Settings

_STATEMENT = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute(sys.argv[2])
connection.commit()
"""


async def test_session_deleted_by_another_program(form: Form, server_settings: Settings) -> None:
    settings = attrs.evolve(server_settings, verify_seconds=1.0)
    async with (
        open_whole_server(form, settings) as server,
        watched(server),
        every_channel(server) as channels,
    ):
        await _sql(settings, f"DELETE FROM browser_sessions WHERE browser_session_id = '{channels.session_id}'")
        assert {code for code, _ in await channels.endings()} == {4410}


async def test_session_whose_time_is_over(server: WholeServer, clock: MockClock) -> None:
    async with every_channel(server, timeout_minutes=1) as channels:
        await _sql(server.services.settings, "UPDATE browser_sessions SET started_at = '2020-01-01T00:00:00Z'")
        async with time_flies(clock):
            assert await channels.endings() == {(4410, "the session's time is over")}
        session = await server.session_when(channels.session_id, "timeout")
        assert session["failure_reason"] == "the session's time is over"


async def test_session_whose_row_makes_no_sense_any_more(server: WholeServer, clock: MockClock) -> None:
    """Somebody else's SQL ends what it spoilt, not the server."""
    async with every_channel(server) as channels:
        await _sql(server.services.settings, "UPDATE browser_sessions SET status = 'sunk'")
        async with server.viewer(channels.session_id, client_id="late") as late:
            assert await ending_of(late.client) == (1013, "cannot be verified at the moment")
        async with time_flies(clock):
            assert await channels.endings() == {(4410, "could not be verified")}
        path = f"/api/v1/browser_sessions/{channels.session_id}"

        async def failed() -> bool:
            answer = await server.http.get(path, headers={"x-api-key": KEY})
            return answer.is_success and answer.json()["status"] == "failed"

        await eventually(failed)  # up to then the row makes no sense to anybody


async def test_store_that_is_locked_for_ten_seconds(server: WholeServer, clock: MockClock) -> None:
    database = server.services.settings.database_path
    async with every_channel(server) as channels:
        path = f"/api/v1/browser_sessions/{channels.session_id}"
        async with locked_by_another_process(database, "writes"):
            async with server.viewer(channels.session_id, client_id="late") as late:
                await late.shake_hands()
            async with time_flies(clock):
                assert (await server.http.delete(path, headers={"x-api-key": KEY})).status_code == 503
                await trio.sleep(10)
            await channels.still_talk(*KINDS)
        await server.end(channels.session_id)
        assert await channels.endings() == {(1000, "the session has ended")}


async def test_store_that_does_not_answer_for_ten_seconds(server: WholeServer, clock: MockClock) -> None:
    settings = server.services.settings
    async with every_channel(server) as channels:
        await _sql(settings, "ALTER TABLE browser_sessions RENAME TO elsewhere")
        async with time_flies(clock):
            await trio.sleep(10)
        async with server.viewer(channels.session_id, client_id="late") as late:
            assert await ending_of(late.client) == (1013, "cannot be verified at the moment")
        await channels.still_talk(*KINDS)
        await _sql(settings, "ALTER TABLE elsewhere RENAME TO browser_sessions")
        async with time_flies(clock):
            await trio.sleep(60)
        await channels.still_talk(*KINDS)


async def test_store_that_does_not_answer_any_more(server: WholeServer, clock: MockClock) -> None:
    settings = server.services.settings
    async with every_channel(server) as channels:
        await _sql(settings, "ALTER TABLE browser_sessions RENAME TO elsewhere")
        async with time_flies(clock):
            assert await channels.endings() == {(4410, "could not be verified")}
            await _sql(settings, "ALTER TABLE elsewhere RENAME TO browser_sessions")
            session = await server.session_when(channels.session_id, "failed")
        assert session["failure_reason"] == "could not be verified"


async def test_keys_that_cannot_be_looked_up(server: WholeServer) -> None:
    settings = server.services.settings
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        await _sql(settings, "ALTER TABLE api_keys RENAME TO elsewhere")
        async with server.viewer(session_id) as viewer:
            assert await ending_of(viewer.client) == (1013, "not ready yet")
        await _sql(settings, "ALTER TABLE elsewhere RENAME TO api_keys")


async def _sql(settings: Settings, statement: str) -> None:
    """What another program does to the database. In this process, SQLite would keep the file open for us."""
    await trio.run_process([sys.executable, "-c", _STATEMENT, str(settings.database_path), statement])
