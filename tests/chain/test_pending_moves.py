"""Pending revisions that bring rows in other ways than by one rename: nothing empty is made in their place."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.chain.stage import Stage

RUNS = """
from sqlalchemy import Enum, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class Run(Base):
    __tablename__ = "runs"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(String(80))
"""
JOB_TOO = """
class Job(Base):
    __tablename__ = "job"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(String(80))
"""
STATE = """    state: Mapped[str] = mapped_column(Enum("new", "done", name="state"), server_default="new")
"""
TABLE = 'op.create_table("{}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(80)))'
JOB, MADE = TABLE.format("job"), TABLE.format("runs")


def waiting(stage: Stage, pending: Sequence[str], models: str = RUNS, first: str = JOB) -> Stage:
    """The first revision ran, and `job` has a row; the pending ones are a2, a3, .."""
    stage.plain(models)
    stage.revision("a1", None, first)
    stage.run_module("alembic", ["upgrade", "head"])
    stage.sql("INSERT INTO job (id, name) VALUES (1, 'kept')")
    for number, body in enumerate(pending, start=2):
        stage.revision(f"a{number}", f"a{number - 1}", body)
    return stage


def brought(stage: Stage) -> None:
    """`deploy` brings the rows, also where the chain is to be proved, and then nothing is left to do."""
    deploy = stage.deploy("--repair-chain")
    assert deploy.code == 0, deploy.out + deploy.err
    assert stage.sql("SELECT id, name FROM runs") == [(1, "kept")]
    assert stage.guard("apply").code == 0


def test_a_table_that_a_later_revision_fills(stage: Stage) -> None:
    """Made in one revision, filled in the next: an empty one is not made before its rows can come."""
    copy = 'op.execute("INSERT INTO runs SELECT id, name FROM job")'
    waiting(stage, [MADE, copy, 'op.drop_table("job")'])
    applied = stage.guard("apply")
    assert (applied.code, "a2 makes runs, a3 changes rows" in applied.out) == (1, True), applied.out
    brought(stage)


def test_a_select_into(on_postgres: Stage) -> None:
    stage = waiting(on_postgres, ['op.execute("SELECT * INTO runs FROM job; ALTER TABLE runs ADD PRIMARY KEY (id)")'])
    applied = stage.guard("apply")
    assert (applied.code, "a2 makes runs and changes rows" in applied.out) == (1, True), applied.out
    brought(stage)


@pytest.mark.parametrize(
    "pending",
    [
        'op.rename_table("job", "x")\nop.rename_table("runs", "job")\nop.rename_table("x", "runs")',
        'op.drop_table("runs")\nop.rename_table("job", "runs")\n' + JOB,
    ],
    ids=["exchanged", "dropped"],
)
def test_a_name_that_is_free_when_its_turn_comes(stage: Stage, pending: str) -> None:
    """Both names are there, and a revision exchanges them: it runs."""
    waiting(stage, [pending], RUNS + JOB_TOO, f"{JOB}\n{MADE}")
    brought(stage)


COPY = 'op.execute("INSERT INTO {} (id, name) SELECT id, name FROM job")'
DROP = 'op.drop_table("job")'
COPIED = {
    "one revision": [f"{MADE}\n{COPY.format('runs')}\n{DROP}"],
    "three revisions": [MADE, COPY.format("runs"), DROP],
    "another name": [
        f"{TABLE.format('runs_new')}\n{COPY.format('runs_new')}\n{DROP}\nop.rename_table('runs_new', 'runs')"
    ],
    "another name, three revisions": [
        TABLE.format("interim"),
        COPY.format("interim") + "\n" + DROP,
        "op.execute('ALTER TABLE interim RENAME TO runs')",
    ],
    "from a module": ["import moving"],
}


@pytest.mark.parametrize("stamp", ["true", "lost"])
@pytest.mark.parametrize("how", COPIED)
def test_a_copy_that_takes_the_place_of_its_source(stage: Stage, how: str, stamp: str) -> None:
    """No empty table is made in its place, whether alembic_version says that it is still to run or says nothing."""
    waiting(stage, COPIED[how])
    stage.write("moving.py", "from alembic import op\nop.rename_table('job', 'runs')\n")
    if stamp == "lost":
        stage.sql("DELETE FROM alembic_version")
    applied = stage.guard("apply")
    assert (applied.code, "first" in applied.out) == (1, True), applied.out
    brought(stage)


@pytest.mark.parametrize("stamp", ["true", "lost"])
def test_a_column_that_is_made_under_another_name(on_postgres: Stage, stamp: str) -> None:
    """`label` is made as label_new and filled from `title`, which is dropped."""
    pending = (
        'op.add_column("runs", sa.Column("name_new", sa.String(80)))\n'
        'op.execute("UPDATE runs SET name_new = title")\n'
        'op.drop_column("runs", "title")\n'
        'op.alter_column("runs", "name_new", new_column_name="name")'
    )
    stage = waiting(on_postgres, [pending], RUNS, JOB + "\n" + MADE.replace('"name"', '"title"'))
    stage.sql("INSERT INTO runs (id, title) VALUES (1, 'kept')")
    if stamp == "lost":
        stage.sql("DELETE FROM alembic_version")
    applied = stage.guard("apply")
    assert (applied.code, "a2 makes runs.name and changes rows" in applied.out) == (1, True), applied.out
    brought(stage)


def test_rows_of_its_own_bring_nothing(on_sqlite: Stage) -> None:
    """Without a stamp, what a revision makes with its first rows is made: no table that is there is named in it."""
    seed = f"{MADE}\nop.bulk_insert(sa.table('runs', sa.column('name')), [{{'name': 'first'}}])"
    stage = waiting(on_sqlite, [seed])
    stage.sql("DELETE FROM alembic_version")
    assert stage.guard("apply").code == 0
    assert stage.sql("SELECT * FROM runs") == []


@pytest.mark.parametrize("rows", [True, False], ids=["rows", "no rows"])
def test_a_rename_without_a_stamp(stage: Stage, rows: bool) -> None:
    """Nobody knows what ran, but what would be renamed is still there."""
    waiting(stage, ['op.rename_table("job", "runs")'])
    stage.sql("DELETE FROM alembic_version" if rows else "DROP TABLE alembic_version")
    if not rows:
        stage.sql("DELETE FROM job")
    applied = stage.guard("apply")
    assert (applied.code, "a2 renames job to runs" in applied.out) == (1, True), applied.out
    assert "schema-guard deploy shop:Base --repair-chain first" in applied.out
    assert stage.deploy("--repair-chain").code == 0
    assert stage.stamped() == ["a2"]
    assert len(stage.sql("SELECT id FROM runs")) == rows


def test_a_renamed_value_of_an_enum(on_postgres: Stage) -> None:
    """A value of that name made first would make the rename fail."""
    state = (
        "op.execute(\"CREATE TYPE state AS ENUM ('fresh', 'done')\")\n"
        "op.execute(\"ALTER TABLE runs ADD state state NOT NULL DEFAULT 'fresh'\")"
    )
    stage = waiting(
        on_postgres,
        ["op.execute(\"ALTER TYPE state RENAME VALUE 'fresh' TO 'new'\")"],
        RUNS + STATE,
        f"{JOB}\n{MADE}\n{state}",
    )
    stage.sql("INSERT INTO runs (id, name) VALUES (1, 'kept')")
    applied = stage.guard("apply")
    assert (applied.code, "a2 renames state.fresh to state.new" in applied.out) == (1, True), applied.out
    brought(stage)


def test_a_table_that_comes_from_another_schema(on_postgres: Stage) -> None:
    moved = "op.execute('CREATE SCHEMA archive; ALTER TABLE runs SET SCHEMA archive')"
    stage = waiting(
        on_postgres, ['op.execute("ALTER TABLE archive.runs SET SCHEMA public")'], RUNS, f"{JOB}\n{MADE}\n{moved}"
    )
    stage.sql("INSERT INTO archive.runs VALUES (1, 'kept')")
    applied = stage.guard("apply")
    assert (applied.code, "a2 renames archive.runs to runs" in applied.out) == (1, True), applied.out
    brought(stage)


@pytest.mark.parametrize("file", ["def x(:", "import nothing_of_that_name\nrevision = name()"])
def test_a_file_that_cannot_be_read_does_not_hide_the_others(on_sqlite: Stage, file: str) -> None:
    """Alembic refuses the whole folder; `apply` knows the rename all the same, and takes no release for a newer one."""
    stage = waiting(on_sqlite, ['op.rename_table("job", "runs")'])
    path = stage.write("migrations/versions/broken.py", file)
    stage.sql("DELETE FROM job")
    applied = stage.guard("apply")
    assert (applied.code, "a2 renames job to runs" in applied.out) == (1, True), applied.out
    stage.stamp_blindly("b9")
    applied = stage.guard("apply")
    assert (applied.code, "a newer release" in applied.out) == (1, False), applied.out
    assert stage.sql("SELECT name FROM sqlite_master WHERE name = 'runs'") == []
    path.unlink()
    assert "a newer release was here" in stage.guard("apply").out
