"""A first check knows a table of SQLite by the CREATE statements that the models' parts give, and only where a whole
check finds nothing of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from schema_guard import Guard
from tests.exactly import tables_told, whole
from tests.truth.generated import Example, _populate


def column(*given: Any, **named: Any) -> sa.MetaData:
    """A table with a key and one more column."""
    return table(sa.Column("a", *given, **named))


def table(*items: Any, **named: Any) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("other", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.Integer, unique=True))
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), *items, **named)
    return metadata


NUMBER = ("a", sa.Integer)
PLAIN = {
    "a text": lambda: column(sa.String(20), nullable=False),
    "a default": lambda: column(sa.String(20), server_default="it's, (so)"),
    "now": lambda: column(sa.DateTime, server_default=sa.func.now()),
    "a default of the application": lambda: column(sa.Integer, default=lambda: 1),
    "labels": lambda: column(sa.Enum("x", "y", name="letters")),
    "labels with a CHECK": lambda: column(sa.Enum("x", "y", name="letters", create_constraint=True)),
    "an index": lambda: column(sa.Integer, index=True),
    "a unique index": lambda: column(sa.Integer, index=True, unique=True),
    "a UNIQUE": lambda: column(sa.Integer, unique=True),
    "a foreign key": lambda: column(sa.ForeignKey("other.id", ondelete="CASCADE", onupdate="SET NULL", name="fk_a")),
    "a foreign key to a UNIQUE": lambda: column(sa.ForeignKey("other.x")),
    "a CHECK": lambda: table(sa.Column(*NUMBER), sa.CheckConstraint("a > 0 AND a <> 'x, y'", name="ck")),
    "a CHECK of an expression": lambda: table(found := sa.Column(*NUMBER), sa.CheckConstraint(found > 0)),
    "a key of two": lambda: table(sa.Column("a", sa.Integer, primary_key=True)),
    "ON CONFLICT of a column": lambda: column(sa.Integer, nullable=False, sqlite_on_conflict_not_null="IGNORE"),
    "a name in quotes": lambda: table(sa.Column("Order by", sa.Integer, index=True)),
    "another key": lambda: table(sa.Column(*NUMBER), sa.UniqueConstraint("a", "id", name="uq")),
}
MORE = {
    "ON CONFLICT of a UNIQUE": lambda: table(
        sa.Column(*NUMBER), sa.UniqueConstraint("a", sqlite_on_conflict="REPLACE")
    ),
    "AUTOINCREMENT": lambda: table(sqlite_autoincrement=True),
    "STRICT": lambda: table(sqlite_strict=True),
    "no rowid": lambda: table(sqlite_with_rowid=False),
    "a key that may wait": lambda: column(sa.ForeignKey("other.id", deferrable=True)),
    "a collation": lambda: column(sa.String(20, collation="NOCASE")),
    "a default that is computed": lambda: column(sa.Integer, server_default=sa.text("(abs(-1))")),
    "a default with a function": lambda: column(sa.Integer, default=sa.func.missing(1)),
    "a truth value that is a text": lambda: column(sa.Boolean, server_default="no"),
    "a date with a time": lambda: column(sa.Date, server_default=sa.func.now()),
    "a generated column": lambda: column(sa.Integer, sa.Computed("id + 1")),
    "a CHECK beside a column": lambda: column(sa.Integer, sa.CheckConstraint("a > 0")),
    "a CHECK with a comment": lambda: table(sa.Column(*NUMBER), sa.CheckConstraint("a > 0 /* ) */")),
    "an index with a condition": lambda: table(sa.Column(*NUMBER), sa.Index("ix", "a", sqlite_where=sa.text("a > 0"))),
    "an index of an expression": lambda: table(sa.Column(*NUMBER), sa.Index("ix", sa.text("abs(a)"))),
    "an index in another order": lambda: table(found := sa.Column(*NUMBER), sa.Index("ix", found.desc())),
    "a key twice": lambda: table(sa.Column("a", sa.Integer, unique=True), sa.Index("ix", "a")),
}


def made(metadata: sa.MetaData, folder: Path) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{folder / 'app.db'}", poolclass=sa.NullPool)
    metadata.create_all(engine)
    return engine


def says_the_same(guard: Guard, engine: sa.Engine) -> None:
    """The first time, and asked again."""
    entire = whole(guard).check(engine)
    for _ in range(3):
        report = guard.check(engine)
        assert report.findings == entire.findings
        assert (report.warnings, report.tables_expected) == (entire.warnings, entire.tables_expected)


@pytest.mark.parametrize("what", PLAIN)
def test_what_is_plain_is_known(what: str, tmp_path: Path) -> None:
    guard = Guard(PLAIN[what]())
    engine = made(guard.models.metadatas[0], tmp_path)
    assert tables_told(guard, engine) == {"t", "other"}
    says_the_same(guard, engine)


@pytest.mark.parametrize("what", MORE)
def test_a_table_of_which_more_decides_is_compared(what: str, tmp_path: Path) -> None:
    if what == "STRICT" and sqlite3.sqlite_version_info < (3, 37):
        pytest.skip("this SQLite knows no STRICT tables")
    guard = Guard(MORE[what]())
    engine = made(guard.models.metadatas[0], tmp_path)
    assert "t" not in tables_told(guard, engine)
    says_the_same(guard, engine)


@pytest.mark.parametrize("what", MORE)
def test_what_the_models_say_more_than_the_database_has(what: str, tmp_path: Path) -> None:
    """A database that has the plain table in place of that: what the models ask for is not overlooked."""
    guard = Guard(MORE[what]())
    plain = sa.MetaData()
    for each in guard.models.tables:
        columns = [sa.Column(c.name, c.type, primary_key=c.primary_key, nullable=c.nullable) for c in each.columns]
        keys = [sa.UniqueConstraint("x")] if each.name == "other" else []
        sa.Table(each.name, plain, *columns, *keys)
    engine = made(plain, tmp_path)
    says_the_same(guard, engine)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW v AS SELECT 1",
        "CREATE TRIGGER tr BEFORE INSERT ON t BEGIN SELECT raise(FAIL, 'no'); END",
        "CREATE TABLE more (id)",
        "CREATE INDEX more ON t (a)",
        "CREATE UNIQUE INDEX more ON other (x, id)",
        "ALTER TABLE t ADD COLUMN more",
        "DROP TABLE other",
        "DROP INDEX ix_t_a",
        "INSERT INTO t (a) VALUES ('')",
        "INSERT INTO t (a) VALUES (CAST(x'e9' AS TEXT))",
        "ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME TO T",
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
        "CREATE TABLE alembic_version (n); CREATE TRIGGER tr AFTER INSERT ON alembic_version BEGIN DELETE FROM t; END",
    ],
)
def test_whatever_is_changed_in_the_database_is_found(statement: str, tmp_path: Path) -> None:
    guard = Guard(column(sa.DateTime, index=True))
    engine = made(guard.models.metadatas[0], tmp_path)
    with closing(sqlite3.connect(tmp_path / "app.db")) as connection:
        connection.executescript(statement)
    says_the_same(guard, engine)


@pytest.mark.parametrize(
    "statement", ["PRAGMA foreign_keys = ON", "PRAGMA query_only = ON", "CREATE TEMP TABLE t (id)"]
)
def test_what_an_application_does_when_it_connects_is_looked_at(statement: str, tmp_path: Path) -> None:
    guard = Guard(column(sa.Integer))
    engine = made(guard.models.metadatas[0], tmp_path)
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute(statement))
    assert tables_told(guard, engine) == frozenset()
    says_the_same(guard, engine)


def test_of_many_tables_the_odd_one_is_compared(tmp_path: Path) -> None:
    """What is noted of it is told, and the others are no tables that the models don't know."""
    guard = Guard(table(sa.Column("a", sa.ForeignKey("other.id")), sqlite_autoincrement=True))
    engine = made(guard.models.metadatas[0], tmp_path)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE t ADD COLUMN more")
    assert tables_told(guard, engine) == {"other"}
    says_the_same(guard, engine)
    assert [each.difference.code for each in guard.check(engine).findings] == ["column-unknown"]


def test_classes_with_relationships(tmp_path: Path) -> None:
    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str | None]
        orders: Mapped[list[Order]] = relationship(back_populates="user")

    class Order(Base):
        __tablename__ = "orders"
        id: Mapped[int] = mapped_column(primary_key=True)
        user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
        user: Mapped[User] = relationship(back_populates="orders")

    guard = Guard(Base)
    engine = made(Base.metadata, tmp_path)
    assert tables_told(guard, engine) == {"users", "orders"}
    says_the_same(guard, engine)


@pytest.mark.parametrize("seed", range(0, 200, 20))
def test_of_drawn_models_and_databases(seed: int, tmp_path: Path) -> None:
    for number in range(seed, seed + 20):
        dice = Random(number)
        example = Example.drawn(dice, "sqlite")
        engine = sa.create_engine(f"sqlite:///{tmp_path / f'{number}.db'}", poolclass=sa.NullPool)
        example = example.created(engine)
        _populate(dice, engine, example)
        guard = Guard(example.expected, upserts=example.upserts)
        entire = whole(guard).check(engine)
        assert guard.check(engine).findings == entire.findings
        known = tables_told(Guard(example.expected), engine)
        assert known.isdisjoint(str(each.difference.table_name) for each in entire.findings)
