"""Tabs, navigation, pictures and data of a real browser, over the message channel of the whole server."""

from __future__ import annotations

import base64

from at_the_helm import Helm
from eventually import eventually
from whole_server import WholeServer

from pilothouse.channels.browser_requests import RULES
from pilothouse.protocol.messages import (
    ActivateTab,
    BrowserTabs,
    BrowserUrl,
    ClearAllData,
    ClearCookies,
    ClearHistory,
    ClipboardCopy,
    ClipboardPaste,
    CloseTab,
    CopiedText,
    Error,
    FromFrontend,
    GetBrowserUrl,
    GoBack,
    GoForward,
    Navigate,
    Pasted,
    Ping,
    Pong,
    Reload,
    Screenshot,
    TakeScreenshot,
)
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer

ACTING: list[FromFrontend] = [
    *(ClipboardCopy(), ClipboardPaste("x"), Navigate("about:blank"), GoBack(), GoForward(), Reload(), ClearCookies()),
    *(ClearHistory(), ClearAllData(), ActivateTab("x"), CloseTab("x")),
]
READING: list[FromFrontend] = [GetBrowserUrl(), TakeScreenshot()]


async def test_tabs_are_told_on_connect_and_whenever_they_change(helm: Helm) -> None:
    async with helm.client(viewer=False) as client:
        [deck] = await client.tabs(1)
        while not deck.is_ready:
            [deck] = await client.tabs(1)
        assert (deck.url, deck.active, deck.page_number) == (helm.site.url("/deck"), True, 1)
        await client.take_control()
        helm.site.add("/second", "<title>Second</title>")
        await helm.in_page("void open('/second')")
        second = (await client.tabs(2))[1]
        assert second.page_number == 2

        async def told(title: str) -> None:
            while [tab.title for tab in (await client.hear(BrowserTabs)).tabs if tab.active] != [title]:
                pass

        await told("Second")
        await client.say(ActivateTab(deck.id))
        await told("Deck")
        await helm.until_url(helm.site.url("/deck"))
        await client.say(ActivateTab(second.id))
        await told("Second")
        async with helm.client("latecomer", viewer=False) as latecomer:
            assert [tab.title for tab in await latecomer.tabs(2)] == ["Deck", "Second"]
        await client.say(CloseTab(second.id))
        assert [tab.id for tab in await client.tabs(1)] == [deck.id]
        for request in (ActivateTab("nowhere"), CloseTab("nowhere")):
            answer = await client.ask(request, Error)
            assert (answer.failed_kind, answer.code) == (request.kind, "not_possible")


async def test_navigating_and_going_back_and_forward(helm: Helm) -> None:
    deck, other = helm.site.url("/deck"), helm.site.add("/other", "<title>Other</title>")
    async with helm.client(viewer=False) as client:
        await client.take_control()
        assert await client.ask(GetBrowserUrl(), BrowserUrl) == BrowserUrl(deck)
        assert await client.ask(Navigate(f" {other} "), BrowserUrl) == BrowserUrl(other)
        third = helm.site.add("/third", "<title>Third</title>")
        await client.ask(Navigate(third), BrowserUrl)
        for requests, url in [([GoBack()] * 2, deck), ([GoForward(), GoForward(), GoForward()], third)]:
            for request in requests:
                await client.say(request)
            await helm.until_url(url)
        await client.say(GoBack())
        await helm.until_url(other)
        assert await client.unasked() == [], "beyond the ends nothing happens"


async def test_nobody_waits_for_a_page_that_does_not_come(helm: Helm) -> None:
    other = helm.site.add("/other", "<title>Other</title>")
    async with helm.client(viewer=False) as client:
        await client.take_control()
        await client.say(Navigate(helm.site.url("/never")))
        await eventually(lambda: "/never" in helm.site.requests)
        assert await client.ask(Navigate(other), BrowserUrl) == BrowserUrl(other)
        answer = await client.hear(Error)
        assert (answer.failed_kind, answer.code) == ("navigate", "failed")


