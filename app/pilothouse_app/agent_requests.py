"""What an agent asks for in the address of its connection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast, get_args

import attrs

from pilothouse.protocol.agent_gate import GateOptions, OnUserControl

LONGEST_HOLD_SECONDS = 3600.0

_PATH = re.compile(r"/api/v1/cdp/([A-Za-z0-9_]{1,64})(?:/devtools/(?:browser|page/([A-Za-z0-9-]{1,64}))(?:/[^/]*)?)?/?")
_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", re.ASCII)
_YES_OR_NO = {"true": True, "false": False}


class BadOption(Exception):
    """A parameter makes no sense; the message is one sentence for people."""


@attrs.frozen
class AgentPath:
    """Where an agent connects to.

    Attributes:
        session_id: of the browser session.
        page: the id of the target; None is the browser itself.
    """

    session_id: str
    page: str | None

    @classmethod
    def parse(cls, path: str) -> AgentPath | None:
        """From the path of a WebSocket; None when it is no such path."""
        match = _PATH.fullmatch(path)
        return None if match is None else cls(match[1], match[2])


def gate_options(query: Mapping[str, str]) -> GateOptions:
    """What an agent has chosen for its connection.

    Raises:
        BadOption: a parameter makes no sense.
    """
    defaults = GateOptions()
    on_user_control = query.get("on_user_control", defaults.on_user_control)
    if on_user_control not in get_args(OnUserControl):
        raise BadOption("on_user_control must be hold or refuse.")
    return GateOptions(
        cast(OnUserControl, on_user_control),
        _hold_seconds(query.get("hold_seconds", str(defaults.hold_seconds))),
        _observe(query.get("observe", "false")),
    )


def _hold_seconds(text: str) -> float:
    seconds = float(text) if _SECONDS.fullmatch(text) else 0.0
    if not 0 < seconds <= LONGEST_HOLD_SECONDS:
        raise BadOption(f"hold_seconds must be a number above 0 and at most {LONGEST_HOLD_SECONDS:g}.")
    return seconds


def _observe(text: str) -> bool:
    if text not in _YES_OR_NO:
        raise BadOption("observe must be true or false.")
    return _YES_OR_NO[text]
