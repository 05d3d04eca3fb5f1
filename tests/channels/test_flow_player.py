"""Flows played in a real Chromium, each type of step by what the page sees of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, cast

import attrs
import pytest
import trio
import trio.testing
from headless_chromium import attach_to_page, headless_chromium
from named_sites import SWITCHES, NamedSites, named_sites
from real_chromium import until

from pilothouse.channels.browser_pages import Page
from pilothouse.channels.cdp_link import CdpLink, open_cdp_link
from pilothouse.channels.destination_guard import DestinationGuard
from pilothouse.channels.flow_player import Pace, Progress, StepFailed, play_flow
from pilothouse.protocol.agent_gate import USER_HAS_CONTROL
from pilothouse.protocol.cdp_executor import CdpEvent, CdpFailure, CommandRefused
from pilothouse.protocol.destinations import AllowedDestinations
from pilothouse.protocol.user_flow import read_user_flow

# The sites of the tests are on this machine.
GUARD = DestinationGuard(AllowedDestinations.parse(["a.test", "b.test", "c.test"]))

Step = dict[str, Any]


@pytest.fixture(scope="module")
def sites() -> Iterator[NamedSites]:
    with named_sites() as sites:
        yield sites


class Person:
    """Takes control, and gives it back; a `Helm` for the player, and what a gate would ask."""

    def __init__(self) -> None:
        self.epoch = 0
        self.drives = False
        self.refused: list[str] = []
        self._moved = trio.Event()

    def take(self) -> None:
        self._move(drives=True)

    def give_back(self) -> None:
        self._move(drives=False)

    async def until_free(self) -> None:
        while self.drives:
            await self._moved.wait()
        await trio.lowlevel.checkpoint()

    async def until_refused(self) -> None:
        await until(lambda: self.refused)

    def _move(self, *, drives: bool) -> None:
        self.drives = drives
        self.epoch += 1
        self._moved.set()
        self._moved = trio.Event()


class GatedLink:
    """A connection that refuses what comes while a person drives, as the agent gate does.

    Attributes:
        on_command: called with the method and the parameters of each command before it is judged.
    """

    def __init__(self, link: CdpLink, person: Person, on_command: Callable[[str, Mapping[str, Any]], None]) -> None:
        self._link = link
        self._person = person
        self._on_command = on_command

    async def execute(
        self, method: str, params: Mapping[str, Any] | None = None, *, session_id: str | None = None
    ) -> dict[str, Any]:
        [answer] = await self.execute_all([(method, params or {})], session_id=session_id)
        if isinstance(answer, CdpFailure):
            raise answer
        return answer

    async def execute_all(
        self, commands: Iterable[tuple[str, Mapping[str, Any]]], *, session_id: str | None = None
    ) -> list[dict[str, Any] | CdpFailure]:
        answers: list[dict[str, Any] | CdpFailure] = []
        for method, params in commands:
            self._on_command(method, params)
            if self._person.drives:
                self._person.refused.append(method)
                answers.append(CommandRefused(method, USER_HAS_CONTROL, "user has control"))
            else:
                answers += await self._link.execute_all([(method, params)], session_id=session_id)
        return answers

    def target_gone(self, session_id: str) -> None:
        self._link.target_gone(session_id)


@attrs.frozen
class Seat:
    """A Chromium with one page, and a flow to be played in it."""

    devtools: str
    page: Page
    sites: NamedSites
    progress: list[Progress] = attrs.field(factory=list)

    async def show(self, html: str) -> str:
        """Go to a page with this in it; gives its URL."""
        url = self.sites.add(html)
        await self.page.execute("Page.navigate", {"url": url})
        await self.until("document.readyState === 'complete'")
        return url

    async def play(
        self,
        *steps: Step,
        person: Person | None = None,
        on_command: Callable[[str, Mapping[str, Any]], None] = lambda _method, _params: None,
        max_steps: int | None = None,
        pace: Pace | None = None,
    ) -> None:
        helm = person or Person()

        def connect(on_event: Callable[[CdpEvent], None]) -> AbstractAsyncContextManager[CdpLink]:
            return _gated(self.devtools, on_event, helm, on_command)

        flow = read_user_flow({"title": "A flow", "steps": list(steps)})
        await play_flow(flow, connect, self.progress.append, max_steps=max_steps, helm=person, guard=GUARD, pace=pace)

    async def failure(self, *steps: Step) -> StepFailed:
        with pytest.raises(StepFailed) as caught:
            await self.play(*steps)
        return caught.value

    async def js(self, expression: str) -> Any:
        answer = await self.page.execute("Runtime.evaluate", {"expression": expression, "returnByValue": True})
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, expression: str) -> None:
        with trio.fail_after(10):
            while True:
                try:
                    if await self.js(expression):
                        return
                except CdpFailure:
                    pass  # between two documents
                await trio.sleep(0.01)


@asynccontextmanager
async def _gated(
    devtools: str,
    on_event: Callable[[CdpEvent], None],
    person: Person,
    on_command: Callable[[str, Mapping[str, Any]], None],
) -> AsyncIterator[CdpLink]:
    async with open_cdp_link(devtools, on_event) as link:
        yield cast(CdpLink, GatedLink(link, person, on_command))


@pytest.fixture(scope="module")
def chromium() -> Iterator[str]:
    with headless_chromium(*SWITCHES) as address:
        yield address


@pytest.fixture
async def seat(chromium: str, sites: NamedSites) -> AsyncIterator[Seat]:
    """The only page of the browser."""
    async with open_cdp_link(chromium, lambda _: None) as link:
        new = (await link.execute("Target.createTarget", {"url": "about:blank"}))["targetId"]

        async def others() -> list[str]:
            infos = (await link.execute("Target.getTargets"))["targetInfos"]
            return [info["targetId"] for info in infos if info["type"] == "page" and info["targetId"] != new]

        for target_id in await others():
            await link.execute("Target.closeTarget", {"targetId": target_id})
        while await others():  # noqa: ASYNC110 - a page that is being closed is still there
            await trio.sleep(0.01)
        async with attach_to_page(chromium, new) as page:
            yield Seat(chromium, page, sites)


LOG = """<script>
    const seen = [];
    const note = (event) => seen.push([event.type, event.button ?? event.key, event.isTrusted].join(' '));
    const watch = (element, ...types) => types.forEach((type) => element.addEventListener(type, note));
