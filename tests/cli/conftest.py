"""An application in a directory of its own, and a way to run the command line there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from schema_guard.cli.main import run
from tests.warm.programs import Programs

MODELS = """
from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

print("imported")

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)

class Proposal(Base):
    __tablename__ = "proposals"
    __table_args__ = (CheckConstraint("user_id IS NOT NULL OR visitor IS NOT NULL", name="ck_owner"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    visitor: Mapped[str | None] = mapped_column(String(64), index=True)
"""


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def verdict(self) -> str:
        return self.out.splitlines()[-1]


Command = Callable[..., Ran]


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm: Programs) -> Path:
    """A working directory with `shop.py`, and nothing set in the environment; `sys.executable` is a warm program."""
    (tmp_path / "shop.py").write_text(MODELS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", warm.python)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("DATABASE_URL", "SCHEMA_GUARD_URL", "SCHEMA_GUARD_TARGET"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def command(application: Path, capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in the application's directory."""

    def call(*arguments: str) -> Ran:
        code = run(arguments)
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return call


def url_of(directory: Path, statements: Sequence[str] = ()) -> str:
    """A SQLite file made by these statements."""
    import sqlite3

    connection = sqlite3.connect(directory / "shop.db")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return f"sqlite:///{directory / 'shop.db'}"