async def test_a_bare_host_is_asked_for_by_https(helm: Helm) -> None:
    async with helm.client(viewer=False) as client:
        await client.take_control()
        # Our site does not speak TLS.
        answer = await client.ask(Navigate(f"127.0.0.1:{helm.site.port}"), Error)
        assert (answer.failed_kind, answer.code) == ("navigate", "failed")
        assert helm.site.tls_attempts
        assert "/" not in helm.site.requests


async def test_where_nobody_may_be_sent(helm: Helm) -> None:
    deck = helm.site.url("/deck")
    async with helm.client(viewer=False) as client:
        await client.take_control()
        messages = set()
        for url in [
            *("file:///etc/passwd", "chrome://version", "javascript:document.title='x'", "data:text/html,x"),
            *("http://169.254.169.254/", "http://[::ffff:127.0.0.1]/", "http://0177.0.0.1/", "http://localhost/", ""),
        ]:
            answer = await client.ask(Navigate(url), Error)
            assert (answer.failed_kind, answer.code) == ("navigate", "failed"), url
            messages.add(answer.message)
            assert await helm.url() == deck, url
        assert await helm.in_page("document.title") == "Deck"
        answer = await client.ask(Navigate(helm.site.url(f"/to?http://127.0.0.1:{helm.server.port}/")), Error)
        assert (answer.failed_kind, answer.code) == ("navigate", "failed")
        await helm.until_url("about:blank")
        answer = await client.ask(Navigate(f"http://127.0.0.1:{helm.site.port}:1/"), Error)
        messages |= {answer.message, (await client.ask(Navigate("http://no-such-host.invalid/"), Error)).message}
        assert len(messages) == 1, "the answer tells what is blocked and what does not answer"


async def test_reloading_hard_is_past_the_cache(helm: Helm) -> None:
    page = helm.site.add("/scripted", "<script src=/cached.js></script>")
    scripts = helm.site.requests.count
    async with helm.client(viewer=False) as client:
        await client.take_control()
        await client.ask(Navigate(page), BrowserUrl)
        await eventually(lambda: scripts("/cached.js") == 1)
        await client.say(Reload())
        await eventually(lambda: scripts("/scripted") == 2)
        await client.say(Reload(hard=True))
        await eventually(lambda: scripts("/scripted") == 3 and scripts("/cached.js") == 2)


async def test_a_picture(helm: Helm) -> None:
    async with helm.client(viewer=False) as client:
        picture = await client.ask(TakeScreenshot(), Screenshot)
        assert picture.mime_type == "image/png"
        assert base64.b64decode(picture.data).startswith(b"\x89PNG\r\n\x1a\n")


async def test_clearing(helm: Helm) -> None:
    async with helm.client(viewer=False) as client:
        await client.take_control()
        fill = "document.cookie = 'a=1', localStorage.b = 2, sessionStorage.c = 3"
        left = "[document.cookie, localStorage.b ?? '', sessionStorage.c ?? ''].join('|')"
        await helm.in_page(fill)
        assert await helm.in_page(left) == "a=1|2|3"
        await client.say(ClearCookies())
        await eventually(lambda: _is(helm, left, "|2|3"))
        await client.ask(Navigate(helm.site.url("/other")), BrowserUrl)
        await helm.in_page(fill)
        assert await helm.in_page("history.length") > 1
        await client.say(ClearHistory())
        await eventually(lambda: _is(helm, "history.length", 1))
        assert await helm.in_page(left) == "a=1|2|3"
        await client.ask(Navigate(helm.site.url("/third")), BrowserUrl)
        assert await helm.in_page("history.length") > 1
        await client.say(ClearAllData())
        await eventually(lambda: _is(helm, "history.length", 1))
        assert await helm.in_page(left) == "||"
        assert await client.unasked() == []


