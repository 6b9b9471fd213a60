"""Rows that hold NULL in the version counter of the ORM (`version_id_col`): they are neither updated nor deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, registry

from schema_guard import Guard, Impact
from tests.postgres.database import Database

KEYS = {"postgresql": "SERIAL PRIMARY KEY", "sqlite": "INTEGER PRIMARY KEY"}
TOLD = "rows hold NULL, and so are of no version"
GENERATORS: dict[str, dict[str, Any]] = {
    "counted": {},
    "made by the application": {"version_id_generator": lambda version: (version or 0) + 7},
    "made by the server": {"version_id_generator": False},
}


def mapped(generator: str, *, nullable: bool) -> tuple[sa.MetaData, type[Any]]:
    mapper = registry()
    page: type[Any] = type("Page", (), {})
    columns = (
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.String(20)),
        sa.Column("version", sa.Integer, nullable=nullable),
    )
    table = sa.Table("pages", mapper.metadata, *columns)
    mapper.map_imperatively(page, table, version_id_col=table.c.version, **GENERATORS[generator])
    return mapper.metadata, page


def works(engine: sa.Engine, page: type[Any]) -> tuple[bool, bool, bool]:
    """Whether the rows can be loaded, updated and deleted; nothing of it stays."""

    def done(change: str) -> bool:
        with Session(engine) as session:
            try:
                found = session.scalars(sa.select(page)).all()
                for each in found:
                    if change == "update":
                        each.title = "new"
                    elif change == "delete":
                        session.delete(each)
                session.flush()
            except sa.exc.StatementError:
                return False
        return len(found) == 2

    return done("select"), done("update"), done("delete")


def assert_told(engine: sa.Engine, generator: str, *, nullable: bool) -> None:
    models, page = mapped(generator, nullable=nullable)
    guard = Guard(models)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE pages (id {KEYS[engine.dialect.name]}, title VARCHAR(20))")
        connection.exec_driver_sql("INSERT INTO pages (title) VALUES ('a'), ('b')")
    guard.apply(engine)
    for report in (guard.check(engine), guard.apply(engine)):
        assert [f.difference.headline for f in report.findings if f.difference.impact is Impact.BREAKS] == [TOLD]
    assert works(engine, page) == (True, False, False)
    (refusal,) = [each for each in guard.plan(engine).refusals if each.difference.headline == TOLD]
    with engine.begin() as connection:
        for statement in refusal.advice:
            connection.exec_driver_sql(statement)
    assert guard.apply(engine).satisfied
    assert not guard.check(engine).findings
    assert works(engine, page) == (True, True, True)


@pytest.mark.parametrize("nullable", [False, True])
@pytest.mark.parametrize("generator", GENERATORS)
def test_on_sqlite(sqlite_file: Path, generator: str, nullable: bool) -> None:
    assert_told(sa.create_engine(f"sqlite:///{sqlite_file}"), generator, nullable=nullable)


@pytest.mark.newest_postgres
@pytest.mark.parametrize("nullable", [False, True])
@pytest.mark.parametrize("generator", GENERATORS)
def test_on_postgresql(postgres_database: Database, generator: str, nullable: bool) -> None:
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    assert_told(engine, generator, nullable=nullable)


def test_no_row_without_a_version_is_no_difference(sqlite_file: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    models, page = mapped("counted", nullable=True)
    models.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO pages (version) VALUES (1), (2)")
    assert not Guard(models).check(engine).findings
    assert works(engine, page) == (True, True, True)
