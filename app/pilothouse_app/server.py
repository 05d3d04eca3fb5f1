"""A running server: the listener, the services, and the signals that end it."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
import trio

from pilothouse.browsers.provider import BrowserProvider
from pilothouse_app.factory import bare_app, open_services
from pilothouse_app.front import serve
from pilothouse_app.network_names import in_brackets
from pilothouse_app.services import EXTENSION, Services
from pilothouse_app.settings import Settings

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_log = structlog.get_logger(__name__)


class CannotListen(Exception):
    """The address is taken, or is none of this machine. The message is one line for people."""


@asynccontextmanager
async def running_server(
    settings: Settings, browsers: BrowserProvider | None = None
) -> AsyncIterator[tuple[Services, str]]:
    """Serve while the context lasts; yields the services and the server's URL.

    Args:
        settings: of the server.
        browsers: see `open_services`.

    Raises:
        CannotListen: on entering.
        StoreError: on entering; the store cannot be opened.
    """
    listeners = await _listen(settings)
    host, port = listeners[0].socket.getsockname()[:2]
    url = f"http://{in_brackets(host)}:{port}"
    async with AsyncExitStack() as stack:
        for listener in listeners:
            await stack.enter_async_context(listener)
        services = await stack.enter_async_context(open_services(settings, browsers))
        nursery = await stack.enter_async_context(trio.open_nursery())
        app = bare_app()
        app.extensions[EXTENSION] = services
        await nursery.start(serve, app, services, listeners)
        _log.info("listening", url=url)
        yield services, url
        nursery.cancel_scope.cancel()


async def run_until_signal(command: Callable[[], Awaitable[None]]) -> None:
    """Run until the command returns, or Ctrl+C, a termination signal or the terminal's end cancels it."""
    with trio.open_signal_receiver(*_SIGNALS) as received:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_cancel_on_signal, received, nursery.cancel_scope)
            await command()
            nursery.cancel_scope.cancel()


async def _cancel_on_signal(received: AsyncIterator[int], scope: trio.CancelScope) -> None:
    async for number in received:
        _log.info("stopping", signal=signal.Signals(number).name)
        scope.cancel()


async def _listen(settings: Settings) -> list[trio.SocketListener]:
    try:
        return await trio.open_tcp_listeners(settings.port, host=settings.host)
    except OSError as error:
        raise CannotListen(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error
