"""docs/symptoms.md: each message is one that PostgreSQL, SQLite, SQLAlchemy or Alembic really says."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine, Enum, create_engine, literal_column, select, text

from tests.postgres.database import Database

PAGE = Path(__file__).resolve().parents[2] / "docs" / "symptoms.md"
ROWS = re.findall(r"^\| `(?P<message>[^`]+)` \| (?:(?P<by>PostgreSQL|SQLite|SQLAlchemy) \|)?", PAGE.read_text(), re.M)
DOCUMENTED = {by or "Alembic": [message for message, other in ROWS if other == by] for _, by in ROWS}

POSTGRESQL_BEFORE = (
    "CREATE TYPE mood AS ENUM ('glad')",
    "CREATE TABLE proposals (id serial PRIMARY KEY, user_id integer NOT NULL, state varchar(3)"
    " CONSTRAINT ck_state CHECK (state <> 'old'), mood mood)",
    "INSERT INTO proposals (id, user_id, state) VALUES (1, 1, 'new'), (2, 1, 'new')",
    "CREATE TABLE nullable (LIKE proposals)",
    "CREATE ROLE symptoms_reader",
)
POSTGRESQL = {
    "column proposals.visitor does not exist": "SELECT proposals.visitor FROM proposals",
    'relation "proposals" does not exist': "DROP TABLE proposals; SELECT id FROM proposals",
    'null value in column "user_id" of': "INSERT INTO proposals (id) VALUES (7)",
    'new row for relation "proposals" violates check': "INSERT INTO proposals VALUES (7, 1, 'old')",
    "there is no unique or exclusion": "INSERT INTO proposals VALUES (7, 1) ON CONFLICT (user_id) DO NOTHING",
    'duplicate key value violates unique constraint "proposals_pkey"': "INSERT INTO proposals (user_id) VALUES (1)",
    "invalid input value for enum mood": "INSERT INTO proposals VALUES (7, 1, 'x', 'calm')",
    "value too long": "INSERT INTO proposals VALUES (7, 1, 'long')",
    "integer out of range": "INSERT INTO proposals VALUES (7, 3000000000)",
    "permission denied for table proposals": "SET LOCAL ROLE {role}; SELECT * FROM proposals",
    "cannot execute ALTER TABLE": "SET TRANSACTION READ ONLY; ALTER TABLE proposals ADD visitor text",
    "must be owner of table proposals": "SET LOCAL ROLE {role}; ALTER TABLE proposals ADD visitor text",
    'column "user_id" of relation': "ALTER TABLE proposals ALTER user_id DROP NOT NULL; UPDATE proposals SET user_id ="
    " NULL; ALTER TABLE proposals ALTER user_id SET NOT NULL",
    'check constraint "ck_new"': "ALTER TABLE proposals ADD CONSTRAINT ck_new CHECK (state = 'old')",
    "could not create unique index": "ALTER TABLE proposals ADD CONSTRAINT uq_new UNIQUE (user_id)",
    "canceling statement due to statement timeout": "SET LOCAL statement_timeout = 20; SELECT pg_sleep(1)",
    'column "visitor" of relation': "ALTER TABLE proposals ADD visitor text; ALTER TABLE proposals ADD visitor text",
    'relation "proposals" already exists': "CREATE TABLE proposals (id int)",
}
SQLITE_BEFORE = (
    "CREATE TABLE proposals (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, state TEXT"
    " CONSTRAINT ck_state CHECK (state <> 'old'))",
)
SQLITE = {
    "no such column": "SELECT proposals.visitor FROM proposals",
    "no such table": "DROP TABLE proposals; SELECT id FROM proposals",
    "NOT NULL constraint failed": "INSERT INTO proposals (id) VALUES (7)",
    "CHECK constraint failed": "INSERT INTO proposals VALUES (7, 1, 'old')",
    "ON CONFLICT clause": "INSERT INTO proposals VALUES (7, 1, '') ON CONFLICT (user_id) DO NOTHING",
    "duplicate column name": "ALTER TABLE proposals ADD visitor TEXT; ALTER TABLE proposals ADD visitor TEXT",
    "table proposals already exists": "CREATE TABLE proposals (id INTEGER)",
}


def said(engine: Engine, script: str) -> str:
    """What the last statement's error says; all is rolled back."""
    with engine.connect() as connection:
        *before, last = script.split("; ")
        for statement in before:
            connection.execute(text(statement))
        with pytest.raises(Exception) as caught:  # noqa: PT011 - what it says is what is compared
            connection.execute(text(last))
        connection.rollback()
    return str(caught.value)


