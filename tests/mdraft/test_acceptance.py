"""The acceptance criteria of the document that mdraft's guard began with, one test for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from schema_guard.config import normalise_url
from tests.mdraft.databases import DATABASES, FIRST, HEAD, stamped
from tests.mdraft.deployment import GUARD, Deployment, blueprint
from tests.mdraft.papers import docx
from tests.mdraft.visitor import Visitor
from tests.scenarios.on_postgresql import PostgresqlStage
from tests.scenarios.on_sqlite import SqliteStage

PASSWORD = "correct horse battery"
OWNED = "UPDATE conversions SET proposal_id = 2 WHERE id = 'c2'"


@pytest.fixture
def drifted(stage: PostgresqlStage | SqliteStage, dialect: str, deployment: Deployment) -> Deployment:
    """The day before anonymous visitors came, as the first release's migrations left it."""
    stage.set_up(DATABASES[0].script(dialect) + stamped(FIRST))
    return deployment


@pytest.fixture
def address(drifted: Deployment) -> Iterator[str]:
    """The web service, started by its own command."""
    with drifted.web() as found:
        yield found


def test_schema_guard_runs_on_every_boot() -> None:
    """In front of the web service and of the worker, and what follows runs only when it succeeded."""
    commands = {each["name"]: each["startCommand"] for each in blueprint()["services"] if "startCommand" in each}
    assert commands["mdraft-web"] == (
        GUARD + "gunicorn --bind 0.0.0.0:$PORT --workers 2 --threads 8 --timeout 120 wsgi:app"
    )
    assert commands["mdraft_app-worker"].startswith(GUARD)


def test_requests_work_for_visitors_and_for_users(address: str) -> None:
    """Anonymous proposal creation works; `/api/proposals` and `/api/conversions/recent` work for both."""
    someone = Visitor(address)
    assert someone.post_json("/api/proposals", name="Quay wall").status == 201
    assert someone.upload("/api/conversions", "a.docx", docx("A")).status == 202
    for _ in ("anonymous", "logged in"):
        assert len(someone.get("/api/proposals").json["proposals"]) == 1
        assert len(someone.get("/api/conversions/recent").json["conversions"]) == 1
        someone.register("anna@example.com", PASSWORD)


def test_flask_db_upgrade_runs_clean(drifted: Deployment) -> None:
    """After the guard, too: what it repaired is what the defensive revision makes."""
    assert drifted.guard().returncode == 0
    done = drifted.run("flask", "db", "upgrade")
    assert done.returncode == 0, done.stderr
    assert f"{HEAD} (head)" in drifted.run("flask", "db", "current").stdout


def test_the_database_has_all_required_columns_and_indexes(
    drifted: Deployment, stage: PostgresqlStage | SqliteStage
) -> None:
    """The very list of the document."""
    assert drifted.guard().returncode == 0
    from sqlalchemy import create_engine, inspect

    engine = create_engine(normalise_url(drifted.url))
    found = inspect(engine)
    columns: dict[str, dict[str, str | tuple[str, ...]]] = {
        "proposals": {"visitor_session_id": "VARCHAR(64)", "expires_at": ("TIMESTAMP", "DATETIME")},
        "conversions": {"user_id": "INTEGER", "visitor_session_id": "VARCHAR(64)", "proposal_id": "INTEGER"},
    }
    for table, wanted in columns.items():
        there = {column["name"]: column for column in found.get_columns(table)}
        for name, type_ in wanted.items():
            assert str(there[name]["type"]) in type_
            assert there[name]["nullable"]
        indexed = {index["name"] for index in found.get_indexes(table)}
        assert {f"ix_{table}_{name}" for name in wanted} <= indexed
    assert [check["name"] for check in found.get_check_constraints("proposals")] == ["ck_proposals_owner_present"]
    engine.dispose()


def test_backfill_populates_owner_fields_from_proposals(
    drifted: Deployment, stage: PostgresqlStage | SqliteStage, dialect: str
) -> None:
    """At the first boot at which there is something to fill."""
    assert drifted.guard().returncode == 0
    stage.set_up(OWNED + ";\n")
    assert drifted.guard().returncode == 0
    assert stage.query("SELECT id, user_id FROM conversions WHERE user_id IS NOT NULL") == [("c2", 2)]


def test_the_solution_is_idempotent_and_production_safe(
    drifted: Deployment, stage: PostgresqlStage | SqliteStage
) -> None:
    """The second run changes nothing, and no run takes a row, a table or a column away."""
    before = stage.contents()
    assert drifted.guard().returncode == 0
    state = stage.state()
    again = drifted.guard()
    assert again.returncode == 0
    assert "nothing to do" in again.stdout
    assert stage.state() == state
    kept = stage.contents({table: columns for table, (columns, _) in before.items()})
    assert kept == before
