"""Which stored values the application cannot read: SQLite keeps any value in any column, whatever its type.

Each different value goes through what SQLAlchemy does with it when it reads a row. What is read is bounded: long values
are looked at up to some megabytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.tokens import quoted_literal
from schema_guard.dialects.sqlite.usual import LABELLED, bounded, may_be_no_utf8, shortened, surely_read
from schema_guard.dialects.survey import Read
from schema_guard.dialects.violators import SAMPLE
from schema_guard.difference import RowsUnreadable
from schema_guard.errors import ReadError
from schema_guard.plan import Evidence
from schema_guard.schema import Column, Table

__all__ = ["NO_LABEL", "UNDECODABLE", "can_be_read", "unreadable_rows"]

UNDECODABLE = "Could not decode to UTF-8"
"""How the sqlite3 module says that a stored text is no UTF-8, which it does not return."""
NO_LABEL = "bytes that are no UTF-8"
"""What stands for such a text among the labels that rows hold."""
LONGEST_LITERAL = 10_000
"""Characters of a value that is looked for: a statement has a million at most (SQLITE_MAX_SQL_LENGTH)."""


class _Stored(NamedTuple):
    """A value of the column, and how many of the rows that were looked at hold it."""

    kind: str
    value: object
    rows: int
    key: tuple[object, ...]
    """Of one of them."""


@dataclass(frozen=True, slots=True)
class _Look:
    """Some rows of the table, and what they hold: of a text its bytes, as the driver returns none that is no UTF-8.

    Args:
        table: quoted.
        column: quoted.
        keys: what names a row, quoted.
        condition: which rows.
        reader: what reads the values.
        limit: how many of the rows; None where it is all.
    """

    table: str
    column: str
    keys: Sequence[str]
    condition: str
    reader: str
    limit: int | None = None

    def limited(self, read: Read) -> _Look:
        """As many of the rows as hold what may be read of long values."""
        if shortened("value", self.reader) != "value":
            return self
        size = "CASE WHEN kind IN ('text', 'blob') THEN length(value) ELSE 0 END"
        found = read(bounded(f"SELECT {size} AS size FROM ({self._rows})"))
        return replace(self, limit=int(str(found[0][0]))) if found else self

    def values(self, read: Read) -> list[_Stored]:
        """The different ones; of the key SQLite gives that of one row."""
        found = read(f"SELECT kind, value, count(*), {self._named} FROM ({self._rows}) GROUP BY 1, 2 LIMIT {LABELLED}")
        return [_Stored(str(kind), value, int(str(count)), tuple(key)) for kind, value, count, *key in found]

    def keys_of(self, bad: Sequence[_Stored], read: Read) -> Iterator[tuple[object, ...]]:
        """Of few values more than one each; not of a long one, which a statement does not take."""
        for each in bad[:SAMPLE]:
            literal = _literal(each.value)
            if len(bad) >= SAMPLE or len(literal) > LONGEST_LITERAL:
                yield each.key
                continue
            alike = f"kind = {quoted_literal(each.kind)} AND value IS {literal}"
            yield from read(f"SELECT {self._named} FROM ({self._rows}) WHERE {alike} LIMIT {SAMPLE}")

    @property
    def _named(self) -> str:
        return ", ".join(f"key_{at}" for at in range(len(self.keys)))

    @property
    def _rows(self) -> str:
        """Each with a LIMIT: SQLite then computes a value once, and not where it is named, and sorts no more."""
        keys = ", ".join(f"{key} AS key_{at}" for at, key in enumerate(self.keys))
        stored = f"SELECT typeof({self.column}) AS kind, {self.column} AS stored, {keys} FROM {self.table}"
        stored = f"{stored} NOT INDEXED WHERE {self.condition} LIMIT {-1 if self.limit is None else self.limit}"
        value = shortened("stored", self.reader)
        value = f"CASE kind WHEN 'text' THEN CAST({value} AS BLOB) ELSE {value} END AS value"
        return f"SELECT kind, {value}, {self._named} FROM ({stored}) LIMIT -1"


def unreadable_rows(difference: RowsUnreadable, live: Table, read: Read) -> Evidence:
    """How many rows hold such a value, and some of their keys. Of long values the first rows are looked at."""
    column, table = quote(difference.column.name), quote(live.name)
    keys = live.primary_key.columns if live.primary_key else ()
    named = [quote(key) for key in keys] or ["rowid"]
    shown = ", ".join(named)
    query = f"SELECT {shown}, {column} FROM {table} WHERE {column} IS NOT NULL"
    reader = getattr(difference.column.reads, "type", "")
    count, looked, sample, reason = 0, 0, list[str](), ""
    try:
        ((encoding,),) = read("PRAGMA encoding")
        for at, condition in enumerate(_conditions(column, reader)):
            look = _Look(table, column, named, condition, reader).limited(read)
            values = look.values(read)
            bad = [each for each in values if not _reads(difference.column, each, str(encoding))]
            looked += sum(each.rows for each in values)
            count += sum(each.rows for each in bad)
            sample += (", ".join(map(str, key)) for key in look.keys_of(bad, read))
            if (look.limit is not None or len(values) == LABELLED) and (bad or not at):
                reason = f"only the first {looked:,} {'value was' if looked == 1 else 'values were'} looked at"
    except ReadError as error:
        return Evidence(None, query, exact=False, reason=error.message)
    if reason and not count:
        return Evidence(None, query, exact=False, reason=reason)
    if count and len(keys) == 1:
        wanted = ", ".join(sorted({_literal(key) for key in sample[:SAMPLE]}))
        query = f"SELECT {shown}, {column} FROM {table} WHERE CAST({shown} AS TEXT) IN ({wanted})"
    return Evidence(count, query, tuple(sample[:SAMPLE]), exact=not reason, reason=reason)


def _conditions(column: str, reader: str) -> Iterator[str]:
    """Which rows: those that are not read for sure, and of those that are where a text may be no UTF-8."""
    usual = surely_read(column, reader)
    yield f"{column} IS NOT NULL" + (f" AND ({usual}) IS NOT TRUE" if usual else "")
    if usual and may_be_no_utf8(reader):
        yield f"typeof({column}) = 'text' AND ({usual}) IS TRUE"


def _reads(column: Column, stored: _Stored, encoding: str) -> bool:
    if not (stored.kind == "text" and isinstance(stored.value, bytes)):
        return can_be_read(column, stored.value)
    try:
        return can_be_read(column, stored.value.decode(encoding))
    except UnicodeDecodeError:
        return False


def can_be_read(column: Column, value: object) -> bool:
    """Whether the models' type makes something of it."""
    try:
        if column.reads is not None:
            column.reads(value)
    except Exception:  # whatever it is, the application meets it too
        return False
    return True


def _literal(value: object) -> str:
    """It as a literal of SQL."""
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, str):
        return quoted_literal(value)
    return repr(value).replace("inf", "9e999")  # https://sqlite.org/faq.html
