"""Types that no server has are one refusal, whether the table, the column or only the type is missing."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import UserDefinedType

from schema_guard.difference import Impact
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, prepare


class NoText(UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "VARCHAR(0)"


BEFORE = {
    "table": "SELECT 1",
    "column": "CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t DEFAULT VALUES",
    "type": "CREATE TABLE t (id serial PRIMARY KEY, a date)",
    "type of rows": "CREATE TABLE t (id serial PRIMARY KEY, a date); INSERT INTO t (a) VALUES ('2024-01-01')",
}
IMPOSSIBLE = [sa.Numeric(0), sa.Numeric(0, 0), sa.Numeric(1001), NoText(), sa.String(10485761), sa.Float(60)]
POSSIBLE = [sa.String(0), sa.CHAR(0), sa.LargeBinary(0), postgresql.BIT(1), sa.Float(53)]


def models(type_: Any) -> sa.MetaData:
    metadata = sa.MetaData()
    columns = [sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", type_), sa.Column("b", sa.Integer)]
    sa.Table("t", metadata, *columns)
    return metadata


@pytest.mark.every_postgres
@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("type_", IMPOSSIBLE, ids=repr)
def test_nothing_is_tried_that_must_fail(postgres_database: Database, type_: Any, before: str) -> None:
    prepare(postgres_database, BEFORE[before])
    for _ in range(2):
        report = apply(postgres_database, models(type_))
        assert not [result.message for result in report.results if result.message]
        (found,) = (each for each in report.findings if each.difference.impact is Impact.BREAKS)
        assert found.refusal is not None
    assert not report.results


@pytest.mark.every_postgres
@pytest.mark.parametrize("before", ["table", "column", "type"])
@pytest.mark.parametrize("type_", POSSIBLE, ids=repr)
def test_what_sqlalchemy_writes_without_its_zero_is_made(postgres_database: Database, type_: Any, before: str) -> None:
    prepare(postgres_database, BEFORE[before])
    assert apply(postgres_database, models(type_)).satisfied
    assert not apply(postgres_database, models(type_)).results
