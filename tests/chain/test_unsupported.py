"""What is never taken, whatever is in the database, is told before a revision runs; what is taken never is.

Not taken by SQLite, by PostgreSQL, by the driver, or by SQLAlchemy.
"""

from __future__ import annotations

from subprocess import CalledProcessError

import pytest

from tests.chain.stage import ENV, Stage

NEVER = {
    "statements": 'op.execute("UPDATE proposals SET name = 1; UPDATE proposals SET name = 2")',
    "statements of text()": 'op.get_bind().execute(sa.text("UPDATE proposals SET name = 1;\\nDELETE FROM proposals"))',
    "a semicolon too many": "op.execute(\"UPDATE proposals SET name = '1';;\")",
    "an empty statement behind it": "op.execute(\"UPDATE proposals SET name = '1';\\n\\n;\\n-- end\")",
    "IF NOT EXISTS": 'op.execute("ALTER TABLE proposals ADD COLUMN IF NOT EXISTS z TEXT")',
    "in a column of another table": 'op.execute("INSERT INTO lost SELECT id FROM gone WHERE id::text = 1")',
    "ALTER COLUMN": 'op.execute("ALTER TABLE proposals ALTER COLUMN name TYPE text")',
    "TRUNCATE": 'op.execute("TRUNCATE proposals")',
    "cast": "op.execute(\"UPDATE proposals SET name = '1'::text\")",
    "nullable": 'op.alter_column("proposals", "name", nullable=False)',
    "type": 'op.alter_column("proposals", "name", type_=sa.Text(), existing_type=sa.String(80))',
    "default": 'op.alter_column("proposals", "name", server_default="x")',
    "no default": 'op.alter_column("proposals", "name", server_default=None)',
    "unique": 'op.create_unique_constraint("u", "proposals", ["name"])',
    "check": 'op.create_check_constraint("c", "proposals", "id > 0")',
    "foreign key": 'op.create_foreign_key("f", "proposals", "proposals", ["id"], ["id"])',
    "no constraint": 'op.drop_constraint("c", "proposals")',
    "column that refers": 'op.add_column("proposals", sa.Column("z", sa.Integer, sa.ForeignKey("proposals.id")))',
    "column that is unique": 'op.add_column("proposals", sa.Column("z", sa.Integer, unique=True))',
}
WORKS = {
    "comment behind": 'op.execute("UPDATE proposals SET name = 1; -- the first; and last")',
    "semicolons in front": "op.execute(\";; UPDATE proposals SET name = '1';\")",
    "a comment alone": 'op.execute("-- nothing")',
    "semicolons alone": 'op.execute(";;")',
    "in quotes": "op.execute(\"UPDATE proposals SET name = 'a;b'\")",
    "parameter": 'op.execute(sa.text("UPDATE proposals SET name = :name").bindparams(name="a"))',
    "colon": "op.execute(sa.text(r\"UPDATE proposals SET name = 'a\\:b'\"))",
    "trigger": 'op.execute("CREATE TRIGGER t AFTER INSERT ON proposals BEGIN SELECT 1; SELECT 2; END;")',
    "pragma": 'op.execute("PRAGMA foreign_keys")',
    "batch": 'with op.batch_alter_table("proposals") as batch:\n    batch.alter_column("name", nullable=False)',
    "rename": 'op.alter_column("proposals", "name", new_column_name="e")\n'
    'op.alter_column("proposals", "e", new_column_name="name")',
    "plain column": 'op.add_column("proposals", sa.Column("z", sa.Integer, index=True))\n'
    'op.drop_index("ix_proposals_z", "proposals")\nop.drop_column("proposals", "z")',
    "column with a CHECK": 'op.add_column("proposals", sa.Column("z", sa.Integer, sa.CheckConstraint("z > 0")))',
    "elsewhere": 'if op.get_bind().dialect.name != "sqlite":\n    op.execute("TRUNCATE proposals")',
}


