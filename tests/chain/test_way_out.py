"""An apply that knew no chain made the target of a rename, and more: one fix takes all of it away, and it works."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chain.stage import Stage

HEAD = """
import enum
from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, Sequence, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class Mood(enum.Enum):
    good = 1

class Job(Base):
    __tablename__ = "jobs"
    id: Mapped[int] = mapped_column(primary_key=True)
    other: Mapped[str | None] = mapped_column(String(80))
    label: Mapped[str | None] = mapped_column(String(80))
"""
JOBS = """op.create_table(
    "jobs", sa.Column("id", sa.Integer, primary_key=True), sa.Column("other", sa.String(80)),
    sa.Column("name", sa.String(80))
)"""
DROP = 'ALTER TABLE "jobs" DROP COLUMN "label"'
RENAME = 'with op.batch_alter_table("jobs") as batch:\n    batch.alter_column("name", new_column_name="label")'

NOTES = """
class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
"""
MAKES_NOTES = 'op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True))'
TWO = """
class Alpha(Base):
    __tablename__ = "alpha"
    id: Mapped[int] = mapped_column(primary_key=True)

class Beta(Base):
    __tablename__ = "beta"
    id: Mapped[int] = mapped_column(primary_key=True)
    alpha_id: Mapped[int | None] = mapped_column(ForeignKey("alpha.id"))
