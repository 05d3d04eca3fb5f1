from __future__ import annotations

from eventually import eventually
from structlog.testing import capture_logs

from pilothouse.channels.session_events import SessionError
from pilothouse_app.event_lines import MOST_WAITING, open_event_lines


def error(number: int) -> SessionError:
    return SessionError("pbs_1", f"error {number}")


async def test_each_event_is_a_line() -> None:
    with capture_logs() as lines:
        async with open_event_lines() as event_lines:
            event_lines.add(error(1))
            event_lines.add(error(2))
            assert not lines, "not at once"
            await eventually(lambda: len(lines) == 2)
            event_lines.add(error(3))
    assert [(line["event"], line["browser_session"], line["reason"]) for line in lines] == [
        ("session-error", "pbs_1", f"error {number}") for number in (1, 2, 3)
    ]


async def test_of_too_many_events_the_oldest_have_none() -> None:
    with capture_logs() as lines:
        async with open_event_lines() as event_lines:
            for number in range(MOST_WAITING + 1):
                event_lines.add(error(number))
    assert [line["reason"] for line in lines] == [f"error {number}" for number in range(1, MOST_WAITING + 1)]
