"""Indexes: built concurrently, so that writers go on; an INVALID one is dropped and built again."""

from __future__ import annotations

from schema_guard.dialects.postgresql.create_index import CONCURRENTLY, create_index
from schema_guard.dialects.postgresql.repair import probes
from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.dialects.postgresql.repair.index_cleanup import clear_away
from schema_guard.dialects.postgresql.repair.missing_dependency import refused, rejected
from schema_guard.dialects.postgresql.repair.partitioned_index import build_on_partitions
from schema_guard.dialects.postgresql.repair.schema import put_aside
from schema_guard.difference import Difference, IndexInvalid, IndexMissing
from schema_guard.need import Need
from schema_guard.plan import Hazard, Lock, Phase, Refusal, Step
from schema_guard.schema import Index, Name, Table

__all__ = ["build_concurrently", "index_invalid", "index_missing", "left_over", "partition_recipe"]


def index_missing(difference: IndexMissing, context: Context) -> Repairs:
    table, index = difference.table, difference.index
    if index.name is None:
        return [Refusal(difference, "an index without a name cannot be built again safely", ("give it a name",))]
    name = Name(table.name.schema, index.name)
    if difference.holder is not None:
        return [_held(difference, name, context)]
    if index.nulls_not_distinct and not context.offline and not context.at_least(15):
        return [Refusal(difference, "NULLS NOT DISTINCT needs PostgreSQL 15 or later")]
    hindrance = context.duplicates(difference, (element.text for element in index.elements)) if index.unique else None
    if hindrance is not None:
        return [hindrance]
    if lacking := rejected(difference, context):
        return lacking
    if context.created(table):
        return refused(difference, [_on_new_table(difference, name, context)], context)
    if context.partitioned(table):
        return _on_partitioned(difference, name, context)
    violators = context.violators(difference, context.shape(table))
    return [
        build_concurrently(
            difference,
            index,
            name,
            context,
            Phase.INDEX,
            probe=probes.index_absent(context.quote(table.name), context.quote(name), index),
            unless=violators.exists if violators else "",
            reason=f"rows share their values: {violators.query}" if violators else "",
        )
    ]


def build_concurrently(
    difference: Difference,
    index: Index,
    name: Name,
    context: Context,
    phase: Phase,
    *,
    probe: str,
    unless: str,
    reason: str,
    resolves: bool = True,
    provides: frozenset[Need] = frozenset(),
) -> Step:
    """CREATE INDEX CONCURRENTLY, and what clears away an INVALID leftover of a failure."""
    table = difference.table_name
    assert table is not None
    relation = context.quote(name)
    expected = next(found for found in (*context.expected.tables, *context.actual.tables) if found.name == table)
    quoted = context.quote(table)
    taken = f"SELECT ({probes.name_taken(relation)}) AND NOT ({probes.index_invalid(quoted, relation)})"
    stale = relation if left_over(name, context.live(expected)) else None
    return context.step(
        difference,
        "create-index",
        _built(index, table, stale, context, CONCURRENTLY),
        probe,
        phase,
        lock=Lock.SHARE_UPDATE_EXCLUSIVE,
        cost=_concurrently(table, context),
        hazards=(Hazard.SCANS, Hazard.NOT_TRANSACTIONAL),
        scans=True,
        transactional=False,
        blocking=_built(index, table, stale, context),
        resolves=resolves,
        provides=provides | _provided(index, table),
        requires=_needed(index, expected, context),
        after=context.after_rows(difference) if index.unique else frozenset(),
        unless=probes.any_of(taken, unless),
        unless_reason=f"{reason + '; or ' if reason else ''}a relation named {name} already exists",
        undo_on_failure=clear_away(quoted, relation),
        work=context.read_twice(table),
    )


def _built(index: Index, table: Name, stale: str | None, context: Context, how: str = "") -> list[str]:
    """Statements; `stale` is the index that is dropped first."""
    drop = [] if stale is None else [f"DROP INDEX{how} {stale}"]
    return [*drop, create_index(index, table, context.quote, how)]


def _concurrently(table: Name, context: Context) -> str:
    return f"reads every row twice{context.extent(table)}; readers and writers go on"


def left_over(name: Name, live: Table | None) -> bool:
    """Whether an INVALID index of this name stands on the table, as a failed build leaves it."""
    return live is not None and any(index.name == name.name and not index.valid for index in live.indexes)


