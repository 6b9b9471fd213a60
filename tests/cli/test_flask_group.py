"""`flask guard` takes no name from an application that has a `guard` command of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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


def flask(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = "from flask.cli import cli; from schema_guard.cli.flask import guard; cli.add_command(guard); cli()"
    return subprocess.run(
        [sys.executable, "-c", program, "--app", "shop", *arguments],
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
