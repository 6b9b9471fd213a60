"""Tables of tools that work on the application's database. Pure."""

from __future__ import annotations

from schema_guard.names import OWN_TOOLS
from schema_guard.schema import Name, Schema

__all__ = ["OTHERS", "own_tools", "version_tables"]

OTHERS = frozenset({"django_migrations", "spatial_ref_sys", "sqlite_sequence"})
"""Of other tools: no application maps them."""
_VERSIONS = ("version_num",)
"""The columns of Alembic's version table, whose name is the application's own where it says `version_table`."""


def own_tools(actual: Schema) -> frozenset[Name]:
    """Tables of tools that are part of the same application: not worth a note."""
    named = (name for name in actual.unknown_tables if name.name in OWN_TOOLS)
    return version_tables(actual).union(named)


def version_tables(actual: Schema) -> frozenset[Name]:
    """Tables that look like Alembic's version table, whatever their names."""
    return frozenset(
        name for name, columns in actual.unknown_columns if tuple(each.name for each in columns) == _VERSIONS
    )
