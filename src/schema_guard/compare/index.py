"""Indexes, matched by structure: elements, uniqueness, predicate, included columns, method."""

from __future__ import annotations

import re
from collections.abc import Iterator

from schema_guard.compare.computed import computed_by, raises_for
from schema_guard.compare.elements import element_fits, element_verdict, worst
from schema_guard.compare.holder import index_words, relation_holder
from schema_guard.compare.stricter import NOT_READY, unknown_indexes
from schema_guard.compare.unique import (
    arbiters,
    left_of_missing,
    plain_unique_indexes,
    repeated_nulls,
    upsert_effect,
    upsert_impact,
)
from schema_guard.dialects.judge import Judge
from schema_guard.dialects.terms import Verdict
from schema_guard.difference import Difference, Impact, IndexInvalid, IndexMissing, NotComparable
from schema_guard.schema import Index, IndexElement, Schema, Table

__all__ = ["compare_indexes"]

_NOT_NULL = re.compile(r"\bIS\s+NOT\s+NULL\b", re.IGNORECASE)
_NO_PLAIN_CONJUNCTION = re.compile(r"\b(?:OR|NOT|CASE|BETWEEN)\b", re.IGNORECASE)


def compare_indexes(table: Table, live: Table, expected: Schema, actual: Schema, judge: Judge) -> Iterator[Difference]:
    matched: set[Index] = set()
    unique: set[Index] = set()
    held: set[str] = set()
    seen: list[Index] = []
    for index in table.indexes:
        if any(_shape(index) == _shape(other) for other in seen):
            continue
        seen.append(index)
        if _constraint_serves(index, table, live, judge):
            matched.update(other for other in live.indexes if other.name == index.name and other.valid)
            continue
        verdicts = [(other, _verdict(index, other, table, live, judge)) for other in live.indexes]
        same = [other for other, verdict in verdicts if verdict is Verdict.EQUAL]
        unclear = [
            other for other, verdict in verdicts if verdict is Verdict.NOT_COMPARABLE and other.name == index.name
        ]
        valid = [other for other in same if other.valid]
        matched.update(valid)
        unique.update(same if index.unique else ())
        if valid or (not same and _asked_of_constraint(index, table)):
            continue
        if same:
            invalid = next((other for other in same if other.name == index.name), same[0])
            matched.add(invalid)
            yield IndexInvalid(
                table=table,
                index=index,
                actual=invalid,
                impact=upsert_impact(table, index.columns or (), live) if index.unique else Impact.WEAKENS,
                effect="it costs every write and serves no query" if invalid.ready else NOT_READY,
            )
        elif unclear:
            matched.update(unclear)
            yield NotComparable(
                subject=f"{table.name}.{index.name}",
                table=table,
                what="index",
                expected=str(index_words(index)),
                actual=str(index_words(unclear[0])),
                reason="the server does not compare them",
                impact=Impact.NOTES,
            )
        else:
            held.update([index.name] if index.name is not None else [])
            yield IndexMissing(
                table=table,
                index=index,
                holder=relation_holder(actual, live, index.name),
                impact=upsert_impact(table, index.columns or (), live) if index.unique else Impact.WEAKENS,
                effect=_effect(index, table, live),
            )
    held.update(left_of_missing(table, live))

    def computed(other: Index) -> tuple[Impact, str]:
        text = computed_by(other) if other.ready else ""
        return raises_for(text, table, live, expected, actual, judge) if text else (Impact.NOTES, "")

    yield from unknown_indexes(table, live, matched, unique, held, computed, judge)


def _effect(index: Index, table: Table, live: Table) -> str:
    """What its rows or queries lack: the columns may be unique already, in another order or operator class."""
    served = frozenset(index.columns or ()) in arbiters(live) and index.where is None
    collation = next((element.collation for element in index.elements if element.collation), None)
    if index.unique and served and index.nulls_not_distinct and not _any_nulls_not_distinct(index, live):
        return repeated_nulls(index.columns or ())
    if index.unique and served and collation is not None:
        return f"values that are equal under COLLATE {collation} may be stored twice, and ON CONFLICT with it fails"
    if index.unique and index.where is not None and frozenset(index.columns or ()) in arbiters(live):
        return "only what is stricter keeps equal values apart now"
    if not index.unique or served or _holds_only_nulls(index):
        return "queries read the whole table"
    return upsert_effect(table, index.columns or (), live)


