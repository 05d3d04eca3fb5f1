"""The listener: two lanes on one port, and peers that know no manners."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import trio
from eventually import time_flies
from footprint import Footprint
from raw_client import HOST, PLAIN_UPGRADE, UPGRADE, raw_client, request, reset_at_once, stream_target
from rest_client import KEY
from trio.testing import MockClock, wait_all_tasks_blocked
from whole_server import WholeServer, open_whole_server, watched

from pilothouse.protocol.messages import Ping, encode
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer
from pilothouse.testing.websocket_client import client_frame
from pilothouse_app.lanes import LARGEST_HEAD
from pilothouse_app.server import running_server
from pilothouse_app.settings import Settings
from pilothouse_app.store import StoreError

HEALTH = request("/api/v1/health")
TEXT, CLOSE = 0x81, 0x88


@pytest.fixture
async def server(server_settings: Settings) -> AsyncIterator[WholeServer]:
    """`pilothouse serve` alone: in the other form, the listener is Hypercorn's."""
    async with open_whole_server("serve", server_settings) as server, watched(server):
        yield server


async def test_stream_takes_its_lane_however_slowly_it_is_asked_for(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc, raw_client(server.port) as client:
        await client.send_byte_by_byte(request(stream_target(await server.attach(vnc)), UPGRADE))
        assert (await client.answer()).lane == "stream"


async def test_head_that_is_too_long_to_be_looked_at_takes_the_other_lane(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        target = stream_target(await server.attach(vnc))
        fits = LARGEST_HEAD - len(request(target, {"Padding": "", **UPGRADE}))
        for padding, lane in ((fits, "stream"), (fits + 1, "http"), (fits + 5000, "http")):
            async with raw_client(server.port) as client:
                await client.send(request(target, {"Padding": "x" * padding, **UPGRADE}))
                assert (await client.answer()).lane == lane


async def test_connection_is_kept_for_the_next_request(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc, raw_client(server.port) as client:
        session_id = await server.attach(vnc)
        for _ in range(3):
            await client.send_byte_by_byte(HEALTH)
            answer = await client.answer()
            assert answer.status == 200
            assert b'"ok"' in await client.exactly(int(answer.headers["content-length"]))
        await client.send(request(stream_target(session_id), PLAIN_UPGRADE))
        assert (await client.answer()).status == 101
        await client.up_to(b"control-changed")


async def test_frames_that_do_not_wait_for_the_upgrade_are_not_lost(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc, raw_client(server.port) as client:
        early = b"".join(client_frame(TEXT, encode(Ping(str(number))).encode()) for number in range(5))
        await client.send(request(stream_target(await server.attach(vnc)), PLAIN_UPGRADE) + early)
        assert (await client.answer()).status == 101
        for number in range(5):
            await client.up_to(b'"pong","id":"%d"' % number)


@pytest.mark.parametrize("padding", ["", "x" * LARGEST_HEAD], ids=["stream lane", "http lane"])
async def test_bytes_behind_an_upgrade_end_nothing_but_their_connection(server: WholeServer, padding: str) -> None:
    early = [b"\x00", b"\x81\x05hello", b"\xff" * 100, b"\x82\xff" + b"\x7f" * 12, client_frame(CLOSE, b"")]
    async with ScriptedVncServer() as vnc:
        target = stream_target(await server.attach(vnc))
        for data in early:
            async with raw_client(server.port) as client:
                await client.send(request(target, {"Padding": padding, **PLAIN_UPGRADE}) + data)
                await client.stream.send_eof()
                await client.rest()


@pytest.mark.parametrize(
    ("start", "headers", "status"),
    [
        pytest.param("GET {} HTTP/1.1", {"Sec-WebSocket-Key": "short"}, 400, id="bad key"),
        pytest.param("GET {} HTTP/1.1", {"Sec-WebSocket-Version": "12"}, 400, id="old version"),
        pytest.param("GET {} HTTP/1.1", {"Connection": "close"}, 426, id="no connection upgrade"),
        pytest.param("GET {} HTTP/1.0", {}, 505, id="HTTP/1.0"),
        pytest.param("GET {} HTTP/9.9", {}, None, id="HTTP of the future"),
        pytest.param("GET {}", {}, None, id="no HTTP version"),
        pytest.param("GET {}\xff HTTP/1.1", {}, None, id="not ASCII"),
        pytest.param("GET {} HTTP/1.1", {"Transfer-Encoding": "chunked"}, None, id="with a body to come"),
        pytest.param("GET {} HTTP/1.1", {"Content-Length": "5"}, None, id="with a body"),
        pytest.param("GET {} HTTP/1.1", {"no colon\r\nX": ""}, None, id="no colon"),
        pytest.param("GET {} HTTP/1.1", {"Origin": "null"}, 403, id="foreign origin"),
        pytest.param("GET {} HTTP/1.1", {"Origin": f"http://{HOST}\r\nOrigin: null"}, 403, id="two origins"),
        pytest.param("GET {} HTTP/1.1", {"X-Forwarded-For": "\xff" * 900, "Host": "[\xff"}, 101, id="odd but harmless"),
        pytest.param("POST {} HTTP/1.1", {}, 405, id="POST"),
        pytest.param("GET //[{} HTTP/1.1", {}, 404, id="odd path"),
        pytest.param("GET http://[{} HTTP/1.1", {}, 404, id="odd URL"),
        pytest.param("PRI * HTTP/2.0", {}, None, id="HTTP/2"),
    ],
)
async def test_requests_that_are_no_upgrade(
    server: WholeServer, start: str, headers: dict[str, str], status: int | None
) -> None:
    async with ScriptedVncServer() as vnc, raw_client(server.port) as client:
        target = stream_target(await server.attach(vnc))
        await client.send(request(target, {**PLAIN_UPGRADE, **headers}, start=start))
        if status is not None:
            assert (await client.answer()).status == status
        if status != 101:
            await client.stream.send_eof()
            assert KEY.encode() not in await client.rest()


async def test_noise_ends_nothing_but_its_connection(server: WholeServer, clock: MockClock) -> None:
    noise = random.Random(4)
    tls, http2 = b"\x16\x03\x01\x02\x00\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    for start in (b"", tls, http2, HEALTH, request("/api/v1/stream/x", UPGRADE)):
        for length in (1, 10, 100, 20_000):
            async with raw_client(server.port) as client:
                await client.send_while_possible(start + noise.randbytes(length))
                await client.end()
                async with time_flies(clock):
                    await client.rest()


async def test_peers_that_say_nothing_are_let_go(server: WholeServer, clock: MockClock) -> None:
    for said in (b"", b"G", b"GET /api/v1/stream/vnc/", request("/api/v1/stream/x", UPGRADE)[:-1], HEALTH[:-1]):
        async with raw_client(server.port) as client, time_flies(clock):
            await client.send(said)
            assert await client.rest() == b""


async def test_peers_that_hang_up(server: WholeServer, clock: MockClock) -> None:
    async with ScriptedVncServer() as vnc:
        upgrade = request(stream_target(await server.attach(vnc)), UPGRADE)
        for said in (b"", b"GET /api", upgrade[:60], upgrade[:-1], upgrade, HEALTH[:-1], HEALTH):
            for leave in ("close", "half-close", "reset"):
                async with raw_client(server.port) as client:
                    await client.send(said)
                    if leave == "half-close":
                        await client.end()
                        async with time_flies(clock):
                            await client.rest()
                    elif leave == "reset":
                        await client.reset()
        async with time_flies(clock):
            await trio.sleep(10)  # Hypercorn keeps what it has answered for its keep-alive time, come what may


async def test_peers_that_were_gone_before_they_were_looked_at(server: WholeServer) -> None:
    for said in (b"", HEALTH, request("/api/v1/stream/x", UPGRADE)):
        for _ in range(20):
            # Without a checkpoint, so that the server comes too late.
            reset_at_once(server.port, said)


async def test_viewer_that_never_says_good_bye_back(server: WholeServer, clock: MockClock) -> None:
    async with ScriptedVncServer() as vnc, raw_client(server.port) as client:
        session_id = await server.attach(vnc)
        await client.send(request(stream_target(session_id), UPGRADE))
        await client.answer()
        await client.up_to(b"control-changed")
        await server.end(session_id)
        async with time_flies(clock):
            assert b"the session has ended" in await client.rest()


async def test_client_that_does_not_read_does_not_keep_the_server_from_stopping(server_settings: Settings) -> None:
    stop = trio.Event()

    async def serve(*, task_status: trio.TaskStatus[int]) -> None:
        async with open_whole_server("serve", server_settings) as server:
            task_status.started(server.port)
            await stop.wait()

    async with AsyncExitStack() as clients:
        async with trio.open_nursery() as nursery:
            client = await clients.enter_async_context(raw_client(await nursery.start(serve)))
            nursery.start_soon(client.send_while_possible, request("/api/v1/openapi.json") * 10_000)
            await wait_all_tasks_blocked(0.05)  # until everything between the two is full
            stop.set()
            nursery.cancel_scope.deadline = trio.current_time() + 5
        assert not nursery.cancel_scope.cancelled_caught


async def test_listener_is_closed_when_the_store_does_not_open(server_settings: Settings) -> None:
    server_settings.data_dir.mkdir()
    server_settings.database_path.write_text("this is no database, but long enough to be looked at " * 100)
    before = Footprint.now()
    with pytest.raises(StoreError):
        async with running_server(server_settings):
            raise AssertionError("it runs on no database")
    await before.fits_again()
