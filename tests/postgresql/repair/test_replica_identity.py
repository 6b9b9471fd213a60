"""Published tables whose rows cannot be told apart: UPDATE and DELETE fail, which no other difference says."""

from __future__ import annotations

import psycopg
import pytest
import sqlalchemy as sa

from schema_guard.difference import Impact
from schema_guard.report import Finding, Report
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, plan, prepare

TABLE = "CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, b text)"
KEYLESS = "CREATE TABLE t (id int NOT NULL, a int, b text, CONSTRAINT u UNIQUE (id))"
PARTS = (
    "CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, b text) PARTITION BY RANGE (id);"
    "CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (100)"
)
NOTHING, FULL = "ALTER TABLE t REPLICA IDENTITY NOTHING", "ALTER TABLE t REPLICA IDENTITY FULL"

CASES = {
    "no publication": [TABLE, NOTHING],
    "key": [TABLE, "CREATE PUBLICATION p FOR ALL TABLES"],
    "full": [TABLE, FULL, "CREATE PUBLICATION p FOR TABLE t"],
    "nothing, all tables": [TABLE, NOTHING, "CREATE PUBLICATION p FOR ALL TABLES"],
    "nothing, another table": [TABLE, NOTHING, "CREATE TABLE o (id int)", "CREATE PUBLICATION p FOR TABLE o"],
    "inserts only": [TABLE, NOTHING, "CREATE PUBLICATION p FOR TABLE t WITH (publish = 'insert')"],
    "updates only": [TABLE, NOTHING, "CREATE PUBLICATION p FOR TABLE t WITH (publish = 'update')"],
    "deletes only": [TABLE, NOTHING, "CREATE PUBLICATION p FOR TABLE t WITH (publish = 'insert, delete')"],
    "index": [KEYLESS, "ALTER TABLE t REPLICA IDENTITY USING INDEX u", "CREATE PUBLICATION p FOR TABLE t"],
    "index gone": [
        f"{TABLE}; CREATE UNIQUE INDEX u ON t (id); ALTER TABLE t REPLICA IDENTITY USING INDEX u; DROP INDEX u",
        "CREATE PUBLICATION p FOR TABLE t",
    ],
    "nothing, with another unique index": [KEYLESS, NOTHING, "CREATE PUBLICATION p FOR TABLE t"],
    "unlogged": [TABLE, NOTHING, "ALTER TABLE t SET UNLOGGED", "CREATE PUBLICATION p FOR ALL TABLES"],
    "two publications": [
        TABLE,
        NOTHING,
        "CREATE PUBLICATION p FOR TABLE t WITH (publish = 'update')",
        "CREATE PUBLICATION q FOR ALL TABLES WITH (publish = 'insert')",
    ],
    "deferrable key": [
        "CREATE TABLE t (id int NOT NULL PRIMARY KEY DEFERRABLE, a int, b text)",
        "CREATE PUBLICATION p FOR TABLE t",
    ],
    "partition by its root": [PARTS, "ALTER TABLE t_1 REPLICA IDENTITY NOTHING", "CREATE PUBLICATION p FOR TABLE t"],
    "partition via its root": [
        PARTS,
        "ALTER TABLE t_1 REPLICA IDENTITY NOTHING",
        "CREATE PUBLICATION p FOR TABLE t WITH (publish_via_partition_root)",
    ],
    "root says nothing, the partition has its key": [PARTS, NOTHING, "CREATE PUBLICATION p FOR TABLE t"],
    "child": [
        f"{TABLE}; CREATE TABLE t_1 (PRIMARY KEY (id)) INHERITS (t); ALTER TABLE t_1 REPLICA IDENTITY NOTHING",
        "CREATE PUBLICATION p FOR TABLE t_1",
    ],
}
SINCE_15 = {
    "schema": [TABLE, NOTHING, "CREATE PUBLICATION p FOR TABLES IN SCHEMA public"],
    "another schema": [TABLE, NOTHING, "CREATE SCHEMA o", "CREATE PUBLICATION p FOR TABLES IN SCHEMA o"],
    "partition by its root's schema": [
        f"CREATE SCHEMA o; {PARTS.replace('TABLE t_1', 'TABLE o.t_1')}",
        "ALTER TABLE o.t_1 REPLICA IDENTITY NOTHING",
        "CREATE PUBLICATION p FOR TABLES IN SCHEMA public",
    ],
    "filter on the key": [TABLE, "CREATE PUBLICATION p FOR TABLE t WHERE (id > 3)"],
    "filter on another column": [TABLE, "CREATE PUBLICATION p FOR TABLE t WHERE (a > 3)"],
    "filter, inserts only": [TABLE, "CREATE PUBLICATION p FOR TABLE t WHERE (a > 3) WITH (publish = 'insert')"],
    "filter, deletes only": [TABLE, "CREATE PUBLICATION p FOR TABLE t WHERE (a > 3) WITH (publish = 'delete')"],
    "filter and full": [TABLE, FULL, "CREATE PUBLICATION p FOR TABLE t WHERE (a > 3)"],
    "filter and nothing": [TABLE, NOTHING, "CREATE PUBLICATION p FOR TABLE t WHERE (a > 3)"],
    "list with the key": [TABLE, "CREATE PUBLICATION p FOR TABLE t (id, a)"],
    "list without the key": [TABLE, "CREATE PUBLICATION p FOR TABLE t (a)"],
    "list and filter without the key": [TABLE, "CREATE PUBLICATION p FOR TABLE t (a) WHERE (id > 3)"],
    "list and filter on another column": [TABLE, "CREATE PUBLICATION p FOR TABLE t (id, a) WHERE (a > 3)"],
    "list and full": [TABLE, FULL, "CREATE PUBLICATION p FOR TABLE t (id, a)"],
    "list and full, no key": [KEYLESS, FULL, "CREATE PUBLICATION p FOR TABLE t (id, a)"],
    "list and full, no key at all": [
        "CREATE TABLE t (id int, a int, b text)",
        FULL,
        "CREATE PUBLICATION p FOR TABLE t (id, a)",
    ],
    "filter via the root": [
        PARTS,
        "CREATE PUBLICATION p FOR TABLE t WHERE (a > 3) WITH (publish_via_partition_root)",
    ],
    "filter of the root, not via it": [
        PARTS,
        "CREATE PUBLICATION p FOR TABLE t WITH (publish_via_partition_root)",
        "ALTER PUBLICATION p SET (publish_via_partition_root = false)",
    ],
    "list of the root": [PARTS, "CREATE PUBLICATION p FOR TABLE t (a) WITH (publish_via_partition_root)"],
}
SINCE_18 = {
    "full, with a generated column": [
        f"{TABLE}; ALTER TABLE t ADD g int GENERATED ALWAYS AS (id + 1) STORED",
        FULL,
        "CREATE PUBLICATION p FOR TABLE t",
    ],
    "full, with a virtual column": [
        f"{TABLE}; ALTER TABLE t ADD g int GENERATED ALWAYS AS (id + 1) VIRTUAL",
        FULL,
        "CREATE PUBLICATION p FOR TABLE t WITH (publish_generated_columns = stored)",
    ],
    "full, with a generated column that is published": [
        f"{TABLE}; ALTER TABLE t ADD g int GENERATED ALWAYS AS (id + 1) STORED",
        FULL,
        "CREATE PUBLICATION p FOR TABLE t WITH (publish_generated_columns = stored)",
    ],
    "nothing, with a generated column": [
        "CREATE TABLE t (id int, a int, b text, g int GENERATED ALWAYS AS (id + 1) STORED)",
        NOTHING,
        "CREATE PUBLICATION p FOR TABLE t",
    ],
}


