"""One formatter for structlog and the standard library: JSON for machines, lines for people, never a credential."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from pilothouse_app.ids import new_api_key
from pilothouse_app.logs import configure_logging

KEY = new_api_key()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def logging_left_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_structlog_and_the_standard_library_come_out_alike() -> None:
    stream = io.StringIO()
    configure_logging("info", stream)

    with structlog.contextvars.bound_contextvars(browser_session_id="pbs_1"):
        structlog.get_logger("pilothouse_app.x").info("viewer joined", client_id="a")
    logging.getLogger("pilothouse.channels").warning("slow by %d ms", 7)
    structlog.get_logger("pilothouse_app.x").debug("not shown")

    ours, theirs = lines(stream)
    assert ours.pop("timestamp")
    assert ours == {
        "event": "viewer joined",
        "client_id": "a",
        "browser_session_id": "pbs_1",
        "level": "info",
        "logger": "pilothouse_app.x",
    }
    assert theirs.pop("timestamp")
    assert theirs == {"event": "slow by 7 ms", "level": "warning", "logger": "pilothouse.channels"}


def test_a_terminal_gets_lines_for_people() -> None:
    stream = Terminal()
    configure_logging("info", stream)

    structlog.get_logger("pilothouse_app.x").info("viewer joined", client_id="a")

    assert "viewer joined" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["json", "terminal"])
def test_no_credential_comes_through_by_any_way(stream: io.StringIO) -> None:
    configure_logging("debug", stream, secrets=["correct-horse-battery"])
    ours, theirs = structlog.get_logger("pilothouse_app.x"), logging.getLogger("hypercorn.access")

    ours.info("opened", url=f"/x?apikey={KEY}", headers={"x-api-key": KEY}, authorization=f"Bearer {KEY}")
    ours.info("with %s", KEY)
    theirs.info('"GET %s HTTP/1.1" 101', f"/x?token={KEY}")
    theirs.info("key %s", "correct-horse-battery")
    for logger in (ours, theirs):
        try:
            raise ValueError(f"cannot open ws://h/?apikey={KEY}") from KeyError(KEY)
        except ValueError:
            logger.exception("failed with correct-horse-battery")

    text = stream.getvalue()
    assert KEY not in text
    assert "correct-horse-battery" not in text
    assert text.count("***") >= 10
    assert text.count("ValueError: cannot open ws://h/?apikey=***") == 2
    assert text.count("KeyError: ") == 2
