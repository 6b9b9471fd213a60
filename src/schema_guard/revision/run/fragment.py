"""From the operations of a revision to what they expect of a database: the part of it that the revision knows.

A table that the revision does not create is known only by the columns and constraints that it names. Whatever else it
holds, now or after later revisions, is none of its business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.dialects.postgresql import CreateDomainType, CreateEnumType
from sqlalchemy.schema import CreateSequence, SchemaItem
from sqlalchemy.types import UserDefinedType

from schema_guard.difference import (
    CollationDiffers,
    ColumnMissing,
    CommentDiffers,
    DefaultDiffers,
    Difference,
    GeneratedDiffers,
    IdentityDiffers,
    NullabilityDiffers,
    TypeDiffers,
    TypeMissing,
)
from schema_guard.errors import ConfigurationError
from schema_guard.revision.run.spelling import Spelled
from schema_guard.schema import Fill, Name, Schema, Table
from schema_guard.sources.sqlalchemy.writer import Writer

__all__ = ["FillParts", "Fragment", "Scope"]

Key = tuple[str | None, str]
"""A table's schema and name, as the revision writes them."""

NAMELESS = "schema guard: types and sequences"
"""A table that only carries types and sequences into the expectation, and is taken out of it again."""

_WORDS = re.compile(r'"((?:[^"]|"")+)"|([A-Za-z_][\w$]*)')


