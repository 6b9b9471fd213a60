"""Declared backfills fill what has no owner, from the one row that knows it, and never overwrite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, mapped_column

from schema_guard.errors import ConfigurationError
from schema_guard.schema import Fill, Name
from schema_guard.sources.sqlalchemy import filling
from schema_guard.sources.sqlalchemy.backfills import Backfill
from schema_guard.sources.sqlalchemy.filling import fill_of
from schema_guard.sources.sqlalchemy.writer import Writer
from tests.pure.sources.sqlalchemy.words import postgresql_words, sqlite_words


class Base(DeclarativeBase):
    pass


class Proposal(Base):
    __tablename__ = "proposals"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None]
    visitor: Mapped[str | None]


class Conversion(Base):
    __tablename__ = "conversions"
    id: Mapped[int] = mapped_column(primary_key=True)
    proposal_id: Mapped[int | None]
    user_id: Mapped[int | None]
    visitor: Mapped[str | None]
    note: Mapped[str | None]


PAIR = sa.Table(
    "pair",
    Base.metadata,
    sa.Column("a", sa.Integer, primary_key=True),
    sa.Column("b", sa.Integer, primary_key=True),
    sa.Column("p", sa.Integer),
    sa.Column("user_id", sa.Integer),
)
KEYLESS = sa.Table("keyless", Base.metadata, sa.Column("p", sa.Integer), sa.Column("user_id", sa.Integer))

STAMPED = sa.Table(
    "stamped",
    Base.metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("p", sa.Integer),
    sa.Column("user_id", sa.Integer),
    sa.Column("changed", sa.String(30), onupdate=lambda: "now"),
    sa.Column("touched", sa.String(30), onupdate="now", nullable=False),
)

Run = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[tuple[Run, Writer]]:
    """Runs one statement on a fresh database that has the tables, and writes for it."""
    if request.param == "sqlite":
        file = sqlite3.connect(":memory:", isolation_level=None)
        engine = sa.create_engine("sqlite://", creator=lambda: file, poolclass=sa.StaticPool)
        Base.metadata.create_all(engine)
        yield lambda text: file.execute(text).fetchall(), Writer(sqlite_words())
        file.close()
        return
    url = sa.make_url(request.getfixturevalue("postgres"))
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    Base.metadata.create_all(engine)
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg.connect(dsn, autocommit=True)

    def run(text: str) -> list[tuple[Any, ...]]:
        cursor = connection.execute(text)
        return cursor.fetchall() if cursor.description else []

    yield run, Writer(postgresql_words({"conversions": "public", "proposals": "public"}))
    connection.close()


def owners(**options: Any) -> Backfill:
    columns = {Conversion.user_id: Proposal.user_id, Conversion.visitor: Proposal.visitor}
    return Backfill(Conversion, columns, on=Conversion.proposal_id == Proposal.id, **options)


def numbers(run: Run, fill: Fill) -> tuple[int, int, bool]:
    """Rows that can be filled, rows that are open, whether anything is pending."""
    return run(fill.count_sql)[0][0], run(fill.open_sql)[0][0], bool(run(fill.pending_sql)[0][0])


ROWS = """INSERT INTO conversions (id, proposal_id, user_id, visitor) VALUES
 (1, 1, NULL, NULL), (2, 2, NULL, NULL), (3, 3, NULL, NULL), (4, 1, 7, NULL), (5, 1, NULL, 'mine'),
 (6, NULL, NULL, NULL), (7, 99, NULL, NULL)"""


def test_rows_without_any_owner_take_the_one_of_their_source(database: tuple[Run, Writer]) -> None:
    run, writer = database
    run("INSERT INTO proposals VALUES (1, 10, NULL), (2, NULL, 'v%:x'), (3, NULL, NULL)")
    run(ROWS)
    fill = fill_of(owners(), writer)
    assert numbers(run, fill) == (2, 5, True)
    run(fill.update_sql)
    assert run("SELECT id, user_id, visitor FROM conversions ORDER BY id") == [
        (1, 10, None),
        (2, None, "v%:x"),
        (3, None, None),
        (4, 7, None),
        (5, None, "mine"),
        (6, None, None),
        (7, None, None),
    ]
    assert numbers(run, fill) == (0, 3, False)


def test_each_fills_every_null_column_on_its_own_and_overwrites_none(database: tuple[Run, Writer]) -> None:
    run, writer = database
    run("INSERT INTO proposals VALUES (1, 10, 'v')")
    columns = "id, proposal_id, user_id, visitor"
    run(f"INSERT INTO conversions ({columns}) VALUES (1, 1, 7, NULL), (2, 1, NULL, 'w'), (3, 1, 1, 'x')")
    fill = fill_of(owners(each=True), writer)
    assert numbers(run, fill) == (2, 2, True)
    run(fill.update_sql)
    assert run("SELECT user_id, visitor FROM conversions ORDER BY id") == [(7, "v"), (10, "w"), (1, "x")]
    assert numbers(run, fill) == (0, 0, False)


def test_a_condition_limits_the_rows(database: tuple[Run, Writer]) -> None:
    run, writer = database
    run("INSERT INTO proposals VALUES (1, 10, NULL)")
    run("INSERT INTO conversions (id, proposal_id, note) VALUES (1, 1, '50%'), (2, 1, 'no')")
    run(fill_of(owners(where=Conversion.note.like("50%")), writer).update_sql)
    assert run("SELECT user_id FROM conversions ORDER BY id") == [(10,), (None,)]


def test_a_row_with_several_sources_that_know_something_is_left_alone(database: tuple[Run, Writer]) -> None:
    run, writer = database
    run("INSERT INTO proposals VALUES (1, 10, 'v'), (2, 11, 'v'), (3, 12, 'w'), (4, NULL, 'w')")
    run("INSERT INTO conversions (id, note) VALUES (1, 'v'), (2, 'w')")
    backfill = Backfill(Conversion, {Conversion.user_id: Proposal.user_id}, on=Conversion.note == Proposal.visitor)
    run(fill_of(backfill, writer).update_sql)
    assert run("SELECT user_id FROM conversions ORDER BY id") == [(None,), (12,)]


def test_a_table_can_be_its_own_source(database: tuple[Run, Writer]) -> None:
    run, writer = database
    run("INSERT INTO conversions (id, proposal_id, user_id) VALUES (1, NULL, 5), (2, 1, NULL), (3, 2, NULL)")
    other = aliased(Conversion)
    fill = fill_of(
        Backfill(Conversion, {Conversion.user_id: other.user_id}, on=Conversion.proposal_id == other.id), writer
    )
    assert fill.source == fill.table
    while run(fill.pending_sql)[0][0]:
        run(fill.update_sql)
    assert run("SELECT user_id FROM conversions ORDER BY id") == [(5,), (5,), (5,)]


@pytest.mark.parametrize("table", [PAIR, KEYLESS], ids=["composite key", "no key"])
def test_tables_without_a_plain_key(database: tuple[Run, Writer], table: sa.Table) -> None:
    run, writer = database
    run("INSERT INTO proposals VALUES (1, 10, NULL), (2, 20, NULL)")
    rows = "(1, 1, 1), (1, 2, 2), (2, 1, 9)" if table is PAIR else "(1), (2), (9)"
    run(f"INSERT INTO {table.name} ({'a, b, p' if table is PAIR else 'p'}) VALUES {rows}")
    fill = fill_of(Backfill(table, {table.c.user_id: Proposal.user_id}, on=table.c.p == Proposal.id), writer)
    run(fill.update_sql)
    assert run(f"SELECT p, user_id FROM {table.name} ORDER BY p") == [(1, 10), (2, 20), (9, None)]


def test_what_an_update_of_the_application_would_touch_stays_as_it_was(database: tuple[Run, Writer]) -> None:
    """SQLAlchemy adds `onupdate` columns to every UPDATE; a backfill changes what it declares and nothing else."""
    run, writer = database
    run("INSERT INTO proposals (id, user_id) VALUES (1, 7)")
    run("INSERT INTO stamped (id, p, changed, touched) VALUES (1, 1, 'before', 'before')")
    backfill = Backfill(STAMPED, {STAMPED.c.user_id: Proposal.user_id}, on=STAMPED.c.p == Proposal.id)
    run(fill_of(backfill, writer).update_sql)
    assert run("SELECT user_id, changed, touched FROM stamped") == [(7, "before", "before")]


def test_one_batch_is_bounded(database: tuple[Run, Writer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "BATCH_ROWS", 50)
    run, writer = database
    run("INSERT INTO proposals VALUES (1, 10, NULL)")
    counted = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 53) SELECT i, 1 FROM n"
    run(f"INSERT INTO conversions (id, proposal_id) {counted}")
    fill = fill_of(owners(), writer)
    run(fill.update_sql)
    assert numbers(run, fill) == (3, 3, True)


def test_what_it_needs_is_listed() -> None:
    fill = fill_of(owners(), Writer(postgresql_words({"conversions": "app"})))
    conversions, proposals = Name("app", "conversions"), Name(None, "proposals")
    assert (fill.table, fill.source, fill.columns) == (conversions, proposals, ("user_id", "visitor"))
    assert set(fill.needs) == {
        (conversions, "id"), (conversions, "proposal_id"), (conversions, "user_id"), (conversions, "visitor"),
        (proposals, "id"), (proposals, "user_id"), (proposals, "visitor"),
    }  # fmt: skip
    assert "app.conversions" in fill.update_sql


USER = {Conversion.user_id: Proposal.user_id}
ON = Conversion.proposal_id == Proposal.id


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Backfill("conversions", USER, on=ON), "neither a mapped class nor a Table"),
        (lambda: Backfill(Conversion, {}, on=ON), "name the columns to fill"),
        (lambda: Backfill(Conversion, USER), "`on` is missing"),
        (lambda: Backfill(Conversion, USER, on=True), "has to be an SQL expression"),
        (lambda: Backfill(Conversion, USER, on=Conversion.proposal_id == 3), "has to relate conversions to proposals"),
        (lambda: Backfill(Conversion, USER, on=ON & (PAIR.c.a == 1)), "names pair"),
        (lambda: Backfill(Conversion, USER, on=ON, where=Proposal.id == 1), "`where` names proposals"),
        (lambda: Backfill(Conversion, {Proposal.user_id: Proposal.user_id}, on=ON), "belongs to proposals"),
        (lambda: Backfill(Conversion, {Conversion.id: Proposal.id}, on=ON), "part of the primary key"),
        (lambda: Backfill(Conversion, {"user_id": Proposal.user_id}, on=ON), "not a column to fill"),
        (lambda: Backfill(Conversion, {Conversion.user_id: 5}, on=ON), "not a column of a source table"),
        (lambda: Backfill(Conversion, {Conversion.user_id: Conversion.proposal_id}, on=ON), "aliased(Model)"),
        (lambda: Backfill(Conversion, {**USER, Conversion.note: PAIR.c.a}, on=ON), "several tables (pair, proposals)"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_when_it_is_declared(make: Callable[[], Backfill], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make()
    assert told in caught.value.message
