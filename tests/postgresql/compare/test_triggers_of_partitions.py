"""A trigger that one partition alone has: whether a row meets it depends on where the row goes, so it is a doubt."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from schema_guard import Guard, Impact
from schema_guard.difference import ObjectUnknown
from tests.postgres.database import Database

pytestmark = pytest.mark.every_postgres


class Base(DeclarativeBase):
    pass


class Event(Base):
    __tablename__, __table_args__ = "events", {"postgresql_partition_by": "RANGE (id)"}
    id: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str | None] = mapped_column(sa.Text)


TABLES = (
    "CREATE TABLE events (id serial PRIMARY KEY, note text) PARTITION BY RANGE (id);"
    "CREATE TABLE early PARTITION OF events FOR VALUES FROM (1) TO (1000);"
    "CREATE TABLE rest PARTITION OF events DEFAULT PARTITION BY RANGE (id);"
    "CREATE TABLE late PARTITION OF rest DEFAULT;"
)
BODIES = {
    "it raises an error": "RAISE EXCEPTION 'no'",
    "it writes to nowhere, which is not there": "INSERT INTO nowhere VALUES (1); RETURN NEW",
    "it names the column gone, which is not there": "NEW.gone = 1; RETURN NEW",
    "leaves rows as they are": "RETURN NULL",
}


def told(database: Database, sql: str) -> list[ObjectUnknown]:
    with database.connect() as connection:
        connection.execute((TABLES + sql).encode())
    found = [each.difference for each in Guard(Base).check(database.url).findings]
    return [each for each in found if isinstance(each, ObjectUnknown) and each.kind == "trigger"]


def function(body: str) -> str:
    return f"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; END $$;"


TRIGGER = "CREATE TRIGGER t AFTER INSERT ON {} FOR EACH {} EXECUTE FUNCTION f();"


@pytest.mark.parametrize("says", BODIES)
def test_what_it_does_is_told_of_the_partition(says: str, postgres_database: Database) -> None:
    trigger = TRIGGER.replace("AFTER", "BEFORE").format("early", "ROW")
    (found,) = told(postgres_database, function(BODIES[says]) + trigger)
    assert found.impact is Impact.WEAKENS
    assert says in found.effect
    assert (str(found.partition), found.definition) == ("early", "on INSERT in early")
    (refused,) = Guard(Base).plan(postgres_database.url).refusals
    assert refused.advice == ("DROP TRIGGER t ON public.early;",)
    with postgres_database.connect() as connection:
        connection.execute("".join(refused.advice).encode())
    assert Guard(Base).check(postgres_database.url).satisfied


def test_of_several_partitions_one_is_named(postgres_database: Database) -> None:
    made = function("RAISE EXCEPTION 'no'") + TRIGGER.format("early", "ROW") + TRIGGER.format("rest", "ROW")
    (found,) = told(postgres_database, made)
    assert found.definition == "on INSERT in early and 1 more"


SEVERAL = {
    "on another statement": (
        "BEFORE DELETE ON early",
        "BEFORE INSERT ON late",
        ["on DELETE in early", "on INSERT in late"],
    ),
    "on a statement that is not sent": ("BEFORE UPDATE OF id ON early", "BEFORE INSERT ON late", ["on INSERT in late"]),
}


@pytest.mark.parametrize("what", SEVERAL)
def test_triggers_of_one_name_that_do_not_say_the_same(what: str, postgres_database: Database) -> None:
    """Each has a key of its own, by which it can be accepted."""
    early, late, definitions = SEVERAL[what]
    made = [f"CREATE TRIGGER t {each} FOR EACH ROW EXECUTE FUNCTION f();" for each in (early, late)]
    found = told(postgres_database, function("RAISE EXCEPTION 'no'") + "".join(made))
    assert [each.definition for each in found] == definitions
    assert len({each.key for each in found}) == len(found)


def test_triggers_of_one_name_that_fail_for_several_reasons(postgres_database: Database) -> None:
    second = function("NEW.gone = 1; RETURN NEW").replace("f()", "g()")
    trigger = TRIGGER.format("late", "ROW").replace("f()", "g()")
    found = told(
        postgres_database, function("RAISE EXCEPTION 'no'") + second + TRIGGER.format("early", "ROW") + trigger
    )
    assert [each.definition for each in found] == ["on INSERT in early", "on INSERT in late"]


def test_that_of_the_table_is_told_once(postgres_database: Database) -> None:
    """The server makes it on each partition too."""
    (found,) = told(postgres_database, function("RAISE EXCEPTION 'no'") + TRIGGER.format("events", "ROW"))
    assert (found.partition, found.definition) == (None, "on INSERT")


@pytest.mark.parametrize(
    "made",
    [
        function("RAISE EXCEPTION 'no'") + TRIGGER.format("early", "STATEMENT"),  # fires for the table that is named
        function("RETURN NEW") + TRIGGER.format("early", "ROW"),
        function("RAISE EXCEPTION 'no'") + TRIGGER.format("early", "ROW") + "ALTER TABLE early DISABLE TRIGGER t;",
    ],
    ids=["for each statement", "harmless", "disabled"],
)
def test_what_no_row_meets_is_not_told(made: str, postgres_database: Database) -> None:
    assert not told(postgres_database, made)
