"""Records `cdp-exchanges.json` from the Chromium of this machine: `python tests/data/record_cdp_exchanges.py`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import trio
import trio_websocket

from pilothouse.browsers.devtools_http import get_json
from pilothouse.browsers.local import LocalBrowsers
from pilothouse.browsers.provider import BrowserSpec

FILE = Path(__file__).with_name("cdp-exchanges.json")
PAGE = "data:text/html,<title>recorded</title><a href=about:blank>link</a>"


class Recorder:
    """One connection. Numbers its commands from 1 on, as the executor does."""

    def __init__(self, connection: trio_websocket.WebSocketConnection) -> None:
        self.connection = connection
        self.story: list[dict[str, Any]] = []
        self.last_id = 0

    async def send(self, method: str, params: dict[str, Any] | None = None, session_id: str | None = None) -> int:
        self.last_id += 1
        command = {"id": self.last_id, "method": method, "params": params or {}}
        if session_id is not None:
            command["sessionId"] = session_id
        await self.connection.send_message(json.dumps(command))
        self.story.append({"sent": command})
        return self.last_id

    async def ask(self, method: str, params: dict[str, Any] | None = None, session_id: str | None = None) -> Any:
        number = await self.send(method, params, session_id)
        return await self.wait_for(lambda message: message.get("id") == number)

    async def wait_for(self, wanted: Any) -> Any:
        with trio.fail_after(10):
            while True:
                text = await self.connection.get_message()
                self.story.append({"received": text})
                if wanted(message := json.loads(text)):
                    return message


def is_event(method: str) -> Any:
    return lambda message: message.get("method") == method


async def record(recorder: Recorder) -> None:
    await recorder.ask("Browser.getVersion")
    pages = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True, "filter": [{"type": "page"}]}
    await recorder.send("Target.setAutoAttach", pages)
    page = (await recorder.wait_for(is_event("Target.attachedToTarget")))["params"]
    session = page["sessionId"]
    await recorder.ask("Target.getTargets", {"filter": [{"type": "page"}]})
    await recorder.ask("Page.enable", {}, session)
    await recorder.send("Page.navigate", {"url": PAGE}, session)
    await recorder.wait_for(is_event("Page.loadEventFired"))
    for expression in ("document.title", "'half a pair: \\ud83d.'", "'a whole one: 😀'", "throw new Error('no')"):
        await recorder.ask("Runtime.evaluate", {"expression": expression, "returnByValue": True}, session)
    slow = {"expression": "new Promise(resolve => setTimeout(resolve, 50, 'slow'))", "awaitPromise": True}
    await recorder.send("Runtime.evaluate", slow, session)
    await recorder.ask("Runtime.evaluate", {"expression": "'fast'"}, session)
    await recorder.ask("Accessibility.getFullAXTree", {}, session)
    await recorder.ask("No.suchMethod")
    await recorder.ask("Page.navigate", {"url": 1}, session)
    await recorder.ask("Page.navigate", {"url": PAGE})
    await recorder.send("Runtime.evaluate", {"expression": "window.open(); 0", "userGesture": True}, session)
    popup = (await recorder.wait_for(is_event("Target.attachedToTarget")))["params"]
    await recorder.ask("Runtime.runIfWaitingForDebugger", {}, popup["sessionId"])
    await recorder.ask("Target.closeTarget", {"targetId": page["targetInfo"]["targetId"]})
    await recorder.wait_for(is_event("Target.detachedFromTarget"))
    await recorder.ask("Runtime.evaluate", {"expression": "1"}, session)


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ph-") as directory:
        async with LocalBrowsers(Path(directory)).start(BrowserSpec("recorded")) as browser:
            version = await get_json(f"{browser.cdp_address}/json/version", seconds=5)
            async with trio_websocket.open_websocket_url(version["webSocketDebuggerUrl"]) as connection:
                recorder = Recorder(connection)
                await record(recorder)
    document = {"browser": version["Browser"], "exchange": recorder.story}
    FILE.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    trio.run(main)
