"""What a pending revision makes is there already: a deploy stops before it runs anything, whatever the spelling."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.chain.stage import MODELS, PROPOSALS, USERS, VISITOR, Stage

TABLE = 'op.create_table("{}", sa.Column("id", sa.Integer, primary_key=True))'
BATCH = 'with op.batch_alter_table("users") as batch:\n    batch.add_column(sa.Column("c3", sa.String(9)))'
TYPE = "CREATE TYPE mood AS ENUM ('a')"
VIEW = "CREATE VIEW seen AS SELECT 1 AS one"

MADE = [
    ("CREATE TABLE t1 (id INTEGER PRIMARY KEY)", TABLE.format("t1"), "t1"),
    ("CREATE TABLE t2 (id INTEGER PRIMARY KEY)", 'op.execute("CREATE TABLE t2 (id INTEGER PRIMARY KEY)")', "t2"),
    ("ALTER TABLE users ADD COLUMN c1 TEXT", 'op.add_column("users", sa.Column("c1", sa.Text))', "users.c1"),
    ("ALTER TABLE users ADD COLUMN c2 TEXT", 'op.execute("ALTER TABLE users ADD COLUMN c2 TEXT")', "users.c2"),
    ("ALTER TABLE users ADD COLUMN c3 TEXT", BATCH, "users.c3"),
    (
        "ALTER TABLE users ADD COLUMN c4 TEXT",
        'op.get_bind().exec_driver_sql("ALTER TABLE users ADD c4 TEXT")',
        "users.c4",
    ),
    ("CREATE INDEX i1 ON users (id)", 'op.create_index("i1", "proposals", ["name"])', "index i1 of proposals"),
    ("CREATE INDEX i2 ON users (id)", 'op.execute("CREATE INDEX i2 ON users (id)")', "index i2 of users"),
]
ON_POSTGRESQL = [
    (TYPE, f'op.execute("{TYPE}")', "type mood"),
    ("CREATE SEQUENCE counter", 'op.execute("CREATE SEQUENCE counter")', "sequence counter"),
    (VIEW, f'op.execute("{VIEW}")', "view seen"),
    (
        "ALTER TABLE users ADD CONSTRAINT ck CHECK (id > 0)",
        'op.create_check_constraint("ck", "users", "id > 0")',
        "constraint ck of users",
    ),
    (
        "ALTER TABLE proposals ADD CONSTRAINT uq UNIQUE (name)",
        'op.create_index("uq", "proposals", ["name"])',
        "index uq of proposals",
    ),
]
IN_ORDER = [
    "if not sa.inspect(op.get_bind()).has_table('t1'):\n    " + TABLE.format("t1"),
    "if sa.inspect(op.get_bind()).has_table('t2'):\n    return\n" + TABLE.format("t2"),
    TABLE.format("t3")[:-1] + ", if_not_exists=True)",
    'op.execute("CREATE TABLE IF NOT EXISTS t4 (id INTEGER)")',
    'op.drop_table("t5")\n' + TABLE.format("t5"),
    'op.rename_table("t6", "old")\n' + TABLE.format("t6"),
    'op.execute("DROP TABLE IF EXISTS t7")\n' + TABLE.format("t7"),
    "for name in ['t8']:\n    if name in sa.inspect(op.get_bind()).get_table_names():\n        continue\n    "
    + TABLE.format("t8"),
    "from schema_guard.alembic import guarded\nwith guarded(op) as own:\n    "
    + TABLE.format("t9").replace("op.", "own."),
]
"""Revisions that make a table which is there, and don't collide with it."""


def half_way(stage: Stage, statements: Sequence[str], revisions: Sequence[str]) -> None:
    """At r2; r3 is sound, and what follows makes what is there."""
    stage.plain()
    stage.revision("r1", None, USERS)
    stage.revision("r2", "r1", PROPOSALS)
    stage.sql(
        "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY)",
        "CREATE TABLE proposals (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL)",
        *statements,
    )
    stage.stamp_blindly("r2")
    stage.revision("r3", "r2", 'op.add_column("proposals", sa.Column("visitor", sa.String(64)))')
    for at, revision in enumerate(revisions, 4):
        stage.revision(f"r{at}", f"r{at - 1}", revision)


def test_a_deploy_stops_before_it_runs_anything(stage: Stage) -> None:
    """Tables, columns and indexes, made by op and by SQL; on PostgreSQL whatever shares a name."""
    cases = MADE + (ON_POSTGRESQL if stage.system == "postgresql" else [])
    half_way(stage, [made for made, _, _ in cases], [revision for _, revision, _ in cases])
    deploy = stage.deploy("--format", "json")
    assert (deploy.code, deploy.document["ran"], deploy.document["failed"]) == (1, [], None)
    told = {fault["revision"]: fault["message"] for fault in deploy.document["faults"] if fault["code"] == "made-early"}
    assert list(told) == [f"r{at}" for at in range(4, 4 + len(cases))]
    for (_, _, named), message in zip(cases, told.values(), strict=True):
        assert f"already has {named}, which it makes" in message
    assert stage.stamped() == ["r2"]


