"""Type names: every spelling has one canonical form, the server's own; and how two types relate."""

from __future__ import annotations

import itertools

import pytest
import sqlalchemy as sa
from psycopg import Error
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.schema import CreateTable

from schema_guard.dialects import offline_dialect, open_session
from schema_guard.dialects.postgresql.dialect import PostgreSQLDialect
from schema_guard.dialects.postgresql.fits import _CAST_BY_TEXT_ALONE, has_cast
from schema_guard.dialects.postgresql.literals import literal
from schema_guard.difference import Fit
from schema_guard.schema import Column, Name, Table
from tests.postgres.database import Database
from tests.postgresql.read.reading import expecting

SPELLINGS = [
    "SMALLINT",
    "INT2",
    "INTEGER",
    "INT",
    "INT4",
    "BIGINT",
    "INT8",
    "REAL",
    "FLOAT4",
    "FLOAT(24)",
    "FLOAT",
    "FLOAT(25)",
    "FLOAT8",
    "DECIMAL",
    "DEC(5)",
    "NUMERIC",
    "NUMERIC(10)",
    "NUMERIC(10,2)",
    "BOOL",
    "BOOLEAN",
    "TEXT",
    "VARCHAR",
    "VARCHAR(64)",
    "CHAR",
    "CHAR(5)",
    "BPCHAR",
    "BYTEA",
    "UUID",
    "JSON",
    "JSONB",
    "XML",
    "DATE",
    "TIMESTAMP",
    "TIMESTAMP(3)",
    "TIMESTAMP(6)",
    "TIMESTAMPTZ",
    "TIMESTAMPTZ(0)",
    "TIME",
    "TIMETZ",
    "TIME(2)",
    "INTERVAL",
    "INTERVAL(3)",
    "MONEY",
    "INET",
    "CIDR",
    "MACADDR",
    "BIT",
    "BIT(3)",
    "VARBIT",
    "VARBIT(4)",
    "TSVECTOR",
    "TSQUERY",
    "OID",
    "NAME",
    '"char"',
    "REGCLASS",
    "INT4RANGE",
    "TSTZRANGE",
    "POINT",
    "INTEGER[]",
    "VARCHAR(9)[]",
    "INTEGER[3][4]",
    '"uuid"',
    "int4",
    '"Mixed%Case"',
    'public."Mixed%Case"',
    "other.mood",
    "mood",
    "mood[]",
    "pg_catalog.int4",
    "citext",
]
SPACED = [
    "CHARACTER VARYING(5)",
    "NATIONAL CHARACTER VARYING(5)",
    "DOUBLE PRECISION",
    "TIMESTAMP(2) WITH TIME ZONE",
    "TIMESTAMP WITHOUT TIME ZONE",
    "TIME WITH TIME ZONE",
    "BIT VARYING(7)",
    "INTERVAL DAY TO SECOND(3)",
    "INTERVAL YEAR TO MONTH",
    "INTEGER ARRAY",
    "NUMERIC(10, 2)",
    'VARCHAR(5) COLLATE "C"',
    'public . "Mixed%Case" [] ',
]


@pytest.mark.every_postgres
def test_each_spelling_is_what_the_server_understands(postgres_database: Database) -> None:
    """The parsed text equals what the catalog's own name for the same type parses to."""
    with postgres_database.connect() as connection:
        connection.execute(
            "CREATE EXTENSION citext; CREATE SCHEMA other; CREATE TYPE other.mood AS ENUM ('a');"
            "CREATE TYPE mood AS ENUM ('a'); CREATE TYPE \"Mixed%Case\" AS ENUM ('a')"
        )
        session = open_session(postgres_database.url)
        session.locate([], [])
        different = []
        for spelling in (*SPELLINGS, *SPACED):
            connection.execute(f"CREATE TABLE t (c {spelling})".encode())
            table = session.inspect(expecting("t")).tables[0]
            expected = session.dialect.type(spelling)
            if session.dialect.rules.fit(Column("c", expected), table.columns[0], table) is not Fit.SAME:
                different.append((spelling, expected, table.columns[0].type))
            connection.execute("DROP TABLE t")
        session.close()
    assert different == []


