"""Tables: missing, unknown, or something else under their name; then all that belongs to each."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.compare.check import compare_checks
from schema_guard.compare.column import compare_columns, compare_view_columns
from schema_guard.compare.counter import compare_counters
from schema_guard.compare.exclusion import compare_exclusions
from schema_guard.compare.foreign_key import compare_foreign_keys
from schema_guard.compare.holder import named_holder, type_holder
from schema_guard.compare.impact_words import failing, writers
from schema_guard.compare.index import compare_indexes
from schema_guard.compare.intervening import compare_interveners
from schema_guard.compare.partition_rules import compare_partition_rules
from schema_guard.compare.primary_key import compare_primary_key
from schema_guard.compare.published import compare_published
from schema_guard.compare.refused_write import compare_refused_writes
from schema_guard.compare.routed import compare_routes
from schema_guard.compare.tools import own_tools
from schema_guard.compare.unique import compare_uniques
from schema_guard.compare.upsert import compare_upserts
from schema_guard.dialects.judge import Judge
from schema_guard.dialects.terms import Verdict
from schema_guard.difference import (
    CommentDiffers,
    Difference,
    Impact,
    NotReadable,
    ObjectUnknown,
    PartitionMissing,
    RelationDiffers,
    TableMissing,
    TableUnknown,
    ViewDiffers,
    ViewMissing,
)
from schema_guard.plan import Policy
from schema_guard.refused_write import RELATION
from schema_guard.schema import Relation, Schema, Table
from schema_guard.table_facts import Broken

__all__ = ["compare_tables"]

ALTERABLE = frozenset({Relation.TABLE, Relation.PARTITIONED, Relation.PARTITION})


def compare_tables(expected: Schema, actual: Schema, judge: Judge, policy: Policy) -> Iterator[Difference]:
    existing = {table.name: table for table in actual.tables}
    for table in expected.tables:
        live = existing.get(table.name)
        if live is None:
            yield _missing(table, actual, judge)
        elif live.facts.unread is not None:
            yield NotReadable(
                table=table,
                unread=live.facts.unread,
                impact=Impact.BREAKS,
                effect=f"not provable: whether statements on {writers(table)} work is not known until it can be read",
            )
        elif live.facts.broken is not None:
            yield _broken(table, live, live.facts.broken)
        elif not live.facts.populated:
            effect = f"SELECT of {writers(table)} fails until it is populated"
            yield RelationDiffers(
                table=table, actual=live.relation, populated=False, impact=Impact.BREAKS, effect=effect
            )
            yield from compare_view_columns(table, live, judge)
        elif table.relation is Relation.VIEW:
            yield from _compare_view(table, live, judge)
            yield from compare_refused_writes(table, live, expected, actual)
        elif table.relation is Relation.VIRTUAL and live.relation is not Relation.VIRTUAL:
            yield _no_virtual_table(table, live)
            yield from compare_view_columns(table, live, judge)
        elif live.relation in ALTERABLE:
            yield from _partitions(table, live)
            yield from compare_routes(table, live, expected, actual, judge)
            yield from compare_partition_rules(table, live, expected, actual, judge)
            yield from compare_published(table, live)
            yield from _compare_table(table, live, expected, actual, judge, policy)
            yield from compare_counters(table, live, expected, actual, judge)
            yield from compare_refused_writes(table, live, expected, actual)
            yield from compare_interveners(table, live, expected)
        else:
            if live.relation is not table.relation:
                yield _no_table(table, live, expected)
                yield from compare_refused_writes(table, live, expected, actual)
                yield from _triggers_of_view(table, live, expected)
            yield from compare_view_columns(table, live, judge)
    tools = own_tools(actual)
    for name in actual.unknown_tables:
        if name not in tools:
            yield TableUnknown(name=name, impact=Impact.NOTES)


def _missing(table: Table, actual: Schema, judge: Judge) -> TableMissing | ViewMissing:
    holder = named_holder(actual, table.name) or type_holder(actual, table.name)
    effect = f"every statement on {writers(table)} fails ({judge.errors.undefined_table})"
    kind = ViewMissing if table.relation is Relation.VIEW else TableMissing
    return kind(table=table, holder=holder, impact=Impact.BREAKS, effect=effect)


def _broken(table: Table, live: Table, broken: Broken) -> RelationDiffers:
    impact, effect = Impact.BREAKS, f"every statement on {writers(table)} fails ({broken.reason})"
    if broken.registered:
        impact, effect = Impact.WEAKENS, f"not provable: {effect}, unless the application registers that"
    return RelationDiffers(table=table, actual=live.relation, broken=broken.reason, impact=impact, effect=effect)


def _no_table(table: Table, live: Table, expected: Schema) -> RelationDiffers:
    """A virtual table is written like a table. What can be written through anything else is up to it."""
    if live.relation is Relation.VIRTUAL:
        impact, effect = Impact.NOTES, "only its columns are compared; what can be written is up to it"
    elif never := {each.verb: each.message for each in live.facts.refused_writes if each.lacks == RELATION}:
        verbs, (said, *_) = [*never], never.values()
        impact, effect = Impact.BREAKS, f"{failing(verbs, writers(table))} ({said})"
        if not ("INSERT" in never and _gets_rows(table, expected)):
            them = "them" if len(never) > 1 else "it"
            impact, effect = Impact.WEAKENS, f"not provable: {effect}, if it does {them}"
    else:
        effect = f"not provable: whether INSERT, UPDATE and DELETE of {writers(table)} work is up to it"
        impact = Impact.WEAKENS
    return RelationDiffers(table=table, actual=live.relation, impact=impact, effect=effect)


def _triggers_of_view(table: Table, live: Table, expected: Schema) -> Iterator[ObjectUnknown]:
    """INSTEAD OF triggers, which do what is written; that a rule does something else is what it is for."""
    return (each for each in compare_interveners(table, live, expected) if each.kind == "trigger")


def _gets_rows(table: Table, expected: Schema) -> bool:
    """Whether the models say that the application writes it: rows of others refer to it, or new ones are numbered.
    Many classes on a view are only read, and do not say so; a default proves nothing, since all classes may get it."""
    told = any(column.sequence is not None or column.identity is not None for column in table.columns)
    return told or any(key.target == table.name for other in expected.tables for key in other.foreign_keys)


def _no_virtual_table(table: Table, live: Table) -> RelationDiffers:
    effect = f"not provable: statements of {writers(table)} that need its module (MATCH, say) fail"
    return RelationDiffers(table=table, actual=live.relation, impact=Impact.WEAKENS, effect=effect)


def _compare_view(table: Table, live: Table, judge: Judge) -> Iterator[Difference]:
    if live.relation in ALTERABLE:
        effect = f"{writers(table)} reads the rows of that table, not those of the view"
        yield RelationDiffers(table=table, actual=live.relation, impact=Impact.WEAKENS, effect=effect)
    elif table.query and judge.view(table.name, table.query) is Verdict.DIFFERENT:
        effect = f"not provable: {writers(table)} may read other rows or values than the models' query gives"
        yield ViewDiffers(table=table, impact=Impact.WEAKENS, effect=effect)
    yield from compare_view_columns(table, live, judge)


def _partitions(table: Table, live: Table) -> Iterator[PartitionMissing]:
    """Whether partitions that are there take every row cannot be told; without any, no row finds a place."""
    if live.relation is not Relation.PARTITIONED or any(not part.partitioned for part in live.facts.partitions):
        return
    rules = [filler for filler in live.facts.fillers if filler.kind == "rule"]  # triggers fire on the partition only
    impact, effect = Impact.BREAKS, f"INSERT of {writers(table)} fails: no partition takes the row"
    if rules:
        impact, effect = Impact.WEAKENS, f"not provable: the {rules[0]} may store the rows elsewhere"
    yield PartitionMissing(table=table, actual=live, impact=impact, effect=effect)


def _compare_table(
    table: Table, live: Table, expected: Schema, actual: Schema, judge: Judge, policy: Policy
) -> Iterator[Difference]:
    found = list(_compare_parts(table, live, expected, actual, judge, policy))
    yield from found
    yield from compare_upserts(table, live, found)


def _compare_parts(
    table: Table, live: Table, expected: Schema, actual: Schema, judge: Judge, policy: Policy
) -> Iterator[Difference]:
    yield from compare_columns(table, live, expected, actual, judge, policy)
    yield from compare_primary_key(table, live, judge)
    yield from compare_uniques(table, live, actual, judge)
    yield from compare_checks(table, live, expected, actual, judge)
    yield from compare_foreign_keys(table, live, actual, judge)
    yield from compare_exclusions(table, live, judge)
    yield from compare_indexes(table, live, expected, actual, judge)
    if policy.comments and table.comment is not None and table.comment != live.comment:
        yield CommentDiffers(table=table, actual=live.comment, impact=Impact.NOTES)
