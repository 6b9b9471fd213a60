"""What a stamp needs as proof besides tables that fit: what should be gone is gone, and nothing is left to belief."""

from __future__ import annotations

import pytest

from tests.chain.stage import PROPOSALS, USERS, VISITOR, Stage

UPDATE = "op.execute(\"UPDATE users SET name = name || '!'\")"
NAMED = 'op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(80)))'
MODELS = """
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(String(80))
"""


def users(stage: Stage, type_: str) -> None:
    stage.sql(
        f"CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name {type_})", "INSERT INTO users VALUES (1, 'a')"
    )


@pytest.mark.parametrize("type_", ["VARCHAR(80)", "VARCHAR(120)", "varchar(80)"])
@pytest.mark.parametrize(
    "work",
    [
        UPDATE,
        'op.bulk_insert(sa.table("users", sa.column("id"), sa.column("name")), [{"id": 2, "name": "b"}])',
        'bind = op.get_bind()\nfor row in bind.execute(sa.text("SELECT id FROM users")).all():\n'
        "    bind.execute(sa.text(\"UPDATE users SET name = 'x' WHERE id = :id\"), {'id': row.id})",
    ],
)
def test_a_change_of_rows_is_never_taken_as_run(on_sqlite: Stage, type_: str, work: str) -> None:
    """Without a stamp nobody can tell whether it ran, whether the tables fit exactly or not."""
    stage = on_sqlite.plain(MODELS)
    stage.revision("a1", None, NAMED)
    stage.revision("a2", "a1", work)
    users(stage, type_)
    refused = stage.deploy("--repair-chain")
    assert (refused.code, "versions/a2.py:1" in refused.out) == (1, True), refused.out
    stamp = stage.guard("stamp", "--format", "json")
    assert (stamp.code, stamp.document["unseen"], stamp.document["written"]) == (1, ["a2"], False)
    assert "stamp shop:Base --revision a2" in stamp.document["fix"]["text"]
    run = stamp.document["fix"]["text"].partition("where a2 did not run: ")[2]
    for command in run.split(" && "):
        stage.shell(command)
    assert stage.stamped() == ["a2"]
    assert stage.sql("SELECT name FROM users WHERE id = 1 OR id = 2") != [("a",)]


def test_with_a_true_stamp_it_runs(stage: Stage) -> None:
    """The stamp says that it did not run, and is believed."""
    stage.plain(MODELS)
    stage.revision("a1", None, NAMED)
    stage.revision("a2", "a1", UPDATE)
    users(stage, "VARCHAR(120)")
    stage.stamp_blindly("a1")
    assert stage.deploy("--repair-chain").code == 0
    assert stage.deploy("--repair-chain").code == 0
    assert stage.sql("SELECT name FROM users") == [("a!",)]


def test_a_change_of_rows_in_the_middle(on_sqlite: Stage) -> None:
    """What later revisions make proves nothing of it: a guard may have made that. The command that runs it works."""
    stage = on_sqlite.plain(MODELS)
    stage.revision("a1", None, NAMED)
    stage.revision("a2", "a1", UPDATE)
    stage.revision("a3", "a2", 'op.create_index("by_name", "users", ["name"])')
    users(stage, "VARCHAR(80)")
    stage.sql("CREATE INDEX by_name ON users (name)")
    stamp = stage.guard("stamp", "--format", "json").document
    assert stamp["unseen"] == ["a2"]
    for command in stamp["fix"]["text"].partition("where a2 did not run: ")[2].split(" && "):
        stage.shell(command)
    assert stage.stamped() == ["a3"]
    assert stage.sql("SELECT name FROM users") == [("a!",)]


def test_a_stamp_is_not_moved_back_over_a_change_of_rows(stage: Stage) -> None:
    """A column was dropped by hand after its revision, which changed rows, ran: it must not run twice."""
    stage.plain(MODELS)
    stage.revision("a1", None, USERS)
    stage.revision("a2", "a1", 'op.add_column("users", sa.Column("name", sa.String(80)))\n' + UPDATE)
    assert stage.deploy().code == 0
    stage.sql("ALTER TABLE users DROP COLUMN name")
    refused = stage.deploy("--repair-chain")
    assert (refused.code, "would run again" in refused.out) == (0, True)
    assert "not certain: a2 is stamped, makes users.name and changes its rows" in refused.err
    assert stage.stamped() == ["a2"]
    assert stage.deploy("--repair-chain").code == 0
    assert stage.stamped() == ["a2"]


VIEW = 'op.execute("CREATE VIEW named AS SELECT id FROM users WHERE name IS NOT NULL")'
TRIGGERS = {
    "sqlite": 'op.execute("CREATE TRIGGER mark AFTER INSERT ON users BEGIN UPDATE users SET name = 1; END")',
    "postgresql": "op.execute('''CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql "
    "AS $$ BEGIN RETURN NEW; END $$''')\n"
    'op.execute("CREATE TRIGGER mark BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION mark()")',
}


