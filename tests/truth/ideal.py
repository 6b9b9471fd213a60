"""The database as `create_all` makes it: what works there, and only that, is a statement of the application."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateSchema, CreateSequence, CreateTable

from schema_guard.sources.sqlalchemy.upserts import Upsert
from tests.truth.entities import LEFT_OUT, Entity, Pick, Rows, World, in_order
from tests.truth.places import Failures, OnSqlite, Place
from tests.truth.program import Statement, statements

__all__ = ["Ideal", "create", "in_memory", "of_application"]

TRIES = 60
"""How many rows are tried until one satisfies the CHECKs of the models."""


_NOT_TAKEN = re.compile(
    r"(?:function|column) .* does not exist|no such (?:function|column)"
    r"|misuse of (?:aggregate|window)|(?:aggregate|window) functions are not allowed"
)
"""What the models put into a statement all the same, though `create_all` makes no database that takes it."""


class Ideal:
    """A database that was made from the models; `lacking` are the tables that could not be made there."""

    def __init__(self, place: Place, lacking: frozenset[sa.Table]) -> None:
        self.place = place
        self.lacking = lacking
        self.dropped: Failures = {}
        """What the models make impossible themselves, so that it is no statement of the application."""


def in_memory(tables: Sequence[sa.Table], on_connect: Callable[[sqlite3.Connection], None] | None = None) -> Ideal:
    """On SQLite."""
    connection = sqlite3.connect(":memory:")
    if on_connect is not None:
        on_connect(connection)
    engine = sa.create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    lacking = create(engine, tables)
    with engine.connect() as alive:
        alive.commit()
    image = connection.serialize()
    connection.close()
    return Ideal(OnSqlite(image, on_connect), lacking)


def create(engine: sa.Engine, tables: Sequence[sa.Table], extensions: Iterable[str] = ()) -> frozenset[sa.Table]:
    """As `create_all` does; where that cannot be, table by table, and what cannot be made with plain columns alone."""
    metadatas = list(dict.fromkeys(table.metadata for table in tables))
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            for extension in extensions:
                connection.exec_driver_sql(f'CREATE EXTENSION IF NOT EXISTS "{extension}"')
        for schema in dict.fromkeys(table.schema for table in tables if table.schema):
            _may(engine, CreateSchema(schema, if_not_exists=True))
        _create_enums(engine, tables)
    fetched = [column for table in tables for column in table.columns if _is_fetched(column)]
    for column in fetched:
        column.nullable = True  # what fills it is in no model
    try:
        for metadata in metadatas:
            own = [table for table in tables if table.metadata is metadata]
            metadata.create_all(engine, tables=None if set(own) == set(metadata.tables.values()) else own)
        lacking = frozenset[sa.Table]()
    except Exception:
        lacking = frozenset(table for table in in_order(tables) if not _created(engine, table))
    finally:
        for column in fetched:
            column.nullable = False
    for table in tables:
        if engine.dialect.name == "postgresql" and table.dialect_options["postgresql"]["partition_by"]:
            name = engine.dialect.identifier_preparer.format_table(table)
            with suppress(Exception), engine.begin() as connection:
                connection.exec_driver_sql(f"CREATE TABLE of_any_value PARTITION OF {name} DEFAULT")
    return lacking


def _is_fetched(column: sa.Column[Any]) -> bool:
    """FetchedValue(): something in the database fills it."""
    return type(column.server_default) is sa.FetchedValue and not column.nullable


def _create_enums(engine: sa.Engine, tables: Sequence[sa.Table]) -> None:
    """Also those that no event of a table makes: with create_type=False, or assigned to a column afterwards."""
    for column in (column for table in tables for column in table.columns):
        type_ = getattr(column.type, "item_type", column.type)
        if isinstance(type_, sa.Enum) and type_.native_enum and type_.name:
            same = postgresql.ENUM(*type_.enums, name=type_.name, schema=type_.schema, metadata=sa.MetaData())
            with suppress(Exception):
                same.create(engine, checkfirst=True)


def _created(engine: sa.Engine, table: sa.Table) -> bool:
    if sa.inspect(engine).has_table(table.name, schema=table.schema):
        return True
    for column in table.columns:
        if isinstance(column.default, sa.Sequence):
            _may(engine, CreateSequence(column.default, if_not_exists=True))
    with suppress(Exception):
        table.create(engine)
        return True
    if not _may(engine, CreateTable(_plain(table, []))):
        return False
    kept: list[sa.CheckConstraint] = []
    for check in (item for item in table.constraints if isinstance(item, sa.CheckConstraint)):
        with suppress(Exception):
            _plain(table, []).drop(engine, checkfirst=True)
            _plain(table, [*kept, check]).create(engine)
            kept.append(check)
    _plain(table, []).drop(engine, checkfirst=True)
    return _may(engine, CreateTable(_plain(table, kept)))


def _plain(table: sa.Table, checks: Sequence[sa.CheckConstraint]) -> sa.Table:
    """The columns with their types and NULLability, the key and these CHECKs."""
    columns = [
        sa.Column(column.name, column.type, primary_key=column.primary_key, nullable=column.nullable)
        for column in table.columns
    ]
    own = [sa.CheckConstraint(check.sqltext) for check in checks]
    return sa.Table(table.name, sa.MetaData(), *columns, *own, schema=table.schema)


def _may(engine: sa.Engine, statement: sa.schema.ExecutableDDLElement) -> bool:
    try:
        with engine.begin() as connection:
            connection.execute(statement)
    except Exception:
        return False
    return True


def of_application(world: World, ideal: Ideal, upserts: Iterable[Upsert] = ()) -> list[Statement]:
    """What the application does: what works on the ideal database, and reading what could not be made there."""
    for entity in world.entities:
        if not ideal.lacking & set(entity.tables):
            _find_row(world, entity, ideal.place)
    return list(_working(list(statements(world, upserts)), ideal))


def _working(every: Sequence[Statement], ideal: Ideal) -> Iterator[Statement]:
    failed = ideal.place.failures(every)
    ideal.dropped.update(failed)
    for statement in every:
        if statement.name not in failed:
            yield statement
        elif statement.parts:
            yield from _working(statement.parts, ideal)
        elif _is_issued(statement, failed[statement.name], ideal):
            yield statement


def _is_issued(statement: Statement, error: BaseException, ideal: Ideal) -> bool:
    """Whether the application does it all the same, though `create_all` makes no database for it."""
    reads = statement.name.endswith(": select")
    return (reads and not statement.tables.isdisjoint(ideal.lacking)) or bool(_NOT_TAKEN.search(str(error)))


def _find_row(world: World, entity: Entity, place: Place) -> None:
    """Settle which values make a whole row, and which the one that others refer to."""
    entity.least = entity.everything()
    whole = _first_that_works(world, entity, place, entity.everything(), entity.columns)
    if whole is not None:
        entity.picks = {column: pick for column, pick in whole.items() if pick is not LEFT_OUT}
        entity.least = whole
    required = [column for column in entity.columns if entity.required(column)]
    least = _first_that_works(world, entity, place, entity.only_required(), required)
    entity.least_works = least is not None
    if least is not None:
        entity.least = least


def _first_that_works(
    world: World,
    entity: Entity,
    place: Place,
    wish: dict[sa.Column[object], Pick],
    columns: Sequence[sa.Column[object]],
) -> dict[sa.Column[object], Pick] | None:
    dice = random.Random(0)
    for _ in range(TRIES):
        statement = Statement("try", frozenset(), _making(world, entity, wish))
        if not place.failures([statement]):
            return wish
        if not any(isinstance(item, sa.CheckConstraint) for table in entity.tables for item in table.constraints):
            return None
        wish = dict(wish)
        for column in columns:
            choice = len(world.tried(column, 1))
            if choice and wish.get(column) is not LEFT_OUT:
                wish[column] = dice.randrange(choice)
    return None


def _making(world: World, entity: Entity, wish: dict[sa.Column[object], Pick]) -> Callable[[Session], None]:
    def make(session: Session) -> None:
        Rows(session, world).make(entity, wish)

    return make
