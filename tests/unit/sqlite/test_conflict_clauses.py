"""NOT NULL ON CONFLICT: whether a NULL that the application writes fails depends on the clause."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, registry

from schema_guard import Guard, Impact


@pytest.mark.parametrize(
    ("clause", "impact", "stored"),
    [
        ("NOT NULL ON CONFLICT REPLACE DEFAULT 5", Impact.WEAKENS, 5),
        ("DEFAULT 5 CONSTRAINT given NOT NULL /* by the table */ ON CONFLICT REPLACE", Impact.WEAKENS, 5),
        ("NOT NULL ON CONFLICT REPLACE", Impact.BREAKS, None),
        ("NOT NULL ON CONFLICT REPLACE DEFAULT NULL", Impact.BREAKS, None),
        ("NOT NULL ON CONFLICT FAIL DEFAULT 5", Impact.BREAKS, None),
        ("NOT NULL DEFAULT 5", Impact.BREAKS, None),
    ],
)
def test_a_null_that_the_models_write(clause: str, impact: Impact, stored: int | None, sqlite_file: Path) -> None:
    metadata, mapper = sa.MetaData(), registry()
    table = sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer))
    mapped = type("T", (), {})
    mapper.map_imperatively(mapped, table)
    text = f"CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a INTEGER {clause})"
    with closing(sqlite3.connect(sqlite_file)) as connection:
        connection.execute(text)
    engine, guard = sa.create_engine(f"sqlite:///{sqlite_file}"), Guard(metadata)
    found = [each.difference for each in guard.check(engine).findings if each.difference.code == "nullability-differs"]
    assert [difference.impact for difference in found] == [impact]
    with Session(engine) as session:
        made = mapped()
        made.id, made.a = 1, sa.null()
        session.add(made)
        if impact is Impact.BREAKS:
            with pytest.raises(sa.exc.IntegrityError):
                session.commit()
        else:
            session.commit()
            assert session.scalar(sa.select(table.c.a)) == stored
    report = guard.apply(engine)
    assert report.worst is not Impact.BREAKS
    assert guard.plan(engine).empty
    with closing(sqlite3.connect(sqlite_file)) as connection:
        kept = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 't'").fetchone() == (text,)
    assert kept == (impact is Impact.WEAKENS)
