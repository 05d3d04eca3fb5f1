"""What has reached a page, and what was copied in it, as its own scripts cannot help telling."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from functools import partial

import attrs
import pytest
import trio
from headless_chromium import headless_chromium
from hypothesis import given
from hypothesis import strategies as st
from named_sites import SWITCHES, NamedSites, named_sites

from pilothouse.channels.browser_pages import Page
from pilothouse.channels.destination_guard import DestinationGuard
from pilothouse.channels.execution import LARGEST_TEXT
from pilothouse.channels.input_watch import InputWatch
from pilothouse.channels.remote_browser import RemoteBrowser
from pilothouse.protocol.destinations import AllowedDestinations
from pilothouse.protocol.rfb.input_policy import OPEN
from pilothouse.protocol.rfb.marks import MARK_KEYS
from pilothouse.protocol.rfb.messages import key_press, key_release
from pilothouse.protocol.rfb.viewer_input import ViewerInput

_PATIENCE_SECONDS = 20.0
_GUARD = DestinationGuard(AllowedDestinations.parse(["a.test", "b.test"]))
_CONTROL = 2

_NOTES_ALL = """<script>
  noted = []
  for (const type of ['keydown', 'keypress', 'keyup'])
    for (const capture of [true, false]) addEventListener(type, event => noted.push(event.key), capture)
</script>"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[str]:
    with headless_chromium(*SWITCHES) as address:
        yield address


@pytest.fixture(scope="module")
def sites() -> Iterator[NamedSites]:
    with named_sites() as sites:
        yield sites


@attrs.frozen
class Seat:
    """In front of a browser with one page."""

    browser: RemoteBrowser
    page: Page
    sites: NamedSites

    async def show(self, html: str) -> None:
        """Go to a page with this in it; the element `at` gets the focus."""
        await self.browser.execution.navigate(self.sites.add(html, host="a.test"))
        await self.js("document.readyState === 'complete' || new Promise(done => addEventListener('load', done))")
        await self.js("() => { document.querySelector('#at')?.focus() }")

    async def js(self, source: str) -> object:
        return await self.browser.execution.evaluate_js(source)

    async def press(self, key: str, *, modifiers: int = 0, command: str | None = None) -> None:
        event = {
            "key": key,
            "modifiers": modifiers,
            "windowsVirtualKeyCode": ord(key.upper()) if len(key) == 1 else 135,
        }
        commands = {"commands": [command]} if command else {}
        await self.page.execute("Input.dispatchKeyEvent", {"type": "rawKeyDown", **event, **commands})
        await self.page.execute("Input.dispatchKeyEvent", {"type": "keyUp", **event})

    async def copied(self, command: str = "copy") -> str | int | None:
        """What is told of a chord, once the mark behind it has been seen."""
        mark = self.browser.input.mark()
        with trio.fail_after(_PATIENCE_SECONDS):
            await self.press(command[0], modifiers=_CONTROL, command=command)
            await self.press(mark.name)
            await mark.seen.wait()
            return mark.copied


@pytest.fixture
async def seat(chromium: str, sites: NamedSites) -> AsyncIterator[Seat]:
    async def find() -> str:
        return chromium

    browser = RemoteBrowser(find, _GUARD)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(browser.link.run)
        # The page that a browser starts with is in front of nobody.
        target = (await browser.link.execute("Target.createTarget", {"url": "about:blank"}))["targetId"]
        with trio.fail_after(_PATIENCE_SECONDS):
            while (page := await browser.link.active_page()).target_id != target:  # noqa: ASYNC110 (another process)
                await trio.sleep(0.01)
        yield Seat(browser, page, sites)
        await browser.link.execute("Target.closeTarget", {"targetId": target})
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("name", [*MARK_KEYS, "\0"])
async def test_a_page_does_not_notice_marks(name: str, seat: Seat) -> None:
    await seat.show(f"{_NOTES_ALL}<input id=at>")
    mark = seat.browser.input.mark()
    with trio.fail_after(_PATIENCE_SECONDS):
        if name in MARK_KEYS:
            mark.name = name
        await seat.press(name)
        await mark.seen.wait()
    await seat.press("Shift")
    assert set(await seat.js("noted")) == {"Shift"}


async def test_a_document_that_is_opened_anew_still_tells(seat: Seat) -> None:
    await seat.show("<p>old")
    await seat.js(f"() => {{ document.open(); document.write({json.dumps(_NOTES_ALL)} + 'new'); document.close() }}")
    mark = seat.browser.input.mark()
    with trio.fail_after(_PATIENCE_SECONDS):
        await seat.press(mark.name)
        await mark.seen.wait()


