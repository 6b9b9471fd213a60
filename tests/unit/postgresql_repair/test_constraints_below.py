"""A constraint of a table that inherits, or of a partition, with which PostgreSQL does not merge what the models ask of
the parent: said before it is tried, with the statement that makes room for it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from schema_guard import Guard
from tests.postgres.database import Database

CHECKS = {
    "of another column": "CREATE TABLE child (y int, CONSTRAINT ck CHECK (y > 0)) INHERITS (parent)",
    "two tables below": "CREATE TABLE mid () INHERITS (parent);"
    " CREATE TABLE child (y int, CONSTRAINT ck CHECK (y > 0)) INHERITS (mid)",
    "not for those below": "CREATE TABLE child (CONSTRAINT ck CHECK (x > 0) NO INHERIT) INHERITS (parent)",
    "another kind": "CREATE TABLE child (y int, CONSTRAINT ck UNIQUE (y)) INHERITS (parent)",
}
MERGED = {
    "as it is": "CREATE TABLE child (CONSTRAINT ck CHECK (x > 0)) INHERITS (parent)",
    "in other words": "CREATE TABLE child (CONSTRAINT ck CHECK (((x)) > (0)::integer)) INHERITS (parent)",
    "not validated": "CREATE TABLE child () INHERITS (parent);"
    " ALTER TABLE child ADD CONSTRAINT ck CHECK (x > 0) NOT VALID",
}


def models(*items: sa.CheckConstraint, nullable: bool = True) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        "parent",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("x", sa.Integer, nullable=nullable),
        *items,
    )
    return metadata


def checked() -> sa.MetaData:
    return models(sa.CheckConstraint("x > 0", name="ck"))


def make(database: Database, child: str) -> None:
    with database.connect() as connection:
        connection.execute("CREATE TABLE parent (id serial PRIMARY KEY, x int)")
        connection.execute(child.encode())
        connection.execute("INSERT INTO child (x) VALUES (8)")


def assert_refused(database: Database, guard: Guard, reason: str) -> None:
    """Nothing is tried, and the advice makes it possible."""
    plan = guard.plan(database.url)
    assert not plan.steps
    (refusal,) = plan.refusals
    assert refusal.reason.startswith(reason)
    (statement,) = refusal.advice
    with database.connect() as connection:
        connection.execute(statement.encode())
    assert guard.apply(database.url).satisfied
    assert guard.plan(database.url).empty
    with database.connect() as connection:
        assert connection.execute("SELECT id, x FROM child").fetchall() == [(1, 8)]


@pytest.mark.every_postgres
@pytest.mark.parametrize("child", CHECKS)
def test_another_constraint_of_that_name(child: str, postgres_database: Database) -> None:
    make(postgres_database, CHECKS[child])
    said = "public.child inherits from it, and has another constraint of that name: "
    assert_refused(postgres_database, Guard(checked()), said)


@pytest.mark.every_postgres
@pytest.mark.parametrize("child", MERGED)
def test_the_same_check(child: str, postgres_database: Database) -> None:
    make(postgres_database, MERGED[child])
    guard = Guard(checked())
    assert guard.apply(postgres_database.url).satisfied
    assert guard.plan(postgres_database.url).empty


@pytest.mark.every_postgres
def test_of_a_partition(postgres_database: Database) -> None:
    metadata = sa.MetaData()
    sa.Table(
        "parent",
        metadata,
        sa.Column("x", sa.Integer, primary_key=True, autoincrement=False),
        sa.CheckConstraint("x > 0", name="ck"),
        postgresql_partition_by="LIST (x)",
    )
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE parent (x int PRIMARY KEY) PARTITION BY LIST (x)")
        connection.execute("CREATE TABLE child PARTITION OF parent (CONSTRAINT ck CHECK (x < 9)) DEFAULT")
        guard = Guard(metadata)
        (refusal,) = guard.plan(postgres_database.url).refusals
        assert refusal.reason.startswith("public.child is a partition of it, and has another constraint of that name")
        connection.execute(refusal.advice[0].encode())
    assert guard.apply(postgres_database.url).satisfied


@pytest.mark.newest_postgres
def test_not_null_that_is_not_inherited(postgres_database: Database) -> None:
    """PostgreSQL 18 and later."""
    make(postgres_database, "CREATE TABLE child (CONSTRAINT held NOT NULL x NO INHERIT) INHERITS (parent)")
    said = "public.child inherits from it, and has NOT NULL x NO INHERIT"
    assert_refused(postgres_database, Guard(models(nullable=False)), said)
