"""What a pending revision uses and the database lacks is told before anything runs; what works is never told."""

from __future__ import annotations

import sqlite3

import pytest

from tests.chain.stage import ENV, Stage

DROPPED = {
    "materialized view": (
        "CREATE MATERIALIZED VIEW mv AS SELECT id FROM users",
        "REFRESH MATERIALIZED VIEW mv",
        "DROP MATERIALIZED VIEW mv",
    ),
    "index on it": (
        "CREATE MATERIALIZED VIEW mv AS SELECT id FROM users",
        "CREATE UNIQUE INDEX mv_id ON mv (id)",
        "DROP MATERIALIZED VIEW mv",
    ),
    "view": (
        "CREATE VIEW v AS SELECT id FROM users",
        "CREATE VIEW w AS SELECT v.id FROM users JOIN v USING (id)",
        "DROP VIEW v",
    ),
    "sequence": ("CREATE SEQUENCE numbers", "ALTER SEQUENCE numbers RESTART WITH 100", "DROP SEQUENCE numbers"),
    "sequence, setval": ("CREATE SEQUENCE numbers", "SELECT setval('numbers', 7)", "DROP SEQUENCE numbers"),
    "sequence, renamed": ("CREATE SEQUENCE numbers", "ALTER SEQUENCE numbers RENAME TO n2", "DROP SEQUENCE numbers"),
    "type": ("CREATE TYPE mood AS ENUM ('a')", "ALTER TYPE mood ADD VALUE 'b'", "DROP TYPE mood"),
    "function": (
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP FUNCTION one()",
        "DROP FUNCTION one()",
    ),
    "table": ("CREATE TABLE extra (id int)", "INSERT INTO extra (id) SELECT id FROM users", "DROP TABLE extra"),
    "foreign key": ("CREATE TABLE extra (id int PRIMARY KEY)", "", "DROP TABLE extra"),
}
KEY = 'op.create_table("more", sa.Column("extra_id", sa.Integer, sa.ForeignKey("extra.id")))'


@pytest.mark.parametrize("kind", DROPPED)
def test_what_a_person_dropped(on_postgres: Stage, kind: str) -> None:
    """Neither runs half-way: doctor says what is not there, deploy stops before, and what a replay says leads on."""
    made, used, dropped = DROPPED[kind]
    stage = on_postgres.plain().chain()
    stage.revision("r4", "r3", f"op.execute({made!r})")
    stage.run_module("alembic", ["upgrade", "head"])
    stage.revision("r5", "r4", f"op.execute({used!r})" if used else KEY)
    stage.sql(dropped)
    read = stage.doctor()
    assert (read.code, "is not there" in read.out or "lacks what" in read.out) == (1, True), read.out
    deploy = stage.deploy()
    assert (deploy.code, stage.stamped()) == (1, ["r4"]), deploy.out
    proved = stage.doctor("--replay")
    assert proved.code == 1
    stage.fix(proved.faults["blind-stamp"])
    assert (stage.deploy().code, stage.stamped()) == (0, ["r5"])
    assert stage.deploy().err == ""


@pytest.mark.parametrize(
    "body",
    [
        'op.execute("INSERT INTO ghost (id) VALUES (1)")',
        'op.get_bind().execute(sa.text("SELECT id FROM ghost")).fetchall()',
        'op.add_column("ghost", sa.Column("a", sa.Integer))',
        'op.create_index("ix_ghost", "ghost", ["a"])',
        'op.create_index("ix_ghost", "proposals", ["name", "nick"])',
        'with op.batch_alter_table("proposals") as batch:\n    batch.alter_column("nick", nullable=False)',
        'op.bulk_insert(sa.table("ghost", sa.column("id")), [{"id": 1}])',
    ],
)
def test_what_was_never_there(stage: Stage, body: str) -> None:
    stage.plain().chain()
    stage.run_module("alembic", ["upgrade", "head"])
    stage.revision("r4", "r3", body)
    fault = stage.doctor().faults["blind-stamp"]
    assert fault["message"].startswith("r4 is still to run and ")
    assert (stage.deploy().code, stage.stamped()) == (1, ["r3"])


