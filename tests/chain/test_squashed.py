"""Squashed chains: one file in place of several, on databases that stand before, inside and at the end of what it
replaces. What is printed leads to the end, and no revision that is still there runs twice or is left out."""

from __future__ import annotations

import re

import pytest

from tests.chain.stage import PROPOSALS, USERS, VISITOR, Stage
from tests.chain.test_shapes import LEDGER, ledger, note

ALL = f"{USERS}\n{LEDGER}\n{PROPOSALS}\n{VISITOR}"


def migrated(stage: Stage, *at: str) -> Stage:
    """r1 to r4, of which all but the first note that they ran; the database has them up to `at`."""
    stage.plain()
    stage.revision("r1", None, f"{USERS}\n{LEDGER}")
    stage.revision("r2", "r1", f"{PROPOSALS}\n{note('r2')}")
    stage.revision("r3", "r2", f"{VISITOR}\n{note('r3')}")
    stage.revision("r4", "r3", note("r4"))
    stage.run_module("alembic", ["upgrade", *at])
    stage.sql("INSERT INTO users (id) VALUES (7)")
    return stage


def remove(stage: Stage, *ids: str) -> None:
    for id_ in ids:
        (stage.directory / "migrations/versions" / f"{id_}.py").unlink()


def ends(stage: Stage, head: str, *noted: str) -> None:
    """It is at its end, and another deploy changes nothing."""
    for _ in range(2):
        assert (stage.stamped(), ledger(stage)) == ([head], list(noted))
        assert stage.sql("SELECT id FROM users") == [(7,)]
        again = stage.deploy()
        assert (again.code, "newer release" in again.out) == (0, False), again.out


@pytest.mark.parametrize(
    "words",
    ['replaces = ["r1", "r2"]', "# squashed: r1, r2", '"""Squash of r1..r2"""', 'replaced = ("r1", "r2")'],
)
def test_the_beginning_is_replaced(stage: Stage, words: str) -> None:
    """At the end of what it replaces: the file is named that says so, and the command that is printed goes on."""
    migrated(stage, "r2")
    remove(stage, "r1", "r2")
    stage.revision("s1", None, f"{USERS}\n{LEDGER}\n{PROPOSALS}", extra=words)
    stage.revision("r3", "s1", f"{VISITOR}\n{note('r3')}")
    first = stage.deploy()
    assert (first.code, ledger(stage), stage.stamped()) == (1, ["r2"], ["r2"])
    assert re.search(r"s1 names r2 \(migrations/versions/s1.py:\d+\) and may replace it", first.out), first.out
    assert "s1 names r2" in stage.doctor().faults["unknown-revision"]["message"]
    stage.shell(re.findall(r"no newer release was here: (schema-guard .*)", first.out)[0])
    ends(stage, "r4", "r2", "r3", "r4")


def test_a_change_of_rows_behind_it_is_not_forgotten(stage: Stage) -> None:
    """The models are satisfied, so that it starts; yet it says where a revision may be waiting, and how it runs."""
    migrated(stage, "r3")
    remove(stage, "r1", "r2", "r3")
    stage.revision("s1", None, ALL, doc="Squash of r1, r2, r3")
    stage.revision("r4", "s1", note("r4"))
    for command in ("deploy", "apply"):
        first = stage.guard(command)
        assert (first.code, ledger(stage), stage.stamped()) == (0, ["r2", "r3"], ["r3"])
        assert "s1 names r3" in first.out
    stopped = stage.deploy("--repair-chain", "--lost", "r3")
    assert (stopped.code, ledger(stage), stage.stamped()) == (1, ["r2", "r3"], ["r3"])
    stage_commands = re.findall(r"where r4 did not run: (schema-guard [^;\n]*)", stopped.out)[0]
    for command in stage_commands.split(" && "):
        stage.shell(command)
    ends(stage, "r4", "r2", "r3", "r4")


