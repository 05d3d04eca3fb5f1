from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from typing import Any

import pytest
import trio
from channel_world import PATIENCE
from hypothesis import given
from hypothesis import strategies as st
from real_chromium import until
from trio.testing import MockClock, wait_all_tasks_blocked

from pilothouse.channels.browser_link import BrowserLink
from pilothouse.channels.browser_pages import BrowserPages, Page
from pilothouse.channels.cdp_link import CdpLink
from pilothouse.protocol.cdp_executor import CdpEvent, CdpFailure, CommandRefused, ConnectionLost
from pilothouse.testing.scripted_devtools import ScriptedDevTools


class Changes:
    """What a frontend would have been told."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@asynccontextmanager
async def running(link: BrowserLink) -> AsyncIterator[BrowserLink]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(link.run)
        yield link
        nursery.cancel_scope.cancel()


@pytest.fixture
async def devtools() -> AsyncIterator[ScriptedDevTools]:
    with trio.fail_after(PATIENCE):
        async with ScriptedDevTools() as devtools:
            yield devtools


def link_to(devtools: ScriptedDevTools, changes: Changes | None = None) -> BrowserLink:
    async def find() -> str:
        return devtools.address

    return BrowserLink(find, changes or Changes())


async def test_nothing_is_connected_before_it_is_needed_and_then_once(devtools: ScriptedDevTools) -> None:
    async with running(link_to(devtools)) as link:
        await wait_all_tasks_blocked()
        assert devtools.connections == []
        assert link.tabs == []
        link.need()
        await devtools.connection()
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(link.active_page)
                nursery.start_soon(link.execute, "Browser.getVersion")
        assert len(devtools.connections) == 1


@pytest.mark.parametrize("ask", [BrowserLink.active_page, lambda link: link.execute("Browser.getVersion")])
async def test_whoever_asks_first_has_it_connected(
    devtools: ScriptedDevTools, ask: Callable[[BrowserLink], Any]
) -> None:
    async with running(link_to(devtools)) as link:
        assert await ask(link)


async def test_it_waits_for_a_page(devtools: ScriptedDevTools) -> None:
    del devtools.pages["page-0"]
    async with running(link_to(devtools)) as link, trio.open_nursery() as nursery:
        pages: list[Page] = []

        async def wait() -> None:
            pages.append(await link.active_page())

        nursery.start_soon(wait)
        await (await devtools.connection()).command("Target.setAutoAttach")
        await wait_all_tasks_blocked(0.01)
        assert pages == []
        target_id = await devtools.open_page("about:blank")
        await until(lambda: pages)
        assert pages[0].target_id == target_id


async def test_every_change_is_told(devtools: ScriptedDevTools) -> None:
    changes = Changes()
    async with running(link_to(devtools, changes)) as link:
        await link.active_page()
        before = changes.count
        target_id = await devtools.open_page("https://x.example/")
        await until(lambda: len(link.tabs) == 2)
        assert changes.count == before + 1
        await devtools.close_page(target_id)
        await until(lambda: len(link.tabs) == 1)
        (await devtools.connection()).hang_up()
        await until(lambda: link.tabs == [])
        assert changes.count == before + 3


async def test_listening_ends_with_the_page_and_with_the_connection(devtools: ScriptedDevTools) -> None:
    target_id = await devtools.open_page("about:blank")
    async with running(link_to(devtools)) as link:
        page = await link.active_page()
        assert page.target_id == target_id
        with page.listen("Page.loadEventFired") as events:
            await devtools.close_page(target_id)
            assert [event async for event in events] == []
        page = await link.active_page()
        with page.listen("Page.loadEventFired") as events:
            (await devtools.connection()).hang_up()
            assert [event async for event in events] == []


async def test_a_listener_hears_its_events_and_not_more_than_it_has_room_for(devtools: ScriptedDevTools) -> None:
    async with running(link_to(devtools)) as link:
        page = await link.active_page()
        connection = await devtools.connection()
        with (
            page.listen("Page.frameNavigated", "Page.loadEventFired") as one,
            page.listen("Page.loadEventFired") as two,
        ):
            for number in range(1000):
                await connection.event("Page.loadEventFired", {"number": number}, page.session_id)
                await connection.event("Page.other", {}, page.session_id)
                await connection.event("Page.loadEventFired", {}, "another")
            await link.execute("Browser.getVersion")
            for events in (one, two):
                assert [events.receive_nowait().params["number"] for _ in range(256)] == list(range(256))
                with pytest.raises(trio.WouldBlock):
                    events.receive_nowait()
            await connection.event("Page.frameNavigated", {}, page.session_id)
            assert (await one.receive()).method == "Page.frameNavigated"
        await connection.event("Page.loadEventFired", {}, page.session_id)
        await link.execute("Browser.getVersion")


async def test_who_waits_when_the_browser_goes_hears_so_and_who_asks_then_waits_for_the_next_one(
    devtools: ScriptedDevTools,
) -> None:
    devtools.answers["Never.answers"] = lambda _: None
    async with running(link_to(devtools)) as link, trio.open_nursery() as nursery:
        page = await link.active_page()
        connection = await devtools.connection()

        async def wait(ask: Callable[..., Any]) -> None:
            with pytest.raises(ConnectionLost):
                await ask("Never.answers")

        nursery.start_soon(wait, link.execute)
        nursery.start_soon(wait, page.execute)
        await connection.command("Never.answers")
        await wait_all_tasks_blocked()
        connection.hang_up()
        await until(lambda: link.tabs == [])
        with pytest.raises(ConnectionLost):
            await page.execute("Browser.getVersion")
        assert await link.execute("Browser.getVersion")
        assert await link.active_page() is not page


async def test_a_browser_that_cannot_be_followed_is_tried_again(devtools: ScriptedDevTools) -> None:
    answer = devtools.answers.pop("Target.setDiscoverTargets")
    async with running(link_to(devtools)) as link:
        link.need()
        refused = await devtools.connection()
        await refused.command("Target.setDiscoverTargets")
        devtools.answers["Target.setDiscoverTargets"] = answer
        assert await link.active_page()
        assert devtools.connections != [refused]


class Attempts:
    """A browser that cannot be found, but for the attempts that a test says."""

    def __init__(self, address: str = "", *, successful: tuple[int, ...] = ()) -> None:
        self.times: list[float] = []
        self._address = address
        self._successful = successful

    async def __call__(self) -> str:
        self.times.append(trio.current_time())
        if len(self.times) - 1 in self._successful:
            return self._address
        raise ConnectionLost("no browser")

    @property
    def pauses(self) -> list[float]:
        return [round(later - earlier, 1) for earlier, later in pairwise(self.times)]


async def test_attempts_to_connect_become_rarer(autojump_clock: MockClock) -> None:
    attempts = Attempts()
    with trio.move_on_after(60):
        async with running(BrowserLink(attempts)) as link:
            await link.active_page()
    assert attempts.pauses[:10] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0, 5.0]


async def test_after_a_success_the_attempts_start_anew(mock_clock: MockClock) -> None:
    # The sockets take real time, in which the clock must not jump.
    mock_clock.autojump_threshold = 0.2
    async with ScriptedDevTools() as devtools:
        attempts = Attempts(devtools.address, successful=(4,))
        async with running(BrowserLink(attempts)) as link:
            await link.active_page()
            devtools.connections[0].hang_up()
            await until(lambda: len(attempts.times) == 8)
    assert attempts.pauses[:4] == [0.1, 0.2, 0.4, 0.8]
    assert attempts.pauses[5:7] == [0.2, 0.4]


MALFORMED: list[tuple[str, Any]] = [
    ("Target.attachedToTarget", {}),
    ("Target.attachedToTarget", {"sessionId": "S"}),
    ("Target.attachedToTarget", {"sessionId": "S", "targetInfo": None}),
    ("Target.attachedToTarget", {"sessionId": "S", "targetInfo": {}}),
    ("Target.attachedToTarget", {"sessionId": 1, "targetInfo": {"targetId": "T", "type": "page"}}),
    ("Target.attachedToTarget", {"targetInfo": {"targetId": "T", "type": "page"}}),
    ("Target.attachedToTarget", {"sessionId": "S", "targetInfo": {"targetId": "T"}}),
    ("Target.attachedToTarget", {"sessionId": "S", "targetInfo": {"targetId": [], "type": "page"}}),
    ("Target.detachedFromTarget", {}),
    ("Target.detachedFromTarget", {"sessionId": []}),
    ("Target.targetInfoChanged", {}),
    ("Target.targetInfoChanged", {"targetInfo": {"targetId": "page-0", "title": [], "url": None}}),
    ("Inspector.targetCrashed", {}),
    ("Runtime.bindingCalled", {}),
    ("Runtime.bindingCalled", {"name": "pilothouseWatch"}),
    ("Runtime.bindingCalled", {"name": "pilothouseWatch", "payload": 1}),
    ("Runtime.bindingCalled", {"name": "pilothouseWatch", "payload": "]"}),
    ("Runtime.bindingCalled", {"name": "pilothouseWatch", "payload": "[]"}),
    ("Runtime.bindingCalled", {"name": "pilothouseWatch", "payload": "[" * 5000}),
    ("Runtime.bindingCalled", {"name": "pilothouseWatch", "payload": '{"visible":1,"focused":[],"title":1,"icon":{}}'}),
]


async def test_malformed_events_are_skipped(devtools: ScriptedDevTools) -> None:
    async with running(link_to(devtools)) as link:
        page = await link.active_page()
        connection = await devtools.connection()
        for method, params in MALFORMED:
            for session_id in (None, page.session_id, "nobody"):
                await connection.event(method, params, session_id)
        assert await link.execute("Browser.getVersion")
        assert await link.active_page() is page
        assert devtools.connections == [connection]
        for tab in link.tabs:
            assert json.dumps(tab.title), tab


class NoBrowser(CdpLink):
    """A link whose commands are all refused."""

    def __init__(self) -> None:
        pass

    async def execute(self, method: str, *_: Any, **__: Any) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        raise CommandRefused(method, 0, "no")

    async def execute_all(self, *_: Any, **__: Any) -> list[dict[str, Any] | CdpFailure]:
        await trio.lowlevel.checkpoint()
        raise ConnectionLost("no")

    def target_gone(self, session_id: str) -> None:
        pass


IDS = st.sampled_from("ABC") | st.none() | st.integers()
PARAMS = st.fixed_dictionaries(
    {},
    optional={
        "sessionId": IDS,
        "name": st.just("pilothouseWatch"),
        "payload": st.fixed_dictionaries(
            {
                "visible": st.booleans(),
                "focused": st.booleans(),
                "title": st.text(max_size=2),
                "icon": st.text(max_size=2),
            }
        ).map(json.dumps)
        | st.text(),
        "targetInfo": st.none()
        | st.fixed_dictionaries(
            {}, optional={"targetId": IDS, "type": st.sampled_from(["page", "iframe", "worker", 1]), "url": st.text()}
        ),
    },
)
METHODS = st.sampled_from(sorted(BrowserPages._HANDLERS))
EVENTS = st.builds(CdpEvent, METHODS, PARAMS, st.sampled_from(["A", "B", "C", None]))


@given(st.lists(EVENTS, max_size=20))
def test_whatever_happens_in_whatever_order_is_taken_in(events: list[CdpEvent]) -> None:
    async def play() -> None:
        pages = BrowserPages(lambda: None)
        async with trio.open_nursery() as nursery:
            with suppress(CommandRefused):
                await pages.attach(NoBrowser(), nursery)
            for event in events:
                pages.happened(event)
                assert (pages.active is None) == (pages.tabs.active is None)
                if pages.active is not None:
                    assert pages.active.frame_sessions()[0] == pages.active.session_id

    trio.run(play)
