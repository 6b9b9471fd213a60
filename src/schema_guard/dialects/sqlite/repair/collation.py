"""The collation that a column's text compares by; the rows stay as they are."""

from __future__ import annotations

from schema_guard.dialects.sqlite.edit import set_collation
from schema_guard.dialects.sqlite.repair.case import Edit
from schema_guard.difference import CollationDiffers

__all__ = ["change_collation"]


def change_collation(differs: CollationDiffers) -> Edit:
    collation = (differs.column.collation or "").strip('"') or None
    return Edit(
        differs,
        lambda text: set_collation(text, differs.column.name, collation),
        f"{differs.column.name}: collation {collation or 'BINARY'}",
    )
