"""Into which partition the rows of the models go, and whether there is one: held against the truth."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from schema_guard import Guard, Impact
from tests.postgres.database import Database

KINDS = ("x", "y", "z")
FAIL, WORK, DOUBT = Impact.BREAKS, None, Impact.WEAKENS


def models(key: sa.Column[Any]) -> sa.MetaData:
    metadata = sa.MetaData()
    number = sa.Column("id", sa.Integer, primary_key=True, autoincrement=False)
    sa.Table("t", metadata, number, key, sa.Column("a", sa.String), postgresql_partition_by="LIST (k)")
    return metadata


def listed() -> sa.Column[Any]:
    return sa.Column("k", sa.Enum(*KINDS, name="kind"), primary_key=True)


def free() -> sa.Column[Any]:
    return sa.Column("k", sa.String, primary_key=True)


def moment() -> sa.Column[Any]:
    return sa.Column("k", sa.DateTime, primary_key=True, server_default=sa.func.now())


def given_moment() -> sa.Column[Any]:
    return sa.Column("k", sa.DateTime, primary_key=True)


def number() -> sa.Column[Any]:
    return sa.Column("k", sa.Integer, primary_key=True, autoincrement=False)


def year() -> sa.Column[Any]:
    return sa.Column("k", sa.Integer, sa.CheckConstraint("k > 2000"), primary_key=True, autoincrement=False)


ENUM = "CREATE TYPE kind AS ENUM ('x', 'y', 'z');"
TABLE = "CREATE TABLE t (id int, k {}, a varchar, PRIMARY KEY (id, k)) PARTITION BY {} (k);"
LIST = "CREATE TABLE t{0} PARTITION OF t FOR VALUES IN ('{0}');"
PARTED_REST = "CREATE TABLE rest PARTITION OF t DEFAULT PARTITION BY RANGE (id);"
ALL_OF_REST = "CREATE TABLE all_of_rest PARTITION OF rest DEFAULT;"
REST = "CREATE TABLE rest PARTITION OF t DEFAULT;"
OLD = "CREATE TABLE old PARTITION OF t FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');"
NOW = "CREATE TABLE now PARTITION OF t FOR VALUES FROM ('2020-02-01') TO ('2999-01-01');"
HALF = "CREATE TABLE half PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
OTHER_HALF = "CREATE TABLE other PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
OF_KINDS = ENUM + TABLE.format("kind", "LIST")
OF_TEXTS = TABLE.format("varchar", "LIST")
OF_MOMENTS = TABLE.format("timestamp DEFAULT now()", "RANGE")
OF_GIVEN = TABLE.format("timestamp", "RANGE")
OF_HASHES = TABLE.format("int", "HASH")

PLACES = {
    "one for each": (listed, OF_KINDS + "".join(map(LIST.format, KINDS)), WORK),
    "none for one that the models list": (listed, OF_KINDS + "".join(map(LIST.format, "xy")), FAIL),
    "one for the rest": (listed, OF_KINDS + LIST.format("x") + REST, WORK),
    "a rest that is partitioned again, and has no partition": (listed, OF_KINDS + LIST.format("x") + PARTED_REST, FAIL),
    "a rest that is partitioned again": (listed, OF_KINDS + LIST.format("x") + PARTED_REST + ALL_OF_REST, WORK),
    "any text": (free, OF_TEXTS + LIST.format("x"), WORK),
    "no partition for today": (moment, OF_MOMENTS + OLD, FAIL),
    "a partition for today": (moment, OF_MOMENTS + OLD + NOW, WORK),
    "no partition for today, which the program gives": (given_moment, OF_GIVEN + OLD, DOUBT),
    "a year that the models exclude": (
        year,
        TABLE.format("int CHECK (k > 2000)", "RANGE")
        + "CREATE TABLE years PARTITION OF t FOR VALUES FROM (2001) TO (9999);",
        WORK,
    ),
    "half of the hashes": (number, OF_HASHES + HALF, FAIL),
    "all of the hashes": (number, OF_HASHES + HALF + OTHER_HALF, WORK),
}
ROWS: dict[Any, list[dict[str, Any]]] = {
    listed: [{"k": kind} for kind in KINDS],
    free: [{"k": "x"}],
    moment: [{}],
    given_moment: [{"k": sa.func.now()}],
    year: [{"k": 2001}],
    number: [{"k": each} for each in range(1, 17)],
}


def fails(database: Database, metadata: sa.MetaData, rows: list[dict[str, Any]]) -> bool:
    engine = sa.create_engine(database.url)
    failed = False
    for row in rows:
        with engine.connect() as connection:
            try:
                connection.execute(metadata.tables["t"].insert().values(id=1, **row))
            except sa.exc.IntegrityError:
                failed = True
    engine.dispose()
    return failed


@pytest.mark.every_postgres
@pytest.mark.parametrize("place", PLACES)
def test_a_row_finds_a_partition(postgres_database: Database, place: str) -> None:
    key, made, expected = PLACES[place]
    metadata = models(key())
    with postgres_database.connect() as connection:
        connection.execute(made.encode())
    report = Guard(metadata).check(postgres_database.url)
    assert report.worst == expected
    assert fails(postgres_database, metadata, ROWS[key]) is (expected is not WORK)
    for finding in report.findings:
        assert finding.difference.effect.startswith("not provable: ") is (expected is DOUBT)
        assert finding.refusal is not None
        with postgres_database.connect() as connection:
            connection.execute("\n".join(finding.refusal.advice).encode())
    if key is not number:
        assert Guard(metadata).check(postgres_database.url).findings == ()


X_ALONE = "ALTER TABLE tx ALTER a SET NOT NULL;"
NULLS = {
    "of a listed value": (listed, OF_KINDS + "".join(map(LIST.format, KINDS)) + X_ALONE, FAIL),
    "of one that no model lists": (
        lambda: sa.Column("k", sa.Enum("y", "z", name="kind"), primary_key=True),
        OF_KINDS + "".join(map(LIST.format, KINDS)) + X_ALONE,
        WORK,
    ),
    "of the rest, where nothing goes": (
        listed,
        OF_KINDS + "".join(map(LIST.format, KINDS)) + REST + "ALTER TABLE rest ALTER a SET NOT NULL;",
        WORK,
    ),
    "of any text": (free, OF_TEXTS + LIST.format("x") + REST + X_ALONE, FAIL),
    "of the past": (moment, OF_MOMENTS + OLD + NOW + "ALTER TABLE old ALTER a SET NOT NULL;", DOUBT),
    "of today": (moment, OF_MOMENTS + OLD + NOW + "ALTER TABLE now ALTER a SET NOT NULL;", FAIL),
}


@pytest.mark.parametrize("place", NULLS)
def test_null_in_a_partition_that_refuses_it(postgres_database: Database, place: str) -> None:
    key, made, expected = NULLS[place]
    metadata = models(key())
    with postgres_database.connect() as connection:
        connection.execute(made.encode())
    rows = [{"k": each} for each in "yz"] if "no model" in place else ROWS[key]
    assert fails(postgres_database, metadata, rows) is (expected is FAIL)
    report = Guard(metadata).check(postgres_database.url)
    assert (report.worst or None) == expected
