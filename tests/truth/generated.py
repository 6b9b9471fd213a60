"""One generated application on one generated database, put to both laws."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from schema_guard import Guard
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database, create
from tests.scenarios.on_postgresql import PostgresqlStage
from tests.scenarios.on_sqlite import SqliteStage
from tests.truth import ideal as ideals
from tests.truth.drawing import draw_database, draw_models, without_constraints_on
from tests.truth.entities import in_order, world_of
from tests.truth.ideal import Ideal, in_memory, of_application
from tests.truth.places import OnPostgresql
from tests.truth.specs import TableSpec, build, map_all
from tests.truth.trial import SETTINGS, Trial, setting
from tests.truth.values import samples

__all__ = ["Outcome", "Server", "on_postgresql", "on_sqlite"]

FIRST = 700
"""Rows that are there begin with this number, so that no value of theirs is one that the statements write."""
TRIGGERS = {
    "sqlite": (
        "CREATE TRIGGER seen AFTER INSERT ON {table} BEGIN SELECT 1; END",
        "CREATE TRIGGER closed BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, 'closed'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER seen BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION seen()",
        "CREATE FUNCTION closed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''closed''; END';"
        "CREATE TRIGGER closed BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION closed()",
    ),
}


@dataclass(frozen=True)
class Outcome:
    """What became of one example."""

    models: tuple[TableSpec, ...]
    database: tuple[TableSpec, ...]
    violations: list[str]
    statements: int
    steps: int
    remarks: tuple[str, ...] = ()
    """How the application connects, and what stands in the database besides."""


@dataclass(frozen=True)
class Example:
    models: tuple[TableSpec, ...]
    database: tuple[TableSpec, ...]
    expected: sa.MetaData
    actual: sa.MetaData
    classes: Sequence[type[Any]]
    """Held, as classes that nobody holds are forgotten."""

    @property
    def retyped(self) -> set[tuple[str, str]]:
        """Columns with another type, with their tables: what is stored there the models may be unable to load."""
        kinds = {(table.full_name, c.name): c.kind for table in self.models for c in table.columns}
        return {
            (table.full_name, c.name)
            for table in self.database
            for c in table.columns
            if kinds.get((table.full_name, c.name), c.kind) != c.kind
        }

    def created(self, engine: sa.Engine) -> Example:
        """The database as the server takes it: without constraints that it does not allow on another type."""
        try:
            with engine.begin() as connection:
                self.actual.create_all(connection)
        except sa.exc.DBAPIError:
            possible = without_constraints_on(self.database, self.retyped)
            if possible == self.database:
                raise
            example = replace(self, database=possible, actual=build(possible, engine.dialect.name))
            return example.created(engine)
        return self

    @staticmethod
    def drawn(dice: Random, dialect: str) -> Example:
        models = draw_models(dice, dialect)
        database = draw_database(dice, models, dialect)
        expected = build(models, dialect)
        return Example(models, database, expected, build(database, dialect), map_all(models, expected))


def on_sqlite(dice: Random) -> Outcome:
    example = Example.drawn(dice, "sqlite")
    statement = dice.choice(SETTINGS["sqlite"])
    on_connect = setting(statement)
    with tempfile.TemporaryDirectory() as directory:
        stage = SqliteStage(Path(directory) / "test.db")
        sa.event.listen(stage.database, "connect", lambda connection, _: on_connect(connection))
        engine = sa.create_engine(f"sqlite:///{stage.file}", poolclass=NullPool)
        example = example.created(engine)
        remarks = (statement, *_populate(dice, engine, example.actual, example.retyped))
        guard = Guard(example.expected)
        tables = guard.models.tables
        statements = of_application(world_of(tables, engine.dialect), in_memory(tables, on_connect), guard.upserts)
        trial = Trial(guard, stage, stage.database, engine, statements, on_connect)
        try:
            return _outcome(example, trial, remarks)
        finally:
            stage.close()


class Server:
    """Two databases, emptied for each example: the application's, and the one that its models make."""

    def __init__(self, cluster: Cluster, driver: str = "psycopg") -> None:
        self.live, self.ideal = create(cluster), create(cluster)
        self.driver = driver
        self.stage = PostgresqlStage(self.live, "postgres")

    def engine(self) -> Any:
        """The application's own."""
        url = self.live.server.url(self.live.name, driver=self.driver)
        make = create_async_engine if self.driver == "asyncpg" else sa.create_engine
        return make(url, poolclass=NullPool)

    def close(self) -> None:
        self.live.drop()
        self.ideal.drop()


