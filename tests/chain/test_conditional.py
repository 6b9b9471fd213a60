"""Revisions that ask the database first: what only one branch of an `if` does is in nobody's way."""

from __future__ import annotations

import pytest

from tests.chain.stage import PROPOSALS, USERS, VISITOR, Stage
from tests.chain.test_shapes import LEDGER, ledger, note

ASKS = """def has(table, *columns):
    found = sa.inspect(op.get_bind())
    if not found.has_table(table):
        return False
    return {column["name"] for column in found.get_columns(table)}.issuperset(columns)
"""
RENAMES_OR_MAKES = f"""
if has("proposals", "guest") and not has("proposals", "visitor"):
    with op.batch_alter_table("proposals") as batch:
        batch.alter_column("guest", new_column_name="visitor")
elif not has("proposals", "visitor"):
    op.add_column("proposals", sa.Column("visitor", sa.String(64)))
op.create_index("ix_proposals_visitor", "proposals", ["visitor"])
{note("r2")}
"""
RENAMES_EITHER = f"""
if has("proposals", "guest"):
    op.execute("ALTER TABLE proposals RENAME COLUMN guest TO visitor")
elif has("proposals", "caller"):
    op.execute("ALTER TABLE proposals RENAME COLUMN caller TO visitor")
else:
    op.add_column("proposals", sa.Column("visitor", sa.String(64)))
op.create_index("ix_proposals_visitor", "proposals", ["visitor"])
{note("r2")}
"""
TABLES = """
if has("offers") and not has("proposals"):
    op.rename_table("offers", "proposals")
elif not has("proposals"):
    {proposals}
{note}
"""


def begun(stage: Stage, upgrade: str, first: str) -> Stage:
    stage.plain()
    stage.revision("r1", None, f"{USERS}\n{LEDGER}\n{first}")
    stage.revision("r2", "r1", upgrade, extra=ASKS)
    stage.run_module("alembic", ["upgrade", "r1"])
    return stage


@pytest.mark.parametrize("upgrade", [RENAMES_OR_MAKES, RENAMES_EITHER], ids=["or made", "either"])
@pytest.mark.parametrize("old", ["guest", "caller", None])
def test_a_column_that_is_renamed_or_made(stage: Stage, upgrade: str, old: str | None) -> None:
    if (upgrade, old) == (RENAMES_OR_MAKES, "caller"):
        pytest.skip("it does not know that name")
    column = f'\nop.add_column("proposals", sa.Column("{old}", sa.String(64)))' if old else ""
    begun(stage, upgrade, PROPOSALS + column)
    stage.sql(
        f"INSERT INTO proposals (name{f', {old}' if old else ''}) VALUES ('a'{', chr' if old else ''})".replace(
            "chr", "'me'"
        )
    )
    assert [fault for fault in stage.doctor().document["faults"] if fault["severity"] == "breaks"] == []
    deploy = stage.deploy()
    assert deploy.code == 0, deploy.out
    assert (stage.stamped(), ledger(stage)) == (["r2"], ["r2"])
    assert stage.sql("SELECT visitor FROM proposals") == [("me" if old else None,)]


@pytest.mark.parametrize("old", [True, False])
def test_a_table_that_is_renamed_or_made(stage: Stage, old: bool) -> None:
    proposals = f"{PROPOSALS}".replace("\n", " ")
    first = proposals.replace('"proposals"', '"offers"') if old else "pass"
    begun(stage, f"{TABLES.format(proposals=proposals, note=note('r2'))}\n{VISITOR}", first)
    if old:
        stage.sql("INSERT INTO offers (name) VALUES ('a')")
    applied = stage.guard("apply")
    assert applied.code == 1, applied.out
    deploy = stage.deploy()
    assert deploy.code == 0, deploy.out
    assert (stage.stamped(), ledger(stage)) == (["r2"], ["r2"])
    assert stage.sql("SELECT name FROM proposals") == ([("a",)] if old else [])


def test_what_is_made_and_filled_only_where_it_is_missing(stage: Stage) -> None:
    """It is there and holds rows: the revision leaves it alone."""
    fills = "op.execute(\"INSERT INTO proposals (id, name) VALUES (1, 'first')\")"
    makes = PROPOSALS.replace("\n", " ")
    begun(stage, f'if not has("proposals"):\n    {makes}\n    {fills}\n{VISITOR}\n{note("r2")}', "pass")
    stage.sql("CREATE TABLE proposals (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL)")
    stage.sql("INSERT INTO proposals (id, name) VALUES (5, 'own')")
    deploy = stage.deploy()
    assert ledger(stage) == ["r2"], deploy.out
    assert stage.sql("SELECT id, name FROM proposals") == [(5, "own")]