NEVER_ON_EITHER = {
    "parameter": "op.execute(\"UPDATE proposals SET name = ':nobody'\")",
    "JSON": "op.execute(sa.text('UPDATE proposals SET name = \\'{\"a\":1}\\''))",
    "parameter of a connection": 'op.get_bind().execute(sa.text("DELETE FROM proposals WHERE id = :id"))',
    "str": 'bind = op.get_bind()\nbind.execute("DELETE FROM proposals")',
}
WORKS_ON_EITHER = {
    "value": 'op.get_bind().execute(sa.text("DELETE FROM proposals WHERE id = :id"), {"id": 1})',
    "values": 'op.execute(sa.text("DELETE FROM proposals WHERE id = :id").bindparams(sa.bindparam("id", value=1)))',
    "escaped": "op.execute(\"UPDATE proposals SET name = '\\\\:nobody'\")",
    "time": "op.execute(\"UPDATE proposals SET name = '12:30'\")",
    "the driver's": "op.get_bind().exec_driver_sql(\"UPDATE proposals SET name = ':nobody'\")",
    "DDL": "op.execute(sa.DDL(\"UPDATE proposals SET name = ':nobody'\"))",
    "context": 'op.get_context().execute("DELETE FROM proposals")',
    "cursor": 'cursor = op.get_bind().connection.cursor()\ncursor.execute("DELETE FROM proposals")',
}
NEVER_ON_POSTGRESQL = {
    "concurrently": 'op.execute("CREATE INDEX CONCURRENTLY i ON proposals (name)")',
    "create_index": 'op.create_index("i", "proposals", ["name"], postgresql_concurrently=True)',
    "vacuum": 'op.execute("VACUUM proposals")',
    "among several": "op.execute(\"UPDATE proposals SET name = '1'; DROP INDEX CONCURRENTLY ix_proposals_visitor\")",
    "pragma": 'op.execute("PRAGMA foreign_keys = ON")',
    "replace": "op.execute(\"REPLACE INTO proposals (id, name) VALUES (1, '1')\")",
}
WORKS_ON_POSTGRESQL = {
    "statements": "op.execute(\"UPDATE proposals SET name = '1';; UPDATE proposals SET name = '2';\")",
    "cast": "op.execute(\"UPDATE proposals SET name = '1'::text\")",
    "block": "with op.get_context().autocommit_block():\n"
    '    op.create_index("i", "proposals", ["name"], postgresql_concurrently=True)\n    op.execute("VACUUM proposals")',
    "committed": 'op.get_bind().exec_driver_sql("COMMIT")\nop.get_bind().exec_driver_sql("DELETE FROM proposals")',
    "parentheses": 'op.execute("(SELECT 1) UNION (SELECT 2)")',
    "with": 'op.execute("WITH gone AS (DELETE FROM proposals RETURNING id) SELECT * FROM gone")',
    "block of code": 'op.execute("DO $$ BEGIN PERFORM 1; END $$")',
    "empty": 'op.execute("-- nothing")',
}


def chain_with(stage: Stage, body: str) -> Stage:
    stage = stage.plain().chain()
    stage.run_module("alembic", ["upgrade", "head"])
    stage.revision("r4", "r3", body)
    return stage


@pytest.mark.parametrize("body", NEVER.values(), ids=NEVER)
def test_doctor_and_deploy_tell_what_alembic_fails_on(on_sqlite: Stage, body: str) -> None:
    told(chain_with(on_sqlite, body))


@pytest.mark.parametrize("body", NEVER_ON_EITHER.values(), ids=NEVER_ON_EITHER)
def test_what_sqlalchemy_does_not_take(stage: Stage, body: str) -> None:
    told(chain_with(stage, body))


@pytest.mark.parametrize("body", NEVER_ON_POSTGRESQL.values(), ids=NEVER_ON_POSTGRESQL)
def test_what_postgresql_does_not_take(on_postgres: Stage, body: str) -> None:
    """What it does not know, and what cannot run in the transaction that Alembic begins."""
    told(chain_with(on_postgres, body))


