"""What stands on a column whose type cannot hold the models' values: it is refused with the type, and nothing fails."""

from __future__ import annotations

import pytest
from psycopg import sql
from sqlalchemy import CheckConstraint, Column, Computed, ForeignKey, Index, Integer, MetaData, String, Table
from sqlalchemy.dialects.postgresql import JSONB

from schema_guard.report import Outcome
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, plan


def models() -> MetaData:
    metadata = MetaData()
    table = Table(
        "t",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("data", JSONB),
        Column("up_id", ForeignKey("t.id")),
        CheckConstraint("up_id > 0", name="ck"),
        CheckConstraint("up_id IS NOT NULL OR (id > 0)", name="ck_null"),
    )
    Index("ix_gin", table.c.data, postgresql_using="gin")
    Index("ix_some", table.c.id, postgresql_where=table.c.data.has_key("a"))
    Index("ix_free", table.c.id % 10)
    Index("ix_json", table.c.data)
    Index("ix_up", table.c.up_id)
    Table("keyed", metadata, Column("code", Integer, primary_key=True, autoincrement=False))
    Table("child", metadata, Column("code", ForeignKey("keyed.code"), primary_key=True))
    return metadata


def test_what_is_made_of_a_column_waits_for_its_type(postgres_database: Database) -> None:
    """Each would fail: the server knows no operator, or no operator class, of the type that is there."""
    with postgres_database.connect() as connection:
        connection.execute(
            b"""CREATE TABLE t (id INTEGER PRIMARY KEY, data JSON, up_id TEXT); INSERT INTO t VALUES (1, '{}', '1');
            CREATE TABLE keyed (code TEXT PRIMARY KEY); INSERT INTO keyed VALUES ('a')"""
        )
    report = apply(postgres_database, models())
    assert {result.step.id: result.outcome for result in report.results} == {
        "create-table child": Outcome.DONE,
        "create-index t.ix_free": Outcome.DONE,
        "create-index t.ix_up": Outcome.DONE,  # any type that has an order will do
        "add-check t.ck_null": Outcome.DONE,
        "validate-check t.ck_null": Outcome.DONE,
    }
    waiting = {
        finding.difference.key: finding.refusal.reason.partition(", which cannot be provided: ")[0]
        for finding in report.findings
        if finding.refusal and finding.difference.code != "type-differs"
    }
    assert waiting == {
        "check-missing t.ck": "waits for another type of t.up_id",
        "foreign-key-missing t.fk(up_id) to t": "waits for another type of t.up_id",
        "foreign-key-missing child.fk(code) to keyed": "waits for another type of keyed.code",
        "index-missing t.ix_json": "waits for another type of t.data",
        "index-missing t.ix_gin": "waits for another type of t.data",
        "index-missing t.ix_some": "waits for another type of t.data",
    }
    assert plan(postgres_database, models()).empty


@pytest.mark.parametrize("name", ["up_id", 'we"ird', "two words", "Größe", "o'clock"])
def test_a_check_waits_for_the_type_whatever_the_name_of_the_column(postgres_database: Database, name: str) -> None:
    """One that only asks for NULL does not wait."""
    quoted = '"' + name.replace('"', '""') + '"'
    with postgres_database.connect() as connection:
        connection.execute(sql.SQL("CREATE TABLE t (id INTEGER PRIMARY KEY, {} TEXT)").format(sql.Identifier(name)))
        connection.execute(b"INSERT INTO t VALUES (1, 'x')")
    metadata = MetaData()
    checks = (CheckConstraint(f"{quoted} > 0", name="ck"), CheckConstraint(f"{quoted} IS NOT NULL", name="ck_null"))
    Table("t", metadata, Column("id", Integer, primary_key=True, autoincrement=False), Column(name, Integer), *checks)
    report = apply(postgres_database, metadata)
    assert {result.step.object: result.outcome for result in report.results} == {"t.ck_null": Outcome.DONE}
    (waiting,) = [found.refusal for found in report.findings if found.difference.key == "check-missing t.ck"]
    assert waiting is not None
    assert waiting.reason.startswith(f"waits for another type of t.{name}, which cannot be provided: ")


def test_a_generated_column_waits_for_the_type_of_what_it_reads(postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        connection.execute(b"CREATE TABLE t (id INTEGER PRIMARY KEY, name JSONB); CREATE VIEW v AS SELECT name FROM t")
    metadata = MetaData()
    columns = [Column("name", String), Column("made", String, Computed("upper(name)", persisted=True))]
    Table("t", metadata, Column("id", Integer, primary_key=True, autoincrement=False), *columns)
    report = apply(postgres_database, metadata)
    assert report.results == ()
    (missing,) = [each for each in report.findings if each.difference.code == "column-missing"]
    assert missing.refusal is not None
    assert missing.refusal.reason.startswith("waits for another type of t.name, which cannot be provided: ")
