"""Declared backfills: one UPDATE, done in batches of blocks, each a short transaction, until none is left to fill."""

from __future__ import annotations

from schema_guard.dialects.postgresql.literals import literal
from schema_guard.dialects.postgresql.repair.context import HIDDEN, Context, Repairs
from schema_guard.difference import BackfillPending, PrimaryKeyDiffers
from schema_guard.need import Need
from schema_guard.plan import Batches, Hazard, Lock, Locked, Phase, Refusal
from schema_guard.schema import Fill, Name

__all__ = ["SURROUNDINGS", "backfill_pending"]

LAST_BLOCK = 2**32 - 1
FIRST_BATCH = 16
"""Blocks: some 1,000 rows."""

SURROUNDINGS = """SELECT (
SELECT pg_catalog.max(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), r.replay_lsn))
FROM pg_catalog.pg_stat_replication r
), pg_catalog.count(*)
FROM pg_catalog.pg_stat_activity a
WHERE a.pid <> pg_catalog.pg_backend_pid() AND CASE WHEN a.backend_type IS NULL
THEN a.usesysid IS NOT NULL AND a.datname = pg_catalog.current_database()
ELSE a.backend_type = 'client backend' AND (a.state IN ('active', 'disabled')
OR a.state_change > pg_catalog.clock_timestamp() - '1 second'::interval) AND a.query NOT LIKE '%advisory%' END"""
"""The second number: sessions that did something within the last second, anywhere in the server, whose disk they share;
in this database also those that the role may not see into (manual, 27.2.3). A guard that waits for its turn is none.
"""


def backfill_pending(difference: BackfillPending, context: Context) -> Repairs:
    fill = context.actual.suited(difference.fill)
    evidence = context.survey.evidence.get(difference.key)
    if evidence is not None and evidence.count == 0:
        return []
    if context.hidden(difference):
        return [Refusal(difference, HIDDEN)]
    live = context.actual.table(fill.table)
    published = next((each for each in live.facts.unchangeable if each.updates), None) if live is not None else None
    if published is not None and not _gets_key(fill.table, context):
        reason = f"publication {published.publication} holds updates of {fill.table}: its replica identity comes first"
        return [Refusal(difference, reason)]
    rows = "in batches"
    if evidence is not None and evidence.count:
        rows = f"{evidence.count:,} {'row' if evidence.count == 1 else 'rows'}, {rows}"
    beside = "readers and writers go on"
    if context.shape(difference.table).facts.has_triggers:
        beside += "; not provable: a trigger on UPDATE may reject or change it"
    locks = [Locked(Lock.ROW_EXCLUSIVE, fill.table)]
    if fill.source != fill.table:
        locks.append(Locked(Lock.ACCESS_SHARE, fill.source))
    locks.extend(Locked(Lock.ROW_SHARE, target) for target in _checked(difference, fill, context))
    return [
        context.step(
            difference,
            "backfill",
            [_statement(fill)],
            fill.pending_sql,
            Phase.BACKFILL,
            locks=context.with_children(tuple(locks)),
            cost=f"{rows}; {beside}",
            hazards=(Hazard.CHANGES_ROWS,),
            scans=True,
            repeat=True,
            batches=_batches(fill, context),
            provides=frozenset(Need.rows(fill.table, column) for column in fill.columns),
            requires=frozenset(Need.column(name, column) for name, column in fill.needs)
            | frozenset({Need.table(fill.source)}),
        )
    ]


def _gets_key(table: Name, context: Context) -> bool:
    """Whether this plan may add a primary key, by which its rows can be told apart."""
    return any(isinstance(other, PrimaryKeyDiffers) and other.table.name == table for other in context.differences)


def _checked(difference: BackfillPending, fill: Fill, context: Context) -> list[Name]:
    """The tables in which a foreign key looks up what is filled in (SELECT .. FOR KEY SHARE)."""
    keys = context.shape(difference.table).foreign_keys
    targets = {key.target for key in keys if set(key.columns) & set(fill.columns)} - {fill.table}
    return sorted(targets, key=str)


def _statement(fill: Fill) -> str:
    """For the whole table at once, as a person would send it; apply narrows the bounds."""
    return fill.update_sql if fill.walk is None else fill.walk.between(0, LAST_BLOCK)


def _batches(fill: Fill, context: Context) -> Batches | None:
    """Along the blocks, which needs no key and reads the table once, in the order in which it lies on the disk.

    A row that somebody updates meanwhile moves to another block and may be passed over; that, and what fails, is what
    the next pass is for.
    """
    finds_ranges = context.offline or context.at_least(14)
    span = fill.walk if finds_ranges else fill.listed
    if span is None:
        return None
    table = literal(context.quote(fill.table))
    bounds = f"""WITH RECURSIVE part(oid) AS (SELECT {table}::pg_catalog.regclass::pg_catalog.oid
UNION ALL SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN part ON part.oid = i.inhparent)
SELECT 0, pg_catalog.max(pg_catalog.pg_relation_size(part.oid)) / pg_catalog.current_setting('block_size')::int8
FROM part"""
    return Batches(span=span, bounds=bounds, first=FIRST_BATCH, surroundings=SURROUNDINGS)
