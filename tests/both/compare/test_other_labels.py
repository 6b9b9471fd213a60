"""Rows with text that an Enum over text does not list: a select of them raises LookupError, and no catalog tells."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import Column, Enum, Integer, MetaData, Table, select
from sqlalchemy.dialects.postgresql import ARRAY

from schema_guard import Guard
from schema_guard.dialects.postgresql import labels
from schema_guard.difference import Impact
from schema_guard.errors import UnreachableError
from schema_guard.report import Finding, Report
from tests.postgres.database import Database
from tests.postgres.server_log import DATABASE, MESSAGE, ServerLog

LABELS = ("new", "in_progress", "it's")


def models(type_: Any = None, **options: Any) -> MetaData:
    metadata = MetaData()
    state = type_ if type_ is not None else Enum(*LABELS, native_enum=False)
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("state", state), **options)
    return metadata


def loads(url: str, metadata: MetaData) -> bool:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        try:
            connection.execute(select(metadata.tables["t"])).all()
        except LookupError:
            return False
    return True


def unreadable(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.difference.code == "rows-unreadable"]


def prepare(database: Database, *statements: str) -> None:
    with database.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    "before",
    [
        "CREATE TABLE t (id serial PRIMARY KEY, state varchar(11))",
        "CREATE TABLE t (id serial PRIMARY KEY, state text)",
        "CREATE DOMAIN word AS text; CREATE TABLE t (id serial PRIMARY KEY, state word)",
        "CREATE TABLE t (id serial PRIMARY KEY, state varchar(11) CHECK (state <> 'other'))",
        "CREATE TABLE t (id serial PRIMARY KEY, state varchar(11));"
        " ALTER TABLE t ADD CHECK (state IN ('new', 'in_progress', 'NEW', 'In Progress', 'it''s', 'lost')) NOT VALID",
        "CREATE TABLE t (id serial PRIMARY KEY, state varchar(11)) PARTITION BY RANGE (id);"
        " CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (9)",
        "CREATE TABLE t (id serial PRIMARY KEY, state varchar(11)); CREATE TABLE t_1 () INHERITS (t)",
    ],
)
@pytest.mark.parametrize("native", [False, True])
def test_labels_that_the_models_lack_are_counted_and_their_updates_named(
    postgres_database: Database, before: str, native: bool
) -> None:
    """The advice is run as it is printed; what is in no label's spelling is left to a person."""
    into = "t_1" if "INHERITS" in before else "t"
    partitioned = {"postgresql_partition_by": "RANGE (id)"} if "PARTITION" in before else {}
    metadata = models(Enum(*LABELS, name="state", native_enum=native), **partitioned)
    values = "('NEW'), ('In Progress'), ('it''s'), (NULL), ('lost')"
    prepare(
        postgres_database, *(["CREATE TYPE state AS ENUM ('new', 'in_progress', 'it''s')"] if native else []), before
    )
    prepare(postgres_database, f"INSERT INTO {into} (state) VALUES {values}")
    assert not loads(postgres_database.url, metadata)
    report = Guard(metadata).apply(postgres_database.url)
    (found,) = unreadable(report)
    assert found.difference.impact is Impact.BREAKS
    assert found.evidence is not None
    assert found.evidence.count == 3
    assert found.refusal is not None
    assert len(found.refusal.advice) == 3
    prepare(postgres_database, *found.refusal.advice)
    (left,) = unreadable(Guard(metadata).check(postgres_database.url))
    assert left.evidence is not None
    assert left.evidence.count == 1
    prepare(postgres_database, "UPDATE t SET state = NULL WHERE state = 'lost'")
    assert not unreadable(Guard(metadata).check(postgres_database.url))
    assert loads(postgres_database.url, metadata)


@pytest.mark.every_postgres
@pytest.mark.parametrize("native", [False, True])
def test_the_items_of_an_array(postgres_database: Database, native: bool) -> None:
    metadata = models(ARRAY(Enum("x", "y", name="xy", native_enum=native, length=9)))
    type_ = "xy" if native else "varchar(9)"
    prepare(
        postgres_database,
        "CREATE TYPE xy AS ENUM ('x', 'y', 'X', 'z')",
        f"CREATE TABLE t (id serial PRIMARY KEY, state {type_}[])",
        "INSERT INTO t (state) VALUES ('{x,X}'), ('{}'), (NULL), ('{z}')",
    )
    assert not loads(postgres_database.url, metadata)
    (found,) = unreadable(Guard(metadata).check(postgres_database.url))
    assert found.evidence is not None
    assert found.evidence.count == 2
    assert found.refusal is not None
    prepare(postgres_database, *found.refusal.advice, "DELETE FROM t WHERE 'z' = ANY (state)")
    assert not unreadable(Guard(metadata).check(postgres_database.url))
    assert loads(postgres_database.url, metadata)


