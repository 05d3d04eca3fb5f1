"""The seam between Trio and SQLite: one connection, one worker thread, transactions, and our own errors.

SQLite's own waiting for a lock is switched off, because it would happen inside the one thread that everybody needs.
A locked database is asked again from Trio instead, so that nobody waits behind somebody else's wait.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import sqlite_utils
import trio

from pilothouse_app.store.errors import StoreConflict, StoreUnavailable
from pilothouse_app.store.migrations import migrate

PATIENCE_SECONDS = 5.0
RETRY_SECONDS = 0.02
CLOSE_SECONDS = 2.0

ResultT = TypeVar("ResultT")
Work = Callable[[sqlite_utils.Database], ResultT]


class _Locked(StoreUnavailable):
    """Somebody else holds the lock at this moment."""


class Database:
    """Runs work in the store's thread. Each piece of work is one function of the connection, and is run anew when it
    met a lock; it must not have other effects than those on the database.

    Args:
        connection: used by one thread at a time.
        patience_seconds: how long a locked database is asked again.
    """

    def __init__(self, connection: sqlite_utils.Database, patience_seconds: float) -> None:
        self._connection = connection
        self._patience_seconds = patience_seconds
        self._thread = trio.CapacityLimiter(1)

    async def read(self, query: Work[ResultT], *, patience_seconds: float | None = None) -> ResultT:
        """Run a query.

        Args:
            query: reads, in the thread, and returns plain values.
            patience_seconds: instead of the store's own.

        Raises:
            StoreUnavailable: the store did not answer in time.
        """
        return await self._ask(query, self._patience_seconds if patience_seconds is None else patience_seconds)

    async def write(self, change: Work[ResultT]) -> ResultT:
        """Run a change in a transaction of its own. When this returns, the change is on disk.

        Raises:
            StoreUnavailable: the store did not answer in time; nothing was changed.
            StoreConflict: the change contradicts what is there; nothing was changed.
        """

        def in_transaction(connection: sqlite_utils.Database) -> ResultT:
            with _transaction(connection):
                return change(connection)

        return await self._ask(in_transaction, self._patience_seconds)

    async def _ask(self, work: Work[ResultT], patience_seconds: float) -> ResultT:
        def translated() -> ResultT:
            with _our_errors():
                return work(self._connection)

        deadline = trio.current_time() + patience_seconds
        while True:
            try:
                return await trio.to_thread.run_sync(translated, limiter=self._thread)
            except _Locked:
                if trio.current_time() + RETRY_SECONDS > deadline:
                    raise
            await trio.sleep(RETRY_SECONDS)

    async def close(self) -> None:
        """Close the connection; what comes later is answered with `StoreUnavailable`."""
        await trio.to_thread.run_sync(self._connection.close, limiter=self._thread)


@contextlib.asynccontextmanager
async def open_database(path: Path, patience_seconds: float) -> AsyncIterator[Database]:
    """Open a database file, made and migrated as needed.

    Args:
        path: the file; it and its directory are made for nobody but this user.
        patience_seconds: how long a locked database is asked again.

    Raises:
        StoreUnavailable: the file cannot be opened, is no database, or stays locked.
        StoreError: the database is of a newer version.
    """
    database = Database(await trio.to_thread.run_sync(_connect, path), patience_seconds)
    try:
        await database.read(_prepare)
        await database.write(migrate)
        yield database
    finally:
        with trio.move_on_after(CLOSE_SECONDS, shield=True):
            await database.close()


def _connect(path: Path) -> sqlite_utils.Database:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, mode=0o600)
        try:
            # A file from a backup may have come back readable for others. SQLite gives its other files the same mode.
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreUnavailable(f"cannot open the database: {error}") from error
    with _our_errors():
        connection = sqlite3.connect(path, timeout=0, check_same_thread=False)
        return sqlite_utils.Database(connection, execute_plugins=False)


def _prepare(connection: sqlite_utils.Database) -> None:
    connection.enable_wal()
    connection.execute("PRAGMA foreign_keys = ON")


@contextlib.contextmanager
def _transaction(connection: sqlite_utils.Database) -> Iterator[None]:
    # IMMEDIATE: a lock is met here, before anything is read, and never in the middle.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.commit()
    finally:
        # Nothing is left to roll back after the commit.
        connection.rollback()


@contextlib.contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise StoreConflict(str(error)) from error
    except sqlite3.Error as error:
        # The primary code is the low byte; errors of the module itself have none.
        locked = getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        raise (_Locked if locked else StoreUnavailable)(str(error)) from error
