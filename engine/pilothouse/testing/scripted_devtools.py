"""The DevTools of a browser that plays what it is told, on a real WebSocket."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from http import HTTPStatus
from itertools import count
from types import TracebackType
from typing import Any, Self

import attrs
import trio

from pilothouse.channels.errors import ChannelEnded
from pilothouse.channels.websocket_server import WebSocketServer

_LARGEST_MESSAGE = 64 * 1024 * 1024
_NO_METHOD, _NO_TARGET, _NO_SESSION = -32601, -32602, -32001


class Refusal(Exception):
    """Raised by an answer: the error to answer with."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


Answer = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]
"""From a command's parameters to its result; None does not answer at all. May raise `Refusal`."""


@attrs.define(eq=False)
class DevToolsConnection:
    """One client of a `ScriptedDevTools`.

    Attributes:
        headers: of its upgrade request, by lower-case name.
        commands: what it has sent, in order.
        sessions: its CDP sessions: by name, the id of the page that it is attached to.
        stream: the connection underneath.
    """

    headers: Mapping[str, str]
    stream: trio.SocketStream
    _websocket: WebSocketServer
    commands: list[dict[str, Any]] = attrs.field(factory=list)
    sessions: dict[str, str] = attrs.field(factory=dict)
    follows_pages: bool = False
    _progress: trio.Event = attrs.field(factory=trio.Event)

    async def command(self, method: str) -> dict[str, Any]:
        """The last command of this method, as soon as there is one."""
        while not (sent := [command for command in self.commands if command["method"] == method]):
            await self._progress.wait()
        return sent[-1]

    async def send(self, message: str | bytes | Mapping[str, Any]) -> None:
        """Send a message as it is, or an object as JSON."""
        await self._websocket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def event(self, method: str, params: Mapping[str, Any], session_id: str | None = None) -> None:
        """Send an event."""
        await self.send({"method": method, "params": params} | ({"sessionId": session_id} if session_id else {}))

    def hang_up(self) -> None:
        """Break the connection."""
        self.stream.socket.close()

    async def receive(self) -> dict[str, Any]:
        """The next command."""
        command: dict[str, Any] = json.loads(await self._websocket.receive())
        self.commands.append(command)
        self._progress.set()
        self._progress = trio.Event()
        return command


class ScriptedDevTools:
    """DevTools for tests, listening while its context is open.

    It knows pages, attaches to them and lets them come and go as Chromium does. What else it answers is up to you.

    Args:
        deaf: whether it reads nothing after the handshake.

    Attributes:
        address: `ws://…`.
        pages: the addresses of its pages by target id.
        answers: by method; change it at any time. What is not in it is answered as by a browser without that method.
        connections: all clients so far.
    """

    def __init__(self, *, deaf: bool = False) -> None:
        self.address = ""
        self.pages: dict[str, str] = {"page-0": "about:blank"}
        self.answers: dict[str, Answer] = {
            "Browser.getVersion": lambda _: {"protocolVersion": "1.3", "product": "Scripted/1"},
            "Target.setDiscoverTargets": lambda _: {},
            "Runtime.runIfWaitingForDebugger": lambda _: {},
        }
        self.connections: list[DevToolsConnection] = []
        self._deaf = deaf
        self._numbers = count(1)
        self._connected = trio.Event()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
            self.address = f"ws://127.0.0.1:{listener.socket.getsockname()[1]}/devtools/browser/scripted"
            nursery = await stack.enter_async_context(trio.open_nursery())
            stack.callback(nursery.cancel_scope.cancel)
            nursery.start_soon(trio.serve_listeners, self._serve, [listener])
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._stack.__aexit__(kind, error, trace)

    async def connection(self, index: int = 0) -> DevToolsConnection:
        """The client that came as number `index`, as soon as it is there."""
        while len(self.connections) <= index:
            await self._connected.wait()
        return self.connections[index]

    async def open_page(self, url: str) -> str:
        """A page opens; returns its target id."""
        target_id = f"page-{next(self._numbers)}"
        self.pages[target_id] = url
        for connection in self.connections:
            if connection.follows_pages:
                await self._attach(connection, target_id)
        return target_id

    async def close_page(self, target_id: str) -> None:
        """A page closes."""
        del self.pages[target_id]
        for connection in self.connections:
            for session_id in [name for name, attached in connection.sessions.items() if attached == target_id]:
                del connection.sessions[session_id]
                gone = {"sessionId": session_id, "targetId": target_id}
                await connection.event("Target.detachedFromTarget", gone)

    async def _serve(self, stream: trio.SocketStream) -> None:
        websocket = WebSocketServer(stream, max_message_size=_LARGEST_MESSAGE)
        with suppress(ChannelEnded, trio.BrokenResourceError, trio.ClosedResourceError):
            request = await websocket.read_request()
            if "Origin" in request.headers:
                await websocket.reject(HTTPStatus.FORBIDDEN, "no foreign pages", {})
                return
            await websocket.accept()
            headers = {name.lower(): value for name, value in request.headers.raw_items()}
            connection = DevToolsConnection(headers, stream, websocket)
            self.connections.append(connection)
            self._connected.set()
            self._connected = trio.Event()
            if self._deaf:
                await trio.sleep_forever()
            try:
                while True:
                    await self._answer(connection, await connection.receive())
            finally:
                self.connections.remove(connection)

    async def _answer(self, connection: DevToolsConnection, command: dict[str, Any]) -> None:
        session_id = command.get("sessionId")
        here = {} if session_id is None else {"sessionId": session_id}
        try:
            if session_id is not None and session_id not in connection.sessions:
                here = {}  # Chromium does not name a session that it does not know
                raise Refusal(_NO_SESSION, "Session with given id not found.")
            result = await self._result(connection, command["method"], command.get("params", {}))
        except Refusal as refusal:
            error = {"code": refusal.code, "message": str(refusal)}
            await connection.send({"id": command["id"], "error": error} | here)
            return
        if result is not None:
            await connection.send({"id": command["id"], "result": result} | here)

    async def _result(
        self, connection: DevToolsConnection, method: str, params: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        if method in self.answers:
            return self.answers[method](params)
        match method:
            case "Target.setAutoAttach":
                if not connection.follows_pages:
                    connection.follows_pages = True
                    for target_id in self.pages:
                        await self._attach(connection, target_id)
                return {}
            case "Target.createTarget":
                return {"targetId": await self.open_page(params["url"])}
            case "Target.closeTarget":
                if params["targetId"] not in self.pages:
                    raise Refusal(_NO_TARGET, "No target with given id found")
                await self.close_page(params["targetId"])
                return {"success": True}
        raise Refusal(_NO_METHOD, f"'{method}' wasn't found")

    async def _attach(self, connection: DevToolsConnection, target_id: str) -> None:
        session_id = f"session-{next(self._numbers)}"
        connection.sessions[session_id] = target_id
        info = {"targetId": target_id, "type": "page", "title": "", "url": self.pages[target_id], "attached": True}
        attached = {"sessionId": session_id, "targetInfo": info, "waitingForDebugger": False}
        await connection.event("Target.attachedToTarget", attached)