def on_postgresql(dice: Random, server: Server) -> Outcome:
    example = Example.drawn(dice, "postgresql")
    for database in (server.live, server.ideal):
        _empty(database)
    engine = sa.create_engine(server.live.url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS app")
    example = example.created(engine)
    remarks = (server.driver, *_populate(dice, engine, example.actual, example.retyped))
    own = server.engine()
    guard = Guard(example.expected)
    tables = guard.models.tables
    sync = getattr(own, "sync_engine", own)
    ideal_url = server.ideal.server.url(server.ideal.name, driver=server.driver)
    ideal_engine = getattr(_like(own, ideal_url), "sync_engine", None) or _like(own, ideal_url)
    lacking = ideals.create(sa.create_engine(server.ideal.url, poolclass=NullPool), tables)
    ideal = Ideal(OnPostgresql(ideal_engine), lacking)
    statements = of_application(world_of(tables, sync.dialect), ideal, guard.upserts)
    return _outcome(example, Trial(guard, server.stage, own, sync, statements), remarks)


def _like(engine: Any, url: str) -> Any:
    make = create_async_engine if hasattr(engine, "sync_engine") else sa.create_engine
    return make(url, poolclass=NullPool)


def _empty(database: Database) -> None:
    with closing(database.connect()) as connection:
        connection.execute("DROP SCHEMA IF EXISTS public, app CASCADE; CREATE SCHEMA public")


def _outcome(example: Example, trial: Trial, remarks: tuple[str, ...]) -> Outcome:
    wrong = trial.violations()
    return Outcome(example.models, example.database, wrong, trial.tried, trial.steps, remarks)


def _populate(
    dice: Random, engine: sa.Engine, metadata: sa.MetaData, retyped: Collection[tuple[str, str]]
) -> list[str]:
    """Rows that may stand in the way: NULLs, duplicates, orphans, values that only these types hold; and a trigger."""
    remarks: list[str] = []
    tables = in_order(metadata.tables.values())
    for table in tables if dice.random() < 0.7 else []:
        for number in range(dice.randint(0, 3)):
            values = {column.key: _value(dice, column, number, engine) for column in table.columns if _given(column)}
            if any(table.fullname == name for name, _ in retyped):
                continue
            with suppress(Exception), engine.begin() as connection:
                connection.execute(sa.insert(table).values(values))
                remarks.append(f"{table.fullname}: {values}")
    if tables and dice.random() < 0.1:
        table = dice.choice(tables)
        name = engine.dialect.identifier_preparer.format_table(table)
        trigger = dice.choice(TRIGGERS[engine.dialect.name]).format(table=name)
        with engine.begin() as connection:
            for statement in trigger.split(";CREATE TRIGGER"):
                text = statement if statement.startswith("CREATE") else f"CREATE TRIGGER{statement}"
                connection.exec_driver_sql(text.replace("%", "%%") if engine.dialect.name == "postgresql" else text)
        remarks.append(trigger)
    return remarks


def _given(column: sa.Column[Any]) -> bool:
    return column.computed is None and column.identity is None and column is not column.table.autoincrement_column


def _value(dice: Random, column: sa.Column[Any], number: int, engine: sa.Engine) -> Any:
    if column.nullable and dice.random() < 0.3:
        return None
    if column.foreign_keys and dice.random() < 0.6:
        return 1 if isinstance(column.type, sa.Integer) else "zq1"
    choice = samples(column.type, FIRST + dice.choice((1, number)), engine.dialect)
    return dice.choice(choice) if choice else None
