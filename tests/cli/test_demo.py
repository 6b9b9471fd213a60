"""The tour goes as it tells, and leaves nothing behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from schema_guard.cli.main import run

ROOT = Path(__file__).parents[2]
SCHEMAS = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'schema_guard_demo%'"


def test_the_packaged_tour(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["demo"]) == 0
    out = capfd.readouterr().out
    assert "  500  OperationalError: no such column: proposals.visitor_session_id\n" in out
    assert "  200  0 proposals found, 1 started\n" in out
    assert "the application can start · nothing to do" in out.splitlines()[-1]


@pytest.mark.every_postgres
def test_the_tour_on_postgresql_leaves_nothing(postgres: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--url", postgres]) == 0
    assert "Anonymous visitors, on postgresql" in capfd.readouterr().out
    engine = create_engine(postgres)
    with engine.connect() as connection:
        assert connection.scalar(text(SCHEMAS)) == 0
    engine.dispose()


def test_a_role_that_may_not_create_a_schema_is_told(postgres: str, capfd: pytest.CaptureFixture[str]) -> None:
    engine = create_engine(postgres)
    with engine.begin() as connection:
        connection.execute(text("CREATE ROLE demo_guest LOGIN"))
    try:
        guest = engine.url.set(username="demo_guest").render_as_string(hide_password=False)
        assert run(["demo", "--url", guest]) == 2
        assert "the demo needs a schema of its own" in capfd.readouterr().err.splitlines()[-1]
    finally:
        with engine.begin() as connection:
            connection.execute(text("DROP ROLE demo_guest"))
        engine.dispose()


def test_mdrafts_tour(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """What `make demo` runs."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "examples" / "mdraft"), *sys.path])
    import demo
    from schema_guard.cli.demo import walk

    assert walk(demo.scene(), None) == 0
    out = capfd.readouterr().out
    assert "8 tables expected" in out
    assert "  200  0 recent conversions, proposal 2001 started\n" in out


def test_a_url_that_cannot_be_read_is_told_before_the_tour(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--url", "postgres"]) == 2
    out, err = capfd.readouterr()
    assert (out, err.startswith("schema-guard: --url: the database URL cannot be read")) == ("", True)
