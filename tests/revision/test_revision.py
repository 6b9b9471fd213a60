"""A defensive revision: readable, frozen, guarded, and clean to Alembic's own eyes."""

from __future__ import annotations

import ast
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import produce_migrations
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy.dialects import postgresql
from sqlalchemy.pool import NullPool

from schema_guard import Backfill, Guard
from schema_guard.alembic import process_revision_directives
from schema_guard.errors import ConfigurationError
from schema_guard.revision.write import text_for, text_for_everything, write_revision
from tests.postgres.database import Database
from tests.revision.project import Project

HALF = {
    "nothing": "",
    "half": """
        CREATE TABLE accounts (id integer NOT NULL PRIMARY KEY, email varchar(255) NOT NULL);
        INSERT INTO accounts VALUES (1, 'a'), (2, 'b');
    """,
    "older": """
        CREATE TABLE accounts (id integer NOT NULL PRIMARY KEY, email varchar(255) NOT NULL);
        CREATE TABLE drafts (id integer NOT NULL PRIMARY KEY, account_id integer NOT NULL, "ti:tle" varchar(20));
        INSERT INTO accounts VALUES (1, 'a'), (2, 'b');
        INSERT INTO drafts VALUES (1, 1, 'x'), (2, 2, 'y');
    """,
}


def models() -> tuple[sa.MetaData, list[Backfill]]:
    metadata = sa.MetaData()
    accounts = sa.Table(
        "accounts",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("state", sa.Enum("new", "o'ld", "at:once", name="state"), server_default="at:once"),
        sa.Column("settings", sa.JSON().with_variant(postgresql.JSONB(), "postgresql")),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.func.now()),
        sa.UniqueConstraint("email", name="one_email"),
    )
    sa.Index("ix_lower", sa.func.lower(accounts.c.email), unique=True)
    sa.Index("ix_new", accounts.c.state, postgresql_where=accounts.c.email != "%s:x", sqlite_where=accounts.c.id > 0)
    drafts = sa.Table(
        "drafts",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id")),
        sa.Column("email", sa.String(255)),
        sa.Column("ti:tle", sa.String(50)),
        sa.CheckConstraint("account_id IS NOT NULL OR email <> 'a:b %'", name="ck_owner"),
    )
    sa.Index("ix_title", drafts.c["ti:tle"].desc())
    fill = Backfill(drafts, {drafts.c.email: accounts.c.email}, on=drafts.c.account_id == accounts.c.id)
    return metadata, [fill]


@pytest.fixture(params=["postgresql", "sqlite"])
def url(request: pytest.FixtureRequest, sqlite_file: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{sqlite_file}"
    database: Database = request.getfixturevalue("postgres_database")
    return database.url


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "migrations")


def run(url: str, script: str) -> None:
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in script.split(";"):
            if statement.strip():
                connection.exec_driver_sql(statement)


def to_do(url: str, metadata: sa.MetaData) -> list[Any]:
    """What Alembic's own check would find, types and server defaults included."""
    with sa.create_engine(url, poolclass=NullPool).connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        script = produce_migrations(context, metadata)
        process_revision_directives(context, "head", [script])
        found = [] if script.upgrade_ops is None else list(script.upgrade_ops.as_diffs())
    return [item for item in found if not _is_length_on_sqlite(item, url)]


def _is_length_on_sqlite(item: Any, url: str) -> bool:
    """VARCHAR(20) for VARCHAR(50): no difference to SQLite, which limits neither, and so none to the guard."""
    return url.startswith("sqlite") and isinstance(item, list) and item[0][0] == "modify_type"


def write(project: Project, guard: Guard, url: str, **options: Any) -> Path:
    written = write_revision(text_for(guard, url), "fix it", config=str(project.ini), **options)
    assert written is not None
    assert written.left == ()
    return written.path


@pytest.mark.parametrize("before", HALF)
def test_fixes_any_database_and_leaves_alembic_nothing_to_do(project: Project, url: str, before: str) -> None:
    """Lacking everything or half; afterwards the guard is satisfied and `alembic check` finds nothing."""
    metadata, fills = models()
    run(url, HALF[before])
    guard = Guard(metadata, backfills=fills)
    write(project, guard, url)
    project.upgrade(url)
    assert guard.check(url).satisfied
    assert to_do(url, metadata) == []
    run(url, "DELETE FROM alembic_version")
    project.upgrade(url)
    assert guard.check(url).satisfied


