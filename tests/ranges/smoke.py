"""Run with the Python of an environment that is tried: imports, commands, drivers and migrations work there.

    python smoke.py FOLDER POSTGRESQL_URL
    python smoke.py FOLDER chain

FOLDER is empty; the URL is that of an empty database, written `postgresql://..`; `chain` tries Alembic alone. Needs
nothing of the test suite.
The first part that fails ends it with a traceback.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from importlib import metadata, util
from pathlib import Path

PROJECT = """
from sqlalchemy import Column, Enum, ForeignKey, Integer, MetaData, String, Table, UniqueConstraint

metadata = MetaData()
Table("owners", metadata, Column("id", Integer, primary_key=True), Column("name", String(50), nullable=False))
Table(
    "drafts", metadata,
    Column("id", Integer, primary_key=True),
    Column("owner_id", Integer, ForeignKey("owners.id"), index=True),
    Column("state", Enum("new", "done", name="draft_state")),
    Column("title", String(80)),
    UniqueConstraint("title", name="uq_title"),
)
"""
HALF = (
    "CREATE TABLE owners (id INTEGER PRIMARY KEY, name VARCHAR(50) NOT NULL)",
    "CREATE TABLE drafts (id INTEGER PRIMARY KEY)",
)
ENVIRONMENT = """
from alembic import context
from sqlalchemy import create_engine, pool

from project import metadata
from schema_guard.alembic import include_object, process_revision_directives

engine = create_engine("sqlite:///chain.db", poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=True,
        include_object=include_object, process_revision_directives=process_revision_directives,
    )
    with context.begin_transaction():
        context.run_migrations()
"""
FLASK = """
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, Integer

db = SQLAlchemy()

class Note(db.Model):
    id = Column(Integer, primary_key=True)

def create_app():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///flask.db"
    db.init_app(app)
    return app
"""


def main() -> None:
    folder, what = Path(sys.argv[1]), sys.argv[2]
    (folder / "project.py").write_text(PROJECT)
    if what == "chain":
        chain(folder)
        return
    entry_points(folder)
    repairs(folder, f"sqlite:///{folder / 'one.db'}")
    if util.find_spec("flask_sqlalchemy"):
        flask(folder)
    for driver in ("psycopg", "psycopg2", "pg8000"):
        if util.find_spec(driver):
            postgresql(folder, what.replace("postgresql:", f"postgresql+{driver}:"))
    for module, url in (("asyncpg", what), ("aiosqlite", f"sqlite:///{folder / 'asynchronous.db'}")):
        if util.find_spec(module):
            asyncio.run(asynchronous(url.replace(":", f"+{module}:", 1)))
    if util.find_spec("opentelemetry"):
        telemetry(folder)
    if util.find_spec("alembic"):
        chain(folder)


def entry_points(folder: Path) -> None:
    """Installing the package registers its own command and Flask's, nothing else."""
    distribution = metadata.distribution("sqlalchemy-schema-guard")
    found = {(point.group, point.name) for point in distribution.entry_points}
    assert found == {("console_scripts", "schema-guard"), ("flask.commands", "guard")}, found
    run(folder, [guard(), "--version"])
    run(folder, [guard(), "demo"])


def postgresql(folder: Path, url: str) -> None:
    import sqlalchemy as sa

    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    repairs(folder, url)


def repairs(folder: Path, url: str) -> None:
    """A half-made database is repaired by the commands, and satisfies the models afterwards."""
    import sqlalchemy as sa

    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in HALF:
            connection.exec_driver_sql(statement)
    engine.dispose()
    run(folder, [guard(), "check", "project:metadata", "--url", url], code=1)
    run(folder, [guard(), "plan", "project:metadata", "--url", url, "--format", "json"])
    run(folder, [guard(), "apply", "project:metadata", "--url", url])
    run(folder, [guard(), "check", "project:metadata", "--url", url, "--fail-on", "weakens"])


async def asynchronous(url: str) -> None:
    import sqlalchemy as sa
    from sqlalchemy.ext.asyncio import create_async_engine

    from schema_guard import Guard

    models = sa.MetaData()
    sa.Table("asynchronous", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.JSON))
    engine = create_async_engine(url)
    for _ in range(2):
        assert Guard(models).apply(engine).satisfied
    await engine.dispose()


def chain(folder: Path) -> None:
    """Alembic imports and migrates; its own check and the doctor find nothing wrong; a revision can be written."""
    import alembic

    place = folder / "migrations"
    (place / "versions").mkdir(parents=True)
    (place / "env.py").write_text(ENVIRONMENT)
    mako = Path(alembic.__file__).parent / "templates" / "generic" / "script.py.mako"
    (place / "script.py.mako").write_text(mako.read_text())
    (folder / "alembic.ini").write_text(
        f"[alembic]\nscript_location = {place}\nprepend_sys_path = .\nsqlalchemy.url = sqlite:///chain.db\n"
    )
    program = [sys.executable, "-m", "alembic.config"]
    run(folder, [*program, "revision", "--autogenerate", "-m", "first"])
    run(folder, [*program, "upgrade", "head"])
    run(folder, [*program, "check"])
    url = ["--url", "sqlite:///chain.db"]
    run(folder, [guard(), "check", "project:metadata", *url, "--fail-on", "weakens"])
    run(folder, [guard(), "doctor", "project:metadata", *url, "--replay"])
    run(folder, [guard(), "deploy", "project:metadata", *url])
    models = (folder / "project.py").read_text()
    (folder / "project.py").write_text(models + 'Table("later", metadata, Column("id", Integer, primary_key=True))\n')
    run(folder, [guard(), "revision", "project:metadata", *url, "-m", "later"])
    run(folder, [guard(), "deploy", "project:metadata", *url])
    run(folder, [*program, "check"])


def flask(folder: Path) -> None:
    (folder / "flask_application.py").write_text(FLASK)
    program = [sys.executable, "-m", "flask", "--app", "flask_application"]
    run(folder, [*program, "guard", "apply"])
    run(folder, [*program, "guard", "check"])
    run(folder, [*program, "routes"])


def telemetry(folder: Path) -> None:
    from sqlalchemy import MetaData

    from schema_guard import Guard
    from schema_guard.integrations.opentelemetry import instrument

    end = instrument()
    assert Guard(MetaData()).apply(f"sqlite:///{folder / 'telemetry.db'}").satisfied
    end()


def guard() -> str:
    return str(Path(sys.executable).parent / "schema-guard")


def run(folder: Path, command: list[str], code: int = 0) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, f"{command}\n{done.stderr}"


if __name__ == "__main__":
    main()
