"""The command line: `pilothouse serve`, `pilothouse demo`, `pilothouse key …`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import attrs
import click
import trio

from pilothouse import __version__
from pilothouse.channels.errors import leaves
from pilothouse_app.cli_keys import ensure_default_organization, key
from pilothouse_app.demo import BrowserDidNotStart, demonstrate
from pilothouse_app.logs import configure_logging
from pilothouse_app.server import CannotListen, run_until_signal, running_server
from pilothouse_app.settings import Settings, SettingsError, variable_of
from pilothouse_app.store import StoreError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pilothouse")
def main() -> None:
    """Watch a remote, agent-driven browser live, take the helm, and hand it back.

    Settings come from PILOTHOUSE_… environment variables.
    """


main.add_command(key)


@main.command()
def serve() -> None:
    """Run the server until Ctrl+C."""
    _run(_settings(), _serve)


@main.command()
def demo() -> None:
    """Run the server with one browser session, and print the URL of the page that shows it."""
    settings = _settings()
    if variable_of(attrs.fields(Settings).log_level) not in os.environ:
        settings = attrs.evolve(settings, log_level="warning")  # so that the URL stays in sight
    with tempfile.TemporaryDirectory(prefix="pilothouse-demo-") as directory:
        _run(attrs.evolve(settings, data_dir=Path(directory)), demonstrate)


async def _serve(settings: Settings) -> None:
    async with running_server(settings) as (services, url):
        new_key = await ensure_default_organization(services.store, settings)
        click.echo(f"Pilothouse serves {url}")
        if new_key is not None:
            click.echo(f"API key (shown once): {new_key}")
        await trio.sleep_forever()


def _settings() -> Settings:
    try:
        return Settings.from_environment(os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def _run(settings: Settings, command: Callable[[Settings], Awaitable[None]]) -> None:
    configure_logging(settings.log_level, sys.stderr, secrets=[settings.api_key] if settings.api_key else [])
    failed: list[Exception] = []
    try:
        trio.run(run_until_signal, partial(command, settings))
    except* (CannotListen, SettingsError, StoreError, BrowserDidNotStart) as group:
        failed = leaves(group)
    if failed:
        raise click.ClickException(str(failed[0]))
