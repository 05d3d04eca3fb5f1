"""Pages and frames as a flow knows them, whatever a browser tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
import trio
from hypothesis import example, given
from hypothesis import strategies as st

from pilothouse.channels.cdp_link import CdpLink
from pilothouse.channels.flow_pages import MAIN, FlowPages, NotThere
from pilothouse.protocol.cdp_executor import CdpEvent

PAGE, PAGE_SESSION = "P", "0"
FRAMES, SESSIONS = "FGH", "0123"
MOST_COMMANDS = 200
"""More than a search for the way up from each frame ever needs."""

ATTACHED, DETACHED = "Target.attachedToTarget", "Target.detachedFromTarget"
CREATED, DESTROYED = "Runtime.executionContextCreated", "Runtime.executionContextDestroyed"


class OnePage(CdpLink):
    """A link to a browser with one page; each frame of it is 1 px below and right of the one that it is in."""

    def __init__(self) -> None:
        self.count = 0

    async def execute(
        self, method: str, params: Mapping[str, Any] | None = None, *, session_id: str | None = None
    ) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        self.count += 1
        assert self.count < MOST_COMMANDS, "it turns in a circle"
        page = {"targetId": PAGE, "type": "page", "url": "about:blank"}
        frames = [{"targetId": frame, "type": "iframe", "url": frame} for frame in FRAMES]
        answers: dict[str, dict[str, Any]] = {
            "Target.getTargets": {"targetInfos": [page, *frames]},
            "Target.attachToTarget": {"sessionId": PAGE_SESSION},
            "Page.getFrameTree": {"frameTree": {"frame": {"id": "any"}}},
            "DOM.getFrameOwner": {"backendNodeId": 1},
            "DOM.getBoxModel": {"model": {"content": [1, 1]}},
        }
        return answers.get(method, {})

    def target_gone(self, session_id: str) -> None:
        pass


def attached(frame: str, session: str, parent: str) -> CdpEvent:
    return CdpEvent(ATTACHED, {"targetInfo": {"type": "iframe", "targetId": frame}, "sessionId": session}, parent)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)


def some(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what it should be."""
    return st.one_of(strategy, strategy, strategy, JSON)


def fields(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return some(st.fixed_dictionaries({}, optional={name: some(each) for name, each in strategies.items()}))


SESSION, FRAME = st.sampled_from(SESSIONS), st.sampled_from(FRAMES)
PARAMS = st.fixed_dictionaries(
    {},
    optional={
        "sessionId": some(SESSION),
        "targetInfo": fields(targetId=FRAME, type=st.just("iframe")),
        "context": fields(uniqueId=st.just("world"), auxData=fields(frameId=FRAME, isDefault=st.just(True))),
        "executionContextUniqueId": some(st.just("world")),
    },
)
METHODS = st.sampled_from(
    [
        *(ATTACHED, DETACHED, CREATED, DESTROYED, "Runtime.executionContextsCleared"),
        *("Inspector.targetCrashed", "Inspector.targetReloadedAfterCrash", "Page.javascriptDialogOpening"),
    ]
)
EVENTS = st.builds(CdpEvent, METHODS, PARAMS, SESSION | st.none()) | st.builds(attached, FRAME, SESSION, SESSION)


@given(st.lists(EVENTS, max_size=12))
@example([attached("F", "1", "0"), attached("F", "2", "1")])
@example(
    [
        attached("F", "0", "0"),
        CdpEvent(ATTACHED, {"targetInfo": {"type": "iframe", "targetId": []}, "sessionId": "1"}, "0"),
    ]
)
@example([attached("F", "1", "0"), attached("G", "2", "1"), CdpEvent(DETACHED, {"sessionId": "1"}, "0")])
@example([CdpEvent(CREATED, {}, "0"), CdpEvent(ATTACHED, {}, "0"), CdpEvent(DETACHED, {"sessionId": []}, "0")])
def test_whatever_happens_there_is_a_way_up_from_every_frame(events: list[CdpEvent]) -> None:
    async def play() -> None:
        pages = FlowPages()
        async with trio.open_nursery() as nursery:
            pages.open(OnePage(), nursery)
            page = (await pages.place(MAIN, ())).page
            for event in events:
                pages.happened(event)
            closed = any(event.method == DETACHED and event.params.get("sessionId") == PAGE_SESSION for event in events)
            if closed:
                with pytest.raises(NotThere):
                    await pages.place(MAIN, ())
            page.crashed = page.dialog_open = False
            for frame in FRAMES:
                with suppress(NotThere):
                    place = await pages.place(frame, ())
                    assert (place.page, closed) == (page, False)
                    try:
                        x, y = await pages.offset(place)
                    except NotThere as error:
                        raise AssertionError("there is a frame, and no page that it is in") from error
                    assert 1 <= x == y <= len(FRAMES)

    trio.run(play)


async def test_frames_go_with_the_frame_that_they_are_in() -> None:
    pages = FlowPages()
    async with trio.open_nursery() as nursery:
        pages.open(OnePage(), nursery)
        await pages.place(MAIN, ())
        for event in (attached("F", "1", "0"), attached("G", "2", "1"), attached("H", "3", "0")):
            pages.happened(event)
        assert [await pages.offset(await pages.place(frame, ())) for frame in FRAMES] == [(1, 1), (2, 2), (1, 1)]
        pages.happened(CdpEvent(DETACHED, {"sessionId": "1"}, "0"))
        for gone in "FG":
            with pytest.raises(NotThere):
                await pages.place(gone, ())
        assert await pages.offset(await pages.place("H", ())) == (1, 1)


async def test_a_frame_that_crashes_leaves_its_page_alone() -> None:
    pages = FlowPages()
    async with trio.open_nursery() as nursery:
        pages.open(OnePage(), nursery)
        page = (await pages.place(MAIN, ())).page
        pages.happened(attached("F", "1", "0"))
        pages.happened(CdpEvent("Inspector.targetCrashed", {}, "1"))
        assert not page.crashed
        pages.happened(CdpEvent("Inspector.targetCrashed", {}, "0"))
        pages.happened(CdpEvent("Inspector.targetReloadedAfterCrash", {}, "1"))
        assert page.crashed


async def test_worlds_go_with_their_frames() -> None:
    pages = FlowPages()
    async with trio.open_nursery() as nursery:
        pages.open(OnePage(), nursery)
        await pages.place(MAIN, ())
        pages.happened(attached("F", "1", "0"))
        context = {"uniqueId": "world", "auxData": {"isDefault": True, "frameId": "any"}}
        pages.happened(CdpEvent(CREATED, {"context": context}, "1"))
        place = await pages.place("F", ())
        assert pages.world_of_page(place) == "world"
        pages.happened(CdpEvent(DETACHED, {"sessionId": "1"}, "0"))
        with pytest.raises(NotThere):
            pages.world_of_page(place)
