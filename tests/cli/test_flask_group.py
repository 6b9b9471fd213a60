"""`flask guard` takes no name from an application that has a `guard` command of its own."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

OWN = """
from flask import Flask

app = Flask(__name__)

@app.cli.command("guard")
def guard():
    print("the application's own")
"""
APPLICATION = """
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
db = SQLAlchemy(app)
"""
NONE = "from flask import Flask\n\napp = Flask(__name__)\n"


MIGRATED = """
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()

class Customer(db.Model):
    id = db.Column(db.Integer, primary_key=True)

def create_app():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///app.db"
    db.init_app(app)
    Migrate(app, db)
    return app
"""


def flask(folder: Path, *arguments: str, app: str | None = "shop") -> subprocess.CompletedProcess[str]:
    program = "from flask.cli import cli; from schema_guard.cli.flask import guard; cli.add_command(guard); cli()"
    named = ["--app", app] if app else []
    return subprocess.run(
        [sys.executable, "-c", program, *named, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_application_s_own_command_is_run(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(OWN)
    assert flask(tmp_path, "guard").stdout == "the application's own\n"


def test_without_one_it_is_the_guard(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(NONE)
    assert "doctor" in flask(tmp_path, "guard").stdout + flask(tmp_path, "guard").stderr


def test_help_works_where_the_application_does_not_load(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("raise RuntimeError('broken')\n")
    assert "doctor" in flask(tmp_path, "guard", "--help").stdout


def test_help_says_what_a_person_types(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(APPLICATION)
    assert flask(tmp_path, "guard", "apply", "--help").stdout.startswith(
        "Usage: flask --app shop guard apply [OPTIONS]"
    )
    group = [line for line in flask(tmp_path, "guard", "--help").stdout.splitlines() if line.startswith("Usage: ")]
    assert [line.endswith(" guard [OPTIONS] COMMAND [ARGS]...") for line in group] == [True]


def test_a_chain_of_an_application_that_flask_finds_by_itself(tmp_path: Path) -> None:
    """Neither --app nor FLASK_APP: env.py, which runs in a process of its own, gets the same application."""
    (tmp_path / "wsgi.py").write_text(MIGRATED)
    for words in (["init"], ["migrate", "-m", "customers"], ["upgrade"]):
        done = flask(tmp_path, "db", *words, app=None)
        assert done.returncode == 0, done.stderr
    doctor = flask(tmp_path, "guard", "doctor", "--replay", app=None)
    assert (doctor.returncode, doctor.stdout.splitlines()[-1]) == (0, "nothing is wrong · exit 0"), doctor.stdout
    with closing(sqlite3.connect(tmp_path / "instance" / "app.db")) as database:
        database.executescript("DROP TABLE customer; DELETE FROM alembic_version")
    assert flask(tmp_path, "guard", "deploy", app=None).returncode == 0
    assert flask(tmp_path, "guard", "check", app=None).returncode == 0


def test_its_history_and_its_frozen_file(tmp_path: Path) -> None:
    """The frozen file needs no database, names the command that writes it, and knows where the application's own chain
    ends."""
    (tmp_path / "wsgi.py").write_text(MIGRATED)
    for words in (["init"], ["migrate", "-m", "customers"]):
        assert flask(tmp_path, "db", *words, app=None).returncode == 0
    missing = flask(tmp_path, "guard", "freeze", "--check", "-o", "expected.json", app=None)
    assert missing.returncode == 1
    assert "expected.json is not there: write it with flask guard freeze -o expected.json\n" in missing.stderr
    assert flask(tmp_path, "guard", "freeze", "-o", "expected.json", app=None).returncode == 0
    assert len(json.loads((tmp_path / "expected.json").read_text())["heads"]) == 1
    assert flask(tmp_path, "guard", "deploy", "--history", app=None).returncode == 0
    assert "no run is recorded" in flask(tmp_path, "guard", "history", app=None).stdout, "the chain made it all"
    with closing(sqlite3.connect(tmp_path / "instance" / "app.db")) as database:
        database.execute("DROP TABLE customer")
    assert flask(tmp_path, "guard", "apply", "--history", app=None).returncode == 0
    assert "customer: table missing: done" in flask(tmp_path, "guard", "history", app=None).stdout


def test_all_binds_of_the_application(tmp_path: Path) -> None:
    from tests.cli.test_binds import APPLICATION as WITH_BINDS
    from tests.cli.test_binds import tables

    binds = {"audit": f"sqlite:///{tmp_path}/audit.db"}
    (tmp_path / "shop.py").write_text(f"MAIN = 'sqlite:///{tmp_path}/main.db'\nBINDS = {binds!r}\n{WITH_BINDS}")
    check = flask(tmp_path, "guard", "check")
    assert check.returncode == 1, check.stdout + check.stderr
    assert "next: flask --app shop guard plan --bind audit" in check.stdout
    assert flask(tmp_path, "guard", "apply").returncode == 0
    assert (tables(tmp_path / "main.db"), tables(tmp_path / "audit.db")) == ({"user"}, {"entry"})


def test_the_readiness_route_asks_all_binds(tmp_path: Path) -> None:
    import importlib.util

    from schema_guard.integrations.flask import SchemaGuard
    from tests.cli.test_binds import APPLICATION as WITH_BINDS
    from tests.cli.test_binds import USER, run_sql

    run_sql(tmp_path / "main.db", USER)
    binds = {"audit": f"sqlite:///{tmp_path}/audit.db"}
    file = tmp_path / "shop_with_binds.py"
    file.write_text(f"MAIN = 'sqlite:///{tmp_path}/main.db'\nBINDS = {binds!r}\n{WITH_BINDS}")
    spec = importlib.util.spec_from_file_location("shop_with_binds", file)
    assert spec is not None
    assert spec.loader is not None
    shop = importlib.util.module_from_spec(spec)
    sys.modules["shop_with_binds"] = shop
    spec.loader.exec_module(shop)
    SchemaGuard(shop.app, shop.db, ready="/ready", metrics="/metrics")
    answer = shop.app.test_client().get("/ready")
    assert (answer.status_code, answer.json["reason"].startswith("bind audit: entry: table missing")) == (503, True)
    assert "schema_guard_ready 0" in shop.app.test_client().get("/metrics").text
    run_sql(tmp_path / "audit.db", "CREATE TABLE entry (id INTEGER NOT NULL PRIMARY KEY, text VARCHAR NOT NULL)")
    spec.loader.exec_module(shop)
    SchemaGuard(shop.app, shop.db, ready="/ready")
    assert shop.app.test_client().get("/ready").status_code == 200


CUSTOMERS = f"{APPLICATION}\nclass Customer(db.Model):\n    id = db.Column(db.Integer, primary_key=True)\n\n"
POLLER = 'import threading, time\nthreading.Thread(target=time.sleep, args=(300,), name="poller").start()\n'


def test_a_thread_of_the_application_does_not_keep_the_process(tmp_path: Path) -> None:
    """The server that is to start behind `&&` would wait for it."""
    (tmp_path / "shop.py").write_text(CUSTOMERS.replace("sqlite://", f"sqlite:///{tmp_path}/a.db") + POLLER)
    ran = flask(tmp_path, "guard", "apply")
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.endswith("threads of the application still run after 5 s, and are not waited for: poller\n")


@pytest.mark.parametrize("thread", ["", POLLER.replace("300", "7")], ids=["alone", "with a thread"])
def test_a_process_that_goes_on_after_the_command_ends_as_it_wants(tmp_path: Path, thread: str) -> None:
    """The verdict of the command was for who called it."""
    called = 'print(app.test_cli_runner().invoke(guard, ["check"]).exit_code, flush=True)\n'
    imports = "import atexit, os\nfrom schema_guard.cli.flask import guard\natexit.register(lambda: os._exit(0))\n"
    application = CUSTOMERS.replace("sqlite://", f"sqlite:///{tmp_path}/a.db")
    (tmp_path / "shop.py").write_text(f"{imports}{application}{thread}{called}")
    ran = subprocess.run([sys.executable, "shop.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "1\n"), ran.stderr


def test_a_test_of_the_application_goes_on(tmp_path: Path) -> None:
    """It calls the command in its own process, which does not end with it."""
    invoked = 'print(app.test_cli_runner().invoke(guard, ["check"]).exit_code)'
    test = f'{invoked}\ntime.sleep(6)\nprint("on", flush=True)\nos._exit(9)\n'
    imports = "import os\nfrom schema_guard.cli.flask import guard\n"
    application = CUSTOMERS.replace("sqlite://", f"sqlite:///{tmp_path}/a.db")
    (tmp_path / "shop.py").write_text(f"{imports}{application}{POLLER}{test}")
    ran = subprocess.run([sys.executable, "shop.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (9, "1\non\n"), ran.stderr
