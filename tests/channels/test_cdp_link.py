from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import cdp.browser
import cdp.target
import pytest
import trio
import trio_websocket
from certificates import self_signed_certificate
from channel_world import PATIENCE
from real_chromium import devtools_of, open_chromium
from trio.testing import MockClock, wait_all_tasks_blocked

from pilothouse.channels.cdp_link import CdpLink, open_cdp_link
from pilothouse.protocol.cdp_executor import (
    CdpEvent,
    CdpFailure,
    CommandRefused,
    ConnectionLost,
    TargetGone,
    UnexpectedResult,
)
from pilothouse.testing.devtools_contract import check_devtools
from pilothouse.testing.scripted_devtools import DevToolsConnection, ScriptedDevTools

FOLLOW_PAGES = {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": True, "filter": [{"type": "page"}]}


def ignore(_event: CdpEvent) -> None:
    pass


@pytest.fixture
async def devtools() -> AsyncIterator[ScriptedDevTools]:
    with trio.fail_after(PATIENCE):
        async with ScriptedDevTools() as devtools:
            devtools.answers["Never.answers"] = lambda _: None
            devtools.answers["Test.echo"] = lambda params: params
            yield devtools


@asynccontextmanager
async def open_link(devtools: ScriptedDevTools) -> AsyncIterator[tuple[CdpLink, DevToolsConnection]]:
    async with open_cdp_link(devtools.address, ignore) as link:
        yield link, await devtools.connection()


async def failure_of(command: Awaitable[object]) -> CdpFailure:
    with pytest.raises(CdpFailure) as caught:
        await command
    return caught.value


class Waiters:
    """Commands that wait in tasks outside of the link's context, as those of a session do."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.nursery = nursery
        self.failures: list[CdpFailure] = []

    async def begin(self, link: CdpLink, count: int = 3) -> None:
        for _ in range(count):
            self.nursery.start_soon(self.wait, link)
        await wait_all_tasks_blocked()

    async def wait(self, link: CdpLink, params: Mapping[str, Any] | None = None) -> None:
        self.failures.append(await failure_of(link.execute("Never.answers", params)))


async def test_the_scripted_browser_keeps_to_the_contract(devtools: ScriptedDevTools) -> None:
    await check_devtools(devtools.address)


async def test_chromium_keeps_to_the_contract() -> None:
    async with open_chromium() as cdp_address:
        await check_devtools(await devtools_of(cdp_address))


async def test_a_command_has_its_result_and_its_session(devtools: ScriptedDevTools) -> None:
    async with open_link(devtools) as (link, connection):
        assert await link.execute("Test.echo", {"text": "ä\ud800😀"}) == {"text": "ä\ufffd😀"}
        assert await link.execute("Test.echo") == {}
        assert [set(command) for command in connection.commands] == [{"id", "method", "params"}] * 2
        await failure_of(link.execute("Test.echo", session_id="S"))
        assert connection.commands[-1]["sessionId"] == "S"


async def test_commands_of_pycdp_have_typed_results(devtools: ScriptedDevTools) -> None:
    devtools.answers["Browser.getVersion"] = lambda _: dict.fromkeys(
        ("protocolVersion", "product", "revision", "userAgent", "jsVersion"), "x"
    )
    devtools.answers["Target.getTargets"] = lambda _: {"targetInfos": [{"brand": "new"}]}
    async with open_link(devtools) as (link, _):
        assert await link.run(cdp.browser.get_version()) == ("x",) * 5
        assert isinstance(await failure_of(link.run(cdp.target.get_targets())), UnexpectedResult)
        assert isinstance(await failure_of(link.run(cdp.browser.close())), CommandRefused)


async def test_no_origin_is_sent_because_chromium_would_refuse_it(devtools: ScriptedDevTools) -> None:
    async with open_link(devtools) as (_, connection):
        assert "origin" not in connection.headers
        assert connection.headers["host"] == devtools.address.split("/")[2]


async def test_events_come_in_their_order_between_the_answers(devtools: ScriptedDevTools) -> None:
    events: list[CdpEvent] = []
    async with open_cdp_link(devtools.address, events.append) as link:
        connection = await devtools.connection()
        for number in range(100):
            await connection.event("Test.happened", {"number": number}, "S")
        await link.execute("Test.echo")
    assert events == [CdpEvent("Test.happened", {"number": number}, "S") for number in range(100)]


async def test_a_cancelled_command_harms_no_other(devtools: ScriptedDevTools) -> None:
    answered: list[dict[str, Any]] = []

    async def ask(link: CdpLink) -> None:
        answered.append(await link.execute("Late.answer"))

    devtools.answers["Late.answer"] = lambda _: None
    async with open_link(devtools) as (link, connection), trio.open_nursery() as nursery:
        nursery.start_soon(ask, link)
        await connection.command("Late.answer")
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as cancelled:
                cancelled.start_soon(link.execute, "Never.answers")
                number = (await connection.command("Never.answers"))["id"]
                assert link.waiting == 2
                scope.cancel()
        assert link.waiting == 1
        await connection.send({"id": number, "result": {"too": "late"}})
        assert await link.execute("Test.echo", {"a": 1}) == {"a": 1}
        await connection.send({"id": connection.commands[0]["id"], "result": {"at": "last"}})
    assert answered == [{"at": "last"}]


async def test_commands_in_a_row_do_not_wait_for_each_other(devtools: ScriptedDevTools) -> None:
    devtools.answers["Late.answer"] = lambda _: None
    async with open_link(devtools) as (link, connection), trio.open_nursery() as nursery:
        answers: list[dict[str, Any] | CdpFailure] = []

        async def ask() -> None:
            row = [("Late.answer", {}), ("No.suchMethod", {}), ("Test.echo", {"n": 2})]
            answers.extend(await link.execute_all(row))

        nursery.start_soon(ask)
        await connection.command("Test.echo")
        methods = [command["method"] for command in connection.commands]
        assert methods == ["Late.answer", "No.suchMethod", "Test.echo"]
        await connection.send({"id": connection.commands[0]["id"], "result": {"n": 0}})
    first, refused, last = answers
    assert (first, last) == ({"n": 0}, {"n": 2})
    assert isinstance(refused, CommandRefused)


async def test_whoever_waits_for_a_page_that_went_hears_of_it(devtools: ScriptedDevTools) -> None:
    async with open_link(devtools) as (link, connection), trio.open_nursery() as nursery:
        connection.sessions["S"] = "page-0"
        nursery.start_soon(gone_for, link, "S")
        await connection.command("Never.answers")
        link.target_gone("S")


async def gone_for(link: CdpLink, session_id: str) -> None:
    assert isinstance(await failure_of(link.execute("Never.answers", session_id=session_id)), TargetGone)


async def test_leaving_ends_all_commands_and_the_connection(devtools: ScriptedDevTools) -> None:
    async with trio.open_nursery() as nursery:
        waiters = Waiters(nursery)
        async with open_link(devtools) as (link, _):
            await waiters.begin(link)
    assert {str(failure) for failure in waiters.failures} == {"Never.answers: the connection to the browser was closed"}
    assert isinstance(await failure_of(link.execute("Test.echo")), ConnectionLost)
    while devtools.connections:
        await wait_all_tasks_blocked(0.01)


async def hangs_up(connection: DevToolsConnection) -> None:
    connection.hang_up()


async def closes(connection: DevToolsConnection) -> None:
    await connection.stream.send_all(b"\x88\x02\x03\xe8")
    connection.hang_up()


async def sends(message: bytes | str, connection: DevToolsConnection) -> None:
    await connection.send(message)


async def sends_raw(data: bytes, connection: DevToolsConnection) -> None:
    await connection.stream.send_all(data)


ENDS: dict[str, Callable[[DevToolsConnection], Awaitable[None]]] = {
    "hangs up": hangs_up,
    "closes": closes,
    "no JSON": partial(sends, "]"),
    "no object": partial(sends, "[]"),
    "binary garbage": partial(sends, b"\xff\xfe"),
    "too large": partial(sends, " " * 2000),
    "no WebSocket": partial(sends_raw, b"\xff" * 100),
    "reserved bits": partial(sends_raw, b"\xf1\x01a"),
    "text that is no UTF-8": partial(sends_raw, b"\x81\x01\xff"),
    "a masked frame": partial(sends_raw, b"\x81\x81\0\0\0\0a"),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_when_the_connection_goes_everybody_hears_so_at_once(
    devtools: ScriptedDevTools, end: Callable[[DevToolsConnection], Awaitable[None]]
) -> None:
    async with trio.open_nursery() as nursery:
        waiters = Waiters(nursery)
        with pytest.raises(ConnectionLost):
            async with open_cdp_link(devtools.address, ignore, max_message_size=1000) as link:
                connection = await devtools.connection()
                await waiters.begin(link)
                await end(connection)
                await trio.sleep_forever()
    assert [type(failure) for failure in waiters.failures] == [ConnectionLost] * 3


async def test_what_was_said_before_hanging_up_still_counts(devtools: ScriptedDevTools) -> None:
    devtools.answers["Browser.close"] = lambda _: None
    answers: list[dict[str, Any]] = []
    with pytest.raises(ConnectionLost):
        async with open_link(devtools) as (link, connection), trio.open_nursery() as nursery:
            nursery.start_soon(say_and_hang_up, connection)
            answers.append(await link.execute("Browser.close"))
            await trio.sleep_forever()
    assert answers == [{"closed": True}]


async def say_and_hang_up(connection: DevToolsConnection) -> None:
    number = (await connection.command("Browser.close"))["id"]
    await connection.send({"id": number, "result": {"closed": True}})
    connection.hang_up()


async def test_a_message_of_the_largest_size_gets_through(devtools: ScriptedDevTools) -> None:
    devtools.answers["Page.captureScreenshot"] = lambda _: {"data": "x" * 20_000_000}
    async with open_link(devtools) as (link, _):
        assert len((await link.execute("Page.captureScreenshot"))["data"]) == 20_000_000


async def test_a_browser_that_stops_reading_is_lost(mock_clock: MockClock) -> None:
    """Some commands are in the system's buffers, some wait for the writer, some for room to wait in."""
    async with ScriptedDevTools(deaf=True) as devtools, trio.open_nursery() as nursery:
        waiters = Waiters(nursery)
        with pytest.raises(ConnectionLost, match="has taken nothing"):
            async with open_cdp_link(devtools.address, ignore) as link:
                await wait_all_tasks_blocked()
                for _ in range(400):
                    nursery.start_soon(waiters.wait, link, {"text": "x" * 100_000})
                with trio.CancelScope() as scope:
                    nursery.start_soon(cancel_when_all_wait, scope)
                    await link.execute("Never.answers")
                assert scope.cancelled_caught, "a command can be cancelled wherever it waits"
                assert waiters.failures == []
                mock_clock.jump(11)
                mock_clock.rate = 1  # closing takes its moment
                await trio.sleep_forever()
    assert [type(failure) for failure in waiters.failures] == [ConnectionLost] * 400


async def cancel_when_all_wait(scope: trio.CancelScope) -> None:
    await wait_all_tasks_blocked()
    scope.cancel()


class BodyFailed(Exception):
    pass


@pytest.mark.parametrize(
    "error", [BodyFailed(), trio.TooSlowError(), OSError(), ValueError(), ExceptionGroup("", [BodyFailed()])]
)
async def test_what_the_body_raises_comes_out_as_it_is(devtools: ScriptedDevTools, error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        async with open_link(devtools):
            raise error
    assert caught.value is error


async def test_the_body_can_be_cancelled(devtools: ScriptedDevTools) -> None:
    with trio.CancelScope() as scope:
        async with open_link(devtools) as (link, _):
            scope.cancel()
            await link.execute("Never.answers")
    assert scope.cancelled_caught


async def test_a_bug_of_the_listener_is_not_taken_for_a_lost_connection(devtools: ScriptedDevTools) -> None:
    def stumble(_event: CdpEvent) -> None:
        raise BodyFailed

    with pytest.raises(ExceptionGroup) as caught:
        async with open_cdp_link(devtools.address, stumble):
            await (await devtools.connection()).event("Test.happened", {})
            await trio.sleep_forever()
    assert caught.group_contains(BodyFailed)
    assert not caught.group_contains(ConnectionLost)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://127.0.0.1:1/",
        "ws://",
        "ws://[",
        "ws://127.0.0.1:0/",
        "ws://127.0.0.1:99999/",
        "ws://127.0.0.1:1/",
        "ws://nobody.invalid/",
        "ws://x" + "y" * 100 + "/",
    ],
)
async def test_an_address_where_nobody_is(address: str) -> None:
    with trio.fail_after(PATIENCE), pytest.raises(ConnectionLost):
        async with open_cdp_link(address, ignore):
            pass


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 403 Forbidden\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 101",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        bytes(100_000),
    ],
)
@pytest.mark.parametrize("reset", [False, True])
async def test_a_peer_that_is_no_browser(answer: bytes, reset: bool) -> None:
    async def serve(stream: trio.SocketStream) -> None:
        if not reset:  # closing with unread bytes resets
            await stream.receive_some()
        await stream.send_all(answer)
        await stream.aclose()

    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        with trio.fail_after(PATIENCE / 2), pytest.raises(ConnectionLost):
            async with open_cdp_link(f"ws://127.0.0.1:{listener.socket.getsockname()[1]}/", ignore):
                pass
        nursery.cancel_scope.cancel()


