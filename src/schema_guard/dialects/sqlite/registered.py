"""What the application registers on its own connections and this one does not have: collations and functions.

A table that is made of them cannot be made again, and no index on them either; all other tables can. It is asked
before anything is tried. EXPLAIN compiles and runs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from schema_guard.dialects.sqlite.edit import index_named, named
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.reader import UnreadableTextError
from schema_guard.dialects.sqlite.tokens import significant, unquoted
from schema_guard.dialects.survey import Read
from schema_guard.difference import Difference, Impact
from schema_guard.errors import ReadError
from schema_guard.plan import Definition, Rejection
from schema_guard.schema import Column, Name, Relation, Schema, Table

__all__ = ["collations_in", "not_registered"]

_OWN = frozenset({"BINARY", "NOCASE", "RTRIM"})
_SAID = re.compile(
    r"(?P<collation>no such collation sequence: .*)|(?P<function>(?:no such|unknown) function: .*)", re.DOTALL
)
_SCRATCH = "asked for: no table of this name"


def collations_in(text: str) -> set[str]:
    """The collations that a stored statement names, but for SQLite's own."""
    found = significant(text) if "collate" in text.lower() else []
    names = {unquoted(found[at + 1]) for at, token in enumerate(found[:-1]) if token.word() == "COLLATE"}
    return {name for name in names if name.upper() not in _OWN}


def not_registered(differences: Iterable[Difference], actual: Schema, read: Read) -> dict[Definition, Rejection]:
    """The columns whose collation this connection does not have, and the tables that it cannot make again.

    Args:
        differences: what compare found.
        actual: the live schema.
        read: runs one SELECT or EXPLAIN; raises ReadError.
    """
    found: dict[Definition, Rejection] = {}
    asked: dict[str, Rejection | None] = {}
    for table, live in _tables(differences, actual):
        for name, column in _collated(table, live):
            collation = _bare(column.collation)
            if collation not in asked:
                asked[collation] = _said(f"EXPLAIN SELECT '' = '' COLLATE {quote(collation)}", read)
            if (rejection := asked[collation]) is not None:
                found[name, column] = rejection
        if live is not None and live.relation is Relation.TABLE and (live.name, live) not in found:
            rejection = next((said for text in _texts(live) if (said := _said(f"EXPLAIN {text}", read))), None)
            if rejection is not None:
                found[live.name, live] = rejection
    return found


def _tables(differences: Iterable[Difference], actual: Schema) -> Iterator[tuple[Table | None, Table | None]]:
    """Of what matters: the table as it is expected and as it is, once for all its differences."""
    asked: set[tuple[int, Name]] = set()
    for difference in differences:
        name, table = difference.table_name, getattr(difference, "table", None)
        if difference.impact is not Impact.NOTES and name is not None and (id(table), name) not in asked:
            asked.add((id(table), name))
            yield table, actual.table(name)


def _collated(*tables: Table | None) -> Iterator[tuple[Name, Column]]:
    for table in tables:
        if table is not None:
            named_by = (column for column in table.columns if column.collation)
            yield from ((table.name, column) for column in named_by if _bare(column.collation).upper() not in _OWN)


def _bare(collation: str | None) -> str:
    return (collation or "").strip('"')


def _texts(live: Table) -> Sequence[str]:
    """The statements that make the table and its indexes, under a name that is free."""
    texts = []
    for text in (live.facts.text or "", *live.facts.companions):
        try:
            texts.append((named if text == live.facts.text else index_named)(text, _SCRATCH))
        except UnreadableTextError:  # a trigger, whose functions are looked for when it fires
            continue
    return texts


def _said(statement: str, read: Read) -> Rejection | None:
    try:
        read(statement)
    except ReadError as error:
        said = _SAID.search(error.message)
        return Rejection(said[0], str(said.lastgroup), "") if said else None
    return None
