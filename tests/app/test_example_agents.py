"""The agents in the documentation ask for help, a person types what they cannot, and they go on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from at_the_helm import Client, Helm, typing
from eventually import eventually
from rest_client import KEY

from pilothouse.protocol.messages import (
    CedeControl,
    DeclineTakeover,
    MessageId,
    Note,
    TakeoverRequested,
    TakeoverResolved,
)

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"

CHECKOUT = """<title>Checkout</title>
<style>[name=letters] { position: fixed; left: 0; top: 200px; width: 100%; height: 80% }</style>
<form><label>Name <input name=name></label><button>Order</button><input name=letters></form>
<script>
  const field = document.querySelector('[name=letters]')
  document.querySelector('form').onsubmit = event => {
    event.preventDefault()
    const { name, letters } = Object.fromEntries(new FormData(event.target))
    const status = Object.assign(document.createElement('p'), { role: 'status' })
    status.textContent = letters === 'anchor' ? `Ordered for ${name}` : `Wrong letters: ${letters}`
    setTimeout(() => event.target.prepend(status), 50)
  }
</script>"""

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(params=["ask_with_playwright.py", "ask_with_puppeteer.mjs"])
def command(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """How to start an example, without its arguments."""
    example = EXAMPLES / request.param
    if example.suffix == ".py":
        return [sys.executable, str(example)]
    (tmp_path / "node_modules").symlink_to(ROOT / "app" / "frontend" / "node_modules")
    node = shutil.which("node", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert node is not None
    return [node, str(shutil.copy(example, tmp_path))]


@pytest.fixture
def arguments(helm: Helm) -> list[str]:
    gate = f"http://127.0.0.1:{helm.server.port}/api/v1/cdp/{helm.session_id}"
    return [gate, KEY, helm.site.add("/checkout", CHECKOUT)]


async def type_the_letters(helm: Helm, person: Client) -> None:
    await helm.focus_field(person)
    await person.rfb(typing("anchor"))
    await helm.until_text("anchor")


async def test_an_agent_is_helped_and_goes_on(helm: Helm, command: list[str], arguments: list[str]) -> None:
    ended: list[subprocess.CompletedProcess[bytes]] = []

    async def agent() -> None:
        ended.append(await trio.run_process([*command, *arguments], capture_stdout=True, check=False))

    async with helm.client() as person, trio.open_nursery() as nursery:
        nursery.start_soon(agent)
        asked = await person.hear(TakeoverRequested)
        assert (asked.reason, asked.note) == ("captcha", "Please type the letters, no more.")
        await person.take_control()
        await type_the_letters(helm, person)
        await person.say(CedeControl(Note("there you are")))
        [done] = await eventually(lambda: ended, seconds=60)
    assert done.stdout.decode() == "A person helped, and says: there you are\nOrdered for Grace Hopper\n"
    assert done.returncode == 0
    path = f"/browser_sessions/{helm.session_id}/takeover_requests/{asked.request_id}"
    request = await helm.server.api("GET", path)
    assert (request["url_before"], request["url_after"]) == (arguments[-1], arguments[-1])


async def test_an_agent_that_nobody_wants_to_help_says_so(helm: Helm, command: list[str], arguments: list[str]) -> None:
    ended: list[subprocess.CompletedProcess[bytes]] = []

    async def agent() -> None:
        ended.append(await trio.run_process([*command, *arguments], capture_stderr=True, check=False))

    async with helm.client() as person, trio.open_nursery() as nursery:
        nursery.start_soon(agent)
        asked = await person.hear(TakeoverRequested)
        await person.say(DeclineTakeover(MessageId(asked.request_id), Note("no time")))
        assert (await person.hear(TakeoverResolved)).outcome == "declined"
        [done] = await eventually(lambda: ended, seconds=60)
    assert done.returncode == 1
    assert b"Nobody helped: declined. no time" in done.stderr
