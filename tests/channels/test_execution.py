from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

import attrs
import pytest
import trio
import trio.testing
from headless_chromium import headless_chromium
from named_sites import SWITCHES, NamedSites, named_sites

from pilothouse.channels.browser_link import BrowserLink
from pilothouse.channels.browser_pages import Page
from pilothouse.channels.destination_guard import DestinationGuard
from pilothouse.channels.execution import (
    LARGEST_PICTURE,
    LARGEST_TEXT,
    DialogOpen,
    DidNotArrive,
    Execution,
    JavaScriptError,
    NoFocus,
    NoPlaceForText,
    NotPossible,
    PageGone,
    TextTooLarge,
    TooSlow,
)
from pilothouse.protocol.cdp_executor import ConnectionLost, TargetGone
from pilothouse.protocol.destinations import AllowedDestinations

_PATIENCE_SECONDS = 20.0
# The sites of the tests are on this machine.
GUARD = DestinationGuard(
    AllowedDestinations.parse(["a.test", "b.test", "c.test", "localhost", "sub.a.test", "www.shop.test"])
)
_LOADED = """() => document.readyState === 'complete' ||
    new Promise(done => addEventListener('load', () => done(true)))"""
# By itself it would happen with the next picture.
_AUTOFOCUS = "() => { document.querySelector('[autofocus]')?.focus() }"


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
    """In front of a page of one's own."""

    execute: Execution
    link: BrowserLink
    page: Page
    sites: NamedSites

    async def show(self, html: str, *, host: str = "a.test") -> None:
        """Go to a page with this in it, and wait until its frames are loaded."""
        await self.execute.navigate(self.sites.add(html, host=host))
        await self.js(_LOADED)
        await self.js(_AUTOFOCUS)

    async def js(self, source: str, *arguments: object) -> Any:
        return await self.execute.evaluate_js(source, *arguments)


@pytest.fixture
async def seat(chromium: str, sites: NamedSites) -> AsyncIterator[Seat]:
    async def find() -> str:
        return chromium

    link = BrowserLink(find)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(link.run)
        target = (await link.execute("Target.createTarget", {"url": "about:blank"}))["targetId"]
        page = await seen(link, target)
        yield Seat(Execution(link, GUARD), link, page, sites)
        await link.execute("Target.closeTarget", {"targetId": target})
        nursery.cancel_scope.cancel()


async def seen(link: BrowserLink, target: str) -> Page:
    with trio.fail_after(_PATIENCE_SECONDS):
        while True:
            page = await link.active_page()
            if page.target_id == target:
                return page
            await trio.sleep(0.01)


async def eventually(happens: Callable[[], Awaitable[bool]]) -> None:
    with trio.fail_after(_PATIENCE_SECONDS):
        while True:
            if await happens():
                return
            await trio.sleep(0.01)


# JavaScript


async def test_an_expression_is_evaluated_and_a_function_is_called(seat: Seat) -> None:
    assert await seat.js("6 * 7 // ") == 42
    assert await seat.js("(a, b) => [a, b]", {"k": [1, None]}, "й😀\u2028") == [{"k": [1, None]}, "й😀\u2028"]
    assert await seat.js("function () { return this === globalThis }") is True
    assert await seat.js("async word => word + '!'", "later") == "later!"
    assert await seat.js("Promise.resolve({a: 1})") == {"a": 1}
    assert await seat.js("undefined") is None
    assert await seat.js("({a: undefined, b: null})") == {"b": None}
    assert await seat.js("'\\ud800'") == "\ufffd"


async def test_it_is_the_page_s_own_world(seat: Seat) -> None:
    await seat.show("<script>var mine = 1; JSON.stringify = null; Function.prototype.call = null</script>")
    assert await seat.js("n => (mine += n)", 1) == 2
    assert await seat.js("mine") == 2


