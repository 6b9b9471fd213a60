"""The collation that a column's text compares by; the rows stay as they are, but may no longer be told apart."""

from __future__ import annotations

from schema_guard.dialects.sqlite import changes
from schema_guard.dialects.sqlite.collisions import collisions_of, wanted_collation
from schema_guard.dialects.sqlite.repair.case import Case, Edit, Rows, refuse_violated
from schema_guard.difference import CollationDiffers
from schema_guard.plan import Refusal
from schema_guard.schema import Table

__all__ = ["change_collation"]


def change_collation(differs: CollationDiffers, live: Table, case: Case) -> Edit | Refusal:
    name, collation = differs.column.name, wanted_collation(differs)
    if rejected := case.collation_missing(differs.table, differs.column):
        return Refusal(differs, rejected)
    collisions = collisions_of(differs, live)
    rows = case.rows(differs, live.name) if collisions else Rows.KEEP_IT
    if rows is Rows.BREAK_IT:
        return refuse_violated(case, differs)
    return Edit(
        differs,
        changes.collation(name, collation),
        f"{name}: collation {collation or 'BINARY'}",
        certain=rows is Rows.KEEP_IT,
        unless=f"SELECT {' OR '.join(collision.exists for collision in collisions)}" if collisions else "",
    )
