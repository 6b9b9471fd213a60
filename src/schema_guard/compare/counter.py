"""Sequences behind keys: one that stands behind the rows, and one that ends before its column does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from schema_guard.column import BITS
from schema_guard.compare.impact_words import writers
from schema_guard.dialects.judge import Judge
from schema_guard.difference import Impact, SequenceBehind, SequenceNarrower
from schema_guard.schema import Column, Counter, Schema, Stand, Table, Write

__all__ = ["compare_counters", "gives_no_more"]

_PLAIN = re.compile(r"nextval\('(?:[^']|'')*'::regclass\)(?:::\w+)?")
"""A default that does nothing else."""
NEAR = 1000
"""How many values before a key that is taken a sequence counts as being behind."""


def compare_counters(
    table: Table, live: Table, expected: Schema, actual: Schema, judge: Judge
) -> Iterator[SequenceBehind | SequenceNarrower]:
    for column in table.columns:
        found = live.column(column.name)
        sequence = actual.sequence(column.sequence or found.sequence) if found is not None else None
        if found is None or sequence is None or sequence.counter is None:
            continue
        if column.sequence is not None or found.identity is not None or _PLAIN.fullmatch(found.default or ""):
            found = _standing(found, sequence.counter)
        elif found.stand is not None and found.stand.next is not None:
            found = replace(found, stand=None)  # what its default makes of the next value is not known
        behind = _behind(found, sequence.counter) if _draws(column) else None
        if behind is not None:
            impact, effect = behind
            effect = effect.format(table=writers(table), error=judge.errors.unique_violation)
            yield SequenceBehind(
                table=table, column=column, actual=found, sequence=sequence, impact=impact, effect=effect
            )
        named = expected.sequence(column.sequence)
        if not any(source is not None and source.bounded for source in (named, column.identity)):
            narrower = _narrower(column, found, sequence.counter)
            if narrower is not None:
                impact, effect = narrower
                yield SequenceNarrower(
                    table=table, column=column, actual=found, sequence=sequence, impact=impact, effect=effect
                )


def gives_no_more(column: Column, actual: Schema) -> bool:
    """Whether an INSERT that leaves a live column out fails: its sequence has come to its end, or that of the type."""
    sequence = actual.sequence(column.sequence)
    if sequence is None or sequence.counter is None or sequence.counter.last is None:
        return False
    if column.identity is None and not _PLAIN.fullmatch(column.default or ""):
        return False
    stand = _standing(replace(column, stand=None), sequence.counter).stand
    return stand is not None and (stand.next is None or not column.holds(stand.next))


def _draws(column: Column) -> bool:
    """Whether an INSERT of the application takes a value of the sequence."""
    return column.sequence is not None or column.write is Write.OMITTED


def _standing(column: Column, counter: Counter) -> Column:
    """Where no row was looked at, the catalog still tells of a sequence that has come to an end."""
    if column.stand is not None or counter.last is None:
        return column
    up, following = counter.increment > 0, counter.last + counter.increment
    if following > counter.maximum if up else following < counter.minimum:
        ended = None if not counter.cycles else counter.minimum if up else counter.maximum
        return replace(column, stand=Stand(ended, None, None))
    return replace(column, stand=Stand(following, None, None))


def _behind(column: Column, counter: Counter) -> tuple[Impact, str] | None:
    stand = column.stand
    if stand is None:
        return None
    if stand.next is None:
        return Impact.BREAKS, "INSERT of {table} fails: the sequence has no value left"
    if not column.holds(stand.next):
        return Impact.BREAKS, "INSERT of {table} fails: the next key is out of the range of its type"
    if stand.first_taken == stand.next:
        return Impact.BREAKS, "INSERT of {table} fails ({error}): the next key is taken"
    if stand.first_taken is None or abs(stand.first_taken - stand.next) > NEAR * abs(counter.increment):
        return None  # a row with a key far ahead may be meant so
    return Impact.WEAKENS, "INSERT of {table} fails ({error}) when the sequence reaches keys that are in use"


def _narrower(column: Column, found: Column, counter: Counter) -> tuple[Impact, str] | None:
    """By the smaller of what the models expect and what the column holds; what a person set is left."""
    bits = [BITS[each.type.name] for each in (column, found) if each.type.name in BITS]
    if len(bits) < 2:
        return None
    wanted, own = min(bits), BITS[counter.type]
    up = counter.increment > 0
    end, of_type = (counter.maximum, 2**own - 1) if up else (counter.minimum, -(2**own))
    if end != of_type:
        enough = end >= 2**wanted - 1 if up else end <= -(2**wanted)
        return None if enough or counter.cycles else (Impact.NOTES, "")
    return (Impact.WEAKENS, f"INSERT fails after {end}") if own < wanted else None
