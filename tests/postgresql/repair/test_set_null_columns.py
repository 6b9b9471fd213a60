"""ON DELETE SET NULL of some of the columns (PostgreSQL 15), and comments of nothing."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from schema_guard.report import Report
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, plan, prepare

pytestmark = pytest.mark.every_postgres

TABLES = """CREATE TABLE p (tenant int, id int, PRIMARY KEY (tenant, id));
CREATE TABLE c (id serial PRIMARY KEY, tenant int NOT NULL, p_id int);"""
COLUMN_LISTS = 15


def models(ondelete: str) -> sa.MetaData:
    metadata = sa.MetaData()
    keys = [sa.Column(name, sa.Integer, primary_key=True, autoincrement=False) for name in ("tenant", "id")]
    sa.Table("p", metadata, *keys)
    sa.Table(
        "c",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.Integer, nullable=False),
        sa.Column("p_id", sa.Integer),
        sa.ForeignKeyConstraint(["tenant", "p_id"], ["p.tenant", "p.id"], name="fk", ondelete=ondelete),
    )
    return metadata


def major(database: Database) -> int:
    return int(database.server.version.split(".")[0])


def codes(report: Report) -> list[str]:
    return [finding.difference.code for finding in report.findings]


@pytest.mark.parametrize(
    "ondelete", ["SET NULL (p_id)", "set null ( p_id )", 'SET NULL ("p_id")', "SET DEFAULT (p_id)"]
)
def test_equal_after_our_own_add(postgres_database: Database, ondelete: str) -> None:
    """Before 15 it is refused before it is tried."""
    prepare(postgres_database, TABLES)
    report = apply(postgres_database, models(ondelete))
    if major(postgres_database) >= COLUMN_LISTS:
        assert codes(report) == []
        assert not apply(postgres_database, models(ondelete)).results
    else:
        assert not report.results
        (refusal,) = [finding.refusal for finding in report.findings if finding.refusal]
        assert "15" in refusal.reason


def test_plain_against_some_columns(postgres_database: Database) -> None:
    """Deleting a row of p would set tenant to NULL, too, which is not what the models of the live key say."""
    if major(postgres_database) < COLUMN_LISTS:
        pytest.skip("a key cannot be so before 15")
    prepare(postgres_database, TABLES)
    key = "FOREIGN KEY (tenant, p_id) REFERENCES p ON DELETE SET NULL"
    prepare(postgres_database, f"ALTER TABLE c ADD CONSTRAINT fk {key} (p_id)")
    assert codes(apply(postgres_database, models("SET NULL"))) == ["foreign-key-differs"]
    prepare(postgres_database, f"ALTER TABLE c DROP CONSTRAINT fk, ADD CONSTRAINT fk {key}")
    assert codes(apply(postgres_database, models("SET NULL (p_id)"))) == ["foreign-key-differs"]
    # All of the columns are no limit.
    assert codes(apply(postgres_database, models("SET NULL (p_id, tenant)"))) == []


def test_an_empty_comment_is_none(postgres_database: Database) -> None:
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True, comment=""), comment="")
    assert not [s for step in plan(postgres_database, metadata).steps for s in step.statements if "COMMENT" in s]
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY)")
    assert codes(apply(postgres_database, metadata)) == []
    prepare(postgres_database, "COMMENT ON COLUMN t.id IS 'old'")
    apply(postgres_database, metadata)
    assert not plan(postgres_database, metadata).steps
