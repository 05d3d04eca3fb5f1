"""`pilothouse serve` as whoever starts it sees it."""

from __future__ import annotations

import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import trio
from eventually import eventually
from raw_client import HOST, UPGRADE, raw_client, request
from serve_process import COMMAND, ServeProcess, environment, serve_process
from stream_viewer import RfbViewer
from whole_server import ending_of

from pilothouse.testing.scripted_vnc_server import ScriptedVncServer, VncScript
from pilothouse.testing.websocket_client import WebSocketClient, open_websocket_client

KEY = "the-operators-own-key-9f3a"


@asynccontextmanager
async def api(server: ServeProcess, key: str = KEY) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.AsyncHTTPTransport(verify=False)
    base_url = f"http://{HOST}:{server.port}/api/v1"
    async with httpx.AsyncClient(base_url=base_url, transport=transport, headers={"x-api-key": key}) as client:
        yield client


async def attach(client: httpx.AsyncClient, vnc: ScriptedVncServer, **body: str) -> str:
    """A new session whose VNC server is this one; its id."""
    order = {"provider": "attached", "vnc_address": vnc.address, **body}
    session_id: str = (await client.post("/browser_sessions", json=order)).json()["browser_session_id"]
    await eventually(lambda: _runs(client, session_id))
    return session_id


async def _runs(client: httpx.AsyncClient, session_id: str) -> bool:
    session = (await client.get(f"/browser_sessions/{session_id}")).json()
    assert session["status"] != "failed", session
    return bool(session["status"] == "running")


def watch(server: ServeProcess, session_id: str) -> AsyncIterator[WebSocketClient]:
    """Open a session's VNC channel."""
    resource = f"/api/v1/stream/vnc/browser_session/{session_id}?client_id=tab-1&apikey={KEY}"
    return open_websocket_client(HOST, server.port, resource)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
async def test_signal_ends_the_server_and_says_so_to_its_viewers(tmp_path: Path, number: signal.Signals) -> None:
    async with (
        ScriptedVncServer() as vnc,
        serve_process(tmp_path, PILOTHOUSE_API_KEY=KEY) as server,
        api(server) as client,  # keeps its connection
        raw_client(server.port),  # says nothing
        trio.open_nursery() as nursery,
    ):
        session_id = await attach(client, vnc)
        async with watch(server, session_id) as socket_:
            await RfbViewer(socket_).shake_hands()
            endings: list[tuple[int | None, str]] = []

            async def note() -> None:
                endings.append(await ending_of(socket_))

            nursery.start_soon(note)
            assert await server.ended_by(number) == 0
            await eventually(lambda: endings)
        assert endings == [(1001, "the server is stopping")]


async def test_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        env = environment(tmp_path, PILOTHOUSE_PORT=str(port))
        ended = await trio.run_process(COMMAND, env=env, capture_stdout=True, capture_stderr=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.decode() == f"Error: cannot listen on {HOST}:{port}: Address already in use\n"
    assert ended.stdout == b""


async def test_first_start_alone_prints_a_key_that_works(tmp_path: Path) -> None:
    async with serve_process(tmp_path) as server:
        key = await server.told(r"\nAPI key \(shown once\): (ph_\S+)\n")
        async with api(server, key) as client:
            assert (await client.get("/browser_sessions")).status_code == 200
        assert key not in server.log()
        assert await server.ended_by(signal.SIGTERM) == 0
    async with serve_process(tmp_path) as server, api(server, key) as client:
        assert "ph_" not in server.said
        assert (await client.get("/browser_sessions")).status_code == 200


async def test_killed_server_finds_its_attached_sessions_again(tmp_path: Path) -> None:
    async with ScriptedVncServer(VncScript(pixels=b"pixels")) as vnc:
        async with serve_process(tmp_path, PILOTHOUSE_API_KEY=KEY) as server, api(server) as client:
            session_id = await attach(client, vnc)
            assert await server.ended_by(signal.SIGKILL) == -signal.SIGKILL
        async with serve_process(tmp_path, PILOTHOUSE_API_KEY=KEY) as server, api(server) as client:
            await eventually(lambda: _runs(client, session_id))
            async with watch(server, session_id) as socket_:
                viewer = RfbViewer(socket_)
                await viewer.shake_hands()
                assert await viewer.exactly(6) == b"pixels"


async def test_log_holds_no_credentials(tmp_path: Path) -> None:
    wrong, password = "ph_somebodys_wrong_key_0123456789", "sesame-of-vnc"
    async with (
        ScriptedVncServer(VncScript(security_types=(2,), password=password)) as vnc,
        serve_process(tmp_path, PILOTHOUSE_API_KEY=KEY, PILOTHOUSE_LOG_LEVEL="debug") as server,
        api(server) as client,
    ):
        session_id = await attach(client, vnc, vnc_password=password)
        vnc.script = VncScript(security_types=(2,), password="another")
        issued = await client.post(f"/browser_sessions/{session_id}/stream_tokens", json={"scope": "view"})
        token: str = issued.json()["token"]
        offered = {"Sec-WebSocket-Protocol": f"pilothouse.token.{token}"}
        stream = f"/api/v1/stream/vnc/browser_session/{session_id}?client_id=tab-1&apikey="
        for target in (
            stream + KEY,
            stream + wrong,
            stream + token,
            f"/api/v1/stream/x?apikey={KEY}",
            f"/x?apikey={KEY}",
        ):
            # By either lane: served, refused, malformed, not found.
            for headers in (
                {},
                {"Padding": "x" * 9000},
                {"Sec-WebSocket-Key": KEY},
                {"Origin": f"https://{KEY}@x"},
                offered,
                {**offered, "Padding": "x" * 9000, "Sec-WebSocket-Key": token},
                {"Authorization": f"Bearer {token}", "Sec-WebSocket-Protocol": f'pilothouse.token.{token}, "'},
            ):
                for start in ("GET {} HTTP/1.1", "GET {} HTTP/1.0", "GET {}", "POST {} HTTP/1.1"):
                    async with raw_client(server.port) as raw:
                        await raw.send(request(target, {**UPGRADE, **headers}, start=start))
                        await raw.end()
                        await raw.rest()
        async with watch(server, session_id) as viewer:
            assert (await ending_of(viewer))[0] == 4411
        assert await server.ended_by(signal.SIGTERM) == 0
        log = server.log()
    assert "no valid credential" in log
    assert "the VNC server refused the connection" in log
    for secret in (KEY, wrong, password, *filter(None, token.removeprefix("pht_").split("."))):
        assert secret not in log
    assert "Traceback" not in log
