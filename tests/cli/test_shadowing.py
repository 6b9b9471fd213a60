"""Files of the working directory that bear the names of drivers, of libraries, or of Python's own modules."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import MODELS

BROKEN = "raise RuntimeError('this file is the application\\'s own')\n"
NAMES = ["sqlite3", "psycopg", "sqlalchemy", "alembic", "click", "types", "uuid", "queue", "ipaddress", "decimal"]


def ran(directory: Path, *arguments: str, url: str) -> subprocess.CompletedProcess[str]:
    """The command as it is installed: its directory is not the working directory."""
    command = shutil.which("schema-guard", path=str(Path(sys.executable).parent))
    assert command is not None
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [command, *arguments],
        cwd=directory,
        env=environment | {"DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("system", ["sqlite", "postgresql"])
def test_drivers_and_libraries_are_found_elsewhere(system: str, tmp_path: Path, postgres: str) -> None:
    """While the application still finds its own modules first, as under gunicorn: also one that is installed."""
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(BROKEN)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("")
    (tmp_path / "app" / "models.py").write_text(f"import pytest\nassert pytest.mine\n{MODELS}")
    (tmp_path / "pytest.py").write_text("mine = True\n")
    url = postgres if system == "postgresql" else "sqlite:///shop.db"
    done = ran(tmp_path, "apply", "app.models:Base", url=url)
    assert done.returncode == 0, done.stderr
    assert "2 tables" in done.stdout


def test_a_file_that_shadows_a_module_of_pythons_own_is_named(tmp_path: Path) -> None:
    """What the application imports is its own matter; the message says what happened."""
    (tmp_path / "colorsys.py").write_text("")
    (tmp_path / "shop.py").write_text(f"from colorsys import rgb_to_hsv\n{MODELS}")
    done = ran(tmp_path, "check", "shop:Base", url="sqlite:///shop.db")
    assert done.returncode == 2, done.stderr
    assert f"; {tmp_path / 'colorsys.py'} shadows the module of that name: rename it" in done.stderr


def test_a_module_of_that_name_that_is_asked_for(tmp_path: Path) -> None:
    """`secrets.py:Base` and `psycopg:Base` are the application's own."""
    (tmp_path / "secrets.py").write_text(MODELS)
    done = ran(tmp_path, "apply", "secrets.py:Base", url="sqlite:///shop.db")
    assert done.returncode == 0, done.stderr


def test_the_process_that_runs_env_py(tmp_path: Path, postgres: str) -> None:
    """It imports Alembic, SQLAlchemy and the driver, with the working directory on its path."""
    for name in ("psycopg", "sqlalchemy", "queue"):
        (tmp_path / f"{name}.py").write_text(BROKEN)
    (tmp_path / "shop.py").write_text(MODELS)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\nprepend_sys_path = .\n")
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "migrations" / "env.py").write_text(
        "import os, shop\nfrom alembic import context\nfrom sqlalchemy import create_engine\n"
        "with create_engine(os.environ['DATABASE_URL']).connect() as connection:\n"
        "    context.configure(connection=connection, target_metadata=shop.Base.metadata)\n"
        "    with context.begin_transaction():\n        context.run_migrations()\n"
    )
    (tmp_path / "migrations" / "versions" / "a1.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\nrevision, down_revision = 'a1', None\n"
        "def upgrade():\n    op.create_table('users', sa.Column('id', sa.Integer, primary_key=True))\n"
    )
    done = ran(tmp_path, "deploy", "shop:Base", url=postgres)
    assert done.returncode == 0, done.stdout + done.stderr
