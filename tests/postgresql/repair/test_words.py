"""Names and defaults, held against what the server itself says."""

from __future__ import annotations

import pytest

from schema_guard.dialects.postgresql.repair.naming import chosen, helper_name
from schema_guard.dialects.postgresql.repair.volatility import rewrites
from tests.postgres.database import Database


@pytest.mark.every_postgres
@pytest.mark.parametrize("table", ["t", "t" * 40, "ü" * 31, "T x"])
@pytest.mark.parametrize("column", ["c", "c" * 50, "é" * 30])
def test_unnamed_constraints_are_named_as_the_server_would(
    postgres_database: Database, table: str, column: str
) -> None:
    """UNIQUE and FOREIGN KEY on one column, names up to the limit."""
    with postgres_database.connect() as connection:
        connection.execute(f'CREATE TABLE "{table}" ("{column}" int UNIQUE REFERENCES "{table}" ("{column}"))'.encode())
        rows = connection.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid >= 16384 AND contype IN ('u', 'f')"
        ).fetchall()
    assert {row[0] for row in rows} == {chosen(table, column, "key", ()), chosen(table, column, "fkey", ())}


def test_a_taken_name_gets_a_number() -> None:
    """The number is part of the label, so that it survives cutting."""
    assert chosen("t", "c", "key", {"t_c_key"}) == "t_c_key1"
    assert chosen("t", "", "pkey", ()) == "t_pkey"
    assert helper_name("c") != helper_name("C")


@pytest.mark.parametrize(
    ("default", "volatile"),
    [
        ("0", False),
        ("'it''s random()'", False),
        ("now()", False),
        ("CURRENT_TIMESTAMP", False),
        ("timezone('utc', now())", False),
        ("'{}'::jsonb", False),
        ("CAST(0 AS numeric(10, 2))", False),
        ("ARRAY[]::varchar(3)[]", False),
        ("gen_random_uuid()", True),
        ("public.uuid_generate_v4()", True),
        ("clock_timestamp()", True),
        ("nextval('s'::regclass)", True),
        ("floor(random() * 5)", True),
        ('"Mine"()', True),
    ],
)
@pytest.mark.every_postgres
def test_a_default_said_to_be_stored_once_rewrites_nothing(
    postgres_database: Database, default: str, volatile: bool
) -> None:
    """Whatever is not called volatile leaves the table's file alone."""
    assert rewrites(default) is volatile
    if volatile:
        return
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a")
        before = connection.execute("SELECT pg_relation_filenode('t')").fetchone()
        type_ = (
            "text" if "json" not in default and "ARRAY" not in default else "jsonb" if "json" in default else "text[]"
        )
        connection.execute(f"ALTER TABLE t ADD COLUMN c {type_} DEFAULT ({default})::{type_}".encode())
        assert connection.execute("SELECT pg_relation_filenode('t')").fetchone() == before
