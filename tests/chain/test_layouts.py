"""The ways in which projects keep and run their migrations."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import flask_migrate
import pytest

from tests.chain.stage import ENV, TEMPLATE, Stage

FLASK = """
import os
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()

class User(db.Model):
    __tablename__ = "users"
    id = db.Column(db.Integer, primary_key=True)

class Proposal(db.Model):
    __tablename__ = "proposals"
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(255), nullable=False)
    visitor = db.Column(db.String(64), index=True)

def create_app():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
    app.config["SQLALCHEMY_BINDS"] = __BINDS__
    db.init_app(app)
    Migrate(app, db)
    return app
"""
IMPORTS = """import flask_migrate
from pathlib import Path
from flask_migrate import Migrate"""
UPGRADES = """    with app.app_context():
        flask_migrate.upgrade(str(Path(__file__).parent / "migrations"))
    return app
"""
TEMPLATES = Path(flask_migrate.__file__).parent / "templates"

ASYNC_ENV = """
import asyncio
import os
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine
from shop import Base

target_metadata = Base.metadata
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgresql+psycopg": "postgresql+asyncpg"}
scheme, _, rest = os.environ["DATABASE_URL"].partition("://")
url = f"{DRIVERS.get(scheme, scheme)}://{rest}"

def configure(connection=None, **options):
    context.configure(connection=connection, target_metadata=target_metadata, **options)
    with context.begin_transaction():
        context.run_migrations()

async def online():
    async with create_async_engine(url, poolclass=pool.NullPool).connect() as connection:
        await connection.run_sync(configure)

if context.is_offline_mode():
    configure(url=url)
else:
    asyncio.run(online())
