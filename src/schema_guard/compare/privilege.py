"""What the connected role may not do, and the application would as the same role.

The application may connect as another one, and a guard that only checks needs no more than to read: it is a doubt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from schema_guard.compare.impact_words import failing, writers
from schema_guard.counted import first_of
from schema_guard.denied import Denied
from schema_guard.difference import Impact, PrivilegeMissing
from schema_guard.schema import Column, Name, Relation, Schema, Table, Write

__all__ = ["compare_privileges"]


def compare_privileges(expected: Schema, actual: Schema) -> Iterator[PrivilegeMissing]:
    """One for all the tables on which the role lacks the same."""
    groups: dict[tuple[str, ...], list[tuple[Table, tuple[Denied, ...]]]] = defaultdict(list)
    for table in expected.tables:
        live = actual.table(table.name)
        if live is not None and (lacks := tuple(_lacks(table, live, actual))):
            groups[tuple(dict.fromkeys(denied.words for denied in lacks))].append((table, lacks))
    for words, found in groups.items():
        verbs, classes = _verbs(*found[0]), first_of((writers(table) for table, _ in found), 3)
        effect = f"not provable: {failing(verbs, classes)} if the application connects as {actual.role}"
        yield PrivilegeMissing(role=actual.role, words=words, tables=tuple(found), impact=Impact.WEAKENS, effect=effect)


def _lacks(table: Table, live: Table, actual: Schema) -> Iterator[Denied]:
    for denied in live.facts.denied:
        if denied.of == "FUNCTION":
            if _is_called(denied, table, live):
                yield denied
            continue
        if table.relation is Relation.VIEW and denied.privilege not in ("SELECT", "USAGE"):
            continue
        if denied.of == "POLICY" and denied.privilege == "UPDATE" and not any(_used(table, live, "UPDATE")):
            continue
        if denied.of != "TABLE" or denied.privilege == "DELETE":
            yield denied
            continue
        named = [each.name for each in _used(table, live, denied.privilege)]
        columns = tuple(name for name in named if name in denied.columns)
        everywhere = len(denied.columns) == len(live.columns)
        if columns or (everywhere and any(live.column(name) is None for name in named)):
            yield Denied(denied.privilege, denied.of, () if everywhere else columns)
    unknown = (each for each in live.columns if not table.knows(each.name))
    taken = dict.fromkeys(
        [*(_taken(column, live, actual) for column in table.columns), *(_unusable(each, actual) for each in unknown)]
    )
    yield from (Denied("USAGE", "SEQUENCE", sequence=name) for name in taken if name is not None)


def _is_called(denied: Denied, table: Table, live: Table) -> bool:
    """A default is, only where the application leaves its column out."""
    if not denied.columns:
        return True
    called = ((table.column(name), live.column(name)) for name in denied.columns)
    return any(column is None or column.write is Write.OMITTED for column, there in called if there is not None)


def _used(table: Table, live: Table, privilege: str) -> Iterator[Column]:
    """The columns of the models that such a statement names, those that are still to be added too."""
    key = table.primary_key.columns if table.primary_key is not None else ()
    for column in table.columns:
        there = live.column(column.name)
        made = column.generated is not None or (there is not None and there.generated is not None)
        if privilege != "SELECT" and made:
            continue
        if (privilege == "INSERT" and column.write is Write.OMITTED) or (privilege == "UPDATE" and column.name in key):
            continue
        yield column


def _taken(column: Column, live: Table, actual: Schema) -> Name | None:
    """The sequence from which an INSERT of the application takes a value, and which the role may not use."""
    there = live.column(column.name)
    if there is None:
        return None
    if column.write not in (Write.OMITTED, Write.DEFAULT):
        return None
    return _unusable(column if column.write is Write.DEFAULT else there, actual)


def _unusable(column: Column, actual: Schema) -> Name | None:
    """The column's sequence, where the role may not use it."""
    sequence = actual.sequence(column.sequence)
    usable = sequence is None or sequence.counter is None or sequence.counter.usable
    return None if usable else column.sequence


def _of_key(table: Table, denied: Denied) -> Iterator[Column]:
    for name in table.primary_key.columns if table.primary_key is not None else ():
        column = table.column(name)
        if column is not None and (not denied.columns or name in denied.columns):
            yield column


def _verbs(table: Table, lacks: Sequence[Denied]) -> list[str]:
    """The statements that fail; what the ORM changes it finds by the key, and an INSERT returns the key that it got."""
    words = {denied.words for denied in lacks}
    called = {verb for denied in lacks for verb in denied.statements}
    unseen = ("SELECT", "a policy for SELECT")
    unread = (denied for denied in lacks if denied.words in unseen or "SELECT" in denied.statements)
    hidden = [] if table.relation is Relation.VIEW else [c for denied in unread for c in _of_key(table, denied)]
    if "USAGE of its schema" in words:
        return ["each statement"]
    inserts = {"INSERT", "a policy for INSERT", "USAGE of its sequence"} & words
    found = {
        "SELECT": "SELECT" in words | called,
        "INSERT": bool(inserts) or "INSERT" in called or any(column.write is Write.OMITTED for column in hidden),
        "UPDATE": bool({"UPDATE", "a policy for UPDATE"} & words) or "UPDATE" in called or bool(hidden),
        "DELETE": "DELETE" in words | called or bool(hidden),
    }
    return [verb for verb, fails in found.items() if fails]