def test_what_does_not_collide_runs(stage: Stage) -> None:
    tables = [f"CREATE TABLE t{at} (id INTEGER PRIMARY KEY)" for at in range(1, 1 + len(IN_ORDER))]
    half_way(stage, tables, IN_ORDER)
    deploy = stage.deploy()
    assert deploy.code == 0, deploy.out + deploy.err
    assert stage.stamped() == [f"r{3 + len(IN_ORDER)}"]


def test_a_repair_stops_as_well(on_sqlite: Stage) -> None:
    """No revision has what the database has, so that nothing is stamped; then r4 would still collide."""
    half_way(on_sqlite, [MADE[2][0]], [MADE[2][1]])
    repaired = on_sqlite.deploy("--repair-chain", "--format", "json")
    assert (repaired.code, repaired.document["ran"]) == (1, [])
    assert "made-early" in repaired.faults


def test_what_nobody_can_read_may_make_room(on_sqlite: Stage) -> None:
    """A function of another file may have dropped it: the deploy runs."""
    half_way(on_sqlite, [MADE[0][0]], [MADE[0][1]])
    on_sqlite.write("helper.py", "def clear(op):\n    op.execute('DROP TABLE t1')\n")
    on_sqlite.revision("r3", "r2", "from helper import clear\nclear(op)")
    assert on_sqlite.deploy().code == 0
    assert on_sqlite.stamped() == ["r4"]


MOOD = "from sqlalchemy import Enum\nUser.mood = mapped_column(Enum('calm', 'glad', name='mood'))\n"
GLAD = "op.execute(\"UPDATE users SET mood = 'glad'\")"


def moods(stage: Stage, more: str = "", adds: str = "ADD VALUE") -> str:
    """At r1, with a row; r2 gives the type a value. `more` is what r2 does besides. The statement that adds it."""
    stage.plain(f"{MODELS}\n{MOOD}")
    made = """op.execute("CREATE TYPE mood AS ENUM ('calm')")\nop.execute("ALTER TABLE users ADD COLUMN mood mood")"""
    stage.revision("r1", None, f"{USERS}\n{PROPOSALS}\n{VISITOR}\n{made}")
    stage.run_module("alembic", ["upgrade", "r1"])
    stage.sql("INSERT INTO users (id, mood) VALUES (1, 'calm')")
    added = f"""with op.get_context().autocommit_block():
    op.execute("ALTER TYPE mood {adds} 'glad' AFTER 'calm'")"""
    stage.revision("r2", "r1", f"{added}\n{more}")
    return added


def test_a_value_of_an_enum(on_postgres: Stage) -> None:
    """As an interrupted run leaves it, which committed the value and not what comes after it."""
    stage = on_postgres
    moods(stage, GLAD)
    stage.sql("ALTER TYPE mood ADD VALUE 'glad'")
    ran = stage.deploy()
    assert (ran.code, stage.stamped()) == (1, ["r1"]), ran.out + ran.err
    assert "the database already has value 'glad' of type mood, which it makes" in ran.out
    _, _, if_not = stage.doctor().faults["made-early"]["fix"]["text"].partition("; if it did not: ")
    write, _, deploy = if_not.partition(", then ")
    assert write.startswith("write ADD VALUE IF NOT EXISTS in r2.py:")
    file = stage.directory / "migrations/versions/r2.py"
    stage.write("migrations/versions/r2.py", file.read_text().replace("ADD VALUE", "ADD VALUE IF NOT EXISTS"))
    stage.shell(deploy)
    assert stage.stamped() == ["r2"]
    assert stage.sql("SELECT mood::text FROM users") == [("glad",)]


@pytest.mark.parametrize("before", [True, False])
def test_a_value_and_a_change_of_rows_that_ran(on_postgres: Stage, before: bool) -> None:
    """The stamp was moved back: the rows, which the same revision changed or one before it, are not changed again."""
    stage = on_postgres
    more = 'op.execute("UPDATE users SET id = id + 10")'
    moods(stage, "" if before else more)
    if before:
        file = stage.directory / "migrations/versions/r2.py"
        stage.write("migrations/versions/r3.py", file.read_text().replace("'r2'", "'r3'").replace("'r1'", "'r2'"))
        stage.revision("r2", "r1", more)
    stage.run_module("alembic", ["upgrade", "head"])
    (last,) = stage.stamped()
    stage.stamp_blindly("r1")
    fix = stage.doctor().faults["made-early"]["fix"]
    assert (fix["sql"], fix["command"], fix["becomes"]) == (None, None, None)
    if_ran, _, _ = fix["text"].partition("; if it did not: ")
    stage.shell(if_ran.removeprefix("if r2 ran already (look at the rows that it changes): "))
    assert (stage.deploy().code, stage.stamped()) == (0, [last])
    assert stage.sql("SELECT id FROM users") == [(11,)]


