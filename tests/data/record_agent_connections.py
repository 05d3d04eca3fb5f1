"""Records `agent-connections.jsonl`: what agents' libraries send, from the Chromium of this machine.

PYTHONPATH=tests/channels python tests/data/record_agent_connections.py <folder with node_modules/puppeteer-core>
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import trio
import trio_websocket
from headless_chromium import headless_chromium

FILE = Path(__file__).with_name("agent-connections.jsonl")
PAGE = "data:text/html,<title>recorded</title><a href=about:blank target=_blank rel=opener>link</a><iframe></iframe>"
LARGEST = 2**26
LONGEST = 200

# Each prints a stage's name when it begins, and goes on when it is given a line.
PLAYWRIGHT = """
import sys
from playwright.sync_api import sync_playwright
def stage(name):
    print(name, flush=True)
    sys.stdin.readline()
with sync_playwright() as playwright:
    stage("connect")
    browser = playwright.chromium.connect_over_cdp(sys.argv[1])
    page = next(page for page in browser.contexts[0].pages if page.url.startswith("data:"))
    stage("page opens")
    with browser.contexts[0].expect_page() as opened:
        stage("open")
    opened.value.title()
    stage("act")
    page.bring_to_front()
    page.click("a")
    page.evaluate("1")
    stage("close")
    browser.close()
"""
PUPPETEER = """
import puppeteer from "puppeteer-core"
import { createInterface } from "node:readline"
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const stage = async name => { console.log(name); await lines.next() }
await stage("connect")
const browser = await puppeteer.connect({ browserWSEndpoint: process.argv[2], defaultViewport: null })
const page = (await browser.pages()).find(page => page.url().startsWith("data:"))
await stage("page opens")
const target = new Promise(resolve => browser.once("targetcreated", resolve))
await stage("open")
await (await (await target).page()).title()
await stage("act")
await page.bringToFront()
await page.click("a")
await page.evaluate("1")
await stage("close")
await browser.disconnect()
process.exit(0)
"""


class Recorder:
    """A proxy that writes down the commands, by the stage that the client is in."""

    def __init__(self, browser: str) -> None:
        self.browser = browser
        self.stage = ""
        self.commands: dict[str, list[dict[str, Any]]] = {}

    async def serve(self, request: trio_websocket.WebSocketRequest) -> None:
        client = await request.accept()
        async with (
            trio_websocket.open_websocket_url(self.browser, max_message_size=LARGEST) as browser,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(self.pump, client, browser, True)
            nursery.start_soon(self.pump, browser, client, False)

    async def pump(self, source: Any, sink: Any, record: bool) -> None:
        try:
            while True:
                message = await source.get_message()
                if record:
                    command = json.loads(message)
                    del command["id"]
                    for name, value in command.get("params", {}).items():
                        if isinstance(value, str):
                            command["params"][name] = value[:LONGEST]  # scripts of libraries are long
                    self.commands.setdefault(self.stage, []).append(command)
                await sink.send_message(message)
        except trio_websocket.ConnectionClosed:
            await sink.aclose()


async def open_page(person: trio_websocket.WebSocketConnection) -> None:
    await person.send_message(json.dumps({"id": 1, "method": "Target.createTarget", "params": {"url": PAGE}}))


async def lines(stream: trio.abc.ReceiveStream) -> AsyncIterator[str]:
    said = b""
    async for more in stream:
        *whole, said = (said + more).split(b"\n")
        for line in whole:
            yield line.decode()


async def record(browser: str, command: list[str], cwd: Path) -> dict[str, list[dict[str, Any]]]:
    recorder = Recorder(browser)
    async with trio.open_nursery() as nursery:
        serve = partial(trio_websocket.serve_websocket, recorder.serve, "127.0.0.1", 0, ssl_context=None)
        server = await nursery.start(partial(serve, max_message_size=LARGEST))
        address = f"ws://127.0.0.1:{server.port}/"
        process = await trio.lowlevel.open_process(
            [*command, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=cwd
        )
        assert process.stdin is not None
        assert process.stdout is not None
        async with trio_websocket.open_websocket_url(browser) as person:
            await open_page(person)
            async for stage in lines(process.stdout):
                await trio.sleep(1)  # what a library sends in its own time belongs to the stage before
                recorder.stage = stage
                if recorder.stage == "open":
                    await open_page(person)
                await process.stdin.send_all(b"\n")
        await process.wait()
        nursery.cancel_scope.cancel()
    return recorder.commands


def main(puppeteer: Path) -> None:
    script = puppeteer / "recorded.mjs"
    script.write_text(PUPPETEER)
    libraries = {"playwright": [sys.executable, "-c", PLAYWRIGHT], "puppeteer": ["node", str(script)]}
    lines = []
    for library, command in libraries.items():
        with headless_chromium() as browser:
            for stage, commands in trio.run(record, browser, command, puppeteer).items():
                lines += [json.dumps({"library": library, "stage": stage, "command": sent}) for sent in commands]
    FILE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
