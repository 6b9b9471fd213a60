"""A lock that is held hinders only what concerns it, also where waiting for it would use up the time."""

from __future__ import annotations

from sqlalchemy import Column, Enum, Integer, MetaData, Table

from schema_guard.execute.limits import Limits
from schema_guard.guard import Guard
from schema_guard.report import Outcome
from tests.postgres.database import Database
from tests.postgresql.repair.stage import prepare

KINDS = range(5)


def test_types_that_are_held_leave_time_for_the_rest(postgres_database: Database) -> None:
    """Nobody can see beforehand who holds a type, so each of them is waited for, before the column's turn comes."""
    prepare(postgres_database, ";".join(f"CREATE TYPE kind_{i} AS ENUM ('a')" for i in KINDS))
    prepare(
        postgres_database, f"CREATE TABLE things ({', '.join(f'c_{i} kind_{i}' for i in KINDS)}, id int PRIMARY KEY)"
    )
    metadata = MetaData()
    of_types: list[Column[str]] = [Column(f"c_{i}", Enum("a", "b", name=f"kind_{i}")) for i in KINDS]
    Table("things", metadata, Column("id", Integer, primary_key=True, autoincrement=False), *of_types)
    Table("notes", metadata, Column("id", Integer, primary_key=True))

    with postgres_database.connect(autocommit=False) as holder:
        for i in KINDS:
            holder.execute(f"ALTER TYPE kind_{i} ADD VALUE 'held'".encode())
        guard = Guard(metadata)
        guard.check(postgres_database.url)  # what is done once takes none of the time
        report = guard.apply(postgres_database.url, Limits(budget=4.0, lock_timeout=5.0))
        holder.rollback()

    outcomes = {result.step.object: result.outcome for result in report.results}
    assert outcomes == {"notes": Outcome.DONE, **{f"kind_{i}.b": Outcome.LOCKED for i in KINDS}}


def test_an_event_trigger_that_takes_long_leaves_time_for_the_steps(postgres_database: Database) -> None:
    """What it refuses is found out by commands, and it takes its time with each of them."""
    prepare(
        postgres_database,
        "CREATE TABLE notes (id int PRIMARY KEY);"
        "CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.8); END';"
        "CREATE EVENT TRIGGER note ON ddl_command_start EXECUTE FUNCTION note()",
    )
    metadata = MetaData()
    Table("notes", metadata, Column("id", Integer, primary_key=True, autoincrement=False), Column("text", Integer))

    report = Guard(metadata).apply(postgres_database.url, Limits(budget=12.0))

    assert [result.outcome for result in report.results] == [Outcome.DONE]
    assert report.satisfied
