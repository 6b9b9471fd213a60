"""SQLite takes "x" for a string where no column is called x: many an old table has such a CHECK."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from schema_guard import Guard


@pytest.mark.parametrize(
    ("check", "where", "column", "equal"),
    [
        ('state IN ("on", "off")', 'state = "on"', "plain", True),
        ("state IN (\"on\", 'off')", "state = 'on'", "plain", True),
        ('state IN ("on", "off")', 'state = "on"', "off", False),  # there "off" is the column
        ('state IN ("on", "gone")', 'state = "gone"', "plain", False),
        ('state IN ("ON", "off")', 'state = "On"', "plain", False),
    ],
)
def test_a_string_in_double_quotes(sqlite_file: Path, check: str, where: str, column: str, equal: bool) -> None:
    metadata = sa.MetaData()
    columns = [sa.Column("state", sa.String(5)), sa.Column(column, sa.String(5))]
    wanted = sa.CheckConstraint("state IN ('on', 'off')", name="ck")
    table = sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns, wanted)
    sa.Index("ix", table.c.id, sqlite_where=sa.text("state = 'on'"))
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f'CREATE TABLE t (id INTEGER PRIMARY KEY, state VARCHAR(5), "{column}" VARCHAR(5),'
            f" CONSTRAINT ck CHECK ({check}))"
        )
        connection.exec_driver_sql(f"CREATE INDEX ix ON t (id) WHERE {where}")
    found = {finding.difference.object for finding in Guard(metadata).check(engine).findings}
    assert ("t.ck" not in found) is equal
    assert ("t.ix" not in found) is ("gone" not in where and "On" not in where)
