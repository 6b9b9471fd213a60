"""Temporary tables that the application's connections make for themselves: an unqualified name means them first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from schema_guard.compare.impact_words import writers
from schema_guard.dialects.judge import Judge
from schema_guard.difference import Difference, Impact, ObjectUnknown
from schema_guard.schema import Schema

__all__ = ["behind_temporary"]

_LEFT = "a temporary table of its name, which the connection makes, stands before it"


def behind_temporary(
    differences: Iterable[Difference], expected: Schema, actual: Schema, judge: Judge
) -> Iterator[Difference]:
    """The differences, with the doubt about those of a table that no statement meets; and what is met in its place."""
    temporary = dict(actual.temporary)
    for each in differences:
        if each.table_name not in temporary:
            yield each
            continue
        doubt = f"not provable: {each.effect.removeprefix('not provable: ')}" if each.effect else ""
        yield replace(each, impact=min(each.impact, Impact.WEAKENS), effect=doubt, left_alone=_LEFT)
    for table in expected.tables:
        columns = temporary.get(table.name)
        if columns is None:
            continue
        lacking = [column.name for column in table.columns if column.name not in columns]
        impact, effect = Impact.WEAKENS, f"not provable: statements of {writers(table)} meet it in place of the table"
        if lacking:
            what = f"it has no {', '.join(lacking)}"
            impact, effect = (
                Impact.BREAKS,
                f"SELECT of {writers(table)} fails ({judge.errors.undefined_column}): {what}",
            )
        yield ObjectUnknown(
            table=table,
            kind="temporary table",
            name="temp",
            definition="each connection of the application makes it",
            impact=impact,
            effect=effect,
        )
