"""One digest of all CREATE statements of a database, the same one where only order and blanks differ. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import sha256

from schema_guard.names import OWN_TOOLS

__all__ = ["FORMAT", "Row", "definition", "definitions", "digest_of"]

FORMAT = 2
"""Of the digest and of what is told of the rows: others are not known here, and everything is compared."""
Row = tuple[str, str, str, str | None]
"""Of sqlite_schema: type, name, tbl_name, sql."""

_HEAD = re.compile(r'CREATE TABLE (?:"[^"]+"|\w+) ?\(')
_SIGN = re.compile(r"""\([^()'"`[/-]*\)|'[^']*'|"[^"]*"|`[^`]*`|\[[^]]*\]|--|/\*|[(),]""")
"""What a definition ends at, or may hide such an end: parentheses, quotes and comments."""
_TARGET = re.compile(r'\bREFERENCES "([a-z_][a-z0-9_]*)"')
_BLANKS = " \t\n\r\f"
_SPACE = re.compile(r"[ \t\n\r\f]+")


def digest_of(rows: Iterable[Row]) -> str:
    """Of the tables, with all that belongs to them; in whatever order they were made."""
    return _digest_of(tuple(rows))


@lru_cache(4)  # a process that asks again finds the same texts
def _digest_of(rows: tuple[Row, ...]) -> str:
    told = sha256()
    for row in sorted(_told(rows)):
        told.update(row.encode("utf-8", "surrogatepass"))
    return told.hexdigest()[:32]


def _told(rows: Iterable[Row]) -> Iterator[str]:
    """A text for each object, but for what SQLite makes by itself and for tables of tools that no check looks at."""
    for kind, name, table, sql in rows:
        own = name.startswith("sqlite_") or (kind == "table" and name in OWN_TOOLS)
        if not own:
            yield repr((kind, name, table, definitions(sql or "") if kind == "table" else sql))


def definitions(sql: str) -> list[str] | str:
    """The definitions of a table in alphabetical order, since ALTER TABLE appends, and what follows them."""
    head = _HEAD.match(sql)
    if head is None:
        return sql
    parts: list[str] = []
    depth, start = 0, head.end()
    for sign in _SIGN.finditer(sql, start):
        match sign[0]:
            case "(":
                depth += 1
            case "," if not depth:
                parts.append(definition(sql[start : sign.start()]))
                start = sign.end()
            case ")" if not depth:
                parts.append(definition(sql[start : sign.start()]))
                return [*sorted(parts), sql[sign.end() :].strip()]
            case ")":
                depth -= 1
            case "--" | "/*":
                return sql
            case _:
                pass
    return sql


@lru_cache(10_000)  # many tables have the same columns
def definition(text: str) -> str:
    """Alembic's batches write the name of a table in quotes, and a person breaks lines."""
    if "'" in text or "`" in text or "[" in text:
        return text.strip(_BLANKS)
    text = text.strip(_BLANKS)
    return _TARGET.sub(r"REFERENCES \1", text) if '"' in text else _SPACE.sub(" ", text)
