"""A live CHECK that rejects a value of the models breaks the application, in whatever form it is written.

Each verdict is held against the truth: the values are really written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Boolean, CheckConstraint, Column, Enum, Integer, MetaData, String, Table
from sqlalchemy.dialects.postgresql import DOMAIN
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import NullPool

from schema_guard.difference import Impact
from schema_guard.guard import Guard
from schema_guard.report import Finding
from tests.postgres.database import Database

STATES = ("queued", "running", "failed")


def jobs() -> MetaData:
    metadata = MetaData()
    state = Enum(*STATES, name="ck_state", native_enum=False, length=20, create_constraint=True)
    Table("jobs", metadata, Column("id", Integer, primary_key=True), Column("state", state))
    return metadata


def fails(engine: sa.Engine, table: str, column: str, value: object) -> bool:
    """Whether writing the value is rejected; nothing is kept."""
    with engine.connect() as connection:
        try:
            connection.execute(sa.text(f'INSERT INTO {table} ("{column}") VALUES (:value)'), {"value": value})
        except sa.exc.IntegrityError:
            return True
        finally:
            connection.rollback()
    return False


def unknown(findings: tuple[Finding, ...]) -> Finding | None:
    found = [finding for finding in findings if finding.difference.code == "object-unknown"]
    return found[0] if found else None


POSTGRESQL_FORMS = [
    "state = ANY (ARRAY[('queued'::character varying)::text, ('running'::character varying)::text])",
    "(state)::text = ANY ((ARRAY['queued'::character varying, 'running'::character varying])::text[])",
    "state = ANY ('{queued,running}'::text[])",
    "state ~ '^(queued|running)$'",
    "state::text SIMILAR TO 'queued|running'",
]
FORMS = [
    "state IN ('running', 'queued')",
    "state = 'queued' OR state = 'running'",
    "state IS NULL OR state IN ('queued', 'running')",
    "lower(state) IN ('queued', 'running')",
    "state IN ('queued', 'running') AND length(state) < 20",
    "state <> 'failed'",
    "NOT (state = 'failed')",
    "CASE WHEN state = 'failed' THEN id < 0 ELSE id > 0 END",
    "state NOT IN ('failed', 'gone') OR state IS NULL",
    "length(state) > 6 OR state = 'queued'",
    "state IN ('queued', 'running', 'failed', 'gone')",
    "state IN ('failed', 'running', 'queued')",
    "state = 'failed' OR state = 'running' OR state = 'queued'",
]


def held_against_the_truth(engine: sa.Engine, form: str) -> None:
    refused = [state for state in (*STATES, None) if fails(engine, "jobs", "state", state)]
    found = unknown(Guard(jobs()).check(engine).findings)
    if "CASE" in form:  # another column decides
        assert found is not None
        assert found.difference.impact is Impact.WEAKENS
        assert found.difference.effect.startswith("not provable: ")
        return
    said = found.difference.effect if found is not None and found.difference.impact is Impact.BREAKS else ""
    assert [state for state in STATES if f"'{state}'" in said] == refused
    assert found is None or found.difference.impact is (Impact.BREAKS if refused else Impact.NOTES)


@pytest.mark.every_postgres
@pytest.mark.parametrize("form", FORMS + POSTGRESQL_FORMS)
def test_the_verdict_is_the_truth_on_postgresql(postgres_database: Database, form: str) -> None:
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE jobs (id serial PRIMARY KEY, state varchar(20),"
            f" CONSTRAINT ck_state CHECK ({form.replace('%', '%%')}))"
        )
    held_against_the_truth(engine, form)


@pytest.mark.parametrize("form", FORMS)
def test_the_verdict_is_the_truth_on_sqlite(sqlite_file: Path, form: str) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"CREATE TABLE jobs (id INTEGER PRIMARY KEY, state VARCHAR(20), CONSTRAINT ck_state CHECK ({form}))"
        )
    held_against_the_truth(engine, form)


def test_what_a_person_could_run_replaces_the_list(postgres_database: Database) -> None:
    """The advice is run as it is printed; then every value can be written, and nothing differs."""
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE jobs (id serial PRIMARY KEY, state varchar(20))")
        connection.execute("ALTER TABLE jobs ADD CONSTRAINT ck_state CHECK (state = ANY ('{queued,running}'::text[]))")
        findings = Guard(jobs()).check(engine).findings
        advice = next(
            found.refusal.advice for found in findings if found.difference.code == "check-missing" and found.refusal
        )
        for statement in advice:
            connection.execute(statement.encode())
    assert not fails(engine, "jobs", "state", "failed")
    assert Guard(jobs()).check(engine).findings == ()


@pytest.mark.every_postgres
def test_other_columns(postgres_database: Database) -> None:
    """Integers, booleans, NULL, names in quotes, the list of a domain, a column that the models leave out."""
    metadata = MetaData()
    Table(
        "t",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("Rank", Integer, nullable=False),
        Column("on", Boolean),
        Column("mood", String(10)),
        Column("note", String(10)),
        Column("free", Integer),
        CheckConstraint('"Rank" IN (1, 2, 3)', name="ck_rank"),
        CheckConstraint("mood IN ('good', 'bad', 'so so')", name="ck_mood"),
    )
    with postgres_database.connect() as connection:
        connection.execute(
            """CREATE DOMAIN mood AS varchar(10) CHECK (VALUE IN ('good', 'bad'));
            CREATE TABLE t (id serial PRIMARY KEY, "Rank" int NOT NULL CONSTRAINT a CHECK ("Rank" IN (1, 2)),
              "on" boolean CONSTRAINT b CHECK ("on"), mood mood, note varchar(10) CONSTRAINT c CHECK (note IS NOT NULL),
              free int CONSTRAINT d CHECK (free > 5),
              gone text CONSTRAINT e CHECK (gone IS NOT NULL), kept text DEFAULT 'x' CONSTRAINT f CHECK (kept <> 'y'));
            ALTER TABLE t DROP COLUMN gone"""
        )
    found = {
        finding.difference.object.removeprefix("t."): (finding.difference.impact, finding.difference.effect)
        for finding in Guard(metadata).check(postgres_database.url).findings
        if finding.difference.code == "object-unknown"
    }
    assert found == {
        "a": (Impact.BREAKS, "writing 3 fails (CheckViolation)"),
        "b": (Impact.BREAKS, "writing false fails (CheckViolation)"),
        "c": (Impact.BREAKS, "writing NULL fails (CheckViolation)"),
        "d": (
            Impact.WEAKENS,
            "not provable: INSERT and UPDATE of t fail for rows that violate it (CheckViolation)",
        ),
        "f": (Impact.NOTES, "it takes whatever the models allow"),
        "mood (mood_check)": (Impact.BREAKS, "writing 'so so' fails (CheckViolation)"),
    }


def test_the_models_domain_has_grown(postgres_database: Database) -> None:
    metadata = MetaData()
    mood = DOMAIN("mood", String(10), check="VALUE IN ('good', 'bad', 'so so')")
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("mood", mood))
    with postgres_database.connect() as connection:
        connection.execute(
            """CREATE DOMAIN mood AS varchar(10) CHECK (VALUE IN ('good', 'bad'));
            CREATE TABLE t (id serial PRIMARY KEY, mood mood)"""
        )
        (finding,) = Guard(metadata).check(postgres_database.url).findings
        assert finding.difference.effect == "writing 'so so' fails (CheckViolation)"
        assert finding.refusal is not None
        for statement in finding.refusal.advice:
            connection.execute(statement.encode())
    assert Guard(metadata).check(postgres_database.url).findings == ()


def test_a_trigger_may_change_the_value(postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        connection.execute(
            """CREATE TABLE jobs (id serial PRIMARY KEY, state varchar(20),
              CONSTRAINT ck_state CHECK (state <> 'failed'));
            CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS
              $$ BEGIN NEW.state := 'queued'; RETURN NEW; END $$;
            CREATE TRIGGER other BEFORE INSERT OR UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION other()"""
        )
    found = unknown(Guard(jobs()).check(postgres_database.url).findings)
    assert found is not None
    assert found.difference.impact is Impact.WEAKENS
    assert found.difference.effect.startswith("not provable: writing 'failed' fails (CheckViolation), unless ")
    assert not fails(sa.create_engine(postgres_database.url, poolclass=sa.NullPool), "jobs", "state", "failed")


def animals(*, base_is_written: bool) -> tuple[type[DeclarativeBase], type[Any]]:
    """The models, and the lowest of their classes: Animal, or Cat that inherits from it."""

    class Base(DeclarativeBase):
        pass

    class Animal(Base):
        __tablename__ = "animals"
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str] = mapped_column(String(9))
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}  # noqa: RUF012

    if base_is_written:
        return Base, Animal
    return Base, type("Cat", (Animal,), {"__mapper_args__": {"polymorphic_identity": "cat"}})


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    ("base_is_written", "listed", "impact"),
    [
        (False, "'animal', 'dog'", Impact.BREAKS),
        (False, "'cat', 'dog'", Impact.WEAKENS),  # whether an Animal that is no Cat is ever made cannot be known
        (True, "'cat', 'dog'", Impact.BREAKS),
    ],
)
@pytest.mark.newest_postgres
def test_the_class_of_a_row(
    request: pytest.FixtureRequest, dialect: str, base_is_written: bool, listed: str, impact: Impact
) -> None:
    """A discriminator's CHECK that leaves out a class whose rows the ORM writes."""
    if dialect == "sqlite":
        url = f"sqlite:///{request.getfixturevalue('sqlite_file')}"
    else:
        url = request.getfixturevalue("postgres_database").url
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        key = "INTEGER PRIMARY KEY" if dialect == "sqlite" else "SERIAL PRIMARY KEY"
        rule = f"CONSTRAINT of_class CHECK (kind IN ({listed}))"
        connection.exec_driver_sql(f"CREATE TABLE animals (id {key}, kind VARCHAR(9) NOT NULL, {rule})")
    base, lowest = animals(base_is_written=base_is_written)
    finding = unknown(Guard(base).check(engine).findings)
    assert finding is not None
    assert finding.difference.impact is impact
    with Session(engine) as session:
        session.add(lowest())
        if impact is Impact.BREAKS:
            with pytest.raises(sa.exc.IntegrityError):
                session.flush()
        else:
            session.flush()


