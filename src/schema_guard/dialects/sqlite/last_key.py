"""AUTOINCREMENT at its end: after the highest rowid that there is, every INSERT that leaves the key to SQLite fails.

Without AUTOINCREMENT SQLite looks for a number that is free instead (https://sqlite.org/autoinc.html).
"""

from __future__ import annotations

from dataclasses import replace

from schema_guard.column import Stand
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.tokens import quoted_literal
from schema_guard.dialects.survey import Read
from schema_guard.refused_write import RefusedWrite
from schema_guard.schema import Name, Table, Write

__all__ = ["HIGHEST", "with_last_key"]

HIGHEST = 2**63 - 1


def with_last_key(expected: Table, live: Table, read: Read) -> Table:
    """The live table; where its AUTOINCREMENT has ended, or the models' would have, its key says so.

    Args:
        expected: the table of the models.
        live: the one that is there.
        read: runs one SELECT; raises ReadError.
    """
    own = next((column for column in live.columns if column.autoincrement), None)
    wanted = expected.column(own.name) if own is not None else None
    if own is None or wanted is None or not (own.never_again or wanted.never_again):
        return live
    key, table = quote(own.name), quote(live.name)
    stored = bool(read(f"SELECT 1 FROM {table} WHERE {key} = {HIGHEST}"))
    sequence = quote(Name(live.name.schema, "sqlite_sequence"))
    row = f"name = {quoted_literal(live.name.name)} COLLATE NOCASE"
    given = own.never_again and bool(read(f"SELECT 1 FROM {sequence} WHERE {row} AND seq = {HIGHEST}"))
    if not (stored or given):
        return live
    ended = replace(own, stand=Stand(None, HIGHEST if stored else None, HIGHEST if stored else None))
    live = replace(live, columns=tuple(ended if column is own else column for column in live.columns))
    if not own.never_again or wanted.write is not Write.OMITTED:
        return live
    lower = f"(SELECT max({key}){{}} FROM {table} WHERE {key} < {HIGHEST})"
    moved = f"UPDATE {table} SET {key} = {lower.format(' + 1')} WHERE {key} = {HIGHEST};"
    back = f"UPDATE {sequence} SET seq = {lower.format('')} WHERE {row};"
    refused = RefusedWrite("INSERT", "database or disk is full", "number", remedy=(*[moved] * stored, back))
    return replace(live, facts=replace(live.facts, refused_writes=(*live.facts.refused_writes, refused)))
