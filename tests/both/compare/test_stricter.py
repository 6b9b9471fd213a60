"""A UNIQUE, EXCLUDE or foreign key that the models don't know, and indexes that only look like what they ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, DateTime, Index, Integer, MetaData, String, Table, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import INT4RANGE, ExcludeConstraint
from sqlalchemy.schema import SchemaItem

from schema_guard.difference import Impact
from schema_guard.guard import Guard
from tests.postgres.database import Database

TABLE = "CREATE TABLE t (id integer PRIMARY KEY, email varchar(50), x int, gone timestamp, span int4range{})"


def models(*more: SchemaItem) -> MetaData:
    metadata = MetaData()
    id_ = Column("id", Integer, primary_key=True, autoincrement=False)
    plain = Column("email", String(50)), Column("x", Integer), Column("gone", DateTime)
    Table("t", metadata, id_, *plain, Column("span", INT4RANGE().with_variant(String(), "sqlite")), *more)
    return metadata


LIVE = text("gone IS NULL")

STRICTER = [
    ("", "CREATE UNIQUE INDEX one ON t (email)", lambda: [Index("one", "email", unique=True)], {}),
    (
        ", CONSTRAINT old UNIQUE (email)",
        "CREATE UNIQUE INDEX one ON t (email) WHERE gone IS NULL",
        lambda: [Index("one", "email", unique=True, postgresql_where=LIVE, sqlite_where=LIVE)],
        {"old": Impact.WEAKENS},
    ),
    ("", "CREATE UNIQUE INDEX ix ON t (email)", lambda: [Index("ix", "email")], {"ix": Impact.WEAKENS}),
    ("", "CREATE UNIQUE INDEX low ON t (lower(email))", list, {"low": Impact.WEAKENS}),
    (", CONSTRAINT wide UNIQUE (id, x)", "", list, {"wide": Impact.NOTES}),
    (", extra int, CONSTRAINT empty UNIQUE (email, extra)", "", list, {"empty": Impact.NOTES}),
    (", extra int DEFAULT 3, CONSTRAINT full_ UNIQUE (email, extra)", "", list, {"full_": Impact.WEAKENS}),
]
STRICTER_ON_POSTGRESQL = [
    (
        ", CONSTRAINT one UNIQUE NULLS NOT DISTINCT (email)",
        "",
        lambda: [UniqueConstraint("email")],
        {"one": Impact.WEAKENS},
    ),
    (
        ", CONSTRAINT now_ UNIQUE (email), CONSTRAINT later UNIQUE (email) DEFERRABLE INITIALLY DEFERRED",
        "",
        lambda: [UniqueConstraint("email", deferrable=True, initially="DEFERRED")],
        {"now_": Impact.WEAKENS},
    ),
    (", CONSTRAINT apart EXCLUDE USING gist (span WITH &&)", "", list, {"apart": Impact.WEAKENS}),
    (", CONSTRAINT refers FOREIGN KEY (x) REFERENCES p", "", list, {"refers": Impact.WEAKENS}),
]


def found(engine: sa.Engine, metadata: MetaData) -> dict[str, Impact]:
    differences = [each.difference for each in Guard(metadata).check(engine).findings]
    for difference in differences:
        if difference.code == "object-unknown" and difference.impact is Impact.WEAKENS:
            assert difference.effect.startswith("not provable: ")
    known = ("object-unknown", "column-unknown", "table-unknown")
    assert [each.code for each in differences if each.code not in known] == []
    return {each.object.rpartition(".")[2]: each.impact for each in differences if each.code == "object-unknown"}


@pytest.mark.parametrize(("inside", "index", "asked", "told"), [*STRICTER, *STRICTER_ON_POSTGRESQL])
def test_on_postgresql(
    postgres_database: Database, inside: str, index: str, asked: Callable[[], list[SchemaItem]], told: dict[str, Impact]
) -> None:
    metadata = models(*asked())
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    with postgres_database.connect() as connection:
        connection.execute(f"CREATE TABLE p (id int PRIMARY KEY); {TABLE.format(inside)}; {index}".encode())
        assert found(engine, metadata) == told
        for finding in Guard(metadata).check(engine).findings:
            for statement in finding.refusal.advice if finding.refusal else ():
                connection.execute(statement.encode())
    left = {
        f.difference.impact for f in Guard(metadata).check(engine).findings if f.difference.code == "object-unknown"
    }
    assert Impact.WEAKENS not in left


@pytest.mark.parametrize(("inside", "index", "asked", "told"), STRICTER)
def test_on_sqlite(
    sqlite_file: Path, inside: str, index: str, asked: Callable[[], list[SchemaItem]], told: dict[str, Impact]
) -> None:
    metadata = models(*asked())
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    with engine.begin() as connection:
        for statement in filter(None, [TABLE.format(inside).replace("int4range", "varchar"), index]):
            connection.exec_driver_sql(statement)
    assert found(engine, metadata) == told


def missing(engine: sa.Engine, metadata: MetaData) -> list[str]:
    codes = [each.difference.code for each in Guard(metadata).check(engine).findings]
    return [code for code in codes if code.endswith("-missing")]


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    ("inside", "index", "lacks"),
    [
        (", UNIQUE (email)", lambda: Index("ix", text('email COLLATE "C"'), unique=True), True),
        (", UNIQUE (email)", lambda: Index("ix", "email", unique=True), False),
        (
            ", UNIQUE (email)",
            lambda: Index("ix", "email", unique=True, postgresql_ops={"email": "varchar_pattern_ops"}),
            True,
        ),
        (", UNIQUE (email, x)", lambda: Index("ix", "email", text("x DESC"), unique=True), True),
        (", UNIQUE (email, x)", lambda: Index("ix", text("email DESC"), text("x DESC"), unique=True), False),
        (", UNIQUE (email) INCLUDE (x)", lambda: Index("ix", "email", unique=True, postgresql_include=["x"]), False),
        (", UNIQUE (email)", lambda: Index("ix", "email", unique=True, postgresql_include=["x"]), True),
        (", UNIQUE (email)", lambda: Index("ix", text("email NULLS FIRST")), True),
    ],
)
def test_what_a_unique_constraint_stands_for(
    postgres_database: Database, inside: str, index: Callable[[], Index], lacks: bool
) -> None:
    """Another collation, operator class or order is another index; it is built, and then nothing is missing."""
    metadata = models(index())
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    with postgres_database.connect() as connection:
        connection.execute(TABLE.format(inside).encode())
    assert missing(engine, metadata) == (["index-missing"] if lacks else [])
    assert len(Guard(metadata).apply(engine).results) == lacks
    assert missing(engine, metadata) == []


def test_what_a_total_index_does_for_a_partial_one(sqlite_file: Path) -> None:
    """Equal values are kept apart, and ON CONFLICT on them works: it is not said otherwise."""
    database = sa.create_engine(f"sqlite:///{sqlite_file}")
    with database.begin() as connection:
        connection.exec_driver_sql(TABLE.format(", CONSTRAINT old UNIQUE (email)"))
    wanted = models(Index("one", "email", unique=True, postgresql_where=LIVE, sqlite_where=LIVE))
    said = {found.difference.code: found.difference.effect for found in Guard(wanted).check(database).findings}
    assert said["index-missing"] == "only what is stricter keeps equal values apart now"
    assert said["object-unknown"].startswith("not provable: INSERT and UPDATE of t fail for rows that repeat")


def test_duplicates_are_counted_under_the_collation_of_the_index(sqlite_file: Path) -> None:
    """'A' and 'a' are one value to NOCASE: the index is refused, not tried."""
    metadata = models(Index("ix", text("email COLLATE NOCASE"), unique=True))
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    with engine.begin() as connection:
        connection.exec_driver_sql(TABLE.format(", UNIQUE (email)").replace("int4range", "varchar"))
        connection.exec_driver_sql("INSERT INTO t (id, email) VALUES (1, 'A'), (2, 'a')")
    report = Guard(metadata).apply(engine)
    assert report.results == ()
    (finding,) = (each for each in report.findings if each.difference.code == "index-missing")
    assert finding.evidence is not None
    assert finding.evidence.count == 2


EXCLUSIONS = [
    ("apart EXCLUDE USING gist (span WITH &&)", {}, False),
    ("other EXCLUDE USING gist (span WITH &&)", {}, False),
    ("apart EXCLUDE USING gist (span WITH &&) WHERE (x > 0)", {}, True),
    ("apart EXCLUDE USING gist (span WITH -|-)", {}, True),
    ("apart EXCLUDE USING gist (span WITH &&) DEFERRABLE", {}, True),
    ("other EXCLUDE USING gist (span WITH &&) WHERE (NOT (x <= 0))", {"where": text("NOT x <= 0")}, False),
    ("apart EXCLUDE USING gist (span WITH &&)", {"where": text("x > 0")}, True),
    ("apart EXCLUDE USING spgist (span WITH &&)", {"using": "spgist"}, False),
    ("apart EXCLUDE USING gist (span WITH &&)", {"using": "spgist"}, True),
]


@pytest.mark.every_postgres
@pytest.mark.parametrize(("live", "options", "lacks"), EXCLUSIONS)
def test_exclusions_are_compared_by_what_they_say(
    postgres_database: Database, live: str, options: dict[str, Any], lacks: bool
) -> None:
    metadata = models(ExcludeConstraint(("span", "&&"), name="apart", **options))
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    with postgres_database.connect() as connection:
        connection.execute(TABLE.format(f", CONSTRAINT {live}").encode())
        assert missing(engine, metadata) == (["exclusion-missing"] if lacks else [])
        for finding in Guard(metadata).check(engine).findings:
            for statement in finding.refusal.advice if finding.refusal else ():
                connection.execute(statement.encode())
    assert Guard(metadata).check(engine).findings == ()
