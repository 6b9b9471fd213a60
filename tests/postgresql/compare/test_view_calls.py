"""A view that calls a function which has lost what it names: a break where each row of the view runs it with the
same values, there is one, and it fails as the server calls it.

What only its text says is a doubt: it may be reached for some values.
"""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from schema_guard import Guard, Impact
from tests.postgres.database import Database
from tests.postgres.server_log import ServerLog, sent


class Base(DeclarativeBase):
    pass


class Seen(Base):
    __tablename__, __table_args__ = "seen", {"info": {"is_view": True}}
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(sa.Text)


F = "CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql {} AS 'BEGIN {} END'; "
LOST = "RETURN (SELECT max(x) FROM public.gone);"
FOR_SOME = "IF n = 7 THEN RETURN (SELECT max(x) FROM public.gone); END IF; RETURN n;"
SHOWN = "CREATE VIEW seen AS SELECT id, f(id) AS name FROM titles; "
BREAKS, DOUBT = Impact.BREAKS, Impact.WEAKENS
CONSTANT = SHOWN.replace("f(id)", "f(1)")
TEXT_ONLY = "CREATE VIEW seen AS SELECT id, name || ' see f(1)' AS name FROM titles; "
CASES = {
    "for each row": (F.format("STABLE", LOST) + CONSTANT, BREAKS, True),
    "for each row, with its values": (F.format("STABLE", LOST) + SHOWN, DOUBT, True),
    "it may change something": (F.format("", LOST) + SHOWN, DOUBT, True),
    "it may change something, and is in SQL": (
        "SET check_function_bodies = off; CREATE FUNCTION f(n int) RETURNS text LANGUAGE sql AS"
        " 'SELECT max(x) FROM public.gone'; " + CONSTANT,
        BREAKS,
        True,
    ),
    "only a string of the view says its name": (F.format("STABLE", LOST) + TEXT_ONLY, None, False),
    "it builds its SQL": (
        F.format("STABLE", "EXECUTE ''SELECT max(x) FROM public.gone'' INTO n; RETURN n;") + CONSTANT,
        DOUBT,
        True,
    ),
    "it fails for other values": (F.format("STABLE", FOR_SOME) + CONSTANT, DOUBT, False),
    "there is no row yet": ("DELETE FROM titles; " + F.format("STABLE", LOST) + CONSTANT, DOUBT, False),
    "the view has no row": (F.format("STABLE", LOST) + CONSTANT.replace("titles", "titles LIMIT 0"), DOUBT, False),
    "the view may have no row": (
        F.format("STABLE", LOST) + CONSTANT.replace("titles", "titles WHERE name = 'x'"),
        DOUBT,
        False,
    ),
    "the view reads no table": (
        F.format("STABLE", LOST) + "CREATE VIEW seen AS SELECT 1 AS id, f(1) AS name; ",
        BREAKS,
        True,
    ),
    "it takes long": (F.format("STABLE", "EXECUTE ''SELECT pg_sleep(0.5)''; RETURN n;") + CONSTANT, None, False),
    "it works": (F.format("STABLE", "RETURN n;") + SHOWN, None, False),
    "it may change something, and works": (F.format("", "RETURN n;") + SHOWN, None, False),
    "in a column that the class does not have": (
        F.format("STABLE", LOST) + "CREATE VIEW seen AS SELECT id, name, f(id) AS more FROM titles; ",
        None,
        False,
    ),
    "for some rows": (
        F.format("STABLE", LOST)
        + "CREATE VIEW seen AS SELECT id, CASE WHEN id > 5 THEN f(id) END AS name FROM titles; ",
        DOUBT,
        False,
    ),
    "for some values": (F.format("", FOR_SOME) + SHOWN, DOUBT, False),
    "in a condition": (
        F.format("STABLE", LOST) + "CREATE VIEW seen AS SELECT id, name FROM titles WHERE f(id) IS NULL; ",
        DOUBT,
        True,
    ),
    "of a view beneath": (
        F.format("STABLE", LOST) + CONSTANT.replace("seen", "below") + "CREATE VIEW seen AS TABLE below; ",
        BREAKS,
        True,
    ),
    "over a table that the session may make": (
        F.format("STABLE", "RETURN (SELECT max(x) FROM gone);") + SHOWN,
        DOUBT,
        True,
    ),
    "as its rows": (
        "CREATE FUNCTION f() RETURNS SETOF titles LANGUAGE plpgsql STABLE"
        " AS 'BEGIN RETURN QUERY TABLE public.gone; END'; "
        "CREATE VIEW seen AS SELECT id, name FROM f(); ",
        BREAKS,
        True,
    ),
    "two functions of the name": (
        F.format("STABLE", LOST) + F.replace("n int", "n text").format("STABLE", "RETURN n;") + SHOWN,
        DOUBT,
        True,
    ),
    "two functions of the name, and no view calls the one that lost it": (
        F.format("STABLE", "RETURN n;") + F.replace("n int", "n text").format("STABLE", LOST) + SHOWN,
        None,
        False,
    ),
}
"""What is there, what is told, and whether a SELECT of one row fails."""


@pytest.mark.every_postgres
@pytest.mark.parametrize("case", CASES)
def test_what_is_told_is_what_fails(case: str, postgres_database: Database) -> None:
    made, expected, fails = CASES[case]
    with postgres_database.connect() as connection:
        connection.execute(
            ("CREATE TABLE titles (id int PRIMARY KEY, name text); INSERT INTO titles VALUES (1); " + made).encode()
        )
    told = [
        each.difference
        for each in Guard(Base).check(postgres_database.url).findings
        if each.difference.code == "write-refused"
    ]
    assert [each.impact for each in told] == ([expected] if expected else [])
    with sa.create_engine(postgres_database.url, poolclass=sa.NullPool).connect() as connection:
        try:
            connection.execute(sa.select(Seen)).all()
        except sa.exc.DBAPIError:
            assert fails
        else:
            assert not fails


@pytest.mark.parametrize(("column", "plans"), [("name", 0), ("positive(id)", 0), ("f(id)", 2)])
def test_views_that_call_a_function_of_the_users_are_planned_together(
    column: str, plans: int, postgres_database: Database
) -> None:
    """The others are not, nor those that call functions in C: that is asked for with what else stands beneath them."""
    metadata = sa.MetaData()
    with postgres_database.connect() as connection:
        connection.execute(b"CREATE TABLE titles (id int PRIMARY KEY, name text)")
        connection.execute(F.format("STABLE", "RETURN n;").encode())
        connection.execute(b"CREATE FUNCTION positive(int) RETURNS int LANGUAGE internal AS 'int4abs'")
        for number in range(12):
            connection.execute(f"CREATE VIEW v{number} AS SELECT id, {column}::text AS name FROM titles".encode())
            columns = (sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
            sa.Table(f"v{number}", metadata, *columns, info={"is_view": True})
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET log_statement = 'all'".encode())
    log = ServerLog(postgres_database)
    assert not Guard(metadata).check(postgres_database.url).remains(Impact.WEAKENS)
    assert sum("EXPLAIN (VERBOSE" in statement for _, statement in sent(log, postgres_database)) == plans
