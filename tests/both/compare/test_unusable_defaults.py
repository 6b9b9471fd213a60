"""A constant of `default=` or `onupdate=` that the column's own type does not take, or cannot read again."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

from schema_guard import Guard, Impact


class Level(enum.Enum):
    LOW = "low"


def listed(native: bool) -> sa.Enum:
    return sa.Enum("new", "done", native_enum=native, length=10, name="state")


def by_class(native: bool) -> sa.Enum:
    return sa.Enum(Level, native_enum=native, length=10, name="level")


TYPES: dict[str, tuple[Callable[[bool], Any], Mapping[str, Any], bool]] = {
    "a label": (listed, {"default": "new", "onupdate": "done"}, True),
    "no label": (listed, {"default": "lost"}, False),
    "no label, on UPDATE": (listed, {"default": "new", "onupdate": "lost"}, False),
    "the name of a member": (by_class, {"default": "LOW"}, True),
    "a member": (by_class, {"default": Level.LOW}, True),
    "the value of a member": (by_class, {"default": "low"}, False),
    "a text for a truth value": (lambda _: sa.Boolean(), {"default": "yes"}, False),
    "a truth value": (lambda _: sa.Boolean(), {"default": True}, True),
    "a number": (lambda _: sa.Integer(), {"default": 1}, True),
}


def works(url: str, row: type[Any]) -> bool:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with Session(engine) as session:
        try:
            session.add(made := row(name="a"))
            session.flush()
            session.refresh(made)
            made.name = "b"
            session.flush()
            session.refresh(made)
        except (LookupError, sa.exc.StatementError):
            return False
    return True


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("system", ["postgresql", "sqlite"])
@pytest.mark.parametrize("case", TYPES)
def test_what_is_told_is_what_fails(case: str, system: str, native: bool, request: pytest.FixtureRequest) -> None:
    type_, options, right = TYPES[case]

    class Base(DeclarativeBase):
        pass

    class Row(Base):
        __tablename__ = "t"
        id = mapped_column(sa.Integer, primary_key=True)
        name = mapped_column(sa.String(10))
        v = mapped_column(type_(native), **options)

    found = request.getfixturevalue("postgres" if system == "postgresql" else "sqlite_file")
    url = found if system == "postgresql" else f"sqlite:///{found}"
    guard = Guard(Base)
    assert guard.apply(url).remains(Impact.BREAKS) is not right
    assert works(url, Row) is right
    assert guard.plan(url).empty


def test_json_is_written_by_the_engine_of_the_application(sqlite_file: Path) -> None:
    """It may know how to write what Python's own json does not."""
    metadata = sa.MetaData()
    column = sa.Column("v", sa.JSON, default={"at": datetime.date(2020, 1, 1)})
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), column)
    assert Guard(metadata).apply(f"sqlite:///{sqlite_file}").satisfied
