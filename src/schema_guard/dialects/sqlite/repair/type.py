"""A type of another affinity: SQLite would convert the values that are stored, so only an empty table is changed."""

from __future__ import annotations

from schema_guard.dialects.sqlite.canonical import strict_type
from schema_guard.dialects.sqlite.changes import type_of
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.repair.case import Case, Edit
from schema_guard.difference import TypeDiffers
from schema_guard.plan import Refusal
from schema_guard.schema import Table

__all__ = ["change_type"]


def change_type(differs: TypeDiffers, live: Table, case: Case) -> Edit | Refusal:
    name, wanted = differs.column.name, differs.column.type.text
    if live.strict:
        wanted = strict_type(wanted)
    if case.empty(live.name):
        return Edit(differs, type_of(name, wanted), f"{name}: type {wanted}")
    column = quote(name)
    return Refusal(
        differs,
        f"a column of type {wanted} would convert values that are stored now; look at them first",
        (f"SELECT typeof({column}), count(*), min({column}), max({column}) FROM {quote(live.name)} GROUP BY 1",),
    )