async def test_a_peer_that_says_nothing(mock_clock: MockClock) -> None:
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener, trio.open_nursery() as nursery:
        nursery.start_soon(jump, mock_clock)
        with pytest.raises(ConnectionLost, match="does not answer"):
            async with open_cdp_link(f"ws://127.0.0.1:{listener.socket.getsockname()[1]}/", ignore):
                pass


async def jump(clock: MockClock) -> None:
    await wait_all_tasks_blocked(0.1)
    clock.jump(11)


async def test_wss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = self_signed_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def answer(request: trio_websocket.WebSocketRequest) -> None:
        connection = await request.accept()
        await connection.get_message()
        await connection.send_message(json.dumps({"id": 1, "result": {"path": request.path}}))
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        server = await nursery.start(trio_websocket.serve_websocket, answer, "127.0.0.1", 0, context)
        address = f"wss://localhost:{server.port}/devtools?token=x"
        with trio.fail_after(PATIENCE), pytest.raises(ConnectionLost, match="CERTIFICATE_VERIFY_FAILED"):
            async with open_cdp_link(address, ignore):
                pass
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with trio.fail_after(PATIENCE):
            async with open_cdp_link(address, ignore) as link:
                assert await link.execute("Test.path") == {"path": "/devtools?token=x"}
        nursery.cancel_scope.cancel()


