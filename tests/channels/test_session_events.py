"""What an application is told about its sessions."""

from __future__ import annotations

import orjson
import pytest

from pilothouse.channels import session_events
from pilothouse.channels.session_events import ClipboardUsed, ControlChanged, InputBlocked, SessionEvent
from pilothouse.protocol.control import Viewer
from pilothouse.protocol.rfb.decisions import Drop, Kind, Reason

ALICE = Viewer("key_1", "tab-1")


@pytest.mark.parametrize(
    ("event", "kind", "data"),
    [
        (
            ControlChanged("pbs_1", "user", "user_control", "tab-1", 3, "taken", "key_1"),
            "control-changed",
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
            "input-blocked",
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
            "clipboard-used",
            {"credential_id": "key_1", "client_id": "tab-1", "direction": "paste", "characters": 12},
        ),
    ],
)
def test_an_event_is_a_kind_and_json(event: SessionEvent, kind: str, data: dict[str, object]) -> None:
    assert (event.kind, event.session_id) == (kind, "pbs_1")
    assert event.data() == data
    assert orjson.loads(orjson.dumps(event.data())) == data


def test_every_kind_of_event_has_its_own_word_and_cannot_be_changed() -> None:
    classes = [
        found
        for found in vars(session_events).values()
        if isinstance(found, type) and issubclass(found, SessionEvent) and found is not SessionEvent
    ]
    assert len(classes) >= 3
    assert len({found.kind for found in classes}) == len(classes)
    for found in classes:
        assert "kind" in vars(found), f"{found.__name__} borrows its kind"
        assert "__attrs_attrs__" in vars(found), f"{found.__name__} has only the fields of its base"
        assert found.__setattr__ is not object.__setattr__, f"{found.__name__} is not frozen"
