"""A STRICT table refuses what other tables would convert or keep: each verdict is held against what is stored."""

from __future__ import annotations

import datetime
import decimal
import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from schema_guard.difference import Impact
from schema_guard.guard import Guard

WRITTEN: dict[str, tuple[sa.types.TypeEngine[Any], Any]] = {
    "Integer": (sa.Integer(), 7),
    "String": (sa.String(20), "seven"),
    "Float": (sa.Float(), 7.5),
    "Numeric": (sa.Numeric(10, 2), decimal.Decimal("7.25")),
    "Boolean": (sa.Boolean(), True),
    "DateTime": (sa.DateTime(), datetime.datetime.fromisoformat("2020-01-02T03:04:00")),
    "Date": (sa.Date(), datetime.date(2020, 1, 2)),
    "JSON": (sa.JSON(), {"a": 1}),
    "Uuid": (sa.Uuid(), uuid.UUID(int=7)),
    "LargeBinary": (sa.LargeBinary(), b"seven"),
    "Enum": (sa.Enum("seven", "eight", name="e"), "seven"),
}
DECLARED = ("INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY")


@pytest.mark.parametrize("declared", DECLARED)
@pytest.mark.parametrize("written", WRITTEN)
def test_what_a_strict_table_refuses_breaks(tmp_path: Path, written: str, declared: str) -> None:
    type_, value = WRITTEN[written]
    models = sa.MetaData()
    table = sa.Table("t", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", type_))
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'app.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE t (id INTEGER PRIMARY KEY, a {declared}) STRICT")
    found = [each.difference for each in Guard(models).check(engine).findings]
    breaks = any(each.impact is Impact.BREAKS for each in found)
    with engine.connect() as connection:
        try:
            connection.execute(table.insert().values(a=value))
            connection.execute(sa.select(table)).all()
        except (sa.exc.SQLAlchemyError, TypeError, ValueError, AttributeError):
            assert breaks, found
        else:
            assert not breaks, found
    engine.dispose()
