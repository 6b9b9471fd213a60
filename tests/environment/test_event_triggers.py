"""Event triggers that refuse DDL: what they refuse of any object is refused by name, and not tried."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from schema_guard import Guard
from schema_guard.report import Outcome
from tests.environment.conftest import Command, repaired
from tests.environment.shop import Base
from tests.postgres.database import Database

DRIVERS = ["psycopg", "psycopg2", "pg8000", "asyncpg"]
ALWAYS = "RAISE EXCEPTION 'no DDL here'"
LOOKING = """
    FOR command IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP
      IF command.object_identity LIKE 'public.orders%' THEN
        RAISE EXCEPTION 'orders stay as they are' USING ERRCODE = 'insufficient_privilege';
      END IF;
    END LOOP"""


def guarded_by(shop: Database, event: str, body: str, *, tags: str = "", name: str = "frozen", also: str = "") -> None:
    only = f"WHEN TAG IN ({tags})" if tags else ""
    with shop.connect() as connection:
        connection.execute(
            f"""CREATE FUNCTION frozen() RETURNS event_trigger LANGUAGE plpgsql AS $$
            DECLARE command record; BEGIN {body}; END $$;
            CREATE EVENT TRIGGER "{name}" ON {event} {only} EXECUTE FUNCTION frozen(); {also}""".encode()
        )


def engine(url: str, driver: str) -> object:
    with_driver = make_url(url).set(drivername=f"postgresql+{driver}")
    return create_async_engine(with_driver) if driver == "asyncpg" else create_engine(with_driver)


@pytest.mark.every_postgres
@pytest.mark.parametrize("event", ["ddl_command_start", "ddl_command_end"])
@pytest.mark.parametrize("state", ["ENABLE", "ENABLE ALWAYS"])
def test_one_that_refuses_everything(shop: Database, event: str, state: str, command: Command) -> None:
    """Nothing is tried; the printed statements let apply through and bring the trigger back as it was."""
    guarded_by(shop, event, ALWAYS, name="Frozen", also=f'ALTER EVENT TRIGGER "Frozen" {state}')
    took = command("apply", shop.url)
    assert took.code == 1, took.said
    assert "failed" not in took.said
    assert took.said.count("the event trigger Frozen refuses ALTER TABLE: no DDL here") == 3, took.said
    assert took.said.count("the event trigger Frozen refuses CREATE INDEX: no DDL here") == 1, took.said
    [advice] = {refusal.advice for refusal in Guard(Base).plan(shop.url).refusals}
    off, on = advice[0].split(" -- as a superuser; when apply is done: ")
    with shop.connect() as connection:
        connection.execute(off.encode())
        assert command("apply", shop.url).code == 0
        connection.execute(on.encode())
        enabled = connection.execute("SELECT evtenabled FROM pg_event_trigger").fetchone()
    assert enabled == ("A" if state == "ENABLE ALWAYS" else "O",)
    assert repaired(shop)
    assert command("apply", shop.url).code == 0


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_driver_tells_which_trigger_it_was(shop: Database, driver: str) -> None:
    guarded_by(shop, "ddl_command_start", ALWAYS)
    reasons = {refusal.reason for refusal in Guard(Base).plan(engine(shop.url, driver)).refusals}
    said = "the event trigger frozen refuses {}: no DDL here"
    assert reasons == {said.format("ALTER TABLE"), said.format("CREATE INDEX")}


@pytest.mark.parametrize("event", ["ddl_command_start", "ddl_command_end"])
def test_what_it_does_not_concern_goes_on(shop: Database, event: str) -> None:
    guarded_by(shop, event, ALWAYS, tags="'CREATE INDEX', 'CREATE TABLE', 'DROP TABLE'")
    report = Guard(Base).apply(shop.url)
    assert {result.outcome for result in report.results} == {Outcome.DONE}
    [finding] = [each for each in report.findings if each.refusal is not None]
    assert finding.refusal is not None
    assert finding.difference.code == "index-missing"
    assert finding.refusal.reason == "the event trigger frozen refuses CREATE INDEX: no DDL here"


@pytest.mark.parametrize("driver", DRIVERS)
def test_one_that_looks_at_the_object(shop: Database, driver: str) -> None:
    """Nobody knows before the step: it is tried, and its failure names the trigger and what switches it off."""
    guarded_by(shop, "ddl_command_end", LOOKING)
    report = Guard(Base).apply(engine(shop.url, driver))
    [failed] = [each for each in report.results if each.step.id == "add-column orders.note"]
    assert failed.outcome is Outcome.FAILED
    assert failed.message == (
        "orders.note: the event trigger frozen refuses it: orders stay as they are; "
        "ALTER EVENT TRIGGER frozen DISABLE; -- as a superuser; when apply is done: ALTER EVENT TRIGGER frozen ENABLE;"
    )


def test_one_that_lets_only_some_names_through(shop: Database) -> None:
    """What it says of the guard's temporary objects says nothing of the models': these it lets through."""
    body = LOOKING.replace("LIKE 'public.orders%'", "LIKE 'pg_temp%'")
    guarded_by(shop, "ddl_command_end", body)
    assert Guard(Base).apply(shop.url).satisfied
    assert repaired(shop)


def test_one_on_what_is_dropped(shop: Database) -> None:
    """It stops only what drops something: a failed build's INVALID index, here, and that by name."""
    with shop.connect() as connection:
        connection.execute("CREATE INDEX ix_orders_customer ON orders (customer)")
        connection.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_orders_customer'::regclass")
    guarded_by(shop, "sql_drop", ALWAYS)
    report = Guard(Base).apply(shop.url)
    said = {each.message.partition(";")[0] for each in report.results if each.outcome is Outcome.FAILED}
    assert said == {"orders.ix_orders_customer: the event trigger frozen refuses it: no DDL here"}
    with shop.connect() as connection:
        connection.execute("ALTER EVENT TRIGGER frozen DISABLE")
    assert Guard(Base).apply(shop.url).satisfied, "what the refused DROP INDEX CONCURRENTLY left dead is cleared away"
    assert repaired(shop)


