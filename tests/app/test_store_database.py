"""The seam to SQLite: the file, its locks, its migrations, its errors."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import attrs
import pytest
import sqlite_utils
import trio
from store_lock import locked_by_another_process

from pilothouse_app.store import Store, StoreError, StoreUnavailable, open_store
from pilothouse_app.store.entities import BrowserSession, Organization
from pilothouse_app.store.migrations import MIGRATIONS, STEPS

SESSION = BrowserSession(browser_session_id="pbs_1", organization_id="o_1", provider="local")


async def test_the_file_is_for_this_user_only_and_writes_ahead(store: Store, database_path: Path) -> None:
    await store.browser_sessions.add(SESSION)

    assert stat.S_IMODE(database_path.parent.stat().st_mode) == 0o700
    files = sorted(database_path.parent.iterdir())
    assert [file.name for file in files] == [f"pilothouse.sqlite3{suffix}" for suffix in ("", "-shm", "-wal")]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_a_file_that_others_could_read_is_closed_to_them(database_path: Path) -> None:
    file = trio.Path(database_path)
    await file.parent.mkdir()
    await file.touch(mode=0o644)

    async with open_store(database_path):
        assert stat.S_IMODE((await file.stat()).st_mode) == 0o600


async def test_what_was_stored_is_there_after_a_restart(database_path: Path) -> None:
    seen = set()
    for _ in range(2):
        async with open_store(database_path) as store:
            seen.add((await store.organizations.default()).organization_id)
    assert len(seen) == 1
    assert [file.name for file in database_path.parent.iterdir()] == ["pilothouse.sqlite3"]


@pytest.mark.parametrize("applied", range(len(STEPS) + 1))
async def test_an_older_database_is_brought_up_to_date(tmp_path: Path, applied: int) -> None:
    path = tmp_path / "old.sqlite3"
    with sqlite_utils.Database(path) as old:
        if applied:
            MIGRATIONS.apply(old, stop_before=[step.__name__ for step in STEPS[applied:]])
            old.execute("INSERT INTO organizations VALUES ('o_1', 'kept', '2026-01-01T00:00:00Z')")

    async with open_store(path) as store:
        kept = await store.organizations.default()
        await store.browser_sessions.add(attrs.evolve(SESSION, organization_id=kept.organization_id))

    assert kept.name == ("kept" if applied else "default")


async def test_two_first_starts_at_once_take_turns(database_path: Path) -> None:
    seen = set()

    async def start() -> None:
        async with open_store(database_path) as store:
            seen.add((await store.organizations.default()).organization_id)

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(start)
    assert len(seen) == 1


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(store: Store, database_path: Path) -> None:
    outside = sqlite3.connect(database_path)
    outside.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('pilothouse', 'm999_warp', '')"
    )
    outside.commit()
    outside.close()

    with pytest.raises(StoreError, match=r"newer version of Pilothouse \(m999_warp\)"):
        async with open_store(database_path):
            pass


async def test_files_that_are_no_database_are_named_errors(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("This is not a database. " * 100)
    (tmp_path / "directory").mkdir()

    for path in (tmp_path / "text", tmp_path / "directory", tmp_path / "text" / "below"):
        with pytest.raises(StoreUnavailable):
            async with open_store(path):
                pass


async def test_a_closed_store_says_so(database_path: Path) -> None:
    async with open_store(database_path) as store:
        pass

    with pytest.raises(StoreUnavailable, match="closed"):
        await store.ping()


async def test_a_write_waits_for_a_short_lock(store: Store, database_path: Path) -> None:
    async with open_store(database_path, patience_seconds=60) as patient:
        async with locked_by_another_process(database_path, "writes") as lock, trio.open_nursery() as nursery:
            nursery.start_soon(patient.browser_sessions.add, SESSION)
            # The write meets the lock, and readers do not wait behind it.
            for _ in range(5):
                assert await patient.browser_sessions.get("pbs_1", "o_1") is None
            await lock.release()

        assert await patient.browser_sessions.get("pbs_1", "o_1") == SESSION


async def test_a_write_gives_up_on_a_long_lock_and_changes_nothing(store: Store, database_path: Path) -> None:
    async with locked_by_another_process(database_path, "writes"):
        with trio.fail_after(5), pytest.raises(StoreUnavailable, match="locked"):
            await store.browser_sessions.add(SESSION)
        await store.ping()

    assert await store.browser_sessions.get("pbs_1", "o_1") is None
    await store.browser_sessions.add(SESSION)


async def test_a_store_that_is_locked_against_everybody_recovers(database_path: Path) -> None:
    async with open_store(database_path, patience_seconds=0.2) as store:
        pass
    async with locked_by_another_process(database_path):
        with trio.fail_after(5), pytest.raises(StoreUnavailable, match="locked"):
            async with open_store(database_path, patience_seconds=0.2):
                pass

    async with open_store(database_path, patience_seconds=0.2) as store:
        await store.ping()


async def test_many_waiting_writers_do_not_keep_a_reader_waiting(database_path: Path) -> None:
    async with open_store(database_path, patience_seconds=60) as store:

        async def write(number: int) -> None:
            await store.organizations.add(Organization(organization_id=f"o_w{number}", name="x"))

        async with locked_by_another_process(database_path, "writes") as lock, trio.open_nursery() as nursery:
            for number in range(100):
                nursery.start_soon(write, number)
            with trio.fail_after(3):
                for _ in range(10):
                    await store.ping()
            await lock.release()


async def test_a_cancelled_write_is_whole_or_nothing(store: Store) -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        await store.browser_sessions.add(SESSION)

    assert await store.browser_sessions.get("pbs_1", "o_1") is None
    await store.browser_sessions.add(SESSION)
