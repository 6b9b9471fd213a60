"""A foreign key with other actions is called as the models call it, and what replaces it as well."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table

from schema_guard.guard import Guard
from tests.postgres.database import Database

CONVENTION = {"fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s"}
BY_CONVENTION = "fk_books_author_id_authors"


def models(convention: dict[str, str] | None, name: str | None = None) -> MetaData:
    metadata = MetaData(naming_convention=convention)
    Table("authors", metadata, Column("id", Integer, primary_key=True))
    key = ForeignKey("authors.id", name=name, ondelete="CASCADE")
    Table("books", metadata, Column("id", Integer, primary_key=True), Column("author_id", Integer, key))
    return metadata


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    ("metadata", "live", "called", "headline"),
    [
        (models(None), "books_author_id_fkey", "books_author_id_fkey", "FOREIGN KEY is"),
        (models(None), "old", "old", "FOREIGN KEY is"),
        (models(CONVENTION), BY_CONVENTION, BY_CONVENTION, "FOREIGN KEY is"),
        (models(CONVENTION), "books_author_id_fkey", BY_CONVENTION, "FOREIGN KEY books_author_id_fkey is"),
        (models(CONVENTION, "own"), "old", "own", "FOREIGN KEY old is"),
        (models(None, "Own Name"), "old", "Own Name", "FOREIGN KEY old is"),
    ],
)
def test_the_name(postgres_database: Database, metadata: MetaData, live: str, called: str, headline: str) -> None:
    """What is printed is run: then the models are satisfied, and the key has the name that was printed."""
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE authors (id serial PRIMARY KEY); INSERT INTO authors DEFAULT VALUES")
        connection.execute("CREATE TABLE books (id serial PRIMARY KEY, author_id integer)")
        connection.execute(f'ALTER TABLE books ADD CONSTRAINT "{live}" FOREIGN KEY (author_id) REFERENCES authors')
        (finding,) = Guard(metadata).check(engine).findings
        assert finding.difference.object == f"books.{called}"
        assert finding.difference.headline.startswith(headline)
        assert finding.refusal is not None
        assert len(finding.refusal.advice) == 2
        for statement in finding.refusal.advice:
            connection.execute(statement.encode())
        (name,) = connection.execute("SELECT conname FROM pg_constraint WHERE contype = 'f'").fetchone() or ("",)
    assert name == called
    assert Guard(metadata).check(engine).findings == ()


def test_a_name_that_something_else_has(postgres_database: Database) -> None:
    """The successor gets another one, and what has the name stays."""
    metadata = models(None, "own")
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE authors (id serial PRIMARY KEY)")
        connection.execute(
            "CREATE TABLE books (id serial PRIMARY KEY, author_id integer, CONSTRAINT own CHECK (id > 0))"
        )
        connection.execute("ALTER TABLE books ADD CONSTRAINT old FOREIGN KEY (author_id) REFERENCES authors")
        found = {each.difference.code: each for each in Guard(metadata).check(engine).findings}
        refusal = found["foreign-key-differs"].refusal
        assert refusal is not None
        for statement in refusal.advice:
            connection.execute(statement.encode())
    assert [each.difference.code for each in Guard(metadata).check(engine).findings] == ["object-unknown"]


@pytest.mark.every_postgres
def test_a_partitioned_table(postgres_database: Database) -> None:
    """Before PostgreSQL 18 its foreign keys cannot be NOT VALID."""
    metadata = models(CONVENTION)
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE authors (id serial PRIMARY KEY)")
        connection.execute(
            "CREATE TABLE books (id serial PRIMARY KEY, author_id integer REFERENCES authors) PARTITION BY HASH (id)"
        )
        connection.execute("CREATE TABLE books_0 PARTITION OF books FOR VALUES WITH (MODULUS 1, REMAINDER 0)")
        (finding,) = Guard(metadata).check(engine).findings
        assert finding.refusal is not None
        for statement in finding.refusal.advice:
            connection.execute(statement.encode())
    assert Guard(metadata).check(engine).findings == ()
