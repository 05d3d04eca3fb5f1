"""What the documentation says of flows is what happens: its file is played to the end by the command that it gives."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from pilothouse.protocol.user_flow import STEPS, read_user_flow

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "how-to" / "let-an-agent-play-a-flow.md").read_text()
EXAMPLE = ROOT / "docs" / "examples" / "harbour-flow.json"
KEY = "ph_" + "d" * 43


def _block(language: str) -> str:
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(block)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "PILOTHOUSE_PORT": str(port),
        "PILOTHOUSE_API_KEY": KEY,
        "PILOTHOUSE_DATA_DIR": str(tmp_path),
    }
    server = subprocess.Popen([sys.executable, "-m", "pilothouse_app", "serve"], env=environment)
    try:
        yield port
    finally:
        server.terminate()
        assert server.wait(20) == 0


def test_the_flow_in_the_docs_is_the_example() -> None:
    assert _block("json") == EXAMPLE.read_text()
    assert len(read_user_flow(json.loads(_block("json"))).steps) == 6


def test_the_docs_name_every_type_of_step() -> None:
    table = re.findall(r"^\| (`.*?`) \|", PAGE, re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(table))) == sorted(STEPS)


def test_the_command_of_the_docs_has_the_example_played(port: int) -> None:
    _until(lambda: _listens(port))
    command = f"key={KEY}\n{_block('sh')}".replace("8000", str(port))
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=ROOT, capture_output=True, text=True)
    session = json.loads(done.stdout)
    try:
        events = f"/browser_sessions/{session['browser_session_id']}/events?limit=100"

        def steps() -> list[tuple[int, str, str]]:
            told = [event["data"] for event in _get(port, events) if event["kind"] == "agent-step"]
            assert all(step["status"] != "failed" for step in told), told
            return [(step["number"], step["type"], step["status"]) for step in told]

        _until(lambda: steps()[-1:] == [(6, "waitForExpression", "done")])
        assert [step for step in steps() if step[2] == "started"] == [
            (number, step["type"], "started") for number, step in enumerate(json.loads(EXAMPLE.read_text())["steps"], 1)
        ]
        assert "Ada" not in json.dumps(_get(port, events))
    finally:
        _get(port, f"/browser_sessions/{session['browser_session_id']}", method="DELETE")


def _get(port: int, path: str, *, method: str = "GET") -> Any:
    request = Request(f"http://127.0.0.1:{port}/api/v1{path}", headers={"x-api-key": KEY}, method=method)
    with urlopen(request, timeout=20) as answer:
        body = answer.read()
    return json.loads(body) if body else None


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _until(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