def index_invalid(difference: IndexInvalid, context: Context) -> Repairs:
    """Drop it, concurrently, and build it again: nothing uses it, but every write pays for it."""
    table, index = difference.table, difference.index
    if difference.actual.name is None or index.name is None:
        return [Refusal(difference, "an index without a name cannot be built again safely")]
    name = Name(table.name.schema, difference.actual.name)
    relation = context.quote(name)
    if context.partitioned(table):
        recipe = partition_recipe(index, table, context)
        steps = build_on_partitions(difference, name, context, _needed(index, table, context))
        return [*steps] or [Refusal(difference, "its partitions' indexes are not all attached", (recipe,))]
    hindrance = context.duplicates(difference, (element.text for element in index.elements)) if index.unique else None
    if hindrance is not None:
        return [hindrance]
    violators = context.violators(difference, context.shape(table))
    quoted = context.quote(table.name)
    return [
        context.step(
            difference,
            "rebuild-index",
            _built(index, table.name, relation, context, CONCURRENTLY),
            probes.index_invalid(quoted, relation),
            Phase.INDEX,
            lock=Lock.SHARE_UPDATE_EXCLUSIVE,
            cost=_concurrently(table.name, context),
            hazards=(Hazard.SCANS, Hazard.NOT_TRANSACTIONAL),
            scans=True,
            transactional=False,
            blocking=_built(index, table.name, relation, context),
            provides=_provided(index, table.name),
            requires=_needed(index, table, context),
            after=context.after_rows(difference) if index.unique else frozenset(),
            unless=violators.exists if violators else "",
            unless_reason=f"rows share their values: {violators.query}" if violators else "",
            undo_on_failure=clear_away(quoted, context.quote(Name(table.name.schema, index.name))),
            work=context.read_twice(table.name),
        )
    ]


def partition_recipe(index: Index, table: Table, context: Context) -> str:
    """How to index a partitioned table without blocking writers (manual, 5.12.2.2, and CREATE INDEX)."""
    name = context.quote(Name(table.name.schema, index.name or ""))
    return (
        f"{create_index(index, table.name, context.quote, only=True)}; -- then, for each partition, "
        f"CREATE {'UNIQUE ' if index.unique else ''}INDEX CONCURRENTLY .. and ALTER INDEX {name} ATTACH PARTITION ..;"
    )


def _on_new_table(difference: IndexMissing, name: Name, context: Context) -> Step:
    """This plan creates the table, so nobody waits: in a transaction, which leaves nothing half-done."""
    table, index = difference.table, difference.index
    return context.step(
        difference,
        "create-index",
        [create_index(index, table.name, context.quote)],
        probes.index_absent(context.quote(table.name), context.quote(name), index),
        Phase.INDEX,
        lock=Lock.SHARE,
        cost="on the new table",
        provides=_provided(index, table.name),
        unless=probes.name_taken(context.quote(name)),
        unless_reason=f"a relation named {name} already exists",
    )


def _on_partitioned(difference: IndexMissing, name: Name, context: Context) -> Repairs:
    """CONCURRENTLY is an error on a partitioned parent; without it writers of every partition wait."""
    table, index = difference.table, difference.index
    if not context.small(table):
        steps = build_on_partitions(difference, name, context, _needed(index, table, context))
        if steps:
            return [*steps]
        return [
            Refusal(
                difference,
                f"on a partitioned table it would block writers for as long as it builds{context.allowance(table)}",
                (partition_recipe(index, table, context),),
            )
        ]
    violators = context.violators(difference, context.shape(table))
    step = context.step(
        difference,
        "create-index",
        [create_index(index, table.name, context.quote)],
        probes.index_absent(context.quote(table.name), context.quote(name), index),
        Phase.INDEX,
        lock=Lock.SHARE,
        cost="reads every row of a small or empty table",
        hazards=(Hazard.SCANS, Hazard.BLOCKS_WRITES),
        scans=True,
        provides=_provided(index, table.name),
        requires=_needed(index, table, context),
        after=context.after_rows(difference) if index.unique else frozenset(),
        unless=probes.any_of(context.too_many(table), violators.exists if violators else ""),
        unless_reason="the table holds more rows than when it was looked at, or duplicates",
    )
    return [step]


def _held(difference: IndexMissing, name: Name, context: Context) -> Refusal:
    """The name is taken by another structure, which may be in use: a person decides."""
    index = difference.index
    advice = (put_aside(name, difference.holder, context),) if difference.holder else ()
    return Refusal(
        difference,
        f"the name {name} is held by {difference.holder}",
        (*advice, f"{create_index(index, difference.table.name, context.quote, CONCURRENTLY)};"),
    )


def _provided(index: Index, table: Name) -> frozenset[Need]:
    columns = index.columns
    if not index.unique or index.where or columns is None:
        return frozenset()
    return frozenset({Need.key(table, columns)})


def _needed(index: Index, table: Table, context: Context) -> frozenset[Need]:
    plain = frozenset(Need.column(table.name, element.text) for element in index.elements if not element.is_expression)
    expressions = [element.text for element in index.elements if element.is_expression]
    included = frozenset(Need.column(table.name, name) for name in index.include)
    return plain | included | context.mentioned(table, index.where, *expressions)
