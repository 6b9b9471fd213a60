"""What the server is known to reject is refused before it is tried, and not tried again at every boot."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import (
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem

from schema_guard import Guard
from tests.postgres.database import Database
from tests.postgresql.repair.stage import prepare

ID = Column("id", Integer, primary_key=True, autoincrement=False)


def refusals(database: Database, models: MetaData) -> dict[str, str]:
    """Why what remains after an apply, in which nothing failed, is refused."""
    report = Guard(models).apply(database.url)
    assert [result for result in report.results if result.message] == []
    assert Guard(models).plan(database.url).empty
    return {found.difference.object: found.refusal.reason for found in report.findings if found.refusal}


@pytest.mark.every_postgres
def test_a_collation_that_the_server_lacks(postgres_database: Database) -> None:
    prepare(postgres_database, "CREATE TABLE t (id INT PRIMARY KEY)")
    models = MetaData()
    Table("t", models, ID._copy(), Column("a", String(collation="xx-no-such")), Column("b", String(collation="C")))
    Table("new", models, ID._copy(), Column("a", String(collation="xx-no-such")))
    reasons = refusals(postgres_database, models)
    assert set(reasons) == {"t.a", "new"}
    assert all(reason.startswith("the server has no collation xx-no-such") for reason in reasons.values())


@pytest.mark.every_postgres
@pytest.mark.parametrize("child", ["CREATE TABLE t (id INT PRIMARY KEY, up INT)", ""])
def test_a_foreign_key_to_an_unlogged_table(postgres_database: Database, child: str) -> None:
    prepare(postgres_database, f"CREATE UNLOGGED TABLE up (id INT PRIMARY KEY); {child}")
    models = MetaData()
    Table("up", models, ID._copy())
    Table("t", models, ID._copy(), Column("up", ForeignKey("up.id")))
    (reason,) = refusals(postgres_database, models).values()
    assert reason == "up is unlogged: no foreign key of a permanent table can refer to it"
    prepare(postgres_database, "ALTER TABLE up SET LOGGED")
    assert Guard(models).apply(postgres_database.url).satisfied


def test_a_foreign_key_between_unlogged_tables_is_added(postgres_database: Database) -> None:
    prepare(postgres_database, "CREATE UNLOGGED TABLE up (id INT PRIMARY KEY)")
    models = MetaData()
    Table("up", models, ID._copy())
    Table("t", models, ID._copy(), Column("up", ForeignKey("up.id")), prefixes=["UNLOGGED"])
    assert Guard(models).apply(postgres_database.url).satisfied


@pytest.mark.every_postgres
def test_more_columns_than_a_table_can_have(postgres_database: Database) -> None:
    """Dropped columns keep their numbers."""
    columns = ", ".join(f"c{number} INT" for number in range(1598))
    prepare(postgres_database, f"CREATE TABLE t (id INT PRIMARY KEY, {columns})")
    drops = ", ".join(f"DROP COLUMN c{number}" for number in range(1598))
    prepare(postgres_database, f"ALTER TABLE t {drops}")
    models = MetaData()
    Table("t", models, ID._copy(), *(Column(name, Integer) for name in ("a", "b", "c")))
    reasons = refusals(postgres_database, models)
    assert set(reasons) == {"t.b", "t.c"}
    assert all("1600 columns" in reason for reason in reasons.values())


MANY = [f"c{number}" for number in range(33)]


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    "key",
    [
        lambda: Index("k", *MANY),
        lambda: UniqueConstraint(*MANY, name="k"),
        lambda: Index("k", *MANY[:16], postgresql_include=MANY[16:]),
    ],
    ids=["index", "unique", "include"],
)
def test_more_columns_than_an_index_can_have(postgres_database: Database, key: Callable[[], SchemaItem]) -> None:
    columns = ", ".join(f"{name} INT" for name in MANY)
    prepare(postgres_database, f"CREATE TABLE t (id INT PRIMARY KEY, {columns})")
    models = MetaData()
    Table("t", models, ID._copy(), *(Column(name, Integer) for name in MANY), key())
    (reason,) = refusals(postgres_database, models).values()
    assert reason == "an index, also that of a key, can have 32 columns, not 33"


@pytest.mark.every_postgres
def test_a_missing_table_with_such_a_key(postgres_database: Database) -> None:
    models = MetaData()
    columns = [Column(name, Integer) for name in MANY]
    Table("t", models, ID._copy(), *columns, UniqueConstraint(*MANY, name="k"))
    assert set(refusals(postgres_database, models)) == {"t"}


@pytest.mark.every_postgres
def test_an_index_of_32_columns_is_made(postgres_database: Database) -> None:
    models = MetaData()
    columns = [Column(name, Integer) for name in MANY]
    Table("t", models, ID._copy(), *columns, Index("k", *MANY[:32]), UniqueConstraint(*MANY[1:], name="u"))
    assert Guard(models).apply(postgres_database.url).satisfied


@pytest.mark.every_postgres
@pytest.mark.parametrize(("columns", "unique"), [(("a", "b"), False), (("a",), True)])
def test_what_hash_does_not_support(postgres_database: Database, columns: tuple[str, ...], unique: bool) -> None:
    index = Index("k", *columns, unique=unique, postgresql_using="hash")
    prepare(postgres_database, "CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)")
    models = MetaData()
    Table("t", models, ID._copy(), Column("a", Integer), Column("b", Integer), index)
    (reason,) = refusals(postgres_database, models).values()
    assert reason.startswith("the access method hash does not support")


@pytest.mark.every_postgres
@pytest.mark.parametrize("before", ["CREATE TABLE t (id INT PRIMARY KEY, a INT)", ""])
def test_a_generated_column_of_a_generated_one(postgres_database: Database, before: str) -> None:
    prepare(postgres_database, before)
    models = MetaData()
    one, two = Computed("a + 1", persisted=True), Computed("g + 1", persisted=True)
    Table("t", models, ID._copy(), Column("a", Integer), Column("g", Integer, one), Column("h", Integer, two))
    reasons = refusals(postgres_database, models)
    assert reasons == {"t.h" if before else "t": "the generated column h refers to the generated column g"}


@pytest.mark.every_postgres
def test_a_generated_column_that_names_another_in_a_string(postgres_database: Database) -> None:
    models = MetaData()
    upper, word = Computed("upper(a)", persisted=True), Computed("upper(a || 'upper')", persisted=True)
    Table("t", models, ID._copy(), Column("a", String), Column("upper", String, upper), Column("h", String, word))
    assert Guard(models).apply(postgres_database.url).satisfied
