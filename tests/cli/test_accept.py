"""`--accept KEY`: a finding that is wrong or known no longer keeps the application from starting."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command, Ran, url_of
from tests.cli.test_commands import validate
from tests.postgres.database import Database

BEFORE = (
    "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, tenant INTEGER NOT NULL)",
    "CREATE TABLE proposals (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER REFERENCES users (id))",
)
KEY = "column-unknown users.tenant"

FLASK = """
import os
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from shop import Base

db = SQLAlchemy(model_class=Base)
app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
db.init_app(app)
"""
ENV = """
import os
from alembic import context
from sqlalchemy import create_engine
from shop import Base
with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, application: Path) -> str:
    """A database whose column `users.tenant` keeps every INSERT of User from working, as far as the guard knows."""
    if request.param == "sqlite":
        return url_of(application, BEFORE)
    database: Database = request.getfixturevalue("postgres_database")
    with database.connect() as connection:
        connection.execute(";".join(BEFORE).replace("id INTEGER NOT NULL PRIMARY", "id SERIAL PRIMARY").encode())
    return database.url


def differences(ran: Ran) -> dict[str, dict[str, Any]]:
    return {each["key"]: each for each in json.loads(ran.out)["differences"]}


def test_the_key_that_check_shows_can_be_pasted(command: Command, url: str) -> None:
    check = command("check", "shop:Base", "--url", url)
    assert check.code == 1
    key = next(line for line in check.out.splitlines() if "key: 'column-unknown" in line).partition("key: ")[2]
    accepted = command("check", "shop:Base", "--url", url, *shlex.split(f"--accept {key}"), "--fail-on", "breaks")
    assert "accepted: 'column-unknown users.tenant' (breaks): by --accept, without a reason" in accepted.out
    assert accepted.code == 1, "the other difference still breaks the application"
    assert "1 accepted" in accepted.verdict


def test_apply_starts_the_application_and_leaves_the_column_alone(command: Command, url: str) -> None:
    refused = command("apply", "shop:Base", "--url", url)
    assert refused.code == 1
    assert f"key: '{KEY}'" in refused.out
    assert "--accept 'KEY'" in refused.out
    started = command("apply", "shop:Base", "--url", url, "--accept", KEY)
    assert started.code == 0, started.out
    assert f"accepted: '{KEY}' (breaks)" in started.out
    assert started.verdict.startswith("the application can start")
    document = command("apply", "shop:Base", "--url", url, "--accept", KEY, "--format", "json")
    validate(document.out)
    found = differences(document)[KEY]
    said = {"key": KEY, "reason": "", "origin": "--accept", "by": "", "expires": None}
    assert found["accepted"] == said
    assert found["impact"] == "breaks"
    assert json.loads(document.out)["counts"]["breaks"] == 0
    assert json.loads(document.out)["can_start"] is True


def test_an_accepted_difference_is_not_repaired(command: Command, url: str) -> None:
    missing = "column-missing proposals.visitor"
    arguments = ("shop:Base", "--url", url, "--accept", f"{KEY}, {missing}")
    plan = command("plan", *arguments, "--format", "json")
    validate(plan.out)
    document = json.loads(plan.out)
    resolved = {key for step in document["steps"] for key in step["resolves"]}
    assert {KEY, missing}.isdisjoint(resolved | {refusal["key"] for refusal in document["refusals"]})
    assert f"accepted: '{missing}' (breaks)" in command("plan", *arguments).out
    assert command("apply", *arguments).code == 0
    after = command("check", "shop:Base", "--url", url, "--format", "json")
    assert missing in differences(after), "the column was left alone"


