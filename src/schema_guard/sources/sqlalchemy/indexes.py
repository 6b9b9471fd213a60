"""The indexes of one table in a dialect's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, text
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import (
    BinaryExpression,
    CollationClause,
    ColumnClause,
    Grouping,
    Label,
    TextClause,
    UnaryExpression,
    _textual_label_reference,
)
from sqlalchemy.sql.elements import (
    ClauseElement as Clause,
)

from schema_guard.schema import Index, IndexElement
from schema_guard.sources.sqlalchemy.writer import UnwritableError, Writer

if TYPE_CHECKING:
    from sqlalchemy import Index as ModelIndex
    from sqlalchemy import Table

__all__ = ["element_of", "index_of", "is_created", "stands_on"]

_ORDER = re.compile(r"(?:^|\s+)(?:(ASC|DESC)|NULLS\s+(FIRST|LAST))\s*$", re.IGNORECASE)
_MARK = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[(),\[\]]""")
_WORD = r'(?:"(?:[^"]|"")+"|[A-Za-z_][\w$]*)'
_CLASS = rf"(?:{_WORD}\.)?(?P<class>{_WORD})(?:\s*\([^()]*=[^()]*\))?"
"""An operator class as CREATE INDEX takes it: with its schema and parameters, `public.gist_trgm_ops(siglen=32)`."""
_OPERATOR_CLASS = re.compile(_CLASS)
_TEXT_COLUMN = re.compile(rf"^(?P<column>{_WORD})(?:\s+COLLATE\s+(?P<collation>{_WORD}))?(?:\s+{_CLASS})?$", re.I)
_TEXT_EXPRESSION = re.compile(rf"^(?P<expression>.*\))\s+{_CLASS}$", re.DOTALL)


def is_created(index: ModelIndex, writer: Writer) -> bool:
    """Whether SQLAlchemy creates it in this dialect: ddl_if()'s condition holds. Raises what the condition raises."""
    condition = index._ddl_if
    return condition is None or bool(condition._should_execute(CreateIndex(index), index, None, compiler=writer.ddl))


def stands_on(index: ModelIndex, lost: frozenset[Column[Any]]) -> bool:
    return bool(lost and lost.intersection(index.columns))


def index_of(index: ModelIndex, writer: Writer) -> Index:
    """What the models expect of an index.

    Raises:
        UnwritableError: it has no columns or no name, or an expression of it cannot be written in this dialect.
    """
    if not index.expressions:
        raise UnwritableError("the index has no columns")
    options = writer.options(index)
    where = options.get("where")
    assert index.table is not None
    return Index(
        name=writer.constraint_name(index),
        elements=tuple(
            element_of(item, options.get("ops") or {}, index.table, writer)
            for written in index.expressions
            for item in _parted(written)
        ),
        unique=bool(index.unique),
        where=None if where is None else _where(where, writer),
        include=tuple(writer.identifier(getattr(item, "name", item)) for item in options.get("include") or ()),
        method=str(options.get("using") or "btree").lower(),
        nulls_not_distinct=options.get("nulls_not_distinct") is True,
        options=_storage(options.get("with") or {}),
        definition=writer.index_definition(index),
    )


def _parted(item: Any) -> list[Any]:
    """A text may hold several keys, as CREATE INDEX takes them: `text("lower(a), b DESC")`."""
    if not isinstance(item, TextClause):
        return [item]
    depth, start, parts = 0, 0, []
    for mark in _MARK.finditer(item.text):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(mark[0], 0)
        if mark[0] == "," and depth == 0:
            parts.append(item.text[start : mark.start()])
            start = mark.end()
    return [item] if not parts else [text(part.strip()) for part in (*parts, item.text[start:])]


def _where(where: Any, writer: Writer) -> str | None:
    """The condition; PostgreSQL stores none where it is the constant true."""
    written = writer.expression(text(where) if isinstance(where, str) else where)
    return None if writer.dialect.name == "postgresql" and written.strip("( )").lower() == "true" else written