async def test_chromium_answers_several_at_once_and_survives_what_a_page_can_return() -> None:
    async with open_chromium() as cdp_address:
        attached: list[CdpEvent] = []
        with trio.fail_after(PATIENCE):
            async with open_cdp_link(await devtools_of(cdp_address), attached.append) as link:
                pages = {
                    "autoAttach": True,
                    "waitForDebuggerOnStart": False,
                    "flatten": True,
                    "filter": [{"type": "page"}],
                }
                await link.execute("Target.setAutoAttach", pages)
                session_id = attached[0].params["sessionId"]
                values: list[object] = []

                async def evaluate(expression: str) -> None:
                    params = {"expression": expression, "awaitPromise": True, "returnByValue": True}
                    answer = await link.execute("Runtime.evaluate", params, session_id=session_id)
                    values.append(answer["result"]["value"])

                async with trio.open_nursery() as nursery:
                    nursery.start_soon(evaluate, "new Promise(resolve => setTimeout(resolve, 300, 'slow'))")
                    with trio.move_on_after(0.05):
                        await evaluate("new Promise(() => {})")
                    await evaluate("'half a pair: \\ud83d'")
                    await evaluate("'x'.repeat(5_000_000)")
                assert values == ["half a pair: \ufffd", "x" * 5_000_000, "slow"]
