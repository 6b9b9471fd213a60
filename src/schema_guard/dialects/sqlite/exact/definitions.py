"""The CREATE statements that models would have, told from their parts: where a table has them word for word, and no
view or trigger is there, a whole check finds nothing but what rows and columns say.

Only plain definitions are told so: of everything else (a condition of an index, a deferrable key, a STRICT table) a
whole check says more. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from functools import lru_cache
from typing import NamedTuple

from schema_guard.dialects.sqlite.canonical import SQLiteRules
from schema_guard.dialects.sqlite.create_text import parse_table
from schema_guard.dialects.sqlite.exact.text import Row, definition, definitions
from schema_guard.dialects.sqlite.reader import UnreadableTextError
from schema_guard.dialects.terms import NOT_WRITTEN, Alike, Verdict
from schema_guard.names import OWN_TOOLS
from schema_guard.schema import Check, ForeignKey, Index, IndexElement, PrimaryKey, Relation, Table, Unique

__all__ = ["Definitions", "Texts", "as_told", "definitions_of", "like", "texts_of"]

_ACTIONS = frozenset({"CASCADE", "RESTRICT", "SET DEFAULT", "SET NULL"})
Quote = Callable[[str], str]


class Texts(NamedTuple):
    """What stands in sqlite_schema for a table."""

    table: Sequence[str]
    """Its definitions, as `text.definitions` gives them."""
    indexes: frozenset[tuple[str, str]]
    """Name and text of each."""


class Definitions(NamedTuple):
    """What the models expect of a table."""

    texts: Texts
    columns: Sequence[tuple[str, int]]
    """Each with the number of the sample that it is like."""
    key: Sequence[str]
    """The columns of the primary key."""

    @property
    def places(self) -> Set[int]:
        """The numbers of its samples."""
        return {place for _, place in self.columns}


@lru_cache(4)  # a process that asks again finds the same texts
def texts_of(rows: tuple[Row, ...]) -> dict[str, Texts] | None:
    """By the tables' names; None where there is a view or a trigger.

    Args:
        rows: of sqlite_schema: type, name, tbl_name, sql.
    """
    tables: dict[str, Sequence[str]] = {}
    indexes: dict[str, list[tuple[str, str]]] = {}
    for kind, name, table, sql in rows:
        if name.startswith("sqlite_") or (kind == "table" and name in OWN_TOOLS):
            continue
        if kind == "table":
            tables[name] = definitions(sql or "")
        elif kind == "index":
            indexes.setdefault(table, []).append((name, sql or ""))
        else:
            return None
    if not tables.keys() >= indexes.keys():
        return None
    return {name: Texts(told, frozenset(indexes.get(name, ()))) for name, told in tables.items()}


def as_told(rows: Sequence[Row], tables: Mapping[str, Definitions | None]) -> dict[str, Definitions]:
    """The tables that are as the models say, where the database holds no other objects than those of the models.

    Args:
        rows: of sqlite_schema.
        tables: of the models; None for those that are not told so.
    """
    there = texts_of(tuple(rows))
    if there is None or not there.keys() <= tables.keys():
        return {}
    return {name: told for name, told in tables.items() if told is not None and told.texts == there.get(name)}


def definitions_of(table: Table, columns: Alike, quote: Quote) -> Definitions | None:
    """None where something of the table is not plain.

    Args:
        table: of the models, without columns.
        columns: these.
        quote: how SQLAlchemy writes a name.
    """
    if not _is_plain(table) or _repeats(table):
        return None
    kinds = [(name, place) for name, place, _ in columns.tables[table.name]]
    parts = [definition(like(quote(name), columns.samples[place].ddl)) for name, place in kinds]
    for each in _constraints(table, quote):
        if each is None:
            return None
        parts.append(definition(each))
    indexes = [_index(index, table, quote) for index in table.indexes]
    if None in indexes:
        return None
    key = () if table.primary_key is None else table.primary_key.columns
    return Definitions(Texts([*sorted(parts), ""], frozenset(filter(None, indexes))), kinds, key)


def _is_plain(table: Table) -> bool:
    odd = table.ignored or table.reads or table.query or table.strict or table.without_rowid or table.exclusions
    asked = table.upserts or table.named_upserts or table.unwritten
    named = table.name.schema is None and table.name.name not in OWN_TOOLS
    return named and not odd and not asked and table.relation is Relation.TABLE


def _repeats(table: Table) -> bool:
    """Whether two keys or indexes are of the same columns: the one may serve for the other."""
    key = () if table.primary_key is None else table.primary_key.columns
    every = [key, *(each.columns for each in table.uniques), *(each.columns or () for each in table.indexes)]
    return len({frozenset(each) for each in every}) < len(every)


def like(name: str, sample: str) -> str:
    """The definition of a column that is like another one, whose definition is given."""
    _, _, rest = sample[1:].partition('" ') if sample.startswith('"') else sample.partition(" ")
    return f"{name} {rest}"


def _constraints(table: Table, quote: Quote) -> Iterator[str | None]:
    if table.primary_key is not None:
        yield _key("PRIMARY KEY", table.primary_key, quote)
    yield from (_key("UNIQUE", each, quote) for each in table.uniques)
    yield from (_foreign_key(each, quote) for each in table.foreign_keys)
    yield from (_check(each, quote) for each in table.checks)


def _named(name: str | None, written: str, quote: Quote) -> str:
    return written if name is None else f"CONSTRAINT {quote(name)} {written}"


def _list(names: Sequence[str], quote: Quote) -> str:
    return ", ".join(map(quote, names))


def _key(kind: str, key: PrimaryKey | Unique, quote: Quote) -> str | None:
    if key.ddl != NOT_WRITTEN or key.deferrable or not key.columns:
        return None
    return _named(key.name, f"{kind} ({_list(key.columns, quote)})", quote)


def _foreign_key(key: ForeignKey, quote: Quote) -> str | None:
    if key.ddl != NOT_WRITTEN or key.deferrable or key.initially_deferred or key.target.schema is not None:
        return None
    target = f"{quote(key.target.name)} ({_list(key.target_columns, quote)})"
    written = f"FOREIGN KEY({_list(key.columns, quote)}) REFERENCES {target}"
    for event, action in (("DELETE", key.on_delete), ("UPDATE", key.on_update)):
        if action in _ACTIONS:
            written += f" ON {event} {action}"
        elif action != "NO ACTION":
            return None
    return _named(key.name, written, quote)


def _check(check: Check, quote: Quote) -> str | None:
    """One whose text a whole check finds equal to itself."""
    named = check.ddl.startswith("CONSTRAINT ")
    written = check.ddl if named else _named(check.name, check.ddl, quote)
    return written if _is_read(check.ddl, check.expression) else None


@lru_cache(1000)
def _is_read(written: str, expression: str) -> bool:
    """Whether a stored CHECK that is written so is read, and says the same as the expression."""
    try:
        clauses = parse_table(f"CREATE TABLE t (\n\tc INTEGER, \n\t{written}\n)").all_clauses("check")
    except UnreadableTextError:
        return False
    return len(clauses) == 1 and SQLiteRules().same_expression(expression, clauses[0].inner) is Verdict.EQUAL


def _index(index: Index, table: Table, quote: Quote) -> tuple[str, str] | None:
    odd = index.where is not None or index.include or index.method != "btree" or index.options
    if odd or index.name is None or not index.elements:
        return None
    names = [each.text for each in index.elements if each == IndexElement(each.text)]
    if len(names) < len(index.elements):
        return None
    head = "CREATE UNIQUE INDEX" if index.unique else "CREATE INDEX"
    return index.name, f"{head} {quote(index.name)} ON {quote(table.name.name)} ({_list(names, quote)})"