@pytest.mark.parametrize(
    ("source", "name", "message"),
    [
        ("(() => { throw new RangeError('too: far') })()", "RangeError", "too: far"),
        ("async () => { throw new TypeError('two\\nlines') }", "TypeError", "two\nlines"),
        ("() => { throw new Error }", "Error", ""),
        ("() => { throw 'a string' }", "", "a string"),
        ("Promise.reject(7)", "", "7"),
        ("document.querySelector('(')", "SyntaxError", None),
        ("1 +", "SyntaxError", "Unexpected token ')'"),
    ],
)
async def test_what_a_script_throws_comes_in_its_own_words(
    seat: Seat, source: str, name: str, message: str | None
) -> None:
    with pytest.raises(JavaScriptError) as caught:
        await seat.js(source)
    assert caught.value.name == name
    assert message is None or caught.value.message == message


@pytest.mark.parametrize("source", ["NaN", "1n", "Symbol()", "(() => { const a = []; a.push(a); return a })()"])
async def test_what_is_no_json_is_refused(seat: Seat, source: str) -> None:
    with pytest.raises(NotPossible):
        await seat.js(source)


async def test_an_endless_script_is_stopped_at_the_deadline(seat: Seat) -> None:
    with pytest.raises(TooSlow):
        await seat.execute.evaluate_js("() => { for (;;); }", seconds=0.3)
    assert await seat.js("1") == 1
    with pytest.raises(TooSlow):
        await seat.execute.evaluate_js("new Promise(() => {})", seconds=0.1)
    assert await seat.js("1") == 1


# Selection

FIELDS = {
    "text": ("<input id=at value='one two'>", "at.select()", "one two"),
    "a part": ("<input id=at value='one two'>", "at.setSelectionRange(4, 6)", "tw"),
    "email": ("<input id=at type=email value='a@b.c'>", "at.select()", "a@b.c"),
    "number": ("<input id=at type=number value=42>", "at.select()", "42"),
    "textarea": ("<textarea id=at>one\n\n two😀\nשלום\n</textarea>", "at.select()", "one\n\n two😀\nשלום\n"),
    "words": ("<p id=at>one <b>two</b> three", "getSelection().selectAllChildren(at)", "one two three"),
    "editor": (
        "<div contenteditable id=at>one<div>two</div></div>",
        "getSelection().selectAllChildren(at)",
        "one\ntwo",
    ),
    "nothing": ("<input id=at value='one two'>", "at.focus()", ""),
}


def within(wrapping: str, html: str, script: str) -> str:
    """A page that has the field somewhere, and selects in it."""
    if wrapping == "page":
        return f"{html}<script>at.focus(); {script}</script>"
    return f"""<input value=outside><div id=host></div><script>
        const root = host.attachShadow({{mode: '{wrapping}'}});
        root.innerHTML = {html!r};
        const at = root.getElementById('at');
        at.focus(); {script};
    </script>"""


@pytest.mark.parametrize("wrapping", ["page", "open", "closed"])
@pytest.mark.parametrize("field", FIELDS)
async def test_what_is_selected_is_read(seat: Seat, field: str, wrapping: str) -> None:
    html, script, selected = FIELDS[field]
    await seat.show(within(wrapping, html, script))
    assert await seat.execute.get_selected_text() == selected


@pytest.mark.parametrize("wrapping", ["page", "open", "closed"])
async def test_a_password_is_never_read(seat: Seat, wrapping: str) -> None:
    await seat.show(within(wrapping, "<input id=at type=password value=secret>", "at.select()"))
    assert await seat.execute.get_selected_text() == ""


FRAME_HOSTS = {"same origin": "a.test", "same site": "sub.a.test", "another site": "b.test"}


async def show_in_frame(seat: Seat, host: str, html: str) -> None:
    """A frame of this host, behind another one that has nothing to do with it; the inner field has the focus."""
    inner = seat.sites.add(f"{html}<script>onfocus = () => at.focus()</script>", host=host)
    other = seat.sites.add("<input id=at value=other>", host="c.test")
    await seat.show(f"<input value=outside><iframe src='{other}'></iframe><iframe id=frame src='{inner}'></iframe>")
    await seat.js("() => { frame.focus() }")


@pytest.mark.parametrize("host", FRAME_HOSTS.values(), ids=FRAME_HOSTS)
async def test_the_selection_is_read_in_the_frame_that_has_the_focus(seat: Seat, host: str) -> None:
    await show_in_frame(seat, host, "<textarea id=at onfocus='at.select()'>in the frame</textarea>")

    async def read() -> bool:
        return await seat.execute.get_selected_text() == "in the frame"

    await eventually(read)
    await seat.js("() => { document.querySelector('input').select() }")
    assert await seat.execute.get_selected_text() == "outside"


