"""What the server takes as a definition and computes for no row is not added: no write would work from then on."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, Computed, Index, Integer, MetaData, Sequence, String, Table, text
from sqlalchemy.schema import SchemaItem

from schema_guard import Guard
from schema_guard.report import Outcome
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, prepare

FUNCTIONS = """
CREATE FUNCTION lost(x text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN gone(x); END $$;
CREATE FUNCTION lost_if_given(x text) RETURNS text IMMUTABLE STRICT LANGUAGE plpgsql AS $$ BEGIN RETURN gone(x); END $$;
CREATE FUNCTION of_no_table(x text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS
  $$ BEGIN RETURN (SELECT y FROM gone WHERE y = x); END $$;
CREATE FUNCTION fine(x text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN upper(x); END $$;
CREATE FUNCTION choosy(x text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
  IF x IS DISTINCT FROM 'one' THEN RAISE EXCEPTION 'not that one'; END IF; RETURN x; END $$;
CREATE SEQUENCE numbers;
CREATE FUNCTION counts() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN nextval('numbers')::text; END $$;
CREATE FUNCTION writes() RETURNS text LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE written (); RETURN 'a'; END $$;
CREATE FUNCTION gives_nothing() RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN gone('a'); END $$;
CREATE FUNCTION of_new(x text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS
  $$ BEGIN RETURN x || (SELECT count(later) FROM public.t); END $$;
CREATE FUNCTION acts() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN gone('a'); END $$;
CREATE FUNCTION of_tenant() RETURNS text STABLE LANGUAGE plpgsql AS
  $$ BEGIN RETURN current_setting('app.tenant'); END $$;
CREATE FUNCTION by_name(x text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS
  $$ BEGIN RETURN CASE WHEN x = 'one' THEN x ELSE x::regclass::text END; END $$;
CREATE FUNCTION read_by_name(x text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS
  $$ BEGIN IF x <> 'one' THEN EXECUTE format('SELECT 1 FROM %I', x); END IF; RETURN x; END $$;
CREATE FUNCTION raises_unsupported(x text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS
  $$ BEGIN IF x IS DISTINCT FROM 'one' THEN RAISE EXCEPTION 'not so' USING ERRCODE = '0A000'; END IF; RETURN x; END $$;
CREATE FUNCTION of_new_table() RETURNS text STABLE LANGUAGE plpgsql AS
  $$ BEGIN RETURN (SELECT max(name) FROM public.other); END $$;
CREATE FUNCTION of_new_sequence() RETURNS text STABLE LANGUAGE plpgsql AS
  $$ BEGIN RETURN nextval('later_on')::text; END $$;
CREATE FUNCTION draws(x text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS
  $$ BEGIN RETURN x || nextval('numbers'); END $$;
"""
OF_A_TEMPORARY_TABLE = """
CREATE FUNCTION of_session() RETURNS text STABLE LANGUAGE plpgsql AS
  $$ BEGIN RETURN (SELECT max(name) FROM session_ctx); END $$;
"""
WORKING = {
    "a CHECK": lambda: [CheckConstraint("fine(name) <> 'X'", name="c")],
    "an index": lambda: [Index("i", text("fine(name)"))],
    "a generated column": lambda: [Column("g", String, Computed("fine(name)", persisted=True))],
    "values that it refuses": lambda: [CheckConstraint("choosy(name) <> 'X'", name="c")],
    "a default that draws from a sequence": lambda: [Column("d", String, server_default=text("counts()"))],
    "a default that writes": lambda: [Column("d", String, server_default=text("writes()"))],
    "a CHECK that draws from a sequence": lambda: [CheckConstraint("draws(name) <> 'X'", name="c")],
    "a table that comes with it": lambda: [Column("d", String, server_default=text("of_new_table()"))],
    "a sequence that comes with it": lambda: [Column("d", String, server_default=text("of_new_sequence()"))],
    "a default of the session": lambda: [Column("d", String, server_default=text("of_tenant()"))],
    "a text that is a name": lambda: [CheckConstraint("by_name(name) <> 'X'", name="c")],
    "a table named by the text": lambda: [CheckConstraint("read_by_name(name) <> 'X'", name="c")],
    "an error that the code raises": lambda: [CheckConstraint("raises_unsupported(name) <> 'X'", name="c")],
    "a column that comes with it": lambda: [Column("later", Integer), Index("i", text("of_new(name)"))],
}
FAILING = {
    "a CHECK": lambda: [CheckConstraint("lost(name) <> 'X'", name="c")],
    "a CHECK of a strict function": lambda: [CheckConstraint("lost_if_given(name) <> 'X'", name="c")],
    "a CHECK that reads a table": lambda: [CheckConstraint("of_no_table(name) <> 'X'", name="c")],
    "an index": lambda: [Index("i", text("lost(name)"))],
    "the condition of an index": lambda: [Index("i", "name", postgresql_where=text("lost(name) = 'a'"))],
    "a generated column": lambda: [Column("g", String, Computed("lost(name)", persisted=True))],
    "a default": lambda: [Column("d", String, server_default=text("gives_nothing()"))],
}


def models(items: list[SchemaItem]) -> MetaData:
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("name", String), *items)
    Table("other", metadata, Column("id", Integer, Sequence("later_on"), primary_key=True), Column("name", String))
    return metadata


def works(database: Database) -> bool:
    with sa.create_engine(database.url, poolclass=sa.NullPool).connect() as connection:
        try:
            connection.execute(text("INSERT INTO t (name) VALUES ('one')"))
        except sa.exc.DBAPIError:
            return False
    return True


@pytest.mark.every_postgres
@pytest.mark.parametrize("case", FAILING)
def test_what_no_row_can_be_computed_for(postgres_database: Database, case: str) -> None:
    prepare(postgres_database, f"CREATE TABLE t (id serial PRIMARY KEY, name varchar); {FUNCTIONS}")
    report = apply(postgres_database, models(_items(FAILING[case])))
    assert works(postgres_database)
    (refusal,) = [finding.refusal for finding in report.findings if finding.refusal is not None]
    assert refusal.reason.startswith("computing it for a row fails: ")
    assert "gone" in refusal.reason


@pytest.mark.parametrize("case", WORKING)
def test_what_works_for_some_row_is_added(postgres_database: Database, case: str) -> None:
    """Nothing that trying does is left: no number was taken, no table made."""
    prepare(postgres_database, f"CREATE TABLE t (id serial PRIMARY KEY, name varchar); {FUNCTIONS}")
    report = apply(postgres_database, models(_items(WORKING[case])))
    assert [result.outcome for result in report.results if result.outcome is not Outcome.DONE] == []
    assert report.findings == ()
    with postgres_database.connect() as connection:
        assert connection.execute("SELECT is_called, to_regclass('written') FROM numbers").fetchone() == (False, None)


@pytest.mark.every_postgres
@pytest.mark.parametrize(("live", "added"), [("d varchar NOT NULL", True), ("d varchar", False), ("e int", False)])
def test_a_default_over_what_the_application_may_have_in_its_session(
    postgres_database: Database, live: str, added: bool
) -> None:
    """A table without its schema may be a temporary one. The default is added where an INSERT fails without it."""
    prepare(postgres_database, f"CREATE TABLE t (id serial PRIMARY KEY, name varchar, {live}); {OF_A_TEMPORARY_TABLE}")
    column = Column("d", String, server_default=text("of_session()"), nullable="NOT NULL" not in live)
    report = apply(postgres_database, models([column]))
    refusals = [finding.refusal.reason for finding in report.findings if finding.refusal is not None]
    assert any(each.startswith("computing it for a row fails: ") for each in refusals) is not added
    assert {result.outcome for result in report.results} == {Outcome.DONE}
    with sa.create_engine(postgres_database.url, poolclass=sa.NullPool).connect() as connection:
        connection.execute(text("CREATE TEMPORARY TABLE session_ctx AS SELECT 'a' AS name"))
        connection.execute(text("INSERT INTO t (name) VALUES ('one')"))


def test_what_may_change_something_is_not_called(postgres_database: Database) -> None:
    """A VOLATILE function can do what no rollback takes back: a plan does not find out that it fails."""
    prepare(postgres_database, f"CREATE TABLE t (id serial PRIMARY KEY, name varchar); {FUNCTIONS}")
    items = [Column("d", String, server_default=text("acts()")), CheckConstraint("acts() = name", name="c")]
    assert Guard(models(items)).plan(postgres_database.url).refusals == ()


def _items(make: Any) -> list[SchemaItem]:
    return list(make())
