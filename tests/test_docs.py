"""The documentation says what is true: commands run, snippets are the files that run, links lead somewhere."""

import os
import re
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from pilothouse.channels.errors import ABNORMAL, CLOSE_CODES
from pilothouse.channels.execution import ExecutionFailed, JavaScriptError
from pilothouse.protocol.messages import FROM_FRONTEND, TO_FRONTEND
from pilothouse.protocol.rfb.decisions import Kind, Reason
from pilothouse.protocol.rfb.viewer_input import ViewerInput
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer
from pilothouse.testing.websocket_client import open_websocket_client

ROOT = Path(__file__).parents[1]
INPUT_POLICY = ROOT / "docs" / "reference" / "input-policy.md"
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]

# Run by this very test run, by tests/e2e/test_demo.py, by tests/test_packaging.py, and by hand.
RUN_ELSEWHERE = re.compile(
    r"python3 noxfile\.py -s (tests|demo|wheel)|pip install \"\$\(ls dist/pilothouse-\*\.whl\)\[app\]\""
)


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


async def until_listening(port: int) -> None:
    while True:
        try:
            await (await trio.open_tcp_stream("127.0.0.1", port)).aclose()
            return
        except OSError:
            await trio.sleep(0.02)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", prose):
        assert (page.parent / target).exists(), target


def test_commands_of_the_readme_are_the_sessions_of_the_noxfile() -> None:
    sessions = set(re.findall(r"^@nox\.session\ndef (\w+)", (ROOT / "noxfile.py").read_text(), re.MULTILINE))
    for page in PAGES:
        assert set(re.findall(r"noxfile\.py -s (\w+)", page.read_text())) <= sessions, page
    assert "python3 noxfile.py -s tests" in (ROOT / ".ci" / "run").read_text()
    for page in (ROOT / "README.md",):
        assert all(RUN_ELSEWHERE.fullmatch(block.strip()) for block in blocks(page, "sh")), page


def test_commands_of_run_a_server_run(tmp_path: Path) -> None:
    port = free_port()
    page = ROOT / "docs" / "how-to" / "run-a-server.md"
    commands = [
        line for block in blocks(page, "sh") for line in block.splitlines() if not RUN_ELSEWHERE.fullmatch(line)
    ]
    script = "\n".join(commands).replace("8000", str(port))
    started = f"""
        pilothouse serve > serve.log 2>&1 &
        trap 'kill $!; wait $!' EXIT
        until curl -sf http://127.0.0.1:{port}/api/v1/health; do kill -0 $!; done
    """
    assert script.count("pilothouse serve\n") == 1
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PILOTHOUSE_PORT": str(port),
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("pilothouse serve\n", started)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr + (tmp_path / "serve.log").read_text()
    assert '"error"' not in done.stdout
    assert "API key (shown once): ph_" in (tmp_path / "serve.log").read_text()


def test_table_of_the_input_policy_is_the_policy() -> None:
    command = [sys.executable, "-c", "import input_policy_table as t; print(t.PAGE.read_text() == t.page_with_table())"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": "docs"}, capture_output=True, text=True)
    assert done.stdout == "True\n", "run: python docs/input_policy_table.py\n" + done.stderr


def test_tables_of_the_agent_gate_are_the_gate() -> None:
    command = [sys.executable, "-c", "import agent_gate_tables as t; print(t.PAGE.read_text() == t.page_with_tables())"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": "docs"}, capture_output=True, text=True)
    assert done.stdout == "True\n", "run: python docs/agent_gate_tables.py\n" + done.stderr


def test_reference_of_the_input_policy_names_every_kind_and_reason() -> None:
    page = INPUT_POLICY.read_text()
    assert set(re.findall(r"^\| `(\w+)` \| [^|]+ \|$", page, re.MULTILINE)) == {reason.value for reason in Reason}
    assert all(f"`{kind.value}`" in page for kind in Kind)


def test_policy_of_ones_own_in_the_docs_decides() -> None:
    (snippet,) = blocks(INPUT_POLICY, "python")
    names: dict[str, Any] = {}
    exec(snippet, names)
    viewer = ViewerInput(names["NoDigits"]())
    keys = [bytes([4, 1, 0, 0, 0, 0, 0, ord(character)]) for character in "a1"]
    assert viewer.receive(b"".join(keys), in_control=True).forward == keys[0]


def test_command_of_the_input_policy_starts_a_server(tmp_path: Path) -> None:
    (command,) = blocks(INPUT_POLICY, "sh")
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PILOTHOUSE_PORT": "0",
    }
    assignments, _, program = command.strip().rpartition(" pilothouse ")
    server = subprocess.Popen(
        ["bash", "-c", f"{assignments} exec pilothouse {program}"], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        assert server.stdout.readline().startswith("Pilothouse serves ")
    finally:
        server.terminate()
        server.communicate(timeout=10)


def test_reference_of_the_streams_names_every_close_code_and_kind() -> None:
    page = (ROOT / "docs" / "reference" / "streams.md").read_text()
    codes = {code for code, _ in CLOSE_CODES.values()} - {ABNORMAL}
    assert {int(code) for code in re.findall(r"^\| (\d{4}) \|", page, re.MULTILINE)} == codes
    before, _, errors = page.partition("\n| code of an `error` |")
    kinds = re.findall(r"^\| `([a-z]+(?:-[a-z]+)*)` \|", before, re.MULTILINE)
    assert sorted(kinds) == sorted([*FROM_FRONTEND, *TO_FRONTEND])
    rows = re.findall(r"^\| (`.*?`) \|", errors.partition("\n\n")[0], re.MULTILINE)
    assert {code for row in rows for code in re.findall(r"`(\w+)`", row)} == _error_codes()


def _error_codes() -> set[str]:
    """What the message channel may say: by name in its code, or as the class of what failed in the browser."""
    engine = ROOT / "engine" / "pilothouse"
    channels = ("message", "control_talk", "live_session", "browser_requests", "clipboard")
    modules = ("protocol/messages.py", *(f"channels/{name}.py" for name in channels))
    code = "".join((engine / module).read_text() for module in modules)
    named = set(re.findall(r'code="(\w+)"|\bError\(.*"(\w+)"\)', code))
    failures = [ExecutionFailed]
    for failure in failures:
        failures += failure.__subclasses__()
    return {one or other for one, other in named} | {failure.code for failure in failures} - {JavaScriptError.code}


def test_embedding_example_is_the_one_in_the_docs() -> None:
    (snippet,) = blocks(ROOT / "docs" / "how-to" / "embed-the-engine.md", "python")
    assert snippet == (ROOT / "docs" / "examples" / "embed.py").read_text()


async def test_embedding_example_runs() -> None:
    port = free_port()
    async with (
        ScriptedVncServer() as vnc,
        trio.open_nursery() as nursery,
    ):
        command = [sys.executable, str(ROOT / "docs" / "examples" / "embed.py"), vnc.address, str(port)]
        nursery.start_soon(trio.run_process, command)
        connected = partial(open_websocket_client, "127.0.0.1", port)
        with trio.fail_after(20):
            await until_listening(port)
            async with connected("/messages?secret=ahoy&client_id=me") as messages:
                assert '"control-changed"' in str(await messages.receive())
                async with connected("/vnc?secret=ahoy&client_id=me") as picture:
                    assert await picture.receive() == b"RFB 003.008\n"
            async with connected("/vnc?secret=wrong&client_id=me") as refused:
                with pytest.raises(trio.EndOfChannel):
                    await refused.receive()
                assert refused.close_code == 4404
        nursery.cancel_scope.cancel()
