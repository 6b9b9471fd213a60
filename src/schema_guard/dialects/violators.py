"""SQL that finds the rows which stand in the way of a constraint. Pure text, valid on PostgreSQL and SQLite alike.

Texts of CHECKs, predicates and expressions are the application's own words, so the queries belong under its own
search_path; every name is quoted and every table qualified.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from schema_guard.difference import (
    BackfillPending,
    CheckMissing,
    CheckNotValidated,
    Difference,
    ForeignKeyMissing,
    ForeignKeyNotValidated,
    IndexInvalid,
    IndexMissing,
    NullabilityDiffers,
    PrimaryKeyDiffers,
    RowsUnreadable,
    UniqueMissing,
)
from schema_guard.name_length import LONGEST_NAME, name_bytes
from schema_guard.schema import ForeignKey, Index, IndexElement, Name, Table

__all__ = ["Violators", "mentions", "rows_where", "tables_read", "violators_of"]

SAMPLE = 5
"""How many keys a sample holds."""

_CHARACTER = 4
"""The most bytes of a character in UTF-8."""

Quote = Callable[[Name | str], str]


@dataclass(frozen=True, slots=True)
class Violators:
    """How to find the rows that violate something.

    `query` shows them to a person, `count` gives their number, `exists` one boolean, `sample` the primary keys of a
    few of them as text columns (empty when the table has no primary key).
    """

    query: str
    count: str
    exists: str
    sample: str


def violators_of(difference: Difference, table: Table, quote: Quote, functions: str = "") -> Violators | None:
    """The rows of the live `table` that violate what the difference says is missing.

    `functions` stands before the names of functions: `pg_catalog.` leads past one of the same name on the search_path.

    None when no row can, or when a column that it needs is not there yet.
    """
    match difference:
        case NullabilityDiffers(column=column):
            if column.nullable or table.column(column.name) is None:
                return None
            return rows_where(table, f"{quote(column.name)} IS NULL", quote, functions)
        case CheckMissing(check=check) | CheckNotValidated(check=check):
            if _lacks_mentioned(check.expression, difference.table, table):
                return None
            return rows_where(table, f"NOT ({check.expression})", quote, functions)
        case UniqueMissing(unique=unique):
            if _lacks(table, unique.columns):
                return None
            terms = [quote(name) for name in unique.columns]
            return _duplicates(table, terms, None, unique.nulls_not_distinct, quote, functions)
        case IndexMissing(index=index) | IndexInvalid(index=index):
            return _index_duplicates(index, difference.table, table, quote, functions)
        case RowsUnreadable(condition=condition) if condition:
            return rows_where(table, condition, quote, functions)
        case PrimaryKeyDiffers(primary_key=primary_key, actual=actual):
            if _lacks(table, primary_key.columns) or (actual and set(actual.columns) <= set(primary_key.columns)):
                return None
            return _unfit_keys(table, primary_key.columns, quote, functions)
        case ForeignKeyMissing(foreign_key=key) | ForeignKeyNotValidated(foreign_key=key):
            return None if _lacks(table, key.columns) else _orphans(table, key, quote, functions)
        case _:
            return None


def tables_read(difference: Difference) -> frozenset[Name]:
    """The tables whose rows decide about a difference."""
    match difference:
        case ForeignKeyMissing(foreign_key=key) | ForeignKeyNotValidated(foreign_key=key):
            return frozenset({difference.table.name, key.target})
        case BackfillPending(fill=fill):
            return frozenset({fill.table, fill.source})
        case _:
            return frozenset({difference.table_name} if difference.table_name else ())


def mentions(text: str, name: str) -> bool:
    """Whether an SQL text can refer to a column of that name (no false "no")."""
    if re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text, re.IGNORECASE) is not None:
        return True
    # PostgreSQL cuts names to 63 bytes, at the end of a character: the text may have the whole of it.
    cut = len(name_bytes(name)) > LONGEST_NAME - _CHARACTER and name.lower() in text.lower()
    return cut or (name.replace('"', '""') in text and re.fullmatch(r"\w+", name) is None)


def _lacks(table: Table, columns: Sequence[str]) -> bool:
    return any(table.column(name) is None for name in columns)


def _lacks_mentioned(text: str, expected: Table, table: Table) -> bool:
    missing = [column.name for column in expected.columns if table.column(column.name) is None]
    return any(mentions(text, name) for name in missing)


def _keys(table: Table) -> tuple[str, ...]:
    return table.primary_key.columns if table.primary_key else ()


def _as_text(columns: Sequence[str], quote: Quote) -> str:
    return ", ".join(f"CAST({quote(name)} AS TEXT)" for name in columns)


def rows_where(table: Table, condition: str, quote: Quote, functions: str = "") -> Violators:
    """The rows of the live `table` for which a condition is true."""
    rows = f"FROM {quote(table.name)} WHERE {condition}"
    keys = _keys(table)
    return Violators(
        query=f"SELECT {', '.join(map(quote, keys)) or '*'} {rows}",
        count=f"SELECT {functions}count(*) {rows}",
        exists=f"SELECT EXISTS (SELECT 1 {rows})",
        sample=f"SELECT {_as_text(keys, quote)} {rows} LIMIT {SAMPLE}" if keys else "",
    )


def _duplicates(
    table: Table, terms: Sequence[str], predicate: str | None, nulls_not_distinct: bool, quote: Quote, functions: str
) -> Violators:
    """Rows that share all their terms with another row. NULLs are distinct from each other unless said otherwise."""
    conditions = [] if nulls_not_distinct else [f"{term} IS NOT NULL" for term in terms]
    if predicate:
        conditions.append(f"({predicate})")
    rows = f"FROM {quote(table.name)}" + (f" WHERE {' AND '.join(conditions)}" if conditions else "")
    by = ", ".join(terms)
    groups = f"{rows} GROUP BY {by} HAVING {functions}count(*) > 1"
    copies = quote(_free("copies", {column.name for column in table.columns}))
    keys = _keys(table)
    counted = f"count(*) OVER (PARTITION BY {by}) AS {copies}"
    end = f"AS duplicates WHERE {copies} > 1"
    numbered, shown = (f"FROM (SELECT *, {prefix}{counted} {rows}) {end}" for prefix in (functions, ""))
    return Violators(
        query=f"SELECT {', '.join(map(quote, keys)) or '*'} {shown}",
        count=(
            f"SELECT coalesce({functions}sum({copies}), 0)"
            f" FROM (SELECT {functions}count(*) AS {copies} {groups}) AS duplicates"
        ),
        exists=f"SELECT EXISTS (SELECT 1 {groups})",
        sample=f"SELECT {_as_text(keys, quote)} {numbered} LIMIT {SAMPLE}" if keys else "",
    )


def _index_duplicates(index: Index, expected: Table, table: Table, quote: Quote, functions: str) -> Violators | None:
    if not index.unique:
        return None
    for element in index.elements:
        if element.is_expression:
            if _lacks_mentioned(element.text, expected, table):
                return None
        elif table.column(element.text) is None:
            return None
    if index.where and _lacks_mentioned(index.where, expected, table):
        return None
    terms = [_term(element, quote) for element in index.elements]
    return _duplicates(table, terms, index.where, index.nulls_not_distinct, quote, functions)


def _term(element: IndexElement, quote: Quote) -> str:
    term = f"({element.text})" if element.is_expression else quote(element.text)
    if element.collation is None:
        return term
    schema, point, rest = element.collation.partition(".")
    qualified = point and not rest.lower().startswith("utf")  # en_US.utf8 is one name
    return f"{term} COLLATE {quote(Name(schema, rest) if qualified else element.collation)}"


def _unfit_keys(table: Table, columns: Sequence[str], quote: Quote, functions: str) -> Violators:
    """Rows that cannot take part in a primary key: a part of it is NULL, or another row has the same."""
    names = [quote(name) for name in columns]
    by = ", ".join(names)
    is_null = " OR ".join(f"{name} IS NULL" for name in names)
    copies = quote(_free("copies", {column.name for column in table.columns}))
    counted = f"count(*) OVER (PARTITION BY {by}) AS {copies} FROM {quote(table.name)}) AS unfit"
    end = f"WHERE {copies} > 1 OR {is_null}"
    unfit, shown = (f"FROM (SELECT *, {prefix}{counted} {end}" for prefix in (functions, ""))
    return Violators(
        query=f"SELECT {by} {shown}",
        count=f"SELECT {functions}count(*) {unfit}",
        exists=f"SELECT EXISTS (SELECT 1 {unfit})",
        sample=f"SELECT {_as_text(columns, quote)} {unfit} LIMIT {SAMPLE}",
    )


def _orphans(table: Table, key: ForeignKey, quote: Quote, functions: str) -> Violators:
    """Rows whose key has no partner. MATCH SIMPLE lets a row go as soon as a part is NULL, MATCH FULL only if all are
    (PostgreSQL manual, CREATE TABLE, REFERENCES; SQLite always matches SIMPLE)."""
    child = [f"child.{quote(name)}" for name in key.columns]
    parent = [f"parent.{quote(name)}" for name in key.target_columns]
    pairs = " AND ".join(f"{right} = {left}" for left, right in zip(child, parent, strict=True))
    complete = " AND ".join(f"{name} IS NOT NULL" for name in child)
    condition = f"{complete} AND NOT EXISTS (SELECT 1 FROM {quote(key.target)} AS parent WHERE {pairs})"
    if key.match == "FULL" and len(child) > 1:
        some = " OR ".join(f"{name} IS NULL" for name in child)
        any_set = " OR ".join(f"{name} IS NOT NULL" for name in child)
        condition = f"({condition}) OR (({some}) AND ({any_set}))"
    rows = f"FROM {quote(table.name)} AS child WHERE {condition}"
    keys = _keys(table)
    shown = ", ".join(f"child.{quote(name)}" for name in dict.fromkeys((*keys, *key.columns)))
    as_text = ", ".join(f"CAST(child.{quote(name)} AS TEXT)" for name in keys)
    return Violators(
        query=f"SELECT {shown} {rows}",
        count=f"SELECT {functions}count(*) {rows}",
        exists=f"SELECT EXISTS (SELECT 1 {rows})",
        sample=f"SELECT {as_text} {rows} LIMIT {SAMPLE}" if keys else "",
    )


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name
