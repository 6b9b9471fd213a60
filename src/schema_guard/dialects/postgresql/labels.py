"""Whether rows hold what the Enum or the classes of the models do not list, where the column itself takes more.

Only models with such columns cost a query. A table that is small in truth is read, the others by what ANALYZE noted as
their most common values; what is found there is looked for in the rows.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence

from schema_guard.column import BITS
from schema_guard.dialects.labels import MOST, Listed, Others, doubted
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import is_disconnect
from schema_guard.dialects.postgresql.fits import EXACTLY
from schema_guard.dialects.postgresql.link import Link, Row
from schema_guard.dialects.postgresql.literals import literal
from schema_guard.dialects.postgresql.text_types import TEXTS
from schema_guard.schema import Column, Name, TypeKind

__all__ = ["others_held", "takes_others"]

SMALL = 1000
"""Pages up to which a table is read."""
TIMEOUT, ALONE = 3.0, 1.0
"""Seconds for the query that asks all, and for each that asks about one column."""
LOCK_TIMEOUT, AGAIN = 0.2, 0.05
"""Seconds that it waits for a lock: the first time, and for each column after that."""
PATIENCE = 5.0
"""Seconds for all of it."""

_TEXTS = TEXTS | {"citext"}
Quote = Callable[[Name | str], str]


def takes_others(column: Column, there: Column) -> bool:
    """Whether a live column can hold what no label stands for; an enum says itself what it holds, and not which of its
    labels stand for a class."""
    if bool(column.type.dimensions) != bool(there.type.dimensions):
        return False
    if there.type.kind is TypeKind.ENUM:
        return bool(column.classes) and column.classes != column.labels
    if column.type.name in BITS or there.type.name in BITS:
        return column.type.name in BITS and there.type.name in BITS
    return there.type.kind is TypeKind.DOMAIN or there.type.name in _TEXTS


def others_held(columns: Sequence[Listed], link: Link, quote: Quote) -> Others:
    """What rows hold. Never raises: a table that is locked, takes too long, or cannot be read, hinders only itself."""
    begun = time.monotonic()
    try:
        return _ask(link, columns, quote, TIMEOUT, LOCK_TIMEOUT)
    except DriverError as error:
        if is_disconnect(error):
            return {}
    found: dict[tuple[Name, str], Sequence[str | None]] = {}
    for each in columns:
        try:
            if time.monotonic() - begun > PATIENCE:
                found[each.key] = doubted(each)
            else:
                found.update(_ask(link, [each], quote, ALONE, AGAIN))
        except DriverError as error:
            if is_disconnect(error):
                break
            found[each.key] = doubted(each)
    return found


def _ask(
    link: Link, columns: Sequence[Listed], quote: Quote, timeout: float, wait: float
) -> dict[tuple[Name, str], tuple[str | None, ...]]:
    """One query for all; one more for each column of a large table whose common values say that there is something."""
    found: dict[tuple[Name, str], tuple[str | None, ...]] = {}
    for position, small, values in _read(link, _query(columns, quote), timeout, wait):
        each, others = columns[int(str(position))], tuple(json.loads(str(values or "[]")))
        if others and not small:
            others = _confirmed(link, each, others, quote, wait)
        if others:
            found[each.key] = tuple(sorted(others, key=lambda value: (value is None, value or "")))
    return found


def _confirmed(
    link: Link, each: Listed, values: Iterable[str | None], quote: Quote, wait: float
) -> tuple[str | None, ...]:
    """Those of the values that rows hold now; all of them where that takes too long."""
    column, table = quote(each.column.name), quote(each.table.name)
    own = each.column.type
    plain = own.kind is TypeKind.BASE and own.schema is None and not each.column.collation
    text = column if plain else f"CAST({column} AS text){EXACTLY}"

    def holding(value: str | None) -> str:
        if value is None:
            return f"{column} IS NULL"
        return f"{literal(value)} = ANY ({_items(column)})" if own.dimensions else f"{text} = {literal(value)}"

    asked = [
        f"({'NULL' if value is None else literal(value)}, EXISTS (SELECT FROM {table} WHERE {holding(value)}))"
        for value in values
    ]
    sql = f"SELECT v.value FROM (VALUES {', '.join(asked)}) AS v(value, held) WHERE v.held"
    try:
        rows = _read(link, sql, ALONE, wait)
    except DriverError as error:
        if is_disconnect(error):
            raise
        return tuple(values)
    return tuple(None if value is None else str(value) for (value,) in rows)


def _read(link: Link, sql: str, timeout: float, wait: float) -> list[Row]:
    with link.reading(timeout, lock_timeout=wait, bare_path=True):
        return link.rows(sql)


def _query(columns: Sequence[Listed], quote: Quote) -> str:
    """A row for each: its position, whether the table is small, and the values that are no labels, as JSON.

    The server runs only that branch of a CASE that it comes to: a large table is not read.
    """
    oids = ", ".join(str(oid) for oid in dict.fromkeys(each.table.facts.oid for each in columns))
    selects = " UNION ALL ".join(
        f"SELECT {position}, s.small, CASE WHEN s.small THEN array_to_json(ARRAY({_rows(each, quote)}))::text"
        f" ELSE array_to_json(ARRAY({_statistics(each)}))::text END FROM sizes AS s"
        f" WHERE s.root = {each.table.facts.oid}"
        for position, each in enumerate(columns)
    )
    return (
        f"WITH RECURSIVE family (root, oid) AS ("
        f"SELECT o.oid, o.oid FROM unnest(ARRAY[{oids}]::oid[]) AS o(oid)"
        " UNION SELECT f.root, i.inhrelid FROM family AS f JOIN pg_inherits AS i ON i.inhparent = f.oid"
        "), sizes AS MATERIALIZED ("
        "SELECT f.root, coalesce(sum(pg_relation_size(f.oid)), 0)"
        f" <= {SMALL} * current_setting('block_size')::int8 AS small"
        " FROM family AS f JOIN pg_class AS c ON c.oid = f.oid GROUP BY f.root"
        " HAVING NOT bool_or(c.relkind = 'f')"
        f") {selects}"
    )


def _rows(each: Listed, quote: Quote) -> str:
    column, table = f"k.{quote(each.column.name)}", f"{quote(each.table.name)} AS k"
    value = f"CAST(v.value AS text){EXACTLY}"
    source = f"unnest({_items(column)})" if each.column.type.dimensions else f"(SELECT {column})"
    return (
        f"SELECT DISTINCT {value} FROM {table}, LATERAL {source} AS v(value) WHERE {each.condition(value)} LIMIT {MOST}"
    )


def _statistics(each: Listed) -> str:
    """What ANALYZE noted of the table or of its partitions, as far as the role may read it (pg_stats)."""
    values = "most_common_elems" if each.column.type.dimensions else "most_common_vals"
    return (
        f"SELECT DISTINCT v.value FROM family AS f JOIN pg_class AS c ON c.oid = f.oid"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " JOIN pg_stats AS t ON t.schemaname = n.nspname AND t.tablename = c.relname"
        f" AND t.attname = {literal(each.column.name)}"
        f" CROSS JOIN LATERAL (SELECT unnest(t.{values}::text::text[]) UNION ALL"
        " SELECT NULL WHERE t.null_frac > 0) AS v(value)"
        f" WHERE f.root = {each.table.facts.oid} AND {each.condition('v.value')} LIMIT {MOST}"
    )


def _items(column: str) -> str:
    return f"CAST({column} AS text[])"
