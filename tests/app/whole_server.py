"""The whole server on a real port, in each of its two forms, and what a client does with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

import attrs
import httpx
import trio
from eventually import eventually
from footprint import Footprint
from hypercorn.config import Config
from hypercorn.trio import serve
from raw_client import HOST, PLAIN_UPGRADE
from rest_client import KEY, OTHER_KEY
from stream_viewer import RfbViewer

from news_of_control import NewsOfControl
from pilothouse.browsers.provider import BrowserProvider
from pilothouse.protocol.messages import FromFrontend, ToFrontend, decode_from_server, encode
from pilothouse.testing.fake_browsers import FakeBrowsers
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer, VncScript
from pilothouse.testing.websocket_client import WebSocketClient, open_websocket_client
from pilothouse_app.authentication import hash_key
from pilothouse_app.factory import create_app
from pilothouse_app.server import running_server
from pilothouse_app.services import Services, services_of
from pilothouse_app.settings import Settings
from pilothouse_app.store.entities import ApiKey, Organization

Form = Literal["serve", "asgi"]
FORMS: tuple[Form, ...] = ("serve", "asgi")
"""`pilothouse serve`; and the ASGI application under somebody's Hypercorn."""

COLLEAGUES_KEY = "ph_" + "c" * 43
"""Another key of the organization of KEY; OTHER_KEY is another organization's."""


class Frontend:
    """A frontend's end of a message channel."""

    def __init__(self, client: WebSocketClient) -> None:
        self.client = client
        self._news = NewsOfControl()

    async def say(self, message: FromFrontend) -> None:
        await self.client.send(encode(message))

    async def hear(self) -> ToFrontend:
        """The next message, without who is there, and without those that tell nothing else that is new."""
        while True:
            message = self._news.heard(await self.hear_all())
            if message is not None:
                return message

    async def hear_all(self) -> ToFrontend:
        with trio.fail_after(60):  # by a clock that a test may have put forward
            return decode_from_server(await self.client.receive())

    async def ask(self, message: FromFrontend) -> ToFrontend:
        """Say something, and hear the answer."""
        await self.say(message)
        return await self.hear()


@attrs.define
class WholeServer:
    """A server with one organization's key, a colleague's, and another organization's."""

    services: Services
    browsers: BrowserProvider
    port: int
    http: httpx.AsyncClient

    async def api(self, method: str, path: str, body: Any = None, *, key: str = KEY) -> Any:
        """Ask the REST API; the JSON of its answer."""
        answer = await self.http.request(method, f"/api/v1{path}", json=body, headers={"x-api-key": key})
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def order(self, **body: Any) -> str:
        """Order a session; its id."""
        session_id: str = (await self.api("POST", "/browser_sessions", body))["browser_session_id"]
        return session_id

    async def attach(self, vnc: ScriptedVncServer, **body: Any) -> str:
        """A running session whose VNC server is this one; its id."""
        session_id = await self.order(provider="attached", vnc_address=vnc.address, **body)
        await self.session_when(session_id, "running")
        # The look whether the VNC server lets us in was a connection, too.
        await (await vnc.connection()).gone()
        vnc.connections.clear()
        return session_id

    async def owner_of(self, session_id: str, kind: str) -> str:
        """The id of a new task or run that owns the session; for a browser session its own."""
        if kind == "browser_session":
            return session_id
        owner: str = (await self.api("POST", f"/{kind}s", {"browser_session_id": session_id}))[f"{kind}_id"]
        return owner

    async def session_when(self, session_id: str, status: str) -> Any:
        """The session, as soon as it has this status."""

        async def look() -> Any:
            session = await self.api("GET", f"/browser_sessions/{session_id}")
            return session if session["status"] == status else None

        return await eventually(look)

    async def token(self, session_id: str, scope: str = "control", **body: Any) -> Any:
        """A new stream token of the session, as the API shows it."""
        return await self.api("POST", f"/browser_sessions/{session_id}/stream_tokens", {"scope": scope, **body})

    async def end(self, session_id: str) -> None:
        await self.api("DELETE", f"/browser_sessions/{session_id}")

    def stream(
        self,
        path: str,
        *,
        key: str | None = KEY,
        headers: Mapping[str, str] | None = None,
        subprotocols: Sequence[str] = (),
        **query: str,
    ) -> AbstractAsyncContextManager[WebSocketClient]:
        """Open a WebSocket under `/api/v1/stream/`."""
        credential = {} if key is None else {"apikey": key}
        resource = f"/api/v1/stream/{path}?{urlencode({**query, **credential})}"
        return open_websocket_client(HOST, self.port, resource, headers=headers, subprotocols=subprotocols)

    @asynccontextmanager
    async def viewer(
        self, entity_id: str, *, kind: str = "browser_session", client_id: str = "tab-1", key: str = KEY
    ) -> AsyncIterator[RfbViewer]:
        """A VNC channel, before the handshake."""
        async with self.stream(f"vnc/{kind}/{entity_id}", client_id=client_id, key=key) as client:
            yield RfbViewer(client)

    @asynccontextmanager
    async def frontend(
        self, entity_id: str, *, kind: str = "browser_session", client_id: str = "tab-1", key: str = KEY
    ) -> AsyncIterator[Frontend]:
        """A message channel."""
        async with self.stream(f"messages/{kind}/{entity_id}", client_id=client_id, key=key) as client:
            yield Frontend(client)

    async def refusal(self, path: str, headers: Mapping[str, str]) -> httpx.Response:
        """The HTTP answer to an upgrade request that is not granted."""
        raw = [(name.encode(), value.encode("latin-1")) for name, value in {**PLAIN_UPGRADE, **headers}.items()]
        return await self.http.get(path, headers=raw)

    async def check_that_it_goes_on(self) -> None:
        """A fresh viewer of a fresh session sees its pixels."""
        async with ScriptedVncServer(VncScript(pixels=b"fresh pixels")) as vnc:
            session_id = await self.attach(vnc)
            async with self.viewer(session_id) as viewer:
                await viewer.shake_hands()
                assert await viewer.exactly(12) == b"fresh pixels"
            await self.end(session_id)

    async def end_everything(self) -> None:
        """End all sessions of the organization that are not over."""
        for session in await self.api("GET", "/browser_sessions?limit=100"):
            await self.end(session["browser_session_id"])


