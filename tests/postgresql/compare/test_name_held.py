"""A relation's name is one among all of its schema: what holds it is said, and nothing is built under it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, Enum, Index, Integer, MetaData, Sequence, Table, UniqueConstraint

from schema_guard.guard import Guard
from tests.postgres.database import Database


def test_an_unknown_table_holds_the_name(postgres_database: Database) -> None:
    models = MetaData()
    Table(
        "t",
        models,
        Column("id", Integer, primary_key=True),
        Column("a", Integer),
        UniqueConstraint("a", name="held"),
        Index("held_too", "a", "id"),
    )
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id serial PRIMARY KEY, a integer)")
        connection.exec_driver_sql("CREATE TABLE held (x integer)")
        connection.exec_driver_sql("CREATE TABLE held_too (x integer)")
    report = Guard(models).apply(engine)
    assert report.results == ()
    reasons = [finding.refusal.reason for finding in report.findings if finding.refusal]
    assert reasons == ["the name held is held by table held", "the name held_too is held by table held_too"]


def refusals(database: Database, models: MetaData, sql: str) -> dict[str, str]:
    """By object, why apply leaves it: the same on every run, and nothing is begun for it."""
    with database.connect() as connection:
        connection.execute(sql.encode())
    report = Guard(models).apply(database.url)
    assert {result.outcome.name for result in report.results} <= {"DONE"}
    assert Guard(models).plan(database.url).empty
    return {finding.difference.object: finding.refusal.reason for finding in report.findings if finding.refusal}


@pytest.mark.parametrize(
    ("sql", "holder"),
    [
        ("CREATE TYPE mood AS (a int)", "composite type"),
        ("CREATE DOMAIN mood AS text", "domain"),
        ("CREATE TYPE mood AS RANGE (subtype = int4)", "type"),
        ("CREATE TABLE mood (id int)", "table"),
        ("CREATE VIEW mood AS SELECT 1 AS x", "view"),
    ],
)
def test_another_type_holds_the_name_of_an_enum(postgres_database: Database, sql: str, holder: str) -> None:
    """Otherwise the columns that wait for the enum would be made with that type, for good."""
    models = MetaData()
    Table("t", models, Column("id", Integer, primary_key=True), Column("mood", Enum("sad", "happy", name="mood")))
    found = refusals(postgres_database, models, f"CREATE TABLE t (id serial PRIMARY KEY); {sql}")
    held = f"the name is held by {holder} mood"
    assert found == {
        "mood": held,
        "t.mood": f"waits for type mood, which cannot be provided: {held}",
    }


def test_an_index_leaves_the_name_to_a_type(postgres_database: Database) -> None:
    models = MetaData()
    Table("t", models, Column("id", Integer, primary_key=True), Column("mood", Enum("sad", "happy", name="mood")))
    assert (
        refusals(postgres_database, models, "CREATE TABLE t (id serial PRIMARY KEY); CREATE INDEX mood ON t (id)") == {}
    )


@pytest.mark.parametrize(
    ("sql", "holder"),
    [
        ("CREATE TYPE held AS ENUM ('a')", "enum type"),
        ("CREATE DOMAIN held AS int", "domain"),
        ("CREATE TYPE held AS RANGE (subtype = int4)", "type"),
        ("CREATE SEQUENCE held", "sequence"),
    ],
)
def test_a_type_holds_the_name_of_a_table(postgres_database: Database, sql: str, holder: str) -> None:
    """A table has a row type of its name."""
    models = MetaData()
    Table("held", models, Column("id", Integer, primary_key=True))
    found = refusals(postgres_database, models, sql)
    assert found == {"held": f"the name is held by {holder} held"}


def test_a_view_holds_the_name_of_a_sequence(postgres_database: Database) -> None:
    models = MetaData()
    Sequence("numbers", metadata=models)
    found = refusals(postgres_database, models, "CREATE VIEW numbers AS SELECT 1 AS x")
    assert found == {"numbers": "the name is held by view numbers"}


def test_what_a_person_could_run_renames_what_holds_the_name(postgres_database: Database) -> None:
    """Each piece of advice is run as it is printed; then nothing is missing."""
    models = MetaData()
    columns = [Column(name, Integer) for name in "abcdefg"]
    uniques = [UniqueConstraint(name, name=f"held_{name}") for name in "abcde"]
    indexes = [Index("held_f", "f"), Index("held_g", "g")]
    Table("t", models, Column("id", Integer, primary_key=True), *columns, *uniques, *indexes)
    found = refusals(
        postgres_database,
        models,
        """CREATE TABLE t (id serial PRIMARY KEY, a int, b int, c int, d int, e int, f int, g int,
          CONSTRAINT held_a CHECK (a > 0));
        CREATE TABLE o (id int); CREATE INDEX held_b ON o (id); CREATE MATERIALIZED VIEW held_c AS SELECT 1 AS x;
        CREATE TYPE held_d AS (x int); CREATE SEQUENCE held_e; CREATE VIEW held_f AS SELECT 1 AS x;
        CREATE TABLE held_g (x int)""",
    )
    assert len(found) == 7
    with postgres_database.connect() as connection:
        for finding in Guard(models).check(postgres_database.url).findings:
            missing = finding.difference.code.endswith("-missing")
            for statement in finding.refusal.advice if finding.refusal and missing else ():
                connection.execute(statement.encode())
    codes = {finding.difference.code for finding in Guard(models).check(postgres_database.url).findings}
    assert codes == {"object-unknown", "table-unknown"}


def test_a_deferrable_unique_stands_beside(postgres_database: Database) -> None:
    """It holds no name of the models': it is named as what it is."""
    models = MetaData()
    Table("t", models, Column("id", Integer, primary_key=True), Column("a", Integer, unique=True))
    found = refusals(postgres_database, models, "CREATE TABLE t (id serial PRIMARY KEY, a int UNIQUE DEFERRABLE)")
    beside = "UNIQUE (a) DEFERRABLE INITIALLY IMMEDIATE"
    assert found == {"t.unique(a)": f"{beside} stands on the same columns, which may be meant"}
    (finding,) = Guard(models).check(postgres_database.url).findings
    assert finding.difference.headline == "UNIQUE (a) missing; there is UNIQUE (a) DEFERRABLE INITIALLY IMMEDIATE"
    assert finding.refusal is not None
    assert finding.refusal.advice == ("ALTER TABLE public.t ADD UNIQUE (a);",)


