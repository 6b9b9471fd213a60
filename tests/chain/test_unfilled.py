"""What a stamped revision makes and fills is not there: made again, it lacks what that revision wrote."""

from __future__ import annotations

import pytest

from tests.chain.stage import PROPOSALS, USERS, VISITOR, Stage

FIRST = "op.execute(\"INSERT INTO proposals (id, name) VALUES (1, 'first')\")"
BULK = 'op.bulk_insert(sa.table("proposals", sa.column("id"), sa.column("name")), [dict(id=1, name="first")])'
OTHERS = 'op.execute("INSERT INTO users (id) VALUES (1)")'


def branches(stage: Stage, rows: str) -> Stage:
    """Two branches and their merge; only that of the users ran, and a person stamped the merge."""
    stage.plain()
    stage.revision("r0", None, "pass")
    stage.revision("a1", "r0", f"{PROPOSALS}\n{VISITOR}\n{rows}")
    stage.revision("b1", "r0", USERS)
    stage.revision("m1", ("a1", "b1"), "pass")
    stage.run_module("alembic", ["upgrade", "b1"])
    stage.stamp_blindly("m1")
    return stage


@pytest.mark.parametrize("rows", [FIRST, BULK], ids=["INSERT", "bulk_insert"])
def test_a_branch_that_never_ran_below_a_stamped_merge(stage: Stage, rows: str) -> None:
    """The application starts on what deploy makes; that rows may be missing is said by doctor and by deploy."""
    branches(stage, rows)
    says = "a1 is stamped, makes proposals and changes its rows ("
    fault = stage.doctor().faults["state-differs"]
    assert (fault["message"].startswith(says), fault["severity"]) == (True, "risk")
    line = fault["fix"]["text"].partition("do by hand what ")[2].partition(" does")[0]
    file, _, number = line.rpartition(":")
    assert "INSERT" in stage.directory.joinpath(file).read_text().splitlines()[int(number) - 1].upper()
    deploy = stage.deploy()
    assert (deploy.code, f"not certain: {says}" in deploy.err, line in deploy.err) == (0, True, True), deploy.err
    assert (stage.stamped(), stage.sql("SELECT * FROM proposals")) == (["m1"], [])
    again = stage.deploy()
    assert (again.code, "not certain" in again.err) == (0, False), again.err


@pytest.mark.parametrize("gone", ["TABLE proposals", "COLUMN visitor"])
def test_what_a_person_dropped(stage: Stage, gone: str) -> None:
    """Whatever the cause: rows, or values of a column, that the revision wrote."""
    stage.plain()
    stage.revision("r1", None, f"{USERS}\n{PROPOSALS}\n{FIRST if 'TABLE' in gone else 'pass'}")
    values = "op.execute(\"UPDATE proposals SET visitor = 'nobody'\")"
    stage.revision("r2", "r1", f"{VISITOR}\n{values}")
    assert stage.deploy().code == 0
    stage.sql(*([f"DROP {gone}"] if "TABLE" in gone else ["DROP INDEX ix_proposals_visitor"]))
    if "COLUMN" in gone:
        stage.sql(f"ALTER TABLE proposals DROP {gone}")
    revision, name = ("r1", "proposals") if "TABLE" in gone else ("r2", "proposals.visitor")
    deploy = stage.deploy()
    assert (deploy.code, f"{revision} is stamped, makes {name} and changes its rows (" in deploy.err) == (0, True)


def test_rows_of_another_table(stage: Stage) -> None:
    """They are there: nothing is in doubt."""
    branches(stage, OTHERS)
    stage.sql("INSERT INTO users (id) VALUES (1)")
    deploy = stage.deploy()
    assert (deploy.code, "not certain" in deploy.err) == (0, False), deploy.err


BY_VARIABLE = """rows = sa.table("proposals", sa.column("id"), sa.column("name"))
op.bulk_insert(rows, [dict(id=1, name="first")])"""
LATER = {
    "INSERT": (FIRST, "proposals", "rows of proposals"),
    "bulk_insert": (BULK, "proposals", "rows of proposals"),
    "bulk_insert of a variable": (BY_VARIABLE, "proposals", "rows of proposals"),
    "copies and drops": (
        'op.execute("INSERT INTO proposals (id, name) SELECT id, \'of old\' FROM users")\nop.drop_table("drafts")',
        "proposals",
        "rows of proposals",
    ),
    "UPDATE": ("op.execute(\"UPDATE proposals SET visitor = 'nobody'\")", "visitor", "values of proposals.visitor"),
}


@pytest.mark.parametrize(("work", "gone", "says"), LATER.values(), ids=LATER)
def test_what_a_later_revision_wrote(stage: Stage, work: str, gone: str, says: str) -> None:
    """A revision makes it, another one fills it: that one is named."""
    stage.plain()
    stage.revision(
        "r1", None, f'{USERS}\n{PROPOSALS}\n{VISITOR}\nop.create_table("drafts", sa.Column("id", sa.Integer))'
    )
    stage.revision("r2", "r1", work)
    stage.run_module("alembic", ["upgrade", "head"])
    if gone == "visitor":
        stage.sql("DROP INDEX ix_proposals_visitor", "ALTER TABLE proposals DROP COLUMN visitor")
    else:
        stage.sql("DROP TABLE proposals")
    told = f"r2 is stamped, writes {says} ("
    assert any(fault["message"].startswith(told) for fault in stage.doctor().document["faults"])
    deploy = stage.deploy()
    assert (deploy.code, f"not certain: {told}" in deploy.err) == (0, True), deploy.err
    again = stage.deploy()
    assert (again.code, "not certain" in again.err) == (0, False), again.err


def test_what_a_later_revision_only_changes_or_reads(stage: Stage) -> None:
    """Nothing of it is lost with the table."""
    stage.plain()
    stage.revision("r1", None, f"{USERS}\n{PROPOSALS}\n{VISITOR}")
    stage.revision("r2", "r1", "op.execute(\"DELETE FROM proposals WHERE name = 'x'\")")
    stage.revision("r3", "r2", 'op.execute("INSERT INTO users (id) SELECT id FROM proposals")')
    stage.run_module("alembic", ["upgrade", "head"])
    stage.sql("DROP TABLE proposals")
    deploy = stage.deploy()
    assert (deploy.code, "is stamped, writes" in deploy.err) == (0, False), deploy.err
