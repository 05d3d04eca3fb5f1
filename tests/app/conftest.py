from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from at_the_helm import Helm, open_helm
from fake_sessions import FakeSessions
from quart_trio import QuartTrio
from rest_client import KEY, OTHER_KEY, SETTINGS, RestClient
from trio.testing import MockClock
from whole_server import FORMS, Form, WholeServer, open_whole_server, watched

from pilothouse.channels.destination_guard import DestinationGuard
from pilothouse.channels.registry import open_registry
from pilothouse.channels.verification import Entity, open_verification
from pilothouse.protocol.verdict import Unknown, Verdict
from pilothouse_app.admission import open_credentials
from pilothouse_app.authentication import hash_key
from pilothouse_app.event_log import open_event_log
from pilothouse_app.routes import register_routes
from pilothouse_app.services import EXTENSION, Services
from pilothouse_app.settings import Settings
from pilothouse_app.store import Store, open_store
from pilothouse_app.store.entities import ApiKey, Organization


@pytest.fixture
def database_path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "pilothouse.sqlite3"


@pytest.fixture
async def store(database_path: Path) -> AsyncIterator[Store]:
    async with open_store(database_path, patience_seconds=0.5) as store:
        await store.organizations.add(Organization(organization_id="o_1", name="ours"))
        await store.organizations.add(Organization(organization_id="o_2", name="theirs"))
        yield store


@pytest.fixture
def settings(database_path: Path) -> Settings:
    return attrs.evolve(SETTINGS, data_dir=database_path.parent)


@pytest.fixture
def sessions(store: Store) -> FakeSessions:
    return FakeSessions(store)


@pytest.fixture
async def services(store: Store, sessions: FakeSessions, settings: Settings) -> AsyncIterator[Services]:
    async def verify(entity: Entity) -> Verdict:
        return Unknown()

    async with (
        open_event_log(store.events, timedelta(days=30)) as events,
        open_registry(on_event=events.record) as registry,
        open_verification(verify) as verification,
        open_credentials(store, period=settings.verify_seconds) as credentials,
    ):
        yield Services(
            settings=settings,
            store=store,
            sessions=sessions,
            registry=registry,
            events=events,
            verification=verification,
            credentials=credentials,
            input_policy=settings.group_policy,
            guard=DestinationGuard(),
            instance_id="instance-1",
            version="1.2.3",
        )


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """A built page, small."""
    directory = tmp_path / "static"
    (directory / "assets").mkdir(parents=True)
    (directory / "index.html").write_text("<!doctype html><title>Pilothouse</title>")
    (directory / "assets" / "index-C0ffee.js").write_text("export {};")
    (directory / ".stamp").write_text("hidden")
    (tmp_path / "secret.txt").write_text("outside")
    return directory


@pytest.fixture
def app(services: Services, static: Path) -> QuartTrio:
    app = QuartTrio("pilothouse_app", static_folder=None)
    register_routes(app, static=static)
    app.extensions[EXTENSION] = services
    return app


@pytest.fixture
async def rest(app: QuartTrio, store: Store) -> RestClient:
    """A client with a key of organization o_1; there is another one of o_2."""
    for number, key in ((1, KEY), (2, OTHER_KEY)):
        await store.api_keys.add(
            ApiKey(key_id=f"key_{number}", organization_id=f"o_{number}", name="test", key_hash=hash_key(key))
        )
    return RestClient(app)


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    """Both forms of the server."""
    chosen: Form = request.param
    return chosen


@pytest.fixture
def server_settings(settings: Settings) -> Settings:
    return attrs.evolve(settings, port=0)


@pytest.fixture
async def server(form: Form, server_settings: Settings) -> AsyncIterator[WholeServer]:
    """A server on a real port, watched by the test's end for what it left behind."""
    async with open_whole_server(form, server_settings) as server, watched(server):
        yield server


@pytest.fixture
async def helm(server_settings: Settings) -> AsyncIterator[Helm]:
    """A real browser behind a server."""
    async with open_helm(server_settings) as helm:
        yield helm


@pytest.fixture
def clock() -> MockClock:
    """Goes as clocks do, and can be put forward, so that nobody has to wait for a deadline."""
    return MockClock(rate=1.0)
