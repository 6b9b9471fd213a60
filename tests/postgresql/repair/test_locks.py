"""The locks that a step declares are those that it takes, read from pg_locks."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Enum,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

from schema_guard.plan import Lock
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, locks_taken, needed, plan, run, stands_in_the_way

pytestmark = pytest.mark.every_postgres

BEFORE = """
CREATE TYPE status AS ENUM ('new', 'old');
CREATE TABLE "User" (id int, email varchar(100), age int, status status NOT NULL, total numeric(8, 2),
    state text DEFAULT 'x');
INSERT INTO "User" SELECT i, 'u' || i, i, 'new', i FROM generate_series(1, 50) i;
CREATE TABLE orders (id serial PRIMARY KEY, user_id int NOT NULL, parent_id int, qty int);
INSERT INTO orders (user_id, qty) SELECT i, i FROM generate_series(1, 40) i;
ALTER TABLE orders ADD CONSTRAINT late CHECK (qty < 1000) NOT VALID;
"""


def models() -> MetaData:
    metadata = MetaData()
    users = Table(
        "User",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("email", String(255), nullable=False),
        Column('odd "na:me" 100%', String(20)),
        Column("created", DateTime, server_default=func.now(), nullable=False),
        Column("token", Uuid, server_default=text("md5(random()::text)::uuid")),
        Column("status", Enum("new", "active", "old", name="status"), nullable=False, server_default="new"),
        Column("state", String, server_default="y"),
        Column("age", Integer, CheckConstraint("age >= 0", name="ck:age")),
        Column("total", Numeric(12, 2), comment="100% \\ 'x' :y"),
        UniqueConstraint("email", name="uq_users_email"),
        comment="people",
    )
    Index("ix_users_lower", func.lower(users.c.email), unique=True)
    Table(
        "orders",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("user_id", ForeignKey("User.id")),
        Column("parent_id", ForeignKey("orders.id", ondelete="CASCADE", name="fk_parent")),
        Column("qty", Integer, nullable=False),
        CheckConstraint("qty > 0"),
        CheckConstraint("qty < 1000", name="late"),
        UniqueConstraint("user_id", "qty", deferrable=True, initially="DEFERRED", name="uq_late"),
    )
    Table(
        "fresh",
        metadata,
        Column("id", Integer, Identity(), primary_key=True),
        Column("order_id", ForeignKey("orders.id"), index=True),
        Column("double", Integer, Computed("order_id * 2")),
    )
    return metadata


def test_every_transactional_step_takes_the_locks_it_declares(postgres_database: Database) -> None:
    """Nothing stronger, nothing weaker, on no other table; readers may be let in anywhere."""
    with postgres_database.connect() as connection:
        connection.execute(BEFORE)
    planned = plan(postgres_database, models())
    assert not planned.refusals
    existing = {"User", "orders"}
    for step in planned.steps:
        assert needed(postgres_database, step), step.id
        assert not stands_in_the_way(postgres_database, step), step.id
        if not step.transactional:
            run(postgres_database, step)
        else:
            taken = {
                name: lock
                for name, lock in locks_taken(postgres_database, step).items()
                if lock > Lock.ACCESS_SHARE and name.name in existing
            }
            declared = {
                locked.relation: locked.lock
                for locked in step.locks
                if locked.relation is not None and locked.relation.name in existing
            }
            assert taken == declared, step.id
        assert not needed(postgres_database, step), f"{step.id} is done, and its probe says otherwise"
    report = apply(postgres_database, models())
    assert report.satisfied, report.findings
    assert not report.results
