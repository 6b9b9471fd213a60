"""What the connected role may not do, and the application would as the same role.

The application may connect as another one, and a guard that only checks needs no more than to read: it is a doubt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from schema_guard.compare.impact_words import failing, writers
from schema_guard.counted import first_of
from schema_guard.difference import Impact, PrivilegeMissing
from schema_guard.schema import Column, Denied, Relation, Schema, Table, Write

__all__ = ["compare_privileges"]


def compare_privileges(expected: Schema, actual: Schema) -> Iterator[PrivilegeMissing]:
    """One for all the tables on which the role lacks the same."""
    groups: dict[tuple[str, ...], list[tuple[Table, tuple[Denied, ...]]]] = defaultdict(list)
    for table in expected.tables:
        live = actual.table(table.name)
        if live is not None and (lacks := tuple(_lacks(table, live, actual))):
            groups[tuple(denied.words for denied in lacks)].append((table, lacks))
    for words, found in groups.items():
        some = found[0][1]
        verbs, classes = _verbs(some), first_of((writers(table) for table, _ in found), 3)
        effect = f"not provable: {failing(verbs, classes)} if the application connects as {actual.role}"
        yield PrivilegeMissing(role=actual.role, words=words, tables=tuple(found), impact=Impact.WEAKENS, effect=effect)


def _lacks(table: Table, live: Table, actual: Schema) -> Iterator[Denied]:
    for denied in live.denied:
        if table.relation is Relation.VIEW and denied.privilege not in ("SELECT", "USAGE"):
            continue
        if denied.of != "TABLE" or denied.privilege == "DELETE":
            yield denied
            continue
        columns = tuple(each.name for each in _used(table, live, denied.privilege) if each.name in denied.columns)
        if columns:
            everywhere = len(denied.columns) == len(live.columns)
            yield Denied(denied.privilege, denied.of, () if everywhere else columns)
    if any(_takes(column, live, actual) for column in table.columns):
        yield Denied("USAGE", "SEQUENCE")


def _used(table: Table, live: Table, privilege: str) -> Iterator[Column]:
    """The columns of the models that such a statement names."""
    key = table.primary_key.columns if table.primary_key is not None else ()
    for column in table.columns:
        there = live.column(column.name)
        if there is None or (privilege != "SELECT" and (column.generated is not None or there.generated is not None)):
            continue
        if (privilege == "INSERT" and column.write is Write.OMITTED) or (privilege == "UPDATE" and column.name in key):
            continue
        yield column


def _takes(column: Column, live: Table, actual: Schema) -> bool:
    """Whether an INSERT of the application takes a value from a sequence that the role may not use."""
    there = live.column(column.name)
    if there is None or column.write is not Write.OMITTED or there.sequence is None:
        return False
    sequence = actual.sequence(there.sequence)
    return sequence is not None and sequence.counter is not None and not sequence.counter.usable


def _verbs(lacks: Sequence[Denied]) -> list[str]:
    """The statements that fail."""
    words = {denied.words for denied in lacks}
    if "USAGE of its schema" in words:
        return ["each statement"]
    inserts = {"INSERT", "a policy for INSERT", "USAGE of its sequence"} & words
    found = {
        "SELECT": "SELECT" in words,
        "INSERT": bool(inserts),
        "UPDATE": "UPDATE" in words,
        "DELETE": "DELETE" in words,
    }
    return [verb for verb, fails in found.items() if fails]
