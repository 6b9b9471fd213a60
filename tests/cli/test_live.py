"""What is said while a step takes long."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from schema_guard import events
from schema_guard.execute import underway
from tests.cli.conftest import Command
from tests.postgres.database import Database

MODELS = """
from sqlalchemy import Column, Index, Integer, MetaData, Table, func
metadata = MetaData()
items = Table("items", metadata, Column("id", Integer, primary_key=True, autoincrement=False), Column("a", Integer))
Index("ix_items_slow", func.slow(items.c.a))
"""


@pytest.fixture
def url(tmp_path: Path, postgres_database: Database, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "shop.py").write_text(MODELS)
    monkeypatch.chdir(tmp_path)
    with postgres_database.connect() as connection:
        connection.execute(
            b"CREATE FUNCTION slow(value int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS"
            b" $$ BEGIN PERFORM pg_sleep(0.01); RETURN value; END $$;"
            b" CREATE TABLE items (id int PRIMARY KEY, a int);"
            b" INSERT INTO items SELECT i, i FROM generate_series(1, 200) i"
        )
    return postgres_database.url


def test_a_log_has_a_line_from_time_to_time(command: Command, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(underway, "EVERY", 0.3)
    monkeypatch.setattr(events, "PROGRESS_EVERY", 1.0)
    ran = command("apply", "shop:metadata", "--url", url)
    assert ran.code == 0
    lines = ran.err.splitlines()
    running = [line for line in lines if "running for" in line]
    assert 1 <= len(running) <= 8
    assert running[0].startswith("schema-guard: items.ix_items_slow: ")
    assert lines.index(running[-1]) < lines.index(next(line for line in lines if "built index" in line))


def test_quiet_says_nothing(command: Command, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(underway, "EVERY", 0.3)
    monkeypatch.setattr(events, "PROGRESS_EVERY", 0.3)
    assert "running for" not in command("apply", "shop:metadata", "--url", url, "-q").err


def test_a_terminal_shows_what_is_being_done(url: str) -> None:
    """A real one: the line is rewritten in place, and gone at the end."""
    terminal, end = pty.openpty()
    program = Path(sys.executable).parent / "schema-guard"
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR")}
    running = subprocess.Popen(
        [program, "apply", "shop:metadata", "--url", url],
        stdout=end,
        stderr=end,
        stdin=end,
        env={**environment, "TERM": "xterm", "COLUMNS": "160"},
    )
    os.close(end)
    shown = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(terminal)
    assert running.wait(60) == 0
    text = shown.decode()
    assert "looking at the database" in text
    assert "items.ix_items_slow: index on (slow(a)) missing" in text
    assert "running for" in text
    assert text.index("running for") < text.index("built index items.ix_items_slow")
    assert "the application can start" in text.rstrip().splitlines()[-1]