def a_row_of(type_: sa.types.TypeEngine[int], *rules: CheckConstraint) -> MetaData:
    metadata = MetaData()
    key = Column("id", Integer, primary_key=True)
    Table("t", metadata, key, Column("a", type_, *rules, nullable=False))
    return metadata


@pytest.mark.parametrize(
    ("models", "doubt"),
    [
        (a_row_of(Integer()), True),
        (a_row_of(Integer(), CheckConstraint("a > 0")), False),
        (a_row_of(DOMAIN("positive", Integer, check="VALUE > 0")), False),
        (a_row_of(DOMAIN("positive", Integer, check="VALUE > -100")), True),
        (a_row_of(DOMAIN("positive", Integer, create_type=False)), False),
    ],
    ids=["plain", "the same CHECK", "the same domain", "another rule", "left to the domain"],
)
@pytest.mark.newest_postgres
def test_what_a_domain_may_reject_is_a_doubt(postgres_database: Database, models: MetaData, doubt: bool) -> None:
    engine = sa.create_engine(postgres_database.url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE DOMAIN positive AS integer CHECK (VALUE > 0)")
        connection.exec_driver_sql("CREATE TABLE t (id SERIAL PRIMARY KEY, a positive NOT NULL)")
    finding = unknown(Guard(models).check(engine).findings)
    assert fails(engine, "t", "a", -5)
    if not doubt:
        assert finding is None
        return
    assert finding is not None
    assert finding.difference.impact is Impact.WEAKENS
    assert finding.difference.effect == (
        "not provable: INSERT and UPDATE of t fail for rows that violate it (CheckViolation)"
    )
    assert finding.refusal is not None
    with engine.begin() as connection:
        connection.exec_driver_sql(finding.refusal.advice[0])
    assert not fails(engine, "t", "a", -5)
    assert unknown(Guard(models).check(engine).findings) is None
    engine.dispose()
