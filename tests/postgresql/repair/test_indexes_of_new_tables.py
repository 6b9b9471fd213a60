"""Indexes of a table that is missing: none is planned where a key of the table, or another index, already serves."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table, UniqueConstraint, desc

from schema_guard.guard import Guard
from tests.postgres.database import Database
from tests.postgresql.repair.stage import needed, plan, run


def models() -> MetaData:
    metadata = MetaData()
    table = Table(
        "t",
        metadata,
        Column("id", Integer, primary_key=True, index=True),
        Column("name", String(20)),
        Column("code", String(20)),
        Column("late", Integer),
        Column("up_id", ForeignKey("t.id"), index=True),
        UniqueConstraint("name", "code", name="uq"),
        UniqueConstraint("late", name="uq_late", deferrable=True),
    )
    Index("ix_same", table.c.name, table.c.code)
    Index("ux_same", table.c.name, table.c.code, unique=True)
    Index("ix_late", table.c.late)
    Index("ix_up_again", table.c.up_id)
    Index("ix_other_order", table.c.code, table.c.name)
    Index("ix_down", desc(table.c.id))
    Index("ix_some", table.c.id, postgresql_where=table.c.id > 5)
    return metadata


def test_an_index_that_a_key_serves_is_not_planned(postgres_database: Database) -> None:
    """Its probe would be false when its turn comes, as the key's own index is what it looks for."""
    steps = plan(postgres_database, models()).steps
    assert sorted(step.id for step in steps if "index" in step.id or "table" in step.id) == [
        "create-index t.ix_down",
        "create-index t.ix_other_order",
        "create-index t.ix_some",
        "create-index t.ix_t_up_id",
        "create-table t",
    ]
    for step in steps:
        assert needed(postgres_database, step), step.id
        run(postgres_database, step)
    report = Guard(models()).check(postgres_database.url)
    assert report.satisfied
    assert report.findings == ()
    assert plan(postgres_database, models()).empty