@pytest.mark.parametrize("at", ["r1", "r2", "r3"])
def test_all_of_it_is_replaced(stage: Stage, at: str) -> None:
    """Inside of what it replaces: what is missing is made, and then it is proved; what is printed works to the end."""
    migrated(stage, at)
    noted = ledger(stage)
    remove(stage, "r1", "r2", "r3", "r4")
    stage.revision("s1", None, ALL, doc="Squash of everything")
    first = stage.deploy()
    assert (first.code, "may replace" in first.out) == (0 if at == "r3" else 1, False)
    stopped = stage.deploy("--repair-chain", "--lost", at)
    if stopped.code:
        assert stage.stamped() == [at]
        printed = re.findall(r"fix (schema-guard apply .*), then (schema-guard deploy [^;\n]*)", stopped.out)[-1]
        for command in printed:
            stage.shell(command)
    ends(stage, "s1", *noted)


@pytest.mark.parametrize("at", ["r1", "r2", "r3"])
def test_the_last_one_keeps_its_id(on_sqlite: Stage, at: str) -> None:
    """At its id all is well. Inside nobody knows whether r4 ran: both ways are printed."""
    stage = migrated(on_sqlite, at)
    noted = ledger(stage)
    remove(stage, "r1", "r2")
    stage.revision("r3", None, ALL)
    first = stage.deploy()
    if at == "r3":
        assert first.code == 0
        ends(stage, "r4", "r2", "r3", "r4")
        return
    assert (first.code, stage.stamped()) == (1, [at])
    assert stage.guard("apply", "--lost", at).code == 0
    stopped = stage.deploy("--repair-chain", "--lost", at)
    assert stopped.code == 1
    for command in re.findall(r"where r4 did not run: (schema-guard [^;\n]*)", stopped.out)[0].split(" && "):
        stage.shell(command)
    ends(stage, "r4", *noted, "r4")


@pytest.mark.parametrize("at", ["a1", "a2"])
def test_a_branch_is_replaced(stage: Stage, at: str) -> None:
    """The other branch's row stays what it is."""
    stage.plain()
    stage.revision("r1", None, f"{USERS}\n{LEDGER}")
    stage.revision("a1", "r1", PROPOSALS)
    stage.revision("a2", "a1", VISITOR)
    stage.revision("b1", "r1", f"op.add_column('users', sa.Column('plan', sa.String(9)))\n{note('b1')}")
    stage.run_module("alembic", ["upgrade", "b1"])
    stage.run_module("alembic", ["upgrade", at])
    stage.sql("INSERT INTO users (id) VALUES (7)")
    remove(stage, "a1", "a2")
    stage.revision("sa", "r1", f"{PROPOSALS}\n{VISITOR}", doc="a1 and a2 in one")
    stage.revision("m1", ("sa", "b1"), note("m1"))
    first = stage.deploy()
    assert (stage.stamped(), ledger(stage), "sa names" in first.out) == (sorted([at, "b1"]), ["b1"], True)
    stopped = stage.deploy("--repair-chain", "--lost", at)
    if stopped.code:
        assert (stage.stamped(), ledger(stage)) == (sorted([at, "b1"]), ["b1"])
        printed = re.findall(r"fix (schema-guard apply .*), then (schema-guard deploy [^;\n]*)", stopped.out)
        for command in printed[-1] if printed else ():
            ran = stage.guard(command.split()[1], *command.split()[3:])
            stopped = ran
        for command in re.findall(r"where m1 did not run: ([^;\n]*)", stopped.out)[:1]:
            for part in command.split(" && "):
                stage.shell(part)
    ends(stage, "m1", "b1", "m1")


def test_before_what_is_replaced(stage: Stage) -> None:
    migrated(stage, "r1")
    remove(stage, "r2", "r3")
    stage.revision("s2", "r1", f"{PROPOSALS}\n{VISITOR}\n{note('s2')}", doc="Squash of r2 and r3")
    stage.revision("r4", "s2", note("r4"))
    assert stage.deploy().code == 0
    ends(stage, "r4", "s2", "r4")
