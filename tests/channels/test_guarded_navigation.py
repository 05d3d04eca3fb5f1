"""Navigation in a real Chromium: what is forbidden is stopped on the way, and everything else arrives.

Two local servers play the internet. Chromium takes one of them for public; all names lead to the loopback interface.
"""

from __future__ import annotations

import base64
import math
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import attrs
import pytest
import trio
from headless_chromium import attach_to_page, headless_chromium, open_page
from local_site import LocalSite, open_local_site
from trio.testing import MockClock

from pilothouse.channels.browser_pages import Page
from pilothouse.channels.destination_guard import DestinationGuard
from pilothouse.channels.guarded_navigation import Navigator
from pilothouse.channels.navigation_watch import Navigated, NavigationWatch, execute_when_settled
from pilothouse.protocol.cdp_executor import CdpEvent, CdpFailure, CommandRefused
from pilothouse.protocol.destinations import AllowedDestinations

PATIENCE = 20.0
PUBLIC_ADDRESS = "93.184.215.14"


@attrs.frozen
class Net:
    """What the tests of this module share."""

    devtools: str
    public: socket.socket
    inner: socket.socket


@attrs.frozen
class World:
    """One page, and where it can go."""

    devtools: str
    page: Page
    navigator: Navigator
    public: LocalSite
    inner: LocalSite
    lookups: list[str]

    def a(self, path: str) -> str:
        return f"http://a.test:{self.public.port}{path}"

    def b(self, path: str) -> str:
        return f"http://b.test:{self.public.port}{path}"

    def forbidden(self) -> str:
        return f"http://inner.test:{self.inner.port}/secret"

    def forbidden_for_us(self, path: str) -> str:
        """What Chromium takes for public: it keeps public pages from loading frames that are not."""
        return f"http://inner.test:{self.public.port}{path}"

    async def here(self) -> str:
        history = await self.page.execute("Page.getNavigationHistory")
        return str(history["entries"][history["currentIndex"]]["url"])

    async def evaluate(self, expression: str) -> Any:
        result = await self.page.execute("Runtime.evaluate", {"expression": expression, "userGesture": True})
        return result["result"].get("value")

    async def until(self, expression: str) -> None:
        while not await self.evaluate(expression):  # noqa: ASYNC110 (another process)
            await trio.sleep(0.02)

    async def wander(self, url: str) -> None:
        """Go somewhere without asking the guard, as a page does by itself."""
        await self.page.execute("Page.navigate", {"url": url})
        await self.until(f"location.href === {url!r} && document.readyState === 'complete'")


@pytest.fixture(scope="module")
def net() -> Iterator[Net]:
    with socket.create_server(("127.0.0.1", 0)) as public, socket.create_server(("127.0.0.1", 0)) as inner:
        # Chromium's name for them. The other one stays what it is, loopback.
        override = f"--ip-address-space-overrides=127.0.0.1:{public.getsockname()[1]}=public"
        with headless_chromium(override, "--host-resolver-rules=MAP *.test 127.0.0.1") as devtools:
            yield Net(devtools, public, inner)


@asynccontextmanager
async def open_world(
    net: Net, *, allowed: tuple[str, ...] = (), resolve: Callable[[str], Awaitable[list[str]]] | None = None
) -> AsyncIterator[World]:
    lookups: list[str] = []

    async def look_up(host: str) -> list[str]:
        lookups.append(host)
        if resolve is not None:
            return await resolve(host)
        await trio.lowlevel.checkpoint()
        return ["10.0.0.1"] if host == "inner.test" else [PUBLIC_ADDRESS]

    with trio.fail_after(PATIENCE):
        async with (
            open_local_site(net.public) as public,
            open_local_site(net.inner) as inner,
            open_page(net.devtools) as page,
        ):
            entries = [entry.format(inner=inner.port) for entry in allowed]
            guard = DestinationGuard(AllowedDestinations.parse(entries), look_up)
            yield World(net.devtools, page, Navigator(page, guard), public, inner, lookups)


@pytest.fixture
async def world(net: Net) -> AsyncIterator[World]:
    async with open_world(net) as world:
        yield world


async def test_a_public_page_is_shown(world: World) -> None:
    navigated = await world.navigator.navigate(f"HTTP:\\\\A.test:{world.public.port}/one")

    assert navigated.arrived, navigated
    assert await world.here() == world.a("/one")
    assert world.public.requests == ["a.test /one"]


