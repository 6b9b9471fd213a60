"""`schema-guard compat`: what a release would suffer is what it does suffer when its statements run for real."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.cli.conftest import Command
from tests.cli.test_commands import validate
from tests.postgres.database import Database

ENV = """
import os
from alembic import context
from sqlalchemy import create_engine, pool
url = context.config.get_main_option("sqlalchemy.url") or os.environ["DATABASE_URL"]
with create_engine(url, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """
revision, down_revision = {id!r}, {down!r}
from alembic import op
import sqlalchemy as sa
def upgrade():
{body}
"""
FIRST = """
    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20)),
        sa.Column("email", sa.String(50)), sa.UniqueConstraint("email", name="uq_email"))
    op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.String(20)))
"""
OLDER = """
import sqlalchemy as sa
from schema_guard import Guard
models = sa.MetaData()
sa.Table("users", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20)),
    sa.Column("email", sa.String(50)), sa.UniqueConstraint("email", name="uq_email"))
sa.Table("notes", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.String(20)))
guard = Guard(models, upserts=[models.tables["users"].c.email])
"""
"""What the older release sends."""
STATEMENTS = (
    "INSERT INTO users (name, email) VALUES ('n', 'e')",
    "INSERT INTO users (email) VALUES ('e') ON CONFLICT (email) DO NOTHING",
    "SELECT id, name, email FROM users",
    "UPDATE users SET name = NULL",
    "DELETE FROM users",
    "INSERT INTO notes (text) VALUES ('t')",
    "SELECT id, text FROM notes",
)


def batch(body: str) -> str:
    return f'    with op.batch_alter_table("users") as users:\n        {body}\n'


USERS = 'models.tables["users"]'
CASES = {
    "nothing": ("    pass\n", "", set()),
    "a nullable column": (
        batch('users.add_column(sa.Column("age", sa.Integer))'),
        f'{USERS}.append_column(sa.Column("age", sa.Integer))',
        set(),
    ),
    "a column with a default": (
        batch('users.add_column(sa.Column("age", sa.Integer, server_default="0", nullable=False))'),
        f'{USERS}.append_column(sa.Column("age", sa.Integer, server_default="0", nullable=False))',
        set(),
    ),
    "a column that is demanded": (
        batch('users.add_column(sa.Column("age", sa.Integer, nullable=False))'),
        f'{USERS}.append_column(sa.Column("age", sa.Integer, nullable=False))',
        {"users.age"},
    ),
    "a renamed column": (batch('users.alter_column("name", new_column_name="title")'), None, {"users.name"}),
    "a dropped column": (batch('users.drop_column("name")'), None, {"users.name"}),
    "a dropped table": ('    op.drop_table("notes")\n', None, {"notes"}),
    "a dropped UNIQUE": (batch('users.drop_constraint("uq_email", type_="unique")'), None, {"users.uq_email"}),
    "a new table": (
        '    op.create_table("logs", sa.Column("id", sa.Integer, primary_key=True))\n',
        'sa.Table("logs", models, sa.Column("id", sa.Integer, primary_key=True))',
        set(),
    ),
}
NEWER_WITHOUT = {
    "a renamed column": OLDER.replace('"name"', '"title"'),
    "a dropped column": OLDER.replace('sa.Column("name", sa.String(20)),', ""),
    "a dropped table": OLDER.replace(
        'sa.Table("notes", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.String(20)))', ""
    ),
    "a dropped UNIQUE": OLDER.replace(', sa.UniqueConstraint("email", name="uq_email")', "").replace(
        ', upserts=[models.tables["users"].c.email]', ""
    ),
}


@pytest.fixture
def project(application: Path, command: Command) -> Path:
    """The older release: its models, its chain at a1, its frozen file."""
    (application / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    versions = application / "migrations" / "versions"
    versions.mkdir(parents=True)
    (application / "migrations" / "env.py").write_text(ENV)
    (versions / "a1.py").write_text(REVISION.format(id="a1", down=None, body=FIRST))
    (application / "older.py").write_text(OLDER)
    assert command("freeze", "older:guard", "-o", "older.json").code == 0
    return application


def advance(project: Path, name: str) -> None:
    body, more, _ = CASES[name]
    (project / "migrations" / "versions" / "b2.py").write_text(REVISION.format(id="b2", down="a1", body=body))
    (project / "newer.py").write_text(NEWER_WITHOUT[name] if more is None else f"{OLDER}\n{more}\n")


@pytest.mark.parametrize("name", CASES)
def test_it_says_what_happens(project: Path, command: Command, name: str) -> None:
    is_as_said(project, command, name, (), f"sqlite:///{project / 'real.db'}")


@pytest.mark.parametrize("name", ["a column that is demanded", "a renamed column", "a new table"])
def test_on_postgresql(project: Path, command: Command, name: str, postgres_database: Database) -> None:
    is_as_said(project, command, name, ("--scratch", postgres_database.url), postgres_database.url)


def is_as_said(project: Path, command: Command, name: str, scratch: tuple[str, ...], url: str) -> None:
    """compat names what breaks, and the older release's statements fail on a real database exactly then."""
    advance(project, name)
    ran = command("compat", "newer:guard", "--against", "older.json", *scratch, "--format", "json")
    assert ran.code in (0, 1), ran.out + ran.err
    found = json.loads(ran.out)
    validate(ran.out)
    broken = {each["object"] for each in found["breaks"]}
    assert broken == CASES[name][2], found
    assert ran.code == (1 if broken else 0)
    assert found["safe"] is not bool(broken)
    for each in found["breaks"]:
        assert each["expand"], "the way around it is told"
        assert each["contract"]
    assert bool(_failing(project, command, url)) is bool(broken), "as the older release's statements really do"


def _failing(project: Path, command: Command, url: str) -> list[str]:
    """The older release's statements that fail once the newer one was deployed over it."""
    newer = project / "migrations" / "versions" / "b2.py"
    kept = newer.read_text()
    newer.unlink()
    assert command("deploy", "older:guard", "--url", url).code == 0
    newer.write_text(kept)
    assert command("deploy", "newer:guard", "--url", url).code == 0
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    failing = []
    for statement in STATEMENTS:
        with engine.connect() as connection:
            try:
                connection.exec_driver_sql(statement)
            except sa.exc.DBAPIError:
                failing.append(statement)
    return failing


def test_formats(project: Path, command: Command) -> None:
    advance(project, "a dropped column")
    arguments = ("compat", "newer:guard", "--against", "older.json")
    text = command(*arguments)
    assert "rolling back to older.json is not safe · 1 break · exit 1" in text.out
    assert "contract: in a revision of the next release op.drop_column('users', 'name')" in text.out
    github = command(*arguments, "--format", "github").out
    assert github.startswith("::error title=users.name::column missing")
    assert len(github.splitlines()) == 1
    sarif = json.loads(command(*arguments, "--format", "sarif").out)
    [result] = sarif["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("column-missing", "error")


def test_as_deployed_beside_the_release(project: Path, command: Command) -> None:
    """A new NOT NULL column that only the models bring is added nullable then."""
    advance(project, "nothing")
    newer = CASES["a column that is demanded"][1]
    (project / "newer.py").write_text(f"{OLDER}\n{newer}\n")
    arguments = ("compat", "newer:guard", "--against", "older.json")
    assert command(*arguments).code == 1
    beside = command(*arguments, "--beside")
    assert beside.code == 0, beside.out


def test_without_the_chain_it_says_so(project: Path, command: Command) -> None:
    advance(project, "a dropped column")
    (project / "alembic.ini").unlink()
    (project / "migrations").rename(project / "elsewhere")
    ran = command("compat", "newer:guard", "--against", "older.json")
    assert "no revision was run, since no Alembic configuration is at hand: name it with --config" in ran.out
    assert ran.code == 0, "the models alone lack nothing that the older release needs"


def test_chains_that_collide(project: Path, command: Command) -> None:
    """Two branches that both follow a1; and a branch that lacks the revision where the release is."""
    advance(project, "nothing")
    versions = project / "migrations" / "versions"
    (versions / "c2.py").write_text(REVISION.format(id="c2", down="a1", body="    pass"))
    ran = command("compat", "newer:guard", "--against", "older.json")
    assert ran.code == 1
    assert "the chain has several heads, b2, c2: python -m alembic merge b2 c2" in ran.out
    for name in ("a1.py", "b2.py", "c2.py"):
        (versions / name).unlink()
    (versions / "x1.py").write_text(REVISION.format(id="x1", down=None, body=FIRST))
    ran = command("compat", "newer:guard", "--against", "older.json")
    assert ran.code == 1
    assert "the chain has no revision a1, where older.json is" in ran.out


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: (path / "older.json").write_text("{}"), "is not a frozen file"),
        (lambda path: (path / "migrations" / "versions" / "b2.py").write_text("def"), "b2.py"),
    ],
)
def test_bad_input_is_one_line(project: Path, command: Command, damage: Callable[[Path], object], reason: str) -> None:
    advance(project, "nothing")
    damage(project)
    ran = command("compat", "newer:guard", "--against", "older.json")
    assert ran.code in (1, 2)
    assert reason in ran.out + ran.err
    assert "Traceback" not in ran.err
    with suppress(ValueError):
        assert command("compat", "newer:guard", "--against", "older.json", "--scratch", "sqlite://").code == 2
