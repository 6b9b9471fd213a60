"""Two objects of the models with one name, also after the cut to 63 bytes: told, nothing is tried that must fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from schema_guard import Guard
from schema_guard.difference import Impact
from tests.postgres.database import Database
from tests.postgresql.repair.stage import prepare

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


def shared(kind: str) -> sa.MetaData:
    """Two objects of one name."""
    metadata = table()
    other = sa.Table("u", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer))
    match kind:
        case "an index and a table":
            sa.Index("t", other.c.a)
        case "indexes of two tables":
            sa.Index("one", metadata.tables["t"].c.a)
            sa.Index("one", other.c.a)
        case "an index and a table, in capitals":
            sa.Index("T", other.c.a)
        case "a sequence and a table":
            sa.Sequence("u", metadata=metadata)
        case "a UNIQUE and an index":
            metadata.tables["t"].append_constraint(sa.UniqueConstraint("a", name="one"))
            sa.Index("one", other.c.a)
    return metadata


EVERYWHERE = ["an index and a table", "indexes of two tables"]
FAULTS = {
    "sqlite": [*EVERYWHERE, "an index and a table, in capitals"],
    "postgresql": [*EVERYWHERE, "a sequence and a table", "a UNIQUE and an index"],
}


@pytest.mark.parametrize(("system", "kind"), [(system, kind) for system, kinds in FAULTS.items() for kind in kinds])
def test_one_name_for_two_objects(request: pytest.FixtureRequest, tmp_path: Path, system: str, kind: str) -> None:
    """Told once, as a fault of the models; no advice to rename what the application uses, nothing tried that fails."""
    url = f"sqlite:///{tmp_path / 'app.db'}"
    if system == "postgresql":
        url = request.getfixturevalue("postgres_database").url
    guard = Guard(shared(kind))
    first = guard.apply(url)
    assert not [result.message for result in first.results if result.message]
    again = guard.apply(url)
    assert not again.results
    (found,) = (each for each in again.findings if each.difference.impact is not Impact.NOTES)
    assert found.difference.headline.endswith("too: rename one of the two")
    assert found.refusal is not None
    assert "RENAME" not in "".join(found.refusal.advice)


@pytest.mark.parametrize("kind", ["a UNIQUE and an index", "an index and a table, in capitals"])
def test_names_that_may_be_alike(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> None:
    """SQLite gives a UNIQUE no name among the indexes; PostgreSQL tells capitals apart."""
    url = f"sqlite:///{tmp_path / 'app.db'}"
    if "capitals" in kind:
        url = request.getfixturevalue("postgres_database").url
    assert Guard(shared(kind)).apply(url).satisfied
