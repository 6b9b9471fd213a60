"""One table of the models in a dialect's words, and what of it could not be written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column as ColumnItem
from sqlalchemy import Table as TableItem
from sqlalchemy.exc import NoReferenceError
from sqlalchemy.sql import visitors
from sqlalchemy.types import NullType

from schema_guard.schema import NO_TYPE, Column, Index, Name, Problem, Relation, Table
from schema_guard.sources.sqlalchemy.columns import always_failing, column_of, is_ignored, unwritten_column
from schema_guard.sources.sqlalchemy.constraints import Constraints, constraints_of, is_added_apart, unresolved_target
from schema_guard.sources.sqlalchemy.indexes import index_of, is_created, stands_on
from schema_guard.sources.sqlalchemy.listeners import listeners_of
from schema_guard.sources.sqlalchemy.mapped import Mapped
from schema_guard.sources.sqlalchemy.unusable import unusable_defaults
from schema_guard.sources.sqlalchemy.writer import UnwritableError, Writer

if TYPE_CHECKING:
    from sqlalchemy import Column as ModelColumn
    from sqlalchemy import Table as ModelTable

__all__ = ["is_expected", "table_of"]

_CREATES = re.compile(r"\s*CREATE\s+(VIRTUAL\s+)?", re.IGNORECASE)
_IN_TABLE = re.compile(r"^\(in table .*?, column .*?\): ", re.DOTALL)


def is_expected(table: ModelTable) -> bool:
    """Temporary tables come and go with a connection."""
    if getattr(getattr(table, "_creator_ddl", None), "temporary", False):
        return False
    return not any("TEMP" in str(prefix).upper() for prefix in table._prefixes)


def _is_defined_view(table: ModelTable) -> bool:
    """CreateView(.., metadata=) of SQLAlchemy 2.1."""
    return bool(getattr(table, "is_view", False))


def _is_of_query(table: ModelTable) -> bool:
    """CreateView, or CreateTableAs(.., metadata=) of SQLAlchemy 2.1, which is also what `select().into()` gives."""
    return hasattr(getattr(table, "_creator_ddl", None), "selectable")


def _view_of(table: ModelTable, writer: Writer, mapped: Mapped) -> tuple[Table, list[Problem]]:
    """What the models expect of a view: its columns; and its definition, if they have one."""
    name = writer.table_name(table)
    columns, lost, problems = _columns(table, name, writer, mapped)
    view = Table(
        name=name,
        columns=tuple(columns),
        unwritten=_unwritten(lost, writer, mapped),
        relation=Relation.VIEW,
        mapped_by=mapped.classes_of_table(table),
        joins=tuple(_joins(table, writer, mapped)),
        ignored=is_ignored(table),
    )
    if not _is_defined_view(table):
        return view, problems
    create: Any = copy(table._creator_ddl)
    create.or_replace = False
    try:
        ddl = writer.element(create)
    except UnwritableError as refusal:
        return view, [*problems, Problem(str(name), f"the view cannot be written: {refusal}", breaks=True)]
    query = writer.query(create.selectable)
    return replace(view, ddl=ddl, reads=_read_by(create.selectable, writer), query=query), problems


def _read_by(query: Any, writer: Writer) -> tuple[tuple[Name, str], ...]:
    """The columns of the models' tables that a query reads."""
    read = (
        (writer.table_name(element.table), writer.identifier(element.name))
        for element in visitors.iterate(query)
        if isinstance(element, ColumnItem) and isinstance(element.table, TableItem)
    )
    return tuple(dict.fromkeys(read))


def table_of(
    table: ModelTable, writer: Writer, mapped: Mapped, *, without_columns: bool = False
) -> tuple[Table, list[Problem]]:
    """What the models expect of a table; what cannot be written becomes a problem, and the rest goes on."""
    if table.info.get("is_view") or _is_defined_view(table):
        return _view_of(table, writer, mapped)
    name = writer.table_name(table)
    columns, lost, problems = ([], [], []) if without_columns else _columns(table, name, writer, mapped)
    constraints = constraints_of(table, name, frozenset(lost), writer)
    problems.extend(constraints.problems)
    indexes, index_problems = _indexes(table, name, frozenset(lost), writer)
    problems.extend(index_problems)
    options = writer.options(table)
    expected = Table(
        name=name,
        columns=tuple(columns),
        unwritten=_unwritten(lost, writer, mapped),
        primary_key=constraints.primary_key,
        uniques=tuple(constraints.uniques),
        checks=tuple(constraints.checks),
        foreign_keys=tuple(constraints.foreign_keys),
        indexes=tuple(indexes),
        exclusions=tuple(constraints.exclusions),
        comment=(table.comment or None) if writer.dialect.supports_comments else None,
        relation=Relation.PARTITIONED if options.get("partition_by") else Relation.TABLE,
        inline_foreign_keys=() if writer.keys_added_later else tuple(constraints.foreign_keys),
        mapped_by=mapped.classes_of_table(table),
        joins=tuple(_joins(table, writer, mapped)),
        ignored=is_ignored(table),
        strict=bool(options.get("strict")),
        without_rowid=options.get("with_rowid") is False,
        made_beside=listeners_of(table, writer.dialect.name),
    )
    unusable = [] if is_ignored(table) else list(_unusable(table, name, frozenset(lost), writer))
    try:
        if _is_of_query(table) and not _is_defined_view(table):
            creator: Any = table._creator_ddl
            return replace(expected, ddl=writer.element(creator), reads=_read_by(creator.selectable, writer)), [
                *problems,
                *unusable,
            ]
        if problems or any(is_added_apart(key) for key in constraints.keys if not writer.keys_added_later):
            ddl = _from_parts(table, columns, constraints, writer)
        else:
            keys = [] if writer.keys_added_later else constraints.keys
            ddl = writer.table(table, keys)
    except UnwritableError as refusal:
        problems.append(Problem(str(name), f"the table cannot be written: {refusal}", breaks=True))
        ddl = _from_parts(table, columns, constraints, writer)
    return _as_compiled(replace(expected, ddl=ddl)), [*problems, *unusable]


