"""The digests of what a release expects: only where nothing but the definitions of its tables decides the verdict."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from schema_guard.column import BITS, texts
from schema_guard.dialects.postgresql.canonical import PostgreSQLRules
from schema_guard.dialects.postgresql.exact.shape import (
    FORMAT,
    SEQUENCE,
    Shape,
    column_words,
    condition,
    default,
    enum_words,
    generated_value,
    kind_words,
    relation,
    type_words,
)
from schema_guard.dialects.terms import Alike
from schema_guard.name_length import LONGEST_NAME, name_bytes
from schema_guard.schema import Column, Enum, Index, Name, Relation, Schema, Table, Type, TypeKind, Unique, Write

__all__ = ["digests_of"]

TYPES = frozenset(
    {"smallint", "integer", "bigint", "real", "double precision", "numeric", "boolean", "text", "character varying"}
    | {"bytea", "uuid", "json", "jsonb", "date", "interval", "inet", "tsvector"}
    | {f"{name} {zone} time zone" for name in ("timestamp", "time") for zone in ("with", "without")}
)
"""Built-in types of one spelling, which neither pad nor cut."""


class _NotExactError(Exception):
    """Something decides that no definition of a table tells."""


def digests_of(
    schema: Schema, *, comments: bool, unlike: Collection[Name] = (), columns: Alike | None = None
) -> Mapping[str, Any] | None:
    """What a frozen file says of the tables of PostgreSQL, as JSON data; None where the catalog alone decides nothing.

    A table of which more decides has none (null).

    Args:
        schema: as `bare` gives it: names in the default schema have none.
        comments: whether they are compared.
        unlike: tables that are not expected alike of each version of the server.
        columns: of the tables, where these are without.
    """
    if schema.problems or schema.fills:
        return None
    enums = {enum.name: enum for enum in schema.enums}
    try:
        for name in enums:
            _told(name)
    except _NotExactError:
        return None
    words = _Words(schema.tables, enums, columns)
    left_out = {*unlike, *_joined(schema.tables, words)}
    tables = {
        relation(table.name): None if table.name in left_out else _digest(table, words) for table in schema.tables
    }
    if len(tables) != len(schema.tables) or not any(tables.values()):
        return None
    return {
        "format": FORMAT,
        "enums": {relation(name): list(enum.values) for name, enum in enums.items()},
        "tables": tables,
        **({"more": True} if schema.domains or schema.sequences else {}),
        **(_comments(schema.tables, columns) if comments else {}),
    }


def _joined(tables: Iterable[Table], words: _Words) -> Iterator[Name]:
    """The tables that relationships join over types of which no operator may be found: both are looked at."""
    for table in tables:
        for column, target, target_column, _ in table.joins:
            one, other = words.type_of(table.name, column), words.type_of(target, target_column)
            if one is None or other is None or not PostgreSQLRules().comparable(one, other):
                yield from (table.name, target)


class _Words:
    """Those of columns."""

    def __init__(self, tables: Iterable[Table], enums: Mapping[Name, Enum], alike: Alike | None) -> None:
        self._tables = {table.name: table for table in tables}
        self._enums = enums
        self._alike = alike
        self._known: dict[int, str | None] = {}
        """Of samples, without a name; None where no digest tells it."""

    def of(self, table: Table) -> list[str]:
        if self._alike is None:
            return [column_words(column.name, _column(column, self._enums)) for column in table.columns]
        return [column_words(name, self._of_sample(number)) for name, number, _ in self._alike.tables[table.name]]

    def type_of(self, table: Name, column: str) -> Type | None:
        if self._alike is None:
            found = self._tables[table].column(column) if table in self._tables else None
            return None if found is None else found.type
        numbers = (number for name, number, _ in self._alike.tables.get(table, ()) if name == column)
        return next((self._alike.samples[number].type for number in numbers), None)

    def _of_sample(self, number: int) -> str:
        assert self._alike is not None
        if number not in self._known:
            try:
                self._known[number] = _column(self._alike.samples[number], self._enums)
            except _NotExactError:
                self._known[number] = None
        words = self._known[number]
        _only(words is not None)
        return str(words)


def _digest(table: Table, words: _Words) -> str | None:
    try:
        _told(table.name)
        return _shape(table, words).digest()
    except _NotExactError:
        return None


def _comments(tables: Iterable[Table], columns: Alike | None) -> Mapping[str, Any]:
    """By table and column (empty: the table's own): other comments of a table say nothing against it."""
    found: dict[str, dict[str, str]] = {}
    for table in tables:
        own = {"": table.comment, **{column.name: column.comment for column in table.columns}}
        if columns is not None:
            own.update((name, comment) for name, _, comment in columns.tables[table.name])
        if said := {name: text for name, text in own.items() if text is not None}:
            found[relation(table.name)] = said
    return {"comments": found} if found else {}


def _told(name: Name) -> None:
    """A name that the server takes as it is, and that `relation` tells from every other."""
    for part in filter(None, name):
        odd = "." in part or part.startswith("pg_") or not (part.isascii() and part.isprintable())
        _only(not odd and len(name_bytes(part)) <= LONGEST_NAME)


def _only(allowed: object) -> None:
    if not allowed:
        raise _NotExactError


def _shape(table: Table, words: _Words) -> Shape:
    _only(table.relation is Relation.TABLE and not (table.reads or table.query or table.ignored or table.exclusions))
    key = table.primary_key.columns if table.primary_key is not None else ()
    _only(table.primary_key is None or not table.primary_key.deferrable)
    _only(_upserts_served(table))
    return Shape(
        columns=words.of(table),
        key=[repr(name) for name in key],
        uniques=[_unique(unique) for unique in table.uniques],
        checks=[_condition(check.expression) for check in table.checks],
        foreign_keys=list(_foreign_keys(table)),
        indexes=[_index(index) for index in table.indexes],
    )


def _upserts_served(table: Table) -> bool:
    """Whether each declared upsert has a key of its own, when all is there. No digest holds what a key is called."""
    if table.named_upserts:
        return False
    late = {frozenset(unique.columns) for unique in table.uniques if unique.deferrable}
    served = {frozenset(unique.columns) for unique in table.uniques}
    served |= {frozenset(index.columns or ()) for index in table.indexes if index.unique and index.where is None}
    if table.primary_key is not None:
        served.add(frozenset(table.primary_key.columns))
    return all(frozenset(names) in served - late for names in table.upserts)


def _column(column: Column, enums: Mapping[Name, Enum]) -> str:
    by_rows = (column.needs_value and column.nullable) or column.classes or column.identities
    as_text = PostgreSQLRules().unlike_written(column, column, "")
    elsewhere = column.sequence or column.collation or column.fetched or column.ignored
    _only(
        not (by_rows or as_text or elsewhere)
        and all(PostgreSQLRules().knows(c.expression, column.type) for c in column.calls)
    )
    return kind_words(_type(column, enums), not column.nullable, _value(column))


def _type(column: Column, enums: Mapping[Name, Enum]) -> str:
    type_ = column.type
    if type_.kind is TypeKind.BASE:
        _only(type_.schema is None and type_.name in TYPES and type_.dimensions < 2 and not column.labels)
        return type_words(type_)
    name = Name(type_.schema, type_.name)
    enum = enums.get(name)
    _only(enum is not None and type_.kind is TypeKind.ENUM and not type_.dimensions)
    assert enum is not None
    _only(set(enum.values) <= texts(column.labels) if column.labels else True)
    return enum_words(relation(name))


def _value(column: Column) -> str:
    if column.generated is not None:
        _only(column.identity is None and column.default is None and not column.autoincrement)
        return generated_value(_condition(column.generated.expression), column.generated.stored)
    if column.identity is not None:
        _only(not column.identity.bounded and not column.default and column.type.name in BITS)
        return f"{SEQUENCE}, {'always' if column.identity.always else 'by default'}"
    if column.autoincrement:
        draws = column.write is Write.OMITTED and column.default is None
        _only(draws and column.type.name in BITS and not column.type.dimensions)
        return SEQUENCE
    if column.default is None:
        return ""
    found = default(column.default, column.type)
    _only(found is not None and "NULL" not in column.default.upper())
    return str(found)


def _unique(unique: Unique) -> str:
    _only(not unique.include)
    deferred = (unique.deferrable, unique.initially_deferred)
    return repr((tuple(sorted(unique.columns)), *deferred, unique.nulls_not_distinct))


def _foreign_keys(table: Table) -> Iterator[str]:
    for key in table.foreign_keys:
        match = key.match if len(key.columns) > 1 else "SIMPLE"
        _only("(" not in key.on_delete and len(key.columns) == len(key.target_columns))
        pairs = tuple(sorted(zip(key.columns, key.target_columns, strict=True)))
        target = relation(key.target)
        yield repr((pairs, target, key.on_delete, key.on_update, match, key.deferrable, key.initially_deferred))


def _index(index: Index) -> str:
    named = any(each.is_expression or each.operator_class or each.collation for each in index.elements)
    _only(not named and index.method == "btree")
    keys = tuple((each.text, each.descending, each.nulls_first) for each in index.elements)
    where = "" if index.where is None else _condition(index.where)
    return repr((keys, index.unique, tuple(sorted(index.include)), index.nulls_not_distinct, where))


def _condition(text: str) -> str:
    found = condition(text)
    _only(found is not None)
    return str(found)
