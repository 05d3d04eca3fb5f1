"""User flows as the Recorder panel of Chrome's DevTools exports them, read into frozen classes and written again.

A flow is `{"title", "timeout"?, "steps": […]}`, a step is `{"type", …}`. One class per type of step, and its fields are
the table: what each is called in JSON, and the function that reads it. Fields that we do not know are ignored; a type
that we do not know is an error, because a flow with a hole in it is another flow.

Source: the documentation of the npm package `@puppeteer/replay`, namespace `Schema`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, get_args

import attrs

from pilothouse.protocol.errors import BadUserFlow
from pilothouse.protocol.flow_fields import (
    Json,
    Wrong,
    any_json,
    field,
    integer,
    list_of,
    name,
    number,
    one_of,
    read_fields,
    selector,
    table_of,
    text,
    truth,
    written_fields,
)

MAX_STEPS = 1000
"""Steps of a flow."""

MAX_TEXT = 64 * 1024
"""Characters of an expression, or of a value to be typed."""

MAX_TIMEOUT_MS = 600_000
"""How long a step may wait."""

_MAX_PIXELS = 10_000_000
_MAX_ECHO = 64

Selector = tuple[str, ...]
"""A chain: each part is looked for in what the one before it has found, or in the shadow root of that."""


@attrs.frozen(kw_only=True)
class AssertedNavigation:
    """The page goes to another document, or elsewhere in its own, because of the step."""

    type: ClassVar[str] = "navigation"
    url: str | None = field("url", name, None)
    title: str | None = field("title", name, None)


def _asserted_event(value: object) -> AssertedNavigation:
    if not isinstance(value, dict) or value.get("type") != AssertedNavigation.type:
        raise Wrong("is no asserted event of type navigation")
    return read_fields(AssertedNavigation, value)


@attrs.frozen(kw_only=True)
class _Step:
    """What every step may have.

    Attributes:
        target: the URL of another page, or of a frame in a process of its own; `main` is the page itself.
        timeout: in milliseconds.
        asserted_events: what happens because of it, and is waited for.
    """

    type: ClassVar[str]
    target: str = field("target", name, "main")
    timeout: float | None = field("timeout", number(1, MAX_TIMEOUT_MS), None)
    asserted_events: tuple[AssertedNavigation, ...] = field("assertedEvents", list_of(_asserted_event), ())


@attrs.frozen(kw_only=True)
class _StepInFrame(_Step):
    """A step in a frame: the first index counts the target's frames, the next one the frames in that, and so on."""

    frame: tuple[int, ...] = field("frame", list_of(integer(0, 10_000)), ())


@attrs.frozen(kw_only=True)
class _StepOnElement(_StepInFrame):
    """A step on an element that any one of the selectors finds."""

    selectors: tuple[Selector, ...] = field("selectors", list_of(selector, at_least=1))


@attrs.frozen(kw_only=True)
class _PointerStep(_StepOnElement):
    """A step with a button on an element.

    Attributes:
        offset_x, offset_y: CSS pixels from the element's top left corner; without them it is its middle.
    """

    offset_x: float | None = field("offsetX", number(-_MAX_PIXELS, _MAX_PIXELS), None)
    offset_y: float | None = field("offsetY", number(-_MAX_PIXELS, _MAX_PIXELS), None)
    device_type: Literal["mouse", "pen", "touch"] = field("deviceType", one_of("mouse", "pen", "touch"), "mouse")
    button: Literal["primary", "auxiliary", "secondary", "back", "forward"] = field(
        "button", one_of("primary", "auxiliary", "secondary", "back", "forward"), "primary"
    )


@attrs.frozen(kw_only=True)
class SetViewport(_Step):
    """Makes the page so large, in CSS pixels."""

    type: ClassVar[str] = "setViewport"
    width: int = field("width", integer(1, 10_000))
    height: int = field("height", integer(1, 10_000))
    device_scale_factor: float = field("deviceScaleFactor", number(0, 10), 1)
    is_mobile: bool = field("isMobile", truth, False)
    has_touch: bool = field("hasTouch", truth, False)
    is_landscape: bool = field("isLandscape", truth, False)


@attrs.frozen(kw_only=True)
class Navigate(_Step):
    """Sends the page to a URL."""

    type: ClassVar[str] = "navigate"
    url: str = field("url", name)


@attrs.frozen(kw_only=True)
class Click(_PointerStep):
    """Presses a button on an element and lets it go, after `duration` milliseconds."""

    type: ClassVar[str] = "click"
    duration: float | None = field("duration", number(0, MAX_TIMEOUT_MS), None)


