"""Finds, for what a plan names in a database's words, the models' own objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from schema_guard.schema import NOT_VALID, Index, Name, Table
from schema_guard.sources.sqlalchemy.indexes import index_of, is_created
from schema_guard.sources.sqlalchemy.models import Models
from schema_guard.sources.sqlalchemy.writer import UnwritableError, Writer

__all__ = ["Registry"]


class Registry:
    """The tables of the models by the names under which a database holds them."""

    def __init__(self, models: Models, writer: Writer) -> None:
        self._writer = writer
        self.tables = models.tables
        self.sequences = models.sequences
        self._by_name = {writer.table_name(table): table for table in models.tables}

    def table(self, name: Name) -> sa.Table:
        return self._by_name[name]

    def column(self, table: Name, name: str) -> sa.Column[Any]:
        found = (column for column in self._by_name[table].columns if self._writer.identifier(column.name) == name)
        return next(found)

    def constraints(self, table: sa.Table) -> Iterator[Any]:
        """Every constraint that this database gets, in the order of CREATE TABLE."""
        if len(table.primary_key.columns):
            yield table.primary_key
        others = [constraint for constraint in table.constraints if constraint is not table.primary_key]
        yield from sorted((item for item in others if self._created(item)), key=lambda item: item._creation_order)
        for column in table.columns:
            yield from sorted(filter(self._created, column.constraints), key=lambda item: item._creation_order)

    def _created(self, constraint: sa.Constraint) -> bool:
        if isinstance(constraint, sa.UniqueConstraint) and not len(constraint.columns):
            return False
        return bool(constraint._should_create_for_compiler(self._writer.ddl))

    def constraint(self, table: Table, ddl: str) -> Any:
        """The constraint that is written like this. Raises UnwritableError when the models have none."""
        for constraint in self.constraints(self._by_name[table.name]):
            if self._writer.element(constraint).removesuffix(NOT_VALID) == ddl:
                return constraint
        raise UnwritableError(f"{table.name} has no constraint {ddl}")

    def indexes(self, expected: Table) -> Iterator[sa.Index]:
        for index in expected.indexes:
            yield self.index(expected, index)

    def index(self, table: Table, expected: Index) -> sa.Index:
        for index in sorted(self._by_name[table.name].indexes, key=lambda item: str(item.name or "")):
            if is_created(index, self._writer) and index_of(index, self._writer) == expected:
                return index
        raise UnwritableError(f"{table.name} has no index {expected.name}")