WORKS = {
    "both": [
        'op.execute("DROP TABLE IF EXISTS ghost")\nop.execute("DROP INDEX IF EXISTS ix_ghost")',
        'op.rename_table("users", "people")\nop.rename_table("people", "users")\n'
        'op.execute("UPDATE users SET id = id")',
        'if not sa.inspect(op.get_bind()).has_table("people"):\n    op.rename_table("users", "people")\n'
        'op.rename_table("people", "users")',
        'if not sa.inspect(op.get_bind()).has_table("extra"):\n'
        '    op.create_table("extra", sa.Column("id", sa.Integer))\n'
        'op.add_column("extra", sa.Column("b", sa.Integer))\nop.drop_table("extra")',
        'def column():\n    return sa.Column("made", sa.Integer)\nop.add_column("users", column())\n'
        'with op.batch_alter_table("users") as batch:\n    batch.alter_column("made", nullable=True)\n'
        'with op.batch_alter_table("users") as batch:\n    batch.drop_column("made")',
        'for name in ("users", "proposals"):\n    op.add_column(name, sa.Column("at", sa.Integer))\n'
        'for name in ("users", "proposals"):\n    with op.batch_alter_table(name) as batch:\n'
        '        batch.drop_column("at")',
        'op.execute("WITH a AS (SELECT id FROM users), b (n) AS (SELECT id FROM a) '
        'INSERT INTO users SELECT n + 9 FROM b")',
        'op.execute("DELETE FROM users WHERE id IN (SELECT id FROM (SELECT p.id FROM proposals p) q)")',
        'made = op.create_table("k", sa.Column("id", sa.Integer))\nop.bulk_insert(made, [{"id": 1}])\n'
        'op.drop_table("k")',
    ],
    "sqlite": [
        'op.get_bind().execute(sa.text("SELECT name FROM sqlite_master")).fetchall()',
        *(
            f'op.execute("UPDATE OR {word} users SET id = id")'
            for word in ("IGNORE", "REPLACE", "ABORT", "FAIL", "ROLLBACK")
        ),
    ],
    "postgresql": [
        'op.execute("DELETE FROM users WHERE id IS DISTINCT FROM 7 AND extract(year FROM now()) > 1 AND '
        "substring('ab' FROM 1) = 'a'\")",
        'op.execute("CREATE TEMP TABLE t AS SELECT id FROM users")\nop.execute("INSERT INTO t VALUES (1)")\n'
        'op.execute("UPDATE proposals SET name = name FROM generate_series(1, 2) g WHERE g = id")',
        'op.execute("CREATE SCHEMA own")\nop.create_table("log", sa.Column("id", sa.Integer), schema="own")\n'
        'op.create_index("ix_log", "log", ["id"], schema="own")\n'
        'op.execute("INSERT INTO own.log SELECT id FROM public.proposals")',
        'op.execute("ALTER TABLE part_1 ALTER COLUMN id SET NOT NULL")',
        'op.execute(\'ALTER TABLE "Mixed" ADD COLUMN "Zed" int\')\nop.alter_column("Mixed", "Zed", nullable=True)',
        "op.execute(\"CREATE TYPE mood AS ENUM ('a')\")\nop.execute(\"ALTER TYPE mood ADD VALUE 'b'\")\n"
        'op.execute("ALTER TYPE mood RENAME TO old")\nop.execute("CREATE TYPE mood AS ENUM (\'x\')")\n'
        'op.execute("DROP TYPE old")',
        'op.execute("CREATE VIEW v AS SELECT id FROM proposals")\n'
        'op.execute("CREATE MATERIALIZED VIEW mv AS SELECT id FROM v WITH NO DATA")\n'
        'op.execute("REFRESH MATERIALIZED VIEW mv")\nop.execute("CREATE UNIQUE INDEX mv_id ON mv (id)")\n'
        'op.execute("ALTER VIEW v RENAME TO w")\nop.execute("DROP MATERIALIZED VIEW mv; DROP VIEW w")',
        "op.execute(\"CREATE SEQUENCE sq; ALTER SEQUENCE sq RESTART 5; SELECT nextval('sq')\")",
        'op.execute("INSERT INTO part SELECT 1 FROM pg_class JOIN information_schema.tables ON false")',
        'roles = op.create_table("roles", sa.Column("id", sa.Integer, primary_key=True))\n'
        'op.bulk_insert(roles, [{"id": 4}])\nop.execute("SELECT setval(\'roles_id_seq\', 5)")\n'
        'op.rename_table("roles", "ranks")\nop.execute("ALTER SEQUENCE roles_id_seq RESTART")',
        'op.execute("CREATE TABLE own.notes (id serial PRIMARY KEY)")\n'
        'op.execute("ALTER TABLE own.notes ADD COLUMN place int GENERATED BY DEFAULT AS IDENTITY")\n'
        "op.execute(\"SELECT setval('own.notes_id_seq', 5)\")\n"
        'op.execute("ALTER SEQUENCE own.notes_place_seq RESTART WITH 7")',
        'columns = [sa.Column("id", sa.Integer, primary_key=True)]\nop.create_table("kept", *columns)\n'
        "op.execute(\"SELECT setval('kept_id_seq', 5)\")",
        f'op.create_table("{"l" * 60}", sa.Column("id", sa.Integer, primary_key=True))\n'
        f"op.execute(\"SELECT setval('{'l' * 56}_id_seq', 5)\")",
        "op.execute(\"CREATE FUNCTION two(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'\")\n"
        "op.execute(\"CREATE FUNCTION two(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT 1'\")\n"
        'op.execute("DROP FUNCTION two(int)")\nop.execute("DROP FUNCTION two(int, int)")',
        # nothing is certain after this one, which therefore is the last
        'op.execute("CREATE EXTENSION citext")\nop.execute("ALTER TYPE citext OWNER TO CURRENT_USER")',
    ],
}


