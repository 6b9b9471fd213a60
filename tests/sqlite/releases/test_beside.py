"""Two releases on one database: what would make the other one's statements fail is held until it is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from schema_guard import Guard
from schema_guard.column import Column, Type
from schema_guard.compare.beside import danger
from schema_guard.dialects.sqlite.dialect import SQLiteDialect
from schema_guard.difference import Difference, Impact, IndexMissing, UniqueMissing
from schema_guard.index import Index, IndexElement
from schema_guard.report import Report
from schema_guard.schema import Name, Schema, Table, Unique
from schema_guard.sources.frozen import frozen, text_of
from tests.postgres.database import Database

TEXT = Type("TEXT", "TEXT")


def older() -> sa.MetaData:
    models = sa.MetaData()
    sa.Table("users", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.String(50)))
    sa.Table(
        "orders",
        models,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("state", sa.String(10)),
        sa.Column("user_id", sa.Integer),
        sa.Column("number", sa.Integer, nullable=False),
        sa.CheckConstraint("state IN ('new', 'paid', 'sent')", name="ck_state"),
        sa.UniqueConstraint("number", name="uq_number"),
    )
    return models


def newer() -> sa.MetaData:
    models = sa.MetaData()
    sa.Table(
        "users",
        models,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(50), nullable=False),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("external_id", sa.String(20)),
        sa.UniqueConstraint("email", name="uq_email"),
        sa.UniqueConstraint("external_id", name="uq_external"),
    )
    sa.Table(
        "orders",
        models,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("state", sa.String(10)),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", name="fk_user")),
        sa.Column("number", sa.Integer, nullable=False, index=True),
        sa.Column("note", sa.String(20)),
        sa.CheckConstraint("state IN ('new', 'paid', 'sent')", name="ck_state"),
        sa.CheckConstraint("number > 0", name="ck_number"),
        sa.UniqueConstraint("number", name="uq_number"),
    )
    sa.Table(
        "comments",
        models,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("order_id", sa.Integer, sa.ForeignKey("orders.id", name="fk_order"), nullable=False),
    )
    return models


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> sa.Engine:
    """A database as the older release left it, with a row in each table."""
    if request.param == "sqlite":
        engine = sa.create_engine(f"sqlite:///{tmp_path / 'app.db'}")
        sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = ON"))
    else:
        database: Database = request.getfixturevalue("postgres_database")
        engine = sa.create_engine(database.url)
    older().create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO users (id, email) VALUES (101, 'a@b')")
        connection.exec_driver_sql("INSERT INTO orders (id, state, user_id, number) VALUES (101, 'new', 101, 101)")
    return engine


def older_works(engine: sa.Engine) -> None:
    """What the older release sends all day: also what the newer one's constraints would reject."""
    with engine.begin() as connection:
        for statement in (
            "INSERT INTO users (id) VALUES (1)",
            "INSERT INTO users (id, email) VALUES (2, 'a@b')",
            "INSERT INTO orders (id, state, user_id, number) VALUES (1, 'paid', 999, -5)",
            "UPDATE users SET email = NULL WHERE id = 2",
            "UPDATE orders SET user_id = 998, number = -6 WHERE id = 1",
            "DELETE FROM orders WHERE id = 1",
            "DELETE FROM users WHERE id IN (1, 2)",
        ):
            connection.exec_driver_sql(statement)


