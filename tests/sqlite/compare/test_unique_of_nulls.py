"""A unique index that holds only NULLs keeps nothing out: what is lost without it is speed."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, Index, Integer, MetaData, Table, text

from schema_guard.guard import Guard

SPEED = "queries read the whole table"
TWICE = "the same values can be stored twice, and ON CONFLICT on them fails"


@pytest.mark.parametrize(
    ("columns", "where", "effect"),
    [
        (["gone"], "gone IS NULL", SPEED),
        (["x", "gone"], "(x > 3) AND (gone IS NULL)", SPEED),
        (["x", "gone"], 'x IS NOT NULL AND "gone" is null', SPEED),
        (["x"], "gone IS NULL", TWICE),
        (["x", "gone"], "x > 3 OR gone IS NULL", TWICE),
        (["x", "gone"], "NOT (gone IS NULL)", TWICE),
        (["gone"], "gone IS NOT NULL", TWICE),
    ],
)
def test_the_effect(sqlite_file: Path, columns: list[str], where: str, effect: str) -> None:
    """And it is true: two equal rows are refused exactly where the effect says so."""
    metadata = MetaData()
    table = Table("t", metadata, Column("id", Integer, primary_key=True), Column("x", Integer), Column("gone", Integer))
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    metadata.create_all(engine)
    Index("one", *(table.c[name] for name in columns), unique=True, sqlite_where=text(where))
    (finding,) = Guard(metadata).check(engine).findings
    assert finding.difference.effect == effect
    Guard(metadata).apply(engine)
    with engine.connect() as connection:
        refused = False
        for x in (5, 1):
            for gone in (None, 7):
                twice = [{"x": x, "gone": gone}] * 2
                try:
                    connection.execute(table.insert(), twice)
                except sa.exc.IntegrityError:
                    refused = True
    assert refused is (effect == TWICE)