def test_a_constraint_whose_index_is_invalid_is_told_with_what_makes_it_valid(postgres_database: Database) -> None:
    models = MetaData()
    columns = Column("id", Integer, primary_key=True), Column("a", Integer), Column("b", Integer)
    Table("t", models, *columns, UniqueConstraint("a", name="uq_a"), UniqueConstraint("b", name="uq_b"))
    guard = Guard(models)
    guard.apply(postgres_database.url)
    with postgres_database.connect() as connection:
        connection.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'uq_a'::regclass")
        (finding,) = guard.check(postgres_database.url).findings
        held = "UNIQUE (a) missing; the name is held by UNIQUE (a), whose index is INVALID"
        assert finding.difference.headline == held
        assert finding.refusal is not None
        for statement in finding.refusal.advice:
            connection.execute(statement.encode())
    assert guard.check(postgres_database.url).findings == ()


def test_what_is_put_aside_gets_a_name_that_is_free(postgres_database: Database) -> None:
    models = MetaData()
    columns = Column("id", Integer, primary_key=True), Column("a", Integer), Column("b", Integer)
    Table("t", models, *columns, sa.CheckConstraint("a > 0", name="ck"), UniqueConstraint("b", name="uq"))
    with postgres_database.connect() as connection:
        connection.execute(
            "CREATE TABLE t (id serial PRIMARY KEY, a int, b int, CONSTRAINT ck CHECK (a > 1), CONSTRAINT ck_old"
            " CHECK (a > 2), CONSTRAINT uq UNIQUE (a), CONSTRAINT uq_old UNIQUE (a, b))"
        )
        for refusal in Guard(models).plan(postgres_database.url).refusals:
            if refusal.difference.code.endswith("missing"):
                for statement in refusal.advice:
                    connection.execute(statement.encode())
    codes = [finding.difference.code for finding in Guard(models).check(postgres_database.url).findings]
    assert not [code for code in codes if code.endswith("missing")]
