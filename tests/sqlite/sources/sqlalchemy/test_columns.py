"""Columns: how the application writes each, and what is known about its values."""

from __future__ import annotations

import datetime
import sqlite3
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, MetaData, Table
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Session, registry

from schema_guard.schema import Column as Expected
from schema_guard.schema import Generated, Identity, Write
from schema_guard.sources.sqlalchemy.models import expect, models_of
from tests.pure.sources.sqlalchemy import zoo
from tests.pure.sources.sqlalchemy.words import PlainWords, postgresql_words, sqlite_words


def column(item: Column[Any], words: PlainWords, *others: Any, **options: Any) -> Expected:
    metadata = MetaData()
    Table("t", metadata, item, *others, **options)
    found = expect(models_of(metadata), [], words).tables[0].column(item.name)
    assert found is not None
    return found


ID: Any = {"primary_key": True}


@pytest.mark.parametrize(
    ("item", "postgresql", "sqlite"),
    [
        (lambda: Column("x", sa.Integer, **ID), Write.OMITTED, Write.OMITTED),
        (lambda: Column("x", sa.BigInteger, **ID), Write.OMITTED, Write.OMITTED),
        (lambda: Column("x", sa.BigInteger, autoincrement=False, **ID), Write.REQUIRED, Write.REQUIRED),
        (lambda: Column("x", sa.Integer, autoincrement=False, **ID), Write.REQUIRED, Write.REQUIRED),
        (lambda: Column("x", sa.String, **ID), Write.REQUIRED, Write.REQUIRED),
        (lambda: Column("x", sa.Uuid, default=uuid.uuid4, **ID), Write.DEFAULT, Write.DEFAULT),
        (lambda: Column("x", sa.Integer, sa.Sequence("s"), **ID), Write.DEFAULT, Write.OMITTED),
        (lambda: Column("x", sa.Integer, sa.Sequence("s", optional=True), **ID), Write.OMITTED, Write.OMITTED),
        (lambda: Column("x", sa.Integer, sa.Identity(), **ID), Write.OMITTED, Write.OMITTED),
        (lambda: Column("x", sa.Integer), Write.NULL, Write.NULL),
        (lambda: Column("x", sa.Integer, nullable=False), Write.REQUIRED, Write.REQUIRED),
        (lambda: Column("x", sa.Integer, default=3), Write.DEFAULT, Write.DEFAULT),
        (lambda: Column("x", sa.Integer, server_default="3"), Write.OMITTED, Write.OMITTED),
        (lambda: Column("x", sa.Integer, default=3, server_default="3"), Write.DEFAULT, Write.DEFAULT),
        (lambda: Column("x", sa.Integer, server_default=sa.FetchedValue()), Write.OMITTED, Write.OMITTED),
        (lambda: Column("x", sa.Integer, sa.Computed("1")), Write.OMITTED, Write.OMITTED),
        (lambda: Column("x", sa.DateTime, default=sa.func.now()), Write.DEFAULT, Write.DEFAULT),
        (lambda: Column("x", sa.DateTime, onupdate=sa.func.now()), Write.NULL, Write.NULL),
    ],
)  # fmt: skip
def test_what_an_insert_writes_for_an_unset_column(item: Any, postgresql: Write, sqlite: Write) -> None:
    assert column(item(), postgresql_words()).write is postgresql
    assert column(item(), sqlite_words()).write is sqlite


def test_the_orm_writes_what_is_said(tmp_path: Any) -> None:
    """The truth: the columns of the INSERT that a mapped class issues when only the required values are set."""
    metadata, reg = MetaData(), registry()
    table = Table(
        "t",
        metadata,
        Column("id", sa.Integer, primary_key=True),
        Column("required", sa.Integer, nullable=False),
        Column("null", sa.Integer),
        Column("python", sa.Integer, default=4),
        Column("server", sa.Integer, server_default="5"),
        Column("both", sa.Integer, default=6, server_default="7"),
        Column("computed", sa.Integer, sa.Computed("required + 1")),
        Column("unmapped", sa.Integer),
    )
    model = type("T", (), {})
    reg.map_imperatively(model, table, exclude_properties=["unmapped"])
    expected = expect(models_of(metadata), [], sqlite_words()).tables[0]
    engine = sa.create_engine("sqlite://")
    metadata.create_all(engine)
    statements: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    with Session(engine) as session:
        item = model()
        item.required = 1
        session.add(item)
        session.flush()
    written = statements[0].partition("(")[2].partition(")")[0].replace('"', "").split(", ")
    assert written == [item.name for item in expected.columns if item.write is not Write.OMITTED]
    assert expected.mapped_by == ("T",)
    assert [item.name for item in expected.columns if not item.mapped_by] == ["unmapped"]


