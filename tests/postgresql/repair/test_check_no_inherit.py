"""A CHECK that is NO INHERIT: the rows of tables that inherit are not held by it, which the models' CHECK holds."""

from __future__ import annotations

import psycopg
import pytest
import sqlalchemy as sa

from schema_guard import Guard
from tests.postgres.database import Database

models = sa.MetaData()
sa.Table(
    "parent",
    models,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("x", sa.Integer),
    sa.CheckConstraint("x > 0", name="ck"),
)
MADE = "CREATE TABLE parent (id serial PRIMARY KEY, x int, CONSTRAINT {} CHECK (x > 0) NO INHERIT);"
CHILD = "CREATE TABLE child () INHERITS (parent);"


@pytest.mark.every_postgres
@pytest.mark.parametrize("name", ["ck", "other"])
def test_rows_of_a_child_are_not_held(postgres_database: Database, name: str) -> None:
    with postgres_database.connect() as connection:
        connection.execute((MADE.format(name) + CHILD).encode())
        connection.execute("INSERT INTO child (x) VALUES (1)")
        guard = Guard(models)
        (finding,) = [
            each for each in guard.check(postgres_database.url).findings if each.difference.code == "check-missing"
        ]
        assert finding.difference.effect == "rows that the models exclude can be stored in tables that inherit from it"
        for statement in finding.refusal.advice if finding.refusal is not None else ():
            connection.execute(statement.encode())
        assert (finding.refusal is not None) is (name == "ck")
        guard.apply(postgres_database.url)
        assert guard.check(postgres_database.url).satisfied
        assert guard.plan(postgres_database.url).empty
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("INSERT INTO child (x) VALUES (-1)")
        assert connection.execute("SELECT x FROM parent").fetchall() == [(1,)]


@pytest.mark.parametrize("child", ["", "CREATE TABLE child (CONSTRAINT own CHECK (x > 0)) INHERITS (parent)"])
def test_nothing_is_missing_where_no_child_is_without_it(postgres_database: Database, child: str) -> None:
    with postgres_database.connect() as connection:
        connection.execute((MADE.format("ck") + child).encode())
    report = Guard(models).check(postgres_database.url)
    assert [each.difference.code for each in report.findings] == ["table-unknown"] * bool(child)
