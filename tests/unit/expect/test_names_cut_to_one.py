"""Two names of the models that PostgreSQL cuts to one: told once, and nothing is tried that must fail."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from schema_guard import Guard
from schema_guard.difference import Impact
from tests.postgres.database import Database
from tests.unit.postgresql_repair.stage import prepare

LONG = "x" * 62
ONE, OTHER = f"{LONG}ab", f"{LONG}ac"
TABLE = "CREATE TABLE t (id serial PRIMARY KEY, a int, b int)"


def table(*items: Any, a: Any = sa.Integer, b: Any = sa.Integer) -> sa.MetaData:
    metadata = sa.MetaData()
    columns = (sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", a), sa.Column("b", b))
    sa.Table("t", metadata, *columns, *items)
    return metadata


def tables() -> sa.MetaData:
    metadata = sa.MetaData()
    for name in (ONE, OTHER):
        sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column(f"own_{name[-1]}", sa.Text))
    return metadata


def models(kind: str) -> sa.MetaData:
    match kind:
        case "tables":
            return tables()
        case "checks":
            return table(sa.CheckConstraint("a > 0", name=ONE), sa.CheckConstraint("b > 0", name=OTHER))
        case "uniques":
            return table(sa.UniqueConstraint("a", name=ONE), sa.UniqueConstraint("b", name=OTHER))
        case "foreign keys":
            keys = [sa.ForeignKeyConstraint([c], ["t.id"], name=n) for c, n in (("a", ONE), ("b", OTHER))]
            return table(*keys)
        case "indexes":
            return table(sa.Index(ONE, "a"), sa.Index(OTHER, "b"))
        case "an index and a constraint":
            return table(sa.Index(ONE, "a"), sa.UniqueConstraint("b", name=OTHER))
        case "enums":
            return table(a=sa.Enum("x", name=ONE), b=sa.Enum("y", name=OTHER))
        case _:
            metadata = table()
            sa.Sequence(ONE, metadata=metadata)
            sa.Sequence(OTHER, metadata=metadata)
            return metadata


KINDS = ["tables", "checks", "uniques", "foreign keys", "indexes", "an index and a constraint", "enums", "sequences"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("before", ["", TABLE])
def test_names_that_become_one(postgres_database: Database, kind: str, before: str) -> None:
    if before:
        prepare(postgres_database, before if kind != "enums" else "SELECT 1")
    guard = Guard(models(kind))
    first = guard.apply(postgres_database.url)
    assert not [result.message for result in first.results if result.message]
    report = guard.apply(postgres_database.url)
    assert not report.results
    (found,) = (each.difference for each in report.findings if each.difference.impact is not Impact.NOTES)
    assert found.code == "not-emittable"
    assert found.headline.endswith(": shorten it")
    assert ONE[:63] in found.headline
    assert (found.impact is Impact.BREAKS) is (kind == "tables")


@pytest.mark.parametrize("kind", KINDS)
def test_sqlite_cuts_nothing(kind: str) -> None:
    findings = Guard(models(kind)).check("sqlite://").findings
    assert "not-emittable" not in {finding.difference.code for finding in findings}
