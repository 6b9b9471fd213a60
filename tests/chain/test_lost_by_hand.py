"""What a person's hand took from the database, or wrote into alembic_version, while revisions are still to run."""

from __future__ import annotations

import re

import pytest

from tests.chain.stage import MODELS, PROPOSALS, USERS, VISITOR, Stage

PLAN = 'op.add_column("users", sa.Column("plan", sa.String(9)))'
RENAME = 'with op.batch_alter_table("proposals") as batch:\n    batch.alter_column("visitor", new_column_name="guest")'
GUEST = (
    MODELS.replace("    visitor:", "    guest:")
    .replace("index=True", '"guest"')
    .replace('String(64), "guest"', "String(64)")
)


def half_way(stage: Stage, *more: str) -> Stage:
    """r3 ran, r4 is to rename proposals.visitor to guest, as the models say."""
    stage.plain(GUEST)
    stage.revision("r1", None, USERS)
    stage.revision("r2", "r1", PROPOSALS)
    stage.revision("r3", "r2", f"{VISITOR.partition(chr(10))[0]}\n{PLAN}")
    stage.run_module("alembic", ["upgrade", "head"])
    stage.sql("INSERT INTO proposals (id, name, visitor) VALUES (1, 'kept', 'someone')")
    stage.revision("r4", "r3", RENAME)
    for number, body in enumerate(more, start=5):
        stage.revision(f"r{number}", f"r{number - 1}", body)
    return stage


def test_what_a_pending_revision_renames_is_made_again_as_the_chain_made_it(stage: Stage) -> None:
    """The models know it by its later name only: `apply` cannot make it, the statement that is printed does."""
    half_way(stage)
    stage.sql("ALTER TABLE proposals DROP COLUMN visitor")
    read = stage.doctor().faults["revision-edited"]
    assert read["fix"]["command"] == "schema-guard doctor shop:Base --replay"
    found = stage.doctor("--replay").faults
    (fault,) = [fault for code, fault in found.items() if code in ("blind-stamp", "state-differs")]
    assert "ADD COLUMN" in fault["fix"]["sql"]
    stage.sql(*fault["fix"]["sql"].split(";\n"))
    stage.shell(fault["fix"]["command"])
    assert stage.stamped() == ["r4"]
    assert stage.sql("SELECT name, guest FROM proposals") == [("kept", None)]


@pytest.mark.parametrize("stamp", ["r4", "r5"])
def test_a_rename_that_did_not_run_although_it_is_stamped(stage: Stage, stamp: str) -> None:
    """Its source is there with values: nothing is made in its place, and the proved stamp brings them along."""
    half_way(stage, 'op.add_column("users", sa.Column("role", sa.String(9)))')
    stage.stamp_blindly(stamp)
    applied = stage.guard("apply")
    said = "r4 renames proposals.visitor to proposals.guest, and proposals.visitor is there: it did not run"
    assert (applied.code, said in applied.out) == (1, True), applied.out
    deploy = stage.deploy("--repair-chain")
    assert deploy.code == 0, deploy.out + deploy.err
    assert stage.stamped() == ["r5"]
    assert stage.sql("SELECT name, guest FROM proposals") == [("kept", "someone")]


def test_a_name_that_was_given_again_is_no_source(on_sqlite: Stage) -> None:
    """`visitor` is a new column since r5; that `guest` was dropped by hand is repaired."""
    stage = half_way(on_sqlite, 'op.add_column("proposals", sa.Column("visitor", sa.String(64)))')
    stage.write("shop.py", GUEST + "    visitor: Mapped[str | None] = mapped_column(String(64))\n")
    assert stage.deploy().code == 0
    stage.sql("ALTER TABLE proposals DROP COLUMN guest")
    applied = stage.guard("apply")
    assert applied.code == 0, applied.out
    assert stage.sql("SELECT guest FROM proposals") == [(None,)]