def models(case: str) -> sa.MetaData:
    metadata = sa.MetaData()
    key = case == "key" or "PRIMARY KEY" in str(ALL[case])
    parted = "PARTITION" in str(ALL[case])
    sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=key, autoincrement=False, nullable=False),
        sa.Column("a", sa.Integer),
        sa.Column("b", sa.Text),
        postgresql_partition_by="RANGE (id)" if parted else None,
    )
    return metadata


ALL = {**CASES, **SINCE_15, **SINCE_18}


def failing(database: Database) -> set[str]:
    """Those of the application's statements that fail."""
    found = set()
    with database.connect() as connection:
        for statement in ("UPDATE t SET a = 1", "DELETE FROM t"):
            try:
                connection.execute(statement.encode())
            except psycopg.Error:
                found.add(statement[:6])
    return found


def breaks(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.difference.impact is Impact.BREAKS]


@pytest.mark.every_postgres
@pytest.mark.parametrize("case", ALL)
def test_what_fails_is_told_and_the_printed_statement_ends_it(postgres_database: Database, case: str) -> None:
    with postgres_database.connect() as connection:
        version = connection.info.server_version
    if (case in SINCE_15 and version < 150000) or (case in SINCE_18 and version < 180000):
        pytest.skip("this server has nothing of the kind")
    prepare(postgres_database, "; ".join(ALL[case]))
    metadata = models(case)
    failed = failing(postgres_database)
    report = apply(postgres_database, metadata)
    for _ in range(3):
        found = breaks(report)
        told = {verb for each in found for verb in ("UPDATE", "DELETE") if verb in each.difference.effect}
        assert told == failed, [each.difference.headline for each in found]
        if not failed:
            break
        assert {each.difference.code for each in found} == {"replica-identity-unfit"}
        for each in found:
            assert "p" in each.difference.headline
            assert each.refusal is not None
            for statement in each.refusal.advice:
                prepare(postgres_database, statement)
        failed = failing(postgres_database)
        report = apply(postgres_database, metadata)
    assert not failed
    assert not breaks(report)


@pytest.mark.every_postgres
@pytest.mark.parametrize("unique", ["", ", UNIQUE (id)"])
def test_the_primary_key_that_the_models_have_ends_it(postgres_database: Database, unique: str) -> None:
    prepare(
        postgres_database, f"CREATE TABLE t (id int NOT NULL, a int, b text{unique}); CREATE PUBLICATION p FOR TABLE t"
    )
    assert failing(postgres_database) == {"UPDATE", "DELETE"}
    prepare(postgres_database, "INSERT INTO t VALUES (2)")
    metadata = models("key")
    found = plan(postgres_database, metadata)
    assert not found.refusals
    (difference,) = (each for each in found.differences if each.impact is Impact.BREAKS)
    assert difference.code == "primary-key-differs"
    assert difference.effect == "UPDATE and DELETE of t fail: publication p needs a replica identity"
    assert apply(postgres_database, metadata).satisfied
    prepare(postgres_database, "TRUNCATE t")
    assert not failing(postgres_database)


def test_rows_that_keep_the_key_out_leave_the_whole_row_as_identity(postgres_database: Database) -> None:
    prepare(postgres_database, "CREATE TABLE t (id int, a int, b text); CREATE PUBLICATION p FOR TABLE t")
    prepare(postgres_database, "INSERT INTO t VALUES (2), (2)")
    (found,) = breaks(apply(postgres_database, models("key")))
    assert found.refusal is not None
    assert found.refusal.advice[-1] == "ALTER TABLE public.t REPLICA IDENTITY FULL;"
    prepare(postgres_database, found.refusal.advice[-1])
    assert not failing(postgres_database)