def test_a_value_that_stands_alone_asks_first(on_postgres: Stage) -> None:
    stage = on_postgres
    moods(stage)
    stage.sql("ALTER TYPE mood ADD VALUE 'glad'")
    fault = stage.doctor().faults["made-early"]
    assert "ADD VALUE IF NOT EXISTS 'glad'" in fault["fix"]["becomes"]
    stage.fix(fault)
    ran = stage.deploy()
    assert (ran.code, stage.stamped()) == (0, ["r2"]), ran.out + ran.err


def test_a_value_that_a_revision_makes_and_uses_is_left_to_it(on_postgres: Stage) -> None:
    stage = on_postgres
    moods(stage, GLAD)
    ran = stage.guard("apply")
    assert (ran.code, "r2 makes mood.glad and changes rows" in ran.out) == (1, True), ran.out + ran.err
    ran = stage.deploy()
    assert (ran.code, stage.stamped()) == (0, ["r2"]), ran.out + ran.err
    assert stage.sql("SELECT mood::text FROM users") == [("glad",)]


@pytest.mark.parametrize("adds", ["ADD VALUE", "ADD VALUE IF NOT EXISTS"])
def test_a_value_that_apply_made_is_taken_as_made(on_postgres: Stage, adds: str) -> None:
    """Where the revision does nothing else, a replay proves that it need not run."""
    stage = on_postgres
    moods(stage, adds=adds)
    assert stage.guard("apply").code == 0
    ran = stage.deploy("--repair-chain")
    assert (ran.code, stage.stamped()) == (0, ["r2"]), ran.out + ran.err


def test_a_value_of_a_type_that_is_made_anew(on_postgres: Stage) -> None:
    """The type that has the value is another one by then."""
    stage = on_postgres
    added = moods(stage)
    stage.sql("ALTER TYPE mood ADD VALUE 'glad'")
    anew = (
        "ALTER TYPE mood RENAME TO old",
        "CREATE TYPE mood AS ENUM ('calm')",
        "ALTER TABLE users ALTER mood TYPE mood USING mood::text::mood",
        "DROP TYPE old",
    )
    stage.revision("r2", "r1", "\n".join(f'op.execute("{each}")' for each in anew))
    stage.revision("r3", "r2", added)
    ran = stage.deploy()
    assert (ran.code, stage.stamped()) == (0, ["r3"]), ran.out + ran.err


@pytest.mark.parametrize("filled", [True, False])
def test_a_column_of_another_type(stage: Stage, filled: bool) -> None:
    """It is another column of that name. Its values stay under another one; where it has none it goes."""
    stage.plain().chain()
    stage.run_module("alembic", ["upgrade", "r2"])
    stage.sql("ALTER TABLE proposals ADD COLUMN visitor INTEGER")
    stage.sql(f"INSERT INTO proposals (id, name, visitor) VALUES (1, 'a', {7 if filled else 'NULL'})")
    for replay in ((), ("--replay",)):
        fault = stage.doctor(*replay).faults["made-early"]
        assert "type is INTEGER, the models expect VARCHAR(64), and it holds" in fault["fix"]["text"], fault["fix"]
    said = stage.deploy("--repair-chain")
    assert (said.code, "the models expect VARCHAR(64)" in said.out) == (1, True), said.out
    stage.fix(fault)
    assert stage.stamped() == ["r3"]
    kept = "visitor_before" if filled else "visitor"
    assert stage.sql(f"SELECT {kept} FROM proposals") == [(7 if filled else None,)]
    assert stage.doctor("--replay").faults == {}


@pytest.mark.parametrize("name", ["n" * 63, "\u0436" * 31])
def test_a_column_of_another_type_with_the_longest_name(on_postgres: Stage, name: str) -> None:
    """PostgreSQL cuts names to 63 bytes: the name under which its values stay is shorter."""
    stage = on_postgres.plain(f"{MODELS}\nUser.more = mapped_column({name!r}, String(9))\n").chain()
    stage.run_module("alembic", ["upgrade", "head"])
    stage.revision("r4", "r3", f'op.add_column("users", sa.Column({name!r}, sa.String(9)))')
    stage.sql(f'ALTER TABLE users ADD COLUMN "{name}" INTEGER', "INSERT INTO users VALUES (1, 7)")
    stage.fix(stage.doctor().faults["made-early"])
    assert stage.stamped() == ["r4"]
    kept = f"{name[: 50 // len(name[0].encode())]}_before"
    assert stage.sql(f'SELECT "{kept}", "{name}" FROM users') == [(7, None)]
