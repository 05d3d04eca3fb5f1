"""A server with one browser, which a test kills. Writes a line when the browser runs."""

from __future__ import annotations

import sys
from pathlib import Path

import trio

from pilothouse.browsers.local import LocalBrowsers
from pilothouse.browsers.provider import BrowserSpec


async def main() -> None:
    async with LocalBrowsers(Path(sys.argv[1])).start(BrowserSpec("pbs_1")):
        print("running", flush=True)
        await trio.sleep_forever()


trio.run(main)
