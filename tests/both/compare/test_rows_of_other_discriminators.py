"""Rows whose discriminator is a number or a label of an Enum, and the identity of no class that is mapped."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, registry

from schema_guard import Guard, Impact
from tests.postgres.database import Database


class Kind(enum.Enum):
    PERSON = "p"
    GUEST = "g"
    STAFF = "s"


class Word(enum.StrEnum):
    PERSON = "p"
    GUEST = "g"


def values_of(kind: Any) -> list[str]:
    return [member.value for member in kind]


DISCRIMINATORS = {
    "integer": (sa.Integer(), 1, 2, "3"),
    "negative": (sa.SmallInteger(), 1, 2, "-1"),
    "enum": (sa.Enum(Kind, name="kind"), Kind.PERSON, Kind.GUEST, "'STAFF'"),
    "enum by value": (sa.Enum(Kind, values_callable=values_of, name="kind"), Kind.PERSON, Kind.GUEST, "'s'"),
    "enum of text": (sa.Enum("p", "g", "s", name="kind"), "p", "g", "'s'"),
    "enum that is not native": (sa.Enum(Kind, native_enum=False), Kind.PERSON, Kind.GUEST, "'STAFF'"),
    "text by an enum": (sa.String(9), Word.PERSON, Word.GUEST, "'s'"),
}


def mapped(type_: Any, identity: object, below: object) -> tuple[sa.MetaData, type[Any]]:
    mapper = registry()
    person: type[Any] = type("Person", (), {})
    guest: type[Any] = type("Guest", (person,), {})
    columns = (sa.Column("id", sa.Integer, primary_key=True), sa.Column("kind", type_, nullable=False))
    table = sa.Table("people", mapper.metadata, *columns)
    abstract = {"polymorphic_abstract": True} if identity is None else {"polymorphic_identity": identity}
    mapper.map_imperatively(person, table, polymorphic_on=table.c.kind, **abstract)
    mapper.map_imperatively(guest, None, inherits=person, polymorphic_identity=below)
    person.below = guest
    return mapper.metadata, person


def assert_told(engine: sa.Engine, discriminator: str, *, abstract: bool = False) -> None:
    type_, identity, below, other = DISCRIMINATORS[discriminator]
    models, person = mapped(type_, None if abstract else identity, below)
    guard = Guard(models)
    assert guard.apply(engine).satisfied
    with Session(engine) as session:
        session.add(person.below())
        session.commit()
    assert guard.check(engine).satisfied
    with engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO people (kind) VALUES ({other})")
    for report in (guard.check(engine), guard.apply(engine)):
        (finding,) = report.findings
        assert finding.difference.headline == "rows hold what is the identity of no class that was imported"
        assert finding.difference.impact is Impact.WEAKENS
        assert finding.evidence is not None
        assert (finding.evidence.count, finding.evidence.sample) == (1, ("2",))
    with Session(engine) as session, pytest.raises(AssertionError, match="No such polymorphic_identity"):
        session.scalars(sa.select(person)).all()
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM people WHERE kind = {other}")
    assert guard.check(engine).satisfied
    with Session(engine) as session:
        assert len(session.scalars(sa.select(person)).all()) == 1


@pytest.mark.parametrize("discriminator", DISCRIMINATORS)
def test_on_sqlite(discriminator: str, sqlite_file: Path) -> None:
    assert_told(sa.create_engine(f"sqlite:///{sqlite_file}"), discriminator)


@pytest.mark.newest_postgres
@pytest.mark.parametrize("discriminator", DISCRIMINATORS)
def test_on_postgresql(discriminator: str, postgres_database: Database) -> None:
    assert_told(sa.create_engine(postgres_database.url, poolclass=sa.NullPool), discriminator)


def test_below_an_abstract_class(sqlite_file: Path) -> None:
    assert_told(sa.create_engine(f"sqlite:///{sqlite_file}"), "integer", abstract=True)


def test_what_an_enum_does_not_list_breaks_all_the_same(sqlite_file: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    type_, identity, below, other = DISCRIMINATORS["enum that is not native"]
    models, person = mapped(type_, identity, below)
    guard = Guard(models)
    guard.apply(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO people (kind) VALUES ('nobody'), ({other}), ({other})")
    found = {
        finding.difference.impact: finding.evidence and finding.evidence.count
        for finding in guard.check(engine).findings
    }
    assert found == {Impact.BREAKS: 1, Impact.WEAKENS: 2}
    with Session(engine) as session, pytest.raises(LookupError):
        session.scalars(sa.select(person)).all()


def test_a_check_that_lists_the_classes_keeps_others_out(sqlite_file: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE people (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL CHECK (kind IN (1, 2)))"
        )
    models, _person = mapped(*DISCRIMINATORS["integer"][:3])
    report = Guard(models).check(engine)
    assert report.worst is not Impact.BREAKS
    assert not any(finding.difference.code == "rows-unreadable" for finding in report.findings)
