"""Columns that cannot be added because what inherits from the table has one of that name and of another type.

PostgreSQL merges the two where type and collation are the same, and refuses to add the column where they are not
(MergeAttributesIntoExisting): known before it is tried, also of tables that the models don't know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.difference import ColumnMissing, Difference
from schema_guard.plan import Definition, Rejection
from schema_guard.schema import Name, Relation, Schema, Type, TypeKind

__all__ = ["unlike_inheritors"]


def unlike_inheritors(
    link: Link,
    differences: Iterable[Difference],
    actual: Schema,
    type_of: Callable[[str], Type],
    quote: Callable[[Name | str], str],
    timeout: float,
) -> dict[Definition, Rejection]:
    """What is in the way of each missing column.

    Args:
        link: a connection.
        differences: what compare found.
        actual: the live schema.
        type_of: reads the server's text of a type.
        quote: the dialect's quoting.
        timeout: seconds for the statement.

    Raises what the link raises.
    """
    asked = {
        (quote(each.table.name), each.column.name): each
        for each in differences
        if isinstance(each, ColumnMissing) and _has_inheritors(actual, each.table.name)
    }
    if not asked:
        return {}
    tables, columns = zip(*asked, strict=True)
    with link.reading(timeout, bare_path=True):
        rows = link.rows(query("inheritors", tables=tables, columns=columns))
    found: dict[Definition, Rejection] = {}
    for table, name, child, text, collation in rows:
        difference = asked[str(table), str(name)]
        type_ = type_of(str(text))
        if _unlike(difference.column.type, type_) or _unlike_text(difference.column.collation, collation):
            of = f"{type_}{f' COLLATE {collation}' if collation else ''}"
            said = f"{child} inherits from it, and has a column {name} of another type: {of}"
            advice = f"ALTER TABLE {child} RENAME COLUMN {quote(str(name))} TO {quote(f'{name}_old')};"
            found[difference.table.name, difference.column] = Rejection(said, "type", "", advice=(advice,), whole=True)
    return found


def _has_inheritors(actual: Schema, name: Name) -> bool:
    live = actual.table(name)
    return live is not None and bool(live.facts.children) and live.relation is not Relation.PARTITIONED


def _unlike(wanted: Type, given: Type) -> bool:
    """Of built-in types alone: the server's text of others depends on the search_path."""
    known = {wanted.kind, given.kind} == {TypeKind.BASE} and wanted.schema is None and given.schema is None
    same = (wanted.name, wanted.arguments, bool(wanted.dimensions))
    return known and same != (given.name, given.arguments, bool(given.dimensions))


def _unlike_text(wanted: str | None, given: object) -> bool:
    return wanted is not None and given is not None and wanted.split(".")[-1].strip('"') != given
