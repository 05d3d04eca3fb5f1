"""Entities in SQLite: `async with open_store(path) as store`."""

from pilothouse_app.store.errors import StoreConflict, StoreError, StoreUnavailable
from pilothouse_app.store.store import Store, open_store

__all__ = ["Store", "StoreConflict", "StoreError", "StoreUnavailable", "open_store"]
