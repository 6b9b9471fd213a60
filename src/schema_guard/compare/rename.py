"""What looks as if it had been renamed: a missing column or table beside one that the models don't know.

A rename cannot be proved from a catalog, so it is a suspicion: where name, place and type speak for it. Whether rows
are at stake is for the survey to say.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from schema_guard.compare.impact_words import writers
from schema_guard.compare.likeness import likeness
from schema_guard.dialects.judge import Judge
from schema_guard.difference import (
    ColumnMissing,
    ColumnUnknown,
    Difference,
    Fit,
    Impact,
    RenameSuspected,
    TableMissing,
    TableUnknown,
)
from schema_guard.schema import Column, Name, Relation, Schema, Table, Type

__all__ = ["compare_renames", "folded"]

ENOUGH = 0.7
"""Of likeness and place together."""
RIVAL = 0.15
"""A pair that is worse by no more than this could be meant as well."""
ALIKE = 0.75
"""Names that say it alone."""

BESIDE, AT_END = 0.1, 0.15
"""What it adds that one neighbour is the same; that both stand last behind the same column."""
HALF, MOST, TELLING = 0.5, 0.75, 3
"""The share of the columns of two tables that both have: with less than HALF they are two things; with MOST they are
one where TELLING of them are such as other tables don't have."""

_DROPPED = re.compile(r"(?:^|_)(?:legacy|old|deprecated|obsolete|unused|tmp|temp|backup|bak)(?:_|$)", re.IGNORECASE)
"""Words for a column that was given up on purpose: its place alone says nothing."""
_COMMON = frozenset(
    {"id", "uuid", "name", "title", "slug", "description", "code", "value", "key", "kind", "type", "status"}
) | {f"{word}{end}" for word in ("created", "updated", "deleted") for end in ("", "_at", "_on")}
"""Columns that tables of every kind have."""


@dataclass(frozen=True, slots=True)
class Pair:
    score: float
    old: str
    new: str


Match = tuple[Pair, tuple[str, ...], tuple[str, ...]]
"""A pair, other old names for its new one, other new names for its old one."""


def compare_renames(
    expected: Schema, actual: Schema, judge: Judge, found: Sequence[Difference]
) -> Iterator[RenameSuspected]:
    """Args:
    found: the differences of columns and tables.
    """
    missing: dict[Name, dict[str, ColumnMissing]] = defaultdict(dict)
    unknown: dict[Name, dict[str, ColumnUnknown]] = defaultdict(dict)
    for difference in found:
        if isinstance(difference, ColumnMissing):
            missing[difference.table.name][difference.column.name] = difference
        elif isinstance(difference, ColumnUnknown):
            unknown[difference.table.name][difference.column.name] = difference
    for table in expected.tables:
        live = actual.table(table.name)
        if live is not None and unknown[table.name]:
            yield from _of_columns(table, live, missing[table.name], unknown[table.name], judge)
    yield from _of_tables(expected, actual, found, judge)


def folded(differences: Iterable[Difference]) -> tuple[tuple[Difference, ...], frozenset[str]]:
    """The differences as they are planned for, and the keys of those for which a suspicion speaks in the report.

    A suspicion goes where what is missing is left alone anyway.
    """
    differences = tuple(differences)
    left = {difference.key for difference in differences if difference.left_alone}
    suspected = [
        each
        for each in differences
        if isinstance(each, RenameSuspected)
        and (each.left_alone or each.missing is None or each.missing.key not in left)
    ]
    speaking = [each for each in suspected if not each.left_alone]
    covered = frozenset(key for each in speaking for key in each.covers)
    made = {each.missing.key for each in speaking if each.missing is not None and not each.held_back}
    kept = (each for each in differences if each in suspected or not isinstance(each, RenameSuspected))
    return (
        tuple(
            replace(each, left_alone="it may be there under another name")
            if each.key in covered and each.key not in made
            else each
            for each in kept
        ),
        covered,
    )