async def ending_of(client: WebSocketClient) -> tuple[int | None, str]:
    """The close code and reason, once the server has closed."""
    with trio.fail_after(60):
        while True:
            try:
                await client.receive()
            except trio.EndOfChannel:
                return client.close_code, client.close_reason


@asynccontextmanager
async def open_whole_server(
    form: Form, settings: Settings, browsers: BrowserProvider | None = None
) -> AsyncIterator[WholeServer]:
    """Serve while the context lasts."""
    browsers = browsers or FakeBrowsers()
    async with AsyncExitStack() as stack:
        opener = _open_asgi if form == "asgi" else _open_serve
        services, port = await stack.enter_async_context(opener(settings, browsers))
        await _introduce(services)
        # No connection is kept, so that none is counted among what a test left behind.
        transport = httpx.AsyncHTTPTransport(verify=False, limits=httpx.Limits(max_keepalive_connections=0))
        http = httpx.AsyncClient(base_url=f"http://{HOST}:{port}", transport=transport, timeout=None)
        yield WholeServer(services, browsers, port, await stack.enter_async_context(http))


@asynccontextmanager
async def watched(server: WholeServer) -> AsyncIterator[WholeServer]:
    """Whatever happened in the context: the server goes on, and nothing of it stays."""
    assert isinstance(server.browsers, FakeBrowsers)
    before = Footprint.now()
    yield server
    await server.check_that_it_goes_on()
    await server.end_everything()
    services = server.services
    await eventually(lambda: not any(map(len, (services.registry, services.verification, services.credentials))))
    assert server.browsers.started == server.browsers.stopped
    await before.fits_again()


@asynccontextmanager
async def _open_serve(settings: Settings, browsers: BrowserProvider) -> AsyncIterator[tuple[Services, int]]:
    async with running_server(settings, browsers) as (services, url):
        yield services, urlsplit(url).port or 0


@asynccontextmanager
async def _open_asgi(settings: Settings, browsers: BrowserProvider) -> AsyncIterator[tuple[Services, int]]:
    app, stop = create_app(settings, browsers), trio.Event()
    config = Config()
    config.bind = [f"{HOST}:0"]
    async with trio.open_nursery() as nursery:

        async def serving(*, task_status: trio.TaskStatus[list[str]]) -> None:
            await serve(app, config, shutdown_trigger=stop.wait, task_status=task_status)

        [url] = await nursery.start(serving)
        yield services_of(app), urlsplit(url).port or 0
        stop.set()


async def _introduce(services: Services) -> None:
    store = services.store
    for organization_id in ("o_1", "o_2"):
        if await store.organizations.get(organization_id) is None:
            await store.organizations.add(Organization(organization_id=organization_id, name=organization_id))
    for organization_id, key in (("o_1", KEY), ("o_1", COLLEAGUES_KEY), ("o_2", OTHER_KEY)):
        if await store.api_keys.by_hash(hash_key(key)) is None:
            await store.api_keys.add(
                ApiKey(key_id=f"key_{key[3]}", organization_id=organization_id, name="", key_hash=hash_key(key))
            )
