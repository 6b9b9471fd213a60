"""What `create_all` makes of models satisfies them, in whatever words they were written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, Engine, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, INET, JSONB

from schema_guard.guard import Guard
from tests.postgres.database import Database


@pytest.fixture
def engine(postgres_database: Database) -> Iterator[Engine]:
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    yield engine
    engine.dispose()


def found(models: MetaData, engine: Engine) -> list[tuple[str, str]]:
    return [
        (finding.difference.object, finding.difference.headline) for finding in Guard(models).check(engine).findings
    ]


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    ("column", "using", "operator_class"),
    [
        ("word", "btree", "text_ops"),
        ("number", "btree", "int4_ops"),
        ("number", "brin", "int4_minmax_ops"),
        ("data", "gin", "jsonb_ops"),
        ("tags", "gin", "array_ops"),
        ("address", "gist", "inet_ops"),
        ("word", "btree", "pg_catalog.text_pattern_ops"),
        ("word", "gist", "gist_trgm_ops(siglen=32)"),
    ],
)
def test_an_operator_class_that_is_named(column: str, using: str, operator_class: str, engine: Engine) -> None:
    """It may be the type's default, and come with its schema or parameters."""
    models = MetaData()
    table = Table(
        "t",
        models,
        Column("id", Integer, primary_key=True),
        Column("word", Text),
        Column("number", Integer),
        Column("data", JSONB),
        Column("tags", ARRAY(Text)),
        Column("address", INET),
    )
    Index("by_key", table.c[column], postgresql_using=using, postgresql_ops={column: operator_class})
    Index("by_text", sa.text(f"{column} {operator_class}"), _table=table, postgresql_using=using)
    if "trgm" in operator_class:
        with engine.begin() as connection:
            if (connection.dialect.server_version_info or ()) < (13,):
                pytest.skip("operator classes take parameters since PostgreSQL 13")
            connection.exec_driver_sql("CREATE EXTENSION pg_trgm")
    models.create_all(engine)
    assert found(models, engine) == []


@pytest.mark.every_postgres
def test_another_operator_class_than_the_default_that_is_named(engine: Engine) -> None:
    models = MetaData()
    table = Table("t", models, Column("id", Integer, primary_key=True), Column("data", JSONB))
    Index("ix", table.c.data, postgresql_using="gin", postgresql_ops={"data": "jsonb_ops"})
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id serial PRIMARY KEY, data jsonb)")
        connection.exec_driver_sql("CREATE INDEX ON t USING gin (data jsonb_path_ops)")
    assert ("t.ix", "index using gin on (data jsonb_ops) missing") in found(models, engine)


@pytest.mark.parametrize("default", ["NULL", "(null)", "NULL::character varying", "NULL::varchar(20)"])
@pytest.mark.parametrize("type_", [Text, String, String(20)], ids=str)
def test_default_null_is_no_default(default: str, type_: sa.types.TypeEngine[str], engine: Engine) -> None:
    models = MetaData()
    Table("t", models, Column("id", Integer, primary_key=True), Column("a", type_, server_default=sa.text(default)))
    models.create_all(engine)
    assert found(models, engine) == []


@pytest.mark.every_postgres
def test_a_check_that_ends_in_a_comment_is_added_again(engine: Engine) -> None:
    models = MetaData()
    condition = "a > 0 -- why\n"
    Table("t", models, Column("id", Integer, primary_key=True), Column("a", Integer), sa.CheckConstraint(condition))
    models.create_all(engine)
    assert found(models, engine) == []
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE t DROP CONSTRAINT t_a_check")
        connection.exec_driver_sql("INSERT INTO t (a) VALUES (1)")
    assert Guard(models).apply(engine).findings == ()


@pytest.mark.every_postgres
@pytest.mark.parametrize("order", ["DESC", "desc nulls last", "ASC NULLS FIRST", "text_pattern_ops DESC"])
def test_an_order_among_the_operator_classes(order: str, engine: Engine) -> None:
    """SQLAlchemy writes what `postgresql_ops` says behind the column, whatever it is."""
    models = MetaData()
    table = Table("t", models, Column("id", Integer, primary_key=True), Column("word", Text))
    Index("by_word", table.c.id, table.c.word, postgresql_ops={"word": order})
    models.create_all(engine)
    assert found(models, engine) == []
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX by_word; CREATE INDEX by_word ON t (id, word)")
    assert [name for name, _ in found(models, engine)] == ["t.by_word"]
