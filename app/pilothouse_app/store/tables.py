"""Rows to entities and back, and what all tables of an organization's things have in common."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import attrs
import cattrs
import structlog
from sqlite_utils import Database

from pilothouse_app.store.entities import format_time, parse_time
from pilothouse_app.store.errors import StoreError

EntityT = TypeVar("EntityT")

_log = structlog.get_logger(__name__)

_converter = cattrs.Converter()
_converter.register_unstructure_hook(datetime, format_time)
_converter.register_structure_hook(datetime, lambda text, _: parse_time(text))


def to_columns(values: Any) -> dict[str, Any]:
    """An entity, or some of its fields, as columns."""
    columns: dict[str, Any] = _converter.unstructure(values)
    return columns


@attrs.frozen
class Position:
    """A place in a list that is sorted newest first: behind this entity.

    Attributes:
        created_at: as `format_time` writes it.
        entity_id: decides between entities of one moment.
    """

    created_at: str
    entity_id: str


@attrs.frozen
class Table(Generic[EntityT]):
    """One table and the class of its rows.

    Attributes:
        name: of the table.
        key: the primary key's column.
        entity: the class.
        final: statuses that are never left.
    """

    name: str
    key: str
    entity: type[EntityT]
    final: frozenset[str] = frozenset()

    def insert(self, db: Database, entity: EntityT) -> None:
        """Add a row."""
        db.table(self.name).insert(to_columns(entity))

    def where(self, db: Database, condition: str, parameters: Sequence[Any], tail: str = "") -> list[EntityT]:
        """The entities that meet an SQL condition.

        Raises:
            StoreError: somebody wrote a row that is none of ours.
        """
        rows = db.query(f"SELECT * FROM {self.name} WHERE {condition} {tail}", parameters)  # noqa: S608
        try:
            return [_converter.structure(row, self.entity) for row in rows]
        except cattrs.BaseValidationError as error:
            raise StoreError(f"a row of {self.name} cannot be read") from error

    def get(self, db: Database, entity_id: str, organization_id: str) -> EntityT | None:
        """One entity of an organization. Why there is none is for the log only: the client must not find out."""
        found = self.where(db, f"{self.key} = ?", (entity_id,))
        if found and getattr(found[0], "organization_id", None) == organization_id:
            return found[0]
        why = "it is another organization's" if found else "it does not exist"
        _log.info("no such entity for this organization", entity=entity_id, organization=organization_id, why=why)
        return None

    def page(
        self, db: Database, organization_id: str, *, status: str | None, limit: int, behind: Position | None
    ) -> list[EntityT]:
        """Some entities of an organization, newest first."""
        condition, parameters = "organization_id = ?", [organization_id]
        if status is not None:
            condition, parameters = f"{condition} AND status = ?", [*parameters, status]
        if behind is not None:
            condition = f"{condition} AND (created_at, {self.key}) < (?, ?)"
            parameters += [behind.created_at, behind.entity_id]
        tail = f"ORDER BY created_at DESC, {self.key} DESC LIMIT {limit:d}"
        return self.where(db, condition, parameters, tail)

    def change(self, db: Database, entity_id: str, columns: dict[str, Any]) -> bool:
        """Set columns of an entity whose status is not final; says whether there was one."""
        assignments = ", ".join(f"{column} = ?" for column in columns)
        not_final = ", ".join("?" * len(self.final))
        done = db.execute(
            f"UPDATE {self.name} SET {assignments} WHERE {self.key} = ? AND status NOT IN ({not_final})",  # noqa: S608
            [*columns.values(), entity_id, *self.final],
        )
        return done.rowcount == 1