COPIED = {
    "a selection": ("<p id=text>plank</p><script>getSelection().selectAllChildren(text)</script>", "plank"),
    "a field": ("<input id=at onfocus='at.select()' value='плáнк 🦆'>", "плáнк 🦆"),
    "nothing": ("<p>plank</p>", None),
    "a password": ("<input id=at type=password onfocus='at.select()' value=secret>", None),
    "what the page puts there": (
        """<p id=text>plank</p><script>getSelection().selectAllChildren(text)
        document.oncopy = event => {
          event.clipboardData.setData('text/plain', 'of the page')
          event.preventDefault()
        }</script>""",
        "of the page",
    ),
    "what the page puts there without a selection": (
        """<script>document.addEventListener('copy', event => {
          event.clipboardData.setData('text/plain', 'of the page')
          event.preventDefault()
        })</script>""",
        "of the page",
    ),
    "nothing, because the page does not want it": (
        """<p id=text>plank</p><script>getSelection().selectAllChildren(text)
        onkeydown = event => event.preventDefault()</script>""",
        None,
    ),
    "a selection where the page stops the event": (
        """<p id=text>plank</p><script>getSelection().selectAllChildren(text)
        document.addEventListener('copy', event => event.stopImmediatePropagation())</script>""",
        "plank",
    ),
    "too much": (f"<textarea id=at onfocus='at.select()'>{'x' * (LARGEST_TEXT + 1)}</textarea>", LARGEST_TEXT + 1),
}


@pytest.mark.parametrize(("html", "copied"), COPIED.values(), ids=COPIED)
async def test_what_is_copied_is_told(html: str, copied: str | int | None, seat: Seat) -> None:
    await seat.show(html)
    assert await seat.copied() == copied


async def test_what_is_cut_is_told(seat: Seat) -> None:
    await seat.show("<input id=at onfocus='at.select()' value=plank>")
    assert await seat.copied("cut") == "plank"
    assert await seat.js("at.value") == ""


async def test_a_frame_of_another_site_tells_too(seat: Seat) -> None:
    field = "<input id=at value=inside onfocus='at.select()'><script>onfocus = () => at.focus()</script>"
    inner = seat.sites.add(field, host="b.test")
    await seat.show(f"<iframe id=at src='{inner}'></iframe>")
    with trio.fail_after(_PATIENCE_SECONDS):
        while await seat.browser.execution.get_selected_text() != "inside":  # noqa: ASYNC110 (another process)
            await trio.sleep(0.01)
    assert await seat.copied() == "inside"


async def test_what_a_page_pretends_is_not_told(seat: Seat) -> None:
    await seat.show("<p id=text>plank</p><script>getSelection().selectAllChildren(text)</script>")
    mark = seat.browser.input.mark()
    await seat.js(
        f"""() => {{ dispatchEvent(new KeyboardEvent('keydown', {{key: '{mark.name}'}}))
                    dispatchEvent(new ClipboardEvent('copy', {{clipboardData: new DataTransfer()}})) }}"""
    )
    # What it had told would have come before this.
    assert await seat.js("typeof pilothouseInput") == "undefined"
    assert (mark.seen.is_set(), mark.copied) == (False, None)


def test_a_later_mark_stands_for_the_earlier_ones() -> None:
    watch = InputWatch()
    first, second = watch.mark(), watch.mark()
    assert first.keys != second.keys
    watch.told('{"copied": "plank"}')
    watch.told(json.dumps({"seen": second.name}))
    assert [(mark.seen.is_set(), mark.copied) for mark in (first, second)] == [(True, "plank")] * 2


def test_an_earlier_mark_says_nothing_of_later_ones() -> None:
    watch = InputWatch()
    first, second = watch.mark(), watch.mark()
    watch.told(json.dumps({"seen": first.name}))
    assert (first.seen.is_set(), second.seen.is_set()) == (True, False)


def test_a_mark_that_was_lost_does_not_stand_in_the_way_of_one_with_its_name() -> None:
    watch = InputWatch()
    marks = [watch.mark() for _ in range(2 * len(MARK_KEYS))]
    lost, *_, last = [mark for mark in marks if mark.name == marks[0].name]
    watch.told(json.dumps({"seen": lost.name}))
    assert last.seen.is_set()


@pytest.mark.parametrize("keys_before", [True, False])
def test_without_keys_before_it_a_mark_does_not_know_whether_there_was_a_copy(keys_before: bool) -> None:
    watch = InputWatch()
    mark = watch.mark()
    watch.told(json.dumps({"seen": mark.name, "keysBefore": keys_before}))
    assert mark.knows_of_copies == keys_before


@given(
    st.text() | st.recursive(st.none() | st.text() | st.integers(), partial(st.dictionaries, st.text())).map(json.dumps)
)
def test_garbage_is_no_mark(payload: str) -> None:
    watch = InputWatch()
    mark = watch.mark()
    watch.told(payload)
    assert not mark.seen.is_set()


@pytest.mark.parametrize("keysym", MARK_KEYS.values(), ids=MARK_KEYS)
def test_no_viewer_can_press_the_key_of_a_mark(keysym: int) -> None:
    judged = ViewerInput(OPEN).receive(key_press(keysym) + key_release(keysym), in_control=True)
    assert judged.forward == b""
