"""A column compares with 1000 as it does with 1e3 and 1000.0, unless it holds text."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from schema_guard import Guard


@pytest.mark.parametrize(
    ("type_", "wanted", "live", "equal"),
    [
        (sa.Integer(), "a > 1000", "a > 1e3", True),
        (sa.Integer(), "a > -1000.0", "a > -1000", True),
        (sa.Numeric(), "a BETWEEN 0 AND 1", "a BETWEEN 0.0 AND 1.0", True),
        (sa.Float(), "a IN (1, 2)", "a = 2.0 OR a = 1", True),
        (sa.Integer(), "a / 2 > 1", "a / 2 > 1.0", True),
        (sa.Integer(), "a / 2 > 1", "a / 2.0 > 1", False),  # 3 / 2 is 1, 3 / 2.0 is more
        (sa.Integer(), "a > 1", "a > 1.5", False),
        (sa.String(9), "a <> 1000", "a <> 1e3", False),  # '1000' is not '1000.0'
        (sa.Integer(), "CAST(a AS TEXT) <> 1", "CAST(a AS TEXT) <> 1.0", False),
    ],
)
def test_a_whole_number(
    sqlite_file: Path, type_: sa.types.TypeEngine[object], wanted: str, live: str, equal: bool
) -> None:
    metadata = sa.MetaData()
    check = sa.CheckConstraint(wanted, name="ck")
    table = sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", type_), check)
    sa.Index("ix", table.c.id, sqlite_where=sa.text(wanted))
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    declared = type_.compile(dialect=engine.dialect)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"CREATE TABLE t (id INTEGER PRIMARY KEY, a {declared}, CONSTRAINT ck CHECK ({live}))"
        )
        connection.exec_driver_sql(f"CREATE INDEX ix ON t (id) WHERE {live}")
    found = {finding.difference.object for finding in Guard(metadata).check(engine).findings}
    assert found == (set() if equal else {"t.ck", "t.ix"})