def _of_columns(
    table: Table,
    live: Table,
    missing: dict[str, ColumnMissing],
    unknown: dict[str, ColumnUnknown],
    judge: Judge,
) -> Iterator[RenameSuspected]:
    blocker = next((name for name, difference in unknown.items() if difference.impact is Impact.BREAKS), None)
    for pair, or_from, or_to in _column_pairs(table, live, missing.keys(), unknown.keys(), judge):
        column = table.column(pair.new)
        assert column is not None
        gone = missing.get(pair.new)
        yield RenameSuspected(
            table=table,
            column=column,
            old=pair.old,
            or_from=or_from,
            or_to=or_to,
            missing=gone,
            unknown=unknown[pair.old],
            unset=column.default or column.fill,
            blocker=blocker,
            impact=Impact.BREAKS if gone else Impact.WEAKENS,
            effect=gone.effect
            if gone
            else f"not provable: {writers(table)} may read no value where {pair.old} holds one",
        )


def _column_pairs(
    table: Table, live: Table, missing: Collection[str], unknown: Collection[str], judge: Judge
) -> Sequence[Match]:
    """The suspected pairs: those that stand beside one of them are looked at again, as its neighbours."""
    best: list[Match] = []
    for _ in range(len(unknown)):
        renamed = {pair.old: pair.new for pair, _, _ in best}
        pairs = [
            Pair(score, old, new.name)
            for new in table.columns
            for old in unknown
            if (score := _column_score(table, live, new, old, new.name in missing, renamed, judge)) >= ENOUGH
        ]
        before, best = best, list(_best(pairs))
        if len(best) == len(before):
            break
    return best


def _column_score(
    table: Table, live: Table, new: Column, old: str, is_missing: bool, renamed: dict[str, str], judge: Judge
) -> float:
    """0 where it cannot be one column: another type, another part in the key, or the new one came first."""
    own = live.column(old)
    assert own is not None
    alike = likeness(old, new.name)
    if not _same_kind(table, live, new, own, judge):
        return 0.0
    if not is_missing:
        if alike >= ALIKE:
            return alike if _stands_behind(live, new.name, [old]) else 0.0
        # Its place in the models says something where it stands behind all that they put there: it was added later.
        added = _stands_behind(live, new.name, [old, *_following(table, new.name)])
        return alike + _place(table, live, new, own, renamed) if added and _following(table, new.name) else 0.0
    return alike + _place(table, live, new, own, renamed) + _reference(table, live, new.name, old)


def _following(table: Table, name: str) -> list[str]:
    names = [column.name for column in table.columns]
    return names[names.index(name) + 1 :]


def _stands_behind(live: Table, name: str, others: Sequence[str]) -> bool:
    """Whether the column stands behind those of the others that are there."""
    order = [column.name for column in live.columns]
    return all(order.index(name) > order.index(other) for other in others if other in order)


def _same_kind(table: Table, live: Table, new: Column, own: Column, judge: Judge) -> bool:
    def in_key(of: Table, name: str) -> bool:
        return of.primary_key is not None and name in of.primary_key.columns

    if (new.generated is None) != (own.generated is None) or in_key(table, new.name) != in_key(live, own.name):
        return False
    return _same_type(new, own, live, judge)


def _same_type(new: Column, own: Column, live: Table, judge: Judge) -> bool:
    return _key(new.type) == _key(own.type) or judge.rules.fit(new, own, live) in (Fit.SAME, Fit.WIDER)


def _key(type_: Type) -> tuple[object, ...]:
    """The type however it is spelled."""
    return type_.schema, type_.name, type_.arguments, type_.dimensions


def _place(table: Table, live: Table, new: Column, own: Column, renamed: dict[str, str]) -> float:
    """Whether it stands between the same two columns; at the end, where every new column stands, that says less."""
    before, after = _neighbours([column.name for column in table.columns], new.name)
    others = [
        column.name if column == own else renamed.get(column.name, column.name)
        for column in live.columns
        if column.name != new.name
    ]
    own_before, own_after = _neighbours(others, own.name)
    if before != own_before or after != own_after:
        return BESIDE if before == own_before or after == own_after else 0.0
    if after is None:
        return AT_END
    same = _key(new.type) == _key(own.type) and new.nullable == own.nullable and not _DROPPED.search(own.name)
    return ENOUGH if same else ENOUGH / 2


def _neighbours(names: Sequence[str], name: str) -> tuple[str | None, str | None]:
    index = names.index(name)
    return names[index - 1] if index else None, names[index + 1] if index + 1 < len(names) else None


