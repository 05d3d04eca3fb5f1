"""The clipboard of a real browser session: by hand through Pilothouse, beside Playwright doing the same.

The ways take turns on one page of one session, so that what else the machine does hits all alike.
"""

from __future__ import annotations

import math
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

import attrs

from benchmarks.candidates import OURS
from benchmarks.clipboard_page import RemotePage, cdp_address, open_remote_page, wait_until
from benchmarks.clipboard_ways import Hands, Keyboard, Way, kept_connected, started_anew
from benchmarks.pilothouse_server import PilothouseServer
from benchmarks.sizes import Sizes
from benchmarks.viewer import Viewer

ANEW, KEPT = "started anew", "kept open"
KEYS = 100

COPIED, TYPED, LEFT_ALONE = "Ctrl+C first", "without", "left alone"
"""Keys behind a Ctrl+C; without one; behind one of a client without a frontend, whose Ctrl+C only Chromium sees."""

_HANDS, _BARE = "hands", "bare"
_TEXT = "twenty characters, ☸"
_MILLISECONDS = 1e3


@attrs.frozen
class Times:
    """Of one operation in one way, in milliseconds."""

    median: float
    p95: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Times:
        """The p95 is one of them, by nearest rank."""
        ranked = sorted(seconds)
        p95 = ranked[math.ceil(0.95 * len(ranked)) - 1]
        return cls(statistics.median(ranked) * _MILLISECONDS, p95 * _MILLISECONDS)


@attrs.frozen
class ClipboardTimes:
    """What was measured.

    Attributes:
        operations: by the operation's name, then by the way's.
        keys: until the last of many keys is in the page, by what comes before them.
    """

    operations: dict[str, dict[str, Times]]
    keys: dict[str, Times]


def clipboard_times(sizes: Sizes) -> ClipboardTimes:
    """All on one session of a server of its own."""
    with _open_stage() as stage:
        return ClipboardTimes(_operations(stage, sizes), _keys(stage, sizes))


@attrs.frozen
class _Stage:
    """A session whose page has the focus.

    Attributes:
        hands: a client with a frontend.
        bare: the keyboard of a client without.
        give_control: to the client of one or the other.
    """

    cdp_address: str
    page: RemotePage
    hands: Hands
    bare: Keyboard
    give_control: Callable[[str], None]


@contextmanager
def _open_stage() -> Iterator[_Stage]:
    with tempfile.TemporaryDirectory() as directory, PilothouseServer.running(directory) as server:
        session_id = server.create_session({})
        viewers = [Viewer(server.stream("vnc", session_id, client_id)) for client_id in (_HANDS, _BARE)]
        frontend = server.take_control(session_id, _HANDS)
        address = cdp_address(directory, session_id)
        page = open_remote_page(address)
        keyboard, bare = (Keyboard(viewer, page) for viewer in viewers)

        def focused() -> bool:
            keyboard.click_into_the_page()
            return page.has_focus()

        wait_until(focused)
        yield _Stage(address, page, Hands(keyboard, frontend), bare, partial(server.give_control, session_id))


def _operations(stage: _Stage, sizes: Sizes) -> dict[str, dict[str, Times]]:
    page = stage.page
    ways: dict[str, tuple[str, Callable[[], AbstractContextManager[Way]]]] = {
        OURS: (_HANDS, lambda: nullcontext(stage.hands)),
        ANEW: (_BARE, lambda: started_anew(stage.bare, stage.cdp_address)),
        KEPT: (_BARE, lambda: kept_connected(stage.bare, stage.cdp_address)),
    }
    seconds: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in _OPERATIONS}
    for _ in range(sizes.clipboard_turns):
        for way_name, (client_id, begin) in ways.items():
            stage.give_control(client_id)
            with begin() as way:
                if way_name != ANEW:
                    _warm_up(way, page)
                for name, measure in _OPERATIONS.items():
                    seconds[name][way_name] += [measure(way, page) for _ in range(sizes.clipboard_operations)]
    return {name: {way: Times.of(values) for way, values in by_way.items()} for name, by_way in seconds.items()}


def _warm_up(way: Way, page: RemotePage) -> None:
    """What stays connected is slower the first time."""
    for measure in _OPERATIONS.values():
        measure(way, page)


def _paste(way: Way, page: RemotePage) -> float:
    page.set_text("")
    seconds = way.paste(_TEXT)
    assert page.text() == _TEXT
    return seconds


def _copy(way: Way, page: RemotePage) -> float:
    page.set_text(_TEXT)
    taken = way.copy()
    assert taken.text == _TEXT
    return taken.seconds


def _url(way: Way, page: RemotePage) -> float:
    taken = way.url()
    assert taken.text == page.evaluate("location.href")
    return taken.seconds


_OPERATIONS = {f"paste of {len(_TEXT)} characters": _paste, "copy": _copy, "get-browser-url": _url}


def _keys(stage: _Stage, sizes: Sizes) -> dict[str, Times]:
    """In turns. The field is read-only, so that there is always something to copy."""
    stage.page.evaluate("field.readOnly = true")
    ways = {
        COPIED: (_HANDS, stage.hands.keyboard, True),
        TYPED: (_HANDS, stage.hands.keyboard, False),
        LEFT_ALONE: (_BARE, stage.bare, True),
    }
    seconds: dict[str, list[float]] = defaultdict(list)
    for _ in range(sizes.key_bursts):
        for name, (client_id, keyboard, copying) in ways.items():
            stage.give_control(client_id)
            stage.page.set_text(_TEXT)
            seconds[name].append(keyboard.type_keys(KEYS, copying=copying))
            if name == COPIED:
                assert stage.hands.hear("copied-text")["text"] == _TEXT
    return {name: Times.of(values) for name, values in seconds.items()}
