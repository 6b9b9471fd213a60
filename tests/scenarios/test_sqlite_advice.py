"""What a refusal tells a person to run on SQLite is something that SQLite runs, pasted as it stands."""

from __future__ import annotations

from pathlib import Path
from sqlite3 import complete_statement

import pytest

from schema_guard import Guard
from tests.scenarios.document import Document, documents
from tests.scenarios.on_sqlite import SqliteStage

ON_SQLITE = [document for document in documents() if document.runs_on("sqlite")]


@pytest.mark.parametrize("document", ON_SQLITE, ids=[document.name for document in ON_SQLITE])
def test_advice(document: Document, tmp_path: Path) -> None:
    """Each refusal's by itself, on the database as it is."""
    before = document.text("Database before", "sql", "sqlite")
    first = SqliteStage(tmp_path / "first.db")
    first.set_up(before)
    models = document.models("sqlite")
    guard = models.get("guard") or Guard(models["models"], policy=models.get("policy"))
    refusals = guard.plan(first.database).refusals
    first.close()
    for number, refusal in enumerate(refusals):
        stage = SqliteStage(tmp_path / f"{number}.db")
        stage.set_up(before)
        assert not refusal.advice or complete_statement(refusal.advice[-1]) or refusal.advice[-1].startswith("--")
        stage.set_up("\n".join(refusal.advice))
        stage.close()