class AsItIs(UserDefinedType[Any]):
    """Stands for the type of a column that is named but not described."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "schema_guard_as_it_is"


@dataclass(frozen=True, slots=True)
class FillParts:
    """A backfill as the revision holds it, every text as SQL for one or for each database."""

    table: Key
    source: Key
    columns: tuple[str, ...]
    needs: tuple[tuple[Key, str], ...]
    texts: tuple[Any, Any, Any, Any]
    """count, open, pending, update: str or Spelled."""


@dataclass(slots=True)
class TableParts:
    """What the revision says of one table."""

    key: Key
    columns: dict[str, sa.Column[Any]] = field(default_factory=dict)
    constraints: list[SchemaItem] = field(default_factory=list)
    indexes: list[SchemaItem] = field(default_factory=list)
    comment: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    complete: bool = False
    keyed: bool = False
    named: dict[str, None] = field(default_factory=dict)
    """Columns that constraints and indexes name."""
    altered: dict[str, frozenset[type[Difference]]] = field(default_factory=dict)
    """Columns of which only some aspects are wanted."""

    def name(self, columns: Iterable[str]) -> None:
        self.named.update(dict.fromkeys(columns))

    def table(self, metadata: sa.MetaData) -> sa.Table:
        strange = [] if self.complete else [name for name in self.named if name not in self.columns]
        placeholders = [sa.Column(name, AsItIs()) for name in strange]
        schema, name = self.key
        return sa.Table(
            name,
            metadata,
            *self.columns.values(),
            *placeholders,
            *self.constraints,
            *self.indexes,
            schema=schema,
            comment=self.comment,
            **self.options,
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """Which differences a fragment is about, once the names are resolved."""

    complete: frozenset[Name]
    keyed: frozenset[Name]
    partial: dict[Name, tuple[str, ...]]
    altered: dict[tuple[Name, str], frozenset[type[Difference]]]


class Fragment:
    """Collects operations."""

    def __init__(self) -> None:
        self._tables: dict[Key, TableParts] = {}
        self._types: list[Any] = []
        self._sequences: list[sa.Sequence] = []
        self._keys: list[tuple[ops.CreateForeignKeyOp, TableParts]] = []
        self._fills: list[FillParts] = []
        self._built: sa.MetaData | None = None

    def add(self, operation: ops.MigrateOperation) -> None:
        """Take in one operation.

        Raises:
            ConfigurationError: it is none that can be guarded.
        """
        match operation:
            case ops.CreateTableOp():
                self._create_table(operation)
            case ops.AddColumnOp():
                self._of(operation.schema, operation.table_name).columns[operation.column.name] = operation.column
            case ops.AlterColumnOp():
                self._alter_column(operation)
            case ops.CreateIndexOp():
                self._create_index(operation)
            case ops.CreateTableCommentOp():
                self._of(operation.schema, operation.table_name).comment = operation.comment
            case ops.ExecuteSQLOp():
                self._execute(operation.sqltext)
            case ops.AddConstraintOp():
                self._constraint(operation)
            case _:
                raise _unguarded(type(operation).__name__)

    def add_fill(self, fill: FillParts) -> None:
        self._fills.append(fill)

    def _of(self, schema: str | None, name: str) -> TableParts:
        return self._tables.setdefault((schema, str(name)), TableParts((schema, str(name))))

    def _create_table(self, operation: ops.CreateTableOp) -> None:
        parts = self._of(operation.schema, operation.table_name)
        parts.complete = parts.keyed = True
        parts.comment = operation.comment
        parts.options = {**operation.kw, **({"prefixes": operation.prefixes} if operation.prefixes else {})}
        for item in operation.columns:
            if isinstance(item, sa.Column):
                parts.columns[item.name] = item
            else:
                parts.constraints.append(item)
                for target in _targets(item):
                    self._of(*target[:2]).name([target[2]])

    def _alter_column(self, operation: ops.AlterColumnOp) -> None:
        parts = self._of(operation.schema, operation.table_name)
        if operation.modify_name is not None:
            raise _unguarded("renaming a column")
        default: Any = operation.modify_server_default
        if default is False:
            default = operation.existing_server_default
        if default is False:
            default = None
        nullable = operation.modify_nullable if operation.modify_nullable is not None else operation.existing_nullable
        key = bool(operation.kw.get("autoincrement"))
        type_ = operation.modify_type or operation.existing_type
        comment = operation.modify_comment or operation.existing_comment
        arguments = [default] if isinstance(default, sa.Computed | sa.Identity) else []
        parts.columns[operation.column_name] = sa.Column(
            operation.column_name,
            type_ if type_ is not None else AsItIs(),
            *arguments,
            server_default=None if arguments else default,
            nullable=nullable is not False and not key,
            primary_key=key,
            autoincrement=True if key else "auto",
            comment=comment or None,
        )
        parts.altered[operation.column_name] = frozenset(_aspects(operation, described=type_ is not None))

    def _create_index(self, operation: ops.CreateIndexOp) -> None:
        parts = self._of(operation.schema, operation.table_name)
        for key in operation.columns:
            parts.name([key] if isinstance(key, str) else _words(key))
        parts.name(_names(operation.kw.get("postgresql_include") or ()))
        parts.indexes.append(
            sa.Index(operation.index_name, *operation.columns, unique=operation.unique, **operation.kw)
        )

    def _execute(self, element: Any) -> None:
        match element:
            case CreateEnumType() | CreateDomainType():
                self._types.append(element.element)
            case CreateSequence():
                self._sequences.append(element.element)
            case _:
                raise _unguarded("execute() of anything else than CreateEnumType, CreateDomainType and CreateSequence")

    def _constraint(self, operation: ops.AddConstraintOp) -> None:
        match operation:
            case ops.CreateForeignKeyOp():
                parts = self._of(operation.kw.get("source_schema"), operation.source_table)
                parts.name(operation.local_cols)
                self._of(operation.kw.get("referent_schema"), operation.referent_table).name(operation.remote_cols)
                self._keys.append((operation, parts))
                return
            case ops.CreateUniqueConstraintOp():
                parts = self._of(operation.schema, operation.table_name)
                parts.name([*operation.columns, *_names(operation.kw.get("postgresql_include") or ())])
                made: Any = sa.UniqueConstraint(
                    *operation.columns, name=_name(operation.constraint_name), **operation.kw
                )
            case ops.CreatePrimaryKeyOp():
                parts = self._of(operation.schema, operation.table_name)
                parts.name(operation.columns)
                parts.keyed = True
                made = sa.PrimaryKeyConstraint(
                    *operation.columns, name=_name(operation.constraint_name), **operation.kw
                )
            case ops.CreateCheckConstraintOp():
                parts = self._of(operation.schema, operation.table_name)
                condition: Any = operation.condition
                made = sa.CheckConstraint(condition, name=_name(operation.constraint_name), **operation.kw)
            case _:
                raise _unguarded(type(operation).__name__)
        parts.constraints.append(made)

    @property
    def metadata(self) -> sa.MetaData:
        """The tables as SQLAlchemy knows them; what is named but not described has a placeholder for its type."""
        if self._built is None:
            metadata = sa.MetaData()
            for key in dict.fromkeys(fill.source for fill in self._fills):
                self._of(*key)
            for fill in self._fills:
                self._of(*fill.table)
            tables = {key: parts.table(metadata) for key, parts in self._tables.items()}
            for operation, parts in self._keys:
                target = tables[operation.kw.get("referent_schema"), operation.referent_table]
                tables[parts.key].append_constraint(_foreign_key(operation, target))
            if self._types or self._sequences:
                sa.Table(NAMELESS, metadata, *_carriers(self._types, self._sequences))
            self._built = metadata
        return self._built

    def narrowed(self, expected: Schema, writer: Writer) -> Schema:
        """The expectation without what only stands there to be named."""
        known = {writer.table_name(self.metadata.tables[_label(key)]): parts for key, parts in self._tables.items()}
        tables = tuple(
            table if known[table.name].complete else _narrowed(table, known[table.name], writer)
            for table in expected.tables
            if table.name in known
        )
        names = {key: writer.table_name(self.metadata.tables[_label(key)]) for key in self._tables}
        fills = tuple(_fill(fill, names, writer) for fill in self._fills)
        return replace(expected, tables=tables, fills=fills)

    def scope(self, writer: Writer) -> Scope:
        names = {key: writer.table_name(self.metadata.tables[_label(key)]) for key in self._tables}
        return Scope(
            complete=frozenset(names[key] for key, parts in self._tables.items() if parts.complete),
            keyed=frozenset(names[key] for key, parts in self._tables.items() if parts.keyed),
            partial={names[key]: tuple(parts.columns) for key, parts in self._tables.items() if not parts.complete},
            altered={
                (names[key], writer.identifier(column)): kinds
                for key, parts in self._tables.items()
                for column, kinds in parts.altered.items()
            },
        )


def _unguarded(what: str) -> ConfigurationError:
    return ConfigurationError(f"{what} cannot be guarded: write it with `op` itself, outside of `with guarded(op)`")


def _label(key: Key) -> str:
    schema, name = key
    return f"{schema}.{name}" if schema else name


def _name(name: Any) -> str | None:
    return None if name is None else str(name)


def _names(items: Iterable[Any]) -> list[str]:
    return [str(getattr(item, "name", item)) for item in items]


def _words(key: Any) -> Iterator[str]:
    """Every name that could be a column's; one that is none does no harm."""
    texts = key.texts.values() if isinstance(key, Spelled) else (str(key),)
    for text in texts:
        for quoted, plain in _WORDS.findall(text):
            yield quoted.replace('""', '"') if quoted else plain


