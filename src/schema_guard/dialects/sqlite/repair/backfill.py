"""Declared backfills: batches that fill only what is NULL, until none is left to fill."""

from __future__ import annotations

from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.repair.case import FILE_LOCK, Case, urgency_of
from schema_guard.difference import BackfillPending
from schema_guard.need import Need
from schema_guard.plan import Batches, Hazard, Phase, Step
from schema_guard.schema import Fill, Relation, Spanned

__all__ = ["fill_rows"]

FIRST_BATCH = 1000
"""Rows."""


def fill_rows(pending: BackfillPending, case: Case) -> Step:
    fill = pending.fill
    batches = _batches(fill, case)
    missing = {
        Need.column(name, column)
        for name, column in fill.needs
        if (table := case.live(name)) is not None and table.column(column) is None
    }
    tables = {Need.table(name) for name, _ in fill.needs if case.live(name) is None}
    return Step(
        id=f"backfill {pending.object}",
        statements=(batches.span.between(-(2**63), 2**63 - 1) if batches else fill.update_sql,),
        probe=fill.pending_sql,
        phase=Phase.BACKFILL,
        urgency=urgency_of(pending),
        locks=FILE_LOCK,
        why=f"rows can be filled from {fill.source}",
        resolves=(pending.key,),
        answers=(pending,),
        object=pending.object,
        table=fill.table,
        cost="for as long as each batch takes",
        hazards=(Hazard.CHANGES_ROWS, Hazard.SCANS),
        scans=True,
        repeat=True,
        batches=batches,
        provides=frozenset(Need.rows(fill.table, column) for column in fill.columns),
        requires=frozenset(missing | tables),
    )


def _batches(fill: Fill, case: Case) -> Batches | None:
    """Along the rowid, where there is one that no column's name hides (https://sqlite.org/rowidtable.html)."""
    table = case.live(fill.table)
    if fill.walk is None or table is None or table.without_rowid or table.relation is not Relation.TABLE:
        return None
    if any(column.name.lower() == "rowid" for column in table.columns):
        return None
    name = quote(fill.table)
    return Batches(
        span=fill.walk,
        bounds=f"SELECT ifnull((SELECT min(rowid) FROM {name}), 0), ifnull((SELECT max(rowid) FROM {name}), -1) + 1",
        first=FIRST_BATCH,
        ahead=Spanned(f"SELECT (SELECT rowid FROM {name} WHERE rowid >= ", " ORDER BY rowid LIMIT 1 OFFSET ", ")"),
        row_locks=False,
    )