@attrs.frozen(kw_only=True)
class DoubleClick(_PointerStep):
    """Clicks twice."""

    type: ClassVar[str] = "doubleClick"


@attrs.frozen(kw_only=True)
class Hover(_StepOnElement):
    """Moves the mouse onto an element."""

    type: ClassVar[str] = "hover"


@attrs.frozen(kw_only=True)
class Change(_StepOnElement):
    """Gives a field a value; the text is never shown, it may be a password."""

    type: ClassVar[str] = "change"
    value: str = field("value", text(MAX_TEXT), secret=True)


@attrs.frozen(kw_only=True)
class KeyDown(_Step):
    """Presses a key, named as Puppeteer names keys."""

    type: ClassVar[str] = "keyDown"
    key: str = field("key", name)


@attrs.frozen(kw_only=True)
class KeyUp(_Step):
    """Lets a key go."""

    type: ClassVar[str] = "keyUp"
    key: str = field("key", name)


@attrs.frozen(kw_only=True)
class Scroll(_StepInFrame):
    """Scrolls an element, or without selectors the frame, to a place in CSS pixels."""

    type: ClassVar[str] = "scroll"
    selectors: tuple[Selector, ...] = field("selectors", list_of(selector), ())
    x: float = field("x", number(-_MAX_PIXELS, _MAX_PIXELS), 0)
    y: float = field("y", number(-_MAX_PIXELS, _MAX_PIXELS), 0)


@attrs.frozen(kw_only=True)
class WaitForElement(_StepOnElement):
    """Waits until so many elements are there, and have these attributes and properties.

    Attributes:
        visible: false waits until this is *not* so.
    """

    type: ClassVar[str] = "waitForElement"
    operator: Literal[">=", "==", "<="] = field("operator", one_of(">=", "==", "<="), ">=")
    count: int = field("count", integer(0, 1_000_000), 1)
    visible: bool = field("visible", truth, True)
    attributes: Mapping[str, str] | None = field("attributes", table_of(name), None)
    properties: Mapping[str, Json] | None = field("properties", table_of(any_json), None)


@attrs.frozen(kw_only=True)
class WaitForExpression(_StepInFrame):
    """Waits until an expression, or what it promises, is true."""

    type: ClassVar[str] = "waitForExpression"
    expression: str = field("expression", text(MAX_TEXT))


Step = (
    SetViewport
    | Navigate
    | Click
    | DoubleClick
    | Hover
    | Change
    | KeyDown
    | KeyUp
    | Scroll
    | WaitForElement
    | WaitForExpression
)

STEPS: dict[str, type[Step]] = {step.type: step for step in get_args(Step)}
"""The types of steps, by their names."""


def _steps(value: object) -> tuple[Step, ...]:
    if not isinstance(value, list):
        raise Wrong("is not a list")
    if len(value) > MAX_STEPS:
        raise Wrong(f"has more than {MAX_STEPS} entries")
    return tuple(_step(number, step) for number, step in enumerate(value, start=1))


def _step(position: int, value: object) -> Step:
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str):
        raise BadUserFlow("is not an object with a type", step=position, field="type")
    if kind not in STEPS:
        raise BadUserFlow(f"has a type that is not known: {kind[:_MAX_ECHO]!r}", step=position, field="type")
    try:
        return read_fields(STEPS[kind], value)
    except Wrong as wrong:
        raise BadUserFlow(f"({kind}): {wrong.field} {wrong}", step=position, field=wrong.field) from None


@attrs.frozen(kw_only=True)
class UserFlow:
    """A flow.

    Attributes:
        timeout: in milliseconds, of every step that has none of its own.
    """

    title: str = field("title", name)
    timeout: float | None = field("timeout", number(1, MAX_TIMEOUT_MS), None)
    steps: tuple[Step, ...] = field("steps", _steps)


def read_user_flow(document: object) -> UserFlow:
    """Read a flow from JSON that is parsed already.

    Raises:
        BadUserFlow: it says which step it is, and which field of it.
    """
    try:
        return read_fields(UserFlow, document)
    except Wrong as wrong:
        raise BadUserFlow(f"{wrong.field} {wrong}".lstrip(), step=None, field=wrong.field) from None


def write_user_flow(flow: UserFlow) -> dict[str, Any]:
    """The JSON that `read_user_flow` reads, to be encoded."""
    return written_fields(flow)
