"""Migrations of an application with several databases: each report says which of them the chain serves."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.chain.stage import Stage
from tests.chain.test_layouts import FLASK, flask_stage
from tests.postgres.cluster import Cluster

ENTRY = """
class Entry(db.Model):
    __bind_key__ = "other"
    id = db.Column(db.Integer, primary_key=True)
    text = db.Column(db.Text, nullable=False)

def create_app():"""
COLUMNS = "sa.Column('id', sa.Integer, primary_key=True), sa.Column('text', sa.Text, nullable=False)"
MADE = f"    op.create_table('entry', {COLUMNS})"


def stage_with_binds(stage: Stage, template: str) -> Path:
    other = stage.directory / "other.db"
    flask_stage(stage, template, f'{{"other": "sqlite:///{other}"}}')
    stage.write(
        "shop.py", FLASK.replace("__BINDS__", f'{{"other": "sqlite:///{other}"}}').replace("\ndef create_app():", ENTRY)
    )
    return other


def made_in_both(stage: Stage) -> None:
    """The revisions as the template for several databases has them; the first makes the other's table."""
    for number, path in enumerate(sorted((stage.directory / "migrations" / "versions").glob("*.py"))):
        head, _, rest = path.read_text().partition("def upgrade():\n")
        body = rest.partition("\n\n\ndef downgrade")[0]
        path.write_text(
            f'{head}def upgrade(engine_name):\n    globals()[f"upgrade_{{engine_name}}"]()\n\n\n'
            f"def upgrade_():\n{body}\n\n\ndef upgrade_other():\n{MADE if not number else '    pass'}\n"
        )


def tables(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_a_chain_of_the_main_database_alone(on_sqlite: Stage) -> None:
    other = stage_with_binds(on_sqlite, "flask")
    ran = on_sqlite.deploy()
    assert ran.code == 0, ran.out + ran.err
    assert "bind other: the Alembic chain at hand serves the main database" in ran.err
    assert ran.out.count("chain at ") == 1, "of the main database"
    assert tables(other) == {"entry"}
    assert (
        "bind other: the Alembic chain at hand serves the main database"
        in on_sqlite.guard("doctor", "--bind", "other").err
    )


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_chain_of_all_databases(on_sqlite: Stage, format_: str) -> None:
    other = stage_with_binds(on_sqlite, "flask-multidb")
    made_in_both(on_sqlite)
    plan = on_sqlite.guard("plan", "--bind", "other")
    assert "entry" in plan.out
    assert "serves the main database" not in on_sqlite.guard("doctor", "--bind", "other").err
    ran = on_sqlite.deploy("--format", format_)
    assert ran.code == 0, ran.out + ran.err
    assert tables(other) == {"alembic_version", "entry"}
    assert "bind other: " not in ran.err
    if format_ == "json":
        found = json.loads(ran.out)
        assert [each["apply"]["bind"] for each in found["databases"]] == ["main", "other"]
        assert [each["apply"]["satisfied"] for each in found["databases"]] == [True, True]


def test_a_chain_of_all_databases_without_a_revision(on_sqlite: Stage) -> None:
    stage_with_binds(on_sqlite, "flask-multidb")
    for path in (on_sqlite.directory / "migrations" / "versions").glob("*.py"):
        path.unlink()
    assert "serves the main database" not in on_sqlite.guard("doctor", "--bind", "other").err


@pytest.mark.parametrize("bind", ["main", "other"])
def test_databases_on_two_systems(on_postgres: Stage, bind: str, postgres_server: Cluster) -> None:
    """Each gets a scratch database of its own system; where a server has to be named for it, that is said."""
    stage_with_binds(on_postgres, "flask-multidb")
    made_in_both(on_postgres)
    assert on_postgres.deploy().code == 0
    found = on_postgres.doctor("--replay", "--bind", bind)
    if bind == "other":
        told = found.faults["replay-impossible"]["message"]
        assert (found.code, "env.py also works on a PostgreSQL database" in told, "Error" in told) == (2, True, False)
        assert told.endswith("can be made with --scratch-url")
        found = on_postgres.doctor("--replay", "--bind", bind, "--scratch-url", postgres_server.url())
    assert (found.code, set(found.faults)) == (0, {"several-databases"}), found.out
    if bind == "main":
        elsewhere = on_postgres.doctor("--replay-on", "sqlite")
        assert (elsewhere.code, set(elsewhere.faults)) == (0, {"several-databases"}), elsewhere.out
    shop = (on_postgres.directory / "shop.py").read_text()
    on_postgres.write("shop.py", shop.replace('os.environ["DATABASE_URL"]', repr(on_postgres.url)))
    elsewhere = on_postgres.doctor("--replay-on", "sqlite", "--scratch-url", postgres_server.url())
    told = elsewhere.faults["replay-impossible"]["message"]
    assert (elsewhere.code, "whatever DATABASE_URL says, so it cannot be replayed on SQLite" in told) == (2, True)
    assert not on_postgres.sql("SELECT 1 FROM pg_database WHERE datname LIKE 'schema_guard_scratch%'")
