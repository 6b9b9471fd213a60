"""A VARCHAR(n) that takes all but the longer values of a type is made a VARCHAR without a length: nothing is cast."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session, registry

from schema_guard import Guard, Impact
from tests.postgres.database import Database

TYPES: dict[str, tuple[Any, str, str]] = {
    "CITEXT": (postgresql.CITEXT(), "ab", "abcdefgh"),
    "INET": (postgresql.INET(), "::1", "192.168.100.100"),
}


def models(type_: Any) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", type_))
    return metadata


@pytest.mark.every_postgres
@pytest.mark.parametrize("name", TYPES)
def test_longer_values_are_taken_afterwards(postgres_database: Database, name: str) -> None:
    type_, short, long = TYPES[name]
    metadata = models(type_)
    engine = sa.create_engine(postgres_database.url)
    with postgres_database.connect() as connection:
        connection.execute("CREATE EXTENSION citext; CREATE TABLE t (id serial PRIMARY KEY, a varchar(5))")
        connection.execute("INSERT INTO t (a) VALUES (%s)", [short])
        guard = Guard(metadata)
        (finding,) = guard.check(engine).findings
        assert finding.difference.impact is Impact.BREAKS
        assert finding.difference.effect.endswith("longer values are rejected")
        with engine.connect() as application, pytest.raises(sa.exc.DataError):
            application.execute(metadata.tables["t"].insert().values(a=long))
        before = connection.execute("SELECT pg_relation_filenode('t')").fetchall()
        assert guard.apply(engine).worst is Impact.WEAKENS
        assert connection.execute("SELECT pg_relation_filenode('t')").fetchall() == before
        assert guard.plan(engine).empty
        with engine.begin() as application:
            application.execute(metadata.tables["t"].insert().values(a=long))
        assert connection.execute("SELECT a FROM t ORDER BY id").fetchall() == [(short,), (long,)]
    engine.dispose()


def test_a_padded_column_says_what_it_does(postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE t (id serial PRIMARY KEY, a char(5)); INSERT INTO t (a) VALUES ('ab')")
        with pytest.raises(psycopg.errors.StringDataRightTruncation):
            connection.execute("INSERT INTO t (a) VALUES ('abcdef')")
    (finding,) = Guard(models(sa.String(10))).check(postgres_database.url).findings
    assert finding.difference.effect == "longer values are rejected, and shorter ones come back padded with blanks"
    assert finding.refusal is not None


@pytest.mark.parametrize(("length", "fails"), [(5, True), (1, False)])
def test_a_padded_discriminator(postgres_database: Database, length: int, fails: bool) -> None:
    """The identity of a class comes back with blanks behind it, which is the identity of none."""
    mapper = registry()
    job: type[Any] = type("Job", (), {})
    mail: type[Any] = type("Mail", (job,), {})
    columns = (sa.Column("id", sa.Integer, primary_key=True), sa.Column("kind", sa.String(length)))
    table = sa.Table("jobs", mapper.metadata, *columns)
    mapper.map_imperatively(job, table, polymorphic_on=table.c.kind, polymorphic_identity="j")
    mapper.map_imperatively(mail, None, inherits=job, polymorphic_identity="m")
    with postgres_database.connect() as connection:
        connection.execute(f"CREATE TABLE jobs (id serial PRIMARY KEY, kind char({length}))".encode())
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    with Session(engine) as session:
        session.add(mail())
        session.commit()
    try:
        with Session(engine) as session:
            works = len(session.scalars(sa.select(job)).all()) == 1
    except AssertionError:
        works = False
    assert works is not fails
    report = Guard(mapper.metadata).check(engine)
    assert (report.worst is Impact.BREAKS) is fails
    if fails:
        assert "padded with blanks, and loading its rows fails" in report.findings[0].difference.effect
