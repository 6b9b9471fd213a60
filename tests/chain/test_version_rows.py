"""A row of alembic_version that means a known revision and is written otherwise is no newer release."""

from __future__ import annotations

from contextlib import closing

import pytest

from schema_guard.chain.ahead import version_rows
from schema_guard.dialects import open_session
from tests.chain.stage import ENV, PROPOSALS, USERS, VISITOR, Stage

FIRST, SECOND, THIRD = "1000000a", "2000000b", "30000000"
TABLE = "CREATE TABLE alembic_version (version_num {} NOT NULL)"
TEXT, NUMBER = "VARCHAR(32)", "INTEGER"
ROWS = {
    "case": (TEXT, SECOND.upper()),
    "beginning": (TEXT, "2000"),
    "head": (TEXT, "head"),
    "number": (NUMBER, THIRD),
}


def written(stage: Stage, rows: str) -> Stage:
    """At the second revision, or for numbers at the third: an id of digits alone; and so stamped."""
    type_, row = ROWS[rows]
    stage.plain()
    stage.revision(FIRST, None, USERS)
    stage.revision(SECOND, FIRST, PROPOSALS)
    stage.revision(THIRD, SECOND, VISITOR)
    at = THIRD if row == THIRD else SECOND
    stage.run_module("alembic", ["upgrade", at])
    stage.sql("DROP TABLE alembic_version", TABLE.format(type_), f"INSERT INTO alembic_version VALUES ('{row}')")
    return stage


@pytest.mark.parametrize("rows", ROWS)
def test_a_deploy_stops_and_its_fix_works(stage: Stage, rows: str) -> None:
    written(stage, rows)
    deploy = stage.deploy("--format", "json")
    assert (deploy.code, deploy.document["ran"]) == (1, []), deploy.out
    stage.fix(deploy.faults["strange-rows"])
    assert stage.deploy("--repair-chain").code == 0
    assert stage.stamped() == [THIRD]


@pytest.mark.parametrize("rows", ROWS)
def test_a_repair_writes_it_right_unless_the_column_cannot_hold_it(stage: Stage, rows: str) -> None:
    written(stage, rows)
    repaired = stage.deploy("--repair-chain")
    if ROWS[rows][0] == NUMBER:
        assert (repaired.code, "type integer" in repaired.out.lower()) == (1, True), repaired.out
        assert stage.guard("stamp").code == 1
    else:
        assert repaired.code == 0, repaired.out + repaired.err
        assert stage.stamped() == [THIRD]


def test_a_number_that_no_file_has(stage: Stage) -> None:
    """No release can go on from there, so that it is not left to a newer one."""
    written(stage, "number")
    stage.sql("UPDATE alembic_version SET version_num = 99")
    assert stage.deploy().code == 1


@pytest.mark.parametrize("rows", ["case", "beginning"])
def test_apply_leaves_its_renames_to_the_chain(stage: Stage, rows: str) -> None:
    written(stage, rows)
    stage.revision(THIRD, SECOND, 'op.alter_column("proposals", "title", new_column_name="visitor")')
    stage.sql("ALTER TABLE proposals ADD COLUMN title VARCHAR(64)")
    applied = stage.guard("apply")
    assert (applied.code, f"{THIRD} renames proposals.title to proposals.visitor" in applied.out) == (1, True)


def test_two_that_begin_alike_are_no_one(on_sqlite: Stage) -> None:
    """Alembic does not find it either."""
    stage = written(on_sqlite, "beginning")
    stage.revision("2000000c", THIRD)
    assert "unknown-revision" in stage.doctor().faults


def test_another_application_that_uses_the_same_version_table(stage: Stage) -> None:
    """Nothing of this chain is there, so it may be: what the doctor says keeps the two apart."""
    stage.sql("CREATE TABLE theirs (id INTEGER PRIMARY KEY)")
    stage.stamp_blindly("t9")
    stage.plain().chain()
    fault = stage.doctor().faults["unknown-revision"]
    assert "or another application uses this table for its own chain" in fault["message"]
    advice = fault["details"][-1]
    setting = advice.partition("another application's: ")[2].partition(" in ")[0].replace("NAME", "shop")
    stage.write("migrations/env.py", ENV.replace("context.configure(", f"context.configure({setting}, "))
    assert stage.deploy().code == 0
    assert stage.stamped() == ["t9"]
    assert stage.sql("SELECT version_num FROM alembic_version_shop") == [("r3",)]
    assert stage.doctor().faults == {}


def test_a_schema_that_env_py_sets_for_postgresql_alone(on_sqlite: Stage) -> None:
    """SQLite has no schemas of that name, and its version table is read without one."""
    stage = on_sqlite.plain().chain()
    stage.stamp_blindly("r2")
    with closing(open_session(stage.url)) as session:
        assert version_rows(session, "alembic_version", "app") == ("r2",)


def test_env_py_names_another_table_than_before(stage: Stage) -> None:
    """A change of rows is between, so that no replay proves where the database is; the former table says it."""
    stage.plain()
    stage.revision("r1", None, f"{USERS}\n{PROPOSALS}")
    stage.revision("r2", "r1", 'op.execute("INSERT INTO users (id) SELECT coalesce(max(id), 0) + 1 FROM users")')
    stage.revision("r3", "r2", VISITOR)
    stage.run_module("alembic", ["upgrade", "r2"])
    stage.write("migrations/env.py", ENV.replace("render_as_batch=True", "version_table='shop_version'"))
    ran = stage.deploy()
    assert (ran.code, "there is no shop_version, and alembic_version names r2" in ran.out) == (1, True), ran.out
    fault = stage.doctor().faults["unstamped"]
    assert fault["fix"]["command"] in ran.out
    stage.fix(fault)
    assert stage.deploy().code == 0
    assert stage.sql("SELECT count(*) FROM users") == [(1,)]
    assert stage.sql("SELECT version_num FROM shop_version") == [("r3",)]