async def test_redirects_to_public_places_are_followed_and_each_is_judged(world: World) -> None:
    navigated = await world.navigator.navigate(world.a(f"/to?{world.b('/two')}"))

    assert navigated.arrived, navigated
    assert await world.here() == world.b("/two")
    assert set(world.lookups) == {"a.test", "b.test"}


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "chrome://version", "javascript:document.title='hello'", "data:text/html,hello"),
        *("http://169.254.169.254", "http://[::ffff:127.0.0.1]:{inner}/", "http://0177.0.0.1:{inner}/"),
        *("http://2130706433:{inner}/", "http://127.1:{inner}/", "http://localhost:{inner}/"),
        *("http://inner.test:{inner}/", "view-source:http://a.test:{public}/", "http://unknown.invalid:x/"),
    ],
)
async def test_what_is_forbidden_from_the_start_changes_nothing(world: World, url: str) -> None:
    await world.wander(world.a("/one"))

    navigated = await world.navigator.navigate(url.format(inner=world.inner.port, public=world.public.port))

    assert not navigated.arrived
    assert navigated.why_not.startswith("forbidden: ")
    assert await world.here() == world.a("/one")
    assert await world.evaluate("document.title") == "/one"
    assert world.inner.requests == []


@pytest.mark.parametrize(
    "target", ["http://inner.test:{}/secret", "http://127.0.0.1:{}/secret", "http://[::1]:{}/secret", "//0x7f.1:{}/"]
)
async def test_a_redirect_to_a_forbidden_place_is_stopped_before_it_is_followed(world: World, target: str) -> None:
    await world.wander(world.a("/one"))

    navigated = await world.navigator.navigate(world.a(f"/to?{world.b('/to?' + target.format(world.inner.port))}"))

    assert not navigated.arrived
    assert navigated.why_not.startswith("forbidden: ")
    assert await world.here() == "about:blank"
    assert world.inner.requests == []
    assert len(world.public.requests) == 3


async def test_what_was_stopped_is_not_in_the_history(world: World) -> None:
    await world.wander(world.a("/one"))
    await world.navigator.navigate(world.a(f"/to?{world.forbidden()}"))

    assert (await world.navigator.step(-1)).arrived
    assert await world.here() == world.a("/one")


async def test_a_name_that_is_public_for_us_and_private_for_the_browser_is_not_shown(world: World) -> None:
    with world.page.listen("Page.frameNavigated") as shown:
        navigated = await world.navigator.navigate(f"http://rebound.test:{world.inner.port}/secret")

        assert not navigated.arrived
        assert navigated.why_not.startswith("forbidden: ")
        assert await world.here() == "about:blank"
        assert world.lookups == ["rebound.test", "rebound.test"]
        assert world.inner.requests == ["rebound.test /secret"]
        assert [event.params["frame"]["url"] for event in _arrived(shown)] == ["about:blank"]


def _arrived(events: trio.MemoryReceiveChannel[Any]) -> list[Any]:
    found = []
    while events.statistics().current_buffer_used:
        found.append(events.receive_nowait())
    return found


async def test_a_redirect_to_such_a_name_is_not_shown_either(world: World) -> None:
    navigated = await world.navigator.navigate(world.a(f"/to?http://rebound.test:{world.inner.port}/secret"))

    assert not navigated.arrived
    assert await world.here() == "about:blank"


@pytest.mark.parametrize("entry", ["inner.test", "inner.test:{inner}", "10.0.0.1"])
async def test_what_the_operator_allows_is_shown(net: Net, entry: str) -> None:
    async with open_world(net, allowed=(entry,)) as world:
        navigated = await world.navigator.navigate(world.a(f"/to?{world.forbidden()}"))

        assert navigated.arrived, navigated
        assert world.inner.requests == ["inner.test /secret"]
        assert not (await world.navigator.navigate(f"http://127.0.0.1:{world.inner.port}/")).arrived


async def test_a_page_from_the_cache_is_not_taken_for_one_from_the_redirect_before_it(net: Net) -> None:
    async with open_world(net, allowed=("inner.test",)) as world:
        for url in (world.a("/cached"), "about:blank", f"http://inner.test:{world.inner.port}/to?{world.a('/cached')}"):
            navigated = await world.navigator.navigate(url)
            assert navigated.arrived, navigated

        assert await world.here() == world.a("/cached")
        assert world.public.requests == ["a.test /cached"]


