"""A session with a task: what is ordered, and what is refused before any browser starts."""

from __future__ import annotations

from typing import Any

import pytest
from fake_sessions import FakeSessions
from rest_client import RestClient

from pilothouse.protocol.user_flow import Click

CLICK: dict[str, Any] = {"type": "click", "selectors": [["#b"]], "offsetX": 1, "offsetY": 1}
FLOW: dict[str, Any] = {"title": "A flow", "steps": [CLICK, CLICK], "selectorAttribute": "data-x"}


async def test_an_agent_is_ordered_with_the_session(rest: RestClient, sessions: FakeSessions) -> None:
    answer = await rest.post("/browser_sessions", {"task": FLOW, "max_steps": 1})
    assert answer.status == 201
    task = sessions.tasks[answer.json["browser_session_id"]]
    assert task is not None
    assert (task.flow.title, task.max_steps, task.again) == ("A flow", 1, False)
    assert [type(step) for step in task.flow.steps] == [Click, Click]


async def test_a_session_without_a_task_has_no_agent(rest: RestClient, sessions: FakeSessions) -> None:
    await rest.post("/browser_sessions", {"task": None})
    assert list(sessions.tasks.values()) == [None]


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"task": "click"}, "task", "Expected `object | null`"),
        ({"task": {"steps": []}}, "task.title", "title is missing"),
        ({"task": {**FLOW, "steps": [CLICK, {"type": "fly"}]}}, "task.steps[1].type", "step 2 has a type"),
        ({"task": {**FLOW, "steps": [{**CLICK, "button": "x"}]}}, "task.steps[0].button", "step 1 (click): button"),
        ({"task": FLOW, "max_steps": 0}, "max_steps", "Expected `int` >= 1"),
        ({"max_steps": 3}, "max_steps", "for sessions with a task"),
        ({"task": FLOW, "provider": "attached", "vnc_address": "tcp://127.0.0.1:5900"}, "task", "cdp_address"),
    ],
)
async def test_what_nobody_could_play_is_refused_at_once(
    rest: RestClient, sessions: FakeSessions, body: dict[str, Any], field: str, words: str
) -> None:
    answer = await rest.post("/browser_sessions", body)
    error = answer.json["error"]
    assert (answer.status, error["code"], error["details"]) == (422, "validation_failed", {"field": field})
    assert words in error["message"]
    assert sessions.orders == []
