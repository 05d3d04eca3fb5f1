"""`/browser_sessions/{id}/viewers`."""

from __future__ import annotations

import pytest
import trio
from rest_client import OTHER_KEY, RestClient

from pilothouse.channels.end_signal import EndSignal
from pilothouse.channels.errors import Removed
from pilothouse.channels.member import Member
from pilothouse.protocol.control import Viewer
from pilothouse_app.services import Services

ALICE = Viewer("tok_1", "alice")
WATCHER = Viewer("tok_2", "watcher", "view")


def member(viewer: Viewer) -> Member:
    return Member("messages", viewer, EndSignal(), lambda: None)


def listener(viewer: Viewer) -> Member:
    return Member("events", viewer, EndSignal(), lambda: None, is_seen=False)


async def test_who_is_there_and_the_way_out(rest: RestClient, services: Services) -> None:
    session_id = (await rest.new_session())["browser_session_id"]
    path = f"/browser_sessions/{session_id}/viewers"
    assert (await rest.get(path)).json == []
    with services.registry.attend(session_id) as live:
        alice = member(ALICE)
        live.join(alice)
        live.join(member(WATCHER))
        live.join(listener(Viewer("key_1", "a program")))
        await live.take_control(ALICE)
        first, second = (await rest.get(path)).json
        assert first == {
            "viewer_id": first["viewer_id"],
            "client_id": "alice",
            "scope": "control",
            "holds_control": True,
        }
        assert (second["client_id"], second["scope"], second["holds_control"]) == ("watcher", "view", False)

        assert (await rest.with_key(OTHER_KEY).get(path)).status == 404
        assert (await rest.with_key(OTHER_KEY).delete(f"{path}/{first['viewer_id']}")).status == 404
        assert (await rest.delete(f"{path}/v_nobody")).status == 404
        assert live.holds_control(ALICE)

        assert (await rest.delete(f"{path}/{first['viewer_id']}")).status == 204
        with pytest.raises(Removed), trio.fail_after(1):
            await alice.signal.wait()
        assert live.agent_may_act
        assert [viewer["client_id"] for viewer in (await rest.get(path)).json] == ["watcher"]
        assert (await rest.delete(f"{path}/{first['viewer_id']}")).status == 404
