"""Putting the server together: its services, and the ASGI application in front of them."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast

import trio
from quart_trio import QuartTrio

from pilothouse import __version__
from pilothouse.browsers.leftovers import reap_leftovers
from pilothouse.browsers.local import LocalBrowsers
from pilothouse.browsers.provider import BrowserProvider
from pilothouse.channels.destination_guard import DestinationGuard
from pilothouse.channels.registry import open_registry
from pilothouse.channels.session_events import SessionEvent
from pilothouse.channels.verification import Entity, Verify, open_verification
from pilothouse.channels.watches import VerificationUnavailable
from pilothouse.protocol.rfb.input_policy import InputPolicy
from pilothouse.protocol.verdict import Unknown, Verdict, judge_runnable, judge_session
from pilothouse_app.admission import open_credentials
from pilothouse_app.asgi_streams import StreamConnection
from pilothouse_app.event_lines import EventLines, open_event_lines
from pilothouse_app.event_log import EventLog, open_event_log
from pilothouse_app.routes import register_routes
from pilothouse_app.services import EXTENSION, Services
from pilothouse_app.sessions import open_sessions
from pilothouse_app.settings import Settings
from pilothouse_app.store import Store, StoreError, open_store
from pilothouse_app.store.entities import BrowserSession, EntityKind, utc_now


@asynccontextmanager
async def open_services(
    settings: Settings, browsers: BrowserProvider | None = None, input_policy: InputPolicy | None = None
) -> AsyncIterator[Services]:
    """Everything that stands behind the routes; leaving the context ends it all.

    Args:
        settings: of the server.
        browsers: starts local browsers; by default Chromium in Xvnc on this machine.
        input_policy: what whoever holds control may do; by default what the settings say.

    Raises:
        StoreError: the store cannot be opened.
    """
    if browsers is None:
        browsers = LocalBrowsers()
        await reap_leftovers()
    guard = DestinationGuard(settings.navigation_allowlist)
    async with (
        open_store(settings.database_path) as store,
        open_event_log(store.events, timedelta(days=settings.event_retention_days)) as events,
        open_event_lines() as lines,
        open_registry(
            max_viewers=settings.max_viewers, lease_rules=settings.lease_rules, on_event=_recorder(events, lines)
        ) as registry,
        open_verification(verifier(store), period=settings.verify_seconds) as verification,
        open_credentials(store, period=settings.verify_seconds) as credentials,
        open_sessions(
            store, registry, verification, credentials, browsers, guard, settings.max_devtools_mib * 2**20
        ) as sessions,
    ):
        store.on_change(verification.notify)
        store.on_revocation(credentials.revoked)
        yield Services(
            settings=settings,
            store=store,
            sessions=sessions,
            registry=registry,
            events=events,
            verification=verification,
            credentials=credentials,
            input_policy=input_policy or settings.group_policy,
            guard=guard,
            instance_id=secrets.token_hex(8),
            version=__version__,
        )


def _recorder(events: EventLog, lines: EventLines) -> Callable[[SessionEvent], None]:
    """Has events written into the trail and into the log."""

    def record(event: SessionEvent) -> None:
        events.record(event)
        lines.add(event)

    return record


def verifier(store: Store) -> Verify:
    """The verifier of our own entities."""

    async def verify(entity: Entity) -> Verdict:
        try:
            looked = await store.look_up(cast(EntityKind, entity.kind), entity.id, entity.organization_id)
        except StoreError as error:
            raise VerificationUnavailable(str(error)) from error
        if looked is None:
            return Unknown()
        session = looked.browser_session
        verdict = judge_session(session.browser_session_id, session, utc_now()) if session else None
        if isinstance(looked.entity, BrowserSession):
            assert verdict is not None  # noqa: S101 (a session's session is itself)
            return verdict
        return judge_runnable(looked.entity, verdict)

    return verify


def bare_app() -> QuartTrio:
    """The ASGI application without services; put them under `app.extensions[EXTENSION]` before it serves."""
    app = QuartTrio("pilothouse_app", static_folder=None)
    app.asgi_websocket_class = StreamConnection  # type: ignore[assignment]  # Quart only constructs and calls it
    register_routes(app)
    return app


def create_app(
    settings: Settings, browsers: BrowserProvider | None = None, input_policy: InputPolicy | None = None
) -> QuartTrio:
    """The whole server as one ASGI application, for those who run an ASGI server of their own.

    Its services live from the lifespan's startup to its shutdown. `pilothouse serve` is faster: it serves the streams
    past the ASGI server.

    Args:
        settings: of the server.
        browsers: see `open_services`.
        input_policy: see `open_services`.
    """
    app = bare_app()
    stop, stopped = trio.Event(), trio.Event()

    async def hold(*, task_status: trio.TaskStatus[None]) -> None:
        async with open_services(settings, browsers, input_policy) as services:
            app.extensions[EXTENSION] = services
            task_status.started()
            await stop.wait()
        stopped.set()

    @app.before_serving
    async def start_services() -> None:
        await app.nursery.start(hold)

    @app.after_serving
    async def stop_services() -> None:
        stop.set()
        await stopped.wait()

    return app
