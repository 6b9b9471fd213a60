"""What a batch migration of Alembic's leaves behind when it dies, wherever it dies."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import event

from schema_guard.chain.fault import Fault
from schema_guard.chain.faults.batch_leftovers import batch_leftovers
from schema_guard.chain.live import open_live
from schema_guard.guard import Guard
from tests.chain.stage import PROPOSALS, USERS, Stage

MODELS = sa.MetaData()
sa.Table(
    "x", MODELS, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.String), sa.Column("b", sa.String)
)
sa.Table("y", MODELS, sa.Column("id", sa.Integer, primary_key=True), sa.Column("x_id", sa.ForeignKey("x.id")))


class DiedError(Exception):
    pass


def died(path: Path, before: str) -> None:
    """The migration that adds column b, until a statement that begins so; each statement counts at once."""
    run(path, "CREATE TABLE x (id INTEGER PRIMARY KEY, a VARCHAR); INSERT INTO x VALUES (1, 'one'), (2, 'two')")
    engine = sa.create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT")

    dead: list[str] = []  # from then on it cannot clear up either

    def listen(_: object, __: object, statement: str, *___: object) -> None:
        if dead or (before and statement.strip().startswith(before)):
            dead.append(statement)
            raise DiedError

    event.listen(engine, "before_cursor_execute", listen)
    with suppress(DiedError), engine.connect() as connection:
        migrate(connection)
    engine.dispose()


def migrate(connection: sa.Connection) -> None:
    with Operations(MigrationContext.configure(connection)).batch_alter_table("x", recreate="always") as batch:
        batch.add_column(sa.Column("b", sa.String))


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def run(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(sql)
    connection.close()


def faults(path: Path) -> list[Fault]:
    with open_live(sa.make_url(f"sqlite:///{path}")) as live:
        return list(batch_leftovers(live))


def fix(fault: Fault) -> str:
    assert fault.fix is not None
    return fault.fix.sql


@pytest.mark.parametrize("before", ["INSERT INTO", "DROP TABLE"])
def test_the_copy_is_dropped_where_each_of_its_rows_is_in_the_table(tmp_path: Path, before: str) -> None:
    path = tmp_path / "x.db"
    died(path, before)
    assert len(rows(path, "SELECT * FROM _alembic_tmp_x")) == (0 if before == "INSERT INTO" else 2)
    (found,) = faults(path)
    assert fix(found) == 'DROP TABLE "_alembic_tmp_x"'
    run(path, fix(found))
    assert faults(path) == []
    assert rows(path, "SELECT * FROM x") == [(1, "one"), (2, "two")]


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO _alembic_tmp_x (id, a) VALUES (3, 'three')",
        "INSERT INTO _alembic_tmp_x (id, a) VALUES (1, 'uno')",
        "INSERT INTO _alembic_tmp_x (id, a) SELECT id, a FROM x; DELETE FROM x",
        "CREATE TABLE rest AS SELECT 1 AS b; DROP TABLE _alembic_tmp_x; ALTER TABLE rest RENAME TO _alembic_tmp_x",
    ],
)
def test_a_row_that_is_only_there_is_never_dropped(tmp_path: Path, change: str) -> None:
    path = tmp_path / "x.db"
    died(path, "INSERT INTO")
    run(path, change)
    (found,) = faults(path)
    assert "not in x" in found.message
    assert fix(found).startswith("SELECT ")
    assert rows(path, fix(found)) != []


@pytest.mark.parametrize("other", ["", "DROP TABLE IF EXISTS y; ALTER TABLE _alembic_tmp_x RENAME COLUMN a TO before"])
def test_rows_that_are_only_in_the_copy_get_their_name_back(tmp_path: Path, other: str) -> None:
    """Whether or not the copy looks like the table, and whatever is accepted."""
    path = tmp_path / "x.db"
    died(path, "ALTER TABLE")
    run(path, other)
    assert rows(path, "SELECT id FROM _alembic_tmp_x") == [(1,), (2,)]
    url = f"sqlite:///{path}"
    for accept in ([], ["rename-suspected x"]):
        report = Guard(MODELS, accept=accept).apply(url)
        advice = {finding.refusal.advice for finding in report.findings if finding.refusal is not None}
        assert ("ALTER TABLE _alembic_tmp_x RENAME TO x;",) in advice or accept
        assert rows(path, "SELECT name FROM sqlite_master WHERE name = 'x'") == []
    (found,) = faults(path)
    run(path, fix(found))
    assert rows(path, "SELECT id FROM x") == [(1,), (2,)]
    assert faults(path) == []


def test_a_migration_that_ended_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    died(path, "")
    assert faults(path) == []


MODELS_OF_USERS = """
import sqlalchemy as sa
class Base:
    metadata = sa.MetaData()
sa.Table("users", Base.metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("plan", sa.String(9)))
"""


@pytest.mark.parametrize("rows", ["INSERT INTO users VALUES (7)", "SELECT 1"])
def test_no_revision_runs_again_beside_rows_that_only_the_copy_has(on_sqlite: Stage, rows: str) -> None:
    """The stamp is right, and what it names is there under another name."""
    stage = on_sqlite.plain(MODELS_OF_USERS)
    stage.revision("r1", None, USERS)
    stage.run_module("alembic", ["upgrade", "head"])
    stage.sql(rows, "ALTER TABLE users RENAME TO _alembic_tmp_users")
    stage.revision("r2", "r1", 'op.add_column("users", sa.Column("plan", sa.String(9)))')
    for arguments in ((), ("--repair-chain",)):
        deploy = stage.deploy("--format", "json", *arguments)
        assert (deploy.code, stage.stamped()) == (1, ["r1"])
        sql = deploy.faults["leftover-batch-table"]["fix"]["sql"]
        assert sql == 'ALTER TABLE "_alembic_tmp_users" RENAME TO "users";'
    stage.sql(sql)
    assert (stage.deploy().code, stage.stamped()) == (0, ["r2"])
    assert stage.sql("SELECT id FROM users") == ([(7,)] if "INSERT" in rows else [])


def test_a_copy_of_another_application_stops_nobody(on_sqlite: Stage) -> None:
    """Nor that of a table that a revision took away."""
    stage = on_sqlite.plain().chain()
    stage.revision("r4", "r3", 'op.create_table("old", sa.Column("id", sa.Integer))\nop.drop_table("old")')
    stage.sql("CREATE TABLE _alembic_tmp_theirs (id INTEGER)", "CREATE TABLE _alembic_tmp_old (id INTEGER)")
    assert (stage.deploy().code, stage.stamped()) == (0, ["r4"])


def test_a_deploy_that_fails_at_it_says_how_it_ends(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain()
    stage.revision("r1", None, f"{USERS}\n{PROPOSALS}")
    stage.run_module("alembic", ["upgrade", "r1"])
    added = "batch.add_column(sa.Column('visitor', sa.String(64)))"
    indexed = "batch.create_index('ix_proposals_visitor', ['visitor'])"
    stage.revision(
        "r2", "r1", f"with op.batch_alter_table('proposals', recreate='always') as batch:\n    {added}\n    {indexed}"
    )
    stage.sql("CREATE TABLE _alembic_tmp_proposals (id INTEGER NOT NULL)")
    ran = stage.deploy()
    assert (ran.code, stage.stamped()) == (5, ["r1"]), ran.out + ran.err
    assert 'fix DROP TABLE "_alembic_tmp_proposals"' in ran.out
    stage.sql('DROP TABLE "_alembic_tmp_proposals"')
    assert stage.deploy().code == 0
