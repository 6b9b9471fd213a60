"""The connection, its role and its server: what a repair or a revision would stumble over."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import make_url

from schema_guard.chain.fault import CODES, Fault
from schema_guard.chain.faults import on_postgresql
from schema_guard.chain.faults.environment import environment_faults, environment_lines
from schema_guard.chain.faults.on_postgresql import pooled
from schema_guard.chain.live import open_live
from schema_guard.chain.sandbox.snapshot import take_snapshot
from schema_guard.chain.systems import Live
from schema_guard.chain.systems.postgresql_scratch import left_over, postgresql_scratch
from schema_guard.dialects import open_session
from tests.postgres.database import Database

DOCS = Path(__file__).parents[2] / "docs" / "alembic.md"
SOURCE = Path(on_postgresql.__file__).parents[1]


def faults(url: str) -> dict[str, Fault]:
    parsed = make_url(url)
    session = open_session(parsed)
    with open_live(parsed) as live:
        actual = take_snapshot(session, ["public"])
        found = list(environment_faults(parsed, session.facts, live, actual))
    session.close()
    return {fault.code: fault for fault in found}


@pytest.fixture
def role(postgres_database: Database) -> Iterator[str]:
    """The URL of a role without any privilege; what its name is."""
    with postgres_database.connect() as connection:
        connection.execute("CREATE ROLE weak LOGIN")
    yield postgres_database.url.replace("//postgres", "//weak")
    with postgres_database.connect() as connection:
        connection.execute("DROP OWNED BY weak CASCADE")
        connection.execute("DROP ROLE weak")


def test_a_superuser_has_no_fault(postgres: str) -> None:
    assert faults(postgres) == {}


def test_what_a_weak_role_lacks(role: str, postgres_database: Database) -> None:
    """Each fix's SQL, run by the owner, fixes it."""
    with postgres_database.connect() as owner:
        owner.execute("CREATE TABLE users (id int)")
        owner.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        found = faults(role)
        assert "weak may not create" in found["privileges"].message
        assert "does not own users" in found["not-owner"].message
        for fault in found.values():
            assert fault.fix is not None
            for statement in fault.fix.sql.split(";\n"):
                owner.execute(statement.encode())
    assert faults(role) == {}


def test_a_read_only_connection(postgres: str) -> None:
    found = faults(f"{postgres}?options=-cdefault_transaction_read_only%3Don")
    assert "default_transaction_read_only is on" in found["read-only"].message
    assert "SET default_transaction_read_only = off" in getattr(found["read-only"].fix, "sql", "")


def test_a_search_path_that_leads_nowhere(postgres: str) -> None:
    found = faults(f"{postgres}?options=-csearch_path%3Dnowhere")
    assert "nowhere" in found["search-path"].message


def test_a_scratch_database_that_was_left(postgres: str, postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        connection.execute("CREATE DATABASE schema_guard_scratch_left")
        fault = faults(postgres)["leftover-scratch"]
        assert fault.fix is not None
        connection.execute(fault.fix.sql.encode())
    assert faults(postgres) == {}


def test_a_scratch_database_that_is_made_or_dropped(postgres: str) -> None:
    """No moment of a replay looks like what a killed one left."""
    url, seen, rounds = make_url(postgres), set[str](), 5

    def replay() -> None:
        for _ in range(rounds):
            with postgresql_scratch(url, url, (), ""):
                pass

    with ThreadPoolExecutor(1) as pool, open_live(url) as live:
        running = pool.submit(replay)
        while not running.done():
            seen.update(left_over(live.read))
        running.result()
    assert seen == set()


def test_a_direct_connection_is_not_pooled(postgres: str) -> None:
    assert pooled(make_url(postgres)) is False


def test_a_pooler_changes_sessions(monkeypatch: pytest.MonkeyPatch, postgres: str) -> None:
    """One that hands out another session as soon as another client keeps the first."""
    pids = count(100)

    @contextmanager
    def through_a_pooler(url: object) -> Iterator[Live]:
        with open_live(make_url(postgres)) as live:
            yield replace(live, read=lambda _: [(next(pids),)])

    monkeypatch.setattr(on_postgresql, "open_live", through_a_pooler)
    assert "pooler" in faults(postgres)


def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert str(tmp_path) in faults("sqlite:///shop.db")["file"].message
    assert "memory" in faults("sqlite://")["file"].message
    assert faults(f"sqlite:///{tmp_path / 'shop.db'}") == {}
    if os.getuid():
        (tmp_path / "shop.db").touch(0o400)
        assert "read-only" in faults(f"sqlite:///{tmp_path / 'shop.db'}")


def test_lines_name_server_and_driver(postgres: str) -> None:
    session = open_session(postgres)
    lines = environment_lines(make_url(postgres), make_url(postgres.replace("+psycopg", "")), session.facts)
    session.close()
    assert lines[0].startswith("postgresql ")
    assert "psycopg (the URL says postgresql)" in lines[1]


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_used_and_documented(code: str) -> None:
    assert f"| `{code}` |" in DOCS.read_text(encoding="utf-8")
    sources = (path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py") if path.name != "fault.py")
    assert any(f'"{code}"' in source for source in sources)
