"""What is compared: Pilothouse, websockify, and FastAPI in front of websockify, all before the same upstream."""

from __future__ import annotations

import itertools
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import attrs

from benchmarks import processes
from benchmarks.pilothouse_server import PilothouseServer
from benchmarks.viewer import Viewer
from benchmarks.websocket_client import WebSocketClient

OURS, WEBSOCKIFY, FASTAPI = "Pilothouse", "websockify", "FastAPI path"


@attrs.frozen
class Candidate:
    """A proxy that runs.

    Attributes:
        name: as in the tables.
        roots: its processes, without those that they started.
        connect: opens a viewer through it; the first one may type.
    """

    name: str
    roots: list[subprocess.Popen[str]]
    connect: Callable[[], Viewer]

    def pids(self) -> list[int]:
        """All processes that belong to it at this moment."""
        return [pid for root in self.roots for pid in processes.family(root.pid)]


@contextmanager
def all_candidates(cores: processes.Cores) -> Iterator[list[Candidate]]:
    """Each one running on its cores, before one echoing upstream that shares the client's."""
    with (
        processes.staying_on(cores.load),
        processes.python("-m", "benchmarks.echo_upstream") as upstream,
        ExitStack() as running,
    ):
        port = int(processes.first_line(upstream))
        with processes.staying_on(cores.proxies):
            candidates = [running.enter_context(start(port)) for start in (_pilothouse, _websockify, _fastapi)]
        yield candidates


@contextmanager
def _pilothouse(upstream_port: int) -> Iterator[Candidate]:
    """The whole server; the upstream is the VNC server of an attached browser."""
    with tempfile.TemporaryDirectory() as directory, PilothouseServer.running(directory) as server:
        attached = {"provider": "attached", "vnc_address": f"tcp://127.0.0.1:{upstream_port}"}
        session_id = server.create_session(attached)
        client_ids = (f"viewer-{number}" for number in itertools.count())
        first = next(client_ids)
        messages = server.take_control(session_id, first)
        waiting = itertools.chain([first], client_ids)
        yield Candidate(OURS, [server.process], lambda: Viewer(server.stream("vnc", session_id, next(waiting))))
        messages.close()


@contextmanager
def _websockify(upstream_port: int) -> Iterator[Candidate]:
    """websockify as it comes."""
    port = processes.free_port()
    arguments = ("-m", "websockify", f"127.0.0.1:{port}", f"127.0.0.1:{upstream_port}")
    with processes.python(*arguments) as process:
        processes.wait_until_listening(process, port)
        yield Candidate(WEBSOCKIFY, [process], lambda: Viewer(WebSocketClient(port, "/websockify")))


@contextmanager
def _fastapi(upstream_port: int) -> Iterator[Candidate]:
    """FastAPI on uvicorn as they come, in front of a websockify of its own."""
    port, inner_port = processes.free_port(), processes.free_port()
    inner = ("-m", "websockify", f"127.0.0.1:{inner_port}", f"127.0.0.1:{upstream_port}")
    outer = ("-m", "benchmarks.fastapi_passthrough", str(port), f"ws://127.0.0.1:{inner_port}/websockify")
    with processes.python(*inner) as behind, processes.python(*outer) as front:
        processes.wait_until_listening(behind, inner_port)
        processes.wait_until_listening(front, port)
        yield Candidate(FASTAPI, [front, behind], lambda: Viewer(WebSocketClient(port, "/stream")))
