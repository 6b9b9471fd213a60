"""`--remember`: what a check of a frozen file found is kept in the database, and asked first."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import produce_migrations
from alembic.migration import MigrationContext
from alembic.operations.ops import DropTableOp, MigrationScript
from sqlalchemy import MetaData, NullPool, create_engine

from schema_guard.dialects.postgresql.memory import MAKE, TABLE
from schema_guard.integrations.alembic import REMEMBERED, include_object, process_revision_directives
from tests.cli.conftest import Command
from tests.cli.test_loaded_modules import SATISFIED
from tests.postgres.database import Database

DOCUMENT = Path(__file__).parents[2] / "docs" / "remembering.md"


@pytest.fixture
def url(command: Command, postgres_database: Database) -> str:
    assert command("freeze", "shop:Base", "-o", "expected.json").code == 0
    with postgres_database.connect() as connection:
        for statement in SATISFIED:
            connection.execute(statement.replace("id INTEGER NOT NULL PRIMARY KEY", "id SERIAL PRIMARY KEY").encode())
    return postgres_database.url


@pytest.mark.usefixtures("application")
def test_the_second_check_is_one_query(command: Command, url: str) -> None:
    first = command("check", "expected.json", "--url", url, "--remember")
    assert "satisfied: the database has all that the models expect" in first.out
    again = command("check", "expected.json", "--url", url, "--remember")
    assert (again.code, first.code) == (0, 0)
    assert again.out.splitlines()[0] == first.out.splitlines()[0]
    assert "satisfied: nothing has changed since the check of 2" in again.out
    assert "1 catalog query, no locks · exit 0" in again.out
    found = json.loads(command("check", "expected.json", "--url", url, "--remember", "--format", "json").out)
    assert (found["satisfied"], found["differences"], found["remembered"][:1]) == (True, [], "2")
    assert json.loads(command("check", "expected.json", "--url", url, "--format", "json").out)["remembered"] is None


def test_autogenerate_leaves_its_table_alone(command: Command, url: str) -> None:
    assert command("check", "expected.json", "--url", url, "--remember").code == 0
    engine = create_engine(url, poolclass=NullPool)

    def dropped(filtered: bool) -> tuple[MigrationScript, set[str]]:
        options = {"include_schemas": True, **({"include_object": include_object} if filtered else {})}
        with engine.connect() as connection:
            script = produce_migrations(MigrationContext.configure(connection, opts=options), MetaData())
        return script, dropped_by(script)

    def dropped_by(script: MigrationScript) -> set[str]:
        (container,) = script.upgrade_ops_list
        return {f"{item.schema}.{item.table_name}" for item in container.ops if isinstance(item, DropTableOp)}

    script, found = dropped(filtered=False)
    assert found - dropped(filtered=True)[1] == {TABLE} == {".".join(REMEMBERED)}
    process_revision_directives(MigrationContext.configure(dialect_name="postgresql"), (), [script])
    assert found - dropped_by(script) == {TABLE}


def test_by_the_settings(application: Path, command: Command, url: str, postgres_database: Database) -> None:
    (application / "pyproject.toml").write_text("[tool.schema-guard]\nremember = true\n")
    assert command("ready", "expected.json", "--url", url).code == 0
    assert "nothing has changed" in command("check", "expected.json", "--url", url).out
    with postgres_database.connect() as connection:
        connection.execute("ALTER TABLE proposals DROP COLUMN visitor CASCADE")
    assert command("check", "expected.json", "--url", url).code == 1
    assert command("ready", "expected.json", "--url", url).code == 1


def test_an_edited_file_is_refused_although_it_is_remembered(application: Path, command: Command, url: str) -> None:
    assert command("check", "expected.json", "--url", url, "--remember").code == 0
    file = application / "expected.json"
    file.write_text(file.read_text().replace('"visitor"', '"visitors"'))
    assert command("check", "expected.json", "--url", url, "--remember").code == 2


AT_ONCE = """
import json, sys
from schema_guard.cli import main
try:
    main()
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def at_once(*arguments: str) -> tuple[int, str, set[str]]:
    """A process of its own: its exit code, what it said, and the packages that it loaded."""
    code = f"import sys; sys.path[:] = {sys.path!r}\n{AT_ONCE}"
    ran = subprocess.run(
        [sys.executable, "-S", "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    return ran.returncode, ran.stdout, set(json.loads(ran.stderr.splitlines()[-1]))


def test_a_process_loads_the_driver_alone(
    application: Path, command: Command, url: str, postgres_database: Database
) -> None:
    """And says what the command says; what is not remembered, or asked for otherwise, is left to the command."""
    (application / "pyproject.toml").write_text("[tool.other]\nsetting = true\n")
    url = url.replace("+psycopg", "+psycopg2")
    first = at_once("check", "expected.json", "--url", url, "--remember")
    code, said, names = at_once("check", "expected.json", f"--url={url}", "--remember")
    assert (code, first[0]) == (0, 0)
    assert {"psycopg2", "schema_guard"} <= names
    assert not {"click", "sqlalchemy", "alembic", "shop", "rich"} & names
    assert not {"dataclasses", "inspect", "pathlib", "tomllib", "urllib", "importlib.metadata", "logging"} & names
    assert said.splitlines()[0] == first[1].splitlines()[0]
    told = command("check", "expected.json", "--url", url, "--remember").out
    assert re.sub(r"[\d.]+ m?s\b", "", said) == re.sub(r"[\d.]+ m?s\b", "", told)
    assert "click" in at_once("check", "expected.json", "--url", url, "-v")[2]
    assert "click" in at_once("check", "expected.json", "--url", url, "--remember", "-v")[2]
    with postgres_database.connect() as connection:
        connection.execute("ALTER TABLE proposals DROP COLUMN visitor CASCADE")
    assert at_once("check", "expected.json", "--url", url, "--remember")[0] == 1


@pytest.mark.usefixtures("application")
def test_notes_are_counted_and_fail_where_they_are_asked_to(url: str, postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        connection.execute("ALTER TABLE proposals ADD COLUMN other int")
    url = url.replace("+psycopg", "+psycopg2")
    checked = ("check", "expected.json", "--url", url, "--remember")
    assert at_once(*checked)[0] == 0
    code, said, _ = at_once(*checked)
    assert code == 0
    assert "nothing has changed" in said
    assert " · 1 note · " in said
    assert at_once(*checked, "--fail-on", "weakens")[0] == 0
    assert at_once(*checked, "--fail-on", "notes")[0] == 1


def test_the_statements_of_the_documentation() -> None:
    shown = (
        DOCUMENT.read_text(encoding="utf-8").partition("<!-- statements -->")[2].partition("<!-- /statements -->")[0]
    )
    assert tuple(line.rstrip(";") for line in shown.splitlines() if line.startswith("CREATE")) == MAKE
