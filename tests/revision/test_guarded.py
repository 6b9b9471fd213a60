"""`guarded` in a revision that somebody writes by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy.pool import StaticPool

from schema_guard.alembic import guarded
from schema_guard.dialects.postgresql.repair.naming import HELPER
from schema_guard.integrations import alembic as autogenerate
from tests.postgres.database import Database


@contextmanager
def migration(engine: sa.Engine) -> Iterator[Operations]:
    """As Alembic runs one revision."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"transaction_per_migration": True})
        with context.begin_transaction(_per_migration=True):
            yield Operations(context)


@pytest.fixture
def memory() -> Iterator[sa.Engine]:
    """A database that only one connection sees."""
    engine = sa.create_engine("sqlite://", poolclass=StaticPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT COLLATE NOCASE NOT NULL)"
        )
        connection.exec_driver_sql("INSERT INTO t VALUES (7, 'x')")
    yield engine
    engine.dispose()


def test_a_rebuild_in_memory_keeps_what_alembic_s_batch_loses(memory: sa.Engine) -> None:
    """The table's own text is edited: AUTOINCREMENT and NOCASE stay."""
    for _ in range(2):
        with migration(memory) as op, guarded(op) as guarded_op:
            guarded_op.alter_column("t", "name", existing_type=sa.Text(), nullable=True)
            guarded_op.create_check_constraint("named", "t", "name <> ''")
            guarded_op.add_column("t", sa.Column("other", sa.Integer(), server_default="3"))
    with memory.connect() as connection:
        text = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 't'").scalar_one()
        rows = connection.exec_driver_sql("SELECT * FROM t").all()
    assert "AUTOINCREMENT" in text
    assert "COLLATE NOCASE" in text
    assert text.count("CONSTRAINT named CHECK") == 1
    assert "NOT NULL" not in text
    assert [tuple(row) for row in rows] == [(7, "x", 3)]


def _drop_column(op: Operations) -> None:
    op.drop_column("t", "name")


def _drop_table(op: Operations) -> None:
    op.drop_table("t")


def _delete(op: Operations) -> None:
    op.execute("DELETE FROM t")


def _rename(op: Operations) -> None:
    op.alter_column("t", "name", new_column_name="other")


@pytest.mark.parametrize("destroy", [_drop_column, _drop_table, _delete, _rename])
def test_what_would_destroy_is_not_taken(memory: sa.Engine, destroy: Callable[[Operations], None]) -> None:
    with pytest.raises(CommandError, match="cannot be guarded"), migration(memory) as op, guarded(op) as guarded_op:
        destroy(guarded_op)


def test_a_table_that_is_not_there_is_said(memory: sa.Engine, caplog: pytest.LogCaptureFixture) -> None:
    """The other operations are done."""
    with migration(memory) as op, guarded(op) as guarded_op:
        guarded_op.add_column("missing", sa.Column("a", sa.Integer()))
        guarded_op.create_index("ix_name", "t", ["name"])
    assert "table missing does not exist" in caplog.text
    assert [index["name"] for index in sa.inspect(memory).get_indexes("t")] == ["ix_name"]


def test_a_lock_that_is_not_to_be_had_ends_the_upgrade(postgres_database: Database) -> None:
    """With one line that names who holds it; nothing was lost."""
    engine = sa.create_engine(postgres_database.url)
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE t (id integer PRIMARY KEY)")
    with postgres_database.connect(autocommit=False) as blocker:
        blocker.execute("SELECT * FROM t")
        pid = blocker.info.backend_pid
        with pytest.raises(CommandError, match=f"t.a: column missing.*{pid}"), migration(engine) as op:
            with guarded(op, budget=4, lock_timeout=0.2) as guarded_op:
                guarded_op.add_column("t", sa.Column("a", sa.Integer()))
    engine.dispose()


@pytest.mark.parametrize(
    ("name", "kind", "reflected", "kept"),
    [
        (f"{HELPER}1234", "check_constraint", True, False),
        (f"{HELPER}1234", "check_constraint", False, True),
        ("ck_own", "check_constraint", True, True),
        (None, "check_constraint", True, True),
        (f"{HELPER}1234", "table", True, True),
        ("schema_guard_history", "table", True, False),
    ],
)
def test_include_object_knows_only_the_guards_own_objects(name: Any, kind: str, reflected: bool, kept: bool) -> None:
    assert autogenerate.include_object(None, name, kind, reflected, None) is kept
    assert autogenerate.including(lambda *_: False)(None, name, kind, reflected, None) is False
    assert autogenerate.including(lambda *_: True)(None, name, kind, reflected, None) is kept
