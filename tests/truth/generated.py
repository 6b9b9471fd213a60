"""One generated application on one generated database, put to both laws."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from schema_guard import Guard, Upsert
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database, create
from tests.scenarios.on_postgresql import PostgresqlStage
from tests.scenarios.on_sqlite import SqliteStage
from tests.truth import ideal as ideals
from tests.truth.drawing import draw_database, draw_models, without_constraints_on
from tests.truth.entities import in_order, world_of
from tests.truth.ideal import Ideal, in_memory, of_application
from tests.truth.places import OnPostgresql
from tests.truth.specs import WHOSE, TableSpec, build, map_all, moved
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
    translated: dict[str, str | None] | None = None
    """The schema_translate_map of the application's engine."""

    @property
    def retyped(self) -> set[tuple[str, str]]:
        """Columns with another type, with their tables."""
        kinds = {(table.name, c.name): c.kind for table in self.models for c in table.columns}
        return {
            (table.full_name, c.name)
            for table in self.database
            for c in table.columns
            if kinds.get((table.name, c.name), c.kind) != c.kind
        }

    @property
    def upserts(self) -> list[Upsert]:
        columns = ((self.expected.tables[spec.full_name].c, names) for spec in self.models for names in spec.upserts)
        return [Upsert(*(found[name] for name in names)) for found, names in columns]

    def created(self, engine: sa.Engine) -> Example:
        """The database as the server takes it: without constraints that it does not allow on another type."""
        tables = [table for table in self.actual.sorted_tables if not table.info.get("is_view")]
        try:
            with engine.begin() as connection:
                self.actual.create_all(connection, tables=tables)
        except sa.exc.DBAPIError:
            possible = without_constraints_on(self.database, self.retyped)
            if possible == self.database:
                raise
            example = replace(self, database=possible, actual=build(possible, engine.dialect.name))
            return example.created(engine)
        with engine.begin() as connection:
            for view in (spec for spec in self.database if spec.view_of):
                shown = self.actual.tables[view.full_name]
                base = self.actual.tables[view.view_of or ""]
                names = (base.c[column.name] for column in shown.columns)
                query = sa.select(*names).compile(dialect=engine.dialect)
                connection.exec_driver_sql(f'CREATE VIEW "{view.name}" AS {query}')
        return self

    @staticmethod
    def drawn(dice: Random, dialect: str) -> Example:
        models = draw_models(dice, dialect)
        database = draw_database(dice, models, dialect)
        translated: dict[str, str | None] | None = None
        if any(table.schema for table in models) and dice.random() < 0.4:
            translated = {"tenant": dice.choice(("app", "app", None))}
            models, database = moved(models, "app", "tenant"), moved(database, "app", translated["tenant"])
        expected = build(models, dialect)
        return Example(models, database, expected, build(database, dialect), map_all(models, expected), translated)


def on_sqlite(dice: Random) -> Outcome:
    example = Example.drawn(dice, "sqlite")
    statement = dice.choice(SETTINGS["sqlite"])
    on_connect = setting(statement)
    with tempfile.TemporaryDirectory() as directory:
        stage = SqliteStage(Path(directory) / "test.db")
        sa.event.listen(stage.database, "connect", lambda connection, _: on_connect(connection))
        engine = sa.create_engine(f"sqlite:///{stage.file}", poolclass=NullPool)
        example = example.created(engine)
        remarks = (statement, *_populate(dice, engine, example))
        guard = Guard(example.expected, upserts=example.upserts)
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

    def engine(self, database: Database, translated: dict[str, str | None] | None) -> Any:
        """As the application makes it."""
        url = database.server.url(database.name, driver=self.driver)
        make = create_async_engine if self.driver == "asyncpg" else sa.create_engine
        return make(url, poolclass=NullPool, execution_options={"schema_translate_map": translated})

    def close(self) -> None:
        self.live.drop()
        self.ideal.drop()


