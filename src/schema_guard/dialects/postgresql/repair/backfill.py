"""Declared backfills: the UPDATE in batches, each a short transaction, until no row is left that it can fill."""

from __future__ import annotations

from schema_guard.dialects.postgresql.repair.context import Context, Repairs, column_token, table_token
from schema_guard.difference import BackfillPending
from schema_guard.plan import Hazard, Lock, Locked, Phase

__all__ = ["backfill_pending"]


def backfill_pending(difference: BackfillPending, context: Context) -> Repairs:
    fill = difference.fill
    evidence = context.survey.evidence.get(difference.key)
    if evidence is not None and evidence.count == 0:
        return []
    rows = f"{evidence.count} rows, in batches" if evidence is not None and evidence.count else "in batches"
    locks = [Locked(Lock.ROW_EXCLUSIVE, fill.table)]
    if fill.source != fill.table:
        locks.append(Locked(Lock.ACCESS_SHARE, fill.source))
    return [
        context.step(
            difference,
            "backfill",
            [fill.update_sql],
            fill.pending_sql,
            Phase.BACKFILL,
            locks=tuple(locks),
            cost=f"{rows}; readers and writers go on",
            hazards=(Hazard.CHANGES_ROWS,),
            scans=True,
            repeat=True,
            provides=context.rows_token(difference.table),
            requires=frozenset(column_token(name, column) for name, column in fill.needs)
            | frozenset({table_token(fill.source)}),
        )
    ]
