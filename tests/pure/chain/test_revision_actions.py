"""What a revision file says that it does: read, never run."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from schema_guard.chain.history import Chain, Revision
from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.operations import asks_first, collisions
from schema_guard.chain.reading.pending import Pending, There, pending_of
from schema_guard.chain.reading.revision_actions import actions_of, unseen_of
from schema_guard.chain.reading.revision_files import read_revision
from schema_guard.chain.systems import SERVER, SYSTEMS

HEAD = """
from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session
from app.helpers import fill

OLD = "job"
NEW = "runs"


def upgrade():
"""


def written(folder: Path, body: str, name: str = "r1") -> str:
    path = folder / f"{name}.py"
    path.write_text(HEAD + textwrap.indent(textwrap.dedent(body).strip(), "    ") + "\n")
    return str(path)


def renames(actions: tuple[Action, ...]) -> list[tuple[str, str]]:
    return [(action.object, action.target) for action in actions if action.verb is Verb.RENAME]


@pytest.mark.parametrize(
    "body",
    [
        'op.rename_table("job", "runs")',
        "op.rename_table(OLD, NEW)",
        'op.rename_table(old_table_name="job", new_table_name=op.f("runs"))',
        'op.execute("ALTER TABLE job RENAME TO runs")',
        'op.execute("alter table if exists only \\"job\\" rename to \\"runs\\"")',
        'op.execute(sa.text("ALTER  TABLE\\n job -- now\\n RENAME TO runs;"))',
        'op.execute(f"ALTER TABLE {OLD} RENAME TO {NEW}")',
        'op.execute("ALTER TABLE %s RENAME TO %s" % (OLD, NEW))',
        'op.execute("ALTER TABLE {} RENAME TO {}".format(OLD, NEW))',
        'op.get_bind().execute(sa.text("ALTER TABLE job RENAME TO runs"))',
        'op.get_bind().exec_driver_sql("ALTER TABLE job RENAME TO runs")',
        'op.execute(sa.DDL("ALTER TABLE job RENAME TO runs"))',
        'for old, new in [("job", "runs")]:\n    op.rename_table(old, new)',
        'def go(name):\n    op.rename_table(name, NEW)\ngo("job")',
        'if op.get_context().dialect.name != "x":\n    op.rename_table("job", "runs")',
        'op.execute("DO $$ BEGIN ALTER TABLE job RENAME TO runs; END $$")',
        'op.execute("SELECT 1; ALTER TABLE job RENAME TO runs")',
        'with op.get_context().autocommit_block():\n    op.execute("ALTER TABLE job RENAME TO runs")',
        'op.execute("/* a /* b; */ c */ ALTER TABLE job RENAME TO runs")',
        'op.execute(sqltext="ALTER TABLE job RENAME TO runs")',
        'op.get_bind().connection.cursor().execute("ALTER TABLE job RENAME TO runs")',
        'with op.get_bind().begin() as conn:\n    conn.execute(sa.text("ALTER TABLE job RENAME TO runs"))',
        'conn = op.get_bind().execution_options(x=1)\nconn.execute(sa.text("ALTER TABLE job RENAME TO runs"))',
        'if (bind := op.get_bind()).dialect.name != "x":\n    bind.execute(sa.text("ALTER TABLE job RENAME TO runs"))',
        '[op.rename_table(old, new) for old, new in [("job", "runs")]]',
        'for old, new in sorted({"job": "runs"}.items()):\n    op.rename_table(old, new)',
        'old, new = "job", "runs"\nop.rename_table(old, new)',
        'def go(*, old="job", new):\n    op.rename_table(old, new)\ngo(new="runs")',
        'from alembic.op import rename_table as rename\nrename("job", "runs")',
    ],
)
def test_a_table_renamed_in_any_spelling(tmp_path: Path, body: str) -> None:
    assert renames(actions_of(written(tmp_path, body))) == [("job", "runs")]


@pytest.mark.parametrize(
    "body",
    [
        'op.alter_column("job", "a", new_column_name="b")',
        'op.alter_column("job", column_name="a", new_column_name=op.f("b"), existing_type=sa.Integer())',
        'with op.batch_alter_table("job") as batch_op:\n    batch_op.alter_column("a", new_column_name="b")',
        'with op.batch_alter_table("job") as batch:\n    batch.alter_column(column_name="a", new_column_name="b")',
        'op.execute("ALTER TABLE job RENAME a TO b")',
        'op.execute("ALTER TABLE job RENAME COLUMN a TO b")',
        'op.execute("alter table only job rename column \\"a\\" to \\"b\\"")',
        'conn = op.get_bind()\nconn.execute(sa.text("ALTER TABLE job RENAME COLUMN a TO b"))',
    ],
)
def test_a_column_renamed_in_any_spelling(tmp_path: Path, body: str) -> None:
    assert renames(actions_of(written(tmp_path, body))) == [("job.a", "job.b")]


@pytest.mark.parametrize(
    "body",
    [
        'op.execute("UPDATE job SET a = 1")',
        'op.execute("-- note\\nWITH x AS (SELECT 1) UPDATE job SET a = 1")',
        'op.execute("INSERT INTO job (a) SELECT a FROM old")',
        'op.execute("CREATE TABLE job2 AS SELECT * FROM job")',
        "op.execute(\"SELECT setval('job_id_seq', 9)\")",
        'op.execute("ALTER SEQUENCE job_id_seq RESTART WITH 9")',
        'op.execute("ALTER TABLE job ALTER COLUMN a TYPE int USING length(a)")',
        'op.execute("DO $$ BEGIN PERFORM 1; END $$")',
        'op.execute("CALL fill()")',
        'op.execute(open("fill.sql").read())',
        'op.execute(f"UPDATE {compute()} SET a = 1")',
        'op.bulk_insert(sa.table("job", sa.column("a")), [{"a": 1}])',
        't = sa.table("job", sa.column("a"))\nop.execute(t.update().values(a=1))',
        't = op.create_table("job", sa.Column("a", sa.Integer))\nop.bulk_insert(t, [])',
        "op.execute(sa.update(sa.table('job')).values(a=1))",
        'bind = op.get_bind()\nfor row in bind.execute(sa.text("SELECT a FROM job")):\n'
        '    bind.execute(sa.text("UPDATE job SET a = 2"))',
        "session = Session(bind=op.get_bind())\nsession.commit()",
        "fill(op)",
        "fill(op.get_bind())",
        "op.run_async(fill)",
        "list(map(op.execute, STATEMENTS))",
        "run = op.execute\nrun('UPDATE job SET a = 1')",
        'with op.batch_alter_table("job", copy_from=fill) as batch_op:\n    batch_op.drop_column("a")',
        'op.alter_column("job", "a", type_=sa.Integer(), postgresql_using="length(a)")',
        'op.get_bind().execute(sa.text("DELETE FROM job"))',
        "op.sync_enum_values('public', 'state', ['a'])",
        "exec('op.drop_table(1)')",
        "fill.get('job')",
        "from alembic import context\ncontext.execute('UPDATE job SET a = 1')",
        "import app.fill_rows",
        "from app.fill import RuntimeError\nRuntimeError('fills rows')",
        "from app.migrations import filled",
        "def go():\n    import app.fill_rows\ngo()",
        "op.execute('GRANT reporting TO app')",
        'op.execute("EXPLAIN ANALYZE DELETE FROM job")',
        'op.execute("SELECT * INTO runs FROM job")',
        'op.execute("CREATE TEMP TABLE gone AS WITH x AS (DELETE FROM job RETURNING *) SELECT * FROM x")',
        "op.execute(sa.select(sa.func.fill_rows()))",
        'op.execute(sa.select(sa.text("fill_rows()")))',
        "statement = sa.update(sa.table('job'))\nstatement = statement.values(a=1)\nop.execute(statement)",
        "from sqlalchemy.dialects.postgresql import insert as upsert\n"
        "op.execute(upsert(sa.table('job')).from_select(['a'], sa.select(sa.literal(1))))",
        'try:\n    pass\nexcept* ValueError:\n    op.execute("UPDATE job SET a = 1")',
        'op.alter_column("job", "a", **OPTIONS)',
        "op.execute(r\"SELECT E'it\\\\'s'; UPDATE job SET a = ';'\")",
        'made = op.get_bind().execute(sa.text("INSERT INTO job (a) VALUES (1) RETURNING id")).scalar()',
        'done = op.get_bind().execute(sa.text("UPDATE job SET a = 1")).rowcount',
        'bind = op.get_bind()\nrows = bind.execute(sa.text("DELETE FROM job RETURNING id")).mappings().all()',
        'bind = op.get_bind()\nif bind.execute(sa.text("UPDATE job SET a = 1 RETURNING id")).first():\n    pass',
        'bind = op.get_bind()\nfound = dict(bind.execute(sa.text("UPDATE job SET a = 1 RETURNING a, id")).fetchall())',
    ],
)
def test_what_leaves_no_trace_is_named(tmp_path: Path, body: str) -> None:
    assert unseen_of(written(tmp_path, body))


@pytest.mark.parametrize(
    "body",
    [
        'op.create_table("job", sa.Column("a", sa.Integer, server_default=sa.text("0")), sa.UniqueConstraint("a"))',
        'op.add_column("job", sa.Column("a", sa.Text))',
        'op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON job (a)")',
        'op.execute("CREATE OR REPLACE VIEW v AS SELECT 1; CREATE TRIGGER t AFTER INSERT ON job '
        'BEGIN UPDATE other SET a = 1; END")',
        'op.execute("CREATE RULE r AS ON DELETE TO job DO ALSO (INSERT INTO a VALUES (OLD.id); DELETE FROM b)")',
        "op.execute('''CREATE FUNCTION f() RETURNS trigger AS $x$ BEGIN DELETE FROM a; RETURN NEW; END $x$ '''\n"
        "           '''LANGUAGE plpgsql''')",
        'bind = op.get_bind()\nif bind.dialect.name == "postgresql":\n    op.execute("ALTER TYPE s ADD VALUE \'x\'")',
        'inspector = sa.inspect(op.get_bind())\nnames = [c["name"] for c in inspector.get_columns("job")]\n'
        'if "a" not in names:\n    op.add_column("job", sa.Column("a", sa.Text))',
        'postgresql.ENUM("a", name="state").create(op.get_bind(), checkfirst=True)',
        'op.alter_column("job", "a", type_=sa.Integer(), postgresql_using="a::integer")',
        'op.execute("GRANT SELECT ON job TO reporting")',
        'for name in ("a", "b"):\n    op.drop_column("job", name)',
        'op.execute("CREATE TEMP TABLE seen (a int)")',
        't = sa.table("job", sa.column("a"))\nstatement = sa.select(t.c.a).where(t.c.a.is_(None))\n'
        "found = op.get_bind().execute(statement).all()",
        'op.execute("EXPLAIN SELECT a FROM job")',
        'number = op.get_bind().execute(sa.text("SELECT count(*) FROM job")).scalar()',
        'names = [name for name in op.get_bind().execute(sa.text("SELECT a FROM job")).scalars()]',
        'try:\n    op.drop_table("job")\nexcept Exception as error:\n    print("exist" in str(error).lower())',
        'from alembic import context\nif context.get_context().dialect.name.startswith("p"):\n    op.drop_table("job")',
        "from alembic.context import get_context\nschema = get_context().version_table_schema",
        "from sqlalchemy.schema import CreateSequence\n"
        "def make(seq):\n    op.execute(CreateSequence(seq))\nmake(sa.Sequence('job_seq'))",
        'for key in sa.inspect(op.get_bind()).get_foreign_keys("job"):\n    op.drop_constraint(key.get("name"), "job")',
        'bind = op.get_bind()\nif bind.dialect.name == "mysql":\n    raise NotImplementedError("not on MySQL")',
    ],
)
def test_what_the_schema_shows_is_no_doubt(tmp_path: Path, body: str) -> None:
    assert unseen_of(written(tmp_path, body)) == ()


@pytest.mark.parametrize(
    "upgrade",
    [
        "from app.helpers import upgrade",
        "from app.helpers import *",
        "upgrade = OPERATIONS.upgrade",
        "if OLD:\n    def upgrade():\n        op.execute('UPDATE job SET a = 1')",
        "@fill\ndef upgrade():\n    pass",
        "def fix():\n    op.execute('UPDATE job SET a = 1')\n\nupgrade = fix",
        "upgrade = lambda: op.execute('UPDATE job SET a = 1')",
    ],
)
def test_an_upgrade_that_is_not_written_out_is_not_taken_as_empty(tmp_path: Path, upgrade: str) -> None:
    path = tmp_path / "r1.py"
    path.write_text(f'{HEAD.replace("def upgrade():", "")}\nrevision = "r1"\ndown_revision = None\n{upgrade}\n')
    assert unseen_of(str(path))
    revision = read_revision(path)
    assert isinstance(revision, Revision)
    assert not revision.empty
    assert not asks_first(str(path))


def chain_of(folder: Path, *bodies: str) -> Chain:
    revisions = [
        Revision(f"r{number}", (f"r{number - 1}",) if number > 1 else (), file=written(folder, body, f"r{number}"))
        for number, body in enumerate(bodies, start=1)
    ]
    return Chain(tuple(revisions))


TABLE = 'op.create_table("job", sa.Column("a", sa.Integer))'
INDEX = 'op.create_index("ix", "job", ["a"])'
CHECK = 'op.create_check_constraint("ck", "job", "a > 0")'
KEY = 'op.create_foreign_key("fk", "job", "job", ["a"], ["a"])'
ENUM = 'op.create_table("{}", sa.Column("s", sa.Enum("a", name="state")))'
TYPE = "op.execute(\"CREATE TYPE state AS ENUM ('a')\")"
CREATE = 'postgresql.ENUM("a", name="state").create(op.get_bind(), checkfirst=False)'
SEQUENCE = 'op.execute(sa.schema.CreateSequence(sa.Sequence("s")))'
VIEW = 'op.execute("CREATE VIEW v AS SELECT 1")'
FUNCTION = "op.execute(\"CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT 1'\")"
TRIGGER = 'op.execute("CREATE TRIGGER t AFTER INSERT ON job FOR EACH ROW EXECUTE FUNCTION f()")'
X = 'op.create_table("x", sa.Column("b", sa.Text))'
NAMED = 'op.create_table("x", sa.Column("b", sa.Text), sa.UniqueConstraint("b", name="uq"))'
UNIQUE = 'op.create_unique_constraint("uq", "job", ["a"])'


@pytest.mark.parametrize(
    ("first", "second", "systems"),
    [
        (INDEX, 'op.execute("CREATE INDEX ix ON job (a)")', "both"),
        (INDEX, 'op.create_table("ix", sa.Column("a", sa.Integer))', "both"),
        (UNIQUE, 'op.execute("ALTER TABLE job ADD CONSTRAINT uq UNIQUE (a)")', "postgresql"),
        (CHECK, CHECK, "postgresql"),
        (KEY, KEY, "postgresql"),
        (ENUM.format("x"), ENUM.format("y"), "postgresql"),
        (TYPE, CREATE, "postgresql"),
        ('op.add_column("job", sa.Column("b", sa.Text))', 'op.execute("ALTER TABLE job ADD b text")', "both"),
        ('op.create_table("x", sa.Column("b", sa.Text))', 'op.execute("CREATE TABLE x (b int)")', "both"),
        ('op.execute("CREATE SEQUENCE s")', SEQUENCE, "postgresql"),
        (VIEW, VIEW, "both"),
        (FUNCTION, FUNCTION, "postgresql"),
        (FUNCTION, FUNCTION.replace("x int", "x text"), "neither"),
        (FUNCTION, FUNCTION.replace("CREATE", "CREATE OR REPLACE"), "neither"),
        (FUNCTION, 'op.execute("DROP FUNCTION f")\n' + FUNCTION, "neither"),
        ('op.execute("CREATE EXTENSION ltree")', 'op.execute("CREATE EXTENSION ltree")', "postgresql"),
        ('op.execute("CREATE SCHEMA a")', 'op.execute(sa.schema.CreateSchema("a"))', "postgresql"),
        (TRIGGER, TRIGGER, "both"),
        (TABLE.replace("job", "t"), TRIGGER, "neither"),
        ('op.execute("CREATE RULE r AS ON DELETE TO job DO NOTHING")',) * 2 + ("postgresql",),
        (
            'op.create_table("x", sa.Column("b", sa.Text, index=True))',
            'op.create_index("ix_x_b", "x", ["b"])',
            "both",
        ),
        (UNIQUE, UNIQUE.replace('["a"]', '["b"]'), "postgresql"),
        ('op.execute("ALTER TABLE job ADD CHECK (a > 0), ADD CONSTRAINT ck CHECK (a > 1)")', CHECK, "postgresql"),
        ('op.execute("ALTER TABLE job ADD b int CONSTRAINT fk REFERENCES job (a)")', KEY, "postgresql"),
        (
            'op.create_table("x", sa.Column("b", sa.Text, unique=True))',
            'op.create_unique_constraint("x_b_key", "x", ["b"])',
            "postgresql",
        ),
        (NAMED, 'op.create_index("uq", "job", ["a"])', "postgresql"),
        ('op.create_index("uq", "job", ["a"])', NAMED, "postgresql"),
        (NAMED, NAMED.replace('"x"', '"y"'), "postgresql"),
        (NAMED, 'op.execute("CREATE TABLE y (b int, CONSTRAINT uq PRIMARY KEY (b))")', "postgresql"),
        (NAMED, 'op.create_check_constraint("uq", "job", "a > 0")', "neither"),
        ('op.create_check_constraint("ck", "other", "a > 0")', CHECK, "neither"),
        ('op.execute("CREATE VIEW x AS SELECT 1")', X, "both"),
        (TYPE.replace("state", "x"), X, "postgresql"),
        (X, TYPE.replace("state", "x"), "postgresql"),
        ('op.execute("CREATE TYPE x AS (a int)")', 'op.create_index("x", "job", ["a"])', "postgresql"),
        (TYPE.replace("state", "x"), 'op.create_index("x", "job", ["a"])', "neither"),
        ('op.execute("CREATE DOMAIN x AS int")', 'op.execute("CREATE MATERIALIZED VIEW x AS SELECT 1")', "postgresql"),
        (
            'op.create_index("uq", "job", ["a"])',
            'op.execute("ALTER TABLE job ADD CONSTRAINT uq UNIQUE USING INDEX uq")',
            "neither",
        ),
    ],
)
def test_two_revisions_make_the_same(tmp_path: Path, first: str, second: str, systems: str) -> None:
    chain = chain_of(tmp_path, TABLE, first, second)
    for system in SYSTEMS.values():
        found = [(each.first.id, each.second.id) for each in collisions(chain, system)]
        assert found == ([("r2", "r3")] if systems in ("both", system.name) else [])


@pytest.mark.parametrize(
    "between",
    [
        'op.drop_index("ix", "job")',
        'op.execute("DROP INDEX IF EXISTS ix")',
        'op.drop_table("job")\n' + TABLE,
        'op.drop_column("job", "a")\nop.add_column("job", sa.Column("a", sa.Integer))',
    ],
)
def test_what_was_removed_may_be_made_again(tmp_path: Path, between: str) -> None:
    assert collisions(chain_of(tmp_path, TABLE, INDEX, between, INDEX), SERVER) == []


def test_a_rename_is_followed_through_the_chain(tmp_path: Path) -> None:
    """What is there now comes to its last name, whatever it is called in between."""
    chain = chain_of(tmp_path, TABLE, 'op.rename_table("job", "work")', 'op.execute("ALTER TABLE work RENAME TO runs")')
    there = There({"job": frozenset({"a"})}, "public", SERVER)
    pending = pending_of(chain, frozenset({"r1"}), there)
    assert [(change.object, change.source) for change in pending.into] == [("work", "job"), ("runs", "job")]


def test_a_renamed_column_of_a_renamed_table(tmp_path: Path) -> None:
    chain = chain_of(
        tmp_path, TABLE, 'op.rename_table("job", "runs")\nop.alter_column("runs", "a", new_column_name="b")'
    )
    pending = pending_of(chain, frozenset({"r1"}), There({"job": frozenset({"a"})}, "public", SERVER))
    assert [(change.object, change.source) for change in pending.into] == [("runs", "job"), ("runs.b", "job.a")]


def pending(folder: Path, tables: dict[str, str], *bodies: str) -> Pending:
    """What is to run on a database with these tables, each with its columns."""
    there = There({name: frozenset(columns.split()) for name, columns in tables.items()}, "public", SERVER)
    return pending_of(chain_of(folder, *bodies), frozenset(), there)


@pytest.mark.parametrize(
    ("body", "in_the_way"),
    [
        ('op.rename_table("job", "runs")', ["runs"]),
        ('op.drop_table("runs")\nop.rename_table("job", "runs")', []),
        ('op.rename_table("runs", "x")\nop.rename_table("job", "runs")\nop.rename_table("x", "job")', []),
        ('op.execute("DROP TABLE IF EXISTS runs; ALTER TABLE job RENAME TO runs")', []),
        ('op.alter_column("job", "a", new_column_name="b")', ["job.b"]),
        ('op.drop_column("job", "b")\nop.alter_column("job", "a", new_column_name="b")', []),
        ('op.execute("ALTER TABLE job RENAME b TO c; ALTER TABLE job RENAME a TO b")', []),
        ('op.rename_table("job", "work")\nop.alter_column("work", "a", new_column_name="b")', ["job.b"]),
    ],
)
def test_what_stands_in_the_way_when_a_renames_turn_comes(tmp_path: Path, body: str, in_the_way: list[str]) -> None:
    """What a revision moves away or drops before is not in its way: two names may be exchanged."""
    found = pending(tmp_path, {"job": "a b", "runs": "a"}, body)
    assert found.into
    assert [change.taken for change in found.into if change.taken] == in_the_way


@pytest.mark.parametrize(
    ("bodies", "filled"),
    [
        ((TABLE, 'op.execute("INSERT INTO job SELECT a FROM old")'), ["job", "job.a"]),
        ((TABLE, 'op.execute("INSERT INTO other SELECT a FROM old")'), []),
        ((TABLE, INDEX, "fill(op.get_bind())"), ["job", "job.a"]),
        (('op.execute("UPDATE job SET a = 1")', TABLE), []),
        (
            (TABLE, 'op.execute("INSERT INTO job SELECT a FROM old")', 'op.rename_table("job", "runs")'),
            ["runs", "runs.a"],
        ),
    ],
)
def test_what_a_later_revision_fills(tmp_path: Path, bodies: tuple[str, ...], filled: list[str]) -> None:
    found = pending(tmp_path, {"old": "a"}, *bodies)
    assert [change.object for change in found.later] == filled


@pytest.mark.parametrize(
    ("statement", "brought"),
    [
        ("ALTER TYPE state RENAME VALUE 'fresh' TO 'new'", ("value", "state.new")),
        ("ALTER TYPE state RENAME TO status", ("type", "status")),
        ("ALTER SEQUENCE numbers RENAME TO ids", ("sequence", "ids")),
        ("ALTER TABLE archive.job SET SCHEMA public", ("table", "job")),
        ("ALTER TABLE archive.work SET SCHEMA public", ("table", "work")),
        ("ALTER SCHEMA archive RENAME TO past", ("table", "past.job")),
        ("ALTER TABLE hidden.job SET SCHEMA public", ("table", "job")),
    ],
)
def test_renames_of_other_kinds(tmp_path: Path, statement: str, brought: tuple[str, str]) -> None:
    """A schema that was not looked at may well hold what is moved."""
    found = pending(tmp_path, {"archive.job": "a", "archive.work": "a"}, f'op.execute("{statement}")')
    assert brought in [(change.kind, change.object) for change in found.into]
