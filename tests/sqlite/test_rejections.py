"""What SQLite does not know is left out and refused, piece by piece; what the application registers is known."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint, Column, Computed, Index, Integer, MetaData, String, Table, event, text

from schema_guard.guard import Guard
from tests.sqlite.stage import Stage, keys, refused

BEFORE = "CREATE TABLE books (id integer PRIMARY KEY); INSERT INTO books VALUES (1)"


def models() -> MetaData:
    metadata = MetaData()
    Table(
        "books",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("title", String, CheckConstraint("char_length(title) > 0", name="ck_title")),
        Column("token", String, server_default=text("gen_random_uuid()")),
        Column("length", Integer, Computed("char_length(title)", persisted=False)),
        Index("ix_title", text("char_length(title)")),
    )
    return metadata


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "books.db")


@pytest.mark.parametrize("before", [BEFORE, ""], ids=["a file", "no file yet"])
def test_the_application_registers_its_functions(stage: Stage, before: str) -> None:
    """Nothing is left out then, be the file there or not."""

    @event.listens_for(stage.engine, "connect")
    def register(connection: sqlite3.Connection, _: object) -> None:
        length = lambda title: None if title is None else len(title)  # noqa: E731
        connection.create_function("char_length", 1, length, deterministic=True)
        connection.create_function("gen_random_uuid", 0, lambda: "a-token")

    if before:
        stage.script(before)
    assert Guard(models()).apply(stage.engine).satisfied
    with stage.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO books (title) VALUES ('Emma')")
        written = connection.exec_driver_sql("SELECT token, length FROM books WHERE title = 'Emma'").one()
    assert tuple(written) == ("a-token", 4)


def test_the_same_without_them(stage: Stage) -> None:
    """The title comes, and rows can be written; a generated column cannot come without its expression."""
    stage.script(BEFORE)
    report = stage.apply(models())
    assert keys(report) == {
        "column-missing books.length",
        "default-differs books.token",
        "check-missing books.ck_title",
        "index-missing books.ix_title",
    }
    stage.script("INSERT INTO books (title) VALUES ('Emma')")
    assert stage.rows("SELECT id, title, token FROM books") == [(1, None, None), (2, "Emma", None)]
    again = stage.plan(models())
    assert again.empty
    assert refused(again).keys() == keys(report)
    assert refused(again)["check-missing books.ck_title"] == (
        "SQLite says: no such function: char_length; where the application registers it on its own connections,"
        " give the guard its engine in place of a URL"
    )


@pytest.mark.parametrize("default", ["gen_random_uuid()", "'{}'::jsonb", "now() AT TIME ZONE 'utc'"])
def test_a_not_null_column_whose_default_is_unknown(stage: Stage, default: str) -> None:
    """Without the default it stays nullable, also once every row has a value: an INSERT that leaves it out works."""
    stage.script(BEFORE)
    metadata = MetaData()
    token = Column("token", String, nullable=False, server_default=text(default))
    Table("books", metadata, Column("id", Integer, primary_key=True), token)
    stage.apply(metadata)
    stage.script("UPDATE books SET token = 'own'")
    assert keys(stage.apply(metadata)) == {"default-differs books.token", "nullability-differs books.token"}
    assert stage.value("SELECT \"notnull\" FROM pragma_table_info('books') WHERE name = 'token'") == 0


def test_an_index_of_several_keys_in_one_text(stage: Stage) -> None:
    """It is no expression that could be asked about."""
    metadata = MetaData()
    keys_ = Index("ix", text("title DESC, id"))
    Table("books", metadata, Column("id", Integer, primary_key=True), Column("title", String), keys_)
    stage.script("CREATE TABLE books (id integer PRIMARY KEY, title text)")
    stage.apply(metadata)
    assert "ix" in stage.texts()


def test_a_table_without_the_checks_of_its_columns_and_of_its_own(stage: Stage) -> None:
    """They go, whatever stands around them; those that SQLite takes stay."""
    metadata = MetaData()
    Table(
        "books",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("title", String, CheckConstraint("title ~ 'x'"), CheckConstraint("title <> ''"), nullable=False),
        Column("pages", Integer, CheckConstraint("pages::int > 0", name='"odd" name')),
        CheckConstraint("title ~ 'y'"),
        CheckConstraint("pages > 1", name="ck_pages"),
        CheckConstraint("title !~ ')'", name="ck_last"),
    )
    assert len(keys(stage.apply(metadata))) == 4
    assert " ".join(stage.texts()["books"].split()) == (
        "CREATE TABLE books ( id INTEGER NOT NULL, title VARCHAR NOT NULL CHECK (title <> ''), pages INTEGER,"
        " PRIMARY KEY (id), CONSTRAINT ck_pages CHECK (pages > 1) )"
    )


def test_not_null_is_not_set_where_the_default_cannot_be(stage: Stage) -> None:
    """Rows that leave it to the server are stored with NULL until then; with NOT NULL each INSERT would fail."""
    metadata = MetaData()
    token = Column("token", String, server_default=text("gen_random_uuid()"), nullable=False)
    kind = Column("kind", String, server_default="new", nullable=False)
    books = Table("books", metadata, Column("id", Integer, primary_key=True), token, kind)
    stage.script("CREATE TABLE books (id INTEGER PRIMARY KEY, token VARCHAR, kind VARCHAR)")
    stage.script("INSERT INTO books VALUES (1, 'x', 'old')")
    stage.apply(metadata)
    with stage.engine.begin() as connection:
        connection.execute(books.insert())
    assert stage.rows("SELECT id, token, kind FROM books") == [(1, "x", "old"), (2, None, "new")]
    columns = stage.rows("SELECT name FROM pragma_table_info('books') WHERE \"notnull\"")
    assert columns == [("kind",)]
