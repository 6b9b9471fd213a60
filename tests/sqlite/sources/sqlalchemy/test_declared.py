"""Where the application's code declares a table or a column."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from schema_guard import Guard
from schema_guard.names import Name
from schema_guard.sources.sqlalchemy import declared
from schema_guard.sources.sqlalchemy.declared import CodePlaces
from schema_guard.sources.sqlalchemy.models import models_of

MODULE = """
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, registry


class Stamped:
    made: Mapped[int] = mapped_column()

    @declared_attr
    def owner(cls) -> Mapped[int]:
        return mapped_column()


class Base(DeclarativeBase):
    pass


class User(Stamped, Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    mail = mapped_column("e_mail", sa.String(80))


class Manager(User):
    __tablename__ = "managers"
    id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), primary_key=True)
    level: Mapped[int]


class Order(Base):
    __table__ = sa.Table(
        "orders",
        Base.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("total", sa.Integer),
    )


tags = sa.Table(
    "tags",
    Base.metadata,
    sa.Column("name", sa.String(20), primary_key=True),
    sa.Column("tags", sa.Integer),
)


def make():
    sa.Table("made", Base.metadata, sa.Column("id", sa.Integer, primary_key=True))

    class Inner(Base):
        __tablename__ = "inner"
        id: Mapped[int] = mapped_column(primary_key=True)

    return Inner


Inner = make()
for word in ("one", "two"):
    sa.Table(word, Base.metadata, sa.Column("id", sa.Integer, primary_key=True))

other = registry(metadata=Base.metadata)


class Plain:
    pass


other.map_imperatively(Plain, sa.Table("plain", Base.metadata, sa.Column("id", sa.Integer, primary_key=True)))
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "declarations.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield __import__("declarations")
    del sys.modules["declarations"]


@pytest.mark.parametrize(
    ("table", "column", "line"),
    [
        ("users", None, "class User(Stamped, Base):"),
        ("users", "id", "    id: Mapped[int] = mapped_column(primary_key=True)"),
        ("users", "e_mail", '    mail = mapped_column("e_mail", sa.String(80))'),
        ("users", "made", "    made: Mapped[int] = mapped_column()"),
        ("users", "owner", "    def owner(cls) -> Mapped[int]:"),
        ("users", "gone", "class User(Stamped, Base):"),
        ("managers", "id", '    id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), primary_key=True)'),
        ("managers", "level", "    level: Mapped[int]"),
        ("orders", None, "class Order(Base):"),
        ("orders", "total", '        sa.Column("total", sa.Integer),'),
        ("tags", None, "tags = sa.Table("),
        ("tags", "name", '    sa.Column("name", sa.String(20), primary_key=True),'),
        ("tags", "tags", '    sa.Column("tags", sa.Integer),'),
        ("made", "id", '    sa.Table("made", Base.metadata, sa.Column("id", sa.Integer, primary_key=True))'),
        ("inner", None, "    class Inner(Base):"),
        ("plain", None, "class Plain:"),
    ],
)
def test_a_line(module: ModuleType, table: str, column: str | None, line: str) -> None:
    found = CodePlaces(models_of(module.Base).tables)(Name("public", table), column)
    assert found is not None
    assert found.file == "declarations.py"
    assert MODULE.splitlines()[found.line - 1] == line


def test_what_a_loop_makes_has_no_line(module: ModuleType) -> None:
    places = CodePlaces(models_of(module.Base).tables)
    assert places(Name(None, "one"), "id") is None
    assert places(Name(None, "nowhere"), None) is None


def test_a_file_that_is_gone_or_damaged_has_no_line(module: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "declarations.py"
    file.write_text("class User(:")
    assert CodePlaces(models_of(module.Base).tables)(Name(None, "users"), "id") is None
    file.unlink()
    assert CodePlaces(models_of(module.Base).tables)(Name(None, "users"), "id") is None


def test_a_file_elsewhere_has_its_whole_path(
    module: ModuleType, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    found = CodePlaces(models_of(module.Base).tables)(Name(None, "users"), None)
    assert found is not None
    assert found.file == (tmp_path / "declarations.py").resolve().as_posix()


def test_a_line_is_looked_for_when_it_is_asked_for(module: ModuleType, sqlite_file: Path) -> None:
    """Most boots print none."""
    declared._parsed_at.cache_clear()
    finding = Guard(module.Base).check(f"sqlite:///{sqlite_file}").findings[0]
    assert declared._parsed_at.cache_info().currsize == 0
    assert finding.declared is not None
    assert declared._parsed_at.cache_info().currsize > 0