</script>"""


def on(*selectors: Any, **fields: Any) -> Step:
    """A step on an element; a click unless it says otherwise."""
    return {"type": "click", "selectors": list(selectors), **fields}


async def test_clicks_where_it_was_recorded(seat: Seat) -> None:
    await seat.show(
        f"{LOG}<div style='height:3000px'></div><button id=b style='width:200px;height:50px'>Go</button>"
        "<script>watch(b, 'mousedown', 'mouseup', 'click', 'dblclick', 'contextmenu');"
        "b.addEventListener('click', (e) => window.at = [e.offsetX, e.offsetY])</script>"
    )
    await seat.play(on("#b", offsetX=12, offsetY=7))
    assert await seat.js("seen") == ["mousedown 0 true", "mouseup 0 true", "click 0 true"]
    assert await seat.js("at.map((v) => Math.round(v))") == [10, 5]  # the border is no part of `offsetX`
    await seat.play(on("#b", type="doubleClick"), on("#b", button="secondary", duration=30), on("#b", offsetX=999))
    assert await seat.js("seen.slice(3)") == [
        *("mousedown 0 true", "mouseup 0 true", "click 0 true") * 2,
        "dblclick 0 true",
        *("mousedown 2 true", "contextmenu 2 true", "mouseup 2 true"),
        *("mousedown 0 true", "mouseup 0 true", "click 0 true"),
    ]
    assert [(told.number, told.total, told.type, told.status) for told in seat.progress[2:4]] == [
        (1, 3, "doubleClick", "started"),
        (1, 3, "doubleClick", "done"),
    ]


async def test_touches(seat: Seat) -> None:
    await seat.show(f"{LOG}<button id=b>Go</button><script>watch(b, 'touchstart', 'touchend', 'click')</script>")
    viewport = {"type": "setViewport", "width": 400, "height": 700, "hasTouch": True, "isMobile": True}
    await seat.play(viewport, on("#b", deviceType="touch"), {"type": "waitForExpression", "expression": "seen[2]"})
    assert [line.split()[0] for line in await seat.js("seen")] == ["touchstart", "touchend", "click"]


@pytest.mark.parametrize(
    "selectors",
    [
        ["#no-such-thing", "#b"],
        ["??", "#b"],
        ["xpath///*[@id='b']"],
        ["text/Set  sail"],
        ["aria/Set sail"],
        ['aria/Set sail[role="button"]'],
        ['aria/[role="button"]'],
        [["main", "aria/Set sail"]],
        [["aria/The ship", "button"]],
        ["pierce/.deep"],
        [["#host", ".deep"]],
        [["#host", "aria/Set sail"]],
        [[".hidden, #b"]],
    ],
    ids=str,
)
async def test_finds_elements_by_every_kind_of_selector(seat: Seat, selectors: list[Any]) -> None:
    await seat.show(
        "<a class=hidden style='display:none'>Set sail</a>"
        "<main aria-label='The ship'><p>To <button id=b onclick='window.hit = true'>Set\n sail</button></p></main>"
        if "deep" not in str(selectors) and "#host" not in str(selectors)
        else "<div id=host></div><script>host.attachShadow({mode: 'open'}).innerHTML ="
        "'<button class=deep onclick=\"window.hit = true\">Set sail</button>'</script>"
    )
    await seat.play(on(*selectors))
    assert await seat.js("window.hit")


async def test_waits_for_an_element_to_be_usable(seat: Seat) -> None:
    await seat.show(
        "<style>#b { position: relative; transition: left .4s linear }</style><body><script>"
        "window.hits = 0;"
        "const html = '<button id=b hidden disabled onclick=hits++>Go</button>';"
        "setTimeout(() => { document.body.innerHTML = html }, 100);"
        "setTimeout(() => { b.hidden = false }, 200);"
        "setTimeout(() => { b.disabled = false; b.style.left = '0px'; b.offsetLeft; b.style.left = '400px' }, 300);"
        "</script>"
    )
    await seat.play(on("#b"))
    assert await seat.js("hits") == 1
    assert await seat.js("b.getBoundingClientRect().left") >= 400


@pytest.mark.parametrize(
    ("html", "step", "words"),
    [
        ("", on("#b", "??"), "is not a valid selector"),
        ("", on("#b"), "none of the selectors finds an element"),
        ("<button id=b hidden>", on("#b"), "the element is not visible"),
        ("<button id=b disabled>B</button>", on("#b"), "the element is disabled"),
        ("", on("p", type="waitForElement"), "there are 0 such elements"),
        ("", {"type": "waitForExpression", "expression": "1 === 2"}, "the expression is not true"),
        ("", {"type": "waitForExpression", "expression": "no.such"}, "no is not defined"),
        ("", {"type": "waitForExpression", "expression": "Promise.reject(1)"}, "the expression was rejected"),
        ("", on("p", frame=[0]), "the frame is not there"),
        ("", on("p", target="http://elsewhere.test/"), "there is no page or frame at http://elsewhere.test/"),
        ("<select id=s><option>a", on("#s", type="change", value="secret"), "there is no such option"),
        ("<input id=f type=file>", on("#f", type="change", value="secret"), "a file cannot be chosen"),
        ("<p id=p>P", on("#p", type="change", value="secret"), "the element takes no value"),
        ("<b id=b>B", on("#b", assertedEvents=[{"type": "navigation"}]), "the navigation that is asserted"),
        ("", {"type": "navigate", "url": "http://d.test/"}, "the browser may not be sent there"),
        ("", {"type": "navigate", "url": "file:///etc/passwd"}, "the browser may not be sent there"),
        ("", {"type": "navigate", "url": "http://a.test:1/"}, "the page did not get there (net::ERR_"),
    ],
)
async def test_says_which_step_fails_and_why(seat: Seat, html: str, step: Step, words: str) -> None:
    await seat.show("<p>Loaded</p>")
    await seat.page.execute("Page.navigate", {"url": seat.sites.add(html)})
    failure = await seat.failure({"type": "keyUp", "key": "a"}, {"timeout": 700, **step})
    assert failure.number == 2
    assert str(failure).startswith(f"step 2 ({step['type']}): ")
    assert words in failure.reason
    assert "secret" not in str(failure)
    assert (seat.progress[-1].status, seat.progress[-1].reason) == ("failed", failure.reason)


async def test_gives_up_on_a_page_that_does_not_answer(seat: Seat) -> None:
    # A site of its own, because its process is of no use to others any more.
    await seat.page.execute("Page.navigate", {"url": seat.sites.add("<script>for (;;);</script>", host="still.test")})
    assert (await seat.failure(on("#b", timeout=700))).reason == "the browser does not answer"


async def test_gives_up_on_a_page_with_a_dialog_that_nobody_answers(seat: Seat) -> None:
    await seat.show("<button id=b onclick='alert(1)'>Go</button>")
    failure = await seat.failure(on("#b"), on("#b", timeout=700))
    assert str(failure) == "step 2 (click): the page shows a dialog, which has to be answered first"


FIELDS = f"""{LOG}
    <input id=text value=old><input id=mail type=email value=old><input id=day type=date>
    <textarea id=area>old</textarea>
    <select id=list><option value=a>A<option value=b>B</select><input id=box type=checkbox>
    <div id=rich contenteditable>old <b>text</b></div>
    <script>watch(text, 'keydown', 'input', 'change')</script>"""


async def test_gives_every_kind_of_field_a_value(seat: Seat) -> None:
    await seat.show(FIELDS)
    values = {
        "text": "A1 b%ü€😀",
        "mail": "a@b.test",
        "day": "2024-02-29",
        "area": "one\ntwo",
        "list": "b",
        "box": "true",
        "rich": "new",
    }
    await seat.play(*(on(f"#{field}", type="change", value=value) for field, value in values.items()))
    assert await seat.js("[text, mail, day, area, list].map((field) => field.value)") == list(values.values())[:5]
    assert await seat.js("[box.checked, rich.textContent]") == [True, "new"]
    seen = await seat.js("seen")
    assert {"keydown A true", "keydown % true", "input  true", "change  true"} <= set(seen)
    await seat.play(*(on(f"#{field}", type="change", value="") for field in ("text", "box")))
    assert await seat.js("[text.value, box.checked]") == ["", False]


async def test_presses_keys_with_what_is_held(seat: Seat) -> None:
    await seat.show(
        "<input id=i value=abc autofocus><script>const seen = [];"
        "for (const type of ['keydown', 'keyup']) i.addEventListener(type, (e) =>"
        " seen.push([type, e.key, e.code, e.keyCode, e.shiftKey, e.ctrlKey, e.repeat].join(' ')))</script>"
    )
    down, up = ({"type": kind} for kind in ("keyDown", "keyUp"))
    await seat.play(
        on("#i"),
        {**down, "key": "Control"},
        {**down, "key": "a"},
        {**up, "key": "a"},
        {**up, "key": "Control"},
        {**down, "key": "Shift"},
        {**down, "key": "X"},
        {**down, "key": "X"},
        {**up, "key": "X"},
        {**up, "key": "Shift"},
        {**down, "key": "Dead"},
        {**down, "key": "ArrowLeft"},
    )
    assert await seat.js("[i.value, i.selectionStart]") == ["XX", 1]
    assert await seat.js("seen") == [
        "keydown Control ControlLeft 17 false true false",
        "keydown a KeyA 65 false true false",
        "keyup a KeyA 65 false true false",
        "keyup Control ControlLeft 17 false false false",
        "keydown Shift ShiftLeft 16 true false false",
        "keydown X KeyX 88 true false false",
        "keydown X KeyX 88 true false true",
        "keyup X KeyX 88 true false false",
        "keyup Shift ShiftLeft 16 false false false",
        "keydown Dead  0 false false false",
        "keydown ArrowLeft ArrowLeft 37 false false false",
        # What the flow has not let go is let go at its end.
        "keyup ArrowLeft ArrowLeft 37 false false false",
        "keyup Dead  0 false false false",
    ]


async def test_hovers_and_scrolls(seat: Seat) -> None:
    await seat.show(
        "<p id=p onmouseenter='window.over = true'>P</p>"
        "<div id=d style='overflow:auto;width:99px;height:99px'><div style='width:999px;height:999px'></div></div>"
        "<div style='height:9999px'></div>"
    )
    await seat.play(on("#p", type="hover"), on("#d", type="scroll", x=20, y=30), {"type": "scroll", "y": 400})
    await seat.until("window.over")
    assert await seat.js("[d.scrollLeft, d.scrollTop, scrollX, scrollY]") == [20, 30, 0, 400]


async def test_makes_the_page_as_large_as_it_was(seat: Seat) -> None:
    await seat.show("<meta name=viewport content='width=device-width'>")
    await seat.play(
        {"type": "setViewport", "width": 412, "height": 732, "deviceScaleFactor": 2, "isMobile": True},
        {"type": "waitForExpression", "expression": "[innerWidth, innerHeight, devicePixelRatio] == '412,732,2'"},
    )


async def test_waits_for_elements(seat: Seat) -> None:
    item = "Object.assign(document.createElement('li'), { className: 'c', title: 't' })"
    await seat.show(f"<ul id=u></ul><script>const add = () => u.append({item}); add(); add()</script>")
    wait = on("li", type="waitForElement")
    await seat.play({**wait, "operator": "<=", "count": 2}, {**wait, "operator": "==", "count": 2})
    await seat.js("setInterval(add, 50)")
    await seat.play(
        {**wait, "count": 5, "attributes": {"class": "c"}, "properties": {"title": "t", "style": {"color": ""}}},
        {**wait, "visible": False, "properties": {"title": "u"}},
        {**wait, "visible": False, "attributes": {"class": "d"}},
    )
    assert await seat.js("document.querySelectorAll('li').length") >= 5
    for step in ({"operator": "<=", "count": 1}, {"operator": "==", "count": 1}, {"visible": False}):
        assert "such elements" in (await seat.failure({**wait, **step, "timeout": 300})).reason


async def test_waits_for_what_an_expression_promises(seat: Seat) -> None:
    await seat.show("<script>setTimeout(() => window.ready = 1, 200)</script>")
    promise = "new Promise((done) => setTimeout(() => done(true), 300))"
    await seat.play(
        {"type": "waitForExpression", "expression": "ready"},
        {"type": "waitForExpression", "expression": promise},
        {"type": "waitForExpression", "expression": "document.body"},
    )


async def test_navigates_and_waits_for_asserted_navigations(seat: Seat) -> None:
    there = seat.sites.add("<p id=there>There")
    here = seat.sites.add(f"<a href='{there}'>Go</a> <a id=h href='#below'>Below</a>")
    asserted = {"assertedEvents": [{"type": "navigation", "url": "whatever", "title": "it was"}]}
    await seat.play(
        {"type": "navigate", "url": here, **asserted},
        on("#h", **asserted),
        on("a", **asserted),
        {"type": "waitForExpression", "expression": f"location.href === '{there}' && there", "timeout": 500},
    )


async def test_plays_in_frames_and_in_frames_with_a_process_of_their_own(seat: Seat) -> None:
    button = "<body style='margin:0'><button id=b onclick='hits = (window.hits ?? 0) + 1'>Go</button>"
    inner = seat.sites.add(button, host="a.test")
    foreign = seat.sites.add(
        f"<p>Between</p><iframe src='{seat.sites.add(button, host='c.test')}'></iframe>", host="b.test"
    )
    deep = f"http://c.test:{seat.sites.port}/{len(seat.sites.pages) - 2}"
    await seat.show(
        f"<iframe src='{inner}'></iframe><p>P</p><iframe style='border:9px solid' src='{foreign}'></iframe>"
    )
    hit = {"type": "waitForExpression", "expression": "hits === 1"}
    await seat.play(on("#b", frame=[0]), {**hit, "frame": [0]}, on("#b", target=deep), {**hit, "target": deep})


async def test_plays_in_another_page_that_the_flow_has_opened(seat: Seat) -> None:
    popup = seat.sites.add("<button id=b onclick='window.close()'>Close</button>")
    await seat.show(f"<button id=b onclick='window.open(\"{popup}\")'>Open</button>")
    await seat.play(on("#b"), on("#b", target=popup), {"type": "waitForExpression", "expression": "!document.hidden"})


async def test_a_dialog_that_a_click_opens_does_not_hold_up_the_click(seat: Seat) -> None:
    await seat.show("<button id=b onclick='window.answer = confirm()'>Ask</button>")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(seat.play, on("#b"), {"type": "waitForExpression", "expression": "window.answer"})
        await until(lambda: seat.page.dialog_open)
        await seat.page.execute("Page.handleJavaScriptDialog", {"accept": True})
    assert seat.progress[-1] == Progress(2, 2, "waitForExpression", "done")


async def test_plays_no_more_steps_than_it_may(seat: Seat) -> None:
    await seat.show("<input id=i>")
    await seat.play(*(on("#i", type="change", value=value) for value in "abc"), max_steps=2)
    assert await seat.js("i.value") == "b"
    assert {told.total for told in seat.progress} == {2}


async def test_begins_a_step_anew_that_a_person_has_interrupted(seat: Seat) -> None:
    await seat.show("<input id=i><input id=other>")
    person, typed = Person(), []

    def on_command(method: str, params: Mapping[str, Any]) -> None:
        if method == "Input.dispatchKeyEvent" and params["type"] == "keyDown":
            typed.append(params["key"])
            if typed == ["a", "b"]:
                person.take()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(
            lambda: seat.play(on("#i", type="change", value="abc"), person=person, on_command=on_command)
        )
        await person.until_refused()
        assert await seat.js("i.value") == "a"
        await seat.js("other.focus()")
        person.give_back()
    assert await seat.js("[i.value, other.value]") == ["abc", ""]
    assert [told.status for told in seat.progress] == ["started", "done"]


COUNTER = f"{LOG}<button id=b>Go</button><script>watch(b, 'mousedown', 'mouseup', 'click')</script>"


@pytest.mark.parametrize("taken_at", ["mouseMoved", "mousePressed", "mouseReleased", "keyDown"])
async def test_carries_out_a_step_exactly_once(seat: Seat, taken_at: str) -> None:
    await seat.show(COUNTER)
    person = Person()

    def on_command(method: str, params: Mapping[str, Any]) -> None:
        if params.get("type") == taken_at and not person.epoch:
            person.take()

    steps = [on("#b", assertedEvents=[]), {"type": "keyDown", "key": "q"}]
    await seat.js("addEventListener('keydown', note)")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(seat.play, *steps, person=person, on_command=on_command))
        await person.until_refused()
        await trio.sleep(0.3)
        assert len(person.refused) <= 2  # nothing is tried while a person drives
        person.give_back()
    assert await seat.js("seen") == ["mousedown 0 true", "mouseup 0 true", "click 0 true", "keydown q true"]


async def test_no_deadline_runs_while_a_person_drives(seat: Seat) -> None:
    await seat.show("<p>Nothing here yet")
    person = Person()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(seat.play, on("#b", timeout=500), person=person))
        await until(lambda: seat.progress)
        person.take()
        await person.until_refused()
        await trio.sleep(0.7)
        await seat.js("document.body.innerHTML = '<button id=b onclick=\"window.hit = true\">Go</button>'")
        person.give_back()
    assert await seat.js("window.hit")


async def test_does_not_wait_for_what_a_person_may_have_prevented(seat: Seat) -> None:
    await seat.show(f"{LOG}<button id=b onclick='note(event)'>Go</button>")
    person = Person()
    step = on("#b", assertedEvents=[{"type": "navigation"}], timeout=1500)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(seat.play, step, person=person))
        await seat.until("seen.length")
        person.take()
        await trio.sleep(2)
        person.give_back()
    assert await seat.js("seen") == ["click 0 true"]
    assert seat.progress[-1].status == "done"


async def test_a_person_who_drives_is_waited_for_before_a_step_begins(seat: Seat) -> None:
    await seat.show(COUNTER)
    person = Person()
    person.take()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(seat.play, on("#b"), person=person))
        await trio.testing.wait_all_tasks_blocked(0.2)
        assert (seat.progress, person.refused) == ([], [])
        person.give_back()
    assert await seat.js("seen.length") == 3


async def test_a_page_that_crashes_fails_the_step_and_can_be_loaded_again(seat: Seat) -> None:
    # A site of its own, because its process is of no use to others any more.
    await seat.page.execute("Page.navigate", {"url": seat.sites.add("<p id=p>P", host="crash.test")})
    await seat.until("!!window.p")
    there = seat.sites.add("<p id=there>There")
    steps = [on("#p"), {"type": "waitForExpression", "expression": "window.there", "timeout": 20_000}]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(seat.play, *steps)
        await until(lambda: len(seat.progress) == 3)
        with trio.move_on_after(0.5):
            await seat.page.execute("Page.crash")
        await seat.page.execute("Page.navigate", {"url": there})
    assert seat.progress[-1].status == "done"
