"""A database that a newer server got by pg_dump from an older one is the same to the models.

Since PostgreSQL 14 the server remembers whether a function was called by its SQL syntax, `TRIM(BOTH FROM x)`, or by
name. What an older server wrote is restored as calls by name.
"""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, Computed, DateTime, Index, Integer, MetaData, String, Table, text

from schema_guard.guard import Guard
from tests.postgres.binaries import versions
from tests.postgres.cluster import start
from tests.postgres.database import Database, create

pytestmark = pytest.mark.server

CONDITIONS = [
    "trim(name) <> ''",
    "trim(leading 'x' from name) = ltrim(name, 'x')",
    "trim(trailing from name) = rtrim(name)",
    "trim(both 'xy' from lower(name) || 'z') <> 'z'",
    "substring(name from 1 for 2) <> '--'",
    "substring(name from 2) <> '-'",
    "substring(name from '[a-z]+') IS NOT NULL",
    "position('@' in name) > 1",
    "overlay(name placing 'x' from 1 for 2) <> 'xx'",
    "overlay(name placing 'x' from 1) <> 'x'",
    "name SIMILAR TO 'a%' OR name NOT SIMILAR TO '%b'",
    "name SIMILAR TO kind || '%'",
    "(made, made + interval '1 day') OVERLAPS (made, ends)",
    "made AT TIME ZONE 'utc' < ends AT TIME ZONE 'utc'",
    "(made AT TIME ZONE 'utc') AT TIME ZONE zone IS NOT NULL",
    "NOT (position('x' in trim(name)) > 0 AND made AT TIME ZONE 'utc' > '2020-01-01')",
    "kind IN ('a', 'b', 'c')",
    "kind = 'a' OR name LIKE 'x%'",
    "collation for (name) IS NOT NULL",
]
NEEDS_13 = ["normalize(name, NFC) = name", "name IS NFC NORMALIZED", "kind IS NOT NFD NORMALIZED OR kind <> ''"]


def models(version: int) -> MetaData:
    metadata = MetaData()
    conditions = CONDITIONS + (NEEDS_13 if version >= 13 else [])
    made = DateTime(timezone=True)
    Table(
        "t",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(40)),
        Column("kind", String(10)),
        Column("zone", String(10)),
        Column("made", made, server_default=text("CURRENT_TIMESTAMP")),
        Column("ends", made),
        Column("utc", DateTime, server_default=text("(now() AT TIME ZONE 'utc')")),
        Column("called", DateTime, server_default=text("timezone('utc', now())")),
        Column("by", String(63), server_default=text("CURRENT_USER")),
        Column("session", String(63), server_default=text("SESSION_USER")),
        Column("day", sa.Date, server_default=text("CURRENT_DATE")),
        Column("clock", sa.Time, server_default=text("LOCALTIME")),
        Column("plain", String(40), Computed("trim(name)", persisted=True)),
        Column("head", String(40), Computed("substring(name from 1 for 3)", persisted=True)),
        *(CheckConstraint(condition, name=f"ck_{number}") for number, condition in enumerate(conditions)),
        Index("ix_plain", text("(trim(lower(name)))")),
        Index("ix_day", text("(made AT TIME ZONE 'utc')")),
        Index("ix_some", "id", postgresql_where=text("position('x' in name) > 0 AND trim(kind) = 'a'")),
        Index("ux_head", text("(substring(name from 1 for 3))"), unique=True),
    )
    return metadata


def pairs() -> list[tuple[str, str]]:
    """Each version to the next and to the newest, and from the last that forgot the syntax to one that knows it."""
    known = versions()[::-1]
    found = [*pairwise(known), *((old, known[-1]) for old in known[:-1])]
    late = [version for version in known if version.startswith("13.")], [v for v in known if v.startswith("15.")]
    return sorted({*found, *zip(*late, strict=False)})


def restored(old: Database, new: Database, target: Path) -> None:
    """Dump with the newer server's pg_dump, as the manual advises (upgrading)."""
    where = ["--host=127.0.0.1", f"--port={old.server.port}", "--username=postgres"]
    dump = [f"{new.server.programs}/pg_dump", *where, f"--file={target}", old.name]
    subprocess.run(dump, check=True, capture_output=True, timeout=120)
    done = new.server.psql(new.name, file=target)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("before", "after"), pairs())
def test_nothing_differs_after_a_restore(before: str, after: str, server_room: Path, tmp_path: Path) -> None:
    metadata = models(int(before.split(".", maxsplit=1)[0]))
    old, new = create(start(before, server_room)), create(start(after, server_room))
    try:
        engine = sa.create_engine(old.url, poolclass=sa.NullPool)
        metadata.create_all(engine)
        assert Guard(metadata).check(engine).findings == ()
        restored(old, new, tmp_path / "dump.sql")
        report = Guard(metadata).check(new.url)
        assert [finding.difference.headline for finding in report.findings] == []
    finally:
        old.drop()
        new.drop()


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    ("stored", "wanted"),
    [
        ("btrim(name)", "trim(leading from name)"),
        ("btrim(name, 'x')", "trim(both 'y' from name)"),
        ("pg_catalog.position(name, kind)", "position(name in kind)"),
        ("pg_catalog.substring(name, 1, 2)", "substring(name from 2 for 1)"),
        ("timezone('utc', made)", "made AT TIME ZONE 'cet'"),
        ("date_part('year', made)", "extract(year from made)"),
    ],
)
def test_another_function_stays_another(postgres_database: Database, stored: str, wanted: str) -> None:
    """EXTRACT gives numeric since PostgreSQL 14, date_part double precision: until then they are one function."""
    metadata = MetaData()
    Table(
        "t",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String),
        Column("kind", String),
        Column("made", DateTime(timezone=True)),
        CheckConstraint(f"{wanted} IS NULL", name="ck"),
    )
    with postgres_database.connect() as connection:
        connection.execute(
            "CREATE TABLE t (id serial PRIMARY KEY, name varchar, kind varchar, made timestamptz,"
            f" CONSTRAINT ck CHECK ({stored} IS NULL))".encode()
        )
    codes = {finding.difference.code for finding in Guard(metadata).check(postgres_database.url).findings}
    one = stored.startswith("date_part") and int(postgres_database.server.version.split(".")[0]) < 14
    assert ("check-missing" in codes) is not one