def _any_nulls_not_distinct(index: Index, live: Table) -> bool:
    columns = frozenset(index.columns or ())
    constraints = ((frozenset(other.columns), other.nulls_not_distinct) for other in live.uniques)
    return (columns, True) in {*constraints, *plain_unique_indexes(live)}


def _holds_only_nulls(index: Index) -> bool:
    """Whether a column of its key IS NULL in every row that it holds: NULLs are never equal, so it keeps none out."""
    where = _NOT_NULL.sub("", index.where or "")
    if index.nulls_not_distinct or _NO_PLAIN_CONJUNCTION.search(where):
        return False
    conditions = (part.strip(" ()\n") for part in re.split(r"\bAND\b", where, flags=re.IGNORECASE))
    nulls = {part[: -len("IS NULL")].strip(" ()").strip('"') for part in conditions if part.upper().endswith("IS NULL")}
    return any(element.text.strip('"') in nulls for element in index.elements)


def _shape(index: Index) -> tuple[object, ...]:
    return (
        index.elements,
        index.unique,
        index.where,
        frozenset(index.include),
        index.method,
        index.nulls_not_distinct,
    )


def _constraint_serves(index: Index, table: Table, live: Table, judge: Judge) -> bool:
    """Whether a UNIQUE constraint or primary key has the very index that is wanted behind it."""
    if index.unique and _only_unique(index):  # the order of the columns means nothing to uniqueness
        return not index.nulls_not_distinct and frozenset(index.columns or ()) in arbiters(live)
    return any(
        _verdict(index, behind, table, live, judge) is Verdict.EQUAL
        for behind in _behind_constraints(live, deferrable=not index.unique)
    )


def _asked_of_constraint(index: Index, table: Table) -> bool:
    """Whether the models ask for the same twice, as a UNIQUE constraint too: what is missing is said of that one."""
    same = ((frozenset(unique.columns), unique.deferrable, unique.nulls_not_distinct) for unique in table.uniques)
    wanted = (frozenset(index.columns or ()), False, index.nulls_not_distinct)
    return index.unique and _only_unique(index) and wanted in same


def _only_unique(index: Index) -> bool:
    """Whether it says of its columns that they are unique, and nothing else."""
    return (
        index.columns is not None
        and (index.where, index.method, index.include) == (None, "btree", ())
        and all(element == IndexElement(element.text) for element in index.elements)
    )


def _behind_constraints(live: Table, deferrable: bool) -> Iterator[Index]:
    """The indexes that back primary key and UNIQUE constraints."""
    key = live.primary_key
    if key is not None:
        yield Index(key.name, key.elements or tuple(map(IndexElement, key.columns)), unique=True)
    for unique in live.uniques:
        if unique.valid and (deferrable or not unique.deferrable):
            elements = unique.elements or tuple(map(IndexElement, unique.columns))
            yield Index(
                unique.name, elements, True, include=unique.include, nulls_not_distinct=unique.nulls_not_distinct
            )


def _verdict(index: Index, other: Index, table: Table, live: Table, judge: Judge) -> Verdict:
    if not _frame_fits(index, other, live, judge):
        return Verdict.DIFFERENT
    verdicts = [
        element_verdict(wanted, there, table.name, judge)
        for wanted, there in zip(index.elements, other.elements, strict=True)
    ]
    if Verdict.DIFFERENT not in verdicts and index.where is not None and other.where is not None:
        verdicts.append(judge.expression(table.name, index.where, other.where))
    return worst(verdicts)


def _frame_fits(index: Index, other: Index, live: Table, judge: Judge) -> bool:
    """All that needs no expression: a unique index also serves where a plain one is wanted, more INCLUDE is no harm."""
    return (
        len(index.elements) == len(other.elements)
        and index.method == other.method
        and (other.unique or not index.unique)
        and (index.where is None) == (other.where is None)
        and set(index.include) <= set(other.include)
        and (not index.unique or index.nulls_not_distinct == other.nulls_not_distinct)
        and _order_fits(index, other)
        and all(
            element_fits(wanted, there, live, judge)
            for wanted, there in zip(index.elements, other.elements, strict=True)
        )
    )


def _order_fits(index: Index, other: Index) -> bool:
    """The same order, or its mirror image: an index is read backwards as well."""
    pairs = list(zip(index.elements, other.elements, strict=True))
    return any(
        all(
            (wanted.descending != there.descending) is mirrored
            and (wanted.nulls_first != there.nulls_first) is mirrored
            for wanted, there in pairs
        )
        for mirrored in (False, True)
    )