async def test_one_port_of_loopback_can_be_allowed(net: Net) -> None:
    async with open_world(net, allowed=("127.0.0.1:{inner}",)) as world:
        assert (await world.navigator.navigate(f"http://127.0.0.1:{world.inner.port}/harbour")).arrived
        assert (await world.navigator.reload()).arrived
        assert not (await world.navigator.navigate(f"http://127.0.0.1:{world.public.port}/")).arrived


async def test_back_and_forward(world: World) -> None:
    for url in (world.a("/one"), world.b("/two"), "about:blank"):
        assert (await world.navigator.navigate(url)).arrived

    for entries, url in [(-1, world.b("/two")), (-1, world.a("/one")), (1, world.b("/two")), (1, "about:blank")]:
        navigated = await world.navigator.step(entries)
        assert navigated.arrived, navigated
        assert await world.here() == url


async def test_back_within_a_document(world: World) -> None:
    await world.navigator.navigate(world.a("/one"))
    await world.navigator.navigate(world.a("/one#here"))
    await world.evaluate("history.pushState(0, '', '/elsewhere')")

    for url in (world.a("/one#here"), world.a("/one")):
        navigated = await world.navigator.step(-1)
        assert navigated.arrived, navigated
        assert await world.here() == url


async def test_beyond_the_ends_of_the_history_nothing_happens(world: World) -> None:
    await world.navigator.navigate(world.a("/one"))

    assert (await world.navigator.step(1)).arrived
    assert (await world.navigator.step(-5)).arrived
    assert await world.here() == world.a("/one")


@pytest.mark.parametrize("hard", [False, True])
async def test_reload(world: World, hard: bool) -> None:
    await world.navigator.navigate(world.a("/one"))
    await world.evaluate("window.old = true")

    navigated = await world.navigator.reload(hard=hard)

    assert navigated.arrived, navigated
    assert await world.evaluate("window.old") is None
    assert world.public.requests == ["a.test /one"] * 2


async def test_reload_of_the_blank_page(world: World) -> None:
    assert (await world.navigator.navigate("about:blank")).arrived
    for fragment in ("", "#x"):
        await world.evaluate(f"location.hash = {fragment!r}; window.old = true")
        navigated = await world.navigator.reload()
        assert navigated.arrived, navigated
        assert await world.evaluate("window.old") is None


async def test_a_page_that_went_somewhere_forbidden_by_itself_is_not_loaded_again_nor_gone_back_to(
    world: World,
) -> None:
    await world.wander(world.forbidden())
    assert not (await world.navigator.reload()).arrived
    await world.wander(world.a("/one"))

    assert not (await world.navigator.step(-1)).arrived

    assert await world.here() == world.a("/one")
    assert len(world.inner.requests) == 1


@pytest.mark.parametrize("back", [False, True])
async def test_an_entry_of_the_history_that_redirects_somewhere_forbidden_now_is_stopped(
    world: World, back: bool
) -> None:
    await world.wander(world.a("/one"))
    await world.evaluate(f"history.replaceState(0, '', {world.a('/to?' + world.forbidden())!r})")
    if back:
        await world.wander(world.a("/two"))

    navigated = await (world.navigator.step(-1) if back else world.navigator.reload())

    assert not navigated.arrived
    assert navigated.why_not.startswith("forbidden: ")
    assert await world.here() == "about:blank"
    assert world.inner.requests == []


async def test_frames_and_what_the_page_does_afterwards_are_the_pages_own_business(world: World) -> None:
    world.public.pages["/frames"] = f"<iframe src={world.forbidden_for_us('/frame')}></iframe>"
    assert (await world.navigator.navigate(world.a("/frames"))).arrived
    await world.public.asked_for("/frame")
    await world.evaluate(f"location = {world.forbidden()!r}")

    await world.until("document.title === '/secret'")


