"""Rows and the partition that takes them, by what the models write into the partition key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from schema_guard.column import PARTITION_KEY
from schema_guard.compare.impact_words import writers
from schema_guard.compare.written import candidates_of
from schema_guard.dialects.inquiry import Placed
from schema_guard.dialects.judge import Judge
from schema_guard.dialects.terms import Verdict
from schema_guard.difference import Impact, PartitionMissing
from schema_guard.schema import Column, Relation, Schema, Table, Write

__all__ = ["NullWritten", "compare_routes", "null_written"]

_NOW = "CURRENT_TIMESTAMP"
_MOMENTS = ("timestamp", "date")
_NEXT = re.compile(r"nextval\(")
_SAMPLES = tuple(str(number) for number in range(1, 17))
"""Values that spread over the partitions of a hash."""
NullWritten = tuple[Verdict, str]


class _Key(NamedTuple):
    """A column that says into which partition a row goes, and what the models write there."""

    column: Column
    there: Column
    values: tuple[str, ...]
    """Those that they list, or what the server gives where they leave it out."""
    complete: bool
    wanted: tuple[str, ...]

    def verdict(self, live: Table, value: str, judge: Judge, null: str = "") -> Verdict:
        return judge.placed(Placed(live.name, self.there.name, value, self.there.type.text, null, self.wanted))

    @property
    def is_moment(self) -> bool:
        return self.there.type.name.startswith(_MOMENTS) and not self.there.type.dimensions


def compare_routes(
    table: Table, live: Table, expected: Schema, actual: Schema, judge: Judge
) -> Iterator[PartitionMissing]:
    """Where partitions are there, and one is missing for a row that the models write."""
    if live.relation is not Relation.PARTITIONED:
        return
    if all(partition.partitioned for partition in live.facts.partitions):
        return  # it has none, which is said already
    if any(filler.kind == "rule" for filler in live.facts.fillers):
        return
    for key in _keys(table, live, expected, actual, judge):
        found = list(_refused(key, table, live, judge))
        if found:
            yield from found
            return


def _refused(key: _Key, table: Table, live: Table, judge: Judge) -> Iterator[PartitionMissing]:
    """What no partition takes, as far as this column of the key alone says it."""
    values = key.values
    if not values and not key.wanted and live.partition_strategy == "HASH" and not key.there.type.dimensions:
        values = _SAMPLES
    refused = [value for value in values if key.verdict(live, value, judge) is Verdict.DIFFERENT]
    if refused:
        effect = f"INSERT of {writers(table)} fails: no partition takes a row with {refused[0]} in {key.there.name}"
        yield PartitionMissing(table=table, actual=live, impact=Impact.BREAKS, effect=effect)
    elif not values and key.is_moment and key.verdict(live, _NOW, judge) is Verdict.DIFFERENT:
        effect = f"not provable: INSERT of {writers(table)} fails: no partition takes a row of today"
        yield PartitionMissing(table=table, actual=live, impact=Impact.WEAKENS, effect=effect)


def null_written(name: str, table: Table, live: Table, expected: Schema, actual: Schema, judge: Judge) -> NullWritten:
    """What becomes of a row that leaves NULL in a column which is NOT NULL in some of the partitions.

    DIFFERENT where it fails, with the words for which row; EQUAL where no row of the models goes there.
    """
    keys = _keys(table, live, expected, actual, judge)
    if len(keys) != 1:
        return Verdict.NOT_COMPARABLE, ""
    (key,) = keys
    values = key.values or ((_NOW,) if key.is_moment else ())
    verdicts = {value: key.verdict(live, value, judge, name) for value in values}
    failing = next((value for value, verdict in verdicts.items() if verdict is Verdict.DIFFERENT), None)
    if failing is not None:
        return Verdict.DIFFERENT, f"for a row with {failing} in {key.there.name}"
    if key.complete and all(verdict is Verdict.EQUAL for verdict in verdicts.values()):
        return Verdict.EQUAL, ""
    given = key.column.write in (Write.REQUIRED, Write.DEFAULT) and not key.is_moment and not key.wanted
    if given and not values:  # each partition takes some value, and the program may write any
        return Verdict.DIFFERENT, "for a row that such a partition takes"
    return Verdict.NOT_COMPARABLE, ""


def _keys(table: Table, live: Table, expected: Schema, actual: Schema, judge: Judge) -> list[_Key]:
    """The columns of the key, and of those of partitions that are partitioned again; none where the models don't know
    one of them."""
    keys = [column for column in live.columns if any(use.kind == PARTITION_KEY for use in column.used_by)]
    found = []
    for there in keys:
        column = table.column(there.name)
        if column is None:
            return []
        values, complete, wanted = candidates_of(column, there, table, expected, actual, judge)
        if not complete:
            values = (*_given(column, there, actual), *column.identities, *([column.fill] if column.fill else []))
        found.append(_Key(column, there, values, complete, wanted))
    return found


def _given(column: Column, there: Column, actual: Schema) -> tuple[str, ...]:
    """What the server gives where an INSERT leaves the key out."""
    if column.write is not Write.OMITTED:
        return ()
    if there.default is not None and not _NEXT.search(there.default):
        return (there.default,)
    sequence = actual.sequence(there.sequence)
    if sequence is None or sequence.counter is None or sequence.counter.last is None:
        return ()
    return (str(sequence.counter.last + sequence.counter.increment),)
