"""Programs that know nothing of Pilothouse come to the same end through its gate, though a person drives in between."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
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

AT_ONCE = 4
"""How many play at the same time: most of them wait."""

TIMEOUT = 240


@attrs.frozen
class Case:
    """A script, and for how many seconds a person drives in the middle of it.

    Attributes:
        script: its name.
        patient: whether neither the script nor the gate have a time-out.
    """

    script: str
    seconds: float
    patient: bool = False

    def __str__(self) -> str:
        return f"{self.script}-{self.seconds:g}s"


PATIENT = [Case(f"fill_a_form{kind}", LONG_HOLD_SECONDS, patient=True) for kind in (".py", ".mjs")]
CASES = [Case(f"{stem}{kind}", 10 if stem == "fill_a_form" else 1) for stem in IN_BETWEEN for kind in (".py", ".mjs")]


@attrs.frozen
class Done:
    """What came of a script: what it says itself, and what the site was sent."""

    said: Any
    sent: list[tuple[str, dict[str, Any]]]


@attrs.frozen
class Performance:
    """What came of it with the browser itself, through the gate, and with a person in between."""

    direct: Done
    through: Done
    held: Done


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


def perform(case: Case, server: Server, site: PracticeSite, folder: Path) -> Performance:
    """Play a case in a browser session of its own."""
    script = SCRIPTS / case.script
    options = {"hold_seconds": 3600} if case.patient else {}
    environment = {"SCRIPT_TIMEOUT_MS": "0"} if case.patient else {}
    session = server.start_session(viewport={"width": 1000, "height": 700})
    try:
        gate = of_gate(server, session, **options)
        return Performance(
            direct=alone(script, of_chromium(server, session), site, folder),
            through=alone(script, gate, site, folder),
            held=interrupted(script, gate, site, folder, server, session, case.seconds, **environment),
        )
    finally:
        server.api.delete(f"/browser_sessions/{session['browser_session_id']}")


@pytest.fixture(scope="module")
def performances(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Case, Future[Performance]]]:
    """Of all cases that are to be tested, several at a time, each at a site of its own."""
    wanted = {item.callspec.params["case"] for item in request.session.items if "performances" in item.fixturenames}
    with ExitStack() as stack:
        sites = [stack.enter_context(practice_site()) for _ in range(AT_ONCE)]
        allowed = ",".join(site.hosts for site in sites)
        server = stack.enter_context(
            serving(tmp_path_factory.mktemp("server"), PILOTHOUSE_NAVIGATION_ALLOWLIST=allowed)
        )
        free: SimpleQueue[PracticeSite] = SimpleQueue()
        for site in sites:
            free.put(site)

        def play(case: Case, folder: Path) -> Performance:
            site = free.get()
            try:
                return perform(case, server, site, folder)
            finally:
                free.put(site)

        pool = ThreadPoolExecutor(AT_ONCE)
        stack.callback(pool.shutdown, cancel_futures=True)
        yield {
            case: pool.submit(play, case, with_files(tmp_path_factory.mktemp("folder")))
            for case in (*PATIENT, *CASES)
            if case in wanted
        }


def with_files(folder: Path) -> Path:
    """Files to upload."""
    (folder / "notes.txt").write_text("Notes, with an ä.\n")
    (folder / "picture.bin").write_bytes(random.Random(5).randbytes(200_000))
    return folder


@pytest.mark.timeout(TIMEOUT)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_script_ends_as_it_would_without_us_and_without_anybody(
    case: Case, performances: dict[Case, Future[Performance]]
) -> None:
    """With the time-outs that its library has by itself."""
    performance = performances[case].result()
    assert performance.through == performance.direct
    assert performance.held == performance.direct


@pytest.mark.timeout(TIMEOUT)
@pytest.mark.parametrize("case", PATIENT, ids=str)
def test_a_script_without_time_outs_waits_as_long_as_it_takes(
    case: Case, performances: dict[Case, Future[Performance]]
) -> None:
    performance = performances[case].result()
    assert performance.through == performance.held == performance.direct
