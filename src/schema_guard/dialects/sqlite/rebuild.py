"""The rebuild of a table: the changes that no ALTER TABLE of SQLite makes, with everything else kept.

The order is that of https://sqlite.org/lang_altertable.html#otheralter: foreign keys off, begin, make the new table,
copy, compare, drop the old one, rename, indexes and triggers again word for word, commit. The new text is the stored
one, edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schema_guard.dialects.sqlite.create_text import TableText, parse_table
from schema_guard.dialects.sqlite.edit import in_database, named, without_qualifiers
from schema_guard.dialects.sqlite.names import catalog, quote
from schema_guard.dialects.sqlite.reader import key
from schema_guard.dialects.sqlite.tokens import quoted_literal, significant
from schema_guard.schema import Name

__all__ = ["Rebuild"]

_ROWIDS = ("rowid", "_rowid_", "oid")


@dataclass(frozen=True, slots=True)
class Rebuild:
    """From the table as stored (`before`) to the edited text (`after`).

    Args:
        name: the table, with its database.
        before, after: CREATE TABLE statements; every column of `before` is in `after`.
        companions: the stored statements of its indexes and triggers.
        scratch: a free name for the new table while both are there.
        foreign_keys, legacy_alter: how the connection is set, so that it is so again afterwards.
        checks: SELECTs of one boolean that must be true before the old table goes, beside the comparison of the rows.
    """

    name: Name
    before: str
    after: str
    companions: tuple[str, ...]
    scratch: str
    foreign_keys: bool = False
    legacy_alter: bool = False
    checks: tuple[str, ...] = ()

    @property
    def result(self) -> str:
        """The text that is stored afterwards."""
        return named(without_qualifiers(self.after), parse_table(self.before).name)

    def probe(self) -> str:
        """True while the table is stored exactly as it was when this was planned: whatever came in between, a column,
        an index, a trigger, the rebuild would lose it, and so it has to be planned again."""
        objects = catalog(self.name.schema)
        table = quoted_literal(parse_table(self.before).name)
        known = ", ".join(quoted_literal(text) for text in self.companions)
        others = f" AND sql NOT IN ({known})" if known else ""
        return (
            f"SELECT EXISTS (SELECT 1 FROM {objects} WHERE type = 'table' AND name = {table}"
            f" AND sql = {quoted_literal(self.before)})"
            f" AND NOT EXISTS (SELECT 1 FROM {objects} WHERE type IN ('index', 'trigger')"
            f" AND lower(tbl_name) = lower({table}) AND sql IS NOT NULL{others})"
        )

    def statements(self) -> tuple[str, ...]:
        """All of it, in order; a SELECT is a check and has to return true."""
        old = parse_table(self.before)
        new = parse_table(self.after)
        copied = [column.name for column in old.columns if column.clause("generated") is None]
        table = quote(Name(self.name.schema, old.name))
        scratch = quote(Name(self.name.schema, self.scratch))
        rowid = _kept_rowid(old, new)
        into = ", ".join(([rowid] if rowid else []) + [quote(column) for column in copied])
        return (
            "PRAGMA foreign_keys = OFF",
            # Or the views and triggers that name the table would make the rename fail.
            "PRAGMA legacy_alter_table = ON",
            "BEGIN IMMEDIATE",
            named(without_qualifiers(self.after), self.scratch, self.name.schema),
            # OR ABORT: an ON CONFLICT clause of the table must not drop a row silently.
            f"INSERT OR ABORT INTO {scratch} ({into}) SELECT {into} FROM {table}",
            _same_rows(table, scratch, copied, _join(old, new, rowid)),
            *self.checks,
            *self._high_water_mark(old, new),
            f"DROP TABLE {table}",
            f"ALTER TABLE {scratch} RENAME TO {quote(old.name)}",
            *(in_database(text, self.name.schema) for text in self.companions),
            "COMMIT",
            *(() if self.legacy_alter else ("PRAGMA legacy_alter_table = OFF",)),
            *(("PRAGMA foreign_keys = ON",) if self.foreign_keys else ()),
        )

    def _high_water_mark(self, old: TableText, new: TableText) -> tuple[str, ...]:
        """AUTOINCREMENT never gives a number twice, not even of a deleted row (https://sqlite.org/autoinc.html)."""
        if not (old.autoincrement and new.autoincrement):
            return ()
        sequence = quote(Name(self.name.schema, "sqlite_sequence"))
        scratch, table = quoted_literal(self.scratch), quoted_literal(old.name)
        return (
            f"DELETE FROM {sequence} WHERE name = {scratch}",
            f"INSERT INTO {sequence} (name, seq) SELECT {scratch}, seq FROM {sequence} WHERE name = {table}",
        )


def _alias(table: TableText) -> str | None:
    """The column that is the rowid: INTEGER PRIMARY KEY, but for the DESC that SQLite keeps apart out of history."""
    if table.without_rowid:
        return None
    for clause in table.all_clauses("primary key"):
        if len(clause.columns) != 1:
            return None
        column = table.column(clause.columns[0])
        declared = table.text[column.type_start : column.type_end].strip('"`[]').upper()
        words = [token.word() for token in significant(table.text[clause.start : clause.end])]
        descending = clause in column.clauses and "DESC" in words
        return column.name if declared == "INTEGER" and not descending else None
    return None


def _free_rowid(table: TableText) -> str | None:
    taken = {key(column.name) for column in table.columns}
    return next((name for name in _ROWIDS if name not in taken), None)


def _kept_rowid(old: TableText, new: TableText) -> str | None:
    """The name under which the rowid is copied, where no column of the copy already is it."""
    if old.without_rowid or new.without_rowid or _alias(old):
        return None
    alias = _alias(new)
    if alias is not None and key(alias) in {key(column.name) for column in old.columns}:
        return None
    return _free_rowid(new)


def _join(old: TableText, new: TableText, rowid: str | None) -> tuple[tuple[str, str], ...]:
    """How a row finds its copy, as (column of the copy, column of the original): by rowid, or by the primary key.

    Empty when all names of the rowid are columns' names, and the key is one that may hold NULL.
    """
    if rowid is not None:
        return ((rowid, rowid),)
    alias = _alias(new)
    if alias is not None:
        return ((quote(alias), quote(alias)),)
    if not old.without_rowid:
        return ()
    return tuple((quote(column), quote(column)) for column in old.all_clauses("primary key")[0].columns)


def _same_rows(table: str, scratch: str, columns: Sequence[str], join: Sequence[tuple[str, str]]) -> str:
    """Whether every row has its copy with the same values, byte by byte, and there are no others."""
    count = f"SELECT (SELECT count(*) FROM {table}) = (SELECT count(*) FROM {scratch})"
    names = ", ".join(quote(column) for column in columns)
    if not join:
        return f"{count} AND NOT EXISTS (SELECT {names} FROM {table} EXCEPT SELECT {names} FROM {scratch})"
    on = " AND ".join(f"copied.{there} = original.{here}" for there, here in join)
    differ = " OR ".join(f"original.{quote(column)} COLLATE BINARY IS NOT copied.{quote(column)}" for column in columns)
    return (
        f"{count} AND NOT EXISTS (SELECT 1 FROM {table} AS original LEFT JOIN {scratch} AS copied ON {on}"
        f" WHERE copied.{join[0][0]} IS NULL OR {differ})"
    )
