"""What partitions refuse beyond their partitioned table: it was made on a partition alone, or came with one that was
attached."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.compare.filled import unless_filled
from schema_guard.compare.impact_words import writers
from schema_guard.compare.routed import null_written
from schema_guard.compare.stricter import is_harmless
from schema_guard.dialects.judge import Judge
from schema_guard.dialects.terms import Verdict
from schema_guard.difference import Impact, ObjectUnknown
from schema_guard.schema import Schema, Table
from schema_guard.table_facts import PartitionRule

__all__ = ["compare_partition_rules"]


def compare_partition_rules(
    table: Table, live: Table, expected: Schema, actual: Schema, judge: Judge
) -> Iterator[ObjectUnknown]:
    """Of NOT NULL the partition key may tell; of other rules it is not known into which partition a row goes."""
    for rule in live.facts.partition_rules:
        found = (
            _null(rule, table, live, expected, actual, judge) if rule.kind == "NOT NULL" else _other(rule, table, live)
        )
        if found is None:
            continue
        impact, effect = found
        rest = rule.partitions - 1
        where = f"{rule.partition}{f' and {rest} more' if rest else ''}"
        target = f" to {rule.target}" if rule.target else ""
        yield ObjectUnknown(
            table=table,
            kind=f"{rule.kind} of {'partitions' if rest else 'a partition'}",
            name=rule.name,
            definition=f"({', '.join(rule.columns)}){target} in {where}",
            partition=rule.partition,
            impact=impact,
            effect=effect,
        )


def _null(
    rule: PartitionRule, table: Table, live: Table, expected: Schema, actual: Schema, judge: Judge
) -> tuple[Impact, str] | None:
    """NOT NULL of a column into which the models write NULL, or which they don't know and nothing fills."""
    (name,) = rule.columns
    column, there = table.column(name), live.column(name)
    if column is not None and not column.nullable:
        return None
    if column is None and (there is None or there.given_value):
        return None
    verb = "writing NULL to it" if column is not None else "INSERT, which leaves it out,"
    effect = f"{verb} in {writers(table)} fails ({judge.errors.not_null_violation})"
    if rule.all:
        return unless_filled(live, effect)
    verdict, row = null_written(name, table, live, expected, actual, judge)
    if verdict is Verdict.EQUAL:
        return None
    if verdict is Verdict.DIFFERENT:
        return unless_filled(live, f"{effect} {row}")
    return Impact.WEAKENS, f"not provable: {effect} for a row that such a partition takes"


def _other(rule: PartitionRule, table: Table, live: Table) -> tuple[Impact, str] | None:
    columns = frozenset(rule.columns)
    if rule.kind in ("UNIQUE", "PRIMARY KEY", "unique index") and is_harmless(columns, False, None, table, live):
        return None
    if any((frozenset(key.columns), key.target) == (columns, rule.target) for key in table.foreign_keys):
        return None
    refused = {
        "CHECK": "that it excludes",
        "FOREIGN KEY": f"without a partner in {rule.target}",
        "EXCLUDE": "that conflict with others",
    }.get(rule.kind, "that repeat these values")
    effect = (
        f"not provable: INSERT and UPDATE of {writers(table)} fail for rows {refused}, if such a partition takes them"
    )
    return Impact.WEAKENS, effect
