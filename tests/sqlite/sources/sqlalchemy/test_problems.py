"""What SQLAlchemy cannot write is one problem about that object, and everything else goes on."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, MetaData, Table
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from schema_guard import Guard
from schema_guard.errors import TargetError
from schema_guard.schema import Name, Problem, Schema
from schema_guard.sources.sqlalchemy.models import expect, models_of
from tests.pure.sources.sqlalchemy.words import PlainWords, postgresql_words, sqlite_words

WORDS = pytest.mark.parametrize("words", [postgresql_words, sqlite_words], ids=["postgresql", "sqlite"])
IN_T = (Name(None, "t"), "x")


class Broken(sa.types.UserDefinedType[Any]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        raise RuntimeError("not\nconfigured")


def one(*items: Any, words: PlainWords) -> tuple[Schema, Problem]:
    """What is expected of a table with a key and these items, and its only problem."""
    metadata = MetaData()
    Table("t", metadata, Column("id", sa.Integer, primary_key=True), *items)
    found = expect(models_of(metadata), [], words)
    (problem,) = found.problems
    assert found.tables[0].column("id") is not None
    if words.name == "sqlite":
        sqlite3.connect(":memory:").execute(found.tables[0].ddl)
    return found, problem


@WORDS
def test_an_index_without_columns(words: Any) -> None:
    found, problem = one(sa.Index("ix_empty"), words=words())
    assert problem == Problem("t.ix_empty", "cannot be written: the index has no columns")
    assert found.tables[0].indexes == ()


@WORDS
@pytest.mark.parametrize("text", ["id > 0 -- positive", "id <> 5 /* it's */ AND id > 0 -- it's\n AND id < 9 --"])
def test_a_check_that_ends_in_a_comment(words: Any, text: str) -> None:
    """CREATE TABLE as SQLAlchemy writes it is a syntax error."""
    found, problem = one(sa.CheckConstraint(text, name="ck"), words=words())
    assert problem.object == "t.ck"
    assert "ends in a comment, which hides the closing parenthesis: put a line break behind it" in problem.message
    assert found.tables[0].checks == ()


@WORDS
def test_a_foreign_key_to_a_table_that_is_not_registered(words: Any) -> None:
    found, problem = one(Column("user_id", sa.Integer, sa.ForeignKey("users.id")), words=words())
    assert problem.object == "t.fk(user_id)"
    assert problem.breaks
    assert "refers to users.id, and no module that was imported defines that table" in problem.message
    assert found.tables[0].column("user_id") is not None
    assert found.tables[0].foreign_keys == ()


@WORDS
def test_a_foreign_key_to_a_column_that_is_not_there(words: Any) -> None:
    _, problem = one(Column("other", sa.Integer, sa.ForeignKey("t.missing")), words=words())
    assert problem.message.endswith("the table that is registered under that name has no such column")


@WORDS
def test_a_column_that_takes_its_type_from_an_unregistered_table(words: Any) -> None:
    found, problem = one(Column("user_id", sa.ForeignKey("users.id"), index=True), words=words())
    assert problem.object == "t.user_id"
    assert problem.breaks
    assert "takes its type from its foreign key, which refers to users.id" in problem.message
    assert found.tables[0].indexes == ()


@WORDS
def test_a_column_without_type(words: Any) -> None:
    _, problem = one(Column("x"), words=words())
    assert problem == Problem("t.x", "the column has no type", True, IN_T)


@WORDS
def test_a_type_whose_own_code_fails_takes_along_only_what_stands_on_it(words: Any) -> None:
    items = (
        Column("x", Broken, index=True),
        Column("y", sa.Integer),
        sa.UniqueConstraint("x", "y"),
        sa.UniqueConstraint("y"),
    )
    found, problem = one(*items, words=words())
    said = "its definition cannot be written: RuntimeError: not configured"
    assert problem == Problem("t.x", said, True, IN_T)
    assert [unique.columns for unique in found.tables[0].uniques] == [("y",)]


def test_a_type_that_the_database_system_does_not_have() -> None:
    _, problem = one(Column("x", pg.CITEXT), words=sqlite_words())
    assert problem == Problem("t.x", "its definition cannot be written: sqlite has no type CITEXT", True, IN_T)


def test_a_constraint_that_the_database_system_does_not_have() -> None:
    items = (Column("during", sa.String), pg.ExcludeConstraint(("during", "&&"), name="no_overlap"))
    found, problem = one(*items, words=sqlite_words())
    assert (problem.object, problem.breaks) == ("t.no_overlap", False)
    assert found.tables[0].column("during") is not None


def test_names_that_sqlalchemy_would_refuse_are_cut_as_the_server_does() -> None:
    items = (sa.CheckConstraint("id > 0", name="c" * 64), sa.Index("i" * 64, "id"))
    metadata = sa.MetaData()
    sa.Table("t", metadata, Column("id", sa.Integer), *items)
    found = expect(models_of(metadata), (), postgresql_words())
    assert found.problems == ()
    assert [check.name for check in found.tables[0].checks] == ["c" * 63]
    assert [index.name for index in found.tables[0].indexes] == ["i" * 63]


def test_two_columns_that_the_server_takes_for_one() -> None:
    _, problem = one(Column("c" * 63, sa.Integer), Column("c" * 64, sa.Integer), words=postgresql_words())
    said = f"its definition cannot be written: cut to {'c' * 63}, its name is another column's: shorten it"
    assert problem == Problem(f"t.{'c' * 64}", said, breaks=True)


def test_an_enum_without_name() -> None:
    _, problem = one(Column("x", sa.Enum("a", "b")), words=postgresql_words())
    said = "its definition cannot be written: PostgreSQL Enum type requires a name."
    assert problem == Problem("t.x", said, True, IN_T)


def test_an_enum_declared_twice_with_other_values_has_the_values_of_both() -> None:
    metadata = MetaData()
    first, second = sa.Enum("a", "b", name="e"), sa.Enum("a", "c", name="e")
    Table("t", metadata, Column("id", sa.Integer, primary_key=True), Column("x", first), Column("y", second))
    found = expect(models_of(metadata), [], postgresql_words())
    assert found.problems == ()
    assert [enum.values for enum in found.enums] == [("a", "b", "c")]


def test_a_condition_that_fails() -> None:
    def condition(ddl: Any, target: Any, bind: Any, **_: Any) -> bool:
        return bool(bind.dialect.server_version_info > (14,))

    accepted: Any = condition
    index = sa.Index("ix", "id").ddl_if(callable_=accepted)
    _, problem = one(index, words=postgresql_words())
    assert problem.object == "t.ix"
    assert problem.message.startswith("its condition fails")


def test_several_problems_are_each_told_and_the_other_tables_go_on() -> None:
    metadata = MetaData()
    Table("a", metadata, Column("id", sa.Integer, primary_key=True), Column("x", Broken), sa.Index("ix"))
    Table("b", metadata, Column("id", sa.Integer, primary_key=True), Column("a_id", sa.ForeignKey("a.id")))
    found = expect(models_of(metadata), [], postgresql_words())
    assert [problem.object for problem in found.problems] == ["a.x", "a.ix"]
    assert [len(table.foreign_keys) for table in found.tables] == [0, 1]


@pytest.mark.parametrize(
    ("leads_to", "why"),
    [
        (lambda: relationship("Nowhere"), "failed to locate a name ('Nowhere')"),
        (lambda: relationship("One", primaryjoin=lambda: nowhere), "name 'nowhere' is not defined"),  # type: ignore[name-defined]  # noqa: F821
        (lambda: relationship("Other"), "no foreign keys linking these tables"),
    ],
    ids=["no class", "no name", "no foreign key"],
)
def test_classes_that_do_not_fit_together(leads_to: Any, why: str) -> None:
    """The first query of the application fails on it too; nothing of the tables is said before that is put right."""

    class Base(DeclarativeBase):
        pass

    class One(Base):
        __tablename__ = "one"
        id: Mapped[int] = mapped_column(primary_key=True)
        others = leads_to()

    class Other(Base):
        __tablename__ = "other"
        id: Mapped[int] = mapped_column(primary_key=True)

    for _ in range(2):  # SQLAlchemy remembers the failure, and words it otherwise
        with pytest.raises(TargetError, match="do not fit together, here and in the application's first query") as told:
            Guard(Base).check("sqlite://")
        assert why in str(told.value)
    with pytest.raises(Exception, match=r"mapper|nowhere"):
        sa.select(One.others)
    Base.registry.dispose()
