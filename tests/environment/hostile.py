"""Names that try to get out of their quotes: into SQL, into Python, into the terminal."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, MetaData, String, Table, UniqueConstraint

__all__ = ["NAMES", "TARGET", "metadata"]

TARGET = f"{__file__}:metadata"
NAMES = (
    'x"; DROP TABLE users; --',
    "x'; DROP TABLE users; --",
    "two\nlines",
    "\x1b[2J\x1b]0;owned\x07\x1b[31mred",
    "100% %s %(x)s :bind {brace}",
    "back\\slash $1 $$",
    "right\u202eto left\u2066\u200b",
    "carriage\rreturn\ttab",
    "c1\x9b31m",
    "Select\"\"\"'''",
)
metadata = MetaData()
Table("users", metadata, Column("id", Integer, primary_key=True))
for number, name in enumerate(NAMES):
    Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True),
        Column(name, String(40), server_default=f"it's {name}", comment=f"a comment: {name}"),
        Column(f"new {name}", String(40), server_default=f"it's {name}", comment=f"a comment: {name}"),
        CheckConstraint(f"id <> {number + 1000}", name=f"ck {name}"),
        UniqueConstraint("id", f"new {name}", name=f"uq {name}"),
        Index(f"ix {name}", f"new {name}"),
        comment=f"a comment: {name}",
    )
