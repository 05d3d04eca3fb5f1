"""What an application is told about its sessions, and what the docs say about it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import attrs
import orjson
import pytest

from pilothouse.channels import session_events
from pilothouse.channels.session_events import (
    AgentCommands,
    ClipboardUsed,
    ControlChanged,
    EventsLeftOut,
    InputBlocked,
    SessionEvent,
)
from pilothouse.protocol.control import Viewer, Why
from pilothouse.protocol.rfb.decisions import Drop, Kind, Reason

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "events.md"
CLASSES = [
    found
    for found in vars(session_events).values()
    if isinstance(found, type) and issubclass(found, SessionEvent) and found is not SessionEvent
]
ALICE = Viewer("key_1", "tab-1", "view")
EXAMPLES: list[tuple[SessionEvent, dict[str, object]]] = [
    (
        ControlChanged("pbs_1", "user", "user_control", "tab-1", 3, "taken", "key_1"),
        {
            "interactor": "user",
            "control_state": "user_control",
            "holder_client_id": "tab-1",
            "control_epoch": 3,
            "why": "taken",
            "holder_credential_id": "key_1",
        },
    ),
    (
        InputBlocked("pbs_1", ALICE, Drop(Kind.KEY, Reason.NOT_ALLOWED, "text"), 2),
        {
            "credential_id": "key_1",
            "client_id": "tab-1",
            "input": "key",
            "reason": "not_allowed",
            "group": "text",
            "count": 2,
        },
    ),
    (
        ClipboardUsed("pbs_1", ALICE, "paste", 12),
        {"credential_id": "key_1", "client_id": "tab-1", "direction": "paste", "characters": 12},
    ),
    (
        AgentCommands("pbs_1", ALICE, {"Page.enable": 2}),
        {"credential_id": "key_1", "client_id": "tab-1", "methods": {"Page.enable": 2}},
    ),
    (EventsLeftOut("pbs_1", {"input-blocked": 3}), {"counts": {"input-blocked": 3}}),
]
"""Every event whose data are not just its fields, and one whose are."""

OF_THE_LOG = {"event", "level", "logger", "timestamp", "browser_session", "exc_info", "stack_info", "exception"}
"""What a log line has besides the data of an event."""


def fields_of(found: type[SessionEvent]) -> list[str]:
    if "data" in vars(found):
        (example,) = (data for event, data in EXAMPLES if type(event) is found)
        return list(example)
    return [name for name in attrs.fields_dict(found) if name != "session_id"]


@pytest.mark.parametrize(("event", "data"), EXAMPLES)
def test_an_event_is_json_without_its_session(event: SessionEvent, data: dict[str, object]) -> None:
    assert event.session_id == "pbs_1"
    assert event.data() == data
    assert orjson.loads(orjson.dumps(event.data())) == data


@pytest.mark.parametrize("found", CLASSES)
def test_every_class_has_a_word_of_its_own_and_cannot_be_changed(found: type[SessionEvent]) -> None:
    assert [other.kind for other in CLASSES].count(found.kind) == 1
    assert "kind" in vars(found), f"{found.__name__} borrows its kind"
    assert "__attrs_attrs__" in vars(found), f"{found.__name__} has only the fields of its base"
    assert found.__setattr__ is not object.__setattr__, f"{found.__name__} is not frozen"
    assert not OF_THE_LOG.intersection(fields_of(found))


def test_the_table_in_the_docs_is_the_classes() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*?) \|", PAGE.read_text(), re.MULTILINE)
    documented = {kind: re.findall(r"`(\w+)`", fields) for kind, fields in rows}
    assert documented == {found.kind: fields_of(found) for found in CLASSES}


def test_the_docs_name_what_may_be_left_out() -> None:
    sentence = " ".join(PAGE.read_text().split()).partition("then those of kind ")[2].partition(" are left out")[0]
    assert re.findall(r"`([a-z-]+)`", sentence) == sorted(found.kind for found in CLASSES if found.expendable)


def test_the_docs_name_what_moves_control() -> None:
    sentence = PAGE.read_text().partition("`why` is what moved control:")[2].partition(".")[0]
    assert set(re.findall(r"`(\w+)`", sentence)) == {*get_args(Why), "server_restarted"}