def _storage(options: Mapping[str, Any]) -> tuple[str, ...]:
    def word(value: object) -> str:
        return str(value).lower() if isinstance(value, bool) else str(value)

    return tuple(sorted(f"{key}={word(value)}" for key, value in options.items()))


def element_of(item: Any, classes: Mapping[str, str], table: Table, writer: Writer) -> IndexElement:
    """One key, its order, collation and operator class taken off the expression one by one."""
    if type(item) is Column and not classes:  # as most are
        return IndexElement(writer.identifier(item.name), False)
    operator_class, descending, nulls_first = _class_of(item, classes)
    collation = None
    while True:
        match item:
            case UnaryExpression(modifier=operators.desc_op | operators.asc_op as modifier):
                descending = modifier is operators.desc_op
                item = item.element
            case UnaryExpression(modifier=operators.nulls_first_op | operators.nulls_last_op as modifier):
                nulls_first = modifier is operators.nulls_first_op
                item = item.element
            case BinaryExpression(right=CollationClause() as clause):
                collation = str(clause.collation)
                item = item.left
            case Grouping() | Label():
                item = item.element
            case _:
                break
        if operator_class is None:
            operator_class, later, order = _class_of(item, classes)
            descending, nulls_first = descending or later, nulls_first if order is None else order
    first = descending if nulls_first is None else nulls_first
    if isinstance(item, (TextClause, _textual_label_reference)):  # the latter is the name in desc("name")
        written = _from_text(writer.expression(item), table, operator_class)
        ordered = descending or nulls_first is not None
        return replace(written, descending=descending, nulls_first=first) if ordered else written
    if isinstance(item, ColumnClause):
        return IndexElement(writer.identifier(item.name), False, descending, first, operator_class, collation)
    return IndexElement(_written(item, writer), True, descending, first, operator_class, collation)


def _class_of(item: Any, classes: Mapping[str, str]) -> tuple[str | None, bool, bool | None]:
    """What `postgresql_ops` says of a column or label: the operator class, without schema and parameters; the order.


    SQLAlchemy writes whatever stands there behind the column: `{"at": "DESC NULLS LAST"}` is an order.
    """
    written, descending, nulls_first = _ordered(classes.get(getattr(item, "key", None) or "") or "")
    plain = _OPERATOR_CLASS.fullmatch(written.strip())
    return (_unquoted(plain.group("class")) if plain else written.strip() or None), descending, nulls_first


def _ordered(written: str) -> tuple[str, bool, bool | None]:
    """What stands in front of the order, whether it descends, and where NULLs come, where that is said."""
    descending, nulls_first = False, None
    while (order := _ORDER.search(written)) is not None:
        if order.group(1):
            descending = order.group(1).upper() == "DESC"
        else:
            nulls_first = order.group(2).upper() == "FIRST"
        written = written[: order.start()]
    return written, descending, nulls_first


def _written(item: Clause, writer: Writer) -> str:
    return writer.expression(item)


def _from_text(written: str, table: Table, operator_class: str | None) -> IndexElement:
    """A key given as text(): `lower(name) DESC`, `name gin_trgm_ops`, `name COLLATE "C"`."""
    written, descending, nulls_first = _ordered(written)
    first = descending if nulls_first is None else nulls_first
    plain = _TEXT_COLUMN.match(written.strip())
    if plain is not None and (column := _column_named(plain.group("column"), table)) is not None:
        collation = plain.group("collation")
        return IndexElement(
            column,
            False,
            descending,
            first,
            _unquoted(plain.group("class")) if plain.group("class") else operator_class,
            None if collation is None else _unquoted(collation),
        )
    classed = _TEXT_EXPRESSION.match(written.strip())
    if classed is not None:
        return IndexElement(classed.group("expression"), True, descending, first, _unquoted(classed.group("class")))
    return IndexElement(written.strip(), True, descending, first, operator_class)


def _unquoted(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word


def _column_named(word: str, table: Table) -> str | None:
    name = _unquoted(word) if word.startswith('"') else word.lower()
    return next((str(column.name) for column in table.columns if column.name == name), None)
