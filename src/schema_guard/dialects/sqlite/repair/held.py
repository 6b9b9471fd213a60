"""Names that something else holds: tables, views and indexes share theirs, and only a table can be renamed
(https://sqlite.org/lang_altertable.html#altertabrename). Names of constraints mean nothing to SQLite, and repeat."""

from __future__ import annotations

from schema_guard.dialects.sqlite.edit import in_database, index_named
from schema_guard.dialects.sqlite.index_text import parse_index
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.reader import UnreadableTextError, key
from schema_guard.dialects.sqlite.repair.case import Case
from schema_guard.dialects.sqlite.tokens import ended
from schema_guard.difference import IndexMissing, TableMissing
from schema_guard.plan import Refusal
from schema_guard.schema import Name, Relation

__all__ = ["refuse_held"]


def refuse_held(missing: IndexMissing | TableMissing, name: Name, case: Case) -> Refusal:
    """The refusal of what should bear a name that is taken, with the statements that free it."""
    holder = missing.holder or "something else in the database"
    reason = f"the name {name.name} is held by {holder}"
    other = case.free_name(name.schema, f"{name.name}_old")
    index = _stored_index(name, case)
    if index is not None:
        text = in_database(index_named(index, other), name.schema)
        return Refusal(
            missing, f"{reason}: give that another name, then run again", (ended(text), f"DROP INDEX {quote(name)};")
        )
    if _is_table(name, case):
        rename = f"ALTER TABLE {quote(name)} RENAME TO {quote(other)};"
        return Refusal(missing, f"{reason}: give that another name, then run again", (rename,))
    return Refusal(
        missing, f"{reason}, which SQLite does not rename: create it under another name and drop it, then run again"
    )


def _stored_index(name: Name, case: Case) -> str | None:
    """The CREATE INDEX of that name, where its table is one that was read."""
    for table in case.actual.tables:
        for text in table.facts.companions if table.name.schema == name.schema else ():
            try:
                index = parse_index(text)
            except UnreadableTextError:  # a trigger
                continue
            if key(index.name) == key(name.name):
                return text
    return None


def _is_table(name: Name, case: Case) -> bool:
    found = [table.name for table in case.actual.tables if table.relation is Relation.TABLE]
    return any(
        (other.schema, key(other.name)) == (name.schema, key(name.name))
        for other in (*found, *case.actual.unknown_tables)
    )
