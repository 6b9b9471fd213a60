"""FOREIGN KEY constraints: added to the table's text; one with other actions is left as it is."""

from __future__ import annotations

from schema_guard.dialects.sqlite.changes import constraint_added, foreign_key_replaced
from schema_guard.dialects.sqlite.checks import Condition
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.repair.case import ByHand, Case, Edit, Rows, refuse_violated
from schema_guard.dialects.sqlite.repair.needs import target_needs
from schema_guard.difference import (
    ForeignKeyDiffers,
    ForeignKeyMissing,
)
from schema_guard.need import Need
from schema_guard.plan import Refusal
from schema_guard.planner import waits_for
from schema_guard.schema import Name, Table

__all__ = ["add_foreign_key", "other_actions", "refuse_reference"]


def add_foreign_key(missing: ForeignKeyMissing, live: Table, planned: Table, case: Case) -> Edit | Refusal:
    """`planned` is the table with the columns that earlier steps add."""
    refused = refuse_reference(missing, case)
    if refused is not None:
        return refused
    rows = case.rows(missing, live.name)
    if rows is Rows.BREAK_IT:
        return refuse_violated(case, missing)
    violated = case.in_the_way(missing, planned)
    wanted = missing.foreign_key
    words = f"FOREIGN KEY ({', '.join(wanted.columns)}) to {wanted.target}"
    return Edit(
        missing,
        constraint_added(wanted.ddl),
        words,
        certain=rows is Rows.KEEP_IT,
        unless=violated,
        checks=(Condition(f"NOT ({violated})", f"{words} holds"),) if violated else (),
        requires=target_needs(wanted),
    )


def refuse_reference(missing: ForeignKeyMissing, case: Case) -> Refusal | None:
    """Why the key cannot be: what it refers to is not there and is not made."""
    wanted = missing.foreign_key
    lacking = case.lacking(target_needs(wanted))
    if not lacking:
        return None
    reason = waits_for(lacking, case.lost)
    columns = ", ".join(quote(column) for column in wanted.target_columns)
    name = Name(wanted.target.schema, case.free_name(wanted.target.schema, f"uq_{wanted.target.name}"))
    if Need.table(wanted.target) in lacking:
        return Refusal(missing, reason)
    return Refusal(
        missing,
        f"{reason}; until then every write would fail",
        (f"CREATE UNIQUE INDEX {quote(name)} ON {quote(wanted.target.name)} ({columns})",),
    )


def other_actions(differs: ForeignKeyDiffers) -> ByHand:
    """What a deletion does to the rows is a person's decision."""
    wanted = differs.foreign_key
    actual = differs.actual
    same = (actual.on_delete, actual.on_update) == (wanted.on_delete, wanted.on_update)
    return ByHand(
        differs,
        "the foreign key that is there would have to be replaced"
        + ("" if same else ", and deletions would do something else"),
        foreign_key_replaced(wanted.columns, wanted.target.name, wanted.ddl),
    )
