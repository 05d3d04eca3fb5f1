"""What the agent gate adds to a round trip of CDP, beside a bare pass-through, on one page of one real browser.

The three connections take turns: straight to the browser, through the pass-through, through the gate.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import attrs

from benchmarks import processes
from benchmarks.candidates import OURS
from benchmarks.clipboard_page import cdp_address
from benchmarks.pilothouse_server import PilothouseServer
from benchmarks.sizes import Sizes
from benchmarks.websocket_client import TEXT, WebSocketClient

BARE, DIRECT = "pass-through", "straight"
LARGE = {"1 MB": 1_000_000, "10 MB": 10_000_000}

_ANYTHING_AT_ONCE = "Page.getFrameTree"


@attrs.frozen
class GateTimes:
    """In seconds.

    Attributes:
        added: to one `Runtime.evaluate`, by proxy; medians.
        large: a whole round trip, by the size of the answer and then by proxy; medians.
        until_held: from `take-control` sent to the first command sent that is held.
        until_out: from `cede-control` sent to the answer of the first command that was held.
    """

    added: dict[str, float]
    large: dict[str, dict[str, float]]
    until_held: Sequence[float]
    until_out: Sequence[float]


class Agent:
    """A client of CDP, attached to the browser's only page."""

    def __init__(self, websocket: WebSocketClient) -> None:
        self._websocket = websocket
        self._numbers = count(1)
        self._session: str | None = None
        [page] = [info for info in self.ask("Target.getTargets")["targetInfos"] if info["type"] == "page"]
        self._session = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]

    def ask(self, method: str, **params: object) -> Any:
        """A command's result."""
        number = self.send(method, **params)
        return self.answer(number)["result"]

    def send(self, method: str, **params: object) -> int:
        """Send a command; its number."""
        number = next(self._numbers)
        command = {"id": number, "method": method, "params": params}
        if self._session is not None:
            command["sessionId"] = self._session
        self._websocket.send(json.dumps(command).encode(), TEXT)
        return number

    def answer(self, *numbers: int) -> Any:
        """The next answer to one of these commands."""
        while True:
            message = json.loads(self._websocket.receive())
            if message.get("id") in numbers:
                return message

    def time_evaluate(self, expression: str = "1") -> float:
        """Seconds for one round trip; what is measured is not the parsing of the answer."""
        begun = time.perf_counter()
        self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        while b'{"id":' not in self._websocket.receive()[:6]:
            pass
        return time.perf_counter() - begun

    def is_held(self) -> tuple[bool, int]:
        """Whether a command is kept back at this moment, and its number: what passes would come behind its answer."""
        held, passing = self.send("Runtime.evaluate", expression="1"), self.send(_ANYTHING_AT_ONCE)
        first = self.answer(held, passing)["id"]
        if first == held:
            self.answer(passing)
        return first == passing, held


def gate_times(sizes: Sizes) -> GateTimes:
    """All on one session of a server of its own."""
    with tempfile.TemporaryDirectory() as directory, PilothouseServer.running(directory) as server:
        session_id = server.create_session({})
        with _connected(directory, server, session_id) as agents:
            small: dict[str, list[float]] = defaultdict(list)
            for _ in range(sizes.gate_turns):
                for name, agent in agents.items():
                    agent.time_evaluate()
                    small[name] += [agent.time_evaluate() for _ in range(sizes.gate_commands)]
            large: dict[str, dict[str, list[float]]] = {size: defaultdict(list) for size in LARGE}
            for _ in range(sizes.gate_large):
                for size, characters in LARGE.items():
                    for name, agent in agents.items():
                        large[size][name].append(agent.time_evaluate(f"'x'.repeat({characters})"))
            moves = [_take_over(server, session_id, agents[OURS]) for _ in range(sizes.gate_moves)]
    medians = {name: statistics.median(values) for name, values in small.items()}
    return GateTimes(
        {name: medians[name] - medians[DIRECT] for name in (OURS, BARE)},
        {size: {name: statistics.median(of[name]) for name in (OURS, BARE)} for size, of in large.items()},
        *zip(*moves, strict=True),
    )


@contextmanager
def _connected(directory: str, server: PilothouseServer, session_id: str) -> Iterator[dict[str, Agent]]:
    with urlopen(f"{cdp_address(directory, session_id)}/json/version") as response:
        address = json.load(response)["webSocketDebuggerUrl"]
    parts = urlsplit(address)
    with processes.python("-m", "benchmarks.cdp_passthrough", address) as bare:
        yield {
            DIRECT: Agent(WebSocketClient(parts.port or 0, parts.path)),
            BARE: Agent(WebSocketClient(int(processes.first_line(bare)), "/")),
            OURS: Agent(server.gate(session_id)),
        }


def _take_over(server: PilothouseServer, session_id: str, agent: Agent) -> tuple[float, float]:
    """Seconds until a command is held, and until it is out again."""
    frontend = server.stream("messages", session_id, "person")
    begun = time.perf_counter()
    frontend.send(json.dumps({"kind": "take-control"}).encode(), TEXT)
    while True:
        sent = time.perf_counter()
        held, number = agent.is_held()
        if held:
            break
    until_held = sent - begun
    begun = time.perf_counter()
    frontend.send(json.dumps({"kind": "cede-control"}).encode(), TEXT)
    agent.answer(number)
    until_out = time.perf_counter() - begun
    frontend.close()
    return until_held, until_out
