"""One database with a schema for each tenant: names without schema mean the tenant's, shared tables stay shared."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from benchmarks import tenants as benchmark

from schema_guard import Guard
from schema_guard.cli.main import run
from schema_guard.dialects import open_session
from schema_guard.dialects.postgresql.link import Row
from schema_guard.dialects.postgresql.reading import CatalogReader
from schema_guard.dialects.tenant import Tenant
from schema_guard.many import tenants as tenants_module
from schema_guard.many.reports import Part
from schema_guard.sources.once import Once
from tests.postgres.database import Database, wait_until
from tests.postgres.server_log import ServerLog, sent

pytestmark = pytest.mark.newest_postgres


def models(shared: str | None = "public", own: str | None = None, more: int = 0) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        "plans", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text), schema=shared
    )
    plan = f"{shared}.plans.id" if shared else "plans.id"
    orders = f"{own}.orders.id" if own else "orders.id"
    sa.Table(
        "orders",
        metadata,
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("plan_id", sa.ForeignKey(plan), nullable=False),
        sa.Column("state", sa.Enum("new", "done", name="state", schema=own), server_default="new"),
        sa.Column("number", sa.Integer, sa.Sequence("numbers", schema=own)),
        sa.Column("total", sa.Numeric(10, 2), nullable=False, server_default="0"),
        *(sa.Column(f"more_{number}", sa.Text) for number in range(more)),
        sa.CheckConstraint("total >= 0 AND state IN ('new', 'done')", name="ck_total"),
        schema=own,
    )
    sa.Table(
        "lines",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("order_id", sa.ForeignKey(orders), index=True),
        schema=own,
    )
    return metadata


def fetched(database: Database, sql: str) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        return connection.execute(sql.encode()).fetchall()


def run_sql(database: Database, *statements: str) -> None:
    with database.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())


def tables(database: Database, schema: str) -> set[str]:
    return {name for (name,) in fetched(database, f"SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'")}


def works(database: Database, metadata: sa.MetaData, schema: str, declared: str | None = None) -> None:
    """What the application does there."""
    engine = sa.create_engine(database.url).execution_options(schema_translate_map={declared: schema})
    orders = next(table for table in metadata.tables.values() if table.name == "orders")
    plans = next(table for table in metadata.tables.values() if table.name == "plans")
    with engine.begin() as connection:
        inside = connection.execution_options(**({"schema_translate_map": {}} if plans.schema is None else {}))
        inside.execute(sa.text(f"SET LOCAL search_path = {schema}, public"))
        inside.execute(sa.insert(plans).values(id=1))
        inside.execute(sa.insert(orders).values(plan_id=1, state="done"))
        assert len(inside.execute(sa.select(orders)).all()) == 1
        connection.rollback()
    engine.dispose()


@pytest.mark.parametrize("shared", ["public", None], ids=["schema_translate_map", "search_path"])
def test_a_new_tenant(postgres_database: Database, shared: str | None) -> None:
    database = postgres_database
    run_sql(database, "CREATE TABLE public.plans (id integer PRIMARY KEY, name text)")
    metadata = models(shared)
    guard = Guard(metadata)
    for schema in ("t_1", "T 2"):
        report = guard.apply(database.url, schema=schema)
        assert report.satisfied, report.findings
        assert tables(database, schema) == {"orders", "lines"}
        assert guard.check(database.url, schema=schema).findings == ()
        assert guard.plan(database.url, schema=schema).empty
    works(database, metadata, "t_1")
    assert tables(database, "public") == {"plans"}
    owners = fetched(
        database, "SELECT typnamespace::regnamespace::text FROM pg_type WHERE typname = 'state' ORDER BY 1"
    )
    assert owners == [('"T 2"',), ("t_1",)], "each has an enum type of its own"


def test_the_schema_that_tenants_are_made_after_is_no_tenants(postgres_database: Database) -> None:
    """create_all once ran in public as well: what public has is nothing that a tenant lacks no more."""
    database = postgres_database
    metadata = models()
    with sa.create_engine(database.url).begin() as connection:
        metadata.create_all(connection)
    guard = Guard(metadata)
    assert guard.apply(database.url, schema="t_1").satisfied
    assert tables(database, "t_1") == {"orders", "lines"}
    run_sql(database, "CREATE SCHEMA t_2")
    assert {each.difference.object for each in guard.check(database.url, schema="t_2").findings} >= {"orders", "lines"}
    parts = {part.name: part for part in guard.tenants(database.url, "t_*").check()}
    assert [parts[name].report.satisfied for name in ("t_1", "t_2")] == [True, False]  # type: ignore[union-attr]


def tenants(database: Database, number: int) -> Guard:
    run_sql(database, "CREATE TABLE public.plans (id integer PRIMARY KEY, name text)")
    guard = Guard(models())
    for each in range(number):
        guard.apply(database.url, schema=f"t_{each}")
    return guard


def codes(part: Part) -> list[str]:
    assert part.report is not None, part.error
    return sorted(finding.difference.code for finding in part.report.findings)


def test_many_are_read_at_once_and_say_what_each_says_alone(postgres_database: Database) -> None:
    database = postgres_database
    guard = tenants(database, 5)
    run_sql(
        database,
        "ALTER TABLE t_1.orders DROP COLUMN total",
        "DROP TABLE t_2.lines",
        "DROP INDEX t_3.ix_lines_order_id",
        "ALTER TABLE t_3.orders ADD COLUMN extra text",
        "CREATE SCHEMA t_9",
        "CREATE TABLE t_0.unknown (id integer)",
        "INSERT INTO t_4.lines (id) VALUES (7)",
    )
    parts = list(guard.tenants(database.url, "t_*").check())
    assert [part.name for part in parts] == ["t_0", "t_1", "t_2", "t_3", "t_4", "t_9"]
    for part in parts:
        alone = guard.check(database.url, schema=part.name)
        assert part.report is not None
        assert [each.difference for each in part.report.findings] == [each.difference for each in alone.findings]
        assert part.report.plan == alone.plan, part.name
    satisfied = [part.report is not None and part.report.satisfied for part in parts]
    assert satisfied == [True, False, False, False, False, False]
    assert codes(parts[4]) == ["sequence-behind"]
    repaired = list(guard.tenants(database.url, "t_*").apply())
    assert all(part.report is not None and part.report.satisfied for part in repaired)
    assert codes(repaired[0]) == ["table-unknown"]
    assert repaired[0].report is not None
    assert repaired[0].report.results == (), "nothing was to be done"
    assert tables(database, "t_9") == {"orders", "lines"}


ODD = ["T 2", 't"q', "t'a", "t_%", "t.b", "t,u", "t\\b", "t{x}", "té", "select", "T_1", "t_1", "t" * 63]


@pytest.mark.parametrize("own", [None, "tenant"], ids=["search_path", "schema_translate_map"])
def test_odd_names(postgres_database: Database, own: str | None) -> None:
    """Each is made, read with the others, and repaired; a pattern takes no schema that the models name themselves."""
    database, led = postgres_database, "" if own is None else f"{own}="
    run_sql(database, "CREATE TABLE public.plans (id integer PRIMARY KEY, name text)")
    guard = Guard(models(own=own))
    assert [name for name in ODD if not guard.apply(database.url, schema=led + name).satisfied] == []
    parts = list(guard.tenants(database.url, f"{led}*").check())
    assert sorted(part.name for part in parts) == sorted(ODD)
    assert [part for part in parts if part.report is None or part.report.findings] == []
    quoted = ['"' + name.replace('"', '""') + '"' for name in ODD]
    run_sql(database, *(f"ALTER TABLE {name}.orders DROP COLUMN total" for name in quoted))
    assert {
        part.report is not None and part.report.satisfied for part in guard.tenants(database.url, f"{led}*").check()
    } == {False}
    repaired = list(guard.tenants(database.url, f"{led}*").apply())
    assert [part.name for part in repaired if part.report is None or part.report.findings] == []


def say_the_same(guard: Guard, database: Database, schemas: str | list[str]) -> dict[str, list[str]]:
    """What was read of many at once is what a look at each alone finds."""
    found = {}
    for part in guard.tenants(database.url, schemas).check():
        alone = guard.check(database.url, schema=part.name)
        assert part.report is not None, part.error
        assert {each.difference for each in part.report.findings} == {each.difference for each in alone.findings}
        found[part.name] = codes(part)
    return found


def test_a_batch_of_tenants_that_lack_what_others_have(
    postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """public has all, as a template: what no tenant of the batch has is missing all the same, others have it."""
    database = postgres_database
    with sa.create_engine(database.url).begin() as connection:
        models().create_all(connection)
    guard = Guard(models())
    for schema in ("t_1", "t_2", "t_3"):
        guard.apply(database.url, schema=schema)
    run_sql(database, "DROP TABLE t_3.lines", "CREATE SCHEMA t_4")
    monkeypatch.setattr(tenants_module, "BATCH", 2)
    found = say_the_same(guard, database, "t_*")
    assert [codes.count("table-missing") for codes in found.values()] == [0, 0, 1, 2]
    say_the_same(guard, database, ["public", "t_1", "t_3"])


def test_what_is_of_another_tenant(postgres_database: Database) -> None:
    """A column with another one's enum type, a foreign key that leads to another one's table."""
    database = postgres_database
    guard = tenants(database, 3)
    run_sql(
        database,
        "ALTER TABLE t_1.orders ALTER state DROP DEFAULT, DROP CONSTRAINT ck_total",
        "ALTER TABLE t_1.orders ALTER state TYPE t_2.state USING state::text::t_2.state",
        "DROP TYPE t_1.state",
        "ALTER TABLE t_2.lines DROP CONSTRAINT lines_order_id_fkey",
        "ALTER TABLE t_2.lines ADD FOREIGN KEY (order_id) REFERENCES t_0.orders",
    )
    found = say_the_same(guard, database, "t_*")
    assert found["t_2"] == ["foreign-key-missing", "object-unknown"]
    assert found["t_0"] == []


def test_a_tenant_that_is_called_like_a_column(postgres_database: Database) -> None:
    metadata = sa.MetaData()
    sa.Table("items", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("total", sa.Integer))
    for schema in ("total", "price"):
        run_sql(
            postgres_database,
            f"CREATE SCHEMA {schema}",
            f"CREATE TABLE {schema}.items (id serial PRIMARY KEY, {schema} integer)",
        )
    found = say_the_same(Guard(metadata), postgres_database, ["total", "price"])
    assert found == {"total": [], "price": ["column-missing", "column-unknown"]}


def test_a_tenant_that_is_dropped_meanwhile_is_not_made_again(
    postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = postgres_database
    guard = tenants(database, 4)
    run_sql(database, "DROP TABLE t_1.lines", "DROP TABLE t_2.lines")
    monkeypatch.setattr(tenants_module, "BATCH", 3)
    parts = guard.tenants(database.url, "t_*").apply()
    names = [next(parts).name]
    run_sql(database, "DROP SCHEMA t_2 CASCADE", "DROP SCHEMA t_3 CASCADE")
    names += [part.name for part in parts]
    assert names == ["t_0", "t_1"]
    assert tables(database, "t_2") == tables(database, "t_3") == set()


def test_one_that_fails_stops_no_other(postgres_database: Database) -> None:
    database = postgres_database
    guard = tenants(database, 3)
    run_sql(
        database,
        "CREATE TYPE public.other AS (x integer)",
        *(f"ALTER TABLE t_{each}.orders DROP COLUMN total" for each in range(3)),
        "CREATE ROLE worker LOGIN",
        *(f"GRANT ALL ON SCHEMA t_{each} TO worker" for each in range(3)),
        *(f"ALTER TABLE t_{each}.orders OWNER TO worker" for each in (0, 2)),
        "GRANT SELECT ON ALL TABLES IN SCHEMA t_0, t_1, t_2, public TO worker",
    )
    url = sa.make_url(database.url).set(username="worker")
    try:
        parts = list(guard.tenants(url, ["t_0", "t_1", "t_2"]).apply())
        total = [
            any(each.difference.object == "orders.total" for each in part.report.findings)
            for part in parts
            if part.report
        ]
        assert total == [False, True, False]
    finally:
        run_sql(database, "REASSIGN OWNED BY worker TO postgres", "DROP OWNED BY worker", "DROP ROLE worker")


def test_a_declared_schema_stands_for_the_tenant(postgres_database: Database) -> None:
    database = postgres_database
    metadata = models(own="tenant")
    guard = Guard(metadata)
    assert guard.apply(database.url, schema="tenant=a_1").satisfied
    assert guard.apply(database.url, schema="tenant=a_2").satisfied
    assert (tables(database, "a_1"), tables(database, "tenant")) == ({"orders", "lines"}, set())
    works(database, metadata, "a_2", "tenant")
    run_sql(database, "DROP TABLE a_1.lines")
    parts = list(guard.tenants(database.url, "tenant=a_*").check())
    assert [codes(part) for part in parts] == [["table-missing"], []]


def test_the_command_line(
    postgres_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    database = postgres_database
    tenants(database, 4)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "house.py").write_text("from tests.postgresql.test_tenants import models\nmetadata = models()\n")
    run_sql(database, *(f"ALTER TABLE t_{each}.orders DROP COLUMN total" for each in (1, 3)))

    def call(*arguments: str) -> tuple[int, str]:
        code = run([arguments[0], "house:metadata", "--url", database.url, "--each-schema", "t_*", *arguments[1:]])
        return code, capfd.readouterr().out

    code, out = call("check")
    assert code == 1
    assert "orders.total" in out
    assert "in 2 schemas: t_1, t_3" in out
    assert out.splitlines()[-1].startswith("4 schemas: 2 satisfied, 2 with differences · ")
    code, out = call("plan")
    assert (code, out.count("ADD COLUMN total")) == (0, 1)
    assert "plan of schema t_1, the same in 1 more: t_3\nschema t_1 · postgresql" in out
    assert " exit 1" not in out, "a plan that was written is no failure"
    code, out = call("plan", "--format", "json")
    found = json.loads(out)
    assert [(each["schema"], len(each["steps"]) > 0) for each in found["schemas"]] == [
        ("t_0", False),
        ("t_1", True),
        ("t_2", False),
        ("t_3", True),
    ]
    assert call("apply", "--dry-run")[0] == 0
    code = run(["apply", "house:metadata", "--url", database.url, "--each-schema", "t_*"])
    out, log = capfd.readouterr()
    assert "schema-guard: schema t_3: added column orders.total, " in log
    assert (code, out.splitlines()[-1].partition(" · ")[0]) == (0, "4 schemas: 4 satisfied")
    assert call("check", "-q")[1].count("\n") == 1
    run_sql(
        database, "ALTER TABLE t_1.orders ADD must INTEGER NOT NULL", "ALTER TABLE t_2.orders ADD may INTEGER NOT NULL"
    )
    code, out = call("plan")
    assert (code, out.count("plan of schema "), "the same in" in out) == (0, 2, False), "refusals differ"
    assert run(["check", "house:metadata", "--url", database.url, "--each-schema", "own=t_*"]) == 2
    assert "no table of the models has the schema 'own': leave 'own=' out" in capfd.readouterr().err
    assert run(["check", "house:metadata", "--url", database.url, "--each-schema", "x_*"]) == 2
    assert "no schema of the database is named x_*" in capfd.readouterr().err
    assert run(["check", "house:metadata", "--url", "sqlite:///x.db", "--each-schema", "x_*"]) == 2
    assert "a schema for each tenant is known of PostgreSQL, not of sqlite" in capfd.readouterr().err


def test_two_sign_ups_of_one_tenant(postgres_database: Database) -> None:
    database = postgres_database
    guard = tenants(database, 1)
    with ThreadPoolExecutor(3) as pool:
        reports = list(pool.map(lambda _: guard.apply(database.url, schema="t_7"), range(3)))
    assert [report.satisfied for report in reports] == [True] * 3
    assert tables(database, "t_7") == {"orders", "lines"}


def test_what_cannot_be_made_at_once_is_made_step_by_step(postgres_database: Database) -> None:
    database = postgres_database
    guard = tenants(database, 1)
    run_sql(
        database,
        "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$",
        "CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION refuse()",
    )
    report = guard.apply(database.url, schema="t_7")
    assert [finding.difference.object for finding in report.findings] == ["lines.ix_lines_order_id"]
    assert tables(database, "t_7") == {"orders", "lines"}
    works(database, models(), "t_7")
    run_sql(database, "DROP EVENT TRIGGER refuse")
    assert guard.apply(database.url, schema="t_7").satisfied


def reading(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each reading of the catalog from now on, whether it left out what tables have."""
    reads: list[bool] = []
    read = CatalogReader.read

    def noted(self: CatalogReader, scope: Mapping[str, object], *, without: Sequence[str] = ()) -> list[Row]:
        reads.append("tables" in without)
        return read(self, scope, without=without)

    monkeypatch.setattr(CatalogReader, "read", noted)
    return reads