async def _is(helm: Helm, script: str, value: object) -> bool:
    return bool(await helm.in_page(script) == value)


def test_every_request_is_either_acting_or_reading() -> None:
    assert {type(request) for request in ACTING + READING} == set(RULES)


async def test_acting_is_for_the_holder_and_reading_for_everybody(helm: Helm) -> None:
    async with helm.client("helmsman", viewer=False) as helmsman, helm.client("guest", viewer=False) as guest:
        await helmsman.take_control()
        for request in ACTING:
            answer = await guest.ask(request, Error)
            assert (answer.failed_kind, answer.code) == (request.kind, "not_in_control")
        assert await guest.ask(GetBrowserUrl(), BrowserUrl) == BrowserUrl(helm.site.url("/deck"))
        assert await guest.ask(TakeScreenshot(), Screenshot)
        assert await helmsman.unasked() == []
        assert (await helm.text(), await helm.url()) == ("", helm.site.url("/deck"))


async def test_copying_and_pasting_without_a_keyboard(helm: Helm) -> None:
    async with helm.helmsman() as client:
        text = "a☸😀\u05d0\n\tb"
        assert await client.ask(ClipboardPaste(text), Pasted) == Pasted(len(text), ok=True)
        assert await helm.text() == text
        await helm.in_page("field.select()")
        assert await client.ask(ClipboardCopy(), CopiedText) == CopiedText(text)
        await client.say_in_json(r'{"kind": "clipboard-paste", "text": "\ude00x\ud83d"}')
        await client.hear(Pasted)
        assert await helm.text() == "\ufffdx\ufffd"
        answer = await client.ask(ClipboardPaste("x" * (3 * 512 * 1024)), Error)
        assert (answer.failed_kind, answer.code) == ("clipboard-paste", "text_too_large")
        assert await client.ask(Ping("1"), Pong) == Pong("1")
        assert await helm.text() == "\ufffdx\ufffd"


async def test_a_page_that_hangs_keeps_nothing_else_waiting(helm: Helm) -> None:
    async with helm.helmsman() as client:
        await helm.in_page("void setTimeout(() => { navigator.sendBeacon('/hangs'); for (;;); })")
        await eventually(lambda: "/hangs" in helm.site.requests)
        for _ in range(18):
            await client.say(ClipboardCopy())
        # One is being carried out, and 16 may wait.
        answer = await client.hear(Error)
        assert (answer.failed_kind, answer.code) == ("clipboard-copy", "busy")
        assert await client.ask(Ping("1"), Pong) == Pong("1")
        assert await client.ask(GetBrowserUrl(), BrowserUrl) == BrowserUrl(helm.site.url("/deck"))
        assert await client.unasked() == []
        answer = await client.hear(Error)
        assert (answer.failed_kind, answer.code) == ("clipboard-copy", "too_slow")
        # It can be left for another site, which has a process of its own.
        calm = f"http://localhost:{helm.site.port}/calm"
        assert await client.ask(Navigate(calm), BrowserUrl) == BrowserUrl(calm)


async def test_a_dialog_is_a_clear_error(helm: Helm) -> None:
    async with helm.helmsman() as client:
        await helm.in_page("void setTimeout(() => { navigator.sendBeacon('/alerts'); alert('Ahoy') })")
        await eventually(lambda: "/alerts" in helm.site.requests)
        assert (await client.ask(ClipboardCopy(), Error)).code == "dialog_open"
        assert await client.ask(GetBrowserUrl(), BrowserUrl) == BrowserUrl(helm.site.url("/deck"))


async def test_a_session_without_devtools_says_so(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        async with server.frontend(session_id) as frontend:
            await frontend.hear()
            answer = await frontend.ask(GetBrowserUrl())
            assert isinstance(answer, Error)
            assert (answer.failed_kind, answer.code) == ("get-browser-url", "not_possible")
            assert await frontend.ask(Ping("1")) == Pong("1")
