"""Which packages a check imports: without models no SQLAlchemy, which takes longer than all the rest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command, url_of
from tests.postgres.database import Database

RUN = """
import json, sys
from schema_guard.cli.main import run
code = run(sys.argv[1:])
names = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
assert not [name for name in sys.modules if name.startswith("schema_guard.dialects") and ".repair" in name]
slow = {"asyncio", "importlib.metadata", "logging", "concurrent.futures"} & set(sys.modules)
print(json.dumps([code, sorted(names | slow)]), file=sys.stderr)
"""
AT_ONCE = """
import sys
from schema_guard.cli.at_once import at_once
assert at_once(sys.argv[1:])
found = {"click", "schema_guard.compare", "schema_guard.schema"} & set(sys.modules)
assert not found, found
"""
START = {"__main__", "schema_guard", "click"}
"""Without which there is no command line."""
SATISFIED = (
    "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY)",
    "CREATE TABLE proposals (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER REFERENCES users (id),"
    " visitor VARCHAR(64), CONSTRAINT ck_owner CHECK (user_id IS NOT NULL OR visitor IS NOT NULL))",
    "CREATE INDEX ix_proposals_visitor ON proposals (visitor)",
)


def loaded(*arguments: str) -> set[str]:
    """The packages that a command in a process of its own has loaded in the end; it has to find nothing."""
    ran = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{RUN}", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    code, names = json.loads(ran.stderr.splitlines()[-1])
    assert code == 0, ran.stdout
    return set(names)


@pytest.fixture
def file(application: Path, command: Command) -> Path:
    assert command("freeze", "shop:Base", "-o", "expected.json").code == 0
    return application / "expected.json"


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize("name", ["check", "ready"])
def test_a_frozen_file_on_sqlite(application: Path, name: str) -> None:
    assert loaded(name, "expected.json", "--url", url_of(application, SATISFIED)) == START


@pytest.mark.usefixtures("file")
def test_a_file_of_sqlite_that_is_known(application: Path, command: Command) -> None:
    """Nothing that compares is loaded, which takes three times as long as all the rest."""
    words = ["check", "expected.json", "--url", url_of(application)]
    assert command("apply", *words[1:]).code == 0
    subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{AT_ONCE}", *words],
        timeout=60,
        check=True,
    )


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(("scheme", "driver"), [("postgresql", "psycopg2"), ("postgresql+psycopg", "psycopg")])
def test_a_frozen_file_on_postgresql(scheme: str, driver: str, postgres_database: Database) -> None:
    """Without a named driver it is the one that is imported in the shortest time."""
    with postgres_database.connect() as connection:
        for statement in SATISFIED:
            connection.execute(statement.replace("id INTEGER NOT NULL PRIMARY KEY", "id SERIAL PRIMARY KEY"))
    url = postgres_database.url.replace("postgresql+psycopg", scheme)
    names = loaded("check", "expected.json", "--url", url)
    assert START | {driver} <= names
    assert not {"sqlalchemy", "alembic", "shop"} & names


def test_models(application: Path) -> None:
    names = loaded("check", "shop:Base", "--url", url_of(application, SATISFIED))
    assert START | {"sqlalchemy", "shop"} <= names
    assert not {"alembic", "rich", "flask"} & names
