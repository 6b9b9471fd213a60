"""Indexes, matched by structure: elements, uniqueness, predicate, included columns, method."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.compare.holder import index_words, relation_holder
from schema_guard.compare.unique import arbiters, upsert_effect, upsert_impact
from schema_guard.dialects.base import Judge, Verdict
from schema_guard.difference import Difference, Impact, IndexInvalid, IndexMissing, NotComparable, ObjectUnknown
from schema_guard.schema import Index, IndexElement, Schema, Table

__all__ = ["compare_indexes"]


def compare_indexes(table: Table, live: Table, actual: Schema, judge: Judge) -> Iterator[Difference]:
    matched: set[Index] = set()
    seen: list[Index] = []
    for index in table.indexes:
        if any(_shape(index) == _shape(other) for other in seen):
            continue
        seen.append(index)
        if _constraint_serves(index, live):
            matched.update(other for other in live.indexes if other.name == index.name)
            continue
        verdicts = [(other, _verdict(index, other, table, judge)) for other in live.indexes]
        same = [other for other, verdict in verdicts if verdict is Verdict.EQUAL]
        unclear = [
            other for other, verdict in verdicts if verdict is Verdict.NOT_COMPARABLE and other.name == index.name
        ]
        matched.update(same)
        if any(other.valid for other in same):
            continue
        if same:
            invalid = next((other for other in same if other.name == index.name), same[0])
            yield IndexInvalid(
                table=table,
                index=index,
                actual=invalid,
                impact=upsert_impact(table, index.columns or ()) if index.unique else Impact.WEAKENS,
                effect="it costs every write and serves no query",
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
            yield IndexMissing(
                table=table,
                index=index,
                holder=relation_holder(actual, live, index.name),
                impact=upsert_impact(table, index.columns or ()) if index.unique else Impact.WEAKENS,
                effect=upsert_effect(table, index.columns or ()) if index.unique else "queries read the whole table",
            )
    yield from _unknown(table, live, matched)


def _unknown(table: Table, live: Table, matched: set[Index]) -> Iterator[ObjectUnknown]:
    uniques = {frozenset(unique.columns) for unique in table.uniques}
    for other in live.indexes:
        serves_unique = other.unique and other.columns is not None and frozenset(other.columns) in uniques
        if other in matched or serves_unique:
            continue
        words = index_words(other)
        yield ObjectUnknown(
            table=table,
            kind=words.kind,
            name=other.name or "index",
            definition=words.definition,
            impact=Impact.NOTES,
            effect="rows that repeat these values are refused" if other.unique else "",
        )


def _shape(index: Index) -> tuple[object, ...]:
    return (
        index.elements,
        index.unique,
        index.where,
        frozenset(index.include),
        index.method,
        index.nulls_not_distinct,
    )


def _constraint_serves(index: Index, live: Table) -> bool:
    """Whether a UNIQUE constraint or primary key has the very index that is wanted behind it."""
    if index.where is not None or index.method != "btree" or index.include or index.columns is None:
        return False
    if index.unique:  # the order of the columns means nothing to uniqueness
        return not index.nulls_not_distinct and frozenset(index.columns) in arbiters(live)
    if any(element.descending or element.operator_class or element.collation for element in index.elements):
        return False
    keys = [unique.columns for unique in live.uniques if unique.valid]
    if live.primary_key is not None:
        keys.append(live.primary_key.columns)
    return index.columns in keys


def _verdict(index: Index, other: Index, table: Table, judge: Judge) -> Verdict:
    if not _frame_fits(index, other):
        return Verdict.DIFFERENT
    verdicts = [
        _element(wanted, there, table, judge) for wanted, there in zip(index.elements, other.elements, strict=True)
    ]
    if Verdict.DIFFERENT not in verdicts and index.where is not None and other.where is not None:
        verdicts.append(judge.expression(table.name, index.where, other.where))
    for verdict in (Verdict.DIFFERENT, Verdict.NOT_COMPARABLE, Verdict.UNDECIDED):
        if verdict in verdicts:
            return verdict
    return Verdict.EQUAL


def _frame_fits(index: Index, other: Index) -> bool:
    """All that needs no expression: a unique index also serves where a plain one is wanted, more INCLUDE is no harm."""
    return (
        len(index.elements) == len(other.elements)
        and index.method == other.method
        and (other.unique == index.unique or (other.unique and not index.unique))
        and (index.where is None) == (other.where is None)
        and set(index.include) <= set(other.include)
        and (not index.unique or index.nulls_not_distinct == other.nulls_not_distinct)
        and _order_fits(index, other)
        and all(
            wanted.is_expression == there.is_expression
            and _class_fits(wanted, there)
            and (wanted.collation is None or wanted.collation == there.collation)
            and (wanted.is_expression or wanted.text == there.text)
            for wanted, there in zip(index.elements, other.elements, strict=True)
        )
    )


def _class_fits(wanted: IndexElement, there: IndexElement) -> bool:
    """The same operator class; the type's default may be named or not."""
    return wanted.operator_class in (there.operator_class, there.default_class or there.operator_class)


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


def _element(wanted: IndexElement, there: IndexElement, table: Table, judge: Judge) -> Verdict:
    if not wanted.is_expression:
        return Verdict.EQUAL
    return judge.expression(table.name, wanted.text, there.text)