async def test_a_frame_may_move_to_another_process(seat: Seat) -> None:
    html = "<script>onfocus = () => at.focus()</script><input id=at onfocus='at.select()' value="
    await show_in_frame(seat, "b.test", f"{html}b.test>")
    for host in ("b.test", "a.test", "c.test"):
        url = seat.sites.add(f"{html}{host}>", host=host)
        await seat.js("url => new Promise(done => { frame.onload = () => done(0); frame.src = url })", url)
        await seat.js("() => { document.querySelector('input').focus(); frame.focus() }")

        async def read(selected: str = host) -> bool:
            return await seat.execute.get_selected_text() == selected

        await eventually(read)


async def test_frames_may_be_in_frames(seat: Seat) -> None:
    deep = seat.sites.add("<input id=at value=deep onfocus='at.select()'><script>onfocus = () => at.focus()</script>")
    pass_on = "<script>onfocus = () => setTimeout(() => document.querySelector('iframe').focus())</script>"
    middle = seat.sites.add(f"<iframe src='{deep}'></iframe>{pass_on}", host="b.test")
    await seat.show(f"<iframe id=frame src='{middle}'></iframe>")
    await seat.js("() => { frame.focus() }")

    async def read() -> bool:
        return await seat.execute.get_selected_text() == "deep"

    await eventually(read)


HOSTILE = {
    "getters that throw": """<script>
        const thrower = {get() { throw new Error('no') }};
        for (const name of ['toString', 'rangeCount', 'getRangeAt', 'anchorNode'])
            Object.defineProperty(Selection.prototype, name, thrower);
        Object.defineProperty(Document.prototype, 'activeElement', thrower);
        Object.defineProperty(window, 'getSelection', thrower);
        document.getSelection = () => { throw new Error('no') };
        String = TextEncoder = Reflect = null;
    </script>""",
    "names that hide": """
        <img name=activeElement><img name=body><img name=hasFocus><img name=execCommand><img name=queryCommandEnabled>
        <img id=getSelection><img id=String>""",
}


@pytest.mark.parametrize("trick", HOSTILE.values(), ids=HOSTILE)
async def test_a_page_cannot_mislead_our_script(seat: Seat, trick: str) -> None:
    await seat.show(f"{trick}<textarea id=at>one\ntwo</textarea><script>at.focus(); at.select()</script>")
    assert await seat.execute.get_selected_text() == "one\ntwo"
    await seat.execute.paste_text("three\nfour")
    assert await seat.js("at.value") == "three\nfour"
    assert await seat.execute.page_has_focus()


async def test_after_a_navigation_the_new_page_is_read(seat: Seat) -> None:
    for host in ("a.test", "a.test", "b.test"):
        await seat.show(f"<input id=at value='{host}'><script>at.focus(); at.select()</script>", host=host)
        assert await seat.execute.get_selected_text() == host


