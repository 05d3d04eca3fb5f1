"""From the first byte of a request to the open WebSocket, or to the refusal."""

from __future__ import annotations

import logging
from http import HTTPStatus

import pytest
import trio
from channel_world import PATIENCE
from raw_websocket import BINARY, CLOSE, TEXT, open_raw, rest, upgrade_request

from pilothouse.channels.errors import ViewerLeft
from pilothouse.testing.websocket_client import client_frame


async def test_request_can_be_looked_at_before_it_is_accepted() -> None:
    async with open_raw() as (server, peer):
        await peer.send_all(upgrade_request(Origin="https://example.org"))
        request = await server.read_request()
        assert request.path == "/stream?apikey=sesame"
        assert request.headers["origin"] == "https://example.org"
        assert await server.accept()
        assert (await peer.receive_some()).startswith(b"HTTP/1.1 101 ")


async def test_request_that_comes_byte_by_byte() -> None:
    async with open_raw() as (server, peer), trio.open_nursery() as nursery:
        nursery.start_soon(server.accept)
        for byte in upgrade_request() + client_frame(BINARY, b"early"):
            await peer.send_all(bytes([byte]))
            await trio.lowlevel.checkpoint()
        with trio.fail_after(PATIENCE):
            assert await server.receive() == b"early"


async def test_frames_right_behind_the_request() -> None:
    async with open_raw() as (server, peer):
        await peer.send_all(upgrade_request() + client_frame(BINARY, b"early") + client_frame(TEXT, b"bird"))
        assert await server.accept()
        with trio.fail_after(PATIENCE):
            assert [await server.receive(), server.receive_nowait(), server.receive_nowait()] == [
                b"early",
                "bird",
                None,
            ]


async def test_compression_is_not_negotiated() -> None:
    offer = "permessage-deflate; client_max_window_bits"
    async with open_raw() as (server, peer):
        await peer.send_all(upgrade_request(Sec_WebSocket_Extensions=offer))
        assert await server.accept()
        assert b"extensions" not in (await peer.receive_some()).lower()
        await server.send(b"a" * 500)
        with trio.fail_after(PATIENCE):
            assert (await peer.receive_some()).endswith(b"a" * 500)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (upgrade_request(Upgrade=None), 426),
        (upgrade_request(Upgrade="h2c"), 426),
        (upgrade_request(Connection=None), 426),
        (upgrade_request(Connection="close"), 426),
        (upgrade_request(Sec_WebSocket_Version=None), 400),
        (upgrade_request(Sec_WebSocket_Version="8"), 400),
        (upgrade_request(Sec_WebSocket_Key=None), 400),
        (upgrade_request(Sec_WebSocket_Key="short"), 400),
    ],
)
async def test_request_that_is_no_websocket_upgrade(request_: bytes, status: int) -> None:
    async with open_raw() as (server, peer):
        await peer.send_all(request_)
        assert not await server.accept()
        assert (await rest(peer)).startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (b"", b""),
        (b"GET / HT", b""),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b""),
        (b"RFB 003.008\n", b""),
        (upgrade_request(line="GET / HTTP/2.0"), b""),
        (upgrade_request(line="GET /" + "x" * 10_000 + " HTTP/1.1"), b"HTTP/1.1 414 "),
        (upgrade_request(X_Long="x" * 10_000), b"HTTP/1.1 431 "),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"HTTP/1.1 431 "),
    ],
)
async def test_request_that_cannot_be_read(request_: bytes, answer: bytes) -> None:
    async with open_raw() as (server, peer):
        await peer.send_all(request_)
        await peer.send_eof()
        with trio.fail_after(PATIENCE), pytest.raises(ViewerLeft):
            await server.read_request()
        assert (await rest(peer)).startswith(answer)


async def test_request_without_an_end() -> None:
    async with open_raw() as (server, peer):
        await peer.send_all(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000)
        with trio.fail_after(PATIENCE):
            with pytest.raises(ViewerLeft):
                await server.read_request()
            with pytest.raises(trio.BrokenResourceError):
                await peer.send_all(b"A: b\r\n")


async def test_what_comes_before_the_answer_cannot_confuse_it() -> None:
    """A client must wait for the answer. The one that does not is read after it, and not taken for broken frames."""
    async with open_raw() as (server, peer):
        await peer.send_all(upgrade_request() + b"\x00\x00 no frame" + client_frame(CLOSE, b""))
        assert await server.accept()
        assert (await peer.receive_some()).startswith(b"HTTP/1.1 101 ")
        with pytest.raises(ViewerLeft):
            await server.receive()


async def test_chosen_subprotocol_is_answered() -> None:
    for chosen in ("one", "two", None):
        async with open_raw() as (server, peer):
            await peer.send_all(upgrade_request(Sec_WebSocket_Protocol="one, two"))
            assert await server.accept(chosen)
            head = (await peer.receive_some()).decode().lower()
            assert ("sec-websocket-protocol: " in head, f"sec-websocket-protocol: {chosen}\r\n" in head) == (
                chosen is not None,
                chosen is not None,
            )


async def test_offered_subprotocols_are_not_quoted_in_what_we_complain_about() -> None:
    for key in (None, "x"):
        async with open_raw() as (server, peer):
            await peer.send_all(upgrade_request(Sec_WebSocket_Protocol='sesame, "', Sec_WebSocket_Key=key))
            assert not await server.accept("sesame")
            answer = await rest(peer)
            assert answer.startswith(b"HTTP/1.1 400 ")
            assert b"sesame" not in answer
    async with open_raw() as (server, peer):
        await peer.send_all(upgrade_request(Sec_WebSocket_Protocol='sesame, "'))
        assert await server.accept()


async def test_reject() -> None:
    body = '{"error": {"code": "origin_not_allowed"}}'
    async with open_raw() as (server, peer):
        await peer.send_all(upgrade_request())
        await server.read_request()
        await server.reject(HTTPStatus.FORBIDDEN, body, {"Content-Type": "application/json", "X-More": "1"})
        head, _, sent = (await rest(peer)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 403 Forbidden\r\n")
        assert [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-type")] == [
            b"Content-Type: application/json"
        ]
        assert b"\r\nX-More: 1" in head
        assert sent == body.encode()


async def test_reject_somebody_who_has_gone() -> None:
    async with open_raw() as (server, peer):
        await peer.send_all(upgrade_request())
        await server.read_request()
        await peer.aclose()
        await server.reject(HTTPStatus.FORBIDDEN, "no", {})


async def test_credentials_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_raw() as (server, peer):
        await peer.send_all(upgrade_request(X_Api_Key="sesame"))
        assert await server.accept()
        await server.send(b"frame")
        await peer.aclose()
        with pytest.raises(ViewerLeft):
            await server.receive()
    assert "sesame" not in caplog.text
