"""A new tenant's schema gets the plan of the one that was made before, and is what it would be without that."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from schema_guard import Guard, Policy
from schema_guard.dialects.base import Session
from schema_guard.difference import Difference
from schema_guard.look import Look
from schema_guard.many.new_schema import Anew
from schema_guard.report import Report
from tests.postgres.database import Database
from tests.postgresql.test_tenants import ODD, models, run_sql, tables

pytestmark = pytest.mark.newest_postgres

WORDS = ["key", "lock", "text", "index", "new", "column", "brief", "state", "orders", "numbers", "total", "done"]
"""Words of SQL, of reports, and of these models."""


class Counting(Guard):
    """Counts how often it compares: twice for a schema that is made as every schema is."""

    compared = 0

    def _concerned(self, differences: tuple[Difference, ...]) -> tuple[Difference, ...]:
        Counting.compared += 1
        return differences


@pytest.fixture(params=[None, "tenant"], ids=["search_path", "schema_translate_map"])
def own(request: pytest.FixtureRequest) -> str | None:
    """The schema of the models that stands for the tenant's."""
    declared: str | None = request.param
    return declared


@pytest.fixture
def database(postgres_database: Database) -> Database:
    """The shared table is there, and is as the models say."""
    run_sql(postgres_database, "CREATE TABLE public.plans (id serial PRIMARY KEY, name text)")
    return postgres_database


def apply(guard: Guard, database: Database, name: str, own: str | None = None) -> Report:
    return guard.apply(database.url, schema=name if own is None else f"{own}={name}")


def made(report: Report) -> object:
    """All that a report says, but how long it took."""
    results = [(result.step, result.outcome, result.statements) for result in report.results]
    differences = [finding.difference for finding in report.findings]
    return results, differences, report.plan, report.server, report.warnings, report.tables_expected


def compares(guard: Guard, database: Database, name: str, own: str | None = None) -> bool:
    """Whether it has to, to make that schema; which is satisfied then, and what another guard makes of it."""
    Counting.compared = 0
    report = apply(guard, database, name, own)
    had_to = Counting.compared > 0
    assert report.satisfied
    assert tables(database, name) == {"orders", "lines"}
    assert apply(guard, database, name, own).results == ()
    run_sql(database, f'DROP SCHEMA "{name}" CASCADE')
    alone = apply(Guard(models(own=own), policy=guard.policy), database, name, own)
    assert made(report) == made(alone)
    return had_to


def test_from_the_third_on_nothing_is_compared(database: Database, own: str | None) -> None:
    guard = Counting(models(own=own))
    assert [compares(guard, database, f"t_{number}", own) for number in range(5)] == [True, True, False, False, False]


@pytest.mark.parametrize("first", ["t_1", "key", "text", "state", "orders", "done"])
def test_whatever_the_first_ones_are_called(database: Database, own: str | None, first: str) -> None:
    """A name that is a word of SQL as well is not replaced where it is that."""
    guard = Counting(models(own=own))
    for name in (first, "t_2", "t_3", *WORDS[:3]):
        if name != first or first == "t_1":
            compares(guard, database, name, own)
        else:
            assert apply(guard, database, name, own).satisfied


def test_whatever_a_later_one_is_called(database: Database, own: str | None) -> None:
    guard = Counting(models(own=own))
    for name in ("the_first", "the_second", "the_third"):
        compares(guard, database, name, own)
    names = [name for name in (*ODD, *WORDS) if not {'"', "'"} & {*name}]
    found = {name: compares(guard, database, name, own) for name in names}
    assert {name for name in WORDS if not found[name]} >= {"key", "lock"}
    assert found["T 2"], "SQL quotes it"
    assert found["orders"], "the models have a table of that name"
    assert found["t" * 63], "what is too long is cut"


TOLD = "CREATE EVENT TRIGGER told ON ddl_command_start EXECUTE FUNCTION public.no()"
CHANGES = {
    "a table of that name in a schema of the search_path": "CREATE TABLE IF NOT EXISTS public.lines (id integer)",
    "a type of that name there": "DROP TYPE IF EXISTS public.state; CREATE TYPE public.state AS ENUM ('other')",
    "the shared table lacks its key": "ALTER TABLE public.plans DROP CONSTRAINT IF EXISTS plans_pkey CASCADE",
    "the shared table is gone": "DROP TABLE IF EXISTS public.plans CASCADE",
    "an event trigger": "CREATE OR REPLACE FUNCTION public.no() RETURNS event_trigger LANGUAGE plpgsql"
    " AS $$BEGIN END$$; DROP EVENT TRIGGER IF EXISTS told; " + TOLD,
    "a function of the schema public": "CREATE OR REPLACE FUNCTION public.now() RETURNS integer"
    " LANGUAGE sql AS 'SELECT 1'",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_what_changed_beside_it_counts(database: Database, own: str | None, change: str) -> None:
    guard = Counting(models(own=own))
    for name in ("t_1", "t_2", "t_3"):
        apply(guard, database, name, own)
    run_sql(database, *change.split("; "))
    found = made(apply(guard, database, "t_4", own))
    run_sql(database, "DROP SCHEMA t_4 CASCADE", *change.split("; "))
    assert found == made(apply(Guard(models(own=own)), database, "t_4", own))


def test_other_models_and_another_policy_count(database: Database) -> None:
    metadata = models()
    guard = Counting(metadata)
    for name in ("t_1", "t_2", "t_3"):
        apply(guard, database, name)
    sa.Table("notes", metadata, sa.Column("id", sa.Integer, primary_key=True))
    assert apply(guard, database, "t_4").satisfied
    assert tables(database, "t_4") == {"orders", "lines", "notes"}
    Counting.compared = 0
    apply(guard.changed(policy=Policy(rewrite_below=7)), database, "t_5")
    assert Counting.compared > 0


class Late(Guard):
    """Somebody else makes the schema between the look and the first statement."""

    meanwhile: Callable[[], None] | None = None

    def _look(self, session: Session, survey_timeout: float, known: Anew | None = None) -> Look:
        look = super()._look(session, survey_timeout, known)
        if known is not None and Late.meanwhile is not None:
            Late.meanwhile()
        return look


def test_a_schema_that_another_process_makes_at_the_same_time(database: Database) -> None:
    """It is looked at again, and repaired."""
    guard = Late(models())
    for name in ("t_1", "t_2", "t_3"):
        apply(guard, database, name)
    Late.meanwhile = lambda: run_sql(database, "CREATE SCHEMA t_4", "CREATE TABLE t_4.lines (id serial PRIMARY KEY)")
    try:
        assert apply(guard, database, "t_4").satisfied
    finally:
        Late.meanwhile = None
    assert tables(database, "t_4") == {"orders", "lines"}
