"""NOT NULL ON CONFLICT: whether a NULL that the application writes fails depends on the clause."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

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


CLAUSES = ("", "IGNORE", "REPLACE", "FAIL", "ABORT")
UNTOLD = {"", "FAIL", "ABORT"}
"""With these the application gets its error."""


@pytest.mark.parametrize("wanted", CLAUSES)
@pytest.mark.parametrize("there", CLAUSES)
@pytest.mark.parametrize("constraint", ["primary_key", "unique", "not_null"])
def test_what_the_models_say_of_it(constraint: str, there: str, wanted: str, sqlite_file: Path) -> None:
    """A row that violates the constraint ends otherwise exactly where that is told."""
    written = {constraint: f" ON CONFLICT {there}" if there else ""}
    with closing(sqlite3.connect(sqlite_file)) as connection:
        connection.execute(
            f"CREATE TABLE t (id INTEGER PRIMARY KEY{written.get('primary_key', '')},"
            f" a VARCHAR(9) UNIQUE{written.get('unique', '')},"
            f" n INTEGER DEFAULT 5 NOT NULL{written.get('not_null', '')})"
        )
    engine, ideal = sa.create_engine(f"sqlite:///{sqlite_file}"), sa.create_engine("sqlite://")
    models = _with_clause(constraint, wanted)
    models.create_all(ideal)
    guard = Guard(models)
    told = [each.difference for each in guard.check(engine).findings]
    assert all(each.impact is Impact.WEAKENS and each.effect.startswith("not provable: ") for each in told)
    assert bool(told) == (there != wanted and not {there, wanted} <= UNTOLD)
    assert bool(told) == (_ends(engine, models.tables["t"]) != _ends(ideal, models.tables["t"]))
    assert guard.plan(engine).steps == ()


def _with_clause(constraint: str, wanted: str) -> sa.MetaData:
    given: dict[str, Any] = {f"sqlite_on_conflict_{constraint}": wanted} if wanted else {}
    own = {name: given if name == constraint else {} for name in ("primary_key", "unique", "not_null")}
    metadata = sa.MetaData()
    sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True, **own["primary_key"]),
        sa.Column("a", sa.String(9), unique=True, **own["unique"]),
        sa.Column("n", sa.Integer, nullable=False, server_default="5", **own["not_null"]),
    )
    return metadata


def _ends(engine: sa.Engine, table: sa.Table) -> list[object]:
    """What becomes of a row that violates each constraint: the error's kind, and what is stored then."""
    found: list[object] = []
    for values in ({"id": 1, "a": "b", "n": 2}, {"id": 2, "a": "a", "n": 2}, {"id": 3, "a": "c", "n": None}):
        with engine.connect() as connection:
            connection.execute(sa.insert(table), {"id": 1, "a": "a", "n": 1})
            try:
                connection.execute(sa.insert(table), values)
            except sa.exc.IntegrityError as error:
                found.append(str(error.orig).partition(":")[0])
            found.append(connection.execute(sa.select(table).order_by(table.c.id)).all())
            connection.rollback()
    return found


def test_a_unique_index_has_no_clause(sqlite_file: Path) -> None:
    with closing(sqlite3.connect(sqlite_file)) as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(9), n INTEGER DEFAULT 5 NOT NULL)")
        connection.execute("CREATE UNIQUE INDEX apart ON t (a)")
    (finding,) = Guard(_with_clause("unique", "IGNORE")).check(f"sqlite:///{sqlite_file}").findings
    assert finding.difference.headline == "unique index unknown to the models, left alone: on (a) without ON CONFLICT"
    assert finding.difference.impact is Impact.WEAKENS


def test_a_row_that_is_left_out_for_its_null(sqlite_file: Path) -> None:
    """The models write NULL: the INSERT works, and the row is not there."""
    with closing(sqlite3.connect(sqlite_file)) as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL ON CONFLICT IGNORE)")
        connection.execute("INSERT INTO t (a) VALUES (NULL)")
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer))
    (finding,) = Guard(metadata).check(f"sqlite:///{sqlite_file}").findings
    assert finding.difference.impact is Impact.BREAKS
    assert finding.difference.effect == "t writes NULL, and the row is left out (ON CONFLICT IGNORE)"
