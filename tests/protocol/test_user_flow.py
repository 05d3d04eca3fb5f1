from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.protocol.errors import BadUserFlow
from pilothouse.protocol.user_flow import (
    MAX_STEPS,
    MAX_TEXT,
    STEPS,
    AssertedNavigation,
    Change,
    Click,
    KeyDown,
    Navigate,
    Scroll,
    SetViewport,
    UserFlow,
    WaitForElement,
    read_user_flow,
    write_user_flow,
)

# As the Recorder panel writes it, with fields that nobody here knows.
EXPORTED = {
    "title": "Log in",
    "selectorAttribute": "data-testid",
    "steps": [
        {
            "type": "setViewport",
            "width": 1440,
            "height": 821,
            "deviceScaleFactor": 1,
            "isMobile": False,
            "hasTouch": False,
            "isLandscape": False,
        },
        {
            "type": "navigate",
            "url": "http://localhost:4680/login",
            "assertedEvents": [{"type": "navigation", "url": "http://localhost:4680/login", "title": "Login Page"}],
        },
        {
            "type": "click",
            "target": "main",
            "selectors": [["aria/Login"], ["#header\\.login"], ["my-app", "pierce/#x"], "text/Login"],
            "offsetY": 24,
            "offsetX": 22.671875,
            "frame": [0, 1],
            "deviceType": "mouse",
            "button": "secondary",
            "aiHint": "new in some later version",
        },
        {"type": "change", "value": "secret", "selectors": [["#name"]], "timeout": 1500},
        {"type": "keyDown", "target": "main", "key": "Enter"},
        {"type": "scroll", "x": 0, "y": 99.5},
        {
            "type": "waitForElement",
            "selectors": [["li"]],
            "operator": "<=",
            "count": 2,
            "visible": False,
            "attributes": {"class": "a"},
            "properties": {"dataset": {"x": "1"}, "hidden": False},
        },
    ],
}

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = sorted({field.metadata["name"] for step in STEPS.values() for field in step.__attrs_attrs__})
ALMOST_STEPS = st.builds(
    lambda kind, fields: {"type": kind, **fields},
    st.sampled_from(sorted(STEPS)),
    st.dictionaries(
        st.sampled_from(NAMES), TREES | st.sampled_from([["a"], [["a", "b"]], [0], 3, "a", ">=", True]), max_size=8
    ),
)


def flow_of(*steps: Any) -> dict[str, Any]:
    return {"title": "A flow", "steps": list(steps)}


def problem_of(document: object) -> BadUserFlow:
    with pytest.raises(BadUserFlow) as caught:
        read_user_flow(document)
    return caught.value


def test_reads_what_the_recorder_exports() -> None:
    flow = read_user_flow(EXPORTED)
    viewport, navigate, click, change, key, scroll, wait = flow.steps
    assert (flow.title, flow.timeout) == ("Log in", None)
    assert isinstance(viewport, SetViewport)
    assert (viewport.width, viewport.height) == (1440, 821)
    assert navigate == Navigate(
        url="http://localhost:4680/login",
        asserted_events=(AssertedNavigation(url="http://localhost:4680/login", title="Login Page"),),
    )
    assert click == Click(
        selectors=(("aria/Login",), ("#header\\.login",), ("my-app", "pierce/#x"), ("text/Login",)),
        frame=(0, 1),
        offset_x=22.671875,
        offset_y=24,
        button="secondary",
    )
    assert change == Change(value="secret", selectors=(("#name",),), timeout=1500)
    assert key == KeyDown(key="Enter")
    assert scroll == Scroll(x=0, y=99.5)
    assert wait == WaitForElement(
        selectors=(("li",),),
        operator="<=",
        count=2,
        visible=False,
        attributes={"class": "a"},
        properties={"dataset": {"x": "1"}, "hidden": False},
    )


