"""What the server is known to reject is refused before it is tried, and not tried again at every boot."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

from schema_guard import Guard
from tests.postgres.database import Database
from tests.unit.postgresql_repair.stage import prepare

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
    assert set(reasons) == {"public.t.a", "public.new"}
    assert all(reason.startswith("the server has no collation xx-no-such") for reason in reasons.values())


@pytest.mark.every_postgres
@pytest.mark.parametrize("child", ["CREATE TABLE t (id INT PRIMARY KEY, up INT)", ""])
def test_a_foreign_key_to_an_unlogged_table(postgres_database: Database, child: str) -> None:
    prepare(postgres_database, f"CREATE UNLOGGED TABLE up (id INT PRIMARY KEY); {child}")
    models = MetaData()
    Table("up", models, ID._copy())
    Table("t", models, ID._copy(), Column("up", ForeignKey("up.id")))
    (reason,) = refusals(postgres_database, models).values()
    assert reason == "public.up is unlogged: no foreign key of a permanent table can refer to it"
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
    assert set(reasons) == {"public.t.b", "public.t.c"}
    assert all("1600 columns" in reason for reason in reasons.values())