ANY_CASE = {
    "citext": ("CREATE EXTENSION citext", "citext"),
    "a domain over citext": ("CREATE EXTENSION citext; CREATE DOMAIN word AS citext", "word"),
    "a collation": (
        COLLATION := "CREATE COLLATION ci (PROVIDER = icu, LOCALE = 'und-u-ks-level2', DETERMINISTIC = false)",
        "text COLLATE ci",
    ),
    "a domain with a collation": (f"{COLLATION}; CREATE DOMAIN word AS text COLLATE ci", "word"),
}


@pytest.mark.every_postgres
@pytest.mark.parametrize("kind", ANY_CASE)
def test_another_spelling_that_is_equal_for_the_column_is_no_label(postgres_database: Database, kind: str) -> None:
    """Neither `IN` nor a CHECK tells them apart there."""
    made, type_ = ANY_CASE[kind]
    try:
        prepare(postgres_database, made)
    except psycopg.errors.FeatureNotSupported:
        pytest.skip("this server was built without ICU")
    prepare(
        postgres_database,
        f"CREATE TABLE t (id serial PRIMARY KEY, state {type_} CHECK (state IN ('new', 'in_progress', 'it''s')))",
        "INSERT INTO t (state) VALUES ('NEW'), ('new')",
    )
    metadata = models()
    assert not loads(postgres_database.url, metadata)
    (found,) = unreadable(Guard(metadata).check(postgres_database.url))
    assert found.difference.impact is Impact.BREAKS
    assert found.evidence is not None
    assert found.evidence.count == 1


LARGE = "CREATE TABLE t (id serial PRIMARY KEY, state varchar(11), filler text)"
FILL = "INSERT INTO t (state, filler) SELECT CASE WHEN g % 10 = 0 THEN 'NEW' ELSE 'new' END, repeat('x', 900) "
ROWS = "FROM generate_series(1, 12000) AS g"


@pytest.mark.every_postgres
def test_a_large_table_is_asked_for_what_its_statistics_name(postgres_database: Database) -> None:
    """Without statistics nothing is known; with old ones only what is still there counts."""
    metadata = models()
    prepare(postgres_database, LARGE, FILL + ROWS)
    assert not unreadable(Guard(metadata).check(postgres_database.url))
    prepare(postgres_database, "ANALYZE t")
    (found,) = unreadable(Guard(metadata).check(postgres_database.url))
    assert found.evidence is not None
    assert found.evidence.count == 1200
    prepare(postgres_database, "UPDATE t SET state = 'new' WHERE state = 'NEW'")
    assert not unreadable(Guard(metadata).check(postgres_database.url))


def test_a_large_partition_is_asked_by_its_own_statistics(postgres_database: Database) -> None:
    metadata = models(postgresql_partition_by="RANGE (id)")
    prepare(
        postgres_database,
        f"{LARGE} PARTITION BY RANGE (id)",
        "CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (99999)",
        FILL + ROWS,
        "ANALYZE t_1",
    )
    (found,) = unreadable(Guard(metadata).check(postgres_database.url))
    assert found.evidence is not None
    assert found.evidence.count == 1200


