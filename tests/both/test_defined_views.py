"""A view that the models define (CreateView of SQLAlchemy 2.1) is made where it is missing, after what it reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.sql import ddl

from schema_guard import Guard
from schema_guard.difference import Impact
from schema_guard.render.text.deeds import deed
from tests.postgres.database import Database

CREATE_VIEW: Any = getattr(ddl, "CreateView", None)
pytestmark = pytest.mark.skipif(CREATE_VIEW is None, reason="SQLAlchemy 2.0 has no CreateView")


def models(above: int | None = None, **options: bool) -> sa.MetaData:
    metadata = sa.MetaData()
    key = sa.Column("id", sa.Integer, primary_key=True, autoincrement=False)
    users = sa.Table("users", metadata, key, sa.Column("Is in", sa.Boolean))
    query = sa.select(users.c.id).where(users.c["Is in"].is_(True) if above is None else users.c.id > above)
    CREATE_VIEW(query, "active users", metadata=metadata, **options)
    return metadata


def works(engine: sa.Engine, metadata: sa.MetaData) -> None:
    guard = Guard(metadata)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id INTEGER PRIMARY KEY)")
    column, view = guard.plan(engine).steps
    assert "ADD COLUMN" in column.statements[0]
    assert view.statements[0].startswith("CREATE ")
    assert "REPLACE" not in view.statements[0]
    assert deed(view) == "created view active users"
    report = guard.apply(engine)
    assert report.satisfied, [finding.difference.headline for finding in report.findings]
    assert guard.plan(engine).empty
    with engine.begin() as connection:
        assert connection.execute(sa.select(metadata.tables["active users"])).all() == []
    engine.dispose()


@pytest.mark.every_postgres
@pytest.mark.parametrize("options", [{}, {"materialized": True}, {"or_replace": True}], ids=str)
def test_on_postgresql(postgres_database: Database, options: dict[str, bool]) -> None:
    works(sa.create_engine(postgres_database.url), models(**options))


def test_on_sqlite(sqlite_file: Path) -> None:
    works(sa.create_engine(f"sqlite:///{sqlite_file}"), models())


SAME = (
    'CREATE VIEW "active users" AS SELECT users.id FROM users WHERE users.id > 5',
    'create view "active users"(id) as select u.id /* , */ from users as u where (u.id > 5)',
)
OTHER = (
    'CREATE VIEW "active users" AS SELECT id FROM users',
    'CREATE VIEW "active users" AS SELECT id FROM users WHERE id > 6',
    'CREATE VIEW "active users" AS SELECT id + 0 AS id FROM users WHERE id > 5',
)
CASES = [*((view, []) for view in SAME), *((view, ["view-differs"]) for view in OTHER)]
USERS = 'CREATE TABLE users (id INTEGER PRIMARY KEY, "Is in" BOOLEAN)'


def compared(engine: sa.Engine, view: str) -> list[str]:
    """The codes of what check finds; where it is another query, the statements that are shown make it the models'."""
    with engine.begin() as connection:
        connection.exec_driver_sql(USERS)
        connection.exec_driver_sql(view)
    guard = Guard(models(above=5))
    report = guard.check(engine)
    findings = [finding for finding in report.findings if finding.difference.impact is not Impact.NOTES]
    codes = [finding.difference.code for finding in findings]
    assert not report.remains(Impact.BREAKS)
    applied = guard.apply(engine)
    assert (applied.results, len(applied.findings)) == ((), len(report.findings))
    for finding in findings:
        assert finding.refusal is not None
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in finding.refusal.advice:
                connection.exec_driver_sql(statement)
    assert guard.check(engine).findings == ()
    engine.dispose()
    return codes


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    ("view", "codes"), [*((view, []) for view in SAME), *((view, ["view-differs"]) for view in OTHER)]
)
def test_its_query_is_compared_on_postgresql(postgres_database: Database, view: str, codes: list[str]) -> None:
    assert compared(sa.create_engine(postgres_database.url), view) == codes


