"""Programs that know nothing of Pilothouse come to the same end through its gate, though a person drives in between."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from agent_scripts import running
from live_server import API_KEY, Server, serving
from person import person_at
from practice_site import PracticeSite, practice_site

SCRIPTS = Path(__file__).parent / "gate_scripts"

IN_BETWEEN = {
    "fill_a_form": "/details",
    "upload_files": "/upload-many",
    "take_screenshots": "/gallery/long",
    "several_pages": "/second",
    "frames": "/inner",
}
"""Each script, without its ending, and the address during whose loading a person takes control."""

LONG_HOLD_SECONDS = 35.0
"""Longer than the time-outs of the two libraries, and than what the gate takes to be too old, unless told otherwise."""

TIMEOUT = 240


@pytest.fixture(scope="module")
def site() -> Iterator[PracticeSite]:
    with practice_site() as site:
        yield site


@pytest.fixture(scope="module")
def server(site: PracticeSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server"), PILOTHOUSE_NAVIGATION_ALLOWLIST=site.hosts) as server:
        yield server


@pytest.fixture
def session(server: Server) -> Iterator[dict[str, Any]]:
    session = server.start_session(viewport={"width": 1000, "height": 700})
    yield session
    server.api.delete(f"/browser_sessions/{session['browser_session_id']}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files to upload."""
    (tmp_path / "notes.txt").write_text("Notes, with an ä.\n")
    (tmp_path / "picture.bin").write_bytes(random.Random(5).randbytes(200_000))
    return tmp_path


@attrs.frozen
class Done:
    """What came of a script: what it says itself, and what the site was sent."""

    said: Any
    sent: list[tuple[str, dict[str, Any]]]


def of_chromium(server: Server, session: dict[str, Any]) -> str:
    """The address of the browser itself."""
    version = httpx.get(f"{server.cdp_address(session)}/json/version", trust_env=False).json()
    return str(version["webSocketDebuggerUrl"])


def of_gate(server: Server, session: dict[str, Any], **options: Any) -> str:
    """The address of the gate to it."""
    query = "&".join(f"{name}={value}" for name, value in {"apikey": API_KEY, **options}.items())
    return f"ws{server.url.removeprefix('http')}/api/v1/cdp/{session['browser_session_id']}?{query}"


def alone(script: Path, address: str, site: PracticeSite, folder: Path) -> Done:
    site.forget()
    with running(script, address, site.url, str(folder)) as program:
        return Done(program.result(), list(site.sent))


def interrupted(
    script: Path,
    address: str,
    site: PracticeSite,
    folder: Path,
    server: Server,
    session: dict[str, Any],
    seconds: float,
    **environment: str,
) -> Done:
    """A person takes control while the script waits for the site, and has it for so many seconds."""
    site.forget()
    site.hold(IN_BETWEEN[script.stem])
    with (
        person_at(server, session) as person,
        running(script, address, site.url, str(folder), **environment) as program,
    ):
        site.until_asked(seconds=30)
        sent = list(site.sent)
        person.take_control()
        site.let_go()
        program.expect_busy(seconds)
        assert site.sent == sent, "the agent acted while a person had control"
        person.give_back()
        return Done(program.result(), list(site.sent))


@pytest.mark.timeout(TIMEOUT)
@pytest.mark.parametrize("kind", [".py", ".mjs"])
@pytest.mark.parametrize(
    ("stem", "seconds"),
    [("fill_a_form", 10), ("upload_files", 3), ("take_screenshots", 3), ("several_pages", 3), ("frames", 3)],
)
def test_a_script_ends_as_it_would_without_us_and_without_anybody(
    stem: str, kind: str, seconds: float, server: Server, session: dict[str, Any], site: PracticeSite, folder: Path
) -> None:
    """With the time-outs that its library has by itself."""
    script = SCRIPTS / f"{stem}{kind}"
    expected = alone(script, of_chromium(server, session), site, folder)
    assert alone(script, of_gate(server, session), site, folder) == expected
    held = interrupted(script, of_gate(server, session), site, folder, server, session, seconds)
    assert held == expected


@pytest.mark.timeout(TIMEOUT)
@pytest.mark.parametrize("kind", [".py", ".mjs"])
def test_a_script_without_time_outs_waits_as_long_as_it_takes(
    kind: str, server: Server, session: dict[str, Any], site: PracticeSite, folder: Path
) -> None:
    script = SCRIPTS / f"fill_a_form{kind}"
    expected = alone(script, of_chromium(server, session), site, folder)
    gate = of_gate(server, session, hold_seconds=3600)
    held = interrupted(script, gate, site, folder, server, session, LONG_HOLD_SECONDS, SCRIPT_TIMEOUT_MS="0")
    assert held == expected