def test_what_works_is_not_told(stage: Stage) -> None:
    """Names that are given within a statement or a session, that are made on the way, or that only the server knows."""
    stage.plain().chain()
    stage.run_module("alembic", ["upgrade", "head"])
    if stage.system == "postgresql":
        stage.sql(
            'CREATE TABLE "Mixed" (id int)',
            "CREATE TABLE part (id int) PARTITION BY RANGE (id)",
            "CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10)",
        )
    bodies = [*WORKS["both"], *WORKS[stage.system]]
    for number, body in enumerate(bodies, start=4):
        stage.revision(f"r{number}", f"r{number - 1}", body)
    found = stage.doctor()
    assert (found.code, set(found.faults)) == (0, {"behind"}), found.out
    deploy = stage.deploy()
    assert (deploy.code, stage.stamped()) == (0, [f"r{len(bodies) + 3}"]), deploy.out


def test_a_table_of_a_database_that_env_py_attaches(on_sqlite: Stage) -> None:
    """Nobody looked in it: what it has is not said to be missing."""
    attach = "        connection.exec_driver_sql(\"ATTACH 'other.db' AS other\")\n        connection.commit()\n"
    env = ENV.replace("        configure(connection=connection)", f"{attach}        configure(connection=connection)")
    assert env != ENV
    stage = on_sqlite.plain(env=env).chain()
    stage.run_module("alembic", ["upgrade", "head"])
    with sqlite3.connect(stage.directory / "other.db") as other:
        other.execute("CREATE TABLE books (id INTEGER PRIMARY KEY)")
        other.execute("CREATE VIEW seen AS SELECT id FROM books")
        other.execute("CREATE INDEX ix ON books (id)")
    other.close()
    stage.revision(
        "r4",
        "r3",
        'op.add_column("books", sa.Column("title", sa.Text), schema="other")\n'
        'op.execute("INSERT INTO other.books (id) SELECT id + 1 FROM other.seen")\n'
        'op.execute("DROP VIEW other.seen")\nop.execute("DROP INDEX other.ix")\n'
        'op.rename_table("books", "works", schema="other")',
    )
    assert set(stage.doctor().faults) == {"behind"}
    deploy = stage.deploy()
    assert (deploy.code, stage.stamped()) == (0, ["r4"]), deploy.out


def test_what_code_that_is_not_read_may_make_is_only_a_risk(on_postgres: Stage) -> None:
    """Deploy goes on there, and ends with 0: so does doctor."""
    stage = on_postgres.plain().chain()
    assert stage.deploy().code == 0
    stage.revision("r4", "r3", 'op.execute("DO $$ BEGIN CREATE TABLE brief (id int); END $$")')
    stage.revision("r5", "r4", 'op.execute("ALTER TABLE brief RENAME TO shorter")')
    doctor = stage.doctor()
    assert (doctor.code, doctor.faults["blind-stamp"]["severity"]) == (0, "risk")
    assert "or something that cannot be read makes it before" in doctor.faults["blind-stamp"]["message"]
    assert stage.deploy().code == 0
