"""The demo: a server with one browser session, an agent at work in it, and the URL of the page that shows it."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

import click
import trio

from pilothouse.channels.errors import ChannelEnded
from pilothouse.protocol.destinations import AllowedDestinations
from pilothouse_app.cli_keys import ensure_default_organization
from pilothouse_app.demo_flow import harbour_task
from pilothouse_app.ids import BROWSER_SESSION, new_id
from pilothouse_app.issuing import issue_token
from pilothouse_app.server import running_server
from pilothouse_app.services import Services
from pilothouse_app.settings import Settings
from pilothouse_app.store.entities import BrowserSession


class BrowserDidNotStart(Exception):
    """The demo's browser failed; the message says why."""


async def demonstrate(settings: Settings) -> None:
    """Run until cancelled.

    Raises:
        BrowserDidNotStart: there is nothing to show.
    """
    async with running_server(settings) as (services, url):
        if settings.api_key is not None:
            await ensure_default_organization(services.store, settings)
        # On the loopback interface, where browsers may not be sent otherwise.
        services.guard.allow(AllowedDestinations.parse([urlsplit(url).netloc]))
        session = await _start_session(services, f"{url}/harbour.html")
        # In the fragment, which browsers send to no server, and so to no log.
        issued = await issue_token(services.store, session, "control", session.timeout_minutes * 60, issued_by=None)
        page = f"{url}/#{urlencode({'session': session.browser_session_id, 'token': issued.token})}"
        click.echo(f"An agent is at work in a browser. Watch it, and take the helm: {page}")
        click.echo("Ctrl+C ends it.", err=True)
        await trio.sleep_forever()


async def _start_session(services: Services, url: str) -> BrowserSession:
    """A session whose browser is there, and has an agent at work in it."""
    organization = await services.store.organizations.default()
    session = BrowserSession(
        browser_session_id=new_id(BROWSER_SESSION),
        organization_id=organization.organization_id,
        provider="local",
        url=url,
    )
    await services.store.browser_sessions.add(session)
    with services.registry.attend(session.browser_session_id) as live:
        await services.sessions.create(session, harbour_task(url))
        try:
            await live.upstream()
        except ChannelEnded as error:
            raise BrowserDidNotStart(error.detail or error.reason) from error
    return session