async def test_a_selection_over_the_limit_is_refused(seat: Seat) -> None:
    await seat.show("<textarea id=at></textarea><script>at.focus()</script>")
    await seat.js("length => { at.value = 'ä'.repeat(length); at.select() }", LARGEST_TEXT // 2)
    assert len(await seat.execute.get_selected_text()) == LARGEST_TEXT // 2
    await seat.js("() => { at.value += '.'; at.select() }")
    with pytest.raises(TextTooLarge):
        await seat.execute.get_selected_text()


# Pasting

PLACES = {
    "input": "<input id=at value='[]'>",
    "email": "<input id=at type=email value='[]'>",
    "password": "<input id=at type=password value='[]'>",
    "short": "<input id=at maxlength=8 value='[]'>",
    "textarea": "<textarea id=at>[]</textarea>",
    "editor": "<div contenteditable id=at>[]</div>",
    "paragraph": "<div contenteditable id=at><p class=c>[]</p></div>",
    "bold": "<div contenteditable id=at><p><b>[]</b></p></div>",
    "preserving": "<div contenteditable id=at style='white-space: pre-wrap'>[]</div>",
    "plain": "<div contenteditable=plaintext-only id=at>[]</div>",
}
TEXTS = {
    "word": "word",
    "scripts": "emoji 👩‍👩‍👧 😀, שלום, العربية, e\u0301",
    "lines": "one\ntwo",
    "windows lines": "one\r\n\r\ntwo\r",
    "last line": "one\ntwo\n",
    "first line": "\none\n\n\ntwo",
    "only a line break": "\n",
    "tabs": "a\tb\n\tc\t\td",
    "spaces in lines": "d  e\nf   g\nh    i\nj     k",
    "spaces around lines": " a\nb \n  c\nd  \n   e\nf   ",
    "spaces in a line": " a  b   c  ",
    "markup": "<b>&amp;</b>\n</div><script>",
}
CARET = """() => {
    at.focus();
    if ('value' in at) { try { at.setSelectionRange(1, 1) } catch { } return }
    const texts = document.createTreeWalker(at, NodeFilter.SHOW_TEXT);
    getSelection().collapse(texts.nextNode(), 1);
}"""
SEEN = """() => {
    if ('value' in at) return at.value;
    const texts = document.createTreeWalker(at, NodeFilter.SHOW_TEXT), weights = new Set();
    while (texts.nextNode()) weights.add(getComputedStyle(texts.currentNode.parentElement).fontWeight);
    const blocks = [...at.querySelectorAll('div, p')].map(block => block.cloneNode(false).outerHTML);
    return [at.innerText.replaceAll('\\u00a0', ' '), blocks, [...weights]];
}"""


async def paste_as_a_person_does(seat: Seat, text: str) -> None:
    """Chromium's own paste of its own clipboard."""
    await seat.js("text => navigator.clipboard.writeText(text)", text)
    # Chromium drops the keys that are pressed before a page was painted.
    await seat.js("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    key = {"key": "v", "code": "KeyV", "modifiers": 2, "windowsVirtualKeyCode": 86}
    await seat.page.execute("Input.dispatchKeyEvent", {"type": "keyDown", "commands": ["paste"], **key})
    await seat.page.execute("Input.dispatchKeyEvent", {"type": "keyUp", **key})


@pytest.mark.parametrize("place", PLACES)
async def test_it_leaves_what_a_person_s_paste_leaves(seat: Seat, place: str) -> None:
    differing = {}
    for name, text in TEXTS.items():
        left = []
        for paste in (partial(paste_as_a_person_does, seat), seat.execute.paste_text):
            await seat.show(PLACES[place], host="localhost")  # only there has a page of http a clipboard
            await seat.js(CARET)
            await paste(text)
            content = await seat.js(SEEN)
            await seat.js("() => { document.execCommand('insertText', false, '^') }")
            # In bold text Chromium's own paste leaves the caret in front.
            left.append((content, await seat.js(SEEN) if place != "bold" else None))
            await seat.js("() => { document.execCommand('undo'); document.execCommand('undo') }")
            assert "[]" in str(await seat.js(SEEN)), "it can be undone as a whole"
        if left[0] != left[1]:
            differing[name] = left
    assert differing == {}


@pytest.mark.parametrize("wrapping", ["open", "closed"])
@pytest.mark.parametrize("html", ["<input id=at>", "<textarea id=at></textarea>", "<div contenteditable id=at></div>"])
async def test_it_goes_into_shadow_roots(seat: Seat, html: str, wrapping: str) -> None:
    await seat.show(within(wrapping, html, "window.at = at"))
    await seat.execute.paste_text("one\ntwo")
    assert await seat.js("at.value ?? at.innerText") == ("one two" if "input" in html else "one\ntwo")


@pytest.mark.parametrize("host", FRAME_HOSTS.values(), ids=FRAME_HOSTS)
async def test_it_goes_into_the_frame_that_has_the_focus(seat: Seat, host: str) -> None:
    tell = "<script>addEventListener('message', ask => ask.source.postMessage(at.value, '*'))</script>"
    await show_in_frame(seat, host, f"<textarea id=at></textarea>{tell}")

    async def pasted() -> bool:
        try:
            await seat.execute.paste_text("one\n")
        except NoPlaceForText:
            return False
        return True

    await eventually(pasted)
    await seat.execute.paste_text("two")
    told = (
        "() => new Promise(done => { onmessage = event => done(event.data); frame.contentWindow.postMessage('', '*') })"
    )
    assert await seat.js(told) == "one\ntwo"


async def test_a_selection_is_replaced(seat: Seat) -> None:
    await seat.show("<input id=at value=old><script>at.select()</script>")
    for text, left in (("new", "new"), ("two\nlines", "two lines")):
        await seat.execute.paste_text(text)
        assert await seat.js("() => { at.select(); return at.value }") == left


LOG = """<script>
    const log = [];
    for (const kind of ['paste', 'beforeinput', 'input']) addEventListener(kind, event => log.push(
        [kind, event.inputType ?? event.clipboardData.getData('text/plain'), event.isTrusted]), true);
</script>"""


async def test_the_page_is_told_of_the_paste(seat: Seat) -> None:
    await seat.show(f"<textarea id=at autofocus></textarea>{LOG}")
    for text in ("word", "one\ntwo"):
        await seat.execute.paste_text(text)
        assert await seat.js("log.splice(0)") == [
            ["paste", text, False],
            ["beforeinput", "insertFromPaste", False],
            ["input", "", True],
        ]


@pytest.mark.parametrize("text", ["word", "one\ntwo"])
async def test_a_page_may_paste_by_itself(seat: Seat, text: str) -> None:
    await seat.show("""<textarea id=at autofocus></textarea><script>at.onpaste = event => {
        event.preventDefault();
        at.value = `<${event.clipboardData.getData('text')}>`;
    }</script>""")
    await seat.execute.paste_text(text)
    assert await seat.js("at.value") == f"<{text}>"


async def test_a_page_may_refuse_lines_before_they_come(seat: Seat) -> None:
    await seat.show("<div contenteditable id=at></div><script>at.focus()</script>")
    await seat.js("""() => { at.onbeforeinput = event => {
        event.preventDefault();
        at.textContent = event.dataTransfer.getData('text/plain') + '!';
    } }""")
    await seat.execute.paste_text("one\ntwo")
    assert await seat.js("at.textContent") == "one\ntwo!"


async def test_trusted_types_do_not_prevent_it(seat: Seat) -> None:
    policy = "<meta http-equiv=Content-Security-Policy content=\"require-trusted-types-for 'script'{}\">"
    for only in ("", "; trusted-types none"):
        await seat.show(f"{policy.format(only)}<textarea id=at autofocus></textarea>")
        await seat.execute.paste_text("one\ntwo")
        assert await seat.js("at.value") == "one\ntwo"


async def test_a_document_that_is_not_html_takes_text(seat: Seat) -> None:
    html = '<html xmlns="http://www.w3.org/1999/xhtml"><body><textarea id="at"></textarea></body></html>'
    await seat.page.execute("Page.navigate", {"url": f"data:application/xhtml+xml,{html}"})
    await seat.js(_LOADED)
    await seat.js("() => { globalThis.at = document.getElementById('at'); at.focus() }")
    await seat.execute.paste_text("one\ntwo")
    assert await seat.js("at.value") == "one\ntwo"


@pytest.mark.parametrize("line", ["😀" * 16, "é" * 25 + "\n"], ids=["one line", "lines"])
async def test_a_mebibyte_is_pasted_and_not_more(seat: Seat, line: str) -> None:
    text = line * (LARGEST_TEXT // len(line.encode()))
    text += "x" * (LARGEST_TEXT - len(text.encode()))
    await seat.show("<textarea id=at autofocus></textarea>")
    with pytest.raises(TextTooLarge):
        await seat.execute.paste_text(text + "x")
    assert await seat.js("at.value") == ""
    await seat.execute.paste_text(text, seconds=60)
    assert await seat.js("at.value") == text


async def test_lone_surrogates_become_replacement_characters(seat: Seat) -> None:
    await seat.show("<textarea id=at autofocus></textarea>")
    await seat.execute.paste_text("a\ud800b\udc00\ud83d\ude00")
    assert await seat.js("at.value") == "a\ufffdb\ufffd😀"


@pytest.mark.parametrize("html", ["<p>words", "<textarea id=at readonly autofocus></textarea>", "<button autofocus>"])
async def test_without_a_place_for_text_there_is_an_error(seat: Seat, html: str) -> None:
    await seat.show(f"{html}{LOG}")
    with pytest.raises(NoPlaceForText):
        await seat.execute.paste_text("word")
    assert await seat.js("log") == [["paste", "word", False]]


# Focus


@attrs.frozen
class Only:
    """A browser in which always the same page is seen."""

    page: Page

    async def active_page(self) -> Page:
        return self.page

    async def execute(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        raise AssertionError(method)


async def test_a_page_behind_another_one_has_no_focus(seat: Seat) -> None:
    await seat.show("<input id=at autofocus>")
    assert await seat.execute.page_has_focus()
    await seat.execute.paste_text("one", only_with_focus=True)
    in_front = (await seat.link.execute("Target.createTarget", {"url": "about:blank"}))["targetId"]
    await seen(seat.link, in_front)
    behind = Execution(Only(seat.page))
    assert not await behind.page_has_focus()
    with pytest.raises(NoFocus):
        await behind.paste_text("two", only_with_focus=True)
    await behind.paste_text(" three")
    assert await behind.evaluate_js("at.value") == "one three"
    await seat.execute.close(in_front)


# Pictures


async def test_a_screenshot_is_a_png(seat: Seat) -> None:
    await seat.show("<body style='background: teal'>")
    picture, mime_type = await seat.execute.screenshot()
    assert mime_type == "image/png"
    assert picture.startswith(b"\x89PNG")


async def test_a_large_screenshot_is_a_jpeg(seat: Seat) -> None:
    await seat.show("""<body style='margin: 0'><canvas id=at width=2400 height=2000></canvas><script>
        const context = at.getContext('2d'), image = context.createImageData(2400, 2000);
        for (let i = 0; i < image.data.length; i += 65536) crypto.getRandomValues(image.data.subarray(i, i + 65536));
        for (let i = 3; i < image.data.length; i += 4) image.data[i] = 255;
        context.putImageData(image, 0, 0);
    </script>""")
    size = {"width": 2400, "height": 2000, "deviceScaleFactor": 1, "mobile": False}
    await seat.page.execute("Emulation.setDeviceMetricsOverride", size)
    picture, mime_type = await seat.execute.screenshot(seconds=60)
    assert mime_type == "image/jpeg"
    assert picture.startswith(b"\xff\xd8")
    assert len(picture) <= LARGEST_PICTURE


# Going somewhere


async def test_the_history_is_gone_along(seat: Seat) -> None:
    first, second = seat.sites.add("first"), seat.sites.add("second", host="b.test")
    for url in (first, second):
        await seat.execute.navigate(url)
        assert await seat.execute.url() == url
    await seat.execute.clear_history()
    await seat.execute.back()
    assert await seat.execute.url() == second, "there is no history"
    await seat.execute.navigate(first)
    await seat.js(_LOADED)  # before that, the next one would take its place
    await seat.execute.navigate(f"{first}#part")
    await eventually(partial(seat.js, "location.hash === '#part'"))
    for go, url in [
        (seat.execute.back, first),
        (seat.execute.back, second),
        (seat.execute.back, second),
        (seat.execute.forward, first),
        (seat.execute.forward, f"{first}#part"),
        (seat.execute.forward, f"{first}#part"),
    ]:
        await go()
        assert await seat.execute.url() == url


@pytest.mark.parametrize("hard", [False, True])
async def test_a_reload_makes_a_new_document(seat: Seat, hard: bool) -> None:
    await seat.show("<p>")
    await seat.js("() => { globalThis.old = 1 }")
    await seat.execute.reload(hard=hard)
    assert await seat.js("typeof old") == "undefined"


async def test_what_cannot_be_reached_is_an_error(seat: Seat) -> None:
    for url in ("http://a.test:1/", "http://127.0.0.1/", "file:///etc/passwd"):
        with pytest.raises(DidNotArrive):
            await seat.execute.navigate(url)


# Data


async def test_cookies_are_deleted_where_the_page_gets_them_from(seat: Seat) -> None:
    def cookie(name: str, domain: str, **more: object) -> dict[str, object]:
        return {"name": name, "value": "1", "domain": domain, "path": "/", **more}

    cookies = [
        cookie("own", "www.shop.test", path="/deep"),
        cookie("parent", ".shop.test"),
        cookie("secure", "www.shop.test", secure=True),
        cookie("child", "a.www.shop.test"),
        cookie("similar", "myshop.test"),
        cookie("end of the name", ".op.test"),
        cookie("other", "b.test"),
    ]
    await seat.page.execute("Network.setCookies", {"cookies": cookies})
    await seat.show("<p>", host="www.shop.test")
    await seat.execute.clear_cookies()
    left = (await seat.page.execute("Storage.getCookies"))["cookies"]
    assert {cookie["name"] for cookie in left} == {"child", "similar", "end of the name", "other"}
    await seat.page.execute("Storage.clearCookies")


async def test_all_data_of_the_origin_are_deleted(seat: Seat) -> None:
    store = "() => { localStorage.k = sessionStorage.k = document.cookie = 'k=1' }"
    await seat.show("<p>", host="b.test")
    await seat.js(store)
    await seat.show("<p>")
    await seat.js(store)
    await seat.execute.clear_all_data()
    await seat.execute.back()
    assert await seat.js("location.hostname") == "a.test", "there is no history"
    assert await seat.js("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    await seat.show("<p>", host="b.test")
    assert await seat.js("[localStorage.length, sessionStorage.length, document.cookie]") == [1, 1, "k=1"]
    await seat.execute.clear_all_data()


async def test_a_page_without_an_origin_has_nothing_to_delete(seat: Seat) -> None:
    await seat.page.execute("Page.navigate", {"url": "data:text/html,<p>"})
    await seat.execute.clear_all_data()
    await seat.execute.clear_cookies()


# Tabs


async def test_tabs_are_brought_to_the_front_and_closed(seat: Seat) -> None:
    other = (await seat.link.execute("Target.createTarget", {"url": "about:blank"}))["targetId"]
    await seen(seat.link, other)
    await seat.execute.activate(seat.page.target_id)
    await seen(seat.link, seat.page.target_id)
    await seat.execute.close(other)
    for operation in (seat.execute.activate, seat.execute.close):
        with pytest.raises(NotPossible, match="No target"):
            await operation("nobody")


# Bad days


async def handle_dialog(seat: Seat, accept: bool) -> None:
    await seat.page.execute("Page.handleJavaScriptDialog", {"accept": accept})


def operations_on(execute: Execution) -> dict[str, Callable[[], Awaitable[object]]]:
    return {
        "evaluate": partial(execute.evaluate_js, "1"),
        "selection": execute.get_selected_text,
        "paste": partial(execute.paste_text, "x"),
        "focus": execute.page_has_focus,
        "screenshot": execute.screenshot,
        "clear all": execute.clear_all_data,
    }


async def test_a_dialog_is_told_at_once(seat: Seat) -> None:
    await seat.show("<input id=at autofocus>")
    await seat.js("() => { setTimeout(alert) }")

    async def open_by_now() -> bool:
        return seat.page.dialog_open

    await eventually(open_by_now)
    leaving = {
        "navigate": partial(seat.execute.navigate, "about:blank"),
        "reload": seat.execute.reload,
    }
    for operation in {**operations_on(seat.execute), **leaving}.values():
        with pytest.raises(DialogOpen):
            await operation()
    assert await seat.execute.url() == seat.sites.add("").rpartition("/")[0] + f"/{len(seat.sites.pages) - 2}"
    await handle_dialog(seat, True)
    await seat.execute.paste_text("goes on")
    assert await seat.js("at.value") == "goes on"


@pytest.mark.parametrize("event", ["paste", "beforeinput"])
async def test_a_dialog_may_open_while_text_is_pasted(seat: Seat, event: str) -> None:
    await seat.show(f"<input id=at autofocus><script>at.on{event} = () => confirm('Really?')</script>")
    with pytest.raises(DialogOpen):
        await seat.execute.paste_text("word")
    await handle_dialog(seat, True)
    assert await seat.js("1") == 1


async def test_a_page_may_ask_whether_to_leave_it(seat: Seat) -> None:
    await seat.show("<title>stay</title><script>onbeforeunload = event => event.preventDefault()</script>")
    await seat.js("1")  # as if by a person, without whom no page may ask
    for leave in (partial(seat.execute.navigate, "about:blank"), seat.execute.reload):
        with pytest.raises(DialogOpen):
            await leave()
        await handle_dialog(seat, False)
        assert await seat.js("document.title") == "stay"


async def test_a_crash_is_told_and_the_page_can_be_reloaded(seat: Seat) -> None:
    await seat.show("<input id=at autofocus>")
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def _wait_for_ever() -> None:
            with pytest.raises(PageGone):
                await seat.execute.evaluate_js("new Promise(() => {})", seconds=_PATIENCE_SECONDS)

        await trio.testing.wait_all_tasks_blocked(0.05)
        nursery.start_soon(crash, seat.page)
    for operation in operations_on(seat.execute).values():
        with pytest.raises(PageGone):
            await operation()
    assert "a.test" in await seat.execute.url()
    await seat.execute.reload()
    await eventually(partial(seat.js, "document.activeElement?.id === 'at'"))
    await seat.execute.paste_text("again")
    assert await seat.js("at.value") == "again"


async def crash(page: Page) -> None:
    with pytest.raises(TargetGone):
        await page.execute("Page.crash")


@pytest.mark.parametrize("way_out", ["reload", "navigate", "back"])
async def test_a_page_that_hangs_can_be_left(seat: Seat, way_out: str) -> None:
    url = seat.sites.add("<input id=at>")
    await seat.execute.navigate(url)
    await seat.show("<p>")
    await seat.js("() => { setTimeout(() => { for (;;); }) }")
    for operation in (seat.execute.get_selected_text, partial(seat.execute.evaluate_js, "1"), seat.execute.screenshot):
        with pytest.raises(TooSlow):
            await operation(seconds=0.3)
    await {"reload": seat.execute.reload, "navigate": partial(seat.execute.navigate, url), "back": seat.execute.back}[
        way_out
    ]()
    assert await seat.js("document.readyState") in ("loading", "interactive", "complete")


@pytest.mark.parametrize("event", ["paste", "beforeinput", "input"])
async def test_a_page_may_close_itself_while_text_is_pasted(seat: Seat, event: str) -> None:
    closing = seat.sites.add(f"<input id=at autofocus><script>at.on{event} = () => close()</script>")
    target = (await seat.link.execute("Target.createTarget", {"url": closing}))["targetId"]
    page = await seen(seat.link, target)
    execute = Execution(Only(page))
    await eventually(partial(execute.evaluate_js, "document.activeElement?.id === 'at'"))
    # It may be done before the page has gone.
    with suppress(PageGone):
        await execute.paste_text("word")

    async def gone() -> bool:
        return target not in {tab.id for tab in seat.link.tabs}

    await eventually(gone)
    with pytest.raises(PageGone):
        await execute.paste_text("word")
    assert (await seen(seat.link, seat.page.target_id)).target_id == seat.page.target_id


async def test_without_a_browser_the_deadline_holds() -> None:
    async def find() -> NoReturn:
        raise ConnectionLost("there is none")

    link = BrowserLink(find)
    execute = Execution(link)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(link.run)
        for operation in (execute.url, execute.page_has_focus, partial(execute.close, "x")):
            with pytest.raises(TooSlow):
                await operation(seconds=0.05)
        nursery.cancel_scope.cancel()


async def test_many_may_ask_at_once(seat: Seat) -> None:
    await seat.show("<input id=at value=x autofocus onfocus='at.select()'>")
    answers: list[object] = []

    async def ask(number: int) -> None:
        answers.append(await seat.execute.evaluate_js("n => n", number))
        assert await seat.execute.get_selected_text() == "x"

    async with trio.open_nursery() as nursery:
        for number in range(30):
            nursery.start_soon(ask, number)
    assert sorted(answers, key=str) == sorted(range(30), key=str)