def test_a_table_that_is_locked_or_may_not_be_read_hinders_only_itself(postgres_database: Database) -> None:
    metadata = models()
    for name in ("held", "closed"):
        Table(name, metadata, *(column._copy() for column in metadata.tables["t"].columns))
    names = ("t", "held", "closed")
    role = f"r_{postgres_database.name}"
    prepare(
        postgres_database,
        *(f"CREATE TABLE {name} (id serial PRIMARY KEY, state varchar(11))" for name in names),
        *(f"INSERT INTO {name} (state) VALUES ('NEW')" for name in names),
        f"CREATE ROLE {role} LOGIN",
        f"GRANT SELECT ON t, held TO {role}",
    )
    url = postgres_database.server.url(postgres_database.name, user=role)
    try:
        with postgres_database.connect(autocommit=False) as holder:
            holder.execute("LOCK TABLE held IN ACCESS EXCLUSIVE MODE")
            assert {each.difference.object for each in unreadable(Guard(metadata).check(url))} == {"t.state"}
            holder.rollback()
        found = unreadable(Guard(metadata).check(url))
        assert {each.difference.object for each in found} == {"t.state", "held.state"}
    finally:
        prepare(postgres_database, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


@pytest.mark.parametrize(
    ("type_", "check", "asks"),
    [
        (Enum("new", "old", native_enum=False), "", True),
        (Enum("new", "old", native_enum=False, create_constraint=True), "CHECK (state IN ('old', 'new'))", False),
        (Enum("new", "old", native_enum=False), "CHECK (state IN ('new'))", False),
        (Enum("new", "old", native_enum=False), "CHECK (state IN ('new', 'old', 'lost'))", True),
        (sa.String(3), "", False),
        (sa.Boolean(), "", False),
    ],
)
def test_only_such_columns_cost_a_query(postgres_database: Database, type_: Any, check: str, asks: bool) -> None:
    declared = "boolean" if isinstance(type_, sa.Boolean) else "varchar(3)"
    prepare(postgres_database, f"CREATE TABLE t (id serial PRIMARY KEY, state {declared} {check})")
    prepare(postgres_database, f"ALTER DATABASE {postgres_database.name} SET log_statement = 'all'")
    log = ServerLog(postgres_database)
    Guard(models(type_)).check(postgres_database.url)
    sent = [record[MESSAGE] for record in log.records() if record[DATABASE] == postgres_database.name]
    assert any("pg_constraint" in message for message in sent)
    assert sum("sum(pg_relation_size" in message for message in sent) == asks


class Lenient(Enum):
    """An application's own kind, which makes None of what it does not know."""

    cache_ok = True

    def _object_value_for_elem(self, elem: Any) -> Any:
        return elem if elem in self.enums else None


def test_a_kind_of_enum_that_reads_everything_is_believed(postgres_database: Database) -> None:
    metadata = models(Lenient("x", "y", native_enum=False))
    prepare(
        postgres_database,
        "CREATE TABLE t (id serial PRIMARY KEY, state varchar(1))",
        "INSERT INTO t (state) VALUES ('z')",
    )
    assert loads(postgres_database.url, metadata)
    assert not unreadable(Guard(metadata).check(postgres_database.url))


@pytest.mark.parametrize("constraint", [False, True])
def test_sqlite(sqlite_file: Path, constraint: bool) -> None:
    """The declared type is the models' own; the CHECK of an older release lists the old labels."""
    metadata = models(Enum(*LABELS, native_enum=False, create_constraint=constraint, name="state"))
    check = "CHECK (state IN ('NEW', 'In Progress', 'it''s', 'lost'))" if constraint else ""
    connection = sqlite3.connect(sqlite_file)
    connection.executescript(
        f"CREATE TABLE t (id INTEGER PRIMARY KEY NOT NULL, state VARCHAR(11) {check});"
        "INSERT INTO t (state) VALUES ('NEW'), ('In Progress'), ('it''s'), (NULL), ('lost');"
    )
    url = f"sqlite:///{sqlite_file}"
    assert not loads(url, metadata)
    (found,) = unreadable(Guard(metadata).check(url))
    assert found.difference.impact is Impact.BREAKS
    assert found.evidence is not None
    assert (found.evidence.count, found.evidence.sample) == (3, ("1", "2", "5"))
    assert found.refusal is not None
    connection.execute("PRAGMA ignore_check_constraints = ON")
    for statement in found.refusal.advice:
        connection.execute(statement)
    connection.execute("DELETE FROM t WHERE state = 'lost'")
    connection.commit()
    connection.close()
    assert not unreadable(Guard(metadata).check(url))
    assert loads(url, metadata)


@pytest.mark.parametrize("check", ["", "CHECK (state IN ('new', 'in_progress', 'it''s'))"])
def test_another_spelling_that_is_equal_for_the_column_on_sqlite(sqlite_file: Path, check: str) -> None:
    with sqlite3.connect(sqlite_file) as connection:
        connection.executescript(
            f"CREATE TABLE t (id INTEGER PRIMARY KEY NOT NULL, state VARCHAR(11) COLLATE NOCASE {check});"
            "INSERT INTO t (state) VALUES ('NEW'), ('new');"
        )
    connection.close()
    url = f"sqlite:///{sqlite_file}"
    assert not loads(url, models())
    (found,) = unreadable(Guard(models()).check(url))
    assert found.difference.impact is Impact.BREAKS
    assert found.evidence is not None
    assert found.evidence.count == 1


def test_a_table_that_takes_too_long_is_counted_all_the_same(
    postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the quick look did not see is no reason to say that nothing is there."""
    for seconds in ("TIMEOUT", "ALONE"):
        monkeypatch.setattr(labels, seconds, 0.001)
    prepare(
        postgres_database,
        "CREATE TABLE t (id serial PRIMARY KEY, state varchar(11))",
        "INSERT INTO t (state) SELECT 'new' FROM generate_series(1, 100000)",
        "INSERT INTO t (state) VALUES ('NEW')",
    )
    (found,) = unreadable(Guard(models()).check(postgres_database.url))
    assert (found.difference.impact, found.evidence and found.evidence.count) == (Impact.BREAKS, 1)
    prepare(postgres_database, "DELETE FROM t WHERE state = 'NEW'")
    assert not unreadable(Guard(models()).check(postgres_database.url))


def test_a_damaged_page_of_sqlite_is_an_error(sqlite_file: Path) -> None:
    """It says what is wrong: that the labels cannot be looked at is no reason to leave them out."""
    with sqlite3.connect(sqlite_file) as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY NOT NULL, state VARCHAR(11))")
        connection.executemany("INSERT INTO t (state) VALUES (?)", [("new",)] * 2_000)
        ((size,),) = connection.execute("PRAGMA page_size")
    connection.close()
    content = bytearray(sqlite_file.read_bytes())
    content[size * 3 : size * 3 + 8] = b"\xff" * 8
    sqlite_file.write_bytes(content)
    with pytest.raises(UnreachableError, match="the database file is damaged: restore a copy"):
        Guard(models()).check(f"sqlite:///{sqlite_file}")
