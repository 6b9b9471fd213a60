"""Declared backfills: batches that fill only what is NULL, until none is left to fill."""

from __future__ import annotations

from schema_guard.dialects.sqlite.repair.case import FILE_LOCK, Case, urgency_of
from schema_guard.difference import BackfillPending
from schema_guard.plan import Hazard, Phase, Step

__all__ = ["fill_rows"]


def fill_rows(pending: BackfillPending, case: Case) -> Step:
    fill = pending.fill
    missing = {
        f"column {name}.{column}"
        for name, column in fill.needs
        if (table := case.live(name)) is not None and table.column(column) is None
    }
    tables = {f"table {name}" for name, _ in fill.needs if case.live(name) is None}
    return Step(
        id=f"backfill {pending.object}",
        statements=(fill.update_sql,),
        probe=fill.pending_sql,
        phase=Phase.BACKFILL,
        urgency=urgency_of(pending),
        locks=FILE_LOCK,
        why=f"rows can be filled from {fill.source}",
        resolves=(pending.key,),
        object=pending.object,
        table=fill.table,
        cost="for as long as each batch takes",
        hazards=(Hazard.CHANGES_ROWS, Hazard.SCANS),
        scans=True,
        repeat=True,
        provides=frozenset({f"rows {fill.table}"}),
        requires=frozenset(missing | tables),
    )
