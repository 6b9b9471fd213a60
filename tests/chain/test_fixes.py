"""What a fix names works when it is followed to the letter."""

from __future__ import annotations

import os
import py_compile
import subprocess
from pathlib import Path

import pytest

from tests.chain.stage import MODELS, PROPOSALS, USERS, Stage
from tests.warm.programs import REAL

USERS_BY_HAND = "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY)"
GUARDED = """with guarded(op) as guarded_op:
    guarded_op.add_column("proposals", sa.Column("visitor", sa.String(64)))
    guarded_op.create_index("ix_proposals_visitor", "proposals", ["visitor"])"""
IMPORT = "from schema_guard.alembic import guarded"


def half_made(stage: Stage) -> None:
    """A database of no revision: the second table is there, the first is not."""
    stage.plain().chain()
    stage.sql("CREATE TABLE proposals (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL)")


def test_a_stamp_that_would_be_refused_is_not_named(on_sqlite: Stage) -> None:
    """With a replay the doctor knows: apply first, then the deploy that proves."""
    stage = on_sqlite
    half_made(stage)
    fault = stage.doctor("--replay").faults["unstamped"]
    assert fault["fix"]["command"] == "schema-guard apply shop:Base && schema-guard deploy shop:Base --repair-chain"
    stage.fix(fault)
    assert stage.doctor("--replay").code == 0
    assert stage.stamped() == ["r3"]


def test_a_refused_stamp_says_what_works(on_sqlite: Stage) -> None:
    """Without a replay the doctor names the stamp, and the stamp what comes then; so does the deploy."""
    stage = on_sqlite
    half_made(stage)
    fix = stage.doctor().faults["unstamped"]["fix"]
    assert fix["command"] == "schema-guard stamp shop:Base"
    assert "schema-guard apply shop:Base, then" in fix["text"]
    assert "fix schema-guard apply shop:Base, then" in stage.deploy("--repair-chain").out
    refused = stage.guard("stamp", "--format", "json").document
    assert not refused["written"]
    stage.fix(refused)
    assert stage.stamped() == ["r3"]


def test_what_apply_does_not_make_is_for_a_person(on_sqlite: Stage) -> None:
    """The chain makes an index that the models don't have: apply would change nothing, so it is not named."""
    stage = on_sqlite.plain().chain()
    stage.revision("r4", "r3", 'op.create_index("by_name", "proposals", ["name"])\nop.drop_table("users")')
    stage.write("shop.py", MODELS.replace("class User(Base)", "class User(Base if False else object)"))
    assert stage.guard("apply").code == 0
    fix = stage.guard("stamp", "--format", "json").document["fix"]
    assert fix["command"] is None
    assert "by hand" in fix["text"]
    assert fix["text"].endswith("python -m alembic stamp --purge r4")


@pytest.mark.parametrize("found", [True, False], ids=["prepend_sys_path", "no setting"])
def test_alembic_s_own_command_works_when_pasted(
    on_sqlite: Stage, monkeypatch: pytest.MonkeyPatch, found: bool
) -> None:
    """It finds the application that env.py imports, and the database that was named."""
    stage = on_sqlite.plain().chain()
    if found:
        stage.write("alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\nprepend_sys_path = .\n")
    stage.revision("r4", "r3", 'op.create_index("by_name", "proposals", ["name"])\nop.drop_table("users")')
    stage.write("shop.py", MODELS.replace("class User(Base)", "class User(Base if False else object)"))
    assert stage.guard("apply").code == 0
    monkeypatch.delenv("DATABASE_URL")
    text = stage.guard("stamp", "--format", "json", "--url", stage.url).document["fix"]["text"]
    _, _, command = text.partition("; or, if you know that it ran, ")
    program = "alembic" if found else "python -m alembic"
    assert command == f"DATABASE_URL={stage.url} {program} stamp --purge r4"
    path = f"{Path(REAL).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, shell=True, check=True, cwd=stage.directory, env={**os.environ, "PATH": path})
    assert stage.stamped() == ["r4"]