@pytest.mark.parametrize("schema", ["t_7", None])
def test_what_tables_have_is_not_asked_where_there_are_none(
    schema: str | None, postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes longest; one table that is there is enough to ask."""
    database, guard, reads = postgres_database, Guard(models(shared=None)), reading(monkeypatch)
    missing = guard.check(database.url, schema=schema)
    assert {finding.difference.code for finding in missing.findings} >= {"table-missing"}
    assert reads == [True]
    assert guard.apply(database.url, schema=schema).satisfied
    run_sql(database, f"DROP TABLE {schema or 'public'}.lines, {schema or 'public'}.plans CASCADE")
    reads.clear()
    found = guard.check(database.url, schema=schema)
    assert [each.difference.key for each in found.findings if each.difference.code == "foreign-key-missing"]
    assert reads == [False]


def test_a_schema_that_somebody_makes_meanwhile_is_read(postgres_database: Database) -> None:
    """What is in a schema is not asked for where it was not there a moment ago; that it is there now is noticed."""
    guard = Guard(models(shared=None))._once()
    with closing(open_session(Tenant(postgres_database.url, "t_7"))) as session:
        for made, taken in (([], set()), (["CREATE SCHEMA t_7", "CREATE SEQUENCE t_7.numbers"], {"numbers"})):
            session.locate(*guard.source.names(session.dialect))
            run_sql(postgres_database, *made)
            actual = session.inspect(guard.source.expect(session.dialect))
            assert {each.name.name for each in actual.sequences} == taken
            assert set(actual.schemas) == ({"t_7"} if made else set())


def test_what_is_settled_again_is_what_is_settled_once(postgres_database: Database) -> None:
    """Parts that are the same for each tenant are not gone through again."""
    source = Guard(models(shared="audit", own="tenant")).source
    again = Once(source)
    for name in (*ODD, *ODD):
        with closing(open_session(Tenant(postgres_database.url, name, "tenant"))) as session:
            session.locate(*again.names(session.dialect))
            assert again.expect(session.dialect) == Once(source).expect(session.dialect)


def test_a_new_tenant_is_made_and_looked_at_once(postgres_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is tried before, and the catalog is not read again, where nothing but the statements acts on DDL."""
    database = postgres_database
    guard = tenants(database, 1)
    reads = reading(monkeypatch)
    report = guard.apply(database.url, schema="t_7")
    assert (report.satisfied, report.findings, len(reads)) == (True, (), 1)
    assert guard.check(database.url, schema="t_7").findings == ()


def test_an_event_trigger_may_undo_what_was_made(postgres_database: Database) -> None:
    database = postgres_database
    guard = tenants(database, 1)
    run_sql(
        database,
        "CREATE FUNCTION undo() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN"
        " DROP INDEX IF EXISTS t_7.ix_lines_order_id; END $$",
        "CREATE EVENT TRIGGER undo ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION undo()",
    )
    report = guard.apply(database.url, schema="t_7")
    assert [finding.difference.object for finding in report.findings] == ["lines.ix_lines_order_id"]


def test_a_publication_of_all_tables_may_lack_what_it_needs(postgres_database: Database) -> None:
    """Nothing says so before the table is there; then an UPDATE fails."""
    metadata = sa.MetaData()
    sa.Table("logs", metadata, sa.Column("line", sa.Text))
    run_sql(postgres_database, "CREATE PUBLICATION everything FOR ALL TABLES")
    guard = Guard(metadata)
    applied = guard.apply(postgres_database.url, schema="t_7")
    looked = guard.check(postgres_database.url, schema="t_7")
    assert [each.difference.code for each in applied.findings] == [each.difference.code for each in looked.findings]
    assert "replica-identity-unfit" in {each.difference.code for each in applied.findings}


SIGN_UP = """
import sys
from schema_guard import Guard
from tests.postgresql.test_tenants import models
Guard(models()).apply(sys.argv[1], schema="t_7")
"""


def test_killed_in_the_middle_of_a_sign_up(postgres_database: Database) -> None:
    """Nothing of the schema is there; another apply makes it."""
    database = postgres_database
    guard = tenants(database, 1)
    run_sql(
        database,
        "CREATE FUNCTION wait() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); END $$",
        "CREATE EVENT TRIGGER wait ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION wait()",
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", SIGN_UP, database.url], env=environment) as process:
        with database.connect() as connection:
            sleeping = "pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
            wait_until(connection, f"SELECT count(*) > 0 FROM {sleeping}")
            process.send_signal(signal.SIGKILL)
            process.wait()
            connection.execute(f"SELECT pg_terminate_backend(pid) FROM {sleeping}".encode())
            connection.execute("DROP EVENT TRIGGER wait")
    assert fetched(database, "SELECT nspname FROM pg_namespace WHERE nspname = 't_7'") == []
    assert guard.apply(database.url, schema="t_7").satisfied
    works(database, models(), "t_7")


def test_forty_of_which_some_have_drifted(postgres_database: Database) -> None:
    """A small run of benchmarks/tenants.py, which asserts that exactly these are repaired."""
    metadata, engine = benchmark.models(3), sa.create_engine(postgres_database.url)
    benchmark.fill(engine, metadata, 40)
    said = benchmark.repaired(engine, postgres_database.url, metadata, 40, 10)
    assert said.startswith("4 of 40 lacked something: these alone were repaired")


APPLY = """
import sys
from schema_guard import Guard
from tests.postgresql.test_tenants import models
list(Guard(models()).tenants(sys.argv[1], "t_*").apply())
"""


def test_killed_between_two_tenants(postgres_database: Database) -> None:
    """kill -9: what was repaired is not repaired again, and nothing is lost."""
    database = postgres_database
    guard = tenants(database, 6)
    run_sql(database, *(f"ALTER TABLE t_{each}.orders DROP COLUMN total" for each in range(6)))
    repaired = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'total'"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", APPLY, database.url], env=environment) as process:
        with database.connect() as connection:
            wait_until(connection, f"SELECT ({repaired}) >= 2")
        process.send_signal(signal.SIGKILL)
    lacking = [
        part.name for part in guard.tenants(database.url, "t_*").check() if part.report and not part.report.satisfied
    ]
    parts = list(guard.tenants(database.url, "t_*").apply())
    assert [part.name for part in parts if part.report is not None and part.report.results] == lacking
    assert all(part.report is not None and part.report.satisfied for part in parts)


