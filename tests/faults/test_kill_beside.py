"""`apply --beside RELEASE`, killed: the older release goes on working, and what was held stays held."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from tests.faults.kill_guard import points
from tests.faults.victim import Victims
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database, create

OLDER = """
import sqlalchemy as sa
models = sa.MetaData()
sa.Table("users", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.String(50)))
sa.Table(
    "orders", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("user_id", sa.Integer),
    sa.Column("number", sa.Integer), sa.UniqueConstraint("number", name="uq_number"),
)
"""
NEWER = """
import sqlalchemy as sa
models = sa.MetaData()
sa.Table(
    "users", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.String(50), nullable=False),
    sa.Column("locale", sa.String(5), nullable=False), sa.Column("active", sa.Boolean, server_default=sa.true()),
    sa.UniqueConstraint("email", name="uq_email"),
)
sa.Table(
    "orders", models, sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", name="fk_user"), index=True),
    sa.Column("number", sa.Integer), sa.Column("note", sa.String(20)),
    sa.UniqueConstraint("number", name="uq_number"), sa.CheckConstraint("number > 0", name="ck_number"),
)
sa.Table("comments", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.String(9), index=True))
"""
BEFORE = (
    "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, email VARCHAR(50))",
    "CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER, number INTEGER,"
    " CONSTRAINT uq_number UNIQUE (number))",
    "INSERT INTO users VALUES (101, 'a@b'), (102, 'c@d')",
    "INSERT INTO orders VALUES (101, 101, 7), (102, 102, 8)",
)
OLDER_SENDS = (
    "INSERT INTO users (id) VALUES (1)",
    "INSERT INTO users (id, email) VALUES (2, 'a@b')",
    "INSERT INTO orders (id, user_id, number) VALUES (1, 999, -5) ON CONFLICT (number) DO UPDATE SET user_id = 998",
    "UPDATE users SET email = NULL WHERE id = 2",
    "DELETE FROM orders WHERE id = 1",
    "DELETE FROM users WHERE id IN (1, 2)",
)
"""All that a constraint of the newer release would reject."""
ROWS = (
    ("SELECT id, email FROM users ORDER BY id", [(101, "a@b"), (102, "c@d")]),
    ("SELECT id, user_id, number FROM orders ORDER BY id", [(101, 101, 7), (102, 102, 8)]),
)
KILLS = 10


@pytest.fixture
def room(tmp_path: Path) -> Path:
    for name, source in (("older", OLDER), ("newer", NEWER)):
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    return tmp_path


@contextmanager
def beside_older(room: Path, models: str) -> Iterator[Victims]:
    """Programs to kill, and in `older.json` what the older release expects."""
    made = Victims(room / "victims")
    frozen = made.run("freeze", f"{room / models}:models", "-o", str(room / "older.json"))
    assert frozen.code == 0, frozen.err
    yield made
    made.close()


@pytest.fixture
def victims(room: Path) -> Iterator[Victims]:
    with beside_older(room, "older.py") as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, room: Path) -> Iterator[Iterator[str]]:
    """URLs, each of a database of its own as the older release left it."""
    made: list[Database] = []

    def urls() -> Iterator[str]:
        for number in range(KILLS + 1):
            if request.param == "sqlite":
                (room / str(number)).mkdir()
                url = f"sqlite:///{room / str(number) / 'app.db'}"
            else:
                server: Cluster = request.getfixturevalue("postgres_server")
                made.append(create(server))
                url = made[-1].url
            send(url, *BEFORE)
            yield url
            if request.param == "sqlite":
                shutil.rmtree(room / str(number))

    yield urls()
    for database in made:
        database.drop()


def send(url: str, *statements: str) -> list[tuple[object, ...]]:
    """In one transaction; the rows of the last."""
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        found = [connection.exec_driver_sql(statement) for statement in statements]
        return [tuple(row) for row in found[-1]] if found[-1].returns_rows else []


def older_works(url: str, when: str) -> None:
    try:
        send(url, *OLDER_SENDS)
    except sa.exc.SQLAlchemyError as error:
        pytest.fail(f"{when}: {error}")
    for query, rows in ROWS:
        assert send(url, query) == rows, when


def constraints(url: str) -> set[str]:
    """The names of those that only the newer release expects, and that stand."""
    inspector = sa.inspect(sa.create_engine(url, poolclass=NullPool))
    found: set[str | None] = set()
    for table in ("users", "orders"):
        found |= {each["name"] for each in inspector.get_unique_constraints(table)}
        found |= {each["name"] for each in inspector.get_indexes(table) if each["unique"]}
        found |= {each["name"] for each in inspector.get_check_constraints(table)}
        found |= {each["name"] for each in inspector.get_foreign_keys(table)}
    found |= {f"NOT NULL {each['name']}" for each in inspector.get_columns("users") if not each["nullable"]}
    return {str(name) for name in found} & {"uq_email", "ck_number", "fk_user", "NOT NULL email", "NOT NULL locale"}


def test_the_older_release_works_after_each_kill_and_what_is_held_stays_held(
    databases: Iterator[str], victims: Victims, room: Path
) -> None:
    """So many kills, spread over what changes something; then it is applied again, and once the older one is gone."""
    target = f"{room / 'newer.py'}:models"
    beside = ("--beside", str(room / "older.json"))
    url = next(databases)
    first = victims.run("apply", target, "--url", url, *beside)
    assert (first.code, constraints(url)) == (0, set()), first.out + first.err
    older_works(url, "after an apply that nobody killed")
    assert "held" in first.out
    everywhere = list(points(first.statements, changes_only=True))
    chosen = everywhere[:: max(1, -(-len(everywhere) // KILLS))]
    assert len(chosen) >= KILLS // 2
    for at, how in chosen:
        url = next(databases)
        when = f"killed {how} statement {at}: {first.statements[at - 1]}"
        assert victims.run("apply", target, "--url", url, *beside, at=at, how=how).killed, when
        older_works(url, when)
        assert constraints(url) == set(), when
        again = victims.run("apply", target, "--url", url, *beside)
        assert (again.code, constraints(url)) == (0, set()), f"{when}: {again.out}{again.err}"
        older_works(url, f"applied again, {when}")
    send(url, "UPDATE users SET locale = 'de'")
    last = victims.run("apply", target, "--url", url)
    assert last.code == 0, last.out + last.err
    assert constraints(url) == {"uq_email", "ck_number", "fk_user", "NOT NULL email", "NOT NULL locale"}
    for query, rows in ROWS:
        assert send(url, query) == rows
