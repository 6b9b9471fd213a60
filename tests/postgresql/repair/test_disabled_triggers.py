"""A foreign key whose triggers are disabled, as a data load leaves them, lets any row in: told, with what ends it."""

from __future__ import annotations

import pytest
from psycopg.errors import ForeignKeyViolation
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table

from schema_guard.guard import Guard
from tests.postgres.database import Database
from tests.postgresql.repair.stage import prepare

pytestmark = pytest.mark.server
SET_UP = """
CREATE TABLE parents (id serial PRIMARY KEY);
CREATE TABLE children (id serial PRIMARY KEY, parent int CONSTRAINT to_parent REFERENCES parents);
INSERT INTO parents DEFAULT VALUES;
INSERT INTO children (parent) VALUES (1);
"""


def models() -> MetaData:
    metadata = MetaData()
    Table("parents", metadata, Column("id", Integer, primary_key=True))
    Table("children", metadata, Column("id", Integer, primary_key=True), Column("parent", ForeignKey("parents.id")))
    return metadata


@pytest.mark.every_postgres
@pytest.mark.parametrize("table", ["children", "parents"])
def test_the_advice_ends_it(postgres_database: Database, table: str) -> None:
    prepare(postgres_database, f"{SET_UP} ALTER TABLE {table} DISABLE TRIGGER ALL")
    guard = Guard(models())
    (finding,) = guard.check(postgres_database.url).findings
    assert finding.difference.code == "foreign-key-not-validated"
    assert finding.difference.headline == "FOREIGN KEY's triggers are disabled: any row may violate it"
    assert finding.refusal is not None
    with postgres_database.connect() as connection:
        for statement in finding.refusal.advice:
            connection.execute(statement.encode())
        with pytest.raises(ForeignKeyViolation):
            connection.execute("INSERT INTO children (parent) VALUES (99)")
        with pytest.raises(ForeignKeyViolation):
            connection.execute("DELETE FROM parents")
    assert guard.check(postgres_database.url).findings == ()


def test_a_disabled_trigger_of_the_application_is_its_own_affair(postgres_database: Database) -> None:
    prepare(postgres_database, SET_UP)
    prepare(
        postgres_database,
        """CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER own BEFORE INSERT ON children FOR EACH ROW EXECUTE FUNCTION f();
        ALTER TABLE children DISABLE TRIGGER USER""",
    )
    assert Guard(models()).check(postgres_database.url).findings == ()
