"""What `docs/how-to/ask-a-person-for-help.md` shows is what is there, and runs."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from rest_client import KEY
from whole_server import Form, WholeServer

from pilothouse.protocol.messages import CedeControl, DeclineTakeover, MessageId, Note, TakeControl, TakeoverRequested
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "how-to" / "ask-a-person-for-help.md"


@pytest.fixture
def form() -> Form:
    return "serve"


@pytest.fixture
async def session_id(server: WholeServer) -> AsyncIterator[str]:
    async with ScriptedVncServer() as vnc:
        yield await server.attach(vnc)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


async def run(*command: str, **environment: str) -> str:
    with trio.fail_after(60):
        done = await trio.run_process(command, env=os.environ | environment, capture_stdout=True)
    return done.stdout.decode()


def test_the_longer_snippets_are_the_examples() -> None:
    assert blocks("python")[1:] == [(DOCS / "examples" / "ask_with_playwright.py").read_text()]
    assert blocks("js") == [(DOCS / "examples" / "ask_with_puppeteer.mjs").read_text()]


async def test_the_short_python_snippet_asks(server: WholeServer, session_id: str) -> None:
    snippet = blocks("python")[0].replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
    said: list[str] = []

    async def agent() -> None:
        said.append(await run(sys.executable, "-c", snippet.replace("SESSION", session_id).replace("KEY", KEY)))

    async with server.frontend(session_id) as person, trio.open_nursery() as nursery:
        nursery.start_soon(agent)
        while not isinstance(await person.hear(), TakeoverRequested):
            pass
        await person.say(TakeControl())
        await person.say(CedeControl(Note("done")))
    assert said == ["completed done None\n"]


async def test_the_commands_ask_wait_and_take_back(server: WholeServer, session_id: str) -> None:
    commands = "\necho\n".join(blocks("sh"))
    said: list[str] = []

    async def agent() -> None:
        url = f"http://127.0.0.1:{server.port}"
        bash = ("bash", "-euo", "pipefail", "-c", commands)
        said.append(await run(*bash, server=url, session=session_id, key=KEY))

    async with server.frontend(session_id) as person, trio.open_nursery() as nursery:
        nursery.start_soon(agent)
        while not isinstance(asked := await person.hear(), TakeoverRequested):
            pass
        await person.say(DeclineTakeover(MessageId(asked.request_id), Note("no time")))
    waited, taken_back = map(json.loads, filter(None, said[0].splitlines()))
    assert (waited["outcome"], waited["note"]) == ("declined", "no time")
    assert taken_back == waited, "what is over stays as it is"
