"""A view that calls a function which has lost what it names: a break where each row of the view runs it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from schema_guard import Guard, Impact
from tests.postgres.database import Database


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
CASES = {
    "for each row": (F.format("STABLE", LOST) + SHOWN, BREAKS, True),
    "it may change something": (F.format("", LOST) + SHOWN, BREAKS, True),
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
        F.format("STABLE", LOST) + SHOWN.replace("seen", "below") + "CREATE VIEW seen AS TABLE below; ",
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
        None,
        True,
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