async def test_frames_that_load_while_the_page_is_on_its_way_are_let_through(world: World) -> None:
    world.public.pages["/one"] = f"""<template><iframe src={world.forbidden_for_us("/frame")}></iframe></template>
        <script type=module>
            await fetch("/cue")
            document.body.append(document.querySelector("template").content)
        </script>"""
    cue = world.public.held["/cue"] = trio.Event()
    slow = world.public.held["/slow"] = trio.Event()
    await world.navigator.navigate(world.a("/one"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.navigator.navigate, world.a("/slow"))
        await world.public.asked_for("/slow")
        cue.set()
        await world.public.asked_for("/frame")
        slow.set()
    assert await world.here() == world.a("/slow")


async def test_a_page_whose_end_is_still_to_come_has_arrived_and_gets_its_end(world: World) -> None:
    second_part = world.public.held["/in-two-parts"] = trio.Event()
    assert (await world.navigator.navigate(world.a("/in-two-parts"))).arrived

    await world.until("document.body?.innerText.includes('first')")
    second_part.set()
    await world.until("document.body.innerText.includes('last')")


async def test_a_download_is_no_failure_and_nothing_to_show_is_one(world: World) -> None:
    await world.page.execute("Page.setDownloadBehavior", {"behavior": "deny"})
    await world.navigator.navigate(world.a("/one"))

    assert (await world.navigator.navigate(world.a("/download"))).arrived
    assert not (await world.navigator.navigate(world.a("/nothing"))).arrived
    assert await world.here() == world.a("/one")


async def test_a_host_that_does_not_answer_is_a_failure_too(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    for _ in range(2):
        navigated = await world.navigator.navigate(f"http://a.test:{port}/")
        assert (navigated.arrived, navigated.why_not) == (False, "net::ERR_CONNECTION_REFUSED")
        # With the browser's own page that says so.
        assert await world.here() == f"http://a.test:{port}/"
        assert await world.evaluate("location.protocol") == "chrome-error:"
        assert not (await world.navigator.reload()).arrived
        assert await world.evaluate("location.protocol") == "chrome-error:"


async def test_a_page_that_has_crashed_can_be_loaded_again(world: World) -> None:
    await world.navigator.navigate(world.a("/one"))
    with suppress(CdpFailure), trio.move_on_after(0.5):
        await world.page.execute("Page.crash")  # which gives no answer

    navigated = await world.navigator.reload()

    assert navigated.arrived, navigated
    assert await world.evaluate("document.title") == "/one"


async def test_a_navigation_that_is_cancelled_while_it_is_judged_is_stopped(net: Net) -> None:
    times_asked = 0
    judging = trio.Event()

    async def hang_the_second_time(host: str) -> list[str]:
        nonlocal times_asked
        times_asked += 1
        if times_asked == 2:
            judging.set()
            await trio.sleep(math.inf)
        return [PUBLIC_ADDRESS]

    async with open_world(net, resolve=hang_the_second_time) as world:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(world.navigator.navigate, world.a("/one"))
            await judging.wait()
            nursery.cancel_scope.cancel()

        # It goes on to work, and what was held back was not let go.
        assert (await world.navigator.navigate(world.a("/two"))).arrived
        assert world.public.requests == ["a.test /two"]


async def test_a_navigation_that_is_cancelled_while_the_server_is_slow_is_stopped(world: World) -> None:
    slow = world.public.held[f"/to?{world.forbidden()}"] = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.navigator.navigate, world.a(f"/to?{world.forbidden()}"))
        await world.public.asked_for(f"/to?{world.forbidden()}")
        nursery.cancel_scope.cancel()

    slow.set()
    # It goes on to work, and nobody followed the redirect.
    assert (await world.navigator.navigate(world.a("/two"))).arrived
    assert world.inner.requests == []


async def test_the_next_navigation_takes_the_place_of_one_that_does_not_end(world: World) -> None:
    world.public.held["/slow"] = trio.Event()
    outcomes = []

    async def navigate_slowly() -> None:
        outcomes.append(await world.navigator.navigate(world.a("/slow")))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(navigate_slowly)
        await world.public.asked_for("/slow")
        assert (await world.navigator.navigate(world.b("/two"))).arrived

    assert [outcome.arrived for outcome in outcomes] == [False]
    assert await world.here() == world.b("/two")


async def test_a_page_that_hangs_can_be_left(world: World) -> None:
    world.public.pages["/loop"] = "<script>onload = () => setTimeout(() => { for (;;); }, 0)</script>"
    await world.navigator.navigate(world.a("/loop"))
    while True:
        with trio.move_on_after(0.3) as waiting:
            await world.evaluate("1")
        if waiting.cancelled_caught:
            break

    navigated = await world.navigator.navigate(world.b(f"/to?{world.b('/two')}"))

    assert navigated.arrived, navigated
    assert await world.here() == world.b("/two")


@pytest.mark.parametrize("leave", [True, False])
async def test_a_page_that_asks_whether_to_leave_it(world: World, leave: bool) -> None:
    world.public.pages["/asks"] = "<script>onbeforeunload = event => event.preventDefault()</script>"
    await world.navigator.navigate(world.a("/asks"))
    await world.evaluate("1")  # with a user gesture; without any, Chromium does not ask
    outcomes = []

    async def reload() -> None:
        outcomes.append(await world.navigator.reload())

    with world.page.listen("Page.javascriptDialogOpening") as dialogs:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reload)
            await dialogs.receive()
            await world.page.execute("Page.handleJavaScriptDialog", {"accept": leave})

    assert [outcome.arrived for outcome in outcomes] == [leave]
    assert world.public.requests == ["a.test /asks"] * (2 if leave else 1)


