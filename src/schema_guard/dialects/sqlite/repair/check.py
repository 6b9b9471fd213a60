"""CHECK constraints: a condition that all rows keep goes into the table's text."""

from __future__ import annotations

from schema_guard.dialects.sqlite.changes import constraint_added
from schema_guard.dialects.sqlite.repair.case import Case, Edit, Rows, refuse_violated
from schema_guard.difference import CheckMissing
from schema_guard.plan import Refusal
from schema_guard.schema import Table

__all__ = ["add_check"]


def add_check(missing: CheckMissing, live: Table, planned: Table, case: Case) -> Edit | Refusal:
    """`planned` is the table with the columns that earlier steps add."""
    if missing.holder is not None:
        return Refusal(missing, f"the name is held by {missing.holder}: rename one of the two")
    if rejected := case.rejection(missing.table, missing.check):
        return Refusal(missing, rejected)
    rows = case.rows(missing, live.name)
    if rows is Rows.BREAK_IT:
        return refuse_violated(case, missing)
    return Edit(
        missing,
        constraint_added(missing.check.ddl),
        f"CHECK ({missing.check.expression})",
        certain=rows is Rows.KEEP_IT,
        unless=case.in_the_way(missing, planned),
    )