def newer_works(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        for statement in (
            "INSERT INTO users (id, email, locale, external_id) VALUES (3, 'c@d', 'de', 'x')",
            "INSERT INTO orders (id, state, user_id, number, note) VALUES (3, 'sent', 3, 3, 'n')",
            "INSERT INTO comments (id, order_id) VALUES (3, 3)",
            "DELETE FROM comments WHERE id = 3",
            "DELETE FROM orders WHERE id = 3",
            "DELETE FROM users WHERE id = 3",
        ):
            connection.exec_driver_sql(statement)


def held(report: Report) -> dict[str, str]:
    return {
        finding.difference.key: finding.refusal.reason
        for finding in report.findings
        if finding.refusal is not None and "runs beside" in finding.refusal.reason
    }


def test_both_work_until_the_older_one_is_gone(engine: sa.Engine, tmp_path: Path) -> None:
    file = tmp_path / "older.json"
    file.write_text(text_of(frozen(Guard(older()).source)))
    guard = Guard(newer())
    report = guard.beside(Guard.frozen(file), "older.json").apply(engine)
    assert not [finding for finding in report.findings if finding.difference.impact.word == "breaks"], report.findings
    older_works(engine)
    newer_works(engine)
    reasons = held(report)
    names = {key.rpartition(" ")[2] for key in reasons}
    expected = {"users.email", "users.locale", "users.uq_email", "orders.ck_number", "orders.fk_user"}
    assert names - {"comments.fk_order"} == expected, "the others are harmless, and done"
    assert all("older.json" in reason for reason in reasons.values())
    again = guard.beside(Guard.frozen(file), "older.json").apply(engine)
    assert again.results == (), "what is held stays held"
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE users SET locale = 'en'")
    alone = guard.apply(engine)
    assert alone.satisfied, alone.findings
    with pytest.raises(sa.exc.IntegrityError):
        older_works(engine)
    newer_works(engine)


def test_without_it_the_older_one_fails(engine: sa.Engine) -> None:
    Guard(newer()).apply(engine)
    with pytest.raises(sa.exc.IntegrityError):
        older_works(engine)


def _check(models: sa.MetaData, text: str, name: str = "ck_x") -> None:
    models.tables["orders"].append_constraint(sa.CheckConstraint(text, name=name))


@pytest.mark.parametrize(
    ("release", "change"),
    [
        (lambda models: _check(models, "number > 0"), lambda models: _check(models, "number > 0")),
        (lambda _: None, lambda models: sa.Index("ix_state", models.tables["orders"].c.state)),
        (lambda _: None, lambda models: models.tables["orders"].append_column(sa.Column("x", sa.Text, unique=True))),
        (
            lambda _: None,
            lambda models: models.tables["orders"].append_column(
                sa.Column("x", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE"))
            ),
        ),
    ],
    ids=["a CHECK that both expect", "an index", "a UNIQUE on a new column", "a foreign key that lets rows go"],
)
def test_what_is_no_danger_is_done(
    engine: sa.Engine, release: Callable[[sa.MetaData], None], change: Callable[[sa.MetaData], None]
) -> None:
    other, models = older(), older()
    release(other)
    change(models)
    report = Guard(models).beside(Guard(other)).apply(engine)
    assert report.satisfied, report.findings


@pytest.mark.parametrize("one_null", [False, True])
@pytest.mark.parametrize("kind", ["UNIQUE", "index"])
def test_null_that_is_equal_to_null(kind: str, one_null: bool) -> None:
    """A new column stays NULL in each row of the other release: NULLS NOT DISTINCT refuses the second one."""
    table = Table(Name(None, "t"), (Column("id", TEXT), Column("x", TEXT)))
    known = Schema((Table(Name(None, "t"), (Column("id", TEXT),)),))
    difference: Difference = UniqueMissing(
        impact=Impact.WEAKENS, table=table, unique=Unique("u", ("x",), nulls_not_distinct=one_null)
    )
    if kind == "index":
        index = Index("u", (IndexElement("x"),), unique=True, nulls_not_distinct=one_null)
        difference = IndexMissing(impact=Impact.WEAKENS, table=table, index=index)
    assert bool(danger(difference, known, SQLiteDialect().rules)) is one_null


def test_a_unique_that_tells_nulls_apart_is_less_than_one_that_does_not() -> None:
    plain = Unique("u", ("id",))
    table = Table(Name(None, "t"), (Column("id", TEXT),), uniques=(plain,))
    stricter = UniqueMissing(impact=Impact.WEAKENS, table=table, unique=replace(plain, nulls_not_distinct=True))
    rules = SQLiteDialect().rules
    assert danger(stricter, Schema((table,)), rules)
    assert not danger(replace(stricter, unique=plain), Schema((table,)), rules)