"""


def flask_stage(stage: Stage, template: str = "flask", binds: str = "{}") -> Stage:
    """An application with Flask-Migrate, as `flask db init` makes it."""
    stage.target = "shop:create_app()"
    stage.write("shop.py", FLASK.replace("__BINDS__", binds))
    for name in ("alembic.ini.mako", "env.py"):
        stage.write(f"migrations/{name.removesuffix('.mako')}", (TEMPLATES / template / name).read_text())
    stage.write("migrations/script.py.mako", TEMPLATE)
    return stage.chain()


def test_flask_migrate(stage: Stage) -> None:
    flask_stage(stage)
    found = stage.doctor("--replay")
    assert found.code == 0, found.out
    assert found.faults == {}
    deploy = stage.deploy()
    assert deploy.code == 0, deploy.out + deploy.err
    stage.sql("DELETE FROM alembic_version")
    assert stage.guard("stamp").code == 0
    assert stage.stamped() == ["r3"]
    stage.revision("h1", "r2")
    heads = stage.doctor().faults["several-heads"]
    assert heads["fix"]["command"].startswith("flask db merge heads")


def test_flask_guard(on_sqlite: Stage) -> None:
    """The Flask command line knows the application's models, database and migrations by itself."""
    stage = flask_stage(on_sqlite)

    def flask(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = "from flask.cli import cli; from schema_guard.cli.flask import guard; cli.add_command(guard); cli()"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.run(
            [sys.executable, "-c", program, "--app", "shop", "guard", *arguments],
            cwd=stage.directory,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    check = flask("check")
    assert (check.returncode, "proposals" in check.stdout) == (1, True), check.stderr
    assert flask("doctor", "--format", "json").returncode == 0
    deploy = flask("deploy")
    assert deploy.returncode == 0, deploy.stdout + deploy.stderr
    assert flask("apply", "--required-only").returncode == 0
    assert flask("plan", "--format", "json").returncode == 0
    assert "flask --app shop guard check [OPTIONS]" in flask("check", "--help").stdout


def test_flask_guard_names_its_own_commands(on_sqlite: Stage) -> None:
    """What a fix says can be pasted: `schema-guard` could not find the models that only the application knows."""
    stage = flask_stage(on_sqlite)

    def flask(*arguments: str) -> str:
        program = "from flask.cli import cli; from schema_guard.cli.flask import guard; cli.add_command(guard); cli()"
        return subprocess.run(
            [sys.executable, "-c", program, "--app", "shop", "guard", *arguments],
            cwd=stage.directory,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
        ).stdout

    assert "next: flask --app shop guard plan" in flask("check")
    flask("apply")
    found = json.loads(flask("doctor", "--format", "json"))
    (command,) = [fault["fix"]["command"] for fault in found["faults"] if fault["code"] == "unstamped"]
    assert command == "flask --app shop guard stamp"
    assert "stamped r3" in flask(*command.split()[4:])
    stage.revision("h1", "r2")
    assert "flask --app shop db merge heads" in flask("doctor")
    (stage.directory / "migrations" / "versions" / "h1.py").unlink()
    assert "revision" in flask("--help")


def test_an_installed_application_that_migrates_itself(on_sqlite: Stage) -> None:
    """Its folder lies in its package, `script_location = .` means nothing there, and create_app() upgrades."""
    stage = flask_stage(on_sqlite)
    package = stage.directory / "elsewhere" / "shop"
    package.mkdir(parents=True)
    code = (stage.directory / "shop.py").read_text().replace("from flask_migrate import Migrate", IMPORTS)
    (stage.directory / "shop.py").unlink()
    (package / "__init__.py").write_text(code.replace("    return app\n", UPGRADES))
    (stage.directory / "migrations").rename(package / "migrations")
    ini = package / "migrations" / "alembic.ini"
    ini.write_text(ini.read_text().replace("[alembic]", "[alembic]\nscript_location = ."))
    program = "from flask.cli import cli; from schema_guard.cli.flask import guard; cli.add_command(guard); cli()"
    doctor = subprocess.run(
        [sys.executable, "-c", program, "--app", "shop", "guard", "doctor", "--replay", "--format", "json"],
        cwd=stage.directory,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(package.parent), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(doctor.stdout)
    assert (doctor.returncode, found["faults"]) == (0, []), doctor.stdout + doctor.stderr
    assert found["chain"]["heads"] == found["chain"]["stamped"] == ["r3"]


def test_flask_migrate_with_several_databases(on_sqlite: Stage) -> None:
    """Each bind gets a scratch database of its own in a replay; a deploy migrates them all."""
    other = on_sqlite.directory / "other.db"
    stage = flask_stage(on_sqlite, "flask-multidb", f'{{"other": "sqlite:///{other}"}}')
    for path in (stage.directory / "migrations" / "versions").glob("*.py"):
        text = path.read_text()
        body = text.partition("def upgrade():\n")[2].partition("\n\n\ndef downgrade")[0]
        head = text.partition("def upgrade():\n")[0]
        path.write_text(
            f'{head}def upgrade(engine_name):\n    globals()[f"upgrade_{{engine_name}}"]()\n\n\n'
            f"def upgrade_():\n{body}\n\n\ndef upgrade_other():\n    pass\n"
        )
    found = stage.doctor("--replay")
    assert found.code == 0, found.out
    assert "replay-fails" not in found.faults
    assert not other.exists()
    assert stage.deploy().code == 0
    assert other.exists()
    assert stage.stamped() == ["r3"]
    faults = stage.doctor().faults
    assert not {"env-no-metadata", "models-not-registered"} & {*found.faults, *faults}, "autogenerate works here"
    note = faults["several-databases"]
    assert (note["severity"], "only" in note["message"]) == ("note", True)
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'r1'")
    assert stage.deploy().code == 0
    with closing(sqlite3.connect(other)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("r3",)]
    stage.sql("DELETE FROM alembic_version")
    stamp = stage.guard("stamp")
    assert (stamp.code, "only" in stamp.err) == (0, True)
    assert stage.stamped() == ["r3"]


def test_an_asynchronous_env(stage: Stage) -> None:
    stage.plain(env=ASYNC_ENV).chain()
    found = stage.doctor("--replay")
    assert found.code == 0, found.out
    deploy = stage.deploy()
    assert deploy.code == 0, deploy.out + deploy.err
    stage.sql("DELETE FROM alembic_version")
    assert stage.guard("stamp").code == 0
    assert stage.stamped() == ["r3"]


def test_an_asynchronous_engine_with_a_creator(on_sqlite: Stage) -> None:
    """A replay does not call it: it leads to the real file, whatever URL its engine has."""
    path = on_sqlite.url.removeprefix("sqlite:///")
    made = "create_async_engine('sqlite+aiosqlite://', async_creator=make, poolclass=pool.NullPool)"
    env = ASYNC_ENV.replace("create_async_engine(url, poolclass=pool.NullPool)", made).replace(
        "async def online",
        f"import aiosqlite\nasync def make(*_):\n    return await aiosqlite.connect({path!r})\n\nasync def online",
    )
    stage = on_sqlite.plain(env=env).chain()
    assert stage.doctor("--replay").code == 0
    assert stage.sql("SELECT 1 FROM sqlite_master") == []
    assert stage.deploy().code == 0
    assert stage.stamped() == ["r3"]


def test_a_version_table_of_another_name_in_a_schema(on_postgres: Stage) -> None:
    options = 'version_table="versions", version_table_schema="meta", '
    stage = on_postgres.plain(env=ENV.replace("context.configure(", f"context.configure({options}")).chain()
    stage.sql("CREATE SCHEMA meta")
    found = stage.doctor("--replay")
    assert found.code == 0, found.out
    assert stage.deploy().code == 0
    assert stage.sql("SELECT version_num FROM meta.versions") == [("r3",)]
    stage.sql("DROP TABLE meta.versions")
    assert "unstamped" in stage.doctor().faults
    assert stage.guard("stamp").code == 0
    assert stage.sql("SELECT version_num FROM meta.versions") == [("r3",)]


def test_a_schema_of_the_roles_own(on_postgres: Stage, postgres: str) -> None:
    """Everything unqualified goes where the search_path says, in the scratch database too."""
    stage = on_postgres.plain().chain()
    name = postgres.rpartition("/")[2]
    stage.sql("CREATE SCHEMA shop_data", f"ALTER DATABASE {name} SET search_path = shop_data, public")
    assert stage.deploy().code == 0
    stage.sql("DROP INDEX ix_proposals_visitor", "ALTER TABLE proposals DROP COLUMN visitor")
    assert stage.doctor("--replay").faults["blind-stamp"]["guess"] is False
    assert stage.guard("stamp").code == 0
    assert stage.sql("SELECT version_num FROM shop_data.alembic_version") == [("r2",)]
    stage.sql(f"ALTER DATABASE {name} RESET search_path")
    assert "shop_data" in stage.doctor().faults["version-table-elsewhere"]["message"]


def test_the_configuration_in_pyproject(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain().chain()
    (stage.directory / "alembic.ini").unlink()
    stage.write("pyproject.toml", '[tool.alembic]\nscript_location = "%(here)s/migrations"\n')
    found = stage.doctor("--replay")
    assert found.code == 0, found.out
    assert found.document["chain"]["heads"] == ["r3"]
    assert stage.deploy().code == 0


def test_a_configuration_further_down(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain().chain()
    (stage.directory / "backend").mkdir()
    (stage.directory / "alembic.ini").rename(stage.directory / "backend" / "alembic.ini")
    (stage.directory / "migrations").rename(stage.directory / "backend" / "migrations")
    assert stage.doctor().document["chain"]["revisions"] == 3
    stage.write("other/alembic.ini", "[alembic]\nscript_location = x\n")
    assert stage.doctor().code == 2
    assert stage.doctor("--config", "backend/alembic.ini").code == 0


def test_a_connection_that_env_is_given(stage: Stage) -> None:
    """Some env.py make no connection of their own: config.attributes holds it."""
    online = 'with config.attributes["connection"] as connection:'
    env = ENV.replace("url = os", "config = context.config\nurl = os").replace(
        "with create_engine(url, poolclass=pool.NullPool).connect() as connection:", online
    )
    stage.plain(env=env).chain()
    assert stage.doctor("--replay").code == 0
    assert stage.deploy().code == 0
    assert stage.stamped() == ["r3"]


def test_a_connection_that_env_insists_on(on_sqlite: Stage) -> None:
    """Without one it has no offline mode either; it cannot be described, but it is sound."""
    first = 'if "connection" not in context.config.attributes:\n    raise Exception("No connection set")\n'
    stage = on_sqlite.plain(env=ENV.replace("url = os", f"{first}url = os")).chain()
    assert stage.doctor("--replay").code == 0
    assert stage.deploy().code == 0
    assert stage.stamped() == ["r3"]


def starts_with(stage: Stage, line: str) -> dict[str, Any]:
    """What `doctor --replay` says of a chain whose env.py imports a module that runs this line."""
    stage.plain()
    stage.write("start.py", f"import os\nfrom shop import Base\nfrom sqlalchemy import create_engine\n{line}\n")
    url = 'url = os.environ["DATABASE_URL"]'
    stage.write("migrations/env.py", ENV.replace(url, f"{url}\nif not context.is_offline_mode():\n    import start"))
    stage.chain()
    return stage.doctor("--replay").faults


def test_models_made_at_the_start_of_the_application(on_sqlite: Stage) -> None:
    """create_all() before the first revision: every new database collides. Replays run without it."""
    faults = starts_with(on_sqlite, 'Base.metadata.create_all(create_engine(os.environ["DATABASE_URL"]))')
    fault = faults["env-makes-tables"]
    assert (Path(fault["file"]).name, fault["line"], fault["revision"]) == ("start.py", 4, "r1")
    assert "replay-fails" not in faults


def test_tables_made_by_sql_at_the_start_of_the_application(on_sqlite: Stage) -> None:
    sql = "CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY)"
    line = f'create_engine(os.environ["DATABASE_URL"]).connect().exec_driver_sql("{sql}")'
    faults = starts_with(on_sqlite, line)
    assert "create_all" in faults["replay-not-empty"]["message"]
    assert faults["replay-fails"]["revision"] == "r1"


def test_without_a_chain(on_sqlite: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = on_sqlite.plain()
    (stage.directory / "alembic.ini").unlink()
    assert "no-chain" in stage.doctor().faults
    assert stage.deploy().code == 2
    assert stage.guard("stamp").code == 2
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    assert stage.doctor().code == 3