def test_a_driver_that_takes_no_empty_text(on_postgres: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """psycopg2 says: can't execute an empty query."""
    stage = chain_with(on_postgres, 'op.execute("-- nothing")')
    monkeypatch.setenv("DATABASE_URL", stage.url.replace("+psycopg:", "+psycopg2:"))
    told(stage)


def told(stage: Stage) -> None:
    doctor = stage.doctor()
    assert doctor.code == 1, doctor.out
    assert "r4 is still to run and " in doctor.faults["unsupported"]["message"]
    deploy = stage.deploy()
    assert (deploy.code, stage.stamped()) == (1, ["r3"]), deploy.out
    with pytest.raises(CalledProcessError):
        stage.run_module("alembic", ["upgrade", "head"])


@pytest.mark.parametrize("body", WORKS.values(), ids=WORKS)
def test_what_works_is_not_told(on_sqlite: Stage, body: str) -> None:
    not_told(chain_with(on_sqlite, body))


@pytest.mark.parametrize("body", WORKS_ON_EITHER.values(), ids=WORKS_ON_EITHER)
def test_what_works_on_either(stage: Stage, body: str) -> None:
    not_told(chain_with(stage, body))


@pytest.mark.parametrize("body", WORKS_ON_POSTGRESQL.values(), ids=WORKS_ON_POSTGRESQL)
def test_what_works_on_postgresql(on_postgres: Stage, body: str) -> None:
    not_told(chain_with(on_postgres, body))


def not_told(stage: Stage) -> None:
    doctor = stage.doctor()
    assert "unsupported" not in doctor.faults, doctor.out
    deploy = stage.deploy()
    assert stage.stamped() == ["r4"], deploy.out


MAKES = "create_engine(url, poolclass=pool.NullPool)"
SECTION = "config.get_section(config.config_ini_section, {})"
WRITTEN_OUT = {
    "a URL from elsewhere": "create_engine(settings.URL, poolclass=pool.NullPool)",
    "own options": "create_engine(url, **OWN)",
    "the section": f"engine_from_config({SECTION} | {{'sqlalchemy.url': url}}, prefix='sqlalchemy.')",
}
FROM_ELSEWHERE = {
    "options": "create_engine(url, **settings.OPTIONS)",
    "an option": "create_engine(url, execution_options=settings.EXECUTION)",
    "through a name": "create_engine(url, **(OWN | settings.OPTIONS))",
    "a creator": "create_engine(url, creator=settings.creator)",
    "a section": "engine_from_config(settings.SECTION, prefix='')",
    "its connections": "create_engine(url).execution_options(**settings.EXECUTION)",
    "a function": "settings.tuned(create_engine(url))",
    "another engine": "(settings.engine if url else create_engine(url))",
}
SETTINGS = """
import os, psycopg, sqlalchemy
URL = os.environ["DATABASE_URL"]
EXECUTION = OPTIONS = {"isolation_level": "AUTOCOMMIT"}
SECTION = {"url": URL, **OPTIONS}
engine = sqlalchemy.create_engine(URL, **OPTIONS)
tuned = lambda made: made.execution_options(**OPTIONS)
creator = lambda: psycopg.connect(URL.replace("+psycopg", ""), autocommit=True)
"""


def env_that(makes: str) -> str:
    imports = "import settings\nfrom sqlalchemy import engine_from_config\nconfig = context.config\n"
    return ENV.replace(MAKES, makes).replace("\nurl =", f"\n{imports}OWN = {{'echo': False}}\nurl =")


@pytest.mark.parametrize("makes", WRITTEN_OUT.values(), ids=WRITTEN_OUT)
def test_an_engine_that_env_py_writes_out(on_postgres: Stage, makes: str) -> None:
    """Nothing of it can leave the transaction."""
    on_postgres.write("settings.py", 'import os\nURL = os.environ["DATABASE_URL"]\n')
    stage = chain_with(on_postgres, NEVER_ON_POSTGRESQL["vacuum"])
    stage.write("migrations/env.py", env_that(makes))
    told(stage)


@pytest.mark.parametrize("makes", FROM_ELSEWHERE.values(), ids=FROM_ELSEWHERE)
def test_options_from_another_module_may_be_autocommit(on_postgres: Stage, makes: str) -> None:
    """As here: the deploy works. Nothing more than a risk is told."""
    on_postgres.write("settings.py", SETTINGS)
    stage = chain_with(on_postgres, NEVER_ON_POSTGRESQL["vacuum"])
    stage.write("migrations/env.py", env_that(makes))
    doctor = stage.doctor()
    assert doctor.faults["unsupported"]["severity"] == "risk", doctor.out
    assert "unless the engine" in doctor.faults["unsupported"]["message"]
    deploy = stage.deploy()
    assert (deploy.code, stage.stamped()) == (0, ["r4"]), deploy.out + deploy.err


ASYNC_ENV = """
import asyncio, os
from alembic import context
from shop import Base
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine

def run(connection):
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()

async def online():
    async with create_async_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool).connect() as connection:
        await connection.run_sync(run)
        await connection.commit()

asyncio.run(online())
"""


def test_asyncpg_takes_one_statement_in_each_text(on_postgres: Stage) -> None:
    url = on_postgres.url.replace("+psycopg", "+asyncpg")
    stage = on_postgres.plain(env=ASYNC_ENV).chain()
    assert stage.guard("deploy", "--url", url).code == 0
    stage.revision("r4", "r3", NEVER["statements"])
    doctor = stage.guard("doctor", "--format", "json", "--url", url)
    assert (doctor.code, list(doctor.faults)) == (1, ["unsupported", "behind"]), doctor.out
    assert "the driver takes one" in doctor.faults["unsupported"]["message"]
    assert (stage.guard("deploy", "--url", url).code, stage.stamped()) == (1, ["r3"])
    stage.revision("r4", "r3", NEVER["statements"].partition(";")[0] + '")')
    assert stage.guard("deploy", "--url", url).code == 0


def test_a_semicolon_in_parentheses_ends_no_statement(on_postgres: Stage) -> None:
    url = on_postgres.url.replace("+psycopg", "+asyncpg")
    stage = on_postgres.plain(env=ASYNC_ENV).chain()
    assert stage.guard("deploy", "--url", url).code == 0
    also = "UPDATE proposals SET name = OLD.version_num WHERE id = 1; DELETE FROM proposals WHERE id < 0"
    stage.revision("r4", "r3", f'op.execute("CREATE RULE r AS ON DELETE TO alembic_version DO ALSO ({also})")')
    doctor = stage.guard("doctor", "--format", "json", "--url", url)
    assert "unsupported" not in doctor.faults, doctor.out
    assert (stage.guard("deploy", "--url", url).code, stage.stamped()) == (0, ["r4"])


def test_a_postgresql_that_takes_them_all(on_postgres: Stage) -> None:
    stage = chain_with(on_postgres, f"{NEVER['statements']}\n{NEVER['ALTER COLUMN']}")
    assert "unsupported" not in stage.doctor().faults
    assert stage.deploy().code == 0
