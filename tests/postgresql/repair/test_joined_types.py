"""Columns that a foreign key of the models joins: what their types allow before apply, they allow after it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from schema_guard import Guard
from schema_guard.difference import Impact
from schema_guard.report import Outcome
from tests.postgres.database import Database

KEYED, KEYLESS = "PRIMARY KEY", ""


def models(referred: Any, referring: Any) -> sa.MetaData:
    made = sa.MetaData()
    sa.Table("hosts", made, sa.Column("key", referred, primary_key=True, autoincrement=False))
    sa.Table(
        "logs",
        made,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", referring, sa.ForeignKey("hosts.key")),
    )
    return made


def live(database: Database, referred: str, referring: str, more: str = "") -> sa.Engine:
    with database.connect() as connection:
        connection.execute("CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('a'); CREATE TYPE other AS ENUM ('a')")
        connection.execute(
            f"CREATE TABLE hosts (key {referred}); CREATE TABLE logs (id serial PRIMARY KEY, key {referring})".encode()
        )
        connection.execute(more.encode())
    return sa.create_engine(database.url, poolclass=sa.NullPool)


def joins(engine: sa.Engine, guarded: sa.MetaData) -> bool:
    hosts, logs = guarded.tables["hosts"], guarded.tables["logs"]
    try:
        with engine.connect() as connection:
            connection.execute(sa.select(logs).join(hosts)).all()
    except sa.exc.ProgrammingError:
        return False
    return True


@pytest.mark.parametrize(
    ("type_", "key", "changed"),
    [
        (pg.INET(), KEYED, False),  # nothing casts a key
        (sa.Uuid(), KEYED, False),
        (sa.Integer(), KEYED, False),
        (pg.INET(), KEYLESS, True),
        (sa.Integer(), KEYLESS, True),
        (pg.CITEXT(), KEYED, True),  # text and citext are compared
    ],
    ids=str,
)
def test_a_type_waits_for_the_one_that_it_is_joined_to(
    postgres_database: Database, type_: Any, key: str, changed: bool
) -> None:
    """Both tables are empty: the type of the referring column could be changed at once."""
    guarded, engine = models(type_, type_), live(postgres_database, f"text {key}", "text")
    assert joins(engine, guarded)
    Guard(guarded).apply(engine)
    assert joins(engine, guarded)
    types = {row["name"]: str(row["type"]) for row in sa.inspect(engine).get_columns("logs")}
    assert (types["key"] != "TEXT") is changed
    assert Guard(guarded).plan(engine).empty


@pytest.mark.parametrize("held", ["a", None])
def test_a_foreign_key_between_types_that_part_in_the_same_plan(postgres_database: Database, held: str | None) -> None:
    """The type of the referred column is changed while it has no key, and that of the referring one is not."""
    guarded = models(pg.CITEXT(), pg.CITEXT())
    row = "INSERT INTO logs (key) VALUES ({})".format("NULL" if held is None else f"'{held}'")
    engine = live(postgres_database, "text", "text", row)
    report = Guard(guarded).apply(engine)
    assert {each.outcome for each in report.results} == {Outcome.DONE}
    assert joins(engine, guarded)
    assert Guard(guarded).plan(engine).empty
    (refused,) = [each.refusal for each in report.findings if each.difference.code == "foreign-key-missing"]
    assert refused is not None
    with postgres_database.connect() as connection:
        connection.execute("ALTER TABLE logs ALTER key TYPE citext")
        if held is not None:
            connection.execute("INSERT INTO hosts VALUES ('A')")
    assert Guard(guarded).apply(engine).worst is None


@pytest.mark.parametrize(
    ("types", "referred", "referring", "works"),
    [
        ((pg.INET(), pg.INET()), "text", "inet", False),
        ((sa.Date(), sa.Date()), "timestamp", "date", True),
        ((sa.CHAR(3), sa.CHAR(3)), "char(3)", "text", True),
        ((sa.Enum("a", name="mood"), sa.Enum("a", name="other")), "mood", "other", False),
        ((sa.Enum("a", name="mood"), sa.Enum("a", name="mood")), "text", "mood", False),
        ((sa.Integer(), sa.Integer()), "bigint", "numeric", True),
    ],
    ids=str,
)
def test_columns_that_no_query_can_compare(
    postgres_database: Database,
    types: tuple[Any, Any],
    referred: str,
    referring: str,
    works: bool,
) -> None:
    """Whether an application joins the tables is not known."""
    guarded, engine = models(*types), live(postgres_database, f"{referred} PRIMARY KEY", referring)
    (found,) = [
        each.difference
        for each in Guard(guarded).check(engine).findings
        if each.difference.code == "foreign-key-missing"
    ]
    assert joins(engine, guarded) is works
    assert found.impact is Impact.WEAKENS
    said = "not provable: a query that joins logs and hosts, or loads the one by the other, fails (UndefinedFunction: "
    assert found.effect.startswith(said) is not works