@pytest.mark.parametrize(
    ("item", "postgresql", "sqlite"),
    [
        (lambda: Column("x", sa.Integer, default=3), "3", "3"),
        (lambda: Column("x", sa.Boolean, default=False), "false", "0"),
        (lambda: Column("x", sa.String, default="it's 5%"), "'it''s 5%'", "'it''s 5%'"),
        (lambda: Column("x", sa.Date, default=datetime.date(2026, 1, 2)), "'2026-01-02'", "'2026-01-02'"),
        (lambda: Column("x", sa.Enum(zoo.Colour, name="c"), default=zoo.Colour.red), "'red'", "'red'"),
        (lambda: Column("x", sa.JSON, default={"a": 1}), "'{\"a\": 1}'", "'{\"a\": 1}'"),
        (lambda: Column("x", sa.Integer, default=lambda: 3), None, None),
        (lambda: Column("x", sa.DateTime, default=sa.func.now()), None, None),
        (lambda: Column("x", sa.Integer, default="not a number"), None, None),
        (lambda: Column("x", sa.PickleType, default=object()), None, None),
        (lambda: Column("x", sa.Integer), None, None),
    ],
)  # fmt: skip
def test_a_constant_default_is_a_literal(item: Any, postgresql: str | None, sqlite: str | None) -> None:
    def plain(text: str | None) -> str | None:
        return None if text is None else text.partition("::")[0]

    assert plain(column(item(), postgresql_words()).fill) == postgresql
    assert column(item(), sqlite_words()).fill == sqlite


def test_serial_is_a_type_of_the_ddl_only() -> None:
    found = column(Column("x", sa.Integer, primary_key=True), postgresql_words())
    assert (found.ddl, found.type.text, found.default, found.autoincrement) == (
        "x SERIAL NOT NULL",
        "INTEGER",
        None,
        True,
    )


def test_identity() -> None:
    item = Column("x", sa.BigInteger, sa.Identity(always=True), primary_key=True)
    found = column(item, postgresql_words())
    assert (found.identity, found.autoincrement, found.nullable) == (Identity(always=True), True, False)
    plain = column(Column("x", sa.Integer, sa.Identity(), primary_key=True), sqlite_words())
    assert (plain.identity, plain.autoincrement) == (None, True)


def test_an_integer_key_is_left_to_sqlite_whether_it_is_a_rowid_or_not() -> None:
    assert column(Column("x", sa.Integer, primary_key=True), sqlite_words()).autoincrement
    assert column(Column("x", sa.BigInteger, primary_key=True), sqlite_words()).autoincrement
    assert not column(Column("x", sa.BigInteger, primary_key=True, autoincrement=False), sqlite_words()).autoincrement
    assert not column(Column("x", sa.Integer, primary_key=True), sqlite_words(), sqlite_with_rowid=False).autoincrement
    file = sqlite3.connect(":memory:")
    file.execute("CREATE TABLE t (x BIGINT NOT NULL PRIMARY KEY, y)")
    with pytest.raises(sqlite3.IntegrityError):
        file.execute("INSERT INTO t (y) VALUES (1)")


def test_generated_columns() -> None:
    stored = column(Column("x", sa.Integer, sa.Computed("1 + 1", persisted=True)), postgresql_words())
    assert stored.generated == Generated("1 + 1", stored=True)
    virtual = column(Column("x", sa.Integer, sa.Computed("1 + 1")), sqlite_words())
    assert virtual.generated == Generated("1 + 1", stored=False)


def test_a_domain_that_is_not_null() -> None:
    domain = pg.DOMAIN("positive", sa.Integer, not_null=True, check="VALUE > 0")
    found = column(Column("x", domain), postgresql_words())
    assert found.value_domain_not_null
    assert (found.nullable, found.write, found.ddl) == (False, Write.REQUIRED, "x positive")


def test_a_collation_stands_apart_from_the_type() -> None:
    found = column(Column("x", sa.String(5, collation="C")), postgresql_words())
    assert (found.type.text, found.collation) == ("VARCHAR(5)", "C")
    array = column(Column("x", pg.ARRAY(sa.String(5, collation="C"))), postgresql_words())
    assert (array.type.text, array.collation) == ("VARCHAR(5)[]", "C")


def test_a_system_column_is_the_servers_own() -> None:
    metadata = MetaData()
    Table("t", metadata, Column("id", sa.Integer, primary_key=True), Column("xmin", sa.Integer, system=True))
    assert [item.name for item in expect(models_of(metadata), [], postgresql_words()).tables[0].columns] == ["id"]


def test_inheritance_writes_its_discriminator_and_version() -> None:
    metadata = zoo.orm()
    animal, cat = expect(models_of(metadata), [], sqlite_words()).tables
    writes = {item.name: item.write for item in animal.columns}
    assert (writes["kind"], writes["version"], writes["barks"]) == (Write.DEFAULT, Write.DEFAULT, Write.NULL)
    barks = animal.column("barks")
    assert barks is not None
    assert barks.mapped_by == ("Dog",)
    assert cat.mapped_by == ("Cat",)


def test_comments_exist_only_where_the_database_has_them() -> None:
    assert column(Column("x", sa.Integer, comment="it's"), postgresql_words()).comment == "it's"
    assert column(Column("x", sa.Integer, comment="it's"), sqlite_words()).comment is None
