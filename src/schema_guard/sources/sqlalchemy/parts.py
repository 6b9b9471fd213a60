"""What decides whether tables are exactly as their models say: no statement that would make one is written, and columns
that are alike are told once."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy.schema import (
    CheckConstraint,
    Column,
    CreateTable,
    DefaultClause,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    UniqueConstraint,
)
from sqlalchemy.sql.elements import False_, TextClause, True_
from sqlalchemy.sql.functions import Function, FunctionElement, GenericFunction, next_value

from schema_guard.dialects.terms import NOT_WRITTEN, Alike
from schema_guard.schema import Column as ExpectedColumn
from schema_guard.schema import Name, Problem, Schema
from schema_guard.sources.sqlalchemy.columns import column_of, is_ignored
from schema_guard.sources.sqlalchemy.mapped import Mapped
from schema_guard.sources.sqlalchemy.models import Models, one_by_name, sequences_of
from schema_guard.sources.sqlalchemy.tables import table_of
from schema_guard.sources.sqlalchemy.type_facts import is_built_in, key_of
from schema_guard.sources.sqlalchemy.types import NamedTypes
from schema_guard.sources.sqlalchemy.upserts import Upsert, with_upserts
from schema_guard.sources.sqlalchemy.writer import UnwritableError, Writer, is_plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Index, Table
    from sqlalchemy.sql.elements import ClauseElement

    from schema_guard.dialects.base import Words

__all__ = ["Parts", "parts_of"]

_COMPARED_BY_PARTS = (PrimaryKeyConstraint, UniqueConstraint, ForeignKeyConstraint)


class Parts(NamedTuple):
    """What models expect, as far as a table's definition tells it."""

    schema: Schema
    """Tables without columns and statements, by names as they are declared; the rest as `expect` gives it."""
    columns: Alike
    tables: dict[Name, Table]
    """The models of the tables."""


def parts_of(models: Models, words: Words, upserts: Sequence[Upsert]) -> Parts | None:
    """What decides; None where something cannot be written: `expect` says more of that."""
    if models.unnameable:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _parts_of(models, _Writer(words), upserts)
        except UnwritableError:
            return None


class _Writer(Writer):
    """Writes what is compared, and nothing of what would make it."""

    def __init__(self, words: Words) -> None:
        super().__init__(words)
        self._conditions: dict[str, str] = {}

    def table_name(self, table: Table) -> Name:
        return Name(str(table.schema) if table.schema else None, self.identifier(table.name))

    def sequence_name(self, sequence: Any) -> Name:
        return self.table_name(sequence)

    def element(self, element: Any) -> str:
        if type(element) is CheckConstraint and isinstance(element.sqltext, TextClause):
            return f"CHECK ({self.expression(element.sqltext)})"
        compared = type(element) in _COMPARED_BY_PARTS and not self.options(element)
        return NOT_WRITTEN if compared else super().element(element)

    def expression(self, expression: ClauseElement) -> str:
        if not isinstance(expression, TextClause) or expression._bindparams:
            return super().expression(expression)
        if expression.text not in self._conditions:
            self._conditions[expression.text] = super().expression(expression)
        return self._conditions[expression.text]

    def column(self, column: Column[Any]) -> str:
        """On SQLite the statement of a sample tells those of all columns that are like it."""
        return NOT_WRITTEN if self.keys_added_later else super().column(column)

    def index_definition(self, index: Index) -> str:  # noqa: ARG002
        return NOT_WRITTEN

    def table(self, table: Table, keys: Sequence[ForeignKeyConstraint]) -> str:
        # what the application compiles itself (sqlalchemy.ext.compiler) may be another statement
        return super().table(table, keys) if hasattr(CreateTable, "_compiler_dispatcher") else "CREATE TABLE"


