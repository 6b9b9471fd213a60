"""Primary keys: added where the rows have one; another one takes the place of a key only in an empty table."""

from __future__ import annotations

from schema_guard.dialects.sqlite.changes import primary_key
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.repair.case import Case, Edit, Rows, refuse_violated
from schema_guard.difference import PrimaryKeyDiffers
from schema_guard.plan import Refusal
from schema_guard.schema import Table

__all__ = ["change_primary_key"]


def change_primary_key(differs: PrimaryKeyDiffers, live: Table, planned: Table, case: Case) -> Edit | Refusal:
    """`planned` is the table with the columns that earlier steps add."""
    wanted = differs.primary_key
    if differs.of_same_columns and differs.actual is not None and differs.actual.conflict != wanted.conflict:
        conflict = differs.actual.conflict
        meant = f'if it is meant, sqlite_on_conflict_primary_key="{conflict}"' if conflict else "correct the models"
        return Refusal(differs, f"what becomes of a row that repeats a key, only a person knows: {meant}")
    empty = case.empty(live.name)
    if differs.actual is not None and not empty:
        columns = ", ".join(quote(column) for column in wanted.columns)
        return Refusal(
            differs,
            f"the rows are told apart by ({', '.join(differs.actual.columns)}), and other tables may rely on that:"
            " rebuild the table by hand; rows that the new key does not tell apart:",
            (f"SELECT {columns}, count(*) FROM {quote(live.name)} GROUP BY {columns} HAVING count(*) > 1",),
        )
    rows = case.rows(differs, live.name)
    if rows is Rows.BREAK_IT:
        return refuse_violated(case, differs)
    names = ", ".join(quote(column) for column in wanted.columns)
    body = wanted.ddl or f"PRIMARY KEY ({names})"
    if _never_again(differs, planned):
        body = f"PRIMARY KEY ({names} AUTOINCREMENT)"
    missing = {column for column in wanted.columns if live.column(column) is None}
    return Edit(
        differs,
        primary_key(body),
        f"PRIMARY KEY ({', '.join(wanted.columns)})",
        # A key column that comes with the rebuild takes the rowid, which tells all rows apart.
        certain=rows is Rows.KEEP_IT or bool(missing),
        unless=case.in_the_way(differs, planned),
        provides=differs.makes,
    )


def _never_again(differs: PrimaryKeyDiffers, planned: Table) -> bool:
    """AUTOINCREMENT is allowed on an INTEGER PRIMARY KEY only (https://sqlite.org/autoinc.html)."""
    declared = {column.name: column.type.text.upper() for column in planned.columns}
    return not planned.without_rowid and any(
        column.never_again and differs.primary_key.columns == (column.name,) and declared.get(column.name) == "INTEGER"
        for column in differs.table.columns
    )