@pytest.mark.parametrize("ran", [True, False])
def test_a_table_that_is_there_with_rows_and_gets_more_in_any_case(stage: Stage, ran: bool) -> None:
    """Whether these are the revision's own nobody can tell: it runs, as alembic_version says, and the doubt is told."""
    begun(stage, f"{HAS}{ROLES}\n{ADMIN.replace('(1, ', '(2, ') if not ran else ADMIN}", f"{PROPOSALS}\n{VISITOR}")
    if ran:
        stage.run_module("alembic", ["upgrade", "head"])
        stage.stamp_blindly("r1")
    else:
        stage.sql(EMPTY, "INSERT INTO roles (id, name) VALUES (1, 'admin')")
    fault = stage.doctor().faults["made-early"]
    assert fault["severity"] == "risk"
    assert (
        "roles is there with 1 row; where r2 ran before and its stamp was lost, that is done twice"
        in (fault["message"])
    )
    look, if_ran, if_not = fault["fix"]["text"].split("; ")
    assert stage.sql(look) == [(1, "admin")]
    if ran:
        stage.shell(if_ran.removeprefix("if r2 ran already: "))
    deploy = stage.deploy()
    assert (deploy.code, "not certain: r2 is still to run" in deploy.err) == (0, not ran), deploy.out
    stage.shell(if_not.removeprefix("if it did not: "))
    assert (stage.stamped(), len(stage.sql("SELECT * FROM roles"))) == (["r2"], 1 if ran else 2)


@pytest.mark.parametrize(
    "inserts",
    [
        "INSERT INTO roles (id, name) VALUES (1, 'admin') ON CONFLICT DO NOTHING",
        "INSERT INTO roles (id, name) SELECT 1, 'admin' WHERE NOT EXISTS (SELECT 1 FROM roles WHERE name = 'admin')",
    ],
)
def test_rows_that_are_inserted_only_where_they_are_missing(stage: Stage, inserts: str) -> None:
    begun(stage, f'{HAS}{ROLES}\nop.execute("{inserts}")', f"{PROPOSALS}\n{VISITOR}")
    stage.sql(EMPTY, "INSERT INTO roles (id, name) VALUES (1, 'admin')")
    assert "made-early" not in stage.doctor().faults
    assert stage.deploy().code == 0
    assert stage.sql("SELECT name FROM roles") == [("admin",)]


HAS = 'if not has("roles"):\n    '
ROLES = 'op.create_table("roles", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(80)))'
ADMIN = "op.execute(\"INSERT INTO roles (id, name) VALUES (1, 'admin')\")"
BULK = 'op.bulk_insert(sa.table("roles", sa.column("id"), sa.column("name")), [dict(id=1, name="admin")])'
EMPTY = "CREATE TABLE roles (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80))"


@pytest.mark.parametrize(
    ("upgrade", "runs"),
    [
        (f"{HAS}{ROLES}\n{ADMIN}", True),
        (f"{HAS}{ROLES}\n{BULK}", True),
        (f"{ROLES[:-1]}, if_not_exists=True)\n{ADMIN}", True),
        (f"{HAS}{ROLES}\n    {ADMIN}", False),
        (f"{HAS}{ROLES}\n    {ADMIN}\nop.execute('UPDATE roles SET name = upper(name)')", False),
        (f"if has('roles'):\n    return\n{ROLES}\n{ADMIN}", False),
    ],
    ids=["beside", "bulk", "if_not_exists", "with it", "with it, and changed", "return"],
)
def test_an_empty_table_that_is_made_early_and_filled_by_the_revision(stage: Stage, upgrade: str, runs: bool) -> None:
    """Rows that come in any case come; where they come only with the table, the empty one has to go first."""
    begun(stage, f"{upgrade}\n{note('r2')}" if runs else upgrade, f"{PROPOSALS}\n{VISITOR}")
    stage.sql(EMPTY)
    deploy = stage.deploy()
    assert deploy.code == (0 if runs else 1), deploy.out
    if not runs:
        fix = stage.doctor().faults["made-early"]["fix"]
        stage.sql(*fix["sql"].split(";\n"))
        stage.shell(fix["command"])
    assert stage.stamped() == ["r2"]
    assert [row[0].lower() for row in stage.sql("SELECT name FROM roles")] == ["admin"]


@pytest.mark.parametrize(
    ("upgrade", "runs"),
    [
        (f"{HAS}{ROLES}\n{ADMIN}", True),
        (f"{ROLES[:-1]}, if_not_exists=True)\n{BULK}", True),
        (f"{HAS}{ROLES}\n    {BULK}", False),
    ],
    ids=["if", "if_not_exists", "rows within the if"],
)
def test_a_lost_stamp_and_rows_that_never_came(stage: Stage, upgrade: str, runs: bool) -> None:
    """What makes only what is missing can run beside its own schema: `stamp` then names the commands that run it."""
    begun(stage, upgrade, f"{PROPOSALS}\n{VISITOR}")
    stage.run_module("alembic", ["upgrade", "r2"])
    stage.sql("DELETE FROM roles", "DELETE FROM alembic_version")
    stamp = stage.guard("stamp")
    assert stamp.code == 1, stamp.out
    said = " ".join(stamp.out.split()).partition("where r2 did not run: ")[2]
    assert said.startswith("its schema is there, so it cannot do this as it is: do by hand what ") is not runs
    if runs:
        commands = said.partition(" nothing stamped")[0]
        for command in commands.split(" && "):
            stage.shell(command)
        assert (stage.stamped(), stage.sql("SELECT name FROM roles")) == (["r2"], [("admin",)])
