"""Whether SQLite can prepare what the application writes.

EXPLAIN compiles a statement with the triggers that it fires and the foreign keys that it checks, and runs nothing
(https://sqlite.org/lang_explain.html).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from schema_guard.dialects.sqlite.names import catalog, quote
from schema_guard.dialects.sqlite.remedies import Made, errors_where_enforced, remedy
from schema_guard.dialects.survey import Read
from schema_guard.errors import ReadError
from schema_guard.refused_write import RELATION, RefusedWrite
from schema_guard.schema import Name, Relation, Table

__all__ = ["refused_writes", "without_parents"]

_SAID = re.compile(
    r"no such (?P<lacks>table|column|function): (?:.*\.)?(?P<name>.*)|(?P<key>foreign key mismatch) - .*"
    r"|table \S+ has no column named .*|table \S+ has \d+ columns but \d+ values were supplied",
    re.DOTALL,
)
"""What no connection of the application can do otherwise; it may register a function on its own, or a collation."""

_READ_ONLY = re.compile(r"cannot modify .* because it is a view", re.DOTALL)


def refused_writes(
    expected: Table, live: Table, *, foreign_keys: bool, by_url: bool, read: Read
) -> tuple[RefusedWrite, ...]:
    """The statements on the table that fail whatever their values are. None is asked where it can fire nothing. What a
    view has no INSTEAD OF trigger for is RELATION: the application may only read it.

    Args:
        expected: the table of the models, whose columns the application writes.
        live: the one that is there.
        foreign_keys: the application's connections enforce them.
        by_url: this connection is none of the application's, and lacks the functions that those register.
        read: runs one EXPLAIN; raises ReadError.
    """
    linked = foreign_keys and (live.foreign_keys or live.facts.referenced_by)
    is_view = live.relation is Relation.VIEW
    if expected.relation is Relation.VIEW or not (
        is_view or (live.relation is Relation.TABLE and (live.facts.has_triggers or linked))
    ):
        return ()
    found = []
    made: Made = ()
    parents = {each.target.name.lower() for each in live.foreign_keys} if foreign_keys else set()
    for verb, statement in _statements(live.name, expected, live):
        try:
            read(f"EXPLAIN {statement}")
        except ReadError as error:
            if is_view and (said := _READ_ONLY.search(error.message)):
                found.append(RefusedWrite(verb, said[0], RELATION))
            said = _SAID.search(error.message)
            if said is None:
                continue
            made = made or read(f"SELECT type, name, sql FROM {catalog(live.name.schema)} WHERE sql IS NOT NULL")
            own = dict(_statements(Name(None, live.name.name), expected, live))[verb]
            lacks, name = "key" if said["key"] else said["lacks"] or "", said["name"] or ""
            lacks = "parent" if lacks == "table" and name.lower() in parents else lacks
            doubt = "unless the application registers the function" if by_url and lacks == "function" else ""
            fix = remedy(own, live, made, foreign_keys=foreign_keys)
            found.append(RefusedWrite(verb, said[0], lacks, name, fix, doubt))
    return tuple(found)


def without_parents(expected: Table, live: Table, there: Collection[str], read: Read) -> tuple[RefusedWrite, ...]:
    """Where a URL does not tell whether the application enforces foreign keys: the statements that fail if it does,
    since one refers to a table that is not there.

    Args:
        expected, live, read: as `refused_writes` takes them.
        there: the names of all tables and views of its database, in lower case.
    """
    absent = [each.target.name for each in live.foreign_keys if each.target.name.lower() not in there]
    if live.relation is not Relation.TABLE or not absent:
        return ()
    made = read(f"SELECT type, name, sql FROM {catalog(live.name.schema)} WHERE sql IS NOT NULL")
    statements = dict(_statements(Name(None, live.name.name), expected, live))
    told = errors_where_enforced(list(statements.values()), made)
    found = []
    for verb, message in zip(statements, told, strict=True):
        name = next((each for each in absent if message.endswith((f" {each}", f".{each}"))), "")
        if message.startswith("no such table: ") and name:
            found.append(RefusedWrite(verb, message, "parent", name, doubt="where foreign keys are enforced"))
    return tuple(found)


def _statements(name: Name, expected: Table, live: Table) -> Iterator[tuple[str, str]]:
    key = expected.primary_key.columns if expected.primary_key is not None else ()
    known = [each for each in live.columns if each.generated is None and expected.column(each.name) is not None]
    names = [quote(column.name) for column in known]
    if names:
        values = ", ".join("NULL" for _ in names)
        yield "INSERT", f"INSERT INTO {quote(name)} ({', '.join(names)}) VALUES ({values})"
    changed = [f"{quote(column.name)} = NULL" for column in known if column.name not in key]
    if changed:
        yield "UPDATE", f"UPDATE {quote(name)} SET {', '.join(changed)}"
    yield "DELETE", f"DELETE FROM {quote(name)}"
