"""`pilothouse key …` and the first start."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner, Result
from store_lock import locked_by_another_process

from pilothouse_app.authentication import Unauthorized, authenticate
from pilothouse_app.cli_keys import ensure_default_organization, key
from pilothouse_app.settings import Settings, SettingsError
from pilothouse_app.store import open_store

OWN_KEY = "correct-horse-battery"


def run(data_dir: Path, *arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(key, arguments, env={"PILOTHOUSE_DATA_DIR": str(data_dir), **environment})


def test_create_prints_the_key_alone_on_stdout(tmp_path: Path) -> None:
    result = run(tmp_path / "new", "create", "--name", "laptop")

    assert result.exit_code == 0
    assert result.stdout.startswith("ph_")
    assert len(result.stdout.splitlines()) == 1
    assert result.stdout.strip() not in result.stderr
    assert "shown this once" in result.stderr


def test_list_shows_everything_but_the_key(tmp_path: Path) -> None:
    created = run(tmp_path, "create", "--name", "laptop").stdout.strip()
    key_id = run(tmp_path, "list").stdout.split("\t")[0]
    run(tmp_path, "create", "--name", "desktop")
    run(tmp_path, "revoke", key_id)

    result = run(tmp_path, "list")

    laptop, desktop = (line.split("\t") for line in result.stdout.splitlines())
    assert laptop[:2] == [key_id, "laptop"]
    assert laptop[2] == desktop[2]
    assert laptop[2].startswith("o_")
    assert laptop[3].endswith("Z")
    assert laptop[4].endswith("Z")
    assert (desktop[1], desktop[4]) == ("desktop", "-")
    assert created not in result.output


def test_what_cannot_be_done_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    run(tmp_path, "create")
    (tmp_path / "file").touch()

    for result, message in [
        (run(tmp_path, "revoke", "key_none"), "Error: there is no key key_none that is not revoked yet\n"),
        (run(tmp_path, "create", "--organization", "o_none"), "Error: there is no organization o_none\n"),
        (
            run(tmp_path, "list", PILOTHOUSE_PORT="x"),
            "Error: PILOTHOUSE_PORT must be a port number from 0 to 65535, not 'x'\n",
        ),
    ]:
        assert (result.exit_code, result.stdout, result.stderr) == (1, "", message)
    unusable = run(tmp_path / "file", "list")
    assert unusable.exit_code == 1
    assert unusable.stderr.startswith("Error: cannot open the database: ")


async def test_keys_are_made_and_revoked_while_a_server_has_the_database_open(tmp_path: Path) -> None:
    environment = {**os.environ, "PILOTHOUSE_DATA_DIR": str(tmp_path)}

    async def run_process(*arguments: str) -> str:
        command = [sys.executable, "-c", "from pilothouse_app.cli_keys import key; key()", *arguments]
        done = await trio.run_process(command, env=environment, capture_stdout=True, capture_stderr=True)
        return done.stdout.decode().strip()

    async with open_store(tmp_path / "pilothouse.sqlite3") as store:
        new_key = await run_process("create")
        credential = await authenticate(store, new_key)
        await run_process("revoke", credential.credential_id)
        with pytest.raises(Unauthorized):
            await authenticate(store, new_key)


async def test_what_signs_tokens_is_rotated(tmp_path: Path) -> None:
    rotated = [await trio.to_thread.run_sync(run, tmp_path, "rotate-signing") for _ in range(3)]

    async with open_store(tmp_path / "pilothouse.sqlite3") as store:
        live = await store.signing_keys.live()
    assert [f"Stream tokens are signed with {key.key_id} from now on.\n" for key in live] == [
        rotated[2].stderr,
        rotated[1].stderr,
    ]
    assert all(result.exit_code == 0 and not result.stdout for result in rotated)
    assert not [key for key in live if key.secret in "".join(result.output for result in rotated)]


async def test_the_first_start_makes_one_key_and_the_next_none(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)

    async with open_store(settings.database_path) as store:
        first = await ensure_default_organization(store, settings)
        credential = await authenticate(store, first)
        assert credential.organization_id == (await store.organizations.default()).organization_id
        assert await ensure_default_organization(store, settings) is None
        await store.api_keys.revoke(credential.credential_id)
        assert await ensure_default_organization(store, settings) is None


async def test_a_key_in_the_settings_is_taken_on_every_start(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, api_key=OWN_KEY)

    async with open_store(settings.database_path) as store:
        for _ in range(2):
            assert await ensure_default_organization(store, settings) is None
        assert len(await store.api_keys.all()) == 1
        credential = await authenticate(store, OWN_KEY)

        await store.api_keys.revoke(credential.credential_id)
        with pytest.raises(SettingsError, match=f"revoked \\({credential.credential_id}\\)") as caught:
            await ensure_default_organization(store, settings)
        assert OWN_KEY not in str(caught.value)


async def test_a_first_start_waits_for_a_short_lock(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    async with open_store(settings.database_path):
        pass

    async def start() -> None:
        async with open_store(settings.database_path, patience_seconds=30) as store:
            assert await ensure_default_organization(store, settings) is not None

    with trio.fail_after(20):
        async with locked_by_another_process(settings.database_path) as lock, trio.open_nursery() as nursery:
            nursery.start_soon(start)
            await trio.testing.wait_all_tasks_blocked()
            await lock.release()