@pytest.mark.parametrize(
    ("expected", "actual", "fit"),
    [
        ("VARCHAR(5)", "varchar(9)", Fit.WIDER),
        ("VARCHAR(9)", "varchar(5)", Fit.NARROWER),
        ("TEXT", "varchar(5)", Fit.NARROWER),
        ("VARCHAR(5)", "text", Fit.WIDER),
        ("CHAR(5)", "varchar(5)", Fit.WIDER),
        ("VARCHAR(5)", "char(5)", Fit.OTHER),
        ("VARCHAR(9)[]", "varchar(5)[]", Fit.NARROWER_REWRITE),
        ("TEXT[]", "text", Fit.INCOMPATIBLE),
        ("INTEGER", "bigint", Fit.WIDER),
        ("BIGINT", "integer", Fit.NARROWER_REWRITE),
        ("INTEGER", "numeric", Fit.WIDER),
        ("INTEGER", "numeric(9,2)", Fit.INCOMPATIBLE),
        ("NUMERIC(12,2)", "numeric(10,2)", Fit.NARROWER),
        ("NUMERIC(10,2)", "numeric(12,4)", Fit.WIDER),
        ("NUMERIC(10,2)", "numeric(8,4)", Fit.INCOMPATIBLE),
        ("NUMERIC(10,2)", "numeric(10,0)", Fit.OTHER),
        ("NUMERIC", "numeric(10,2)", Fit.NARROWER),
        ("NUMERIC(10,2)", "integer", Fit.OTHER),
        ("DOUBLE PRECISION", "real", Fit.NARROWER_REWRITE),
        ("REAL", "double precision", Fit.WIDER),
        ("TIMESTAMP", "timestamptz", Fit.OTHER),
        ("TIMESTAMPTZ", "date", Fit.OTHER),
        ("JSON", "jsonb", Fit.WIDER),
        ("JSONB", "json", Fit.INCOMPATIBLE),
        ("JSONB", "text", Fit.INCOMPATIBLE),
        ("UUID", "varchar(36)", Fit.INCOMPATIBLE),
        ("INTEGER", "text", Fit.INCOMPATIBLE),
        ("BOOLEAN", "integer", Fit.INCOMPATIBLE),
    ],
)
def test_how_types_relate(expected: str, actual: str, fit: Fit) -> None:
    """Proved against a server for each pair by storing, comparing and reading a value of the expected type."""
    dialect = offline_dialect("postgresql")
    columns = (Column("c", dialect.type(expected)), Column("c", dialect.type(actual)))
    assert dialect.rules.fit(*columns, Table(Name("public", "t"))) is fit


@pytest.mark.every_postgres
def test_which_casts_there_are(postgres_database: Database) -> None:
    """As the server itself says of each two types, for those that are listed."""
    dialect = offline_dialect("postgresql")
    names = [*sorted(_CAST_BY_TEXT_ALONE), "text", "character varying", "integer[]", "uuid[]"]
    wrong = []
    with postgres_database.connect() as connection:
        for actual, expected in itertools.product(names, names):
            try:
                connection.execute(f"SELECT NULL::{actual}::{expected}".encode())
                possible = True
            except Error:
                possible = False
            if has_cast(dialect.type(actual), dialect.type(expected)) is not possible:
                wrong.append((actual, expected, possible))
    assert not wrong


def test_names_are_cut_as_the_server_cuts_them(postgres_database: Database) -> None:
    dialect = offline_dialect("postgresql")
    names = ["x" * 63, "x" * 64, "x" * 62 + "é", "é" * 40, "☃" * 22, "short"]
    with postgres_database.connect() as connection:
        for name in names:
            row = connection.execute("SELECT %s::name::text", [name]).fetchone()
            assert row == (dialect.identifier(name),)


@pytest.mark.every_postgres
def test_every_keyword_and_strange_name_survives_quoting(postgres_database: Database) -> None:
    dialect = offline_dialect("postgresql")
    with postgres_database.connect() as connection:
        words = [row[0] for row in connection.execute("SELECT word FROM pg_get_keywords()")]
        for name in (*words, "Mixed", "a b", 'a"b', "a%b", "a:b", "line\n", "é", "1a", "$a", "a$"):
            quoted = dialect.quote(Name("public", name))
            connection.execute(f"CREATE TABLE {quoted} ({dialect.quote(name)} int)".encode())
            row = connection.execute("SELECT relname FROM pg_class WHERE relname = %s", [name]).fetchone()
            assert row == (name,)
            connection.execute(f"DROP TABLE {quoted}".encode())


@pytest.mark.parametrize("text", ["", "it's", "back\\slash", "'\\'", "50%", "line\nbreak", "é☃"])
@pytest.mark.parametrize("conforming", ["on", "off"])
def test_a_literal_is_read_back_as_it_was(postgres_database: Database, text: str, conforming: str) -> None:
    with postgres_database.connect() as connection:
        connection.execute(f"SET standard_conforming_strings = {conforming}".encode())
        assert connection.execute(f"SELECT {literal(text)}::text".encode()).fetchone() == (text,)


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000", "asyncpg"])
def test_compiled_ddl_is_qualified_and_has_single_percents(postgres_database: Database, driver: str) -> None:
    with postgres_database.connect() as connection:
        connection.execute("CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('a'); CREATE TABLE app.parent (id int)")
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET search_path = app, public".encode())
    session = open_session(postgres_database.url.replace("+psycopg", f"+{driver}"))
    session.locate(["parent"], ["mood"])
    metadata = sa.MetaData()
    sa.Table("parent", metadata, sa.Column("id", sa.Integer, primary_key=True))
    table = sa.Table(
        "t%",
        metadata,
        sa.Column("p", sa.ForeignKey("parent.id")),
        sa.Column("m", sa.Enum("a", name="mood"), server_default="50%"),
        sa.CheckConstraint("m <> '%s'"),
    )
    ddl = str(CreateTable(table).compile(dialect=session.dialect.sqlalchemy))
    session.close()
    assert 'CREATE TABLE app."t%"' in ddl
    assert "m app.mood DEFAULT '50%'" in ddl
    assert "CHECK (m <> '%s')" in ddl
    assert "REFERENCES app.parent (id)" in ddl


def test_backslashes_of_the_models_are_written_as_they_are() -> None:
    """SQLAlchemy 2.0 doubles them until its dialect has asked a server, which the guard's copy never does."""
    like = type("PGDialect20", (PGDialect,), {"_backslash_escapes": True})()
    dialect = PostgreSQLDialect(like).sqlalchemy
    written = sa.column("path").in_(["/", "\\"]).compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    assert str(written) == r"path IN ('/', '\')"