def documented(by: str, begin: str) -> str:
    (message,) = (message for message in DOCUMENTED[by] if message.startswith(begin))
    return str(message)


def test_postgresql(postgres_database: Database) -> None:
    engine = create_engine(postgres_database.url)
    role = f"reader_{postgres_database.name}"
    with engine.begin() as connection:
        for statement in (*POSTGRESQL_BEFORE[:-1], f'CREATE ROLE "{role}"'):
            connection.execute(text(statement))
    try:
        for begin, script in POSTGRESQL.items():
            assert documented("PostgreSQL", begin) in said(engine, script.format(role=f'"{role}"'))
        with engine.begin() as holder:
            holder.execute(text("LOCK TABLE proposals"))
            told = said(engine, "SET LOCAL lock_timeout = 20; ALTER TABLE proposals ADD visitor text")
        assert documented("PostgreSQL", "canceling statement due to lock") in told
    finally:
        with engine.begin() as connection:
            connection.execute(text(f'DROP ROLE "{role}"'))
        engine.dispose()
    assert len(POSTGRESQL) + 1 == len(DOCUMENTED["PostgreSQL"])


def test_sqlite(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}", connect_args={"timeout": 0.02})
    with engine.begin() as connection:
        connection.execute(text(SQLITE_BEFORE[0]))
    for begin, script in SQLITE.items():
        assert documented("SQLite", begin) in said(engine, script)
        with ExitStack() as stack:  # DDL is not rolled back by this driver
            connection = stack.enter_context(engine.begin())
            connection.execute(text("DROP TABLE IF EXISTS proposals"))
            connection.execute(text(SQLITE_BEFORE[0]))
    other = create_engine(engine.url)
    with other.connect() as holder:
        holder.exec_driver_sql("BEGIN IMMEDIATE")
        assert documented("SQLite", "database is locked") in said(engine, "INSERT INTO proposals VALUES (7, 1, '')")
    engine.dispose()
    other.dispose()
    assert len(SQLITE) + 1 == len(DOCUMENTED["SQLite"])


def test_sqlalchemy() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        column = literal_column("'calm'", Enum("glad", name="mood"))
        with pytest.raises(LookupError) as caught:
            connection.execute(select(column)).scalar_one()
    assert [message for message in DOCUMENTED["SQLAlchemy"] if message in str(caught.value)] == DOCUMENTED["SQLAlchemy"]


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Writes an Alembic project; returns what adds a revision."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "versions").mkdir()
    (tmp_path / "env.py").write_text(
        "from alembic import context\nfrom sqlalchemy import Column, Integer, MetaData, Table, create_engine\n"
        "made = MetaData()\nTable('proposals', made, Column('id', Integer, primary_key=True))\n"
        f"with create_engine('sqlite:///{tmp_path / 'a.db'}').connect() as connection:\n"
        "    context.configure(connection=connection, target_metadata=made)\n"
        "    with context.begin_transaction(): context.run_migrations()\n"
    )

    def add(revision: str, down: str | None = None) -> None:
        (tmp_path / "versions" / f"{revision}.py").write_text(
            f"revision = {revision!r}\ndown_revision = {down!r}\ndef upgrade(): pass\ndef downgrade(): pass\n"
        )

    return add


def test_alembic(chain: Callable[..., None], tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(tmp_path))

    def told(call: Callable[[], object]) -> str:
        with pytest.raises(CommandError) as caught:
            call()
        return str(caught.value)

    chain("a1")
    messages = [told(lambda: command.check(config))]
    command.upgrade(config, "head")
    messages.append(told(lambda: command.check(config)))
    chain("a2", "a1")
    chain("a3", "a1")
    messages.append(told(lambda: command.upgrade(config, "head")))
    with create_engine(f"sqlite:///{tmp_path / 'a.db'}").begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'b2'"))
    messages.append(told(lambda: command.upgrade(config, "a2")))
    messages.append(told(lambda: command.upgrade(Config(), "head")))
    for message in DOCUMENTED["Alembic"]:
        assert any(message in each for each in messages), (message, messages)
    assert len(DOCUMENTED["Alembic"]) == len(messages)
