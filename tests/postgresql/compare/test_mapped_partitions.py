"""A class that is mapped on a partition itself: what its bounds refuse is held against what the models write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, DateTime, Enum, Integer, String

from schema_guard import Guard
from schema_guard.difference import Impact
from tests.postgres.database import Database
from tests.postgresql.repair.stage import prepare

LIST = (
    "CREATE TABLE p (id serial, k varchar(1){}) PARTITION BY LIST (k);"
    "CREATE TABLE t PARTITION OF p FOR VALUES IN ('a', 'c')"
)
RANGE = (
    "CREATE TABLE p (id serial, k timestamp NOT NULL DEFAULT now()) PARTITION BY RANGE (k);"
    "CREATE TABLE t PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')"
)
BREAKS, NOTHING = Impact.BREAKS, None
UNSAID = Impact.NOTES
"""Nothing is told, since it depends on what the program writes."""
CASES: dict[str, tuple[str, Column[Any] | None, Impact | None]] = {
    "a default of the program": (LIST, Column("k", String(1), nullable=False, default="b"), BREAKS),
    "a default of the program that it takes": (LIST, Column("k", String(1), nullable=False, default="c"), UNSAID),
    "a default of the server": (
        LIST.format(" NOT NULL DEFAULT 'b'"),
        Column("k", String(1), nullable=False, server_default="b"),
        BREAKS,
    ),
    "labels": (LIST, Column("k", Enum("a", "b", native_enum=False), nullable=False), BREAKS),
    "labels that it takes": (LIST, Column("k", Enum("a", "c", native_enum=False), nullable=False), NOTHING),
    "NULL": (LIST, Column("k", String(1)), BREAKS),
    "any value": (LIST, Column("k", String(1), nullable=False), UNSAID),
    "a moment of the past": (RANGE, Column("k", DateTime, nullable=False, server_default=sa.func.now()), BREAKS),
    "a moment of today": (
        RANGE.replace("2021", "2999"),
        Column("k", DateTime, nullable=False, server_default=sa.func.now()),
        UNSAID,
    ),
    "a moment that the program gives": (RANGE, Column("k", DateTime, nullable=False), UNSAID),
    "a column that the models don't know": (LIST.format(" NOT NULL DEFAULT 'b'"), None, BREAKS),
    "one of those that it takes": (LIST.format(" NOT NULL DEFAULT 'a'"), None, NOTHING),
}


@pytest.mark.every_postgres
@pytest.mark.parametrize("case", CASES)
def test_bounds_of_the_partition(postgres_database: Database, case: str) -> None:
    before, column, impact = CASES[case]
    prepare(postgres_database, before.format(""))
    metadata = sa.MetaData()
    table = sa.Table(
        "t", metadata, Column("id", Integer, primary_key=True), *([] if column is None else [column._copy()])
    )
    found = [
        finding
        for finding in Guard(metadata).check(postgres_database.url).findings
        if finding.difference.code == "object-unknown"
    ]
    assert [finding.difference.impact for finding in found] == ([BREAKS] if impact is BREAKS else [])
    for finding in found:
        assert finding.refusal is not None
        assert finding.refusal.advice == ("-- in the models: map the class on the partitioned table",)
    values: list[dict[str, Any]] = (
        [{}] if column is None or not isinstance(column.type, Enum) else [{"k": k} for k in column.type.enums]
    )
    if impact is not UNSAID:
        assert all(works(postgres_database, table, value) for value in values) is (impact is NOTHING)


def works(database: Database, table: sa.Table, value: Mapping[str, object]) -> bool:
    with sa.create_engine(database.url, poolclass=sa.NullPool).connect() as connection:
        try:
            connection.execute(table.insert().values(value))
        except sa.exc.IntegrityError:
            return False
    return True
