"""A UUID that the models store as text: rows that cannot be loaded, and rows that no query by the value finds."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.orm.exc import StaleDataError

from schema_guard import Guard, Impact
from schema_guard.sources.frozen.document import frozen, text_of
from tests.postgres.database import Database

ID = uuid.UUID("0123456789abcdef0123456789abcdef")


class Base(DeclarativeBase):
    pass


class Thing(Base):
    __tablename__ = "things"
    id: Mapped[uuid.UUID] = mapped_column(sa.Uuid(native_uuid=False), primary_key=True)
    n: Mapped[int]


def works(engine: sa.Engine) -> bool:
    """Whether the rows are loaded, changed, and changed again."""
    try:
        with Session(engine) as session:
            for thing in session.scalars(sa.select(Thing)):
                thing.n += 1
            session.flush()
    except (ValueError, StaleDataError):
        return False
    return True


@pytest.mark.parametrize("type_", ["char(32)", "varchar(50)", "text"])
@pytest.mark.parametrize(
    ("value", "fine"),
    [
        (ID.hex, True),
        (ID.hex.upper(), False),
        (str(ID), False),
        (f"{{{ID}}}", False),
        (ID.urn, False),
        ("none", False),
        ("g" * 32, False),
        ("", False),
    ],
)
def test_the_verdict_is_true(postgres_database: Database, tmp_path: Path, type_: str, value: str, fine: bool) -> None:
    if type_ == "char(32)" and len(value) > 32:
        pytest.skip("too long")
    with postgres_database.connect() as connection:
        connection.execute(f"CREATE TABLE things (id {type_} PRIMARY KEY, n integer NOT NULL)".encode())
        connection.execute("INSERT INTO things VALUES (%s, 1)", [value])
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    guard, file = Guard(Base), tmp_path / "expected.json"
    file.write_text(text_of(frozen(guard.source, guard.name, guard.policy, guard.accept)), encoding="utf-8")
    assert works(engine) is fine
    assert guard.check(engine).remains(Impact.BREAKS) is not fine
    assert Guard.frozen(file).check(engine).remains(Impact.BREAKS) is not fine
    for finding in guard.check(engine).findings if not fine else ():
        if finding.difference.impact is Impact.BREAKS:
            assert finding.refusal is not None
            with engine.connect() as connection:
                assert connection.exec_driver_sql(finding.refusal.advice[0]).all() == [
                    (value.ljust(32) if type_ == "char(32)" else value,)
                ]


def test_rows_of_other_tables_are_no_reason(postgres_database: Database) -> None:
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Thing(id=ID, n=1))
        session.commit()
    assert Guard(Base).check(engine).satisfied
    assert works(engine)
