"""Live apply, the emergency script and the defensive revision come from one plan: they leave equal catalogs."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schema_guard import Guard
from schema_guard.dialects import offline_dialect
from schema_guard.plan import Plan
from schema_guard.render.script import script
from schema_guard.revision.write import text_for, write_revision
from tests.revision.project import Project
from tests.scenarios.document import Document
from tests.scenarios.on_postgresql import PostgresqlStage
from tests.scenarios.on_sqlite import SqliteStage

ALEMBIC = re.compile(r"alembic_version")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
SETTINGS = re.compile(r"^(\\(un)?restrict|SET default_table).*$", re.MULTILINE)
"""What pg_dump writes between the objects, wherever the next one needs it."""


@pytest.fixture
def copies(stage: Any) -> Iterator[tuple[Any, Any]]:
    """Two more databases like the scenario's."""
    first = stage.copy()
    second = first.copy()
    yield first, second
    second.close()
    first.close()


@pytest.mark.one_in(4)
def test_three_ways_lead_to_one_catalog(
    document: Document,
    stage: Any,
    guard: Guard,
    copies: tuple[Any, Any],
    tmp_path: Path,
) -> None:
    by_script, by_revision = copies
    if document.front.get("Role"):
        pytest.skip("whoever may not create anything cannot have an alembic_version either")
    text = text_for(guard, stage.database)
    plan = guard.plan(by_script.database)
    scriptable = _says_it_all(plan, by_script)
    guard.apply(stage.database)
    if scriptable:
        _paste(by_script, script(plan, offline_dialect(stage.dialect)))
    written = write_revision(text, document.title, config=str((project := Project(tmp_path / "migrations")).ini))
    if written is None:
        assert not text.left
        assert guard.plan(by_revision.database).empty
        return
    project.upgrade(_url(by_revision))
    if text.left:  # the revision says so: apply does it after the chain
        guard.apply(by_revision.database)
    once = _catalog(by_revision)
    assert once == _catalog(stage), "the revision leaves another catalog than apply"
    _again(project, by_revision)
    assert _catalog(by_revision) == once, "a second run of the revision changed something"
    if scriptable:
        assert _catalog(by_script) == _catalog(stage), "the emergency script leaves another catalog than apply"


def _says_it_all(plan: Plan, stage: Any) -> bool:
    """Whether the emergency script can do what apply does.

    The sqlite3 shell has no IF: where rows stand in the way of a rebuild, apply asks and leaves it, while the script
    runs into the constraint and ends there (.bail). What comes after that step is then not done.
    """
    if isinstance(stage, PostgresqlStage):
        return True
    return not any(step.unless for step in plan.steps)


def _again(project: Project, stage: Any) -> None:
    """As if alembic_version had been lost."""
    statement = "DELETE FROM alembic_version"
    if isinstance(stage, PostgresqlStage):
        with closing(stage.own.connect()) as connection:
            connection.execute(statement.encode())
    else:
        with closing(sqlite3.connect(stage.file)) as file, file:
            file.execute(statement)
    project.upgrade(_url(stage))


def _url(stage: Any) -> str:
    return str(stage.database) if isinstance(stage, PostgresqlStage) else f"sqlite:///{stage.file}"


def _paste(stage: Any, text: str) -> None:
    if isinstance(stage, PostgresqlStage):
        done = stage.own.server.psql(stage.own.name, text=text)
        assert done.returncode == 0, done.stderr
        return
    assert isinstance(stage, SqliteStage)
    done = subprocess.run(["sqlite3", stage.file], input=text, capture_output=True, text=True, check=False, timeout=60)
    assert not done.stderr, done.stderr


def _catalog(stage: Any) -> tuple[Any, Any]:
    """Everything that the catalog holds, and every row, but for Alembic's own table."""
    rows = {
        table: (tuple(names), Counter(tuple(map(_timeless, row)) for row in found.elements()))
        for table, (names, found) in stage.contents().items()
        if not ALEMBIC.search(table)
    }
    if isinstance(stage, PostgresqlStage):
        catalog: Any = _dump(stage)
    else:
        catalog = sorted(
            str(row)
            for row in stage.query("SELECT type, name, tbl_name, sql FROM sqlite_master")
            if not ALEMBIC.search(str(row[2]))
        )
    return catalog, rows


def _timeless(value: Any) -> Any:
    """A default of now() is another moment in each of the three databases."""
    moment = value[1] if isinstance(value, tuple) and len(value) == 2 else None
    if isinstance(moment, str) and MOMENT.fullmatch(moment):
        moment = datetime.fromisoformat(f"{moment}+00:00")
    if isinstance(moment, datetime) and abs(datetime.now(moment.tzinfo) - moment) < timedelta(hours=1):
        return "now"
    return value


def _dump(stage: PostgresqlStage) -> list[str]:
    """What pg_dump says of the schema, one entry for each object."""
    server = stage.own.server
    done = subprocess.run(
        [*f"{server.programs}/pg_dump --schema-only -h 127.0.0.1 -U postgres -p {server.port}".split(), stage.own.name],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    text = re.sub(r"\n\n+", "\n\n", SETTINGS.sub("", done.stdout))
    entries = re.split(r"^--\n-- (?=Name: )", text, flags=re.MULTILINE)
    return [entry for entry in entries if not ALEMBIC.search(entry)]