@pytest.mark.parametrize(
    ("view", "codes"), [*((view, []) for view in SAME), *((view, ["view-differs"]) for view in OTHER)]
)
def test_its_query_is_compared_on_sqlite(sqlite_file: Path, view: str, codes: list[str]) -> None:
    assert compared(sa.create_engine(f"sqlite:///{sqlite_file}"), view) == codes


def test_a_materialized_view_is_compared_by_its_query(postgres_database: Database) -> None:
    engine = sa.create_engine(postgres_database.url)
    with engine.begin() as connection:
        connection.exec_driver_sql(USERS)
        connection.exec_driver_sql('CREATE MATERIALIZED VIEW "active users" AS SELECT id FROM users')
    guard = Guard(models(materialized=True))
    (finding,) = guard.check(engine).findings
    assert finding.difference.code == "view-differs"
    assert finding.refusal is not None
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in finding.refusal.advice:
            connection.exec_driver_sql(statement)
    assert guard.check(engine).findings == ()
    engine.dispose()


def test_who_may_not_read_what_the_query_reads_is_told_nothing(postgres_database: Database) -> None:
    """The role reads the view with its owner's rights; it cannot plan the models' query."""
    with postgres_database.connect() as connection:
        connection.execute(USERS.encode())
        connection.execute(OTHER[0].encode())
        connection.execute(b'CREATE ROLE only_views LOGIN; GRANT SELECT ON "active users" TO only_views')
    try:
        url = postgres_database.server.url(postgres_database.name, user="only_views")
        codes = {finding.difference.code for finding in Guard(models()).check(url).findings}
        assert "view-differs" not in codes
    finally:
        with postgres_database.connect() as connection:
            connection.execute(b"DROP OWNED BY only_views; DROP ROLE only_views")


def test_a_table_with_a_create_statement_of_its_own_is_expected(sqlite_file: Path) -> None:
    """Table.set_creator_ddl() of SQLAlchemy 2.1, as its documentation shows it."""
    metadata = sa.MetaData()
    table = sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True))
    table.set_creator_ddl(ddl.CreateTable(table, if_not_exists=True))
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    assert not Guard(metadata).check(engine).satisfied
    assert Guard(metadata).apply(engine).satisfied
    assert sa.inspect(engine).get_table_names() == ["users"]
    engine.dispose()


def made_of_rows(**options: Any) -> sa.MetaData:
    """What create_all makes of a SELECT, with its rows (CreateTableAs of SQLAlchemy 2.1)."""
    metadata = sa.MetaData()
    columns: list[sa.Column[Any]] = [
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("at", sa.DateTime),
        sa.Column("day", sa.Date),
        sa.Column("price", sa.Numeric(8, 2)),
        sa.Column("rate", sa.Float),
        sa.Column("data", sa.JSON),
        sa.Column("raw", sa.LargeBinary),
        sa.Column("big", sa.BigInteger),
        sa.Column("yes", sa.Boolean),
        sa.Column("code", sa.Uuid),
        sa.Column("state", sa.Enum("on", "off", name="state")),
    ]
    users = sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False), *columns)
    query = sa.select(*users.c, sa.func.upper(users.c.name).label("loud")).where(users.c.id > 1)
    ddl.CreateTableAs(query, "some users", metadata=metadata, **options)
    return metadata


