"""Plays a user flow over a DevTools connection, as any other agent would.

**Exactly once.** Each command is either answered, or refused with `USER_HAS_CONTROL` by the agent gate, and what was
refused was not carried out. So a step that is refused is begun anew when control is back: what was found is looked for
again, because a person may have moved, changed or closed anything. Steps that only look, and those that say how
something shall be in the end (`setViewport`, `hover`, `change`, `scroll`, the waits), may be begun as often as one
likes. Of the others (`click`, `doubleClick`, `keyDown`, `keyUp`, `navigate`) nothing that was carried out is sent
again: of a click whose button was pressed, only the letting go is sent when control is back. What such a step asserts
is then not waited for, because nobody knows what a person has done since. A command whose answer is lost may have been
carried out: it is not sent again either, and the step has failed.

**Deadlines** are for what a step waits for. The connection should refuse at once what comes while a person has control
(`?on_user_control=refuse`): then nothing lies about to be carried out later, and no deadline runs while others drive.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Literal, Protocol

import attrs
import trio

from pilothouse.channels.cdp_link import CdpLink
from pilothouse.channels.destination_guard import DestinationGuard
from pilothouse.channels.flow_elements import HANDLES, Element, FrameScript, let_go, script_in
from pilothouse.channels.flow_input import Command, HeldKeys, clicks, move
from pilothouse.channels.flow_pages import MAIN, FlowPages, NotThere, Place
from pilothouse.protocol.agent_gate import USER_HAS_CONTROL
from pilothouse.protocol.cdp_executor import CdpEvent, CdpFailure, CommandRefused, ConnectionLost, TargetGone
from pilothouse.protocol.destinations import DestinationForbidden
from pilothouse.protocol.user_flow import (
    Change,
    Click,
    DoubleClick,
    Hover,
    KeyDown,
    KeyUp,
    Navigate,
    Scroll,
    Selector,
    SetViewport,
    Step,
    UserFlow,
    WaitForElement,
    WaitForExpression,
)

STEP_SECONDS = 5.0
"""How long a step may wait that does not say."""

_LOOK_AGAIN_SECONDS = 0.1
_CLEAN_UP_SECONDS = 1.0
_LONGEST_REASON = 300
_NO_ANSWER = "the browser does not answer"
_NAVIGATED = "Inspected target navigated or closed"
_ARRIVALS = ("Page.frameNavigated", "Page.navigatedWithinDocument")
_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    ">=": lambda count, wanted: count >= wanted,
    "==": lambda count, wanted: count == wanted,
    "<=": lambda count, wanted: count <= wanted,
}


class StepFailed(Exception):
    """A step could not be played; the flow ends there.

    Attributes:
        number: of the step, from 1 on.
        kind: its type.
        reason: why, without anything that was to be typed.
    """

    def __init__(self, number: int, kind: str, reason: str) -> None:
        super().__init__(f"step {number} ({kind}): {reason}")
        self.number = number
        self.kind = kind
        self.reason = reason


class Helm(Protocol):
    """What a player has to know of who drives."""

    @property
    def epoch(self) -> int:
        """Another number whenever control has moved."""

    async def until_free(self) -> None:
        """Wait until the player may act."""


class NoHelm:
    """Nobody tells who drives: what was refused is tried again and again."""

    epoch = 0

    async def until_free(self) -> None:
        """Do not wait."""
        await trio.lowlevel.checkpoint()


@attrs.frozen
class Progress:
    """How far a flow is.

    Attributes:
        number: of the step, from 1 on.
        total: how many will be played.
        type: of the step.
        status: `started`, `done` or `failed`.
        reason: why it failed.
    """

    number: int
    total: int
    type: str
    status: Literal["started", "done", "failed"]
    reason: str | None = None


@attrs.frozen
class Pace:
    """So that people can follow: seconds between two steps, and between two characters that are typed."""

    step_seconds: float = 0.0
    key_seconds: float = 0.0


class _Attempt:
    """One attempt at a step.

    Attributes:
        acted: something was carried out that must not be repeated.
        waits_for: what it waits for.
    """

    def __init__(self) -> None:
        self.acted = False
        self.waits_for = _NO_ANSWER


class FlowPlayer:
    """Plays flows in a browser.

    Args:
        link: the connection.
        pages: follow its events.
        helm: who drives.
        guard: decides where `navigate` may go.
        pace: how fast to play.
    """

    def __init__(self, link: CdpLink, pages: FlowPages, helm: Helm, guard: DestinationGuard, pace: Pace) -> None:
        self._link = link
        self._pages = pages
        self._helm = helm
        self._guard = guard
        self._pace = pace
        self._keys = HeldKeys()
        self._in_front = MAIN

    async def play(self, flow: UserFlow, tell: Callable[[Progress], None], *, max_steps: int | None = None) -> None:
        """Play a flow from its beginning.

        Args:
            flow: the flow.
            tell: called, without awaiting, when a step has begun, and when it is over.
            max_steps: leave the steps behind these out.

        Raises:
            StepFailed: the steps before it have been played.
            ConnectionLost: there is no browser any more.
        """
        steps = flow.steps[:max_steps]
        try:
            for number, step in enumerate(steps, start=1):
                if number > 1:
                    await trio.sleep(self._pace.step_seconds)
                await self._helm.until_free()
                tell(Progress(number, len(steps), step.type, "started"))
                try:
                    await self._play(number, step, (step.timeout or flow.timeout or STEP_SECONDS * 1000) / 1000)
                except StepFailed as failed:
                    tell(Progress(number, len(steps), step.type, "failed", failed.reason))
                    raise
                tell(Progress(number, len(steps), step.type, "done"))
        finally:
            with trio.move_on_after(_CLEAN_UP_SECONDS, shield=True), suppress(CdpFailure, NotThere):
                place = await self._pages.place(MAIN, ())
                await self._link.execute_all(self._keys.let_all_go(), session_id=place.page.session_id)

    async def _play(self, number: int, step: Step, seconds: float) -> None:
        """Play a step, however often it is interrupted."""
        while True:
            epoch, attempt = self._helm.epoch, _Attempt()
            try:
                await self._attempt(step, seconds, attempt)
                return
            except ConnectionLost:
                raise
            except (CdpFailure, NotThere, trio.TooSlowError) as error:
                if not _is_refusal(error) and self._helm.epoch == epoch:
                    raise StepFailed(number, step.type, _reason(error, attempt)) from error
            await self._until_free_again()
            if attempt.acted:
                return

    async def _until_free_again(self) -> None:
        await trio.sleep(_LOOK_AGAIN_SECONDS)  # the gate may know it before the helm does
        await self._helm.until_free()

    async def _attempt(self, step: Step, seconds: float, attempt: _Attempt) -> None:
        async with self._settled(step, seconds, attempt) as place:
            match step:
                case SetViewport():
                    await self._send(place, _viewport(step), seconds)
                case Navigate():
                    await self._navigate(step, place, seconds, attempt)
                case Click() | DoubleClick():
                    await self._click(step, place, seconds, attempt)
                case Hover():
                    script, element = await self._usable(step, seconds, attempt)
                    x, y = await self._point(script, element, None, None)
                    await self._send(script.place, [move(x, y, self._keys.modifiers)], seconds)
                case Change():
                    await self._change(step, seconds, attempt)
                case KeyDown(key=key):
                    await self._press(key, place, seconds, attempt)
                case KeyUp(key=key):
                    await self._act(place, [self._keys.let_go(key)], seconds, attempt)
                case Scroll():
                    await self._scroll(step, seconds, attempt)
                case WaitForElement():
                    await self._wait_for_element(step, seconds, attempt)
                case WaitForExpression():
                    await self._wait_for_expression(step, seconds, attempt)

    # -- where ---------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _settled(self, step: Step, seconds: float, attempt: _Attempt) -> AsyncIterator[Place]:
        """The page of a step; on leaving, wait until the page has gone where the step asserts that it goes."""

        async def find() -> Place:
            return await self._pages.place(step.target, ())

        place: Place = await self._until(find, seconds, attempt)
        if step.target != self._in_front:
            await self._send(place, [("Page.bringToFront", {})], seconds)
            self._in_front = step.target
        with place.page.listen(*_ARRIVALS) as arrivals:
            yield place
            if not place.page.dialog_open:
                with trio.move_on_after(_CLEAN_UP_SECONDS), suppress(CdpFailure):
                    await let_go(place)
            if step.asserted_events and not isinstance(step, Navigate):
                attempt.waits_for = "the navigation that is asserted does not come"
                with trio.fail_after(seconds):
                    await _arrival(arrivals, None if getattr(step, "frame", ()) else place.top_frame)
                await self._until_loaded(step.target, seconds, attempt)

    async def _until_loaded(self, target: str, seconds: float, attempt: _Attempt) -> None:
        async def loaded() -> bool:
            try:
                script = await script_in(await self._pages.place(target, ()))
            except NotThere:
                return target != MAIN  # its URL may be another one now
            return bool(await script.ask("isLoaded"))

        await self._until(loaded, seconds, attempt, "the page is still loading")

    async def _script(self, step: Step) -> FrameScript:
        return await script_in(await self._pages.place(step.target, getattr(step, "frame", ())))

    # -- waiting -------------------------------------------------------------------------------------------------

    async def _until(
        self, look: Callable[[], Awaitable[Any]], seconds: float, attempt: _Attempt, reason: str = ""
    ) -> Any:
        """Look again and again until what is looked for is there, and true.

        Raises:
            TooSlowError: it did not come; `attempt.waits_for` says what.
            CdpFailure: a person has control, or there is no browser.
        """
        attempt.waits_for = reason or _NO_ANSWER
        with trio.fail_after(seconds):
            while True:
                try:
                    if found := await look():
                        attempt.waits_for = _NO_ANSWER
                        return found
                    attempt.waits_for = reason
                except NotThere as error:
                    attempt.waits_for = str(error)
                except (CommandRefused, TargetGone) as error:
                    if _is_refusal(error):
                        raise
                    attempt.waits_for = str(error)  # the page goes elsewhere
                await trio.sleep(_LOOK_AGAIN_SECONDS)

    async def _usable(
        self, step: Click | DoubleClick | Hover | Change | Scroll, seconds: float, attempt: _Attempt
    ) -> tuple[FrameScript, Element]:
        """The element of a step, once it is there, can be seen, can be used, and has come to rest."""

        async def look() -> tuple[FrameScript, Element]:
            script = await self._script(step)
            element = await _first(script, step.selectors)
            obstacle = await script.ask("obstacle", element)
            if obstacle:
                raise NotThere(obstacle)
            return script, element

        found: tuple[FrameScript, Element] = await self._until(look, seconds, attempt)
        return found

    async def _point(
        self, script: FrameScript, element: Element, offset_x: float | None, offset_y: float | None
    ) -> tuple[float, float]:
        """Where an element is to be pointed at, in its page; scrolls it into view."""
        node = {"objectId": element.object_id}
        await script.place.execute("DOM.scrollIntoViewIfNeeded", node)
        quads = (await script.place.execute("DOM.getContentQuads", node))["quads"]
        if not quads:
            raise NotThere("the element is not visible")
        xs, ys = quads[0][0::2], quads[0][1::2]
        left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
        frame_x, frame_y = await self._pages.offset(script.place)
        x, y = _within(offset_x, right - left), _within(offset_y, bottom - top)
        return frame_x + left + x, frame_y + top + y

    # -- acting --------------------------------------------------------------------------------------------------

    async def _send(self, place: Place, commands: Sequence[Command], seconds: float) -> None:
        """Have commands carried out by a page.

        Raises:
            CdpFailure: one of them was not.
            TooSlowError: there is no answer.
        """
        with trio.fail_after(seconds):
            for answer in await self._answers(place, commands):
                if isinstance(answer, CdpFailure):
                    raise answer

    async def _act(self, place: Place, commands: Sequence[Command], seconds: float, attempt: _Attempt) -> None:
        """Have commands carried out by a page, each of them once.

        Raises:
            CommandRefused: none of them was carried out.
        """
        while True:
            sent = attempt.acted
            attempt.acted = True  # unless we hear otherwise
            with trio.fail_after(seconds):
                answers = await self._answers(place, commands)
            refused = [command for command, answer in zip(commands, answers, strict=True) if _is_refusal(answer)]
            for answer in answers:
                if isinstance(answer, CdpFailure) and not _is_refusal(answer) and not _went_away(answer):
                    raise answer
            if not refused:
                return
            if len(refused) == len(commands) and not sent:
                attempt.acted = False
                raise next(answer for answer in answers if isinstance(answer, CommandRefused))
            await self._until_free_again()
            commands = refused

    async def _answers(self, place: Place, commands: Sequence[Command]) -> list[dict[str, Any] | CdpFailure]:
        """What commands to a page came to. A dialog that opens leaves them unanswered: they have had their effect."""
        answers: list[dict[str, Any] | CdpFailure] = [{} for _ in commands]

        async def ask() -> None:
            answers[:] = await self._link.execute_all(commands, session_id=place.page.session_id)
            nursery.cancel_scope.cancel()

        with place.page.listen("Page.javascriptDialogOpening") as dialogs:
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(ask)
                    async for _ in dialogs:
                        nursery.cancel_scope.cancel()
            except* ConnectionLost as group:
                raise ConnectionLost(str(group.exceptions[0])) from None
        return answers

    async def _press(self, key: str, place: Place, seconds: float, attempt: _Attempt) -> None:
        try:
            await self._act(place, [self._keys.press(key)], seconds, attempt)
        except CommandRefused:
            self._keys.let_go(key)
            raise

    async def _navigate(self, step: Navigate, place: Place, seconds: float, attempt: _Attempt) -> None:
        try:
            url = (await self._guard.check(step.url)).url
        except DestinationForbidden as error:
            raise NotThere("the browser may not be sent there") from error
        with place.page.listen(*_ARRIVALS) as arrivals, trio.fail_after(seconds):
            attempt.acted = True
            try:
                answer = await place.execute("Page.navigate", {"url": url})
            except CommandRefused as error:
                attempt.acted = not _is_refusal(error)
                raise
            if answer.get("errorText", "net::ERR_ABORTED") != "net::ERR_ABORTED":
                raise NotThere(f"the page did not get there ({answer['errorText']})")
            if "loaderId" in answer and not answer.get("isDownload") and "errorText" not in answer:
                attempt.waits_for = "the page does not come"
                await _arrival(arrivals, place.top_frame, answer["loaderId"])
        await self._until_loaded(step.target, seconds, attempt)

    async def _click(self, step: Click | DoubleClick, place: Place, seconds: float, attempt: _Attempt) -> None:
        script, element = await self._usable(step, seconds, attempt)
        x, y = await self._point(script, element, step.offset_x, step.offset_y)
        modifiers = self._keys.modifiers
        await self._send(place, [move(x, y, modifiers)], seconds)
        commands = clicks(step, x, y, modifiers)
        if not isinstance(step, Click) or not step.duration:
            await self._act(script.place, commands, seconds, attempt)  # in one go: nobody comes between
            return
        for command in commands:
            await self._act(script.place, [command], seconds, attempt)
            await trio.sleep(step.duration / 1000 if command is commands[0] else 0)

    async def _change(self, step: Change, seconds: float, attempt: _Attempt) -> None:
        script, element = await self._usable(step, seconds, attempt)
        await script.place.execute("DOM.scrollIntoViewIfNeeded", {"objectId": element.object_id})
        match await script.ask("change", element, step.value):
            case "done":
                pass
            case "click":
                x, y = await self._point(script, element, None, None)
                await self._send(script.place, clicks(Click(selectors=step.selectors), x, y, 0), seconds)
            case "type":
                await self._type(script.place, step.value, seconds)
            case problem:
                raise NotThere(str(problem))

    async def _type(self, place: Place, text: str, seconds: float) -> None:
        """Type over what is selected."""
        if not text:
            await self._send(place, [self._keys.press("Delete"), self._keys.let_go("Delete")], seconds)
        for character in text.replace("\r\n", "\n"):
            await self._send(place, self._keys.type(character), seconds)
            await trio.sleep(self._pace.key_seconds)

    async def _scroll(self, step: Scroll, seconds: float, attempt: _Attempt) -> None:
        if step.selectors:
            script, element = await self._usable(step, seconds, attempt)
            await script.ask("scroll", step.x, step.y, element)
            return

        async def scroll() -> bool:
            await (await self._script(step)).ask("scroll", step.x, step.y)
            return True

        await self._until(scroll, seconds, attempt)

    async def _wait_for_element(self, step: WaitForElement, seconds: float, attempt: _Attempt) -> None:
        holds = _COMPARISONS[step.operator]

        async def look() -> bool:
            script = await self._script(step)
            elements = await _any(script, step.selectors)
            so = holds(len(elements), step.count)
            if so and (step.attributes or step.properties):
                so = await script.ask("are", dict(step.attributes or {}), dict(step.properties or {}), *elements)
            if so != step.visible:
                raise NotThere(f"there are {len(elements)} such elements, which is not what was asked for")
            return True

        await self._until(look, seconds, attempt)

    async def _wait_for_expression(self, step: WaitForExpression, seconds: float, attempt: _Attempt) -> None:
        async def look() -> bool:
            return await self._is_true(step, await self._pages.place(step.target, step.frame))

        await self._until(look, seconds, attempt, "the expression is not true")

    async def _is_true(self, step: WaitForExpression, place: Place) -> bool:
        """Whether an expression is true, or what it promises. No command is kept waiting for a promise."""
        world = {"uniqueContextId": self._pages.world_of_page(place)}
        evaluation = {"expression": step.expression, "objectGroup": HANDLES, **world}
        answer = await place.execute("Runtime.evaluate", evaluation)
        while answer.get("result", {}).get("subtype") == "promise" and "exceptionDetails" not in answer:
            promise = {"objectId": answer["result"]["objectId"], "ownProperties": True}
            inner = (await place.execute("Runtime.getProperties", promise)).get("internalProperties", [])
            inside = {each["name"]: each.get("value", {}) for each in inner}
            match inside["[[PromiseState]]"]["value"]:
                case "pending":
                    await trio.sleep(_LOOK_AGAIN_SECONDS)
                case "fulfilled":
                    return _truth(inside["[[PromiseResult]]"])
                case _:
                    raise NotThere("the expression was rejected")
        if "exceptionDetails" in answer:
            description = answer["exceptionDetails"].get("exception", {}).get("description", "it threw")
            raise NotThere(f"the expression failed: {description.partition(chr(10))[0]}")
        return _truth(answer["result"])


async def play_flow(
    flow: UserFlow,
    connect: Callable[[Callable[[CdpEvent], None]], AbstractAsyncContextManager[CdpLink]],
    tell: Callable[[Progress], None] = lambda _: None,
    *,
    max_steps: int | None = None,
    helm: Helm | None = None,
    guard: DestinationGuard | None = None,
    pace: Pace | None = None,
) -> None:
    """Play a flow over a connection of its own.

    Args:
        flow: the flow.
        connect: opens the connection; is given what hears of its events, as `open_cdp_link` is.
        tell: called, without awaiting, when a step has begun, and when it is over.
        max_steps: leave the steps behind these out.
        helm: tells who drives; by default nobody does, and what was refused is tried again.
        guard: decides where `navigate` may go; by default only to what is public.
        pace: by default as fast as possible.

    Raises:
        StepFailed: the steps before it have been played.
        ConnectionLost: there is no browser, or none any more.
    """
    pages, failure = FlowPages(), None
    async with connect(pages.happened) as link, trio.open_nursery() as nursery:
        pages.open(link, nursery)
        player = FlowPlayer(link, pages, helm or NoHelm(), guard or DestinationGuard(), pace or Pace())
        try:
            await player.play(flow, tell, max_steps=max_steps)
        except (StepFailed, ConnectionLost) as error:
            failure = error  # out of the nursery it would come in a group
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _any(script: FrameScript, selectors: Sequence[Selector]) -> list[Element]:
    """What the first of the selectors that finds anything has found."""
    trouble: CommandRefused | NotThere | None = None
    for selector in selectors:
        try:
            if found := await script.find(selector):
                return found
        except (CommandRefused, NotThere) as error:
            if _is_refusal(error):
                raise
            trouble = error
    if trouble is not None:
        raise NotThere(str(trouble))
    return []


async def _first(script: FrameScript, selectors: Sequence[Selector]) -> Element:
    found = await _any(script, selectors)
    if not found:
        raise NotThere("none of the selectors finds an element")
    return await script.visible(found)


async def _arrival(
    arrivals: trio.MemoryReceiveChannel[CdpEvent], frame_id: str | None, loader_id: str | None = None
) -> None:
    """Wait until a document has come: in this frame or any, by this navigation or any."""
    async for event in arrivals:
        frame = event.params.get("frame", {"id": event.params.get("frameId")})
        if (
            isinstance(frame, dict)
            and frame_id in (None, frame.get("id"))
            and loader_id in (None, frame.get("loaderId"))
        ):
            return
    raise NotThere("the page has gone")


def _is_refusal(error: object) -> bool:
    return isinstance(error, CommandRefused) and error.code == USER_HAS_CONTROL


def _went_away(error: CdpFailure) -> bool:
    """What takes the page away cannot be answered by it."""
    return isinstance(error, TargetGone) or (isinstance(error, CommandRefused) and error.message == _NAVIGATED)


def _reason(error: Exception, attempt: _Attempt) -> str:
    # Some of it may be the page's own words.
    return (attempt.waits_for if isinstance(error, trio.TooSlowError) else str(error))[:_LONGEST_REASON]


def _within(offset: float | None, size: float) -> float:
    """An offset as it was recorded; the middle of what has become smaller than that."""
    return offset if offset is not None and 0 <= offset < size else size / 2


def _truth(value: dict[str, Any]) -> bool:
    """Whether JavaScript would call it true."""
    if "unserializableValue" in value:
        return value["unserializableValue"] not in ("NaN", "-0", "0n")
    return bool(value["value"]) if "value" in value else value.get("type") != "undefined"


def _viewport(step: SetViewport) -> list[Command]:
    orientation, angle = ("landscapePrimary", 90) if step.is_landscape else ("portraitPrimary", 0)
    metrics = {
        "width": step.width,
        "height": step.height,
        "deviceScaleFactor": step.device_scale_factor,
        "mobile": step.is_mobile,
        "screenOrientation": {"type": orientation, "angle": angle},
    }
    return [
        ("Emulation.setDeviceMetricsOverride", metrics),
        ("Emulation.setTouchEmulationEnabled", {"enabled": step.has_touch}),
    ]
