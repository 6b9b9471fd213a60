"""schema_guard.pytest in a project of its own, with and without the workers of pytest-xdist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from schema_guard.chain.systems.scratch import PREFIX
from tests.postgres.database import Database

CONFTEST = """
import pytest
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, text
from schema_guard import Guard

pytest_plugins = ["schema_guard.pytest"]
made = MetaData()
key = Column("id", Integer, primary_key=True, autoincrement=False)
Table("item", made, key, Column("amount", Integer, nullable=False))

@pytest.fixture(scope="session")
def schema_guard_migrate():
    def migrate(url):
        with open("migrated", "a") as file:
            file.write("once\\n")
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE item (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL)"))
        engine.dispose()
    return migrate

@pytest.fixture
def guard():
    return Guard(made)
"""
TESTS = """
import pytest
import pytest
from sqlalchemy import create_engine, text
from schema_guard.pytest import assert_satisfied

@pytest.mark.parametrize("number", range(6))
def test_each_has_a_database_of_its_own(number, schema_guard_database):
    engine = create_engine(schema_guard_database)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM item")).scalar_one() == 0
        connection.execute(text("INSERT INTO item VALUES (1, 1)"))

def test_the_migrations_make_what_the_models_expect(guard, schema_guard_database):
    assert_satisfied(guard, schema_guard_database)

def test_that_fails(guard, schema_guard_database):
    with create_engine(schema_guard_database).begin() as connection:
        connection.execute(text("ALTER TABLE item DROP COLUMN amount"))
    assert_satisfied(guard, schema_guard_database)
"""


def run(folder: Path, *arguments: str) -> None:
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_shop.py").write_text(TESTS)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:schemathesis", *arguments],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "1 failed, 7 passed" in ran.stdout
    assert "✗ item.amount  column missing: INTEGER NOT NULL" in ran.stdout
    assert (folder / "migrated").read_text() == "once\n", "the template is migrated once"
    assert list(folder.glob("schema_guard_*")) == [], "nothing is left behind"


def test_sqlite(tmp_path: Path) -> None:
    run(tmp_path)


def test_postgresql(tmp_path: Path, postgres_database: Database) -> None:
    url = postgres_database.url
    run(tmp_path, "-n", "2", "--schema-guard-server", url)
    engine = create_engine(url)
    with engine.connect() as connection:
        left = connection.execute(text(r"SELECT datname FROM pg_database WHERE datname LIKE 'schema\_guard\_%'"))
        # scratch databases are those of tests beside this one
        assert [name for name in left.scalars() if not name.startswith(PREFIX)] == []
    engine.dispose()


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (
            "postgresql://me:secret@127.0.0.1:1/postgres",
            r"cannot connect to postgresql\+\w+://me:\*\*\*@127.0.0.1:1/postgres: nothing listens there",
        ),
        ("mysql://me@127.0.0.1/shop", "expected the URL of a PostgreSQL server"),
    ],
)
def test_a_server_that_cannot_be_used_is_one_line(tmp_path: Path, server: str, said: str) -> None:
    """With no traceback of the driver, and no password."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_shop.py").write_text("def test_it(schema_guard_database): pass\n")
    arguments = ["-q", "-p", "no:cacheprovider", "-p", "no:schemathesis", "--schema-guard-server", server]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert re.search(f"^schema-guard: .*{said}", ran.stdout, re.MULTILINE), ran.stdout
    assert "Error" not in ran.stdout
    assert "secret" not in ran.stdout + ran.stderr
    assert ran.stderr == ""


def test_the_snippets_of_the_documentation(tmp_path: Path) -> None:
    """With an Alembic project in front of them."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
    conftest, test = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "models.py").write_text(
        "from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\n"
        "class Base(DeclarativeBase): pass\n"
        "class Item(Base):\n"
        "    __tablename__ = 'item'\n"
        "    id: Mapped[int] = mapped_column(primary_key=True)\n"
    )
    (tmp_path / "versions").mkdir()
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = .\n")
    (tmp_path / "env.py").write_text(
        "import os\nfrom alembic import context\nfrom sqlalchemy import create_engine\n"
        "with create_engine(os.environ['DATABASE_URL']).connect() as connection:\n"
        "    context.configure(connection=connection)\n"
        "    with context.begin_transaction(): context.run_migrations()\n"
    )
    (tmp_path / "versions" / "a1.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\nrevision = 'a1'\ndown_revision = None\n"
        "def upgrade(): op.create_table('item', sa.Column('id', sa.Integer, primary_key=True))\n"
    )
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "test_schema.py").write_text(test)
    arguments = ["-q", "-p", "no:cacheprovider", "-p", "no:schemathesis"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
