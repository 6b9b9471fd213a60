"""A small application with an Alembic chain, on a real database; revisions are written as people write them."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.pool import NullPool

from schema_guard.cli.main import run

__all__ = ["Ran", "Stage"]

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "schema-guard-1.json"

MODELS = """
from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)

class Proposal(Base):
    __tablename__ = "proposals"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    visitor: Mapped[str | None] = mapped_column(String(64), index=True)
"""

ENV = """
import os
from alembic import context
from sqlalchemy import create_engine, pool
from shop import Base

target_metadata = Base.metadata
url = os.environ["DATABASE_URL"]

def configure(**options):
    context.configure(target_metadata=target_metadata, render_as_batch=True, **options)
    with context.begin_transaction():
        context.run_migrations()

if context.is_offline_mode():
    configure(url=url, literal_binds=True)
else:
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        configure(connection=connection)
"""

USERS = 'op.create_table("users", sa.Column("id", sa.Integer, primary_key=True))'
PROPOSALS = """op.create_table(
    "proposals",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(255), nullable=False),
)"""
VISITOR = """op.add_column("proposals", sa.Column("visitor", sa.String(64)))
op.create_index("ix_proposals_visitor", "proposals", ["visitor"])"""


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found = json.loads(self.out)
        Draft202012Validator(json.loads(SCHEMA.read_text())).validate(found)
        assert isinstance(found, dict)
        return found

    @property
    def faults(self) -> dict[str, dict[str, Any]]:
        """By code; of several with one code the first."""
        found: dict[str, dict[str, Any]] = {}
        for fault in self.document["faults"]:
            found.setdefault(fault["code"], fault)
        return found


@dataclass
class Stage:
    """A working directory with `shop.py`, `alembic.ini` and `migrations/`, and a database."""

    directory: Path
    url: str
    capture: pytest.CaptureFixture[str]
    target: str = "shop:Base"
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = create_engine(self.url, poolclass=NullPool)

    @property
    def system(self) -> str:
        return self.engine.dialect.name

    def plain(self, models: str = MODELS, env: str = ENV) -> Stage:
        """An application with plain Alembic."""
        self.write("shop.py", models)
        self.write("alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\n")
        self.write("migrations/env.py", env)
        self.write("migrations/script.py.mako", TEMPLATE)
        (self.directory / "migrations" / "versions").mkdir(exist_ok=True)
        return self

    def chain(self) -> Stage:
        """Three revisions whose last has what the models expect: r1 users, r2 proposals, r3 the visitor."""
        self.revision("r1", None, USERS)
        self.revision("r2", "r1", PROPOSALS)
        self.revision("r3", "r2", VISITOR)
        return self

    def write(self, name: str, content: str) -> Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        # Python takes bytecode of the same second and length for that of the new text.
        Path(cache_from_source(path)).unlink(missing_ok=True)
        return path

    def revision(
        self, id_: str, down: object, upgrade: str = "pass", *, name: str = "", doc: str = "", extra: str = ""
    ) -> Path:
        """Write a revision file. `down` is written as its repr."""
        body = textwrap.indent(textwrap.dedent(upgrade).strip(), "    ")
        content = (
            f'"""{doc or id_}"""\nfrom alembic import op\nimport sqlalchemy as sa\n\n'
            f"revision = {id_!r}\ndown_revision = {down!r}\n{extra}\n\n"
            f"def upgrade():\n{body}\n\n\ndef downgrade():\n    pass\n"
        )
        return self.write(f"migrations/versions/{name or id_}.py", content)

    def sql(self, *statements: str) -> list[Any]:
        """Run statements in one transaction; the rows of the last."""
        rows: list[Any] = []
        with self.engine.begin() as connection:
            for statement in statements:
                result = connection.execute(text(statement))
                rows = list(result) if result.returns_rows else []
        return rows

    def stamped(self) -> list[str]:
        return sorted(row[0] for row in self.sql("SELECT version_num FROM alembic_version"))

    def stamp_blindly(self, *revisions: str) -> None:
        self.sql(
            "CREATE TABLE IF NOT EXISTS alembic_version "
            "(version_num VARCHAR(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY)",
            "DELETE FROM alembic_version",
            *(f"INSERT INTO alembic_version VALUES ('{revision}')" for revision in revisions),
        )

    def guard(self, command: str, *arguments: str) -> Ran:
        """`schema-guard COMMAND TARGET ..`, in this process."""
        self.capture.readouterr()
        for name in [name for name in sys.modules if name.partition(".")[0] == self.target.partition(":")[0]]:
            del sys.modules[name]
        code = run((command, self.target, *arguments))
        out, err = self.capture.readouterr()
        return Ran(code, out, err)

    def doctor(self, *arguments: str) -> Ran:
        return self.guard("doctor", "--format", "json", *arguments)

    def deploy(self, *arguments: str) -> Ran:
        return self.guard("deploy", *arguments)

    def fix(self, fault: dict[str, Any]) -> None:
        """Do what a fault's fix says, to the letter: the line, the statements, the command."""
        fix = fault["fix"]
        if fix["becomes"]:
            path = Path(fix["file"])
            lines = path.read_text().splitlines()
            lines[fix["line"] - 1] = fix["becomes"]
            path.write_text("\n".join(lines) + "\n")
        if fix["sql"]:
            assert fix["sql"].endswith(";"), "each statement ends with one"
            self.sql(*fix["sql"].split(";\n"))
        for command in filter(None, (fix["command"] or "").split(" && ")):
            self.shell(command)
        assert fix["becomes"] or fix["sql"] or fix["command"], fix["text"]

    def shell(self, command: str) -> None:
        """Run a command line as a person would, in the working directory."""
        program, *arguments = shlex.split(command)
        if program.startswith("DATABASE_URL="):
            assert program == f"DATABASE_URL={self.url}"
            program, *arguments = arguments
        if program == "python":
            program, *arguments = arguments[1:]
        if program == "schema-guard":
            ran = self.guard(arguments[0], *arguments[2:])
            assert ran.code == 0, ran.out + ran.err
            return
        modules = {"alembic": "alembic", "flask": "flask"}
        self.run_module(modules[program], arguments)

    def run_module(self, module: str, arguments: Sequence[str]) -> None:
        subprocess.run([sys.executable, "-m", module, *arguments], check=True, cwd=self.directory, capture_output=True)


TEMPLATE = '''"""${message}"""
from alembic import op
import sqlalchemy as sa

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    pass
'''