def test_every_place_counts_and_a_reason_is_printed(
    command: Command, application: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (application / "pyproject.toml").write_text(
        f"[[tool.schema-guard.accept]]\nkey = '{KEY}'\nreason = 'a trigger fills it'\n"
    )
    monkeypatch.setenv("SCHEMA_GUARD_ACCEPT", "index-missing proposals.ix_proposals_visitor\n")
    ran = command("check", "shop:Base", "--url", url, "--accept", "column-missing proposals.visitor", "-v")
    assert f"accepted: '{KEY}' (breaks): a trigger fills it" in ran.out
    assert "(weakens): by SCHEMA_GUARD_ACCEPT, without a reason" in ran.out
    assert "3 accepted" in ran.verdict
    assert ran.code == 0
    assert "warning" not in ran.out


def test_an_unknown_key_is_a_warning_that_names_the_nearest(command: Command, url: str) -> None:
    ran = command("check", "shop:Base", "--url", url, "--accept", "column-unknown users.tenants")
    assert ran.code == 1
    assert "no difference has this key now; the nearest key is 'column-unknown users.tenant'" in ran.out
    satisfied = command("apply", "shop:Base", "--url", url, "--accept", KEY, "--accept", "column-missing gone.away")
    assert satisfied.code == 0
    assert "accept (--accept): no such difference now: 'column-missing gone.away'" in satisfied.out


def test_run_starts_the_command(command: Command, url: str, application: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "schema_guard", "run", "shop:Base", "--url", url, "--accept", KEY, "--", "echo", "up"],
        cwd=application,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout == "up\n", ran.stderr
    assert f"accepted: '{KEY}'" in ran.stderr


def test_the_guard_of_the_application_accepts_and_stays_as_it_is(command: Command, application: Path, url: str) -> None:
    with (application / "shop.py").open("a") as file:
        file.write(
            f"from schema_guard import Acceptance, Guard\nguard = Guard(Base, accept=[Acceptance('{KEY}', 'known')])\n"
        )
    ran = command("apply", "shop:guard", "--url", url, "--accept", "column-missing proposals.visitor")
    assert ran.code == 0
    assert "(breaks): known" in ran.out
    assert len(sys.modules["shop"].guard.accept) == 1


def test_one_that_has_expired_counts_again(command: Command, application: Path, url: str) -> None:
    table = f"[[tool.schema-guard.accept]]\nkey = '{KEY}'\nreason = 'known'\nby = 'operations'\nexpires = "
    (application / "pyproject.toml").write_text(f"{table}2999-12-31\n")
    ran = command("apply", "shop:Base", "--url", url)
    assert (ran.code, ran.out.count("known, by operations, until 2999-12-31")) == (0, 1)
    document = command("check", "shop:Base", "--url", url, "--format", "json")
    validate(document.out)
    accepted = differences(document)[KEY]["accepted"]
    assert (accepted["by"], accepted["expires"]) == ("operations", "2999-12-31")
    (application / "pyproject.toml").write_text(f"{table}2026-01-31\n")
    expired = command("apply", "shop:Base", "--url", url)
    assert expired.code == 1
    assert expired.out.count("expired after 2026-01-31, so it counts again") == 1
    assert "until" not in expired.out


def test_deploy_and_flask_guard(application: Path, url: str) -> None:
    """With a chain; both leave the difference alone, print the reason once, and tell once what matches nothing."""
    (application / "flask_shop.py").write_text(FLASK)
    (application / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (application / "migrations" / "versions").mkdir(parents=True)
    (application / "migrations" / "env.py").write_text(ENV)
    for expires, code in (("2999-12-31", 0), ("2026-01-31", 1)):
        (application / "pyproject.toml").write_text(
            f"[[tool.schema-guard.accept]]\nkey = '{KEY}'\nreason = 'known'\nexpires = {expires}\n"
        )
        for line in (
            ["-m", "schema_guard", "deploy", "shop:Base"],
            ["-m", "flask", "--app", "flask_shop", "guard", "apply"],
        ):
            ran = subprocess.run(
                [sys.executable, *line, "--accept", "x y"],
                cwd=application,
                env={**os.environ, "DATABASE_URL": url},
                capture_output=True,
                text=True,
                check=False,
            )
            assert ran.returncode == code, ran
            assert ran.stdout.count(f"accepted: '{KEY}' (breaks): known, until 2999-12-31") == (code == 0)
            assert (ran.stdout + ran.stderr).count("'x y'") == 1
            assert (ran.stdout + ran.stderr).count("expired after") == code


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("accept = 3", "expected a list of keys"),
        ("accept = [3]", "expected a key, or a table"),
        ("accept = [{ key = 'a', why = 'b' }]", "has no key 'why'"),
        ("accept = [{ reason = 'b' }]", "an entry has no key: key = 'CODE OBJECT', as check prints it"),
        ("accept = [{ key = 'a', by = 3 }]", "expected text"),
        ("accept = [{ key = 'a', expires = 'soon' }]", "expected a day such as 2026-12-31"),
    ],
)
def test_what_cannot_be_read_is_an_error(command: Command, application: Path, toml: str, says: str) -> None:
    (application / "pyproject.toml").write_text(f"[tool.schema-guard]\n{toml}\n")
    ran = command("check", "shop:Base", "--url", "sqlite:///shop.db")
    assert ran.code == 2
    assert says in ran.err
