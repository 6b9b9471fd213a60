"""Alembic's version table as it was read, and what its rows mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container, Iterable, Sequence
from dataclasses import dataclass, replace

from schema_guard.chain.history import Chain
from schema_guard.names import in_quotes

__all__ = ["NO_COLUMN", "Read", "VersionTable", "literal", "meant", "qualified", "strange_rows"]

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
NO_COLUMN = "it has no column version_num"
Read = Callable[[str], list[tuple[object, ...]]]
"""Sends one SELECT that writes nothing; raises ReadError."""


@dataclass(frozen=True, slots=True)
class VersionTable:
    """`rows` are the revisions that alembic_version means; `width` how many characters fit (None: any number).

    `strange` are rows that Alembic never writes, and fails on: NULL, blank, with spaces around, twice the same, no
    text, a known revision written otherwise. `mistyped` is the column's type where that makes them so: CHAR(n) gives
    every row spaces, INTEGER gives numbers. `elsewhere` lists tables of that name in schemas that the connection does
    not look in. `written` is what `all_rows` are in the table, where that differs.
    """

    name: str
    exists: bool
    rows: tuple[str, ...] = ()
    width: int | None = None
    readable: str = ""
    """Why the rows could not be read; empty when they could."""
    elsewhere: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    """Further rows, whose files a person declared lost."""
    strange: tuple[str, ...] = ()
    mistyped: str = ""
    written: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    """What the role may not do with it, of what a revision needs to leave its mark."""
    grant: str = ""
    """The statement that permits it."""
    former: str = ""
    """The revision of this chain that a table alembic_version names, where env.py names another one, which is empty."""

    @property
    def in_sql(self) -> str:
        """Its name, quoted where it has to be."""
        return ".".join(part if _PLAIN.fullmatch(part) else in_quotes(part) for part in self.name.split("."))

    @property
    def all_rows(self) -> tuple[str, ...]:
        """What the table names."""
        return (*self.rows, *self.lost)

    def without(self, lost: Collection[str]) -> VersionTable:
        """With these revisions taken for lost."""
        rows = tuple(row for row in self.rows if row not in lost)
        return replace(self, rows=rows, lost=tuple(row for row in self.rows if row in lost))

    def against(self, chain: Chain) -> VersionTable:
        """With the revisions of this chain in place of what means one of them and is written otherwise."""
        meant_by = {row: chain.meant_by(row) for row in self.rows}
        odd = tuple(row for row, revision in meant_by.items() if revision != row)
        if not odd:
            return self
        rows = tuple(dict.fromkeys(filter(None, meant_by.values())))
        return replace(self, rows=rows, strange=(*self.strange, *odd), written=self.all_rows)

    def after(self, usual: Callable[[], VersionTable], chain: Chain) -> VersionTable:
        """With what Alembic's usual table says, where this is another one and says nothing."""
        if self.all_rows or self.readable or self.name == "alembic_version":
            return self
        rows = usual().rows
        return replace(self, former=rows[0]) if len(rows) == 1 and rows[0] in chain else self

    def unknown(self, known: Container[str]) -> tuple[str, ...]:
        """The rows that no file has: a newer release was here, unless a person says otherwise."""
        return tuple(row for row in self.rows if row not in known)


def meant(rows: Iterable[object]) -> tuple[str, ...]:
    """The revisions that rows of alembic_version mean, each once; a row that is NULL or blank means none."""
    found = [str(row).strip() for row in rows if row is not None]
    return tuple(dict.fromkeys(filter(None, found)))


def strange_rows(rows: Sequence[object]) -> tuple[str, ...]:
    """The rows that Alembic never writes."""
    texts = ["NULL" if row is None else str(row) for row in rows]
    odd = [not isinstance(row, str) or row != row.strip() or not row for row in rows]
    return tuple(text for text, is_odd in zip(texts, odd, strict=True) if is_odd or texts.count(text) > 1)


def qualified(name: str, schema: str | None) -> str:
    """The name of a table in a statement, with its schema where it has one."""
    return f"{in_quotes(schema)}.{in_quotes(name)}" if schema else in_quotes(name)


def literal(text: str) -> str:
    """The text as an SQL literal, in both systems."""
    return "'" + text.replace("'", "''") + "'"
