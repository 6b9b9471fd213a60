"""The connection's own tables that a name without its database means before those of main."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from schema_guard.dialects.sqlite.names import pragma
from schema_guard.schema import Name, Schema

__all__ = ["temporary_tables"]


def temporary_tables(
    expected: Schema, read: Callable[[str], Sequence[tuple[object, ...]]]
) -> Iterator[tuple[Name, tuple[str, ...]]]:
    """Those of the expected names, with the expected columns that they have; `read` runs one SELECT."""
    rows = read("SELECT name FROM temp.sqlite_master WHERE type IN ('table', 'view')")
    held = {str(name).lower() for (name,) in rows}
    for table in expected.tables if held else ():
        if table.name.schema is None and table.name.name.lower() in held:
            rows = read(f"SELECT name FROM {pragma('table_xinfo', table.name.name, 'temp')}")
            there = {str(name).lower() for (name,) in rows}
            yield table.name, tuple(each.name for each in table.columns if each.name.lower() in there)
