"""What `expect` writes, executed piece by piece, makes the same catalog as SQLAlchemy's create_all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import MetaData

from schema_guard.dialects.postgresql.create_index import create_index
from schema_guard.dialects.sqlite.create_index import create_index as create_sqlite_index
from schema_guard.schema import Index, Name, Schema
from schema_guard.sources.sqlalchemy.models import expect, models_of
from tests.pure.sources.sqlalchemy import zoo
from tests.pure.sources.sqlalchemy.words import PlainWords

CATALOG = """
SELECT 'column', n.nspname || '.' || c.relname || '.' || a.attname,
       concat_ws('|', c.relkind, a.attnum::text, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
                 a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid), coll.collname,
                 pg_get_partkeydef(c.oid))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  LEFT JOIN pg_collation coll ON coll.oid = a.attcollation
 WHERE n.nspname IN ('public', 'Sales Dept') AND c.relkind IN ('r', 'p', 'S')
UNION ALL
SELECT 'constraint', conrelid::regclass::text || coalesce(contypid::regtype::text, '') || '.' || conname,
       pg_get_constraintdef(k.oid)
  FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE n.nspname IN ('public', 'Sales Dept')
UNION ALL
SELECT 'index', i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('public', 'Sales Dept')
UNION ALL
SELECT 'enum', e.enumtypid::regtype::text, string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder)
  FROM pg_enum e GROUP BY e.enumtypid
 ORDER BY 1, 2, 3
"""


def pieces(expected: Schema, create: Callable[[Index, Name], str]) -> Iterator[str]:
    """Every statement, in the order in which a database that has none of it needs them."""
    yield from (enum.ddl for enum in expected.enums)
    yield from (domain.ddl for domain in expected.domains)
    yield from (sequence.ddl for sequence in expected.sequences)
    yield from (table.ddl for table in expected.tables)
    for table in expected.tables:
        name = ".".join(_quoted(part) for part in table.name if part)
        for key in table.foreign_keys:
            if key not in table.inline_foreign_keys:
                yield f"ALTER TABLE {name} ADD {key.ddl}"
        for index in table.indexes:
            yield create(index, table.name)


def _create_index(index: Index, table: Name) -> str:
    return create_index(index, table, lambda name: ".".join(_quoted(part) for part in _parts(name)))


def _parts(name: Name | str) -> list[str]:
    return [name] if isinstance(name, str) else [part for part in name if part]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _clear(connection: psycopg.Connection[tuple[str, ...]]) -> None:
    connection.execute('DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS "Sales Dept" CASCADE')
    connection.execute('CREATE SCHEMA public; CREATE SCHEMA "Sales Dept"')


@pytest.mark.every_postgres
@pytest.mark.parametrize("models", [*zoo.PORTABLE, zoo.postgresql_only, zoo.two_schemas], ids=lambda f: f.__name__)
def test_postgresql_catalogs_are_the_same(postgres: str, models: Callable[[], MetaData]) -> None:
    metadata = models()
    engine = sa.create_engine(postgres, poolclass=sa.NullPool)
    with engine.connect() as initialised:
        initialised.exec_driver_sql("SELECT 1")
    dsn = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn, autocommit=True) as connection:
        _clear(connection)
        expected = expect(models_of(metadata), [], PlainWords(engine.dialect))
        assert expected.problems == ()
        for statement in pieces(expected, _create_index):
            connection.execute(statement)
        ours = connection.execute(CATALOG).fetchall()
        _clear(connection)
        metadata.create_all(engine)
        assert ours == connection.execute(CATALOG).fetchall()
        assert ours


@pytest.mark.parametrize("models", [*zoo.PORTABLE, zoo.sqlite_only], ids=lambda f: f.__name__)
def test_sqlite_catalogs_are_the_same(tmp_path: Path, models: Callable[[], MetaData]) -> None:
    metadata = models()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'theirs.db'}", poolclass=sa.NullPool)
    expected = expect(models_of(metadata), [], PlainWords(engine.dialect))
    assert expected.problems == ()
    ours = sqlite3.connect(tmp_path / "ours.db")
    for statement in pieces(expected, create_sqlite_index):
        ours.execute(statement)
    metadata.create_all(engine)
    theirs = sqlite3.connect(tmp_path / "theirs.db")
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2"
    assert _normal(ours.execute(query).fetchall()) == _normal(theirs.execute(query).fetchall())
    ours.close()
    theirs.close()


def _normal(rows: list[tuple[str | None, ...]]) -> list[tuple[str, ...]]:
    return [tuple(" ".join((value or "").split()) for value in row) for row in rows]
