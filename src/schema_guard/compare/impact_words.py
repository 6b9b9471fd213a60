"""The words for what a difference does to the application."""

from __future__ import annotations

from schema_guard.schema import Table

__all__ = ["writers"]


def writers(table: Table) -> str:
    """The classes that map the table, or its name: the subject of every effect."""
    return ", ".join(table.mapped_by) or str(table.name)