LARGE_CATALOGS = re.compile(r"Seq Scan on pg_(class|type|attribute|attrdef|constraint|index|depend|sequence)\b.*")


def test_what_is_asked_of_one_does_not_read_the_catalog_of_all(postgres_database: Database) -> None:
    """Every query finds its rows by an index, however many schemas there are: a sign-up costs the same."""
    database = postgres_database
    run_sql(database, "CREATE TABLE plans (id serial PRIMARY KEY, name text)")
    run_sql(database, OTHERS, "ANALYZE")
    guard = Guard(models())
    assert guard.apply(database.url, schema="t_7").satisfied
    run_sql(database, f"ALTER DATABASE {database.name} SET log_statement = 'all'")
    log = ServerLog(database)
    assert guard.check(database.url, schema="t_7").satisfied
    assert all(part.report and part.report.satisfied for part in guard.tenants(database.url, ["t_7"]).check())
    run_sql(database, "ALTER TABLE t_7.orders DROP COLUMN total")
    assert guard.apply(database.url, schema="t_7").satisfied
    assert guard.apply(database.url, schema="t_new").satisfied
    asked = [text for _, text in sent(log, database) if re.match(r"\(?(SELECT|WITH)\b", text) and "$1" not in text]
    assert any("pg_attrdef" in statement for statement in asked)
    with database.connect() as connection:
        connection.execute("SET search_path = ''")
        # In a catalog as small as this one the planner prefers to hash a table that it could look up.
        connection.execute("SET enable_hashjoin = off")
        connection.execute("SET enable_mergejoin = off")
        for statement in asked:
            plan = [line for (line,) in connection.execute("EXPLAIN " + statement).fetchall()]
            assert not [line for line in plan if LARGE_CATALOGS.search(line)], statement[:400]


OTHERS = """
DO $$
BEGIN
  FOR i IN 1..150 LOOP
    EXECUTE format('CREATE SCHEMA t_%s', i);
    EXECUTE format('CREATE TYPE t_%s.state AS ENUM (''new'', ''done'')', i);
    FOR j IN 1..5 LOOP
      EXECUTE format('CREATE TABLE t_%s.other_%s (id serial PRIMARY KEY, state t_%s.state DEFAULT ''new'', '
                     'CHECK (id > 0))', i, j, i);
    END LOOP;
  END LOOP;
END $$
"""
