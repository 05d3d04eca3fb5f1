"""A viewer whose credential is for watching: whatever it says, nothing of it acts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from channel_world import ALICE, BOB, SESSION_ID, open_world
from vnc_stage import open_stage

from pilothouse.protocol.control import MayNotControl, Viewer
from pilothouse.protocol.messages import FROM_FRONTEND, ControlChanged, Error, FromFrontend, Pong
from pilothouse.protocol.rfb.input_policy import GUARDED
from pilothouse.protocol.rfb.viewer_input import ViewerInput

WATCHER = Viewer("tok_1", "alice", "view")
FOR_WATCHERS = {"ping", "get-browser-url", "take-screenshot"}

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "data" / "rfb-vectors.json").read_text(encoding="utf-8")
)


def test_scope_does_not_tell_viewers_apart() -> None:
    assert Viewer("tok_1", "alice", "view") == Viewer("tok_1", "alice")
    assert hash(Viewer("tok_1", "alice", "view")) == hash(Viewer("tok_1", "alice"))


@pytest.mark.parametrize("scope", ["view", "agent"])
async def test_nobody_gives_it_control(scope: Any) -> None:
    async with open_world() as world:
        with world.registry.attend(SESSION_ID) as session, pytest.raises(MayNotControl):
            await session.take_control(Viewer("tok_1", "alice", scope))
        assert session.control.control_epoch == 0


def example_of(kind: type[FromFrontend]) -> dict[str, Any]:
    values = {field.name: True if field.type in (bool, "bool") else "1" for field in attrs.fields(kind)}
    return {"kind": kind.kind, **values}


@pytest.mark.parametrize("kind", FROM_FRONTEND.values(), ids=list(FROM_FRONTEND))
async def test_every_kind_of_message(kind: type[FromFrontend]) -> None:
    async with open_world() as world:
        watcher = world.frontend(WATCHER)
        assert isinstance(await watcher.hear(), ControlChanged)
        world.session.set_upstream(None)
        await watcher.client.send(json.dumps(example_of(kind)))
        answer = await watcher.hear()
        if kind.kind in FOR_WATCHERS:
            assert answer == Pong("1") or (isinstance(answer, Error) and answer.code == "not_possible"), answer
        else:
            assert isinstance(answer, Error)
            assert (answer.failed_kind, answer.code) == (kind.kind, "not_allowed")
        assert world.session.control.control_epoch == 0
        assert not world.events


@pytest.mark.parametrize("holder", [None, ALICE, BOB])
async def test_every_vector_of_bytes(holder: Viewer | None) -> None:
    async with open_stage() as stage:
        if holder is not None:
            await stage.session.take_control(holder)
        for index, vector in enumerate(VECTORS):
            viewer, connection = await stage.watching(WATCHER, index)
            data = b"".join(bytes.fromhex(chunk) for chunk in vector["chunks"])
            watched = ViewerInput(GUARDED).receive(data, in_control=False)
            await viewer.say(data)
            if watched.violation is None:
                await viewer.client.close()
            await connection.gone()
            assert connection.received == watched.forward, vector["name"]