def on_postgresql(dice: Random, server: Server) -> Outcome:
    example = Example.drawn(dice, "postgresql")
    for database in (server.live, server.ideal):
        _empty(database)
    engine = sa.create_engine(server.live.url, poolclass=NullPool)
    example = example.created(engine)
    remarks = (server.driver, *_populate(dice, engine, example))
    own = server.engine(server.live, example.translated)
    if example.translated:
        remarks = (f"schema_translate_map={example.translated}", *remarks)
    guard = Guard(example.expected, upserts=example.upserts)
    tables = guard.models.tables
    sync = getattr(own, "sync_engine", own)
    of_ideal = server.engine(server.ideal, example.translated)
    maker = sa.create_engine(server.ideal.url, poolclass=NullPool)
    lacking = ideals.create(maker.execution_options(schema_translate_map=example.translated), tables)
    ideal = Ideal(OnPostgresql(getattr(of_ideal, "sync_engine", of_ideal)), lacking)
    statements = of_application(world_of(tables, sync.dialect), ideal, guard.upserts)
    return _outcome(example, Trial(guard, server.stage, own, sync, statements), remarks)


def _empty(database: Database) -> None:
    with closing(database.connect()) as connection:
        connection.execute("DROP SCHEMA IF EXISTS public, app, tenant CASCADE; CREATE SCHEMA public; CREATE SCHEMA app")


def _outcome(example: Example, trial: Trial, remarks: tuple[str, ...]) -> Outcome:
    wrong = trial.violations()
    return Outcome(example.models, example.database, wrong, trial.tried, trial.steps, remarks)


def _populate(dice: Random, engine: sa.Engine, example: Example) -> list[str]:
    """What may stand in the way: rows with NULLs, duplicates, orphans, values that only these types hold; a trigger."""
    remarks: list[str] = []
    tables = [table for table in in_order(example.actual.tables.values()) if not table.info.get("is_view")]
    for table in tables if dice.random() < 0.7 else []:
        for number in range(dice.randint(0, 3)):
            values = {column.key: _value(dice, column, number, engine) for column in table.columns if _given(column)}
            with suppress(Exception), engine.begin() as connection:
                connection.execute(sa.insert(table).values(values))
                remarks.append(f"{table.fullname}: {values}")
    _name_the_classes(engine, example)
    if not tables or example.translated:  # what a trigger decides is told by the name that the models say
        return remarks
    table = dice.choice(tables)
    name = engine.dialect.identifier_preparer.format_table(table)
    if dice.random() < 0.1:
        remarks.append(f"CREATE VIEW seen_by_others AS SELECT * FROM {name}")
    if dice.random() < 0.1:
        remarks.append(dice.choice(TRIGGERS[engine.dialect.name]).format(table=name))
    with engine.begin() as connection:
        for statement in (text for text in remarks if text.startswith("CREATE ")):
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.cursor().execute(statement)
    return remarks


def _name_the_classes(engine: sa.Engine, example: Example) -> None:
    """A row of a joined table is of the class that is mapped on it: the application writes no others."""
    quoted = engine.dialect.identifier_preparer.quote
    for spec in example.database:
        if spec.parent is not None and spec.key == "joined":
            own = f"SELECT id FROM {quoted(spec.name)}"
            update = f"UPDATE {quoted(spec.parent)} SET kind = '{spec.name}' WHERE id IN ({own})"
            with suppress(Exception), engine.begin() as connection:
                connection.exec_driver_sql(update)


def _given(column: sa.Column[Any]) -> bool:
    return column.computed is None and column.identity is None and column is not column.table.autoincrement_column


def _value(dice: Random, column: sa.Column[Any], number: int, engine: sa.Engine) -> Any:
    if column.nullable and dice.random() < 0.3:
        return None
    if column.name == "kind":
        return dice.choice(WHOSE)
    if column.foreign_keys and isinstance(column.type, (sa.Integer, sa.Text, sa.String)) and dice.random() < 0.6:
        return 1 if isinstance(column.type, sa.Integer) else "zq1"
    choice = samples(column.type, FIRST + dice.choice((1, number)), engine.dialect)
    return dice.choice(choice) if choice else None