def _reference(table: Table, live: Table, new: str, old: str) -> float:
    """Both refer to the same table."""

    def targets(of: Table, name: str) -> set[Name]:
        return {key.target for key in of.foreign_keys if key.columns == (name,)}

    return 0.25 if targets(table, new) & targets(live, old) else 0.0


def _of_tables(
    expected: Schema, actual: Schema, found: Sequence[Difference], judge: Judge
) -> Iterator[RenameSuspected]:
    missing = {each.table.name: each for each in found if isinstance(each, TableMissing) and each.holder is None}
    unknown = {each.name: each for each in found if isinstance(each, TableUnknown)}
    structures = {name: columns for name, columns in actual.unknown_columns if name in unknown}
    kinds = _kinds(structures)
    pairs: dict[str | None, list[Pair]] = defaultdict(list)
    tables = {table.name: table for table in expected.tables}
    for name, table in tables.items():
        live = actual.table(name)
        if name not in missing and (live is None or live.relation is not Relation.TABLE or live.facts.bytes_estimate):
            continue  # it has rows of its own, or shows those of others
        shared: dict[int, tuple[float, int]] = {}
        for other, columns in structures.items():
            if other.schema != name.schema:
                continue
            kind = kinds[other]
            if kind not in shared:
                shared[kind] = _shared(table, columns, judge)
            score = _table_score(table, other, *shared[kind])
            if score >= (ENOUGH if name in missing else ALIKE):
                pairs[name.schema].append(Pair(score, other.name, name.name))
    for schema, own in pairs.items():
        for pair, or_from, or_to in _best(own):
            table = tables[Name(schema, pair.new)]
            gone = missing.get(table.name)
            yield RenameSuspected(
                table=table,
                column=None,
                old=pair.old,
                or_from=or_from,
                or_to=or_to,
                missing=gone,
                unknown=unknown[Name(schema, pair.old)],
                impact=Impact.BREAKS if gone else Impact.WEAKENS,
                effect=gone.effect if gone else f"not provable: {writers(table)} may miss the rows of {pair.old}",
            )


def _kinds(structures: Mapping[Name, Sequence[Column]]) -> Mapping[Name, int]:
    """The tables with the same number have the same columns: a database may hold one for each of a hundred months."""
    numbers: dict[tuple[object, ...], int] = {}
    found = {}
    for name, columns in structures.items():
        structure = tuple((each.name, _key(each.type)) for each in columns)
        found[name] = numbers.setdefault(structure, len(numbers))
    return found


def _shared(table: Table, columns: Sequence[Column], judge: Judge) -> tuple[float, int]:
    """The share of the columns of two tables that both have with the same type, and how many of these are telling:
    columns that every table has say nothing by themselves."""
    own = {column.name: column for column in columns}
    names = {column.name for column in table.columns}
    all_of_both = max(1, len(names | own.keys()))
    if len(names & own.keys()) < HALF * all_of_both:
        return 0.0, 0  # so most pairs end
    shared = {
        column.name
        for column in table.columns
        if column.name in own and _same_type(column, own[column.name], table, judge)
    }
    return len(shared) / all_of_both, len(shared - _COMMON)


def _table_score(table: Table, other: Name, overlap: float, telling: int) -> float:
    """By the columns that both have, as `_shared` counts them, and by the names."""
    if overlap < HALF:
        return 0.0
    if (overlap == 1.0 and telling) or (overlap >= MOST and telling >= TELLING):
        return 1.0
    alike = likeness(other.name, table.name.name)
    if overlap == 1.0:
        return 0.4 + alike
    return alike if alike >= ALIKE else overlap * (0.4 + alike)


def _best(pairs: Sequence[Pair]) -> Iterator[Match]:
    """Each name in one pair at most, the best ones first; with the names that could stand there as well."""
    taken: set[tuple[str, str]] = set()
    by_new: dict[str, list[Pair]] = defaultdict(list)
    by_old: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_new[pair.new].append(pair)
        by_old[pair.old].append(pair)
    for pair in sorted(pairs, key=lambda pair: -pair.score):
        if ("old", pair.old) in taken or ("new", pair.new) in taken:
            continue
        taken |= {("old", pair.old), ("new", pair.new)}
        least = pair.score - RIVAL
        yield (
            pair,
            tuple(other.old for other in by_new[pair.new] if other != pair and other.score >= least),
            tuple(other.new for other in by_old[pair.old] if other != pair and other.score >= least),
        )