def _parts_of(models: Models, writer: _Writer, upserts: Sequence[Upsert]) -> Parts | None:
    mapped, types, problems = Mapped(models.tables), NamedTypes(writer), list[Problem]()
    tables = list(one_by_name(models.tables, writer, problems))
    keys = {column: key_of(column.type) for table in tables for column in table.columns}
    for column, key in keys.items():
        if not is_built_in(key):
            types.take(column.type)
    columns = _Columns(writer, mapped, types, keys)
    expected, told = [], {}
    for table in tables:
        of_table, refused = table_of(table, writer, mapped, without_columns=True)
        problems += refused
        expected.append(of_table)
        told[of_table.name] = list(columns.of(table))
    sequences = sequences_of(models, writer, problems)
    if problems or types.problems:
        return None
    return Parts(
        Schema(
            tables=tuple(with_upserts(expected, upserts, writer)),
            enums=tuple(types.enums.values()),
            domains=tuple(types.domains.values()),
            sequences=tuple(sequences),
        ),
        Alike(tuple(columns.samples), told),
        {of_table.name: table for of_table, table in zip(expected, tables, strict=True)},
    )


class _Columns:
    """Columns by what they have in common with others."""

    def __init__(self, writer: _Writer, mapped: Mapped, types: NamedTypes, keys: Mapping[Column[Any], object]) -> None:
        self._writer = writer
        self._mapped = mapped
        self._types = types
        self._keys = keys
        """Of the columns' types."""
        self.samples: list[ExpectedColumn] = []
        """One for each kind of column."""
        self._kinds: dict[object, int] = {}

    def of(self, table: Table) -> Iterator[tuple[str, int, str | None]]:
        """Of each column the name, the sample that it is like, and its comment. Raises as `column_of` does."""
        counted, alone = table.autoincrement_column, len(table.primary_key.columns) == 1
        counts = alone, *sorted(map(str, self._writer.options(table).items()))
        for column in table.columns:
            if column.system:
                continue
            kind = self._kind(column, counts if column is counted else None) if is_plain(column.name) else None
            place = None if kind is None else self._kinds.get(kind)
            if place is not None:
                yield str(column.name), place, column.comment or None
                continue
            written = self._types.settled(column_of(column, self._writer, self._mapped))
            self.samples.append(written)
            place = len(self.samples) - 1
            if kind is not None:
                self._kinds[kind] = place
            yield written.name, place, written.comment

    def _kind(self, column: Column[Any], counts: object) -> object:
        """All that `column_of` makes of a column but its name and its comment follows from this. None where more
        decides: code of the application's, an expression, a sequence, what a mapper does."""
        type_ = self._keys[column]
        given, updated = column.default, column.onupdate
        odd = (
            type_ is None
            or type(column) is not Column
            or column.identity is not None
            or column.computed is not None
            or self._writer.options(column)
            or (given is not None and (given.is_clause_element or given.is_sequence))
            or (updated is not None and (updated.is_clause_element or updated.is_sequence))
            or (column.info and is_ignored(column))
            or self._mapped.uses(column)
        )
        if odd:
            return None
        default = "" if column.server_default is None else _default(column.server_default)
        if default is None:
            return None
        left_out = self._mapped.leaves_out(column)
        return type_, column.nullable, column.primary_key, counts, given is None, default, left_out


def _default(default: Any) -> object:
    """Equal for server defaults that are written in the same way; None for those that only their text tells."""
    if type(default) is not DefaultClause:
        return None
    written = default.arg
    if type(written) is str:
        return "text", written
    if isinstance(written, TextClause):
        return None if written._bindparams else ("SQL", written.text)
    if isinstance(written, FunctionElement):
        kind = type(written)
        own = kind.__module__ == "sqlalchemy.sql.functions" and not hasattr(kind, "_compiler_dispatcher")
        named = own and isinstance(written, Function | GenericFunction) and kind is not next_value
        quoted = getattr(written.name, "quote", None)
        return (kind, written.packagenames, written.name, quoted) if named and not len(written.clauses) else None
    return type(written) if type(written) in (True_, False_) else None