def test_writes_what_the_recorder_reads() -> None:
    written = write_user_flow(read_user_flow(EXPORTED))
    assert written == json.loads(json.dumps(written))
    assert written["steps"][0] == {"target": "main", **EXPORTED["steps"][0]}  # type: ignore[index, dict-item]
    assert written["steps"][1]["assertedEvents"] == [
        {"type": "navigation", "url": "http://localhost:4680/login", "title": "Login Page"}
    ]
    assert written["steps"][2]["selectors"][2] == ["my-app", "pierce/#x"]
    assert read_user_flow(written) == read_user_flow(EXPORTED)


@pytest.mark.parametrize(
    ("document", "step", "field", "words"),
    [
        (None, None, "", "is not an object"),
        ({"steps": []}, None, "title", "title is missing"),
        ({"title": "x"}, None, "steps", "steps is missing"),
        ({"title": "x", "steps": {}}, None, "steps", "steps is not a list"),
        ({"title": "x", "steps": [], "timeout": 0}, None, "timeout", "timeout is not between 1 and 600000"),
        (flow_of({"type": "keyUp", "key": "a"}, "x"), 2, "type", "step 2 is not an object with a type"),
        (flow_of({"type": ["click"]}), 1, "type", "step 1 is not an object with a type"),
        (flow_of({"type": "fly"}), 1, "type", "step 1 has a type that is not known: 'fly'"),
        (flow_of({"type": "click"}), 1, "selectors", "step 1 (click): selectors is missing"),
        (flow_of({"type": "click", "selectors": []}), 1, "selectors", "selectors has 0 entries, not 1 to 32"),
        (flow_of({"type": "click", "selectors": [["a", 1]]}), 1, "selectors", "entry 1 entry 2 is not a string"),
        (flow_of({"type": "click", "selectors": ["a"], "offsetX": "1"}), 1, "offsetX", "is not a number"),
        (flow_of({"type": "click", "selectors": ["a"], "offsetX": True}), 1, "offsetX", "is not a number"),
        (flow_of({"type": "click", "selectors": ["a"], "offsetX": float("nan")}), 1, "offsetX", "is not between"),
        (flow_of({"type": "click", "selectors": ["a"], "button": "left"}), 1, "button", "is not one of primary, "),
        (flow_of({"type": "hover", "selectors": ["a"], "frame": [0.5]}), 1, "frame", "entry 1 is not an integer"),
        (flow_of({"type": "change", "selectors": ["a"], "value": "x" * (MAX_TEXT + 1)}), 1, "value", "is longer than"),
        (
            flow_of({"type": "navigate", "url": "x", "assertedEvents": [{"type": "navigation", "url": 1}]}),
            1,
            "assertedEvents",
            "assertedEvents entry 1 url is not a string",
        ),
        (
            flow_of({"type": "waitForElement", "selectors": ["a"], "count": 10**400}),
            1,
            "count",
            "is not between",
        ),
    ],
)
def test_says_which_step_and_which_field_is_wrong(document: object, step: int | None, field: str, words: str) -> None:
    problem = problem_of(document)
    assert (problem.step, problem.field) == (step, field)
    assert words in str(problem)


def test_a_flow_has_an_end() -> None:
    step = {"type": "keyUp", "key": "a"}
    assert len(read_user_flow(flow_of(*[step] * MAX_STEPS)).steps) == MAX_STEPS
    assert problem_of(flow_of(*[step] * (MAX_STEPS + 1))).field == "steps"


def test_what_is_typed_does_not_show() -> None:
    assert "secret" not in repr(read_user_flow(EXPORTED))
    wrong = flow_of({"type": "change", "selectors": ["a"], "value": ["secret"]})
    assert "secret" not in str(problem_of(wrong))


@given(TREES | st.builds(lambda steps: {"title": "x", "steps": steps}, TREES | st.lists(ALMOST_STEPS | TREES)))
def test_garbage_is_a_flow_or_a_bad_flow(document: object) -> None:
    try:
        flow = read_user_flow(document)
    except BadUserFlow:
        return
    assert isinstance(flow, UserFlow)
    assert read_user_flow(write_user_flow(flow)) == flow
