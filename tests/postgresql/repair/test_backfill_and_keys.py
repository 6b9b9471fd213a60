"""A backfill never decides whether the application starts, and never keeps a key from being added."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, UniqueConstraint

from schema_guard import Backfill, Guard
from schema_guard.difference import Impact
from schema_guard.plan import Phase, Urgency
from schema_guard.report import Outcome, Report
from tests.postgres.database import Database
from tests.postgresql.repair.stage import prepare

BEFORE = """CREATE TABLE owner (id INT PRIMARY KEY, label TEXT, code INT);
CREATE TABLE item (id INT NOT NULL, owner_id INT, label TEXT, code INT);
INSERT INTO owner VALUES (1, 'a', 10), (2, 'b', 20);
INSERT INTO item VALUES (1, 1, NULL, NULL), (2, 2, NULL, NULL);"""

RAISING = """CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
CREATE TRIGGER no BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION no();"""


def guard(*filled: str, unique: str | None = None, required: str | None = None) -> Guard:
    metadata = MetaData()
    owner = Table("owner", metadata, Column("id", Integer, primary_key=True, autoincrement=False))
    owner.append_column(Column("label", String))
    owner.append_column(Column("code", Integer))
    item = Table(
        "item",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("owner_id", Integer, ForeignKey("owner.id")),
        Column("label", String),
        Column("code", Integer, nullable=required != "code"),
        *([UniqueConstraint(unique, name="u")] if unique else []),
    )
    pairs = {item.c[name]: owner.c[name] for name in filled}
    return Guard(metadata, backfills=[Backfill(item, pairs, on=item.c.owner_id == owner.c.id)])


def outcomes(report: Report) -> dict[str, Outcome]:
    return {result.step.id: result.outcome for result in report.results}


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    "hindrance",
    [
        pytest.param("CREATE PUBLICATION p FOR TABLE item", id="published"),
        pytest.param("CREATE PUBLICATION p FOR ALL TABLES", id="all published"),
        pytest.param(RAISING, id="a trigger that raises"),
    ],
)
def test_a_backfill_that_fails_keeps_no_key_from_being_added(postgres_database: Database, hindrance: str) -> None:
    prepare(postgres_database, BEFORE + hindrance)
    report = guard("label").apply(postgres_database.url)
    done = outcomes(report)
    assert done["add-primary-key item"] is Outcome.DONE
    assert not report.remains(Impact.BREAKS)
    steps = [result.step for result in report.results]
    backfill = next(step for step in steps if step.id.startswith("backfill"))
    assert backfill.urgency is Urgency.DEBT
    key = next(step for step in steps if step.id == "add-primary-key item")
    published = "PUBLICATION" in hindrance  # with the key its rows can be told apart
    assert steps.index(key) < steps.index(backfill) or not published
    assert (done[backfill.id] is Outcome.DONE) is published


def test_not_null_comes_after_the_backfill_that_makes_it_possible(postgres_database: Database) -> None:
    prepare(postgres_database, BEFORE)
    report = guard("code", required="code").apply(postgres_database.url)
    assert report.satisfied
    steps = [result.step.id for result in report.results]
    backfill = next(position for position, step in enumerate(steps) if step.startswith("backfill"))
    assert backfill < min(position for position, step in enumerate(steps) if "not-null item.code" in step)


def test_not_null_that_a_failed_backfill_does_not_make_possible_tells_the_rows(postgres_database: Database) -> None:
    prepare(postgres_database, BEFORE + RAISING)
    report = guard("code", required="code").apply(postgres_database.url)
    assert not report.remains(Impact.BREAKS)
    results = {result.step.id: result for result in report.results if "not-null item.code" in result.step.id}
    first = next(iter(results.values()))
    assert first.outcome is Outcome.BLOCKED
    assert first.message.startswith("rows hold NULL: SELECT")


def test_duplicates_that_no_backfill_changes_are_refused(postgres_database: Database) -> None:
    prepare(postgres_database, BEFORE + "UPDATE item SET owner_id = 1")
    plan = guard("label", unique="owner_id").plan(postgres_database.url)
    assert "unique-missing item.u" in {refusal.difference.key for refusal in plan.refusals}


@pytest.mark.every_postgres
def test_functions_of_the_same_name_on_the_search_path_are_not_called(postgres_database: Database) -> None:
    prepare(
        postgres_database,
        BEFORE
        + """CREATE FUNCTION wrong(anyelement) RETURNS anyelement LANGUAGE plpgsql AS $$ BEGIN RAISE 'wrong'; END $$;
        CREATE FUNCTION nothing() RETURNS int8 LANGUAGE plpgsql AS $$ BEGIN RAISE 'wrong'; END $$;
        CREATE AGGREGATE count(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '-1000');
        CREATE FUNCTION sum(int8) RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN RAISE 'wrong'; END $$;""",
    )
    with postgres_database.connect() as connection:
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET search_path = public, pg_catalog".encode())
        connection.execute(b"UPDATE item SET code = 5")
    refused = guard("label", unique="code").plan(postgres_database.url).refusals
    assert [refusal.reason for refusal in refused if refusal.difference.code == "unique-missing"] == [
        "2 rows share their code with another row: change or remove them, then run again"
    ]
    with postgres_database.connect() as connection:
        connection.execute(b"UPDATE item SET code = id")
    report = guard("label", unique="code").apply(postgres_database.url)
    assert Outcome.FAILED not in outcomes(report).values()
    assert "unique-missing item.u" not in {found.difference.key for found in report.findings}


NO_IDENTITY = "ALTER TABLE item REPLICA IDENTITY NOTHING"
KEYED = BEFORE.replace("item (id INT NOT NULL,", "item (id INT PRIMARY KEY,")


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    ("before", "works"),
    [
        pytest.param(f"{NO_IDENTITY}; CREATE PUBLICATION p FOR TABLE item", False, id="none"),
        pytest.param(f"{NO_IDENTITY}; CREATE PUBLICATION p FOR ALL TABLES", False, id="all"),
        pytest.param(
            f"{NO_IDENTITY}; CREATE PUBLICATION p FOR TABLE item WITH (publish = 'insert')",
            True,
            id="of inserts",
        ),
        pytest.param("CREATE PUBLICATION p FOR TABLE item", True, id="the key"),
        pytest.param(NO_IDENTITY, True, id="not published"),
    ],
)
def test_a_published_table_without_replica_identity(postgres_database: Database, before: str, works: bool) -> None:
    """Every UPDATE of it fails, so the backfill is refused; what the refusal says lets it run."""
    prepare(postgres_database, f"{KEYED} {before}")
    report = guard("label").apply(postgres_database.url)
    assert not [result.message for result in report.results if result.outcome is Outcome.FAILED]
    refusals = {finding.difference.code: finding.refusal for finding in report.findings if finding.refusal}
    assert set(refusals) == (set() if works else {"backfill-pending", "replica-identity-unfit"})
    if not works:
        assert refusals["backfill-pending"].reason.endswith("its replica identity comes first")
        prepare(postgres_database, refusals["replica-identity-unfit"].advice[0])
    assert not [finding for finding in guard("label").apply(postgres_database.url).findings if finding.refusal]


@pytest.mark.every_postgres
def test_a_trigger_may_hinder_a_backfill(postgres_database: Database) -> None:
    prepare(postgres_database, KEYED + RAISING)
    (step,) = [step for step in guard("label").plan(postgres_database.url).steps if step.phase is Phase.BACKFILL]
    assert step.cost.endswith("not provable: a trigger on UPDATE may reject or change it")


@pytest.mark.every_postgres
def test_a_function_count_of_somebody(postgres_database: Database) -> None:
    """The search_path leads to it before the system's: rows are counted, and filled, all the same."""
    prepare(postgres_database, KEYED)
    prepare(
        postgres_database,
        "CREATE AGGREGATE count(*) (sfunc = int8inc, stype = int8, initcond = '100');"
        f"ALTER DATABASE {postgres_database.name} SET search_path = public, pg_catalog",
    )
    assert guard("label").apply(postgres_database.url).satisfied
    with postgres_database.connect() as connection:
        assert connection.execute("SELECT label FROM item ORDER BY id").fetchall() == [("a",), ("b",)]