@pytest.mark.parametrize("before", HALF)
def test_written_from_one_database_it_fixes_the_other(
    project: Project, tmp_path: Path, postgres_database: Database, before: str
) -> None:
    """The same file, written from PostgreSQL, on SQLite; and without any database, on both."""
    metadata, fills = models()
    guard = Guard(metadata, backfills=fills)
    file = f"sqlite:///{tmp_path / 'other.db'}"
    for url in (postgres_database.url, file):
        run(url, HALF["older"])
    write(project, guard, postgres_database.url)
    project.upgrade(file)
    assert guard.check(file).satisfied
    whole = Project(tmp_path / "whole")
    write_revision(text_for_everything(guard), "all", config=str(whole.ini))
    run(fresh := f"sqlite:///{tmp_path / 'fresh.db'}", HALF[before])
    for url in (fresh, postgres_database.url):
        whole.upgrade(url)
        assert guard.check(url).satisfied


def test_needs_nothing_of_the_application(project: Project, url: str) -> None:
    """It imports Alembic, SQLAlchemy and the helper, nothing else, and its downgrade does nothing and says why."""
    metadata, fills = models()
    path = write(project, Guard(metadata, backfills=fills), url)
    tree = ast.parse(source := path.read_text(encoding="utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported <= {"alembic", "sqlalchemy", "sqlalchemy.dialects", "schema_guard.alembic", "typing"} | {
        "collections.abc"
    }
    assert "Nothing to take back" in source
    assert max(map(len, source.splitlines())) <= 120


def test_rows_in_the_way_don_t_stop_the_rest(project: Project, url: str, caplog: pytest.LogCaptureFixture) -> None:
    """What they hinder is logged and left; everything else is done and the revision counts as run."""
    metadata, _ = models()
    run(url, HALF["older"])
    guard = Guard(metadata)
    write(project, guard, url)
    run(url, "INSERT INTO accounts VALUES (3, 'A')")
    project.upgrade(url)
    assert "ix_lower" in caplog.text
    remaining = {finding.difference.code for finding in guard.check(url).findings if finding.difference.impact}
    assert remaining == {"index-missing"}
    project.upgrade(url)


def test_the_script_of_offline_mode_is_guarded(project: Project, postgres_database: Database) -> None:
    """psql runs it on a database that lacks half, and again."""
    metadata, fills = models()
    guard = Guard(metadata, backfills=fills)
    write(project, guard, postgres_database.url)
    text = project.script(postgres_database.url)
    run(postgres_database.url, HALF["older"])
    server = postgres_database.server
    for script in (text, text.replace("CREATE TABLE alembic_version", "CREATE TEMP TABLE alembic_version")):
        done = server.psql(postgres_database.name, text="\\set ON_ERROR_STOP on\n" + script)
        assert done.returncode == 0, done.stderr
        report = guard.check(postgres_database.url)
        assert report.satisfied, [(item.difference.object, item.difference.headline) for item in report.findings]


def test_offline_mode_on_sqlite_refuses_what_it_cannot_ask(project: Project, sqlite_file: Path) -> None:
    """Tables and indexes are IF NOT EXISTS; a column has no such form."""
    metadata, _ = models()
    guard = Guard(metadata)
    url = f"sqlite:///{sqlite_file}"
    write(project, guard, url)
    with closing(sqlite3.connect(sqlite_file)) as connection:
        connection.executescript(project.script(url))
    assert guard.check(url).satisfied
    other = Project(project.folder.parent / "other")
    run(older := f"sqlite:///{sqlite_file}.older", HALF["older"])
    write(other, guard, older)
    with pytest.raises(CommandError, match="run it online"):
        other.script(older)


def test_follows_the_only_head_and_asks_for_a_merge_of_several(project: Project, sqlite_file: Path) -> None:
    metadata, _ = models()
    guard, url = Guard(metadata), f"sqlite:///{sqlite_file}"
    first = write(project, guard, url, revision_id="first")
    second = write(project, guard, url, revision_id="second")
    assert re.search(r"^down_revision.* = None$", first.read_text(encoding="utf-8"), re.MULTILINE)
    assert re.search(r"^down_revision.* = 'first'$", second.read_text(encoding="utf-8"), re.MULTILINE)
    text = second.read_text(encoding="utf-8")
    second.with_name("third.py").write_text(text.replace("'second'", "'third'"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"2 heads .*: merge them with `python.* merge -m .*second.*"):
        write(project, guard, url)
    assert "'third'" in write(project, guard, url, head="third", revision_id="fourth").read_text(encoding="utf-8")
    with pytest.raises(ConfigurationError, match="33 characters"):
        write(project, guard, url, head="fourth", revision_id="x" * 33)


def test_a_satisfied_database_needs_no_revision(project: Project, sqlite_file: Path) -> None:
    metadata, _ = models()
    guard, url = Guard(metadata), f"sqlite:///{sqlite_file}"
    guard.apply(url)
    assert write_revision(text_for(guard, url), "x", config=str(project.ini)) is None


def test_a_template_that_takes_no_upgrades_is_refused(project: Project, sqlite_file: Path) -> None:
    """Rather than leaving a revision that does nothing."""
    (project.folder / "script.py.mako").write_text("revision = ${repr(up_revision)}\ndown_revision = None\n")
    metadata, _ = models()
    with pytest.raises(ConfigurationError, match=r"script\.py\.mako"):
        write(project, Guard(metadata), f"sqlite:///{sqlite_file}")
    assert list((project.folder / "versions").glob("*.py")) == []


def test_works_where_env_py_sets_the_search_path(project: Project, postgres_database: Database) -> None:
    """A tenant's schema, as env.py of many applications chooses it."""
    metadata, _ = models()
    run(postgres_database.url, "CREATE SCHEMA tenant")
    write_revision(text_for_everything(Guard(metadata)), "all", config=str(project.ini))
    environment = project.folder / "env.py"
    source = environment.read_text(encoding="utf-8")
    set_path = "        connection.exec_driver_sql('SET search_path TO tenant')\n        connection.commit()\n"
    environment.write_text(
        source.replace("        context.configure(connection", f"{set_path}        context.configure(connection")
    )
    project.upgrade(postgres_database.url)
    with postgres_database.connect() as connection:
        rows = connection.execute("SELECT schemaname FROM pg_tables WHERE tablename = 'drafts'").fetchall()
    assert rows == [("tenant",)]


def test_says_so_when_env_py_holds_a_transaction(project: Project, url: str) -> None:
    metadata, _ = models()
    write_revision(text_for_everything(Guard(metadata)), "all", config=str(project.ini))
    environment = project.folder / "env.py"
    environment.write_text(environment.read_text(encoding="utf-8").replace("engine.connect()", "engine.begin()"))
    with pytest.raises(CommandError, match=r"connectable\.connect\(\)"):
        project.upgrade(url)


def test_written_on_sqlite_with_words_that_only_postgresql_knows(
    project: Project, sqlite_file: Path, postgres_database: Database
) -> None:
    """What the database at hand does not take is for the other: in the file, and left out where it is run here."""
    metadata = sa.MetaData()
    sa.Table(
        "accounts",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("token", sa.String(36), server_default=sa.text("gen_random_uuid()")),
        sa.CheckConstraint("email ~ '@'", name="ck_email"),
        sa.Index("ix_length", sa.text("char_length(email)")),
    )
    guard, here = Guard(metadata), f"sqlite:///{sqlite_file}"
    for url in (here, postgres_database.url):
        run(url, "CREATE TABLE accounts (id integer NOT NULL PRIMARY KEY, email varchar(255) NOT NULL)")
    write(project, guard, here)
    project.upgrade(postgres_database.url)
    assert guard.check(postgres_database.url).satisfied
    project.upgrade(here)
    left = {finding.difference.key for finding in guard.check(here).findings}
    assert left == {
        "default-differs accounts.token",
        "check-missing accounts.ck_email",
        "index-missing accounts.ix_length",
    }