@pytest.mark.parametrize("pending", [False, True])
def test_what_a_stamped_revision_makes_and_fills_is_gone(stage: Stage, pending: bool) -> None:
    """That it changes rows as well hides nothing: what it makes is missing, and both cases are told."""
    stage.plain()
    stage.revision("r1", None, USERS)
    stage.revision("r2", "r1", f'{PROPOSALS}\n{VISITOR}\nop.execute("INSERT INTO users (id) VALUES (1)")')
    if pending:
        stage.revision("r3", "r2", 'op.add_column("proposals", sa.Column("more", sa.Integer))')
        models = stage.directory.joinpath("shop.py").read_text()
        stage.write("shop.py", f"{models}    more: Mapped[int | None]\n")
    stage.run_module("alembic", ["upgrade", "r2"])
    stage.sql("DROP TABLE proposals")
    guess = stage.doctor().faults["blind-stamp"]["fix"]
    assert guess["command"] == "schema-guard doctor shop:Base --replay"
    proved = stage.doctor("--replay").faults["blind-stamp"]
    assert "stamped r2, but the database has what r1 leaves" in proved["message"]
    repair = "schema-guard deploy shop:Base --repair-chain"
    apply, _, stamp = proved["fix"]["text"].partition(
        f" makes what the database lacks{f', then {repair}' * pending}; where you know that r2 did not run: "
    )
    assert stamp == "python -m alembic stamp --purge r1"
    for command in (apply, repair)[: 1 + pending]:
        stage.shell(command)
    assert (stage.stamped(), stage.guard("check").code) == (["r3" if pending else "r2"], 0)
    assert stage.sql("SELECT id FROM users") == [(1,)]


@pytest.mark.parametrize("kind", ["view", "trigger"])
def test_views_and_triggers_are_compared(stage: Stage, kind: str) -> None:
    """Without a stamp, the view's or trigger's absence is seen, and so is another definition."""
    stage.plain(MODELS)
    stage.revision("a1", None, NAMED)
    stage.revision("a2", "a1", VIEW if kind == "view" else TRIGGERS[stage.system])
    assert stage.deploy().code == 0
    stage.sql("DELETE FROM alembic_version")
    assert stage.guard("stamp").code == 0
    assert stage.stamped() == ["a2"]
    drop = "DROP VIEW named" if kind == "view" else f"DROP TRIGGER mark{' ON users' * (stage.system == 'postgresql')}"
    stage.sql("DELETE FROM alembic_version", drop)
    if kind == "trigger" and stage.system == "postgresql":
        stage.sql("DROP FUNCTION mark")
    stage.stamp_blindly("a2")
    faults = stage.doctor("--replay").faults
    assert "has what a1 leaves" in faults["blind-stamp"]["message"]
    stage.fix(faults["blind-stamp"])
    assert stage.deploy().code == 0
    if kind == "view":
        assert stage.sql("SELECT id FROM named") == []
        stage.sql("DROP VIEW named", "CREATE VIEW named AS SELECT id FROM users", "DELETE FROM alembic_version")
        refused = stage.guard("stamp", "--format", "json")
        assert refused.code == 1
        assert any("another definition" in detail for detail in refused.document["details"])


def test_functions_sequences_grants_and_other_schemas(on_postgres: Stage) -> None:
    """Each one alone is seen where it is missing: the stamp is found out."""
    stage = on_postgres.plain(MODELS)
    stage.revision("a1", None, NAMED)
    stage.revision("a2", "a1", "op.execute('''CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1' ''')")
    stage.revision("a3", "a2", 'op.execute("CREATE SEQUENCE numbers")')
    stage.revision("a4", "a3", 'op.execute("GRANT SELECT ON users TO pg_monitor")')
    stage.revision("a5", "a4", 'op.execute("CREATE SCHEMA audit; CREATE TABLE audit.log (id int)")')
    stage.revision("a6", "a5", 'op.execute("ALTER TABLE users ENABLE ROW LEVEL SECURITY")')
    assert stage.deploy().code == 0
    for undo, is_at in (
        ("ALTER TABLE users DISABLE ROW LEVEL SECURITY", "a5"),
        ("DROP TABLE audit.log", "a4"),
        ("DROP SCHEMA audit", "a4"),
        ("REVOKE SELECT ON users FROM pg_monitor", "a3"),
        ("DROP SEQUENCE numbers", "a2"),
        ("DROP FUNCTION f()", "a1"),
    ):
        stage.sql(undo, "DELETE FROM alembic_version")
        stamped = stage.guard("stamp")
        assert stage.stamped() == ([] if undo == "DROP TABLE audit.log" else [is_at]), stamped.out


def test_a_column_retyped_by_hand_to_what_a_later_revision_makes(stage: Stage) -> None:
    """ALTER TYPE to the type that is there works, so nothing collides: the revision before is proved, the rest runs."""
    models = MODELS.replace("String(80))", "String(200))\n    plan: Mapped[str | None] = mapped_column(String(9))")
    stage.plain(models)
    stage.revision("a1", None, NAMED)
    stage.revision("a2", "a1", 'op.add_column("users", sa.Column("plan", sa.String(9)))')
    retyped = 'with op.batch_alter_table("users") as batch_op:\n    batch_op.alter_column("name", type_=sa.String(200))'
    stage.revision("a3", "a2", retyped)
    if stage.system == "sqlite":
        users(stage, "VARCHAR(200)")
    else:
        stage.run_module("alembic", ["upgrade", "a1"])
        stage.sql("ALTER TABLE users ALTER name TYPE VARCHAR(200)", "DROP TABLE alembic_version")
    assert stage.guard("stamp").code == 0
    assert stage.stamped() == ["a1"]
    assert stage.deploy("--repair-chain").code == 0
    assert stage.stamped() == ["a3"]
