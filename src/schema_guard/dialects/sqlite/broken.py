"""Views and virtual tables whose columns SQLite cannot tell: what they name is gone, or their module is not loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from schema_guard.dialects.sqlite.catalog import relation_query
from schema_guard.errors import ReadError
from schema_guard.schema import Schema, Table
from schema_guard.table_facts import Broken

__all__ = ["relation_columns", "with_broken"]

Row = tuple[object, ...]

_REGISTERED = ("no such function", "no such module", "no such collation")
"""How SQLite names what an application may register on its connections."""


def relation_columns(
    names: Sequence[str], schema: str | None, read: Callable[[str], list[Row]]
) -> tuple[list[Row], dict[str, str]]:
    """The rows of `relation_query`, and the words of SQLite for each that is broken, which has no columns then.

    All are read at once; one by one only when one of them is broken.
    """
    if not names:
        return [], {}
    try:
        return read(relation_query(names, schema)), {}
    except ReadError as error:
        if len(names) == 1:
            return [], {names[0]: error.message.partition(": ")[2]}
    each = [relation_columns([name], schema, read) for name in names]
    return [row for rows, _ in each for row in rows], {
        name: said for _, broken in each for name, said in broken.items()
    }


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
