"""CHECK constraints: a condition that all rows keep goes into the table's text."""

from __future__ import annotations

from schema_guard.dialects.sqlite.changes import both, check_removed, constraint_added
from schema_guard.dialects.sqlite.repair.case import ByHand, Case, Edit, Rows, refuse_violated
from schema_guard.difference import CheckMissing, Impact, ObjectUnknown
from schema_guard.plan import Refusal
from schema_guard.schema import Table

__all__ = ["add_check", "unknown_check"]


def add_check(missing: CheckMissing, live: Table, planned: Table, case: Case) -> Edit | Refusal | ByHand:
    """`planned` is the table with the columns that earlier steps add."""
    if rejected := case.rejection(missing.table, missing.check):
        return Refusal(missing, rejected)
    rows = case.rows(missing, live.name)
    if rows is Rows.BREAK_IT:
        return refuse_violated(case, missing)
    # SQLite would take two of one name; but of the same name it is meant to be this one.
    held = next((check for check in live.checks if missing.holder and check.name == missing.check.name), None)
    if held is not None:
        return ByHand(
            missing,
            f"the name {held.name} is held by CHECK ({held.expression}), which would have to be replaced",
            both(check_removed(held.name, held.expression), constraint_added(missing.check.ddl)),
        )
    return Edit(
        missing,
        constraint_added(missing.check.ddl),
        f"CHECK ({missing.check.expression})",
        certain=rows is Rows.KEEP_IT,
        unless=case.in_the_way(missing, planned),
    )


def unknown_check(unknown: ObjectUnknown, live: Table) -> ByHand | Refusal:
    """What the models don't know is never touched; where it breaks the application, the script would remove it."""
    reason = "the models don't know it, so it is left alone: map it, or remove it"
    for check in live.checks if unknown.impact is Impact.BREAKS else ():
        same = unknown.definition in (check.expression, f"({check.expression})")
        if same and check.name in (unknown.name, None):
            return ByHand(unknown, reason, check_removed(check.name, check.expression))
    return Refusal(unknown, reason)
