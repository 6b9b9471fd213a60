"""An index or constraint that a pending revision drops or renames, and that stands there under another name.

A proof compares by meaning, so it finds nothing missing; the revision, which goes by the name, fails.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from schema_guard.chain.faults.early import in_sql
from schema_guard.chain.history import Chain
from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.pending import There
from schema_guard.chain.reading.revision_actions import actions_of
from schema_guard.chain.sandbox.restoring import statements_for
from schema_guard.difference import Impact, IndexMissing
from schema_guard.index import Index
from schema_guard.names import in_quotes
from schema_guard.schema import Name, Schema, Table

__all__ = ["other_name"]


def other_name(
    gone: Action, chain: Chain, ran: Collection[str], schema: Schema, there: There
) -> tuple[str, tuple[str, ...]] | None:
    """Its name here, with the statements after which the revision finds it; None where nobody can tell which it is.

    Args:
        gone: what the revision drops or renames.
        chain: the revisions.
        ran: those that ran.
        schema: the database.
        there: names as revisions write them.
    """
    made = [
        action
        for id_ in chain.order
        if id_ in ran
        for action in actions_of(chain.by_id[id_].file)
        if action.verb is Verb.MAKE and action.kind == gone.kind
    ]
    words = next((action.mentions for action in reversed(made) if there.key(action.name) == there.key(gone.name)), None)
    table = next((table for table in schema.tables if there.table(table.name) == there.key(gone.table)), None)
    if words is None or table is None or not gone.name:
        return None
    named = {there.key(action.name) for action in made}
    folded = set(map(there.key, words))
    found = [
        (name, statements)
        for name, names, statements in (_indexes if gone.kind == "index" else _constraints)(table, gone, there)
        if there.key(name) not in named and set(map(there.key, names)) <= folded
    ]
    return found[0] if len(found) == 1 else None


Found = tuple[str, tuple[str, ...], tuple[str, ...]]
"""A name, the columns that its definition names, and the statements."""


def _indexes(table: Table, gone: Action, there: There) -> Iterator[Found]:
    bare = gone.name.rpartition(".")[2]
    for index in table.indexes:
        if index.name and index.columns:
            yield index.name, index.columns, _index(table, index, bare, there)


def _index(table: Table, index: Index, name: str, there: There) -> tuple[str, ...]:
    here = in_sql(Name(table.name.schema, str(index.name)))
    if there.system.alters_types:
        return (f"ALTER INDEX {here} RENAME TO {in_quotes(name)}",)
    missing = IndexMissing(impact=Impact.WEAKENS, table=table, index=replace(index, name=name))
    again = statements_for([missing], _quote)
    return (f"DROP INDEX {here}", *again) if again else ()


def _constraints(table: Table, gone: Action, there: There) -> Iterator[Found]:
    """SQLite keeps no names of constraints."""
    if not there.system.alters_types:
        return
    keys = [(key.name, (*key.columns, key.target.name)) for key in table.foreign_keys]
    for name, columns in (*keys, *((unique.name, unique.columns) for unique in table.uniques)):
        if name:
            renamed = f"ALTER TABLE {in_sql(table.name)} RENAME CONSTRAINT {in_quotes(name)} TO {in_quotes(gone.name)}"
            yield name, columns, (renamed,)


def _quote(name: Name | str) -> str:
    return in_sql(name) if isinstance(name, Name) else in_quotes(name)
