"""Copy, cut and paste by keyboard, through the whole server into a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import attrs
import pytest
from at_the_helm import (
    ALT_LEFT,
    CONTROL,
    END,
    IN_THE_ADDRESS_BAR,
    RETURN,
    SHIFT,
    Helm,
    chord,
    click,
    cut_text,
    lift,
    open_helm,
    point,
    press,
    typing,
)
from eventually import eventually
from trio.testing import MockClock

from pilothouse.channels.clipboard import ANSWER_SECONDS
from pilothouse.channels.vnc_input import SYNCED_SECONDS
from pilothouse.protocol.messages import (
    AskForClipboard,
    AskForClipboardResponse,
    ClipboardCopy,
    ClipboardPaste,
    CopiedText,
    Error,
    Pasted,
)
from pilothouse.protocol.rfb.extended_clipboard import LARGEST_CLIPBOARD
from pilothouse.protocol.rfb.viewer_input import LONGEST_WAITING
from pilothouse_app.settings import Settings


async def test_a_copy_passes_and_comes_back_to_who_copied(helm: Helm) -> None:
    async with helm.helmsman() as client, helm.client("guest") as guest:
        await helm.in_page("field.value = 'a\u2638\U0001f600'")
        await helm.select_all(client)
        await client.rfb(chord(CONTROL, "c"))
        assert await client.hear(CopiedText) == CopiedText("a\u2638\U0001f600")
        assert "copy" in await helm.log()
        assert await helm.text() == "a\u2638\U0001f600"
        assert await guest.unasked() == []
        # A copy of nothing is none.
        await helm.in_page("getSelection().empty(), field.setSelectionRange(0, 0)")
        await client.rfb(chord(CONTROL, "c"))
        await eventually(lambda: _logged(helm, "keyup Control c"))
        assert await client.unasked() == []


async def test_the_trail_tells_what_was_copied_pasted_and_blocked_but_not_the_text(helm: Helm) -> None:
    async with helm.helmsman() as client, helm.client("guest") as guest:
        await client.rfb(chord(CONTROL, "v"))
        await client.hear(AskForClipboard)
        await client.ask(AskForClipboardResponse("anchor"), Pasted)
        await helm.until_text("anchor")
        await helm.select_all(client)
        await client.rfb(chord(CONTROL, "c"))
        await client.hear(CopiedText)
        await guest.rfb(typing("q"))
        events = await eventually(lambda: _trail(helm, "clipboard-used", "clipboard-used", "input-blocked"), seconds=20)
    who = {"credential_id": "key_k", "client_id": "tab-1"}
    assert [event["data"] for event in events] == [
        {**who, "direction": "paste", "characters": 6},
        {**who, "direction": "copy", "characters": 6},
        {**who, "client_id": "guest", "input": "key", "reason": "no_control", "group": None, "count": 2},
    ]


async def test_a_cut_is_read_before_it_is_cut(helm: Helm) -> None:
    async with helm.helmsman() as client:
        await helm.in_page("field.value = 'plank'")
        await helm.select_all(client)
        await client.rfb(chord(CONTROL, "x"), typing("yz"))
        assert await client.hear(CopiedText) == CopiedText("plank")
        await helm.until_text("yz")
        assert "cut" in await helm.log()


async def test_what_is_typed_behind_a_paste_comes_behind_the_text(helm: Helm) -> None:
    async with helm.helmsman() as client:
        await client.rfb(typing("a"), chord(CONTROL, "v"), typing("Bc"))
        await client.hear(AskForClipboard)
        await client.rfb(typing("d"))
        await helm.until_text("a")
        assert await client.ask(AskForClipboardResponse("<\u2638\n>"), Pasted) == Pasted(4, ok=True)
        await helm.until_text("a<\u2638\n>Bcd")
        seen = await helm.log()
        assert "keydown Control v" not in seen, "the browser would paste its own clipboard"
        assert seen.count("untrusted paste") == 1


async def test_two_quick_pastes_are_two_in_order(helm: Helm) -> None:
    async with helm.helmsman() as client:
        await client.rfb(chord(CONTROL, "v", "v"), typing("."))
        for text in ("1", "2"):
            await client.hear(AskForClipboard)
            assert await client.unasked() == [], "one question at a time"
            await client.ask(AskForClipboardResponse(text), Pasted)
        await helm.until_text("12.")


async def test_a_paste_that_is_too_large_is_refused_and_the_rest_goes_on(helm: Helm) -> None:
    async with helm.helmsman() as client:
        await client.rfb(chord(CONTROL, "v"), typing("on"))
        await client.hear(AskForClipboard)
        size = 3 * 512 * 1024
        assert await client.ask(AskForClipboardResponse("x" * size), Pasted) == Pasted(size, ok=False)
        assert (await client.hear(Error)).code == "text_too_large"
        await helm.until_text("on")


async def test_a_frontend_that_does_not_answer(helm: Helm, clock: MockClock) -> None:
    async with helm.helmsman() as client:
        await client.rfb(chord(CONTROL, "v"), typing("on"))
        await client.hear(AskForClipboard)
        clock.jump(ANSWER_SECONDS)
        answer = await client.hear(Error)
        assert (answer.failed_kind, answer.code) == ("ask-for-clipboard", "clipboard_timeout")
        await helm.until_text("on")
        late = await client.ask(AskForClipboardResponse("late"), Error)
        assert (late.failed_kind, late.code) == ("ask-for-clipboard-response", "not_asked")
        assert await helm.text() == "on"


async def test_only_so_much_waits_behind_a_paste(helm: Helm) -> None:
    async with helm.helmsman() as client:
        await client.rfb(chord(CONTROL, "v"), typing("a"))
        await client.hear(AskForClipboard)
        moves = b"".join(point(0, 600 + number % 50, 500) for number in range(LONGEST_WAITING // 6))
        await client.rfb(moves, typing("b"))
        await helm.until_text("ab")
        late = await client.ask(AskForClipboardResponse("late"), Error)
        assert late.code == "not_asked"
        await client.rfb(typing("c"))
        await helm.until_text("abc")


async def test_a_macs_cmd_means_the_same(helm: Helm) -> None:
    async with helm.helmsman() as client:
        await client.rfb(typing("ship"))
        await helm.until_text("ship")
        await helm.select_all(client, ALT_LEFT)
        await client.rfb(chord(ALT_LEFT, "c"))
        assert await client.hear(CopiedText) == CopiedText("ship")
        await client.rfb(chord(ALT_LEFT, "x"))
        assert await client.hear(CopiedText) == CopiedText("ship")
        await helm.until_text("")
        await client.rfb(chord(ALT_LEFT, "v"), typing("s"))
        await client.hear(AskForClipboard)
        await client.ask(AskForClipboardResponse("boat"), Pasted)
        await helm.until_text("boats")
        await client.rfb(chord(ALT_LEFT, "z"))
        await helm.until_text("boat")
        # noVNC sends the capital that Shift makes of it.
        await client.rfb(press(ALT_LEFT, SHIFT, "Z"), lift("Z", SHIFT, ALT_LEFT))
        await helm.until_text("boats")
        seen = await helm.log()
        assert {"copy", "cut"} <= set(seen)
        assert not [event for event in seen if "Alt" in event or "Meta" in event]
        assert _down(seen) == set()


async def test_a_clipboard_that_was_just_sent_is_not_asked_for(helm: Helm, clock: MockClock) -> None:
    async with helm.helmsman() as client:
        await client.rfb(cut_text("sent"), chord(CONTROL, "v"))
        await helm.until_text("sent")
        assert "paste" in await helm.log(), "the browser has pasted by itself"
        assert await client.unasked() == []
        clock.jump(SYNCED_SECONDS)
        await client.rfb(chord(CONTROL, "v"))
        await client.hear(AskForClipboard)


async def test_into_the_address_bar_it_goes_another_way(helm: Helm) -> None:
    async with helm.helmsman() as client:
        await client.rfb(click(IN_THE_ADDRESS_BAR))
        await eventually(lambda: _address_bar_focused(helm))
        await client.rfb(press(CONTROL, "v"), lift("v"))
        await client.hear(AskForClipboard)
        await client.ask(AskForClipboardResponse("http://no-such-host.invalid/"), Pasted)
        # Control is held as before: the A is no letter, but selects what stands there.
        await client.rfb(
            press("a"), lift("a"), press("v"), lift("v"), lift(CONTROL), press(END), lift(END), typing("!")
        )
        await client.hear(AskForClipboard)
        # It is not typed: of such letters no keyboard has all.
        text = helm.site.url("/typed?\u00fc\u2638\U0001f600aB\u05d0\r\n#")
        assert await client.ask(AskForClipboardResponse(text), Pasted) == Pasted(len(text), ok=True)
        await client.rfb(press(RETURN), lift(RETURN))
        await eventually(lambda: any(request.startswith("/typed") for request in helm.site.requests), seconds=20)
        [request] = [request for request in helm.site.requests if request.startswith("/typed")]
        assert request == "/typed?%C3%BC%E2%98%B8%F0%9F%98%80aB%D7%90"
        await helm.until_url(helm.site.url(request) + "#!")


@pytest.mark.parametrize(("length", "ok"), [(10_001, True), (LARGEST_CLIPBOARD + 1, False)])
async def test_text_that_is_too_long_to_be_typed(length: int, ok: bool, helm: Helm) -> None:
    async with helm.helmsman() as client:
        await client.rfb(click(IN_THE_ADDRESS_BAR))
        await eventually(lambda: _address_bar_focused(helm))
        await client.rfb(chord(CONTROL, "v"))
        await client.hear(AskForClipboard)
        text = "x" * length
        assert await client.ask(AskForClipboardResponse(text), Pasted) == Pasted(length, ok=ok)
        if not ok:
            assert (await client.hear(Error)).code == "no_focus"


async def test_control_that_moves_while_a_paste_waits(helm: Helm) -> None:
    async with helm.helmsman() as client, helm.client("other") as other:
        await client.rfb(press(CONTROL, "v"), lift("v"), typing("x"))
        await client.hear(AskForClipboard)
        await other.take_control()
        late = await client.ask(AskForClipboardResponse("late"), Error)
        assert (late.failed_kind, late.code) == ("ask-for-clipboard-response", "not_asked")
        await other.rfb(typing("ab"))
        await helm.until_text("ab")
        assert _down(await helm.log()) == set()


async def test_without_a_message_channel_the_chord_passes(helm: Helm) -> None:
    async with helm.helmsman() as client:
        await client.rfb(typing("a"))
        await helm.until_text("a")
        await helm.select_all(client)
        await client.rfb(chord(CONTROL, "c"))
        await client.hear(CopiedText)
        async with helm.server.viewer(helm.session_id, client_id="bare") as viewer:
            await viewer.shake_hands()
            body = {"action": "take_control", "client_id": "bare"}
            await helm.server.api("PUT", f"/browser_sessions/{helm.session_id}/control", body)
            await viewer.send(press(END) + lift(END) + chord(CONTROL, "v") + typing("b"))
            await helm.until_text("aab")
            assert "paste" in await helm.log()
            await viewer.send(chord(CONTROL, "a", "x") + typing("c"))
            await helm.until_text("c")
        assert await client.unasked() == []


async def test_a_dialog_keeps_nobody_waiting(helm: Helm) -> None:
    async with helm.helmsman() as client:
        await helm.in_page("void setTimeout(() => { navigator.sendBeacon('/alerts'); alert('Ahoy') })")
        await eventually(lambda: "/alerts" in helm.site.requests)
        assert (await client.ask(ClipboardCopy(), Error)).code == "dialog_open"
        await client.rfb(chord(CONTROL, "v"))
        await client.hear(AskForClipboard)
        assert await client.ask(AskForClipboardResponse("x"), Pasted) == Pasted(1, ok=False)
        assert (await client.hear(Error)).code == "dialog_open"
        await client.rfb(press(RETURN), lift(RETURN))
        await helm.until_loaded()
        await helm.focus_field(client)
        await client.rfb(typing("on"))
        await helm.until_text("on")


@pytest.fixture
async def helm_with(request: pytest.FixtureRequest, server_settings: Settings) -> AsyncIterator[Helm]:
    """With a setting of its own for the clipboard."""
    async with open_helm(attrs.evolve(server_settings, clipboard=request.param)) as helm:
        yield helm


@pytest.mark.parametrize("helm_with", ["copy", "none"], indirect=True)
async def test_text_that_may_not_go_in(helm_with: Helm) -> None:
    helm = helm_with
    async with helm.helmsman() as client:
        await client.rfb(typing("a"), cut_text("sent"), chord(CONTROL, "v"), chord(ALT_LEFT, "v"), typing("b"))
        await helm.until_text("ab")
        assert (await client.ask(ClipboardPaste("x"), Error)).code == "not_allowed"
        assert await client.unasked() == []
        assert await helm.text() == "ab"


@pytest.mark.parametrize("helm_with", ["paste", "none"], indirect=True)
async def test_text_that_may_not_come_out(helm_with: Helm) -> None:
    helm = helm_with
    async with helm.helmsman() as client:
        await client.rfb(typing("ab"), chord(CONTROL, "a", "c", "x"), chord(ALT_LEFT, "c", "x"), press(END), lift(END))
        await client.rfb(typing("c"))
        await helm.until_text("abc")
        assert (await client.ask(ClipboardCopy(), Error)).code == "not_allowed"
        assert await client.unasked() == []
        assert not {"copy", "cut"} & set(await helm.log())


@pytest.mark.parametrize(("helm_with", "goes"), [("copy", "out"), ("paste", "in")], indirect=["helm_with"])
async def test_the_other_way_is_open(helm_with: Helm, goes: str) -> None:
    helm = helm_with
    async with helm.helmsman() as client:
        if goes == "out":
            await client.rfb(typing("ab"))
            await helm.until_text("ab")
            await helm.select_all(client)
            await client.rfb(chord(CONTROL, "c"))
            assert await client.hear(CopiedText) == CopiedText("ab")
            await client.rfb(chord(CONTROL, "x"))
            assert await client.hear(CopiedText) == CopiedText("ab")
            await helm.until_text("")
        else:
            await client.rfb(chord(CONTROL, "v"))
            await client.hear(AskForClipboard)
            await client.ask(AskForClipboardResponse("ab"), Pasted)
            await helm.until_text("ab")


async def _trail(helm: Helm, *kinds: str) -> list[Any] | None:
    """The events of these kinds, as soon as there are so many."""
    events = await helm.server.api("GET", f"/browser_sessions/{helm.session_id}/events?limit=100")
    found = [event for event in events if event["kind"] in kinds]
    return found if [event["kind"] for event in found] == [*kinds] else None


async def _logged(helm: Helm, event: str) -> bool:
    return bool(await helm.in_page(f"log.includes({event!r})"))


async def _address_bar_focused(helm: Helm) -> bool:
    return bool(await helm.in_page("!document.hasFocus()"))


def _down(seen: list[str]) -> set[str]:
    """Keys that the page has seen going down and not up; of letters the key, whatever Shift made of it."""
    down = set[str]()
    for event in seen:
        kind, _, key = event.replace("key", "", 1).partition(" ")
        key = key.rpartition(" ")[2].lower()
        if kind == "down":
            down.add(key)
        elif kind == "up":
            down.discard(key)
    return down
