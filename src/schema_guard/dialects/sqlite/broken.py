"""Views and virtual tables that SQLite cannot read: what they name is gone, or their module is not loaded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from schema_guard.dialects.sqlite.catalog import relation_query
from schema_guard.dialects.sqlite.names import quote
from schema_guard.errors import ReadError
from schema_guard.schema import Name, Schema, Table
from schema_guard.table_facts import Broken

__all__ = ["relations_read", "with_broken"]

Row = tuple[object, ...]

_REGISTERED = ("no such function", "no such module", "no such collation")
"""How SQLite names what an application may register on its connections."""
_OF_ANOTHER_TABLE = re.compile(r"(?is)\bUSING\s+fts[345]\s*\(.*\bcontent\s*=\s*(?!''|\"\"|,|\))")
"""A full-text table that reads its rows from a table of another name (https://sqlite.org/fts5.html, 4.4.3)."""
_GONE = ("no such ", "SQL logic error")
"""What FTS5 says of a table or a column that is not there, and FTS4 of anything."""


def relations_read(
    rows: Sequence[Row], names: Sequence[str], schema: str | None, read: Callable[[str], list[Row]]
) -> tuple[list[Row], dict[str, str]]:
    """The rows of `relation_query`, and the words of SQLite for each that is broken.

    Args:
        rows: the result of `catalog_query`.
        names: of views and virtual tables.
        schema: their database.
        read: runs a query; raises ReadError.
    """
    columns, broken = _columns(names, schema, read)
    return columns, broken | _without_content(rows, [each for each in names if each not in broken], schema, read)


def _columns(
    names: Sequence[str], schema: str | None, read: Callable[[str], list[Row]]
) -> tuple[list[Row], dict[str, str]]:
    """One that is broken has none.

    All are read at once; one by one only when one of them is broken.
    """
    if not names:
        return [], {}
    try:
        return read(relation_query(names, schema)), {}
    except ReadError as error:
        if len(names) == 1:
            return [], {names[0]: error.message.partition(": ")[2]}
    each = [_columns([name], schema, read) for name in names]
    return [row for rows, _ in each for row in rows], {
        name: said for _, broken in each for name, said in broken.items()
    }


def _without_content(
    rows: Sequence[Row], names: Sequence[str], schema: str | None, read: Callable[[str], list[Row]]
) -> dict[str, str]:
    """Full-text tables whose content is gone: SQLite tells that to who reads a row."""
    found: dict[str, str] = {}
    texts = {str(row[3]): str(row[5]) for row in rows if (row[0], row[1]) == ("object", "table")}
    for name in names:
        if _OF_ANOTHER_TABLE.search(texts.get(name, "")):
            try:
                read(f"SELECT * FROM {quote(Name(schema, name))} LIMIT 1")
            except ReadError as error:
                said = error.message.partition(": ")[2]
                if said.startswith(_GONE):
                    found[name] = said
    return found


def with_broken(schema: Schema, broken: Mapping[str, str], *, by_url: bool) -> Schema:
    """The schema with what is broken marked.

    Args:
        schema: of one database.
        broken: by the name that it has there.
        by_url: the connection has nothing that the application registers.
    """

    def marked(table: Table) -> Table:
        said = next((said for name, said in broken.items() if name.lower() == table.name.name.lower()), "")
        if not said:
            return table
        found = Broken(said, by_url and said.startswith(_REGISTERED))
        return replace(table, facts=replace(table.facts, broken=found))

    return replace(schema, tables=tuple(map(marked, schema.tables))) if broken else schema
