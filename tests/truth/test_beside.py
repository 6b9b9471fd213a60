"""A law: what a newer release repairs beside an older one takes nothing from the older one that worked."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from schema_guard import Guard
from tests.postgres.database import Database, create
from tests.truth import ideal as ideals
from tests.truth.drawing import draw_database, draw_models
from tests.truth.entities import world_of
from tests.truth.ideal import Ideal, in_memory, of_application
from tests.truth.places import OnPostgresql, OnSqlite, sqlite_image, tried
from tests.truth.program import Statement
from tests.truth.specs import build, map_all
from tests.truth.trial import setting


def releases(dice: Random, dialect: str) -> tuple[sa.MetaData, sa.MetaData, Sequence[object]]:
    """An older release with a table at least, a newer one, and the newer one's classes, which are to be held."""
    while True:
        models = draw_models(dice, dialect)
        older, newer = build(draw_database(dice, models, dialect), dialect), build(models, dialect)
        classes = map_all(models, newer)
        if _tables(older):
            return older, newer, classes


def _tables(models: sa.MetaData) -> list[sa.Table]:
    return [table for table in models.sorted_tables if not table.info.get("is_view")]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("seed", range(0, 60, 6))
def test_on_sqlite(seed: int, tmp_path: Path) -> None:
    for number in range(seed, seed + 6):
        older, newer, _classes = releases(Random(number), "sqlite")
        foreign_keys = setting(f"PRAGMA foreign_keys = {'ON' if number % 2 else 'OFF'}")
        file = tmp_path / f"{number}.db"
        engine = sa.create_engine(f"sqlite:///{file}", poolclass=NullPool)
        sa.event.listen(engine, "connect", lambda connection, _, connect=foreign_keys: connect(connection))
        older.create_all(engine, tables=_tables(older))
        tables = Guard(older).models.tables
        statements = of_application(world_of(tables, engine.dialect), in_memory(tables, foreign_keys), ())
        before = set(tried(OnSqlite(sqlite_image(file), foreign_keys), statements))
        Guard(newer).beside(Guard(older)).apply(engine)
        after = tried(OnSqlite(sqlite_image(file), foreign_keys), statements)
        assert {name: str(error) for name, error in after.items() if name not in before} == {}, number


@pytest.mark.one_in(3)
@pytest.mark.parametrize("seed", range(0, 16, 4))
def test_on_postgresql(seed: int, postgres_database: Database) -> None:
    ideal = create(postgres_database.server)
    try:
        for number in range(seed, seed + 4):
            _one_on_postgresql(number, postgres_database, ideal)
    finally:
        ideal.drop()


def _one_on_postgresql(number: int, live: Database, ideal: Database) -> None:
    for database in (live, ideal):
        with closing(database.connect()) as connection:
            connection.execute("DROP SCHEMA IF EXISTS public, app CASCADE; CREATE SCHEMA public; CREATE SCHEMA app")
    older, newer, _classes = releases(Random(number), "postgresql")
    engine, other = (sa.create_engine(database.url, poolclass=NullPool) for database in (live, ideal))
    try:
        older.create_all(engine, tables=_tables(older))
    except sa.exc.DBAPIError:  # a constraint that the server does not allow on another type
        return
    tables = Guard(older).models.tables
    lacking = ideals.create(other, tables)
    statements: Sequence[Statement] = of_application(
        world_of(tables, engine.dialect), Ideal(OnPostgresql(other), lacking), ()
    )
    before = set(tried(OnPostgresql(engine), statements))
    Guard(newer).beside(Guard(older)).apply(engine)
    after = tried(OnPostgresql(engine), statements)
    assert {name: str(error) for name, error in after.items() if name not in before} == {}, number