def test_an_index_made_early_behind_a_change_of_rows(stage: Stage) -> None:
    """The schema is that of the last revision, and nobody can tell whether the rows were changed: both ways."""
    stage.plain()
    stage.revision("r1", None, f"{USERS}\n{PROPOSALS}\n{VISITOR.partition(chr(10))[0]}")
    stage.run_module("alembic", ["upgrade", "head"])
    stage.sql("INSERT INTO proposals (name) VALUES ('a')")
    stage.revision("r2", "r1", "op.execute(\"UPDATE proposals SET name = name || '!'\")")
    stage.revision("r3", "r2", VISITOR.partition("\n")[2])
    stage.sql("CREATE INDEX ix_proposals_visitor ON proposals (visitor)")
    fault = stage.doctor("--replay").faults["blind-stamp"]
    assert (fault["fix"]["command"], "where r2 ran: schema-guard stamp" in fault["fix"]["text"]) == (None, True)
    for command in fault["fix"]["text"].partition("where r2 did not run: ")[2].split(" && "):
        stage.shell(command)
    assert stage.stamped() == ["r3"]
    assert stage.sql("SELECT name FROM proposals") == [("a!",)]
    assert stage.doctor("--replay").faults == {}


def test_two_columns_that_were_made_before_their_renames(stage: Stage) -> None:
    """One fix takes both away: with one of them the deploy would still be refused."""
    half_way(stage, 'op.execute("ALTER TABLE users RENAME COLUMN plan TO role")')
    stage.sql("INSERT INTO users (id, plan) VALUES (1, 'free')")
    stage.sql("ALTER TABLE proposals ADD COLUMN guest VARCHAR(64)", "ALTER TABLE users ADD COLUMN role VARCHAR(9)")
    early = [fault for fault in stage.doctor().document["faults"] if fault["code"] == "made-early"]
    assert {fault["revision"] for fault in early} == {"r4", "r5"}
    (sql,) = {fault["fix"]["sql"] for fault in early if fault["fix"]["sql"]}
    stage.sql(*sql.split(";\n"))
    stage.shell(early[0]["fix"]["command"])
    assert stage.sql("SELECT guest, role FROM proposals, users") == [("someone", "free")]


SPLIT = """op.add_column("users", sa.Column("first", sa.String(64)))
op.add_column("users", sa.Column("last", sa.String(64)))
for id_, whole in op.get_bind().execute(sa.text("SELECT id, whole FROM users")).fetchall():
    first, _, last = whole.partition(" ")
    names = {"first": first, "last": last, "id": id_}
    op.get_bind().execute(sa.text("UPDATE users SET first = :first, last = :last WHERE id = :id"), names)
with op.batch_alter_table("users") as batch:
    batch.drop_column("whole")"""
NAMES = """
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    first: Mapped[str | None] = mapped_column(String(64))
    last: Mapped[str | None] = mapped_column(String(64))
"""


def test_a_split_that_did_not_run_although_it_is_stamped(stage: Stage) -> None:
    """No empty columns are made beside the one that has the values. It may have changed other rows, so that a person
    says that it did not run; what is printed leads to the end."""
    stage.plain(NAMES)
    stage.revision("r1", None, f"{USERS}\nop.add_column('users', sa.Column('whole', sa.String(64)))")
    stage.revision("r2", "r1", SPLIT)
    stage.run_module("alembic", ["upgrade", "r1"])
    stage.sql("INSERT INTO users (id, whole) VALUES (1, 'Ann Lee')")
    stage.stamp_blindly("r2")
    for command in ("apply", "deploy"):
        ran = stage.guard(command)
        assert (ran.code, "whatever alembic_version says" in ran.out) == (1, True), ran.out
        assert stage.sql("SELECT * FROM users") == [(1, "Ann Lee")]
    refused = stage.deploy("--repair-chain")
    assert (refused.code, stage.stamped()) == (1, ["r2"]), refused.out
    printed = re.findall(r"where r2 did not run, as users.whole says, which it removes: (.*)", refused.out)[0]
    for command in printed.split(" && "):
        stage.shell(command)
    assert stage.sql("SELECT id, first, last FROM users") == [(1, "Ann", "Lee")]
    assert stage.stamped() == ["r2"]