@pytest.mark.every_postgres
@pytest.mark.parametrize("event", ["ddl_command_start", "ddl_command_end"])
def test_what_is_sent_to_find_out_leaves_nothing_and_locks_no_table(shop: Database, event: str) -> None:
    with shop.connect() as connection:
        connection.execute("CREATE TABLE log (tag text); CREATE SEQUENCE asked")
    locked = (
        "SELECT FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE l.pid = pg_backend_pid()"
        " AND c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'log'"
    )
    log = "PERFORM nextval('public.asked'); INSERT INTO public.log VALUES (tg_tag)"
    guarded_by(shop, event, f"{log}; IF EXISTS ({locked}) THEN RAISE EXCEPTION 'it locks a table'; END IF")
    plan = Guard(Base).plan(shop.url)
    assert plan.steps
    assert plan.refusals == ()
    with shop.connect() as connection:
        assert connection.execute("SELECT is_called FROM asked").fetchone() == (True,), "a sequence keeps what it gave"
        assert connection.execute("SELECT count(*) FROM log").fetchone() == (0,)
        left = connection.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'schema_guard%'").fetchone()
    assert left == (0,)


def test_no_password_in_what_a_trigger_says(shop: Database) -> None:
    """A function may put anything into its message."""
    guarded_by(shop, "ddl_command_start", "RAISE EXCEPTION 'ask postgresql://dba:geheim@host/db, password=geheim'")
    reasons = {refusal.reason for refusal in Guard(Base).plan(shop.url).refusals}
    assert "the event trigger frozen refuses CREATE INDEX: ask postgresql://dba:***@host/db, password=***" in reasons
    assert not any("geheim" in reason for reason in reasons)


def test_a_new_schema(shop: Database) -> None:
    guarded_by(shop, "ddl_command_start", ALWAYS, tags="'CREATE SCHEMA'")
    report = Guard(Base).apply(shop.url, schema="t_1")
    reasons = {finding.refusal.reason for finding in report.findings if finding.refusal is not None}
    assert "the event trigger frozen refuses CREATE SCHEMA: no DDL here" in reasons
    assert Outcome.FAILED not in {result.outcome for result in report.results}
