"""The words for what a difference does to the application."""

from __future__ import annotations

from collections.abc import Sequence

from schema_guard.counted import listed
from schema_guard.schema import Table

__all__ = ["CASTS", "failing", "writers"]

CASTS = "a flush of several new rows casts to it: where there is one it fails"
"""Said of a type that other statements do not name."""


def writers(table: Table) -> str:
    """The classes that map the table, or its name: the subject of every effect."""
    return ", ".join(table.mapped_by) or str(table.name)


def failing(verbs: Sequence[str], classes: str) -> str:
    """`INSERT of Proposal fails`, `UPDATE and DELETE of Proposal fail`."""
    return f"{listed(verbs)} of {classes} fail{'s' if len(verbs) == 1 else ''}"
