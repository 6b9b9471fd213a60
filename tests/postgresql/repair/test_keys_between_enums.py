"""Foreign keys between columns of two enums: no operator of PostgreSQL compares these, whatever their labels are."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Enum, ForeignKey, Integer, MetaData, Table
from sqlalchemy.dialects.postgresql import DOMAIN
from sqlalchemy.types import TypeEngine

from schema_guard import Guard, Impact
from schema_guard.report import Outcome
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, prepare

LIVE = (
    "CREATE TYPE one AS ENUM ('a', 'b'); CREATE TYPE two AS ENUM ('a', 'b'); CREATE DOMAIN of_one AS one; "
    "CREATE TABLE parents (kind {} PRIMARY KEY); CREATE TABLE children (id int PRIMARY KEY, kind {})"
)


def models(parent: TypeEngine[str], child: TypeEngine[str]) -> MetaData:
    metadata = MetaData()
    Table("parents", metadata, Column("kind", parent, primary_key=True))
    kind = Column("kind", child, ForeignKey("parents.kind"))
    Table("children", metadata, Column("id", Integer, primary_key=True, autoincrement=False), kind)
    return metadata


def one() -> TypeEngine[str]:
    return Enum("a", "b", name="one")


def two() -> TypeEngine[str]:
    return Enum("a", "b", name="two")


def of_one() -> TypeEngine[str]:
    return DOMAIN("of_one", one(), create_type=False)


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    ("parent", "child", "live"),
    [(one, two, ("one", "two")), (of_one, of_one, ("of_one", "of_one")), (one, of_one, ("one", "of_one"))],
)
def test_what_the_models_map_with_two_types_is_refused(
    parent: type[TypeEngine[str]], child: type[TypeEngine[str]], live: tuple[str, str], postgres_database: Database
) -> None:
    """A domain over an enum has no operator either: not even one that compares it with itself."""
    prepare(postgres_database, LIVE.format(*live))
    report = apply(postgres_database, models(parent(), child()))
    assert report.results == ()
    (finding,) = [each for each in report.findings if each.difference.code == "foreign-key-missing"]
    assert finding.refusal is not None
    assert "is not possible: map both with one type" in finding.refusal.reason
    assert finding.difference.impact is Impact.WEAKENS
    assert "a query that joins children and parents" in finding.difference.effect


@pytest.mark.every_postgres
def test_what_the_models_map_with_one_type(postgres_database: Database) -> None:
    """The statement that is shown makes the foreign key possible."""
    prepare(postgres_database, LIVE.format("one", "two"))
    guard = Guard(models(one(), one()))
    (finding,) = [each for each in guard.check(postgres_database.url).findings if each.refusal is not None]
    assert finding.refusal is not None
    assert "children.kind is two, and no operator compares that with one" in finding.refusal.reason
    prepare(postgres_database, "".join(finding.refusal.advice))
    assert {result.outcome for result in guard.apply(postgres_database.url).results} == {Outcome.DONE}
    assert guard.check(postgres_database.url).satisfied
