"""Index expressions and CHECKs that the models don't know, and that raise an error: held against the truth."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from schema_guard.difference import Impact
from schema_guard.guard import Guard
from tests.postgres.database import Database

models = sa.MetaData()
rooms = sa.Table(
    "rooms",
    models,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String),
    sa.Column("beds", sa.Integer),
)
FUNCTIONS = """
CREATE FUNCTION refuse(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE FUNCTION strict(text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE FUNCTION fine(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
CREATE FUNCTION pair(text, int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE TABLE rooms (id serial PRIMARY KEY, name varchar, beds int, extra int DEFAULT 0);
"""
FAIL, WORK, DOUBT = Impact.BREAKS, Impact.NOTES, Impact.WEAKENS
RULES = {
    "CREATE INDEX i ON rooms (refuse(name))": FAIL,
    "CREATE INDEX i ON rooms (lower(name), refuse(name))": FAIL,
    "CREATE INDEX i ON rooms (beds) WHERE refuse(name) = 'a'": FAIL,
    "CREATE INDEX i ON rooms (refuse(name)) WHERE name IS NOT NULL": DOUBT,
    "CREATE INDEX i ON rooms (strict(name))": DOUBT,
    "CREATE INDEX i ON rooms (pair(name, beds))": DOUBT,
    "CREATE INDEX i ON rooms (fine(name))": WORK,
    "CREATE INDEX i ON rooms ((1 / extra))": FAIL,
    "CREATE INDEX i ON rooms ((1 / beds))": WORK,
    "CREATE INDEX i ON rooms (lower(name)) WHERE beds > 1 AND name <> ''": WORK,
    "ALTER TABLE rooms ADD CHECK (refuse(name) = 'a')": FAIL,
    "ALTER TABLE rooms ADD CHECK (strict(name) = 'a')": DOUBT,
    "ALTER TABLE rooms ADD CHECK (1 / extra > 0)": FAIL,
}


def fails(engine: sa.Engine, name: str | None) -> bool:
    with engine.connect() as connection:
        try:
            connection.execute(rooms.insert().values(name=name))
        except sa.exc.DBAPIError:
            return True
        finally:
            connection.rollback()
    return False


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_raises_an_error(postgres_database: Database, rule: str) -> None:
    with postgres_database.connect() as connection:
        connection.execute(f"{FUNCTIONS}{rule}".encode())
    engine = sa.create_engine(postgres_database.url)
    report = Guard(models).check(engine)
    failed = [fails(engine, None), fails(engine, "a")]
    assert (report.worst or Impact.NOTES) == RULES[rule]
    assert {FAIL: failed[0], WORK: not any(failed), DOUBT: failed[1]}[RULES[rule]]
    if RULES[rule] is DOUBT:
        (finding,) = [each for each in report.findings if each.difference.impact is Impact.WEAKENS]
        assert finding.difference.effect.startswith("not provable: ")
    engine.dispose()


def test_rows_that_are_there_show_that_a_function_raises_no_error(postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        connection.execute(FUNCTIONS.encode())
        connection.execute(
            b"CREATE OR REPLACE FUNCTION pair(text, int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1'"
        )
        connection.execute(b"INSERT INTO rooms (name) VALUES ('a'); CREATE INDEX i ON rooms (pair(name, beds))")
    assert Guard(models).check(postgres_database.url).worst is Impact.NOTES


@pytest.mark.parametrize(
    ("rule", "fails"),
    [
        ("ADD half integer GENERATED ALWAYS AS (1 / (beds - 2)) STORED", True),
        ("ADD half integer GENERATED ALWAYS AS (1 / (beds - 3)) STORED", False),
        ("ADD CHECK (beds < 2)", True),
        ("ADD CHECK (beds < 3)", False),
        ("ADD CHECK (name <> 'none')", True),
        ("ADD CHECK (name <> 'any')", False),
    ],
)
def test_a_default_that_a_rule_refuses(postgres_database: Database, rule: str, fails: bool) -> None:
    """The models leave the columns to the server, which stores the defaults."""
    metadata = sa.MetaData()
    table = sa.Table(
        "rooms",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("beds", sa.Integer, server_default="2"),
        sa.Column("name", sa.String, server_default="none"),
    )
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE rooms {rule}")
    assert Guard(metadata).check(engine).remains(Impact.BREAKS) is fails
    with engine.connect() as connection:
        try:
            connection.execute(table.insert())
        except sa.exc.DBAPIError:
            assert fails
        else:
            assert not fails
