"""The schema, step by step. A step that has been released is never edited; a change is a new step.

The columns are the fields of `entities.py`.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from pilothouse_app.store.errors import StoreError


def m001_organizations_and_keys(db: Database) -> None:
    db.execute(
        """
        CREATE TABLE organizations (
            organization_id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            created_at TEXT NOT NULL
        )
        """
    )
    db.execute(
        """
        CREATE TABLE api_keys (
            key_id TEXT PRIMARY KEY,
            organization_id TEXT NOT NULL REFERENCES organizations,
            name TEXT NOT NULL,
            key_hash TEXT NOT NULL UNIQUE,
            created_at TEXT NOT NULL,
            revoked_at TEXT
        )
        """
    )


def m002_browser_sessions(db: Database) -> None:
    db.execute(
        """
        CREATE TABLE browser_sessions (
            browser_session_id TEXT PRIMARY KEY,
            organization_id TEXT NOT NULL REFERENCES organizations,
            provider TEXT NOT NULL,
            status TEXT NOT NULL,
            failure_reason TEXT,
            display_status TEXT NOT NULL,
            stream_transport TEXT NOT NULL,
            viewport_width INTEGER NOT NULL,
            viewport_height INTEGER NOT NULL,
            timeout_minutes INTEGER NOT NULL,
            url TEXT,
            vnc_address TEXT,
            vnc_password TEXT,
            cdp_address TEXT,
            runnable_type TEXT,
            runnable_id TEXT,
            created_at TEXT NOT NULL,
            started_at TEXT,
            last_activity_at TEXT,
            completed_at TEXT
        )
        """
    )
    db.table("browser_sessions").create_index(["organization_id", "created_at", "browser_session_id"])


def m003_tasks_and_workflow_runs(db: Database) -> None:
    for table, key in (("tasks", "task_id"), ("workflow_runs", "workflow_run_id")):
        db.execute(
            f"""
            CREATE TABLE {table} (
                {key} TEXT PRIMARY KEY,
                organization_id TEXT NOT NULL REFERENCES organizations,
                status TEXT NOT NULL,
                browser_session_id TEXT REFERENCES browser_sessions ON DELETE SET NULL,
                created_at TEXT NOT NULL,
                completed_at TEXT
            )
            """
        )
        db.table(table).create_index(["organization_id", "created_at", key])
        db.table(table).create_index(["browser_session_id"])


def m004_events(db: Database) -> None:
    # Without a reference to the sessions: what happened, happened, also to a session that somebody has deleted.
    db.execute(
        """
        CREATE TABLE events (
            browser_session_id TEXT NOT NULL,
            seq INTEGER NOT NULL,
            at TEXT NOT NULL,
            kind TEXT NOT NULL,
            data TEXT NOT NULL,
            PRIMARY KEY (browser_session_id, seq)
        ) WITHOUT ROWID
        """
    )
    db.table("events").create_index(["at"])


def m005_stream_tokens(db: Database) -> None:
    db.execute(
        """
        CREATE TABLE signing_keys (
            key_id TEXT PRIMARY KEY,
            secret TEXT NOT NULL,
            created_at TEXT NOT NULL
        )
        """
    )
    db.execute(
        """
        CREATE TABLE stream_tokens (
            token_id TEXT PRIMARY KEY,
            organization_id TEXT NOT NULL REFERENCES organizations,
            browser_session_id TEXT NOT NULL REFERENCES browser_sessions ON DELETE CASCADE,
            scope TEXT NOT NULL,
            issued_by TEXT REFERENCES api_keys ON DELETE CASCADE,
            created_at TEXT NOT NULL,
            expires_at TEXT NOT NULL,
            revoked_at TEXT
        )
        """
    )
    db.table("stream_tokens").create_index(["expires_at"])


STEPS = (
    m001_organizations_and_keys,
    m002_browser_sessions,
    m003_tasks_and_workflow_runs,
    m004_events,
    m005_stream_tokens,
)

MIGRATIONS = Migrations("pilothouse")
for _step in STEPS:
    MIGRATIONS()(_step)


def migrate(db: Database) -> None:
    """Bring the database to this version. The caller has opened the transaction, so that two starts take turns.

    Raises:
        StoreError: a newer version has been here.
    """
    unknown = {migration.name for migration in MIGRATIONS.applied(db)} - {step.__name__ for step in STEPS}
    if unknown:
        raise StoreError(f"the database was made by a newer version of Pilothouse ({max(unknown)})")
    MIGRATIONS.apply(db)
