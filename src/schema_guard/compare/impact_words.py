"""The words for what a difference does to the application."""

from __future__ import annotations

from collections.abc import Sequence

from schema_guard.counted import listed
from schema_guard.schema import Table

__all__ = ["casts_to", "failing", "writers"]


def writers(table: Table) -> str:
    """The classes that map the table, or its name: the subject of every effect."""
    return ", ".join(table.mapped_by) or str(table.name)


def casts_to(type_: str) -> str:
    """What fails for a type that is not there, or not the column's, and that other statements do not name."""
    return f"an INSERT of several new objects in one flush casts to {type_}, and fails"


def failing(verbs: Sequence[str], classes: str) -> str:
    """`INSERT of Proposal fails`, `UPDATE and DELETE of Proposal fail`."""
    return f"{listed(verbs)} of {classes} fail{'s' if len(verbs) == 1 else ''}"