def _targets(item: SchemaItem) -> Iterator[tuple[str | None, str, str]]:
    """Schema, table and column that a foreign key of CREATE TABLE names."""
    if isinstance(item, sa.ForeignKeyConstraint):
        for element in item.elements:
            *schema, table, column = element.target_fullname.split(".")
            yield ".".join(schema) or None, table, column


def _foreign_key(operation: ops.CreateForeignKeyOp, target: sa.Table) -> sa.ForeignKeyConstraint:
    options = {key: value for key, value in operation.kw.items() if key not in ("source_schema", "referent_schema")}
    return sa.ForeignKeyConstraint(
        operation.local_cols,
        [target.c[column] for column in operation.remote_cols],
        name=_name(operation.constraint_name),
        **options,
    )


def _carriers(types: list[Any], sequences: list[sa.Sequence]) -> Iterator[sa.Column[Any]]:
    for number, type_ in enumerate(types):
        yield sa.Column(f"type{number}", type_)
    for number, sequence in enumerate(sequences):
        yield sa.Column(f"sequence{number}", sa.BigInteger(), sequence)


def _aspects(operation: ops.AlterColumnOp, *, described: bool) -> Iterator[type[Any]]:
    if described:
        yield ColumnMissing
        yield TypeMissing
    if operation.modify_type is not None:
        yield TypeDiffers
        yield CollationDiffers
    if operation.modify_nullable is not None:
        yield NullabilityDiffers
    if operation.modify_server_default is not False or operation.kw.get("autoincrement"):
        yield DefaultDiffers
        yield IdentityDiffers
        yield GeneratedDiffers
    if operation.modify_comment is not False:
        yield CommentDiffers


def _narrowed(table: Table, parts: TableParts, writer: Writer) -> Table:
    columns = {writer.identifier(name) for name in parts.columns}
    key = table.primary_key
    kept = key is not None and (parts.keyed or bool(columns & set(key.columns)))
    return replace(
        table,
        columns=tuple(column for column in table.columns if column.name in columns),
        primary_key=key if kept else None,
        ddl="",
    )


def _fill(parts: FillParts, names: dict[Key, Name], writer: Writer) -> Fill:
    count, open_, pending, update = (
        writer.query(text) if isinstance(text, Spelled) else str(text) for text in parts.texts
    )
    return Fill(
        table=names[parts.table],
        source=names[parts.source],
        columns=tuple(writer.identifier(column) for column in parts.columns),
        needs=tuple((names[key], writer.identifier(column)) for key, column in parts.needs if key in names),
        count_sql=count,
        open_sql=open_,
        pending_sql=pending,
        update_sql=update,
    )
