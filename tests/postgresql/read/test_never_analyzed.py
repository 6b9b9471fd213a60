"""A catalog that was never analyzed, as after a restore: the planner takes it for a small one, and still no query goes
through it once for each table. (With 1,000 tables one did: it was read for longer than the time limit.)"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from schema_guard import Guard
from tests.postgres.database import Database

TABLES = 100
MOST = 800
"""Rows that a part of a query's plan may look at for each table; the one that went through all defaults looked at
twenty for each table and table: 2,900."""
SHORTEST = 400
"""Characters of a query that is long enough to join catalogs."""


def metadata() -> sa.MetaData:
    """Tables that have one of each kind of thing that the catalog tells of them."""
    models = sa.MetaData()
    state = sa.Enum("open", "done", name="state")
    for number in range(TABLES):
        sa.Table(
            f"table_{number}",
            models,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String(40), index=True, nullable=False, server_default="x", comment="of the thing"),
            sa.Column("state", state, server_default="open"),
            sa.Column("parent", sa.ForeignKey(f"table_{number // 2}.id")),
            sa.Column("amount", sa.Numeric(10, 2), server_default="0"),
            sa.Column("data", postgresql.JSONB, server_default=sa.text("'{}'::jsonb")),
            sa.Column("next", sa.Integer, sa.Computed("id + 1", persisted=True)),
            sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now()),
            sa.Column("position", sa.Integer, sa.Identity()),
            sa.CheckConstraint("amount >= 0", name=f"ck_{number}"),
            sa.UniqueConstraint("name", name=f"uq_{number}"),
            sa.Index(f"ix_{number}", sa.text("lower(name)")),
        )
    return models


OTHERS = """
CREATE TRIGGER tr BEFORE INSERT ON table_{0} FOR EACH ROW EXECUTE FUNCTION noted();
CREATE VIEW view_{0} AS SELECT id, name FROM table_{0};
CREATE POLICY policy ON table_{0} USING (true);
CREATE STATISTICS statistics_{0} ON name, amount FROM table_{0};
CREATE TABLE other_{0} (id serial PRIMARY KEY, word text DEFAULT 'x', at int REFERENCES table_{0} (id));
CREATE TABLE child_{0} () INHERITS (other_{0});
CREATE DOMAIN domain_{0} AS int CHECK (value > 0);
CREATE TYPE enum_{0} AS ENUM ('x', 'y');
GRANT SELECT ON other_{0} TO public;
"""
NOTED = "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'"


@pytest.fixture
def asked() -> Iterator[dict[str, None]]:
    """The long queries of a check, once each."""
    found: dict[str, None] = {}

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if len(statement) >= SHORTEST and statement.lstrip().startswith(("SELECT", "WITH")):
            found[statement] = None

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield found
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def looked_at(part: dict[str, Any]) -> Iterator[tuple[float, str]]:
    """How many rows each part of a plan looked at."""
    removed = sum(value for name, value in part.items() if name.startswith("Rows Removed"))
    place = part.get("Relation Name") or part.get("CTE Name") or part["Node Type"]
    yield part["Actual Loops"] * (1 + part["Actual Rows"] + removed), str(place)
    for below in part.get("Plans", ()):
        yield from looked_at(below)


def test_work_grows_as_the_tables_do(postgres_database: Database, asked: dict[str, None]) -> None:
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    models = metadata()
    with engine.begin() as connection:
        models.create_all(connection)
        connection.exec_driver_sql(NOTED)
        for number in range(TABLES):
            connection.exec_driver_sql(OTHERS.format(number))
    asked.clear()
    guard = Guard(models)
    assert guard.check(engine).satisfied
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE table_3 DROP COLUMN amount")
        connection.exec_driver_sql("DROP INDEX ix_4")
    assert guard.plan(engine).steps
    assert any("pg_depend" in each for each in asked)
    with postgres_database.connect() as connection:
        connection.execute("SET search_path = ''")
        for query in asked:
            ((plan,),) = connection.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query}".encode()).fetchall()
            most, place = max(looked_at(plan[0]["Plan"]))
            assert most <= MOST * TABLES, (place, query[:200])