def test_a_table_that_a_person_renamed_is_not_made_again_beside_its_rows(stage: Stage) -> None:
    """Going by the tables alone no revision ran; the stamp stays, and the statement that is printed brings it back."""
    stage.plain().chain()
    assert stage.deploy().code == 0
    stage.sql("INSERT INTO proposals (id, name) VALUES (7, 'kept')", "ALTER TABLE proposals RENAME TO proposals_old")
    for command in (("stamp",), ("deploy", "--repair-chain")):
        said = stage.guard(*command)
        assert (said.code, stage.stamped()) == (1, ["r3"]), said.out
        assert "proposals_old holds rows: perhaps it was renamed" in said.out
        renames = "where proposals_old was renamed: ALTER TABLE proposals_old RENAME TO proposals"
        assert renames in said.out.replace("public.", "")
    (fix,) = [f["fix"]["text"] for f in stage.doctor("--replay").document["faults"] if f["code"] == "blind-stamp"]
    assert renames in fix.replace("public.", "")
    stage.sql("ALTER TABLE proposals_old RENAME TO proposals")
    assert (stage.deploy("--repair-chain").code, stage.stamped()) == (0, ["r3"])
    assert stage.sql("SELECT id, name FROM proposals") == [(7, "kept")]


def test_a_person_says_that_a_table_was_not_renamed(stage: Stage) -> None:
    """Then the revision that made it runs again."""
    stage.plain().chain()
    assert stage.deploy().code == 0
    stage.sql("INSERT INTO proposals (id, name) VALUES (7, 'kept')", "ALTER TABLE proposals RENAME TO proposals_old")
    if stage.system == "postgresql":  # an index keeps its name
        stage.sql("ALTER INDEX ix_proposals_visitor RENAME TO ix_old", "ALTER INDEX proposals_pkey RENAME TO pk_old")
    else:
        stage.sql("DROP INDEX ix_proposals_visitor")
    deploy = stage.deploy("--repair-chain", "--accept", "rename-suspected proposals")
    assert (deploy.code, stage.stamped()) == (0, ["r3"]), deploy.out + deploy.err
    assert stage.sql("SELECT name FROM proposals_old") == [("kept",)]


def indexed(stage: Stage) -> Stage:
    """r3 made an index and changed rows; the index was dropped by hand, and r4 is still to run."""
    stage.plain()
    stage.revision("r1", None, f"{USERS}\n{PROPOSALS}\n{VISITOR.partition(chr(10))[0]}")
    stage.revision("r2", "r1", PLAN)
    stage.revision("r3", "r2", f'{VISITOR.partition(chr(10))[2]}\nop.execute("INSERT INTO users DEFAULT VALUES")')
    stage.run_module("alembic", ["upgrade", "head"])
    stage.revision("r4", "r3", 'op.drop_column("users", "plan")')
    stage.sql("DROP INDEX ix_proposals_visitor")
    return stage


def test_an_index_of_a_revision_that_changed_rows(stage: Stage) -> None:
    """Nothing would run twice, and nothing that is to run misses it: alembic_version is taken at its word."""
    indexed(stage)
    deploy = stage.deploy("--repair-chain")
    assert (deploy.code, "the chain was not repaired: the database has what r2 leaves" in deploy.out) == (0, True)
    assert "env.py" not in deploy.out
    assert (stage.stamped(), stage.sql("SELECT id FROM users")) == (["r4"], [(1,)])


def test_what_stamp_says_of_it(stage: Stage) -> None:
    """As the revisions left it, not as the models want it: the statement that is printed makes it again."""
    indexed(stage)
    said = " ".join(stage.guard("stamp").out.split())
    made, _, rest = said.partition("fix make again what r3 left: ")[2].partition("; then ")
    stage.sql(made)
    stage.shell(rest.partition("; where")[0])
    assert (stage.stamped(), stage.sql("SELECT id FROM users")) == (["r4"], [(1,)])
    assert stage.doctor("--replay").faults == {}


def test_a_refused_proof_is_told_once(stage: Stage) -> None:
    """It is no failure of env.py. Whether r2 ran nobody can tell: it could run twice."""
    stage.plain()
    stage.revision("r1", None, f"{USERS}\n{PROPOSALS}\n{VISITOR}")
    stage.revision("r2", "r1", 'op.execute("INSERT INTO users (id) VALUES (1)")')
    strict = 'batch.alter_column("visitor", existing_type=sa.String(64), nullable=False)'
    stage.revision("r3", "r2", f'with op.batch_alter_table("proposals") as batch:\n    {strict}')
    stage.run_module("alembic", ["upgrade", "head"])
    stage.stamp_blindly("r1")
    deploy = stage.deploy("--repair-chain")
    assert (deploy.code, stage.stamped(), stage.sql("SELECT id FROM users")) == (1, ["r1"], [(1,)]), deploy.out
    assert deploy.out.count("the database has the schema that r3 leaves") == 1
    assert "env.py" not in deploy.out
