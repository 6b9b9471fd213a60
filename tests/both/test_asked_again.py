"""A guard that goes on asking in one process: its models are read once, and again when they say something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import registry

from schema_guard import Guard
from schema_guard.report import Report
from schema_guard.sources.sqlalchemy.models import Models, expect
from tests.postgres.database import Database


class Shop:
    """Models that can be changed, and a database."""

    def __init__(self, url: str) -> None:
        self.engine = sa.create_engine(url, poolclass=sa.NullPool)
        self.metadata = sa.MetaData()
        self.classes = registry(metadata=self.metadata)
        self.mappers: list[object] = []
        """Kept: a registry alone does not keep its classes."""
        self.orders = sa.Table(
            "orders",
            self.metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("state", sa.Enum("open", "done", name="state"), server_default="open"),
            sa.Column("amount", sa.Numeric(10, 2), nullable=False, server_default="0"),
            sa.Column("version", sa.Integer),
            sa.CheckConstraint("amount >= 0", name="positive"),
        )
        sa.Table("lines", self.metadata, sa.Column("order_id", sa.ForeignKey("orders.id"), primary_key=True))
        self.metadata.create_all(self.engine)

    def run(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(statement)


@pytest.fixture(params=["postgresql", "sqlite"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    if request.param == "sqlite":
        return Shop(f"sqlite:///{tmp_path / 'app.db'}")
    database: Database = request.getfixturevalue("postgres_database")
    return Shop(database.url)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Models]:
    """Each reading of models."""
    found: list[Models] = []

    def noted(models: Models, *rest: Any) -> Any:
        found.append(models)
        return expect(models, *rest)

    monkeypatch.setattr("schema_guard.sources.sqlalchemy.source.expect", noted)
    return found


def told(report: Report) -> list[tuple[str, object, str]]:
    """What a report says of the database, whichever way it was found."""
    found = [each.difference for each in report.findings]
    return sorted((each.key, each.impact, each.headline) for each in found)


def test_the_models_are_read_once(shop: Shop, read: list[Models]) -> None:
    guard = Guard(shop.metadata)
    for _ in range(4):
        assert guard.check(shop.engine).satisfied
    assert guard.ready(shop.engine, max_age=0).ready
    assert guard.plan(shop.engine).empty
    assert guard.apply(shop.engine).satisfied
    assert len(read) == 1, "for what digests do not tell, and kept"


STATES = {
    "nothing": "SELECT 1",
    "a column less": "ALTER TABLE orders DROP COLUMN version",
    "a column more": "ALTER TABLE orders ADD COLUMN other int",
    "a table less": "DROP TABLE lines",
    "a table more": "CREATE TABLE others (id int)",
}


@pytest.mark.parametrize("statement", STATES.values(), ids=STATES)
def test_each_report_is_that_of_a_new_guard(shop: Shop, statement: str) -> None:
    guard = Guard(shop.metadata)
    for _ in range(3):
        assert told(guard.check(shop.engine)) == []
    shop.run(statement)
    expected = told(Guard(shop.metadata).check(shop.engine))
    assert [told(guard.check(shop.engine)) for _ in range(2)] == [expected] * 2
    guard.apply(shop.engine)
    assert told(guard.check(shop.engine)) == told(Guard(shop.metadata).check(shop.engine))
    assert guard.check(shop.engine).satisfied


def mapped(shop: Shop, **options: str) -> None:
    columns = {name: shop.orders.c[column] for name, column in options.items()}
    shop.mappers.append(shop.classes.map_imperatively(type("Order", (), {}), shop.orders, **columns))


def named(shop: Shop) -> None:
    for check in [each for each in shop.orders.constraints if each.name == "positive"]:
        shop.orders.constraints.remove(check)
        shop.orders.append_constraint(sa.CheckConstraint("amount >= 1", name="positive"))


CHANGES: dict[str, Callable[[Shop], object]] = {
    "a table": lambda shop: sa.Table("late", shop.metadata, sa.Column("id", sa.Integer, primary_key=True)),
    "no table": lambda shop: shop.metadata.remove(shop.metadata.tables["lines"]),
    "a column": lambda shop: shop.orders.append_column(sa.Column("late", sa.Integer)),
    "a column in place of another": lambda shop: shop.orders.append_column(
        sa.Column("version", sa.Text), replace_existing=True
    ),
    "another type": lambda shop: setattr(shop.orders.c.version, "type", sa.Text()),
    "NOT NULL": lambda shop: setattr(shop.orders.c.version, "nullable", False),
    "a default": lambda shop: setattr(shop.orders.c.version, "server_default", sa.DefaultClause("7")),
    "an index": lambda shop: sa.Index("ix_late", shop.orders.c.amount),
    "another CHECK": named,
    "a class": lambda shop: mapped(shop, version_id_col="version"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changes_in_the_models_counts(shop: Shop, change: Callable[[Shop], object]) -> None:
    shop.run("INSERT INTO orders (amount) VALUES (5)")
    guard = Guard(shop.metadata)
    for _ in range(3):
        assert told(guard.check(shop.engine)) == []
    before = told(Guard(shop.metadata).check(shop.engine))
    change(shop)
    expected = told(Guard(shop.metadata).check(shop.engine))
    assert expected != before
    assert told(guard.check(shop.engine)) == expected
