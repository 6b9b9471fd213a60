"""A server default and the type of its column: what one needs of the other."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Enum, Integer, MetaData, Table, Uuid, false

from schema_guard.report import Outcome
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, plan, prepare


def models() -> MetaData:
    metadata = MetaData()
    Table(
        "t",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("state", Enum("new", "done", name="state"), server_default="new"),
        Column("flag", Boolean, server_default=false()),
    )
    return metadata


def test_an_empty_table_is_retyped_together_with_its_default(postgres_database: Database) -> None:
    """ALTER TYPE casts no default along."""
    prepare(postgres_database, "CREATE TABLE t (id INTEGER PRIMARY KEY, state TEXT DEFAULT 'old', flag INTEGER)")
    report = apply(postgres_database, models())
    assert report.findings == ()
    assert {result.outcome for result in report.results} <= {Outcome.DONE, Outcome.ALREADY}
    with postgres_database.connect() as connection:
        connection.execute(b"INSERT INTO t VALUES (1)")
        assert connection.execute(b"SELECT state::text, flag FROM t").fetchall() == [("new", False)]


def test_a_default_is_the_same_in_the_type_that_is_there(postgres_database: Database) -> None:
    """Otherwise it would be set again at every boot: the server writes it as 'new'::text each time."""
    prepare(
        postgres_database,
        """CREATE TABLE t (id INTEGER PRIMARY KEY, state TEXT DEFAULT 'new', flag BOOLEAN DEFAULT false);
        INSERT INTO t VALUES (1)""",
    )
    codes = [finding.difference.code for finding in apply(postgres_database, models()).findings]
    assert codes == ["type-differs"]
    assert plan(postgres_database, models()).empty


def test_a_type_that_cannot_hold_the_values_takes_no_default_of_them(postgres_database: Database) -> None:
    prepare(
        postgres_database,
        """CREATE TABLE t (id INTEGER PRIMARY KEY, state TEXT DEFAULT 'new', flag INTEGER DEFAULT 1);
        CREATE TABLE keyed (id TEXT PRIMARY KEY); INSERT INTO t VALUES (1); INSERT INTO keyed VALUES ('a')""",
    )
    metadata = models()
    Table("keyed", metadata, Column("id", Integer, primary_key=True))
    report = apply(postgres_database, metadata)
    assert all(result.outcome is Outcome.DONE for result in report.results)
    reasons = {
        finding.difference.object: finding.refusal.reason
        for finding in report.findings
        if finding.refusal and finding.difference.code == "default-differs"
    }
    cannot = ", and 1 row cannot be cast (key a)" if int(postgres_database.server.version.split(".")[0]) >= 16 else ""
    assert reasons == {
        "t.flag": "waits for another type of t.flag, which cannot be provided:"
        " its values would have to be cast from INTEGER to BOOLEAN",
        "keyed.id": "waits for another type of keyed.id, which cannot be provided:"
        " its values would have to be cast from TEXT to INTEGER" + cannot,
    }
    assert plan(postgres_database, metadata).empty


def test_one_step_gives_another_type_and_the_default_that_belongs_to_it(postgres_database: Database) -> None:
    prepare(postgres_database, "CREATE TABLE t (id INTEGER PRIMARY KEY, state TEXT DEFAULT 'old', flag INTEGER)")
    found = {step.id: set(step.resolves) for step in plan(postgres_database, models()).steps if step.table}
    assert found.keys() == {"alter-type t.state", "alter-type t.flag"}
    assert found["alter-type t.flag"] == {"default-differs t.flag", "type-differs t.flag"}


def test_the_statement_that_is_advised_takes_the_default_along(postgres_database: Database) -> None:
    """A column with a default of another type, and one to whose type there is no cast: both statements run."""
    prepare(
        postgres_database,
        """CREATE TABLE t (id INTEGER PRIMARY KEY, state TEXT DEFAULT 'new', flag INTEGER DEFAULT 1, code INTEGER);
        INSERT INTO t VALUES (1, 'done', 0, 5)""",
    )
    metadata = models()
    metadata.tables["t"].append_column(Column("code", Uuid))
    refused = {each.difference.key: each for each in plan(postgres_database, metadata).refusals}
    flag, code = refused["type-differs t.flag"], refused["type-differs t.code"]
    assert code.reason == "PostgreSQL has no cast from INTEGER to UUID"
    with postgres_database.connect() as connection:
        for statement in (*flag.advice, *code.advice):
            connection.execute(statement.encode())
        connection.execute("INSERT INTO t (id) VALUES (2)")
        assert connection.execute("SELECT flag FROM t ORDER BY id").fetchall() == [(False,), (False,)]
    assert "t.flag" not in {each.difference.object for each in plan(postgres_database, metadata).refusals}
