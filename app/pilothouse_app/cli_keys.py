"""API keys for the first start, and on the command line: `pilothouse key …`.

The commands work on the database itself, whether or not a server is running on it.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from functools import partial

import click
import trio

from pilothouse_app.authentication import hash_key
from pilothouse_app.ids import API_KEY_ID, new_api_key, new_id
from pilothouse_app.settings import Settings, SettingsError
from pilothouse_app.store import Store, StoreConflict, StoreError, open_store
from pilothouse_app.store.entities import ApiKey, format_time


async def ensure_default_organization(store: Store, settings: Settings) -> str | None:
    """Make sure that somebody can use this server.

    Returns:
        A new key, to be shown once, when the default organization had none and the settings give none.

    Raises:
        SettingsError: the key in the settings has been revoked.
    """
    organization_id = (await store.organizations.default()).organization_id
    if settings.api_key is not None:
        await _ensure_key(store, organization_id, settings.api_key)
        return None
    if any(key.organization_id == organization_id for key in await store.api_keys.all()):
        return None
    return await _add_key(store, organization_id, "first start")


async def _ensure_key(store: Store, organization_id: str, key: str) -> None:
    known = await store.api_keys.by_hash(hash_key(key))
    if known is None:
        await _add_key(store, organization_id, "PILOTHOUSE_API_KEY", key)
    elif known.revoked_at is not None:
        raise SettingsError(f"PILOTHOUSE_API_KEY is a key that was revoked ({known.key_id})")


async def _add_key(store: Store, organization_id: str, name: str, key: str | None = None) -> str:
    key = key or new_api_key()
    await store.api_keys.add(
        ApiKey(key_id=new_id(API_KEY_ID), organization_id=organization_id, name=name, key_hash=hash_key(key))
    )
    return key


@click.group()
def key() -> None:
    """Make, list and revoke API keys; rotate what signs stream tokens."""


@key.command()
@click.option("--organization", metavar="ID", help="Whose key; by default the default organization's.")
@click.option("--name", default="", help="To tell the keys apart.")
def create(organization: str | None, name: str) -> None:
    """Make a key and print it, this once."""
    _with_store(partial(_create, organization_id=organization, name=name))


@key.command("list")
def list_keys() -> None:
    """Print id, name, organization, when made and when revoked, separated by tabs."""
    _with_store(_list)


@key.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """Refuse a key from now on, and the stream tokens issued with it. What they have opened is closed."""
    _with_store(partial(_revoke, key_id=key_id))


@key.command("rotate-signing")
def rotate_signing() -> None:
    """Sign stream tokens with a new secret from now on.

    Tokens that the previous one has signed stay good; those of the one before it are refused. So a second time
    makes every token useless that is out there.
    """
    _with_store(_rotate_signing)


async def _create(store: Store, *, organization_id: str | None, name: str) -> None:
    if organization_id is None:
        organization_id = (await store.organizations.default()).organization_id
    try:
        new_key = await _add_key(store, organization_id, name)
    except StoreConflict as error:
        raise click.ClickException(f"there is no organization {organization_id}") from error
    click.echo(f"A key of organization {organization_id}. It is shown this once:", err=True)
    click.echo(new_key)


async def _list(store: Store) -> None:
    for each in await store.api_keys.all():
        revoked = format_time(each.revoked_at) if each.revoked_at else "-"
        click.echo("\t".join([each.key_id, each.name, each.organization_id, format_time(each.created_at), revoked]))


async def _revoke(store: Store, *, key_id: str) -> None:
    if not await store.api_keys.revoke(key_id):
        raise click.ClickException(f"there is no key {key_id} that is not revoked yet")
    click.echo(f"Revoked {key_id}.", err=True)


async def _rotate_signing(store: Store) -> None:
    made = await store.signing_keys.rotate()
    click.echo(f"Stream tokens are signed with {made.key_id} from now on.", err=True)


def _with_store(command: Callable[[Store], Awaitable[None]]) -> None:
    async def run() -> None:
        settings = Settings.from_environment(os.environ)
        async with open_store(settings.database_path) as store:
            await command(store)

    try:
        trio.run(run)
    except (SettingsError, StoreError) as error:
        raise click.ClickException(str(error)) from error
