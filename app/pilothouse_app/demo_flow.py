"""What the agent of the demo does on the harbour page, at a pace that people can follow."""

from __future__ import annotations

from typing import Any

from pilothouse.channels.embedded_agent import AgentTask
from pilothouse.channels.flow_player import Pace
from pilothouse.protocol.user_flow import read_user_flow

_GUESTS = ("Ada", "Grace", "Captain Nemo")
_PACE = Pace(step_seconds=1.2, key_seconds=0.12)


def harbour_task(url: str) -> AgentTask:
    """Signs the log book, rings the bell and looks around, again and again.

    Args:
        url: of the harbour page.
    """
    steps = [_step("navigate", url=url), *(step for guest in _GUESTS for step in _round(guest))]
    return AgentTask(read_user_flow({"title": "A day at the harbour", "steps": steps}), pace=_PACE, again=True)


def _round(guest: str) -> list[dict[str, Any]]:
    name, bell = [["aria/Your name"], ["#name"]], [["aria/Ring the bell"], ["#bell"]]
    return [
        _step("click", selectors=name),
        _step("change", selectors=name, value=guest),
        _step("waitForElement", selectors=[f"text/Ahoy, {guest}!"]),
        _step("hover", selectors=bell),
        _step("click", selectors=bell),
        _step("click", selectors=bell),
        _step("click", selectors=["aria/Tides"]),
        _step("click", selectors=["aria/Signals"]),
        _step("click", selectors=["aria/Back to the top"]),
    ]


def _step(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}