def test_a_chain_that_asks_first_needs_no_stamp(on_sqlite: Stage) -> None:
    """Each revision makes only what is missing: upgrade may begin at the first one."""
    stage = on_sqlite.plain()
    users, proposals = (text.rstrip().removesuffix(")") + ", if_not_exists=True)" for text in (USERS, PROPOSALS))
    stage.revision("r1", None, users)
    stage.revision("r2", "r1", proposals.replace(",\n, ", ",\n    "))
    stage.revision("r3", "r2", GUARDED, extra=IMPORT)
    stage.sql(
        "CREATE TABLE proposals (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL, visitor VARCHAR(64))"
    )
    found = stage.doctor()
    assert (found.code, found.faults["unstamped"]["severity"]) == (0, "note")
    stage.fix(found.faults["unstamped"])
    assert stage.doctor("--replay").code == 0
    assert stage.stamped() == ["r3"]


def test_a_guarded_revision_does_not_collide(stage: Stage) -> None:
    """It was stamped, and a guard made what the next revision makes: that one only looks."""
    stage.plain().chain()
    stage.revision("r3", "r2", GUARDED, extra=IMPORT)
    assert stage.deploy().code == 0
    stage.stamp_blindly("r2")
    stage.sql("DROP INDEX ix_proposals_visitor")
    found = stage.doctor("--replay")
    assert (found.code, found.faults["made-early"]["severity"]) == (0, "note")
    stage.fix(found.faults["made-early"])
    assert stage.stamped() == ["r3"]


def test_a_stamp_that_is_behind_what_a_later_revision_removed(on_sqlite: Stage) -> None:
    """r1 is not said to be edited because a later revision, which ran as well, took its column away."""
    stage = on_sqlite.plain()
    stage.revision("r1", None, USERS + '\nop.add_column("users", sa.Column("plan", sa.String(9)))')
    stage.revision("r2", "r1", PROPOSALS)
    stage.revision("r3", "r2", 'op.drop_column("users", "plan")')
    assert stage.deploy().code == 0
    stage.stamp_blindly("r1")
    faults = stage.doctor().faults
    assert "made-early" in faults
    assert "revision-edited" not in faults


def test_a_database_with_nothing_of_the_chain(on_sqlite: Stage) -> None:
    """Tables that the chain never made are no reason not to run it from its beginning."""
    stage = on_sqlite.plain()
    stage.revision("r1", None, PROPOSALS)
    stage.sql(USERS_BY_HAND)
    assert "unstamped" not in stage.doctor("--replay").faults
    deploy = stage.deploy()
    assert deploy.code == 0, deploy.out
    assert stage.stamped() == ["r1"]


def test_commands_name_the_configuration_and_suit_a_shell(on_sqlite: Stage) -> None:
    """What was typed is typed again, in quotes where a shell needs them."""
    stage = on_sqlite.plain().chain()
    stage.sql(USERS_BY_HAND)
    stage.write("shop.py", MODELS + "\ndef guard():\n    return Base.metadata\n")
    stage.target = "shop:guard()"
    fix = stage.doctor("--config", "alembic.ini").faults["unstamped"]["fix"]
    assert fix["command"] == "schema-guard stamp 'shop:guard()' --config alembic.ini"


def test_revisions_without_their_source(on_sqlite: Stage) -> None:
    """`sourceless = true`: Alembic runs what is compiled, and a deploy that saw no revision would pass over it."""
    stage = on_sqlite.plain().chain()
    stage.write("alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\nsourceless = true\n")
    path = stage.directory / "migrations" / "versions" / "r2.py"
    py_compile.compile(str(path), cfile=str(path.with_suffix(".pyc")))
    path.unlink()
    assert "r2.pyc is compiled" in stage.doctor().faults["revision-unreadable"]["message"]
    assert stage.deploy().code == 1


def test_an_env_that_fails_is_one_fault(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain(env="import sys\nsys.exit('no')\n").chain()
    found = stage.doctor("--replay").document["faults"]
    assert [fault["code"] for fault in found] == ["env-fails"]
