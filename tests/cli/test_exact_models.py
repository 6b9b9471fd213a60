"""A database that holds exactly what the models of a module say is told without loading what compares; whatever may
lead to another database, or leave something out, is left to the whole command."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import MODELS, Command
from tests.cli.test_loaded_modules import SATISFIED
from tests.cli.test_remember import AT_ONCE, at_once
from tests.cli.test_run_and_stop import start
from tests.postgres.database import Database

FIGURES = re.compile(r"[\d.]+ m?s, \d catalog quer(y|ies)")

pytestmark = pytest.mark.newest_postgres


@pytest.fixture
def url(application: Path, postgres_database: Database) -> str:
    """Of a database that has what shop.py says; its models have a module without anything else."""
    (application / "shop.py").write_text(MODELS)
    with postgres_database.connect() as connection:
        for statement in SATISFIED:
            connection.execute(statement.replace("id INTEGER NOT NULL PRIMARY KEY", "id SERIAL PRIMARY KEY").encode())
    return postgres_database.url.replace("+psycopg", "+psycopg2")


def test_the_command_says_the_same_and_loads_little(command: Command, url: str) -> None:
    code, said, names = at_once("check", "shop:Base", "--url", url)
    assert {"sqlalchemy", "shop", "psycopg2"} <= names
    assert not {"click", "alembic", "rich"} & names
    told = command("check", "shop:Base", "--url", url)
    assert told.err == "imported\n", "by the module itself"
    assert (code, FIGURES.sub("", said)) == (told.code, FIGURES.sub("", told.out))
    assert code == 0


@pytest.mark.parametrize("target", ["shop:Base.metadata", "all_of_it:Proposal"])
def test_what_leads_to_models(target: str, url: str, application: Path) -> None:
    """Also beside all that SQLAlchemy has: `func` has an attribute of any name."""
    every = "from sqlalchemy import *\nfrom sqlalchemy.orm import *\nfrom shop import *\n"
    (application / "all_of_it.py").write_text(every)
    code, _, names = at_once("check", target, "--url", url)
    assert (code, "click" in names) == (0, False)


OTHERS = {
    "an engine of the module's own": "import sqlalchemy\nengine = sqlalchemy.create_engine(URL)\n",
    "an engine of the module's own, asynchronous": (
        "from sqlalchemy.ext.asyncio import create_async_engine\n"
        "engine = create_async_engine(URL.replace('psycopg2', 'psycopg'))\n"
    ),
    "a session with binds": (
        "import sqlalchemy\nfrom sqlalchemy.orm import sessionmaker\n"
        "Session = sessionmaker(binds={Base: sqlalchemy.create_engine(URL)})\n"
    ),
    "a Flask application": (
        "from flask import Flask\nfrom flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy(metadata=Base.metadata)\n"
        "app = Flask('shop')\napp.config['SQLALCHEMY_DATABASE_URI'] = URL\ndb.init_app(app)\n"
    ),
    "a guard of its own": "from schema_guard import Guard\nguard = Guard(Base)\n",
    "another setting": "import os\nos.environ['SCHEMA_GUARD_FAIL_ON'] = 'notes'\n",
    "a setting that is none": "import os\nos.environ['SCHEMA_GUARD_FAILON'] = 'notes'\n",
}


@pytest.mark.parametrize("code", OTHERS.values(), ids=OTHERS)
def test_a_module_that_holds_more_than_models(code: str, application: Path, url: str) -> None:
    (application / "more.py").write_text(f"from shop import Base\nURL = {url!r}\n{code}")
    status, _, names = at_once("check", "more:Base", "--url", url)
    assert "click" in names
    assert status == 0


@pytest.mark.parametrize("target", ["shop:models()", "shop", "shop.py:Base", "shop:Bas", "nowhere:Base", "shop:name"])
def test_targets_of_which_the_command_has_more_to_say(target: str, application: Path, url: str) -> None:
    (application / "shop.py").write_text(f"{MODELS}\nname = 'shop'\ndef models():\n    return Base\n")
    assert "click" in at_once("check", target, "--url", url)[2]


def test_other_words_on_the_command_line(url: str, application: Path) -> None:
    (application / "older.json").write_text("{}")
    for words in (["-v"], ["--exclude", "users"], ["--each-schema", "t_*"]):
        assert "click" in at_once("check", "shop:Base", "--url", url, *words)[2], words
    assert "click" in at_once("apply", "shop:Base", "--url", url)[2]
    assert "click" in at_once("check", "shop:Base", "--url", url.replace("+psycopg2", "+asyncpg"))[2]
    assert "click" not in at_once("check", "shop:Base", "--url", url, "--fail-on", "notes")[2]


@pytest.mark.parametrize(("env", "whole"), [("def include_object(*_): return True", True), ("run = 1", False)])
def test_what_an_env_py_leaves_out(env: str, whole: bool, application: Path, url: str) -> None:
    (application / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (application / "migrations" / "versions").mkdir(parents=True)
    (application / "migrations" / "env.py").write_text(f"{env}\n")
    code, _, names = at_once("check", "shop:Base", "--url", url)
    assert (code, "click" in names) == (0, whole)


def test_what_differs_is_compared(application: Path, url: str, postgres_database: Database) -> None:
    del application
    with postgres_database.connect() as connection:
        connection.execute(b"ALTER TABLE proposals DROP COLUMN visitor")
    code, said, names = at_once("check", "shop:Base", "--url", url)
    assert "click" in names
    assert (code, "proposals.visitor" in said) == (1, True)


def test_a_module_that_fails_is_run_once(application: Path, url: str) -> None:
    """Its code may have waited for something for a long time."""
    (application / "broken.py").write_text(
        "from pathlib import Path\nlog = Path('runs')\nlog.write_text(log.read_text() + 'x' if log.exists() else 'x')\n"
        "raise OSError('no route')\n"
    )
    code = f"import sys; sys.path[:] = {sys.path!r}\n{AT_ONCE}"
    words = ["check", "broken:Base", "--url", url]
    ran = subprocess.run(
        [sys.executable, "-S", "-c", code, *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert "importing broken failed: OSError: no route" in ran.stderr
    assert ran.returncode not in (0, 1)
    assert "click" in json.loads(ran.stderr.splitlines()[-1])
    assert (application / "runs").read_text() == "x"


def test_what_the_application_prints_goes_to_standard_error(application: Path, url: str) -> None:
    (application / "loud.py").write_text("print('hello')\nfrom shop import Base\n")
    code, said, names = at_once("check", "loud:Base", "--url", url)
    assert (code, "hello" in said, "click" in names) == (0, False, False)


def test_a_thread_of_the_application_does_not_keep_the_process(application: Path, url: str) -> None:
    thread = "import threading, time\nthreading.Thread(target=time.sleep, args=(300,), name='poller').start()\n"
    (application / "beside.py").write_text(f"{thread}from shop import Base\n")
    process = start(application, "check", "beside:Base", "--url", url)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out.startswith("postgresql")) == (0, True)
    assert "are not waited for: poller" in err


def test_a_listener_of_all_engines_counts(application: Path, url: str, postgres_database: Database) -> None:
    """What the application does on each connection, such as choosing a schema, is done here as well."""
    with postgres_database.connect() as connection:
        connection.execute(b"CREATE SCHEMA elsewhere")
    (application / "listening.py").write_text(
        "from shop import Base\nfrom sqlalchemy import event\nfrom sqlalchemy.engine import Engine\n"
        "@event.listens_for(Engine, 'connect')\ndef chosen(connection, record):\n"
        "    cursor = connection.cursor()\n    cursor.execute('SET search_path TO elsewhere')\n"
        "    cursor.close()\n    connection.commit()\n"
    )
    code, said, _ = at_once("check", "listening:Base", "--url", url)
    assert (code, "elsewhere" in said) == (1, True)
