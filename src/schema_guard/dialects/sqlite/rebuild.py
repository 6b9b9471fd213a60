"""The rebuild of a table: the changes that no ALTER TABLE of SQLite makes, with everything else kept.

The order is that of https://sqlite.org/lang_altertable.html#otheralter: foreign keys off, begin, make the new table,
copy, compare, drop the old one, rename, indexes and triggers again word for word, commit. The new text is the stored
one, edited. The old table cannot be dropped before everything was found to be there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schema_guard.dialects.sqlite.checks import Condition, must, must_before, stated
from schema_guard.dialects.sqlite.create_text import TableText, parse_table
from schema_guard.dialects.sqlite.edit import in_database, named, without_qualifiers
from schema_guard.dialects.sqlite.kept import kept
from schema_guard.dialects.sqlite.names import catalog, pragma, quote
from schema_guard.dialects.sqlite.reader import key
from schema_guard.dialects.sqlite.tokens import ended, quoted_literal, significant
from schema_guard.schema import ForeignKey, Name

__all__ = ["Rebuild"]

_ROWIDS = ("rowid", "_rowid_", "oid")
_GROUP = 100


@dataclass(frozen=True, slots=True)
class Rebuild:
    """From the table as stored (`before`) to the edited text (`after`).

    Args:
        name: the table, with its database.
        before, after: CREATE TABLE statements; every column of `before` is in `after`.
        companions: the stored statements of its indexes and triggers.
        scratch: a free name for the new table while both are there.
        foreign_keys, legacy_alter: how the connection is set, so that it is so again afterwards.
        checks: what must be true before the old table goes, beside the comparison of the rows.
        referenced_by: the foreign keys that refer to the table, each with its own table.
        statistics: the tables of ANALYZE: DROP TABLE would take the table's rows out of them.
        collations_of_others: an index of the database names a collation that SQLite does not bring along.
    """

    name: Name
    before: str
    after: str
    companions: tuple[str, ...]
    scratch: str
    foreign_keys: bool = False
    legacy_alter: bool = False
    checks: tuple[Condition, ...] = ()
    referenced_by: tuple[tuple[Name, ForeignKey], ...] = ()
    statistics: tuple[str, ...] = ()
    collations_of_others: bool = False

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

    def statements(self, *conditions: Condition) -> tuple[str, ...]:
        """All of it, in order; what must be true before the old table goes fails when it is not.

        Args:
            conditions: more of what must be true.
        """
        old = parse_table(self.before)
        new = parse_table(self.after)
        computed = {key(column.name) for text in (old, new) for column in text.columns if column.clause("generated")}
        copied = [column.name for column in old.columns if key(column.name) not in computed]
        table = quote(Name(self._database, old.name))
        scratch = quote(Name(self._database, self.scratch))
        rowid = _kept_rowid(old, new)
        same_rows = _same_rows(table, scratch, copied, _join(old, new, rowid))
        into = ", ".join(([rowid] if rowid else []) + [quote(column) for column in copied])
        return (
            "PRAGMA foreign_keys = OFF",
            # Or the views and triggers that name the table would make the rename fail.
            "PRAGMA legacy_alter_table = ON",
            "BEGIN IMMEDIATE",
            named(without_qualifiers(self.after), self.scratch, self.name.schema),
            f"INSERT OR ABORT INTO {scratch} ({into}) SELECT {into} FROM {table}",
            *self._high_water_mark(old, new),
            *self._statistics_of(old.name, self.scratch),
            *self._drop(table, [*conditions, *self._conditions(old, same_rows)]),
            *self._renamed(f"ALTER TABLE {scratch} RENAME TO {quote(old.name)}"),
            *self._statistics_of(self.scratch, old.name),
            *(in_database(text, self.name.schema) for text in self.companions),
            "COMMIT",
            *(() if self.legacy_alter else ("PRAGMA legacy_alter_table = OFF",)),
            *(("PRAGMA foreign_keys = ON",) if self.foreign_keys else ()),
        )

    @property
    def verifies(self) -> str:
        """What the statements verify before the old table goes, in words."""
        return stated(self._conditions(parse_table(self.before), same_rows=""))

    @property
    def _database(self) -> str:
        return self.name.schema or "main"

    def _conditions(self, old: TableText, same_rows: str) -> list[Condition]:
        columns = pragma("table_xinfo", old.name, self._database)
        return [
            Condition(same_rows, "every row was copied"),
            Condition(f"(SELECT count(*) FROM {columns}) = {len(old.columns)}", "no column came in between"),
            *kept(self.before, self.after, old.name, self.scratch, self._database),
            Condition(
                "NOT (SELECT foreign_keys FROM pragma_foreign_keys)", "no other table's rows are deleted with it"
            ),
            *self._children(old),
            *self.checks,
        ]

    def _children(self, old: TableText) -> list[Condition]:
        """No row that refers to a row of the table may lose it. What the table itself refers to needs no such look:
        its values are compared byte by byte."""
        there = {key(column.name) for column in old.columns}
        return [
            Condition(self._keeps_parents(child, foreign), f"{child} finds its rows")
            for child, foreign in self.referenced_by
            if foreign.target_columns and {key(column) for column in foreign.target_columns} <= there
        ]

    def _keeps_parents(self, child: Name, foreign: ForeignKey) -> str:
        """The parent's column stands first: its collation and affinity decide (https://sqlite.org/foreignkeys.html)."""

        def found(parent: str, text: TableText) -> str:
            pairs = zip(foreign.target_columns, foreign.columns, strict=True)
            return " AND ".join(f"{parent}.{_collated(there, text)} = child.{quote(here)}" for there, here in pairs)

        old, new = parse_table(self.before), parse_table(self.after)
        table, scratch = quote(Name(self._database, self.name.name)), quote(Name(self._database, self.scratch))
        return (
            f"NOT EXISTS (SELECT 1 FROM {quote(Name(self._database, child.name))} AS child"
            f" JOIN {table} AS before ON {found('before', old)}"
            f" LEFT JOIN {scratch} AS after ON {found('after', new)}"
            f" WHERE after.{quote(foreign.target_columns[0])} IS NULL)"
        )

    def _renamed(self, statement: str) -> tuple[str, ...]:
        """RENAME reads all indexes of the database again, and fails where one names a collation that this connection
        does not have, also one of another table; with a writable schema it does not."""
        if not self.collations_of_others:
            return (statement,)
        return "PRAGMA writable_schema = ON", statement, "PRAGMA writable_schema = OFF"

    def _drop(self, table: str, conditions: list[Condition]) -> tuple[str, ...]:
        """The name of a table of the main database can be kept from DROP; an attached one's would have to be told
        apart from it, and so relies on being stopped by the error."""
        if self._database != "main":
            return must(conditions), f"DROP TABLE {table}"
        name = quote(self.name.name)
        return *must_before(conditions, name), f"DROP TABLE {name}"

    def _statistics_of(self, old: str, new: str) -> tuple[str, ...]:
        return tuple(
            f"UPDATE {quote(Name(self._database, table))} SET tbl = {quoted_literal(new)}"
            f" WHERE tbl = {quoted_literal(old)}"
            for table in self.statistics
        )

    def advice(self) -> tuple[str, ...]:
        """The statements, for a person to run: they hold for the table as it is now, and else stop."""
        started = Condition(f"({self.probe()})", f"{self.name} is as it was when this was written")
        return tuple(ended(statement) for statement in self.statements(started))

    def _high_water_mark(self, old: TableText, new: TableText) -> tuple[str, ...]:
        """AUTOINCREMENT never gives a number twice, not even of a deleted row (https://sqlite.org/autoinc.html)."""
        alias = _alias(new)
        if not new.autoincrement or alias is None:
            return ()
        sequence = quote(Name(self._database, "sqlite_sequence"))
        copy, highest = quote(Name(self._database, self.scratch)), f"ifnull(max({quote(alias)}), 0)"
        scratch, table = quoted_literal(self.scratch), quoted_literal(old.name)
        return (
            f"DELETE FROM {sequence} WHERE name = {scratch} AND {table} IN (SELECT name FROM {sequence})",
            f"UPDATE {sequence} SET name = {scratch}, seq = max(seq, (SELECT {highest} FROM {copy}))"
            f" WHERE name = {table}",
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


def _collated(name: str, table: TableText) -> str:
    """The column with its own collation, written out, so that the other side's need not be known; a rowid has none."""
    clauses = [clause for clause in table.column(name).clauses if clause.kind == "collate"]
    alias = _alias(table)
    if alias is not None and key(alias) == key(name):
        return quote(name)
    return f"{quote(name)} COLLATE {quote(clauses[-1].inner) if clauses else 'BINARY'}"


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
    count = f"(SELECT count(*) FROM {table}) = (SELECT count(*) FROM {scratch})"
    names = ", ".join(quote(column) for column in columns)
    if not join:
        return f"{count} AND NOT EXISTS (SELECT {names} FROM {table} EXCEPT SELECT {names} FROM {scratch})"
    on = " AND ".join(f"copied.{there} = original.{here}" for there, here in join)
    differ = _any([f"original.{quote(column)} COLLATE BINARY IS NOT copied.{quote(column)}" for column in columns])
    return (
        f"{count} AND NOT EXISTS (SELECT 1 FROM {table} AS original LEFT JOIN {scratch} AS copied ON {on}"
        f" WHERE copied.{join[0][0]} IS NULL OR {differ})"
    )


def _any(conditions: Sequence[str]) -> str:
    """One of them is true. In groups, as each OR of a long row is a level deeper, and SQLite takes a thousand
    (https://sqlite.org/limits.html#max_expr_depth)."""
    groups = [" OR ".join(conditions[at : at + _GROUP]) for at in range(0, len(conditions), _GROUP)]
    return groups[0] if len(groups) == 1 else " OR ".join(f"({group})" for group in groups)
