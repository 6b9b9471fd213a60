"""NOT NULL: loosened where the models write NULL, tightened where no row holds one."""

from __future__ import annotations

from schema_guard.dialects.sqlite.changes import not_null, nullable
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.repair.case import Case, Edit, Rows
from schema_guard.dialects.sqlite.repair.default import change_default
from schema_guard.difference import DefaultDiffers, IdentityDiffers, NullabilityDiffers
from schema_guard.plan import GIVE_A_VALUE, Refusal
from schema_guard.schema import Table, Write

__all__ = ["change_nullability"]


def change_nullability(differs: NullabilityDiffers, live: Table, case: Case) -> Edit | Refusal:
    name = differs.column.name
    if differs.column.nullable:
        if differs.actual.null_replaced:
            return Refusal(differs, "ON CONFLICT REPLACE stores the default in place of NULL, so every statement works")
        if live.without_rowid and live.primary_key is not None and name in live.primary_key.columns:
            return Refusal(differs, "a primary key of a table WITHOUT ROWID holds no NULL; change the models")
        return Edit(differs, nullable(name), f"{name} may be NULL")
    if differs.column.filled_unseen and not differs.actual.given_value:
        return Refusal(differs, "the models leave its value to the server, and nothing would fill it")
    rows = case.rows(differs, live.name)
    value = _value_to_come(differs, live, case)
    if isinstance(value, Refusal):
        reason = "rows that leave it to the server are stored with NULL now, and would be refused: nothing gives it"
        return Refusal(differs, reason)
    if value is not None and rows is Rows.KEEP_IT:  # in one rebuild with it: between two no row could be inserted
        return Edit(differs, not_null(name), f"{name} must not be NULL", certain=value.certain, unless=value.unless)
    if rows is Rows.BREAK_IT:
        return _refuse_nulls(differs, case)
    return Edit(
        differs,
        not_null(name),
        f"{name} must not be NULL",
        certain=rows is Rows.KEEP_IT,
        unless=f"SELECT EXISTS (SELECT 1 FROM {quote(live.name)} WHERE {quote(name)} IS NULL)",
    )


def _value_to_come(differs: NullabilityDiffers, live: Table, case: Case) -> Edit | Refusal | None:
    """What gives the column its values, where the application leaves them to SQLite and nothing gives them yet."""
    if differs.column.write is not Write.OMITTED or differs.actual.given_value:
        return None
    for other in case.differences:
        if not isinstance(other, DefaultDiffers | IdentityDiffers):
            continue
        if (other.table_name, other.column.name) == (live.name, differs.column.name):
            return change_default(other, live, case)
    return None


def _refuse_nulls(differs: NullabilityDiffers, case: Case) -> Refusal:
    evidence = case.survey.evidence[differs.key]
    name = quote(differs.column.name)
    advice = [evidence.query]
    if differs.column.fill is not None:
        advice.append(f"UPDATE {quote(differs.table.name)} SET {name} = {differs.column.fill} WHERE {name} IS NULL")
    return Refusal(differs, evidence.said("hold NULL", "holds NULL", GIVE_A_VALUE), tuple(advice))