def _unusable(table: ModelTable, name: Name, lost: frozenset[Any], writer: Writer) -> Iterator[Problem]:
    """Constants that the columns' own types do not take."""
    for column in table.columns:
        if (column.default is None and column.onupdate is None) or column in lost or is_ignored(column):
            continue
        held = writer.identifier(column.name)
        for said, fails in unusable_defaults(column, writer):
            yield Problem(f"{name}.{column.name}", said, breaks=True, column=(name, held), always_fails=fails)


def _joins(table: ModelTable, writer: Writer, mapped: Mapped) -> Iterator[tuple[str, Name, str, str]]:
    for (own, other), relationship in mapped.compared_in(table).items():
        with suppress(UnwritableError):
            target = writer.table_name(other.table)
            yield writer.identifier(own.name), target, writer.identifier(other.name), relationship


def _as_compiled(table: Table) -> Table:
    """The application may compile CREATE TABLE itself (`@compiles(CreateTable)`): to a virtual table; or, where it
    wants none on this database system, to another statement: then the table is not guarded."""
    creates = _CREATES.match(table.ddl)
    if creates is None:
        return replace(table, ignored=True)
    return replace(table, relation=Relation.VIRTUAL) if creates.group(1) else table


def _columns(
    table: ModelTable, name: Name, writer: Writer, mapped: Mapped
) -> tuple[list[Column], list[ModelColumn[Any]], list[Problem]]:
    columns: list[Column] = []
    lost: list[ModelColumn[Any]] = []
    problems: list[Problem] = []
    for column in table.columns:
        if column.system:  # the server's own, such as xmin
            continue
        # what a function of its query gives: the query says its type to the server
        if _is_of_query(table) and isinstance(column.type, NullType):
            columns.append(Column(writer.identifier(column.name), NO_TYPE, mapped_by=mapped.classes_of(column)))
            continue
        try:
            written = column_of(column, writer, mapped)
        except UnwritableError as refusal:
            lost.append(column)
            there = next((each.name for each in _unwritten([column], writer, mapped)), None)
            held = None if there is None else (name, there)
            said = _why_lost(column, str(refusal))
            fails = always_failing(column, writer)
            problems.append(Problem(f"{name}.{column.name}", said, breaks=True, column=held, always_fails=fails))
            continue
        if any(written.name == other.name for other in columns):
            lost.append(column)
            said = f"its definition cannot be written: cut to {written.name}, its name is another column's: shorten it"
            problems.append(Problem(f"{name}.{column.name}", said, breaks=True))
        else:
            columns.append(written)
    return columns, lost, problems


def _unwritten(lost: list[ModelColumn[Any]], writer: Writer, mapped: Mapped) -> tuple[Column, ...]:
    """What is known of them all the same; one whose name cannot be written either is left out."""
    columns: list[Column] = []
    for column in lost:
        with suppress(UnwritableError):
            columns.append(unwritten_column(column, writer, mapped))
    return tuple(columns)


def _why_lost(column: ModelColumn[Any], refusal: str) -> str:
    """A column without a type of its own takes the type of what it refers to: then that reference is the reason."""
    if isinstance(column.type, NullType):
        for key in column.foreign_keys:
            try:
                key.column  # noqa: B018 (resolves the reference)
            except NoReferenceError as missing:
                return f"the column takes its type from its foreign key, which {unresolved_target(key, missing)}"
        return "the column has no type"
    return f"its definition cannot be written: {_IN_TABLE.sub('', refusal)}"


def _indexes(
    table: ModelTable, name: Name, lost: frozenset[ModelColumn[Any]], writer: Writer
) -> tuple[list[Index], list[Problem]]:
    indexes: list[Index] = []
    problems: list[Problem] = []
    for index in sorted(table.indexes, key=lambda index: str(index.name or "")):
        if stands_on(index, lost):
            continue
        label = f"{name}.{index.name or 'index'}"
        try:
            if is_created(index, writer):
                if isinstance(index.name, str):
                    held = writer.constraint_name(index)
                    what = f"an index of {name}"
                    writer.claim(("relation", name.schema), held, str(index.name), what, ("index", name.name))
                indexes.append(index_of(index, writer))
        except UnwritableError as refusal:
            problems.append(Problem(label, f"cannot be written: {refusal}"))
        except Exception as error:  # a condition of the application's own, given to ddl_if()
            problems.append(Problem(label, f"its condition fails: {error}"))
    return indexes, problems


def _from_parts(table: ModelTable, columns: list[Column], constraints: Constraints, writer: Writer) -> str:
    """CREATE TABLE of what could be written, in the order in which SQLAlchemy puts it."""
    in_columns = {id(check) for column in table.columns for check in column.constraints}
    lines = [column.ddl for column in columns]
    lines += [text for constraint, text in constraints.written if id(constraint) not in in_columns]
    head = " ".join(["CREATE", *(str(prefix) for prefix in table._prefixes), "TABLE"])
    named = writer.dialect.identifier_preparer.format_table(table)
    return f"{head} {named} (\n\t" + ", \n\t".join(lines) + "\n)" + writer.ddl.post_create_table(table)
