"""Against Chromium with a window. Waiting is bounded by `until` and by `evaluate`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import pytest
import trio
from channel_world import PATIENCE
from real_chromium import devtools_of, open_chromium, until
from trio.testing import wait_all_tasks_blocked
from web_pages import serving

from pilothouse.channels.browser_link import BrowserLink
from pilothouse.channels.browser_pages import Page
from pilothouse.channels.cdp_link import open_cdp_link
from pilothouse.protocol.cdp_executor import CdpFailure, CommandRefused, TargetGone

START = "data:text/html,<title>start</title>"


@asynccontextmanager
async def running(link: BrowserLink) -> AsyncIterator[BrowserLink]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(link.run)
        yield link
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_browser(url: str = START, title: str = "start") -> AsyncIterator[tuple[BrowserLink, Page]]:
    """A link to a Chromium of its own; and its page, once that is painted and has told its title."""
    async with open_chromium(url) as cdp_address, running(BrowserLink(partial(devtools_of, cdp_address))) as link:
        page = await active_page(link)
        await until(lambda: active(link) == [title])
        await evaluate(page, "new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        yield link, page


async def active_page(link: BrowserLink) -> Page:
    with trio.fail_after(PATIENCE):
        return await link.active_page()


async def evaluate(page: Page, expression: str, *, session_id: str | None = None) -> Any:
    params = {"expression": expression, "returnByValue": True, "awaitPromise": True, "userGesture": True}
    with trio.fail_after(PATIENCE):
        answer = await page.execute("Runtime.evaluate", params, session_id=session_id)
    return answer["result"].get("value")


def active(link: BrowserLink) -> list[str]:
    """The titles of the active tabs, which should be one."""
    return [tab.title for tab in link.tabs if tab.active]


async def open_tab(link: BrowserLink, title: str) -> str:
    target = await link.execute("Target.createTarget", {"url": f"data:text/html,<title>{title}</title>"})
    await until(lambda: active(link) == [title])
    return str(target["targetId"])


async def test_titles_addresses_and_icons_follow() -> None:
    pages = {"/": "<title>first</title>", "/icon": "<title>second</title><link rel='shortcut icon' href=/i.png>"}
    with serving(pages) as port:
        here, there = f"http://127.0.0.1:{port}", f"http://localhost:{port}"
        async with open_browser(f"{here}/", "first") as (link, page):

            def shown() -> tuple[str, str, str | None]:
                [tab] = link.tabs
                return tab.title, tab.url, tab.favicon

            await until(lambda: shown() == ("first", f"{here}/", f"{here}/favicon.ico"))
            await evaluate(page, "document.title = 'a\\ud800😀' + '\\ud83d'")
            await until(lambda: shown()[0] == "a\ufffd😀\ufffd")
            await evaluate(page, "document.title = '😀'.repeat(5000)")
            await until(lambda: shown()[0] == "😀" * 512)
            await evaluate(page, "history.pushState(0, '', '/pushed')")
            await until(lambda: shown()[1] == f"{here}/pushed")
            await page.execute("Page.navigate", {"url": f"{there}/icon"})
            await until(lambda: shown() == ("second", f"{there}/icon", f"{there}/i.png"))
            await evaluate(page, "document.querySelector('link').href = 'data:,' + 'x'.repeat(20000)")
            await until(lambda: shown()[2] is None)
            await page.execute("Page.navigate", {"url": "chrome://version/"})
            await until(lambda: shown()[:2] == ("About Version", "chrome://version/"))


async def test_a_page_that_changes_its_title_all_the_time_is_told_now_and_then() -> None:
    ticking = """(async () => {
        const { port1, port2 } = new MessageChannel();
        for (let n = 1; n <= 2000; n++) {
            document.title = n;
            await new Promise(done => { port1.onmessage = done; port2.postMessage(0); });
        }
    })()"""
    async with open_browser() as (link, page):
        with page.listen("Runtime.bindingCalled") as told:
            await evaluate(page, ticking)
            await until(lambda: active(link) == ["2000"])
            assert told.statistics().current_buffer_used < 50


async def click(page: Page) -> None:
    """On what fills the page, as a person does it: again, when the page was not ready for it."""
    with trio.fail_after(PATIENCE):
        while not await evaluate(page, "window.clicked"):
            for kind in ("mousePressed", "mouseReleased"):
                at = {"x": 100, "y": 100, "button": "left", "clickCount": 1}
                await page.execute("Input.dispatchMouseEvent", at | {"type": kind})


FILLS = "style='position:fixed; inset:0'"


@pytest.mark.parametrize(
    "what_opens",
    [
        f"<button {FILLS} onclick=window.open('/new')>",
        f"<button {FILLS} onclick=window.open('/new','','popup,width=400,height=300')>",
        f"<a {FILLS} target=_blank href=/new>",
        f"<a {FILLS} target=_blank rel=opener href=/new>",
        f"<form target=_blank action=/new><button {FILLS}>",
    ],
)
async def test_a_tab_that_a_page_opens_is_active_and_closed_it_is_no_more(what_opens: str) -> None:
    pages = {
        "/": f"<title>start</title><script>onclick = () => clicked = true</script>{what_opens}",
        "/new": "<title>new</title>",
        "/new?": "<title>new</title>",
    }
    with serving(pages) as port:
        async with open_browser(f"http://localhost:{port}/") as (link, opener):
            await click(opener)
            await until(lambda: active(link) == ["new"])
            popup = await active_page(link)
            assert popup is not opener
            assert await evaluate(popup, "document.title") == "new"
            with trio.fail_after(PATIENCE):
                await popup.execute("Page.close")
            await until(lambda: active(link) == ["start"])
            assert await active_page(link) is opener
            with pytest.raises(TargetGone):
                await popup.execute("Runtime.evaluate", {"expression": "1"})


async def test_the_active_tab_follows_the_browser() -> None:
    async with open_browser() as (link, first):
        second = await open_tab(link, "second")
        await until(lambda: active(link) == ["second"])
        assert (await active_page(link)).target_id == second
        await link.execute("Target.activateTarget", {"targetId": first.target_id})
        await until(lambda: active(link) == ["start"])
        assert await active_page(link) is first
        await link.execute("Target.activateTarget", {"targetId": second})
        await until(lambda: active(link) == ["second"])
        await link.execute("Target.closeTarget", {"targetId": second})
        await until(lambda: active(link) == ["start"])
        await until(lambda: len(link.tabs) == 1)


async def test_who_connects_later_sees_the_tab_that_is_in_front() -> None:
    async with open_chromium(START) as cdp_address:
        async with open_cdp_link(await devtools_of(cdp_address), lambda _: None) as other:
            first = (await other.execute("Target.getTargets", {"filter": [{"type": "page"}]}))["targetInfos"][0]
            await other.execute("Target.createTarget", {"url": "about:blank"})
            await other.execute("Target.activateTarget", {"targetId": first["targetId"]})
        async with running(BrowserLink(partial(devtools_of, cdp_address))) as link:
            assert (await active_page(link)).target_id == first["targetId"]


async def test_the_active_tab_is_known_when_an_agent_makes_all_of_them_believe_that_they_are() -> None:
    """As Playwright does with every page that it is attached to."""
    async with open_chromium(START) as cdp_address, running(BrowserLink(partial(devtools_of, cdp_address))) as link:
        first = (await active_page(link)).target_id
        second = await open_tab(link, "second")
        third = await open_tab(link, "third")
        async with open_cdp_link(await devtools_of(cdp_address), lambda _: None) as agent:
            for target_id in (first, second, third):
                attached = await agent.execute("Target.attachToTarget", {"targetId": target_id, "flatten": True})
                believe = {"enabled": True}
                await agent.execute("Emulation.setFocusEmulationEnabled", believe, session_id=attached["sessionId"])
            for target_id in (second, first, third, second):
                await link.execute("Target.activateTarget", {"targetId": target_id})
                assert (await active_page(link)).target_id == target_id, "who acts gets the right one at once"
            await link.execute("Target.activateTarget", {"targetId": third})
            await until(lambda: active(link) == ["third"])
            await link.execute("Target.closeTarget", {"targetId": third})
            # It is answered before it is done.
            await until(lambda: third not in {tab.id for tab in link.tabs})
            assert (await active_page(link)).target_id in (first, second)
            [tab_in_front] = [tab.id for tab in link.tabs if tab.active]
            targets = await link.execute("Target.getTargets", {"filter": [{"type": "tab"}]})
            [info] = [info for info in targets["targetInfos"] if info["embedderData"]["tabActive"]]
            assert info["title"] == next(tab.title for tab in link.tabs if tab.id == tab_in_front)


async def test_frames_of_other_sites_come_and_go_with_sessions_of_their_own() -> None:
    frames = {
        "/": "<title>top</title><iframe src=http://localhost:{port}/middle></iframe><iframe src=/same></iframe>",
        "/middle": "<iframe src=http://127.0.0.1:{port}/inner></iframe>",
        "/inner": "inner",
        "/same": "same",
    }
    with serving(frames) as port:
        async with open_browser(f"http://127.0.0.1:{port}/", "top") as (link, page):
            await until(lambda: len(page.frame_sessions()) == 3)
            own, middle, inner = page.frame_sessions()
            assert own == page.session_id
            hosts = {own: f"127.0.0.1:{port}", middle: f"localhost:{port}", inner: f"127.0.0.1:{port}"}
            for session_id, host in hosts.items():
                await loaded(page, session_id)
                assert await evaluate(page, "location.host", session_id=session_id) == host

            await evaluate(page, "document.querySelector('iframe').contentWindow.location = '/same'")
            await until(lambda: page.frame_sessions() == [own])
            for session_id in (middle, inner):
                with pytest.raises(TargetGone):
                    await evaluate(page, "1", session_id=session_id)

            with page.listen("Page.frameNavigated") as events:
                await evaluate(page, f"document.querySelector('iframe').src = 'http://localhost:{port}/inner'")
                await until(lambda: len(page.frame_sessions()) == 2)
                with trio.fail_after(PATIENCE):
                    while (await events.receive()).session_id != page.frame_sessions()[1]:
                        pass
            await evaluate(page, "document.querySelector('iframe').remove()")
            await until(lambda: page.frame_sessions() == [own])
            assert len(link.tabs) == 1


async def loaded(page: Page, session_id: str) -> None:
    """Until the frame is there. As long as it waits to be let go it has no document."""
    state = None
    while state != "complete":
        with suppress(CommandRefused):
            state = await evaluate(
                page, "location.href !== 'about:blank' && document.readyState", session_id=session_id
            )


async def pending(nursery: trio.Nursery, page: Page, *, session_id: str | None = None) -> list[CdpFailure]:
    """A command that never ends; the failure that it ends with."""
    failures: list[CdpFailure] = []

    async def wait() -> None:
        never = {"expression": "new Promise(() => {})", "awaitPromise": True}
        with pytest.raises(CdpFailure) as caught:
            await page.execute("Runtime.evaluate", never, session_id=session_id)
        failures.append(caught.value)

    nursery.start_soon(wait)
    await wait_all_tasks_blocked(0.1)
    return failures


@pytest.mark.parametrize(("method", "params"), [("Page.crash", {}), ("Page.navigate", {"url": "chrome://crash"})])
async def test_a_page_that_crashes_fails_at_once_and_can_be_reloaded(method: str, params: dict[str, Any]) -> None:
    async with open_browser() as (link, page), trio.open_nursery() as nursery:
        failures = await pending(nursery, page)
        nursery.start_soon(partial(ends_somehow, page, method, params))
        await until(lambda: failures)
        assert isinstance(failures[0], TargetGone)
        assert page.crashed
        with trio.fail_after(PATIENCE):
            with pytest.raises(TargetGone, match="has crashed"):
                await page.execute("Runtime.evaluate", {"expression": "1"})
            assert await active_page(link) is page
            await page.execute("Page.reload")
        await until(lambda: not page.crashed)
        await loaded(page, page.session_id)
        await evaluate(page, "document.title = 'again'")
        await until(lambda: active(link) == ["again"])


async def ends_somehow(page: Page, method: str, params: dict[str, Any]) -> None:
    with trio.fail_after(PATIENCE):
        with suppress(TargetGone):
            await page.execute(method, params)


async def test_a_frame_that_crashes_fails_at_once() -> None:
    with serving({"/": "<title>top</title><iframe src=http://localhost:{port}/frame>", "/frame": "frame"}) as port:
        async with open_browser(f"http://127.0.0.1:{port}/", "top") as (_, page), trio.open_nursery() as nursery:
            await until(lambda: len(page.frame_sessions()) == 2)
            frame = page.frame_sessions()[1]
            await loaded(page, frame)
            failures = await pending(nursery, page, session_id=frame)
            in_page = await pending(nursery, page)
            nursery.start_soon(crash_frame, page, frame)
            await until(lambda: failures)
            assert isinstance(failures[0], TargetGone)
            assert (in_page, page.crashed) == ([], False)
            assert await evaluate(page, "document.title") == "top"
            await page.execute("Page.close")


async def crash_frame(page: Page, session_id: str) -> None:
    with trio.fail_after(PATIENCE), pytest.raises(CdpFailure):
        await page.execute("Page.crash", session_id=session_id)


async def test_a_page_that_closes_itself_fails_at_once() -> None:
    async with open_browser() as (link, opener), trio.open_nursery() as nursery:
        await evaluate(opener, "window.open('about:blank').document.title = 'new'")
        await until(lambda: active(link) == ["new"])
        page = await active_page(link)
        failures = await pending(nursery, page)
        await evaluate(page, "setTimeout(close); 0")
        await until(lambda: failures)
        assert isinstance(failures[0], TargetGone)
        assert await active_page(link) is opener


async def test_an_open_dialog_is_known() -> None:
    async with open_browser() as (_, page):
        assert not page.dialog_open
        await evaluate(page, "setTimeout(() => { document.title = confirm('really?') }); 0")
        await until(lambda: page.dialog_open)
        with trio.fail_after(PATIENCE):
            await page.execute("Page.handleJavaScriptDialog", {"accept": True})
        await until(lambda: not page.dialog_open)
        assert await evaluate(page, "document.title") == "true"


async def test_workers_are_not_held() -> None:
    worker = """new Promise(done => {
        new Worker(URL.createObjectURL(new Blob(['postMessage(1)']))).onmessage = event => done(event.data)
    })"""
    with serving({"/": "<title>start</title>"}) as port:
        async with open_browser(f"http://localhost:{port}/") as (_, page):
            assert await evaluate(page, worker) == 1


async def test_a_page_that_hangs_keeps_nobody_else_from_anything() -> None:
    async with open_browser() as (link, page):
        await evaluate(page, "setTimeout(() => { for (;;); }); 0")
        with trio.fail_after(PATIENCE):
            second = await open_tab(link, "second")
            await until(lambda: active(link) == ["second"])
            assert (await active_page(link)).target_id == second
            await link.execute("Target.activateTarget", {"targetId": page.target_id})
            await until(lambda: active(link) == ["start"])
            await page.execute("Page.close")
        await until(lambda: active(link) == ["second"])


async def test_a_browser_that_is_killed_and_started_again() -> None:
    addresses: list[str] = []

    async def find() -> str:
        return await devtools_of(addresses[-1])

    async with running(BrowserLink(find)) as link, trio.open_nursery() as nursery:
        async with open_chromium(START) as address:
            addresses.append(address)
            page = await active_page(link)
            failures = await pending(nursery, page)
        await until(lambda: failures)
        await until(lambda: link.tabs == [])
        async with open_chromium("data:text/html,<title>again</title>") as address:
            addresses.append(address)
            await until(lambda: active(link) == ["again"])
            assert await evaluate(await active_page(link), "document.title") == "again"


@pytest.mark.timeout(300)  # each has a process of its own
async def test_a_hundred_tabs() -> None:
    with serving({f"/{number}": f"<title>{number}</title>" for number in range(100)}) as port:
        async with open_chromium(f"http://127.0.0.1:{port}/0") as cdp_address:
            async with open_cdp_link(await devtools_of(cdp_address), lambda _: None) as other:
                for number in range(1, 100):
                    await other.execute("Target.createTarget", {"url": f"http://127.0.0.1:{port}/{number}"})
            async with running(BrowserLink(partial(devtools_of, cdp_address))) as link:
                link.need()
                await until(lambda: {tab.title for tab in link.tabs} == set(map(str, range(100))), seconds=60)
                await until(lambda: active(link) == ["99"])
                assert await evaluate(await active_page(link), "document.title") == "99"
