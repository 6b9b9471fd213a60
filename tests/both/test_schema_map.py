"""The engine's schema_translate_map is followed in all that is read, planned, applied and told."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from schema_guard import Backfill, Guard
from schema_guard.dialects.translation import lock_words
from tests.postgres.database import Database

MAP = {"tenant": "Acme", None: "x"}


def models() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("kinds", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
    sa.Table(
        "items",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind_id", sa.ForeignKey("kinds.id"), index=True),
        sa.Column("label", sa.Text, nullable=False, server_default="a"),
        sa.Column("state", sa.Enum("on", "off", name="state", schema="tenant")),
        sa.Column("note", sa.Text),
        sa.Column("number", sa.Integer, sa.Sequence("numbers", schema="tenant")),
        sa.UniqueConstraint("label"),
        sa.CheckConstraint("id > 0", name="positive"),
        schema="tenant",
    )
    return metadata


def works(engine: sa.Engine, metadata: sa.MetaData) -> None:
    items, kinds = metadata.tables["tenant.items"], metadata.tables["kinds"]
    with engine.begin() as connection:
        connection.execute(sa.insert(kinds).values(id=1, name="k"))
        connection.execute(sa.insert(items).values(kind_id=1, state="on"))
        assert connection.execute(sa.select(items.c.label, items.c.state)).all() == [("a", "on")]
        connection.rollback()


def schemas(database: Database) -> set[str]:
    with database.connect() as connection:
        rows = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)'")
        return {name for (name,) in rows}


@pytest.mark.every_postgres
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000"])
def test_everything_is_made_where_the_map_leads(postgres_database: Database, driver: str) -> None:
    url = postgres_database.server.url(postgres_database.name, driver=driver)
    engine = sa.create_engine(url).execution_options(schema_translate_map=MAP)
    guard = Guard(models())
    assert guard.apply(engine).satisfied
    assert schemas(postgres_database) == {"Acme", "x", "public"}
    assert guard.check(engine).satisfied
    works(engine, models())
    assert not guard.check(url).satisfied, "without the map these are other tables"
    engine.dispose()


def test_what_lacks_there_is_found_and_named(postgres_database: Database) -> None:
    engine = sa.create_engine(postgres_database.url, execution_options={"schema_translate_map": MAP})
    guard = Guard(models())
    guard.apply(engine)
    with postgres_database.connect() as connection:
        connection.execute('ALTER TABLE "Acme".items DROP COLUMN label')
    plan = guard.plan(engine)
    assert {str(step.table) for step in plan.steps} == {"Acme.items"}
    assert all('"Acme".items' in statement for step in plan.steps for statement in step.statements)
    assert guard.apply(engine).satisfied
    assert "tenant" not in schemas(postgres_database)
    works(engine, models())
    engine.dispose()


def test_an_async_engine(postgres_database: Database) -> None:
    url = postgres_database.server.url(postgres_database.name, driver="asyncpg")
    engine = create_async_engine(url).execution_options(schema_translate_map=MAP)
    assert Guard(models()).apply(engine).satisfied
    assert schemas(postgres_database) == {"Acme", "x", "public"}
    asyncio.run(engine.dispose())


def test_a_map_to_no_schema_leaves_it_to_the_search_path(postgres_database: Database) -> None:
    engine = sa.create_engine(postgres_database.url, execution_options={"schema_translate_map": {"tenant": None}})
    assert Guard(models()).apply(engine).satisfied
    assert schemas(postgres_database) == {"public"}
    works(engine, models())
    engine.dispose()


def test_a_backfill_reads_and_writes_where_the_map_leads(postgres_database: Database) -> None:
    metadata = models()
    items, kinds = metadata.tables["tenant.items"], metadata.tables["kinds"]
    guard = Guard(
        metadata, backfills=[Backfill(items, {items.c.state: kinds.c.name}, on=items.c.kind_id == kinds.c.id)]
    )
    engine = sa.create_engine(postgres_database.url, execution_options={"schema_translate_map": MAP})
    plain = Guard(metadata)
    plain.apply(engine)
    assert guard.check(engine).satisfied
    engine.dispose()


@pytest.mark.parametrize(
    "schema_map", [{"tenant": "aux"}, {"tenant": "main"}, {"tenant": None}, {None: "aux", "tenant": "aux"}]
)
def test_on_sqlite(tmp_path: Path, schema_map: dict[str | None, str | None]) -> None:
    metadata = sa.MetaData()
    sa.Table("kinds", metadata, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table(
        "items",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("n", sa.Integer, index=True),
        schema="tenant",
    )
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'a.db'}", execution_options={"schema_translate_map": schema_map})

    @sa.event.listens_for(engine, "connect")
    def attach(connection: Any, _: object) -> None:
        connection.execute(f"ATTACH DATABASE '{tmp_path / 'b.db'}' AS aux")

    guard = Guard(metadata)
    assert guard.apply(engine).satisfied
    with engine.begin() as connection:
        for table in metadata.tables.values():
            connection.execute(sa.insert(table).values(id=1))
        found = connection.exec_driver_sql("SELECT count(*) FROM aux.sqlite_master WHERE name = 'items'").scalar()
    assert found == ("aux" in (schema_map["tenant"] or ""))
    assert guard.check(engine).satisfied
    engine.dispose()


def test_engines_that_lead_to_different_schemas_have_locks_of_their_own() -> None:
    assert lock_words({}, "public") == "public"
    assert lock_words({"tenant": "a"}, "public") != lock_words({"tenant": "b"}, "public")
    assert lock_words({"tenant": None}, "public") == lock_words({}, "public")
