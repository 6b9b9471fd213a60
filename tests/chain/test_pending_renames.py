"""Renames that are still to run: the guard makes nothing in their place, and what was made is got rid of again."""

from __future__ import annotations

import pytest

from tests.chain.stage import Stage

MODELS = """
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class Run(Base):
    __tablename__ = "runs"
    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str | None] = mapped_column(String(80), index=True)

class Part(Base):
    __tablename__ = "parts"
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
"""
JOB = """op.create_table(
    "job", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(80))
)"""
PARTS = """op.create_table(
    "parts", sa.Column("id", sa.Integer, primary_key=True), sa.Column("run_id", sa.Integer, sa.ForeignKey("runs.id"))
)"""
TABLE = {
    "op": 'op.rename_table("job", "runs")',
    "sql": 'op.execute("alter table job rename to runs")',
    "computed": "op.execute(f\"ALTER TABLE {'jo' + str('b')} RENAME TO runs\")",
}
COLUMN = {
    "op": 'op.alter_column("runs", "name", new_column_name="label")',
    "sql": 'op.execute("ALTER TABLE runs RENAME COLUMN name TO label")',
    "batch": 'with op.batch_alter_table("runs") as batch_op:\n'
    '    batch_op.alter_column("name", new_column_name="label")',
}
INDEX = 'op.create_index("ix_runs_label", "runs", ["label"])'


def project(stage: Stage, rename: str, column: str = COLUMN["sql"]) -> Stage:
    """a1 makes job, b2 renames it, c3 renames its column; the database is at a1 and has a row."""
    stage.plain(MODELS)
    stage.revision("a1", None, JOB)
    stage.run_module("alembic", ["upgrade", "head"])
    stage.sql("INSERT INTO job (id, name) VALUES (1, 'kept')")
    stage.revision("b2", "a1", rename)
    stage.revision("c3", "b2", f"{column}\n{INDEX}")
    stage.revision("d4", "c3", PARTS)
    return stage


def arrived(stage: Stage) -> None:
    assert stage.stamped() == ["d4"]
    assert stage.sql("SELECT id, label FROM runs") == [(1, "kept")]
    assert stage.guard("check").code == 0


@pytest.mark.parametrize("how", TABLE)
def test_apply_makes_no_table_in_place_of_a_rename(stage: Stage, how: str) -> None:
    """It says which revision to run first; what else is missing and does not hang on it is made."""
    project(stage, TABLE[how])
    applied = stage.guard("apply")
    assert applied.code == 1
    assert "schema-guard deploy shop:Base first" in applied.out
    assert ("not provable" if how == "computed" else "b2 renames job to runs") in applied.out
    with pytest.raises(Exception, match="runs"):
        stage.sql("SELECT 1 FROM runs")
    deploy = stage.deploy("--repair-chain")
    assert deploy.code == 0, deploy.out + deploy.err
    arrived(stage)


@pytest.mark.parametrize("how", COLUMN)
def test_apply_makes_no_column_in_place_of_a_rename(stage: Stage, how: str) -> None:
    project(stage, TABLE["op"], COLUMN[how])
    stage.run_module("alembic", ["upgrade", "b2"])
    applied = stage.guard("apply")
    assert (applied.code, "c3 renames runs.name to runs.label" in applied.out) == (1, True), applied.out
    assert stage.sql("SELECT * FROM runs") == [(1, "kept")]
    assert stage.sql("SELECT * FROM parts") == [], "what nothing renames is made"
    stage.sql("DROP TABLE parts")
    assert stage.deploy().code == 0
    arrived(stage)


@pytest.mark.parametrize("how", ["op", "sql"])
def test_an_empty_table_that_was_made_early(stage: Stage, how: str) -> None:
    """Something that knew no chain made `runs`: nothing is proved past it, and the way out that is printed works."""
    project(stage, TABLE[how])
    (stage.directory / "alembic.ini").rename(stage.directory / "kept.ini")
    assert stage.guard("apply").code == 0
    (stage.directory / "kept.ini").rename(stage.directory / "alembic.ini")
    for arguments in ((), ("--repair-chain",)):
        deploy = stage.deploy(*arguments)
        assert (deploy.code, "b2 is still to run and renames job to runs" in deploy.out) == (1, True), deploy.out
    assert stage.stamped() == ["a1"]
    assert stage.guard("stamp").code == 1
    fault = stage.doctor().faults["made-early"]
    stage.sql(*fault["fix"]["sql"].split(";\n"))
    deploy = stage.deploy("--repair-chain")
    if deploy.code:  # `parts` was made early, too, which a later revision makes
        assert "parts" in deploy.out
        stage.sql("DROP TABLE parts")
        assert stage.deploy().code == 0
    arrived(stage)


@pytest.mark.parametrize("how", ["op", "sql"])
def test_an_empty_column_that_was_made_early(stage: Stage, how: str) -> None:
    project(stage, TABLE["op"], COLUMN[how])
    stage.run_module("alembic", ["upgrade", "b2"])
    stage.sql("ALTER TABLE runs ADD COLUMN label VARCHAR(80)", "CREATE INDEX ix_runs_label ON runs (label)")
    refused = stage.deploy("--repair-chain")
    assert (refused.code, "runs.label holds no values" in refused.out) == (1, True), refused.out
    fault = stage.doctor().faults["made-early"]
    stage.sql(*fault["fix"]["sql"].split(";\n"))
    stage.shell(fault["fix"]["command"])
    arrived(stage)


def test_a_table_made_early_that_has_rows_by_now(on_sqlite: Stage) -> None:
    """Then no statement is offered: a person has to bring them together."""
    stage = project(on_sqlite, TABLE["op"])
    stage.sql("CREATE TABLE runs (id INTEGER PRIMARY KEY, label VARCHAR(80))", "INSERT INTO runs VALUES (5, 'new')")
    fault = stage.doctor().faults["made-early"]
    assert (fault["fix"]["sql"], "a person has to" in fault["fix"]["text"]) == (None, True)
    assert stage.deploy("--repair-chain").code == 1
    assert stage.sql("SELECT id FROM job") == [(1,)]


def test_without_a_stamp_a_leftover_with_rows_proves_the_opposite(stage: Stage) -> None:
    project(stage, TABLE["op"])
    stage.sql("DELETE FROM alembic_version", "CREATE TABLE runs (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80))")
    refused = stage.guard("stamp", "--format", "json")
    assert refused.code == 1
    assert stage.stamped() == []
    stage.sql("DROP TABLE runs")
    assert stage.deploy("--repair-chain").code == 0
    arrived(stage)
