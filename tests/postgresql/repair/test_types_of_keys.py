"""The type of a column that a foreign key joins: PostgreSQL makes the key anew, and locks the tables at both ends."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from schema_guard import Guard
from schema_guard.dialects.postgresql.repair.type import VERIFIED_AT_ONCE
from schema_guard.plan import Lock, Policy
from schema_guard.schema import Name
from tests.postgres.database import Database
from tests.postgresql.repair.stage import locks_taken, plan, prepare, stands_in_the_way

pytestmark = pytest.mark.every_postgres

USERS, ORDERS, NOTES = Name("public", "users"), Name("public", "orders"), Name("public", "notes")


def models(key: Any, referring: Any) -> sa.MetaData:
    made = sa.MetaData()
    sa.Table("users", made, sa.Column("code", key, primary_key=True, autoincrement=False))
    sa.Table("orders", made, sa.Column("user_code", referring, sa.ForeignKey("users.code")))
    return made


def before(database: Database, key: str, referring: str, rows: int = 3) -> None:
    """`notes` refers to the same key, and the models don't know it."""
    prepare(
        database,
        f"CREATE TABLE users (code {key} PRIMARY KEY); INSERT INTO users VALUES ('1');"
        f" CREATE TABLE orders (user_code {referring} REFERENCES users (code));"
        f" INSERT INTO orders SELECT '1' FROM generate_series(1, {rows});"
        f" CREATE TABLE notes (user_code {referring} REFERENCES users (code)); INSERT INTO notes VALUES ('1')",
    )


@pytest.mark.parametrize(
    ("key", "referring", "models_key", "models_referring", "locked"),
    [
        ("varchar(10)", "varchar(20)", sa.String(20), sa.String(20), {USERS, ORDERS, NOTES}),
        ("varchar(20)", "varchar(10)", sa.String(20), sa.String(20), {USERS, ORDERS}),
        ("integer", "bigint", sa.BigInteger(), sa.BigInteger(), {USERS, ORDERS, NOTES}),
        ("bigint", "integer", sa.BigInteger(), sa.BigInteger(), {USERS, ORDERS}),
    ],
    ids=["the key", "what refers to it", "the key is rewritten", "what refers to it is rewritten"],
)
def test_the_tables_at_both_ends_are_locked(
    postgres_database: Database,
    key: str,
    referring: str,
    models_key: Any,
    models_referring: Any,
    locked: set[Name],
) -> None:
    before(postgres_database, key, referring)
    guarded, policy = models(models_key, models_referring), Policy(rewrite_below=100)
    (step,) = [each for each in plan(postgres_database, guarded, policy).steps if each.id.startswith("alter-type")]
    assert {each.relation: each.lock for each in step.locks} == dict.fromkeys(locked, Lock.ACCESS_EXCLUSIVE)
    assert locks_taken(postgres_database, step) == dict.fromkeys(locked, Lock.ACCESS_EXCLUSIVE)
    guard = Guard(guarded, policy=policy)
    guard.apply(postgres_database.url)
    assert not guard.plan(postgres_database.url).steps
    with postgres_database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM orders NATURAL JOIN users").fetchall() == [(3,)]


@pytest.mark.parametrize("analyzed", [True, False])
def test_a_small_key_that_a_large_table_refers_to(postgres_database: Database, analyzed: bool) -> None:
    """PostgreSQL would verify each row of it, while nobody reads either table."""
    before(postgres_database, "integer", "bigint", VERIFIED_AT_ONCE + 1)
    if analyzed:
        prepare(postgres_database, "ANALYZE orders")
    found = plan(postgres_database, models(sa.BigInteger(), sa.BigInteger()), Policy(rewrite_below=100))
    if analyzed:
        assert not found.steps
        (refusal,) = found.refusals
        assert "each row of what refers to it (orders)" in refusal.reason
        assert refusal.advice == ("ALTER TABLE public.users ALTER COLUMN code TYPE BIGINT;",)
        prepare(postgres_database, refusal.advice[0])
        after = plan(postgres_database, models(sa.BigInteger(), sa.BigInteger()))
        assert (after.steps, after.refusals) == ((), ())
    else:  # of a table that was never analyzed nothing is known until just before the step
        (step,) = found.steps
        assert stands_in_the_way(postgres_database, step)
        assert f"holds more than {VERIFIED_AT_ONCE:,} rows" in step.unless_reason


def test_rows_of_others_that_cannot_be_counted(postgres_database: Database) -> None:
    before(postgres_database, "integer", "bigint")
    prepare(postgres_database, "ALTER TABLE notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    prepare(
        postgres_database,
        "DROP ROLE IF EXISTS keeper_of_types; CREATE ROLE keeper_of_types LOGIN;"
        " GRANT ALL ON SCHEMA public TO keeper_of_types; ALTER TABLE users OWNER TO keeper_of_types;"
        " ALTER TABLE orders OWNER TO keeper_of_types; ALTER TABLE notes OWNER TO keeper_of_types",
    )
    url = postgres_database.server.url(postgres_database.name, user="keeper_of_types")
    found = Guard(models(sa.BigInteger(), sa.BigInteger()), policy=Policy(rewrite_below=100)).plan(url)
    assert not found.steps
    assert ["(notes)" in each.reason for each in found.refusals] == [True]
