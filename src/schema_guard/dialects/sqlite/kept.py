"""What SQLite itself says of a table and of the copy that is to take its place: the same, but for what the edited text
declares otherwise. This needs no understanding of the text; it is asked of the pragmas before the old table goes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from schema_guard.dialects.sqlite.checks import Condition
from schema_guard.dialects.sqlite.clauses import SaidTable, reference_of, said
from schema_guard.dialects.sqlite.tokens import quoted_literal

__all__ = ["kept"]

Query: TypeAlias = Callable[[str], str]
"""From the pragma of one of the two tables to the SELECT. Names may hold any character, so no text is formatted."""


def kept(before: str, after: str, old: str, new: str, database: str) -> list[Condition]:
    """The conditions.

    Args:
        before, after: what the two tables say.
        old, new: their names.
        database: the one they are in.
    """
    was, will, there = said(before), said(after), _Pragmas(old, new, quoted_literal(database))
    conditions = [Condition(_same_columns(was, will, there), "every column is declared as it was")]
    if was.of("primary key") or was.of("unique"):
        conditions.append(Condition(_same_keys(was, will, there), "every key is there"))
    if was.of("foreign key"):
        conditions.append(Condition(_same_references(was, will, there), "every foreign key is there"))
    return conditions


@dataclass(frozen=True, slots=True)
class _Pragmas:
    """The pragmas of the table and of its copy; `database` is a literal."""

    old: str
    new: str
    database: str

    def _of(self, query: Query, pragma: str, table: str) -> str:
        return query(f"pragma_{pragma}({quoted_literal(table)}, {self.database})")

    def all_kept(self, pragma: str, query: Query, query_of_new: Query | None = None) -> str:
        """Each row of the table's is one of the copy's."""
        there = self._of(query_of_new or query, pragma, self.new)
        return f"NOT EXISTS ({self._of(query, pragma, self.old)} EXCEPT {there})"

    def no_fewer(self, pragma: str, number: Query) -> str:
        return f"({self._of(number, pragma, self.old)}) <= ({self._of(number, pragma, self.new)})"


def _same_columns(was: SaidTable, will: SaidTable, there: _Pragmas) -> str:
    types, key_changes = _types(was, will), _key_changes(was, will)
    # Of a table WITHOUT ROWID the key's columns are NOT NULL.
    nulls = [column.name for column in was.columns] if key_changes else _changed(was, will, "not null")
    shown = (
        "cid",
        "name",
        _unless("type", "name", types),
        _unless('"notnull"', "name", nulls),
        _unless("dflt_value", "name", _changed(was, will, "default")),
        _unless("hidden", "name", _changed(was, will, "generated")),
        *(() if key_changes else ("pk",)),
    )
    return there.all_kept("table_xinfo", lambda pragma: f"SELECT {', '.join(shown)} FROM {pragma}")


def _same_keys(was: SaidTable, will: SaidTable, there: _Pragmas) -> str:
    """UNIQUE constraints and the primary key, by the indexes that SQLite makes for them."""
    collation = _unless("k.coll", "k.name", _changed(was, will, "collate"))
    keys = f"pragma_index_xinfo(i.name, {there.database}) AS k"

    def rows(pragma: str, origin: str) -> str:
        columns = f'k.seqno, k.name, {collation}, k."desc"'
        return f'SELECT {columns} FROM {pragma} AS i, {keys} WHERE k."key" AND i.origin {origin}'

    def of_keys(pragma: str) -> str:
        return rows(pragma, "<> 'c'")

    if _key_changes(was, will):  # its index may serve a UNIQUE, too
        return there.all_kept("index_list", lambda pragma: rows(pragma, "= 'u'"), of_keys)
    number = there.no_fewer("index_list", lambda pragma: f"SELECT count(*) FROM {pragma} WHERE origin <> 'c'")
    return f"{there.all_kept('index_list', of_keys)} AND {number}"


def _same_references(was: SaidTable, will: SaidTable, there: _Pragmas) -> str:
    gone = [clause for clause in was.constraints if clause.kind == "foreign key" and clause not in will.constraints]
    replaced = [*_changed(was, will, "foreign key"), *(name for clause in gone for name in reference_of(clause)[0])]
    left = f' WHERE lower("from") NOT IN ({_list(replaced)})' if replaced else ""

    def rows(pragma: str) -> str:
        return f'SELECT seq, "table", "from", "to", on_update, on_delete, match FROM {pragma}{left}'

    number = there.no_fewer("foreign_key_list", lambda pragma: f"SELECT count(DISTINCT id) FROM {pragma}{left}")
    return f"{there.all_kept('foreign_key_list', rows)} AND {number}"


def _types(was: SaidTable, will: SaidTable) -> list[str]:
    """The columns whose type the edit changes."""
    found = ((column, will.column(column.name)) for column in was.columns)
    return [column.name for column, new in found if new is None or new.type != column.type]


def _key_changes(was: SaidTable, will: SaidTable) -> bool:
    """A type alone changes the key, too: only that of an INTEGER needs no index."""
    return was.of("primary key") != will.of("primary key") or bool(_types(was, will))


def _changed(was: SaidTable, will: SaidTable, kind: str) -> list[str]:
    """The columns whose clauses of that kind the edit changes."""
    found = ((column, will.column(column.name)) for column in was.columns)
    return [column.name for column, new in found if new is None or new.of(kind) != column.of(kind)]


def _unless(value: str, name: str, columns: Sequence[str]) -> str:
    """The value, but NULL for these columns."""
    return f"CASE WHEN lower({name}) NOT IN ({_list(columns)}) THEN {value} END" if columns else value


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"lower({quoted_literal(name)})" for name in names)