def is_made_of_rows(engine: sa.Engine, **options: Any) -> None:
    metadata = made_of_rows(**options)
    guard = Guard(metadata)
    users, some = metadata.tables["users"], metadata.tables["some users"]
    with engine.begin() as connection:
        users.create(connection)
        connection.execute(users.insert(), [{"id": key, "name": "b", "state": "on"} for key in (1, 2)])
    (missing,) = guard.check(engine).findings
    assert (missing.difference.code, missing.difference.impact) == ("table-missing", Impact.BREAKS)
    (step,) = guard.plan(engine).steps
    assert (step.scans, step.cost) == (True, "runs its query on users, and stores the rows")
    assert guard.apply(engine).findings == ()
    with engine.begin() as connection:
        assert [(row.id, row.state, row.loud) for row in connection.execute(sa.select(some))] == [(2, "on", "B")]
        some.drop(connection)
        metadata.create_all(connection)
    assert guard.check(engine).findings == ()
    with engine.begin() as connection:
        metadata.drop_all(connection)
    assert guard.apply(engine).satisfied, "after the table that it reads"
    assert guard.plan(engine).empty
    engine.dispose()


@pytest.mark.parametrize("options", [{}, {"if_not_exists": True}], ids=str)
def test_a_table_made_of_a_select_is_expected_on_postgresql(
    postgres_database: Database, options: dict[str, Any]
) -> None:
    is_made_of_rows(sa.create_engine(postgres_database.url), **options)


@pytest.mark.parametrize("options", [{}, {"if_not_exists": True}], ids=str)
def test_a_table_made_of_a_select_is_expected_on_sqlite(sqlite_file: Path, options: dict[str, Any]) -> None:
    is_made_of_rows(sa.create_engine(f"sqlite:///{sqlite_file}"), **options)


def of_a_function(engine: sa.Engine, live: str) -> None:
    """What a function gives has no type in the models: its column is there, or it is not."""
    metadata = sa.MetaData()
    users = sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String))
    CREATE_VIEW(sa.select(users.c.id, sa.func.upper(users.c.name).label("loud")), "shown", metadata=metadata)
    ddl.CreateTableAs(sa.select(sa.func.upper(users.c.name).label("loud")), "kept", metadata=metadata)
    guard = Guard(metadata)
    assert guard.apply(engine).findings == ()
    assert guard.plan(engine).empty
    with engine.begin() as connection:
        connection.execute(sa.select(metadata.tables["shown"])).all()
        connection.exec_driver_sql("DROP TABLE kept")
        connection.exec_driver_sql(live)
    (missing,) = [each for each in guard.apply(engine).findings if each.difference.impact is Impact.BREAKS]
    assert (missing.difference.code, str(missing.difference.object)) == ("column-missing", "kept.loud")
    assert missing.difference.headline == "column missing: without a type in the models"
    assert missing.refusal is not None
    assert missing.refusal.reason == "the models do not say its type: their query gives it"
    engine.dispose()


def test_a_column_of_a_query_without_a_type_on_postgresql(postgres_database: Database) -> None:
    of_a_function(sa.create_engine(postgres_database.url), "CREATE TABLE kept ()")


def test_a_column_of_a_query_without_a_type_on_sqlite(sqlite_file: Path) -> None:
    of_a_function(sa.create_engine(f"sqlite:///{sqlite_file}"), "CREATE TABLE kept (other TEXT)")


def test_a_temporary_table_made_of_a_select_is_not(sqlite_file: Path) -> None:
    guard = Guard(made_of_rows(temporary=True))
    assert [table.name for table in guard.models.tables] == ["users"]


def test_a_materialized_view_without_data(postgres_database: Database) -> None:
    """Its query is right, and nobody can read it. What it says is run, and then it is satisfied."""
    metadata = sa.MetaData()
    sa.Table("totals", metadata, sa.Column("n", sa.Integer), info={"is_view": True})
    with postgres_database.connect() as connection:
        connection.execute(b"CREATE MATERIALIZED VIEW totals AS SELECT 1 AS n WITH NO DATA")
        report = Guard(metadata).check(postgres_database.url)
        (finding,) = report.findings
        assert (finding.difference.code, finding.difference.impact) == ("relation-differs", Impact.BREAKS)
        assert finding.difference.headline == "the materialized view has not been populated"
        assert finding.refusal is not None
        (advice,) = finding.refusal.advice
        connection.execute(advice.encode())
    assert Guard(metadata).check(postgres_database.url).satisfied
