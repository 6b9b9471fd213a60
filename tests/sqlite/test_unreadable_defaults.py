"""Defaults of the database, or of the models, that give what the models' type cannot read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
from sqlalchemy.pool import NullPool

from schema_guard import Guard, Impact
from schema_guard.plan import Plan


def mapped(type_: Any, default: Any, nullable: bool = True) -> type[Any]:
    class Base(DeclarativeBase):
        pass

    attributes = {
        "__tablename__": "t",
        "id": mapped_column(sa.Integer, primary_key=True),
        "v": mapped_column(type_, server_default=default, nullable=nullable),
    }
    return type("Row", (Base,), attributes)


def engine_of(file: Path, script: str) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{file}", poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(script)
    return engine


def works(engine: sa.Engine, model: type[Any]) -> bool:
    """Whether a row without a value can be inserted and read; the file stays as it was."""
    with Session(engine) as session:
        try:
            session.add(model())
            session.flush()
            session.expire_all()
            session.scalars(sa.select(model)).all()
        except Exception:
            return False
        finally:
            session.rollback()
    return True


def keys(plan: Plan) -> list[str]:
    return [refusal.difference.key for refusal in plan.refusals]


@pytest.mark.parametrize(
    ("type_", "default", "declared"),
    [
        (sa.DateTime(), sa.func.now(), "DATETIME DEFAULT 'CURRENT_TIMESTAMP'"),
        (sa.DateTime(), sa.func.now(), "DATETIME DEFAULT (unixepoch())"),
        (sa.DateTime(), sa.func.now(), "DATETIME DEFAULT (datetime('now'))"),
        (sa.DateTime(), sa.func.now(), "TEXT DEFAULT (date('now'))"),
        (sa.Numeric(), "0", "NUMERIC DEFAULT 'zero'"),
        (sa.Numeric(), "0", "NUMERIC DEFAULT '7'"),
        (sa.JSON(), "{}", "JSON DEFAULT ''"),
        (sa.Enum("new", "old"), "new", "VARCHAR(3) DEFAULT 'lost'"),
        (sa.LargeBinary(), sa.text("x''"), "BLOB DEFAULT (randomblob(4))"),
        (sa.Uuid(), sa.text("(lower(hex(randomblob(16))))"), "CHAR(32) DEFAULT 'none'"),
    ],
)
def test_another_default_is_replaced_before_the_application_meets_it(
    sqlite_file: Path, type_: Any, default: Any, declared: str
) -> None:
    engine = engine_of(sqlite_file, f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {declared})")
    model = mapped(type_, default)
    worked = works(engine, model)
    assert Guard(model).check(engine).remains(Impact.BREAKS) is not worked
    assert Guard(model).apply(engine).satisfied
    assert works(engine, model)
    assert Guard(model).plan(engine).empty


@pytest.mark.parametrize("nullable", [True, False])
def test_a_default_of_the_models_that_nobody_can_read_is_told_where_it_is_there(
    sqlite_file: Path, nullable: bool
) -> None:
    """CURRENT_TIMESTAMP has a time, which a Date does not read."""
    model = mapped(sa.Date(), sa.func.current_timestamp(), nullable)
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    model.metadata.create_all(engine)
    assert not works(engine, model)
    (finding,) = Guard(model).check(engine).findings
    assert (finding.difference.key, finding.difference.impact) == ("default-differs t.v", Impact.BREAKS)
    plan = Guard(model).plan(engine)
    assert (plan.steps, keys(plan)) == ((), ["default-differs t.v"])
    assert "gives '20" in plan.refusals[0].reason


def test_such_a_default_is_given_to_no_column(sqlite_file: Path) -> None:
    """Without it the INSERT stores NULL, which can be read."""
    engine = engine_of(sqlite_file, "CREATE TABLE t (id INTEGER PRIMARY KEY, v DATE)")
    model = mapped(sa.Date(), sa.func.current_timestamp())
    report = Guard(model).apply(engine)
    assert (report.worst, report.results) == (Impact.WEAKENS, ())
    assert works(engine, model)


def test_a_default_that_the_application_never_uses_is_left(sqlite_file: Path) -> None:
    """The program writes NULL itself."""
    engine = engine_of(sqlite_file, "CREATE TABLE t (id INTEGER PRIMARY KEY, v DATE DEFAULT 'soon')")
    model = mapped(sa.Date(), None)
    assert works(engine, model)
    assert Guard(model).check(engine).satisfied
