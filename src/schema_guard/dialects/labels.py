"""Columns that take more than the models list: rows may hold what an Enum does not know, or no class is mapped for.

Loading such a row fails, and no catalog tells. The same of NULL where the value says which class a row is of, or which
version of the row it is. Pure; each database looks in its own way.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from schema_guard.column import texts
from schema_guard.dialects.base import Rules
from schema_guard.names import in_quotes
from schema_guard.schema import Column, Name, Relation, Schema, Table, TypeKind

__all__ = ["MOST", "Listed", "Others", "doubted", "listed", "respelled", "spelled", "with_others"]

MOST = 20
"""Values that are looked for in one column."""

NOT_READ = "values that were not read"
_ANY_CASE = "citext"
_TABLES = frozenset({Relation.TABLE, Relation.PARTITIONED, Relation.PARTITION})

Others = Mapping[tuple[Name, str], Sequence[str | None]]
"""By table and column: values that no label stands for, or NULL."""


class Listed(NamedTuple):
    """A column whose rows there is reason to look at."""

    table: Table
    column: Column
    labels: tuple[str, ...]
    """As literals; none where it is NULL alone that is looked for."""
    nulls: bool = False
    unlike: Callable[[str], str] | None = None
    """In place of labels: which texts are looked for, as SQL."""

    def condition(self, value: str) -> str:
        """Which values of it are looked for, as SQL."""
        if self.unlike is not None:
            return self.unlike(value)
        if not self.labels:
            return f"{value} IS NULL"
        unlisted = f"{value} NOT IN ({', '.join(self.labels)})"
        return f"({unlisted}) IS NOT FALSE" if self.nulls else unlisted

    @property
    def key(self) -> tuple[Name, str]:
        return self.table.name, self.column.name


def doubted(each: Listed) -> list[str | None]:
    """What stands for the values of a column that could not be looked at. What may be there is then asked for again,
    with more time, and is a doubt where that fails as well."""
    return [*([None] if each.nulls else []), *([NOT_READ] if each.labels or each.unlike else [])]


def listed(
    expected: Schema, actual: Schema, rules: Rules, takes_others: Callable[[Column, Column], bool]
) -> list[Listed]:
    """Not those of which a CHECK keeps out what the models don't list, nor tables that cannot be read.

    Args:
        expected: what the models say.
        actual: what is there.
        rules: reads CHECKs.
        takes_others: whether the live column (the second one) can hold something else than the models list.
    """
    found = []
    for wanted in expected.tables:
        live = actual.table(wanted.name)
        if live is None or live.relation not in _TABLES or live.facts.row_security or not live.facts.readable:
            continue
        if live.facts.unread is not None or any(part.foreign for part in live.facts.partitions):
            continue
        for column in wanted.columns:
            there = live.column(column.name)
            if there is None:
                continue
            nulls = column.needs_value and column.nullable and there.nullable
            values = column.classes or column.labels
            unlisted = bool(values) and takes_others(column, there) and not _kept(column, there, values, live, rules)
            if nulls or unlisted:
                found.append(Listed(live, there, values if unlisted else (), nulls))
            elif rules.unlike_written(column, there, "v"):
                found.append(Listed(live, there, (), unlike=partial(rules.unlike_written, column, there)))
    return found


def _kept(column: Column, there: Column, values: Sequence[str], live: Table, rules: Rules) -> bool:
    """Whether a CHECK of the table lets no other value be there. Where another spelling is equal for the column, it
    does: NOCASE of SQLite, citext and the nondeterministic collations of PostgreSQL."""
    if column.type.dimensions or there.collation or there.type.kind is TypeKind.DOMAIN or there.type.name == _ANY_CASE:
        return False
    own = rules.allowed_values(f"{in_quotes(column.name)} = 0")
    lists = [rules.allowed_values(check.expression) for check in live.checks if check.validated and check.enforced]
    known = {*values, *texts(values)}  # numbers stand there without quotes
    return any(
        own is not None and each is not None and each.operand == own.operand and each.values <= known for each in lists
    )


def with_others(actual: Schema, found: Others) -> Schema:
    """The schema with what was found written to the columns."""
    return replace(actual, tables=tuple(_placed(table, found) for table in actual.tables)) if found else actual


def _placed(table: Table, found: Others) -> Table:
    if not any(name == table.name for name, _ in found):
        return table
    return replace(
        table, columns=tuple(_holding(column, found.get((table.name, column.name))) for column in table.columns)
    )


def _holding(column: Column, values: Sequence[str | None] | None) -> Column:
    if values is None:
        return column
    return replace(column, others=tuple(each for each in values if each is not None), holds_null=None in values)


def respelled(known: Sequence[str], others: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Of the values that are none of the known ones, which are literals: those that are evidently one of them in
    another spelling, and that one. Two numbers never are."""
    labels = [label for label in texts(known) if not spelled(label).isdigit()]
    for old in (each for each in others if each not in labels):
        alike = [label for label in labels if spelled(label) == spelled(old)]
        if len(alike) == 1:
            yield old, alike[0]


def spelled(label: str) -> str:
    """What two spellings of a word have in common."""
    composed = unicodedata.normalize("NFKC", label)
    return "".join(character for character in composed.casefold() if character.isalnum())
