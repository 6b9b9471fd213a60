"""Joins of relationships for which the models have no foreign key: can the types that are there be compared?"""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.dialects.judge import Judge
from schema_guard.difference import Impact, NotEmittable
from schema_guard.schema import Name, Problem, Schema, Table

__all__ = ["cannot_join", "compare_joins"]


def compare_joins(expected: Schema, actual: Schema, judge: Judge) -> Iterator[NotEmittable]:
    """One for each pair of columns, however many relationships compare it."""
    seen: set[frozenset[tuple[Name, str]]] = set()
    for table in expected.tables:
        live = actual.table(table.name)
        if live is None:
            continue
        for column, target, target_column, relationship in table.joins:
            pair = frozenset({(table.name, column), (target, target_column)})
            if pair in seen:
                continue
            seen.add(pair)
            if effect := cannot_join(live, actual.table(target), [(column, target_column)], judge):
                said = f"relationship {relationship}: no operator compares it with {target}.{target_column}"
                problem = Problem(f"{table.name}.{column}", said)
                yield NotEmittable(problem=problem, impact=Impact.WEAKENS, effect=effect)


def cannot_join(live: Table, target: Table | None, pairs: list[tuple[str, str]], judge: Judge) -> str:
    """What fails where the types that are there cannot be compared: a value of the one is no parameter of the other,
    either."""
    if target is None:
        return ""
    for name, target_name in pairs:
        column, other = live.column(name), target.column(target_name)
        if column is None or other is None or judge.rules.comparable(column.type, other.type):
            continue
        types = f"{judge.errors.undefined_function}: {column.type} = {other.type}"
        query = f"a query that joins {live.name} and {target.name}, or loads the one by the other,"
        return f"not provable: {query} fails ({types})"
    return ""