"""
MAKES_TWO = """op.create_table("alpha", sa.Column("id", sa.Integer, primary_key=True))
op.create_table(
    "beta", sa.Column("id", sa.Integer, primary_key=True), sa.Column("alpha_id", sa.Integer, sa.ForeignKey("alpha.id"))
)"""
COLUMN = "    more: Mapped[str | None] = mapped_column(String(9))\n"
INDEX = '    __table_args__ = (Index("ix_other", "other"),)\n'
UNIQUE = '    __table_args__ = (UniqueConstraint("other", name="uq_other"),)\n'
MOOD = '    mood: Mapped[Mood | None] = mapped_column(Enum(Mood, name="mood"))\n'
CASES = {
    "table": (NOTES, MAKES_NOTES),
    "sql": (NOTES, 'op.execute("CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY)")'),
    "tables that refer to each other": (TWO, MAKES_TWO),
    "column": (COLUMN, 'op.add_column("jobs", sa.Column("more", sa.String(9)))'),
    "index": (INDEX, 'op.create_index("ix_other", "jobs", ["other"])'),
    "unique": (UNIQUE, 'op.execute("ALTER TABLE jobs ADD CONSTRAINT uq_other UNIQUE (other)")'),
    "type": (
        MOOD,
        'op.execute("CREATE TYPE mood AS ENUM (\'good\')")\nop.execute("ALTER TABLE jobs ADD COLUMN mood mood")',
    ),
}


def made_early(stage: Stage, models: str, *revisions: str) -> Stage:
    """At r1 with a row; then an apply that knew no chain."""
    stage.plain(HEAD + models)
    stage.revision("r1", None, JOBS)
    stage.run_module("alembic", ["upgrade", "head"])
    stage.sql("INSERT INTO jobs (id, name) VALUES (1, 'kept')")
    for at, revision in enumerate(revisions, 2):
        stage.revision(f"r{at}", f"r{at - 1}", revision)
    ini = stage.directory / "alembic.ini"
    ini.rename(stage.directory / "kept.ini")
    assert stage.guard("apply").code == 0
    (stage.directory / "kept.ini").rename(ini)
    return stage


def first(stage: Stage, *more: str) -> dict[str, Any]:
    found = [each for each in stage.doctor(*more).document["faults"] if each["code"] == "made-early"]
    return next(each for each in found if "renames" in each["message"])


def do(stage: Stage, fault: dict[str, Any]) -> None:
    """The statements and the command of a fix, to the letter."""
    stage.sql(*fault["fix"]["sql"].split(";\n"))
    stage.shell(fault["fix"]["command"])


def arrived(stage: Stage, last: str) -> None:
    assert stage.stamped() == [last]
    assert stage.sql("SELECT label FROM jobs") == [("kept",)]
    assert stage.guard("check").code == 0


@pytest.mark.parametrize(
    ("case", "order"), [("sql", "before"), ("column", "after"), *((case, "with") for case in CASES)]
)
def test_a_rename_and_what_else_was_made_early(stage: Stage, case: str, order: str) -> None:
    """Whether a revision before the rename makes it, the same one, or a later one."""
    models, makes = CASES[case]
    if stage.system == "sqlite" and case in ("unique", "type"):
        pytest.skip("SQLite has no such names")
    revisions = {"before": (makes, RENAME), "with": (f"{makes}\n{RENAME}",), "after": (RENAME, makes)}[order]
    made_early(stage, models, *revisions)
    assert stage.deploy().code == 1
    do(stage, first(stage))
    arrived(stage, f"r{len(revisions) + 1}")


@pytest.mark.parametrize("more", [(), ("--replay",)], ids=["files", "replay"])
def test_a_table_that_has_rows_by_now_is_taken_as_made(stage: Stage, more: tuple[str, ...]) -> None:
    """The revision before the rename makes it: what it makes stays, and a proved stamp takes that revision as run."""
    made_early(stage, NOTES, MAKES_NOTES, RENAME)
    stage.sql("INSERT INTO notes (id) VALUES (7)")
    fault = first(stage, *more)
    assert fault["fix"]["sql"].replace('"public".', "") == f"{DROP};"
    assert "--repair-chain" in fault["fix"]["command"]
    do(stage, fault)
    arrived(stage, "r3")
    assert stage.sql("SELECT id FROM notes") == [(7,)]


BY_HAND = {
    "with": ("r2.py", "ALTER TABLE jobs RENAME COLUMN name TO label"),
    "after": ("r2.py, r3.py", "ALTER TABLE jobs RENAME COLUMN name TO label"),
    "rows": ("r2.py", "UPDATE jobs SET other = name"),
}


@pytest.mark.parametrize("how", BY_HAND)
def test_what_has_rows_and_can_not_be_taken_as_made(stage: Stage, how: str) -> None:
    """A person has a part in it, so that nothing is offered for blind use; what is said works in that order."""
    rows = f'{MAKES_NOTES}\nop.execute("UPDATE jobs SET other = name")'
    revisions = {"with": (f"{MAKES_NOTES}\n{RENAME}",), "after": (RENAME, MAKES_NOTES), "rows": (rows, RENAME)}[how]
    made_early(stage, NOTES, *revisions)
    stage.sql("INSERT INTO notes (id) VALUES (7)")
    fix = first(stage)["fix"]
    assert (fix["sql"], fix["command"]) == (None, None)
    files, by_hand = BY_HAND[how]
    drop, todo, deploy = fix["text"].split("; then ")
    assert todo.startswith(f"do by hand what is still to do of {files}, because notes holds rows or is in use, and ")
    assert stage.deploy("--repair-chain").code == 1
    stage.sql(drop, by_hand)
    stage.shell(todo.partition(" and ")[2])
    stage.shell(deploy)
    arrived(stage, f"r{len(revisions) + 1}")
    assert stage.sql("SELECT id FROM notes") == [(7,)]


PLAN = 'op.add_column("jobs", sa.Column("more", sa.String(9)))'
BEFORE = {
    "a rename": RENAME,
    "a rename in the same revision": f"{RENAME}\n{PLAN}",
}


@pytest.mark.parametrize("before", BEFORE)
def test_what_is_early_behind_what_only_running_it_can_show(stage: Stage, before: str) -> None:
    """No stamp can be proved past that, and `apply` leaves it to the chain: what is empty goes away, and all runs."""
    stage.plain(HEAD + COLUMN)
    made_by_hand(stage)
    stage.revision("r2", "r1", BEFORE[before])
    if "same" not in before:
        stage.revision("r3", "r2", PLAN)
    ran = [stage.doctor(), stage.deploy("--format", "json")]
    ran += [stage.doctor("--replay"), stage.deploy("--repair-chain", "--format", "json")]
    for fix in (each.faults["made-early"]["fix"] for each in ran):
        assert fix["sql"].replace('"public".', "") == 'ALTER TABLE "jobs" DROP COLUMN "more";'
    stage.sql(fix["sql"])
    stage.shell(fix["command"])
    assert stage.guard("check").code == 0
    assert stage.sql("SELECT label FROM jobs") == [("kept",)]


@pytest.mark.parametrize("ran", [True, False])
def test_what_is_early_behind_a_change_of_rows_alone(stage: Stage, ran: bool) -> None:
    """The stamp was moved back, or a guard made it early: an empty column shows neither, and both cases are told."""
    stage.plain(HEAD.replace("label", "name") + COLUMN)
    if ran:
        stage.revision("r1", None, JOBS)
    else:
        made_by_hand(stage)
    stage.revision("r2", "r1", "op.execute(\"UPDATE jobs SET other = coalesce(other, '') || name\")")
    stage.revision("r3", "r2", PLAN)
    if ran:
        stage.run_module("alembic", ["upgrade", "r1"])
        stage.sql("INSERT INTO jobs (id, name) VALUES (7, 'kept')")
        stage.run_module("alembic", ["upgrade", "r3"])
        stage.stamp_blindly("r1")
    for each in (stage.doctor(), stage.deploy("--format", "json")):
        fix = each.faults["made-early"]["fix"]
        assert (fix["sql"], fix["command"]) == (None, None)
    if_ran, _, if_not = fix["text"].partition("; if it did not: ")
    if ran:
        stage.shell(if_ran.removeprefix("if r2 ran already (look at the rows that it changes): "))
    else:
        drop, _, deploy = if_not.partition("; then ")
        stage.sql(drop)
        stage.shell(deploy)
    assert (stage.stamped(), stage.guard("check").code) == (["r3"], 0)
    assert stage.sql("SELECT other FROM jobs") == [("kept",)]


def test_what_is_early_and_in_use_behind_a_rename(stage: Stage) -> None:
    """Nothing is dropped: a person does the rest and says so."""
    stage.plain(HEAD + COLUMN)
    made_by_hand(stage)
    stage.sql("UPDATE jobs SET more = 'mine'")
    stage.revision("r2", "r1", f"{RENAME}\n{PLAN}")
    text = stage.doctor().faults["made-early"]["fix"]["text"]
    assert text.startswith("do by hand what is still to do of r2.py, because jobs.more holds rows or is in use")
    stage.sql("ALTER TABLE jobs RENAME COLUMN name TO label")
    assert stage.guard("stamp", "--revision", "r2").code == 0
    assert stage.deploy().code == 0
    assert stage.sql("SELECT label, more FROM jobs") == [("kept", "mine")]


def made_by_hand(stage: Stage) -> None:
    """At r1, with a row and a column that a later revision makes."""
    stage.revision("r1", None, JOBS)
    stage.run_module("alembic", ["upgrade", "r1"])
    stage.sql("INSERT INTO jobs (id, name) VALUES (7, 'kept')", "ALTER TABLE jobs ADD COLUMN more VARCHAR(9)")
    if stage.system == "postgresql":
        stage.sql("SELECT setval('jobs_id_seq', 7)")


PLUG = """op.create_table("plug", sa.Column("id", sa.Integer, primary_key=True))
op.execute("UPDATE jobs SET other = 'paid'")"""
PLUG_CLASS = """
class Plug(Base):
    __tablename__ = "plug"
    id: Mapped[int] = mapped_column(primary_key=True)