async def test_a_page_that_is_closed_on_its_way_is_a_failure(world: World) -> None:
    await world.navigator.navigate(world.a("/one"))
    await world.evaluate("history.replaceState(0, '', '/slow')")
    world.public.held["/slow"] = trio.Event()
    outcomes = []

    async def reload() -> None:
        outcomes.append(await world.navigator.reload())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(reload)
        await world.public.asked_for("/slow")
        await world.page.execute("Page.close")

    assert [outcome.arrived for outcome in outcomes] == [False]


async def test_another_client_goes_on_to_intercept_for_itself(world: World) -> None:
    """An agent that answers requests of the page itself, as Playwright's `route` does."""
    async with attach_to_page(world.devtools, world.page.target_id) as agent:
        await agent.execute("Fetch.enable", {"patterns": [{"urlPattern": "*/mocked"}]})
        async with trio.open_nursery() as nursery:
            with agent.listen("Fetch.requestPaused") as paused:
                nursery.start_soon(_answer_mocked, agent, paused)
                assert (await world.navigator.navigate(world.a("/mocked"))).arrived
                assert await world.evaluate("document.title") == "mocked"
                assert (await world.navigator.navigate(world.a("/real"))).arrived
                # Not guarded, but still intercepted by the agent.
                await world.wander(world.a("/mocked"))
                assert await world.evaluate("document.title") == "mocked"
                nursery.cancel_scope.cancel()
    assert world.public.requests == ["a.test /real"]


async def _answer_mocked(agent: Page, paused: trio.MemoryReceiveChannel[Any]) -> None:
    body = base64.b64encode(b"<title>mocked</title>").decode()
    async for event in paused:
        answer = {"requestId": event.params["requestId"], "responseCode": 200, "body": body}
        await agent.execute("Fetch.fulfillRequest", answer)


class ScriptedPage:
    """A page that answers as it is told, and of which nothing is heard until it goes."""

    target_id = "page"

    def __init__(self, answer: dict[str, Any], *, refusals: float = 0, stays: bool = True) -> None:
        self.answer = answer
        self.refusals = refusals
        self.stays = stays

    async def execute(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        self.refusals -= 1
        if self.refusals >= 0:
            raise CommandRefused(method, -32000, "Not attached to an active page")
        return self.answer

    @contextmanager
    def listen(self, *methods: str) -> Iterator[trio.MemoryReceiveChannel[CdpEvent]]:
        send, receive = trio.open_memory_channel[CdpEvent](0)
        with send, receive:
            if not self.stays:
                send.close()
            yield receive


async def test_a_page_that_gives_way_to_the_next_one_is_asked_again(autojump_clock: MockClock) -> None:
    assert await execute_when_settled(ScriptedPage({"done": True}, refusals=5), "Page.reload", {}) == {"done": True}


async def test_it_is_not_asked_for_ever(autojump_clock: MockClock) -> None:
    with trio.fail_after(2), pytest.raises(CommandRefused):
        await execute_when_settled(ScriptedPage({}, refusals=math.inf), "Page.reload", {})


async def test_a_page_that_goes_without_a_word_is_a_failure(autojump_clock: MockClock) -> None:
    watch = NavigationWatch(ScriptedPage({}, stays=False), DestinationGuard(), "about:blank")
    with trio.fail_after(2):
        assert await watch.run("Page.reload", {}) == Navigated(False, "the page has gone")


async def test_the_answer_alone_tells_that_the_document_is_the_same(autojump_clock: MockClock) -> None:
    watch = NavigationWatch(ScriptedPage({"frameId": "page"}), DestinationGuard(), "about:blank#x")
    with trio.fail_after(2):
        assert (await watch.run("Page.navigate", {"url": "about:blank#x"})).arrived