"""
LABELS = 'op.add_column("jobs", sa.Column("label", sa.String(80)))'


def with_plug(stage: Stage, table: str = "alembic_version") -> None:
    """r1, then on two branches p1, which makes an empty table and changes other rows, and r2, which ran; they merge."""
    stage.plain(HEAD + PLUG_CLASS)
    env = stage.directory / "migrations/env.py"
    env.write_text(env.read_text().replace("render_as_batch=True", f"render_as_batch=True, version_table={table!r}"))
    stage.revision("r1", None, JOBS)
    stage.revision("p1", "r1", PLUG)
    stage.revision("r2", "r1", LABELS)
    stage.revision("m1", ("p1", "r2"))
    stage.run_module("alembic", ["upgrade", "r2"])
    stage.sql("INSERT INTO jobs (id, name) VALUES (1, 'kept')")


def said_of_plug(stage: Stage) -> str:
    (fault,) = (each for each in stage.doctor().document["faults"] if each["code"] == "made-early")
    assert fault["fix"]["sql"] is None or "sql" not in fault["fix"]
    return str(fault["fix"]["text"])


@pytest.mark.parametrize("table", ["alembic_version", "Shop moves"])
def test_a_revision_that_changes_other_rows_ran_and_its_stamp_was_lost(stage: Stage, table: str) -> None:
    """What it made is empty in either case, so both are said; the first one leaves the rows as they are."""
    with_plug(stage, table)
    stage.run_module("alembic", ["upgrade", "head"])
    stage.sql("UPDATE jobs SET other = 'refunded'", f"UPDATE \"{table}\" SET version_num = 'r2'")
    assert stage.deploy().code == 1
    ran, _, not_run = said_of_plug(stage).partition("; if it did not: ")
    assert ran.startswith("if p1 ran already (look at the rows that it changes): ")
    assert 'DROP TABLE "' in not_run
    stage.sql(ran.removeprefix("if p1 ran already (look at the rows that it changes): "))
    assert stage.deploy().code == 0
    assert stage.sql(f'SELECT version_num FROM "{table}"') == [("m1",)]
    assert stage.sql("SELECT other FROM jobs") == [("refunded",)]


def test_a_revision_that_changes_other_rows_did_not_run(stage: Stage) -> None:
    with_plug(stage)
    stage.sql("CREATE TABLE plug (id INTEGER NOT NULL PRIMARY KEY)")
    assert stage.deploy().code == 1
    _, _, not_run = said_of_plug(stage).partition("; if it did not: ")
    drop, _, deploy = not_run.partition("; then ")
    stage.sql(drop)
    stage.shell(deploy)
    assert stage.stamped() == ["m1"]
    assert stage.sql("SELECT other FROM jobs") == [("paid",)]


def test_the_same_in_one_line(stage: Stage) -> None:
    stage.plain(HEAD.replace("label", "more") + PLUG_CLASS)
    stage.revision("r1", None, JOBS)
    stage.revision("r2", "r1", PLUG)
    stage.run_module("alembic", ["upgrade", "head"])
    stage.sql("INSERT INTO jobs (id, other) VALUES (1, 'refunded')", "UPDATE alembic_version SET version_num = 'r1'")
    assert stage.deploy().code == 1
    ran, _, _ = said_of_plug(stage).partition("; if it did not: ")
    stage.shell(ran.removeprefix("if r2 ran already (look at the rows that it changes): "))
    assert stage.deploy().code == 0
    assert stage.stamped() == ["r2"]
    assert stage.sql("SELECT other FROM jobs") == [("refunded",)]
