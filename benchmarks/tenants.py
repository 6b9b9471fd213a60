"""One PostgreSQL with a schema for each of many tenants: all of them checked, beside one alone and Alembic's compare.

    python -m benchmarks.tenants [--url postgresql+psycopg://..] [--schemas 100 1000] [--tables 50] [--drifted 5]

Without --url it starts a server of its own. The database that --url names must be one to spare: the schemas that it
makes are called bench_0000 and so on, and stay there. Each check runs in a process of its own, whose processor time and
peak memory are counted, and its connections. Then a new tenant is made, as at a sign-up. At the end a part of the
tenants loses a column and an index, twice: apply repairs it; and another apply is killed (SIGKILL) in the middle and
run again.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from schema_guard import Guard

OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
LACKING = """
SELECT n.nspname FROM pg_namespace n, (VALUES ('column'), ('check'), ('index')) lost (kind)
WHERE n.nspname LIKE 'bench\\_%' AND NOT CASE kind
    WHEN 'index' THEN EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid AND relname = 'ix_table_1_name')
    WHEN 'check' THEN EXISTS (SELECT FROM pg_constraint WHERE connamespace = n.oid AND conname = 'ck_2')
    ELSE EXISTS (SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = n.oid AND c.relname = 'table_2' AND a.attname = 'amount') END
"""
"""A row for each thing that `drift` drops and that is not there."""


def models(tables: int) -> sa.MetaData:
    """Tables of 8 columns with an index, a foreign key and a CHECK each, and an enum type for all."""
    metadata = sa.MetaData()
    state = sa.Enum("draft", "open", "done", name="state")
    for number in range(tables):
        sa.Table(
            f"table_{number}",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String(64), nullable=False, index=True),
            sa.Column("state", state, server_default="draft", nullable=False),
            sa.Column("created_at", sa.DateTime, server_default=sa.func.now()),
            sa.Column("amount", sa.Numeric(10, 2)),
            sa.Column("data", sa.JSON),
            sa.Column("flag", sa.Boolean, server_default=sa.false()),
            sa.Column("parent", sa.ForeignKey(f"table_{number // 2}.id")),
            sa.CheckConstraint("amount > 0 OR name <> ''", name=f"ck_{number}"),
        )
    return metadata


def script(metadata: sa.MetaData) -> str:
    """What create_all runs, as one text."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    lines = ["CREATE TYPE state AS ENUM ('draft', 'open', 'done')"]
    for table in metadata.sorted_tables:
        lines.append(str(CreateTable(table).compile(dialect=dialect)))
        lines += [str(sa.schema.CreateIndex(index).compile(dialect=dialect)) for index in table.indexes]
    return ";\n".join(lines).replace("%%", "%")


def fill(engine: sa.Engine, metadata: sa.MetaData, schemas: int) -> None:
    """Make those that are not there yet."""
    text = script(metadata)
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        there = {str(name) for (name,) in driver.execute("SELECT nspname FROM pg_namespace").fetchall()}
        for number in range(schemas):
            name = f"bench_{number:04}"
            if name in there:
                continue
            driver.execute(f"CREATE SCHEMA {name}")
            driver.execute(f"SET search_path = {name}")
            driver.execute(text)
            driver.commit()
        driver.commit()
        driver.autocommit = True
        driver.execute("ANALYZE")


def one_alone(url: str, metadata: sa.MetaData) -> None:
    assert Guard(metadata).check(url, schema="bench_0001").satisfied


def all_of_them(url: str, metadata: sa.MetaData, schemas: int) -> None:
    parts = Guard(metadata).tenants(url, names_of(schemas)).check()
    found = Counter(part.report is not None and part.report.satisfied for part in parts)
    assert found == {True: schemas}, found


def alembic(url: str, metadata: sa.MetaData) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    engine = sa.create_engine(url, connect_args={"options": "-csearch_path=bench_0001"})
    with engine.connect() as connection:
        opts = {"compare_type": True, "compare_server_default": True}
        compare_metadata(MigrationContext.configure(connection, opts=opts), metadata)


def process(url: str, what: str, tables: int, schemas: int) -> subprocess.Popen[bytes]:
    line = [sys.executable, "-m", "benchmarks.tenants", "--url", url, "--tables", str(tables), "--only", what]
    return subprocess.Popen([*line, "--schemas", str(schemas)])


def measured(engine: sa.Engine, url: str, what: str, tables: int, schemas: int) -> tuple[float, float, int, int]:
    """Wall seconds, seconds of the processor, megabytes of peak memory and the most connections seen at once, of a
    process that does it alone, its start and its imports with it.
    """
    with engine.connect() as connection:
        before = connections = connection.scalar(sa.text(OTHERS)) or 0
        begun, running = time.perf_counter(), process(url, what, tables, schemas)
        while not (ended := os.wait4(running.pid, os.WNOHANG))[0]:
            connections = max(connections, connection.scalar(sa.text(OTHERS)) or 0)
            time.sleep(0.02)
        wall, (_, running.returncode, used) = time.perf_counter() - begun, ended
    assert running.returncode == 0
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024, connections - before


def do_here(url: str, what: str, metadata: sa.MetaData, schemas: int) -> None:
    if what == "all":
        all_of_them(url, metadata, schemas)
    elif what == "apply":
        deque(Guard(metadata).tenants(url, names_of(schemas)).apply(), maxlen=0)
    elif what == "one":
        one_alone(url, metadata)
    else:
        alembic(url, metadata)


def names_of(schemas: int) -> list[str]:
    return [f"bench_{number:04}" for number in range(schemas)]


def drift(engine: sa.Engine, schemas: int, percent: int) -> list[str]:
    """Drop a column, with the CHECK on it, and an index of a part of the tenants."""
    drifted = names_of(schemas)[:: max(1, 100 // percent)]
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for name in drifted:
            connection.exec_driver_sql(f"ALTER TABLE {name}.table_2 DROP COLUMN amount")
            connection.exec_driver_sql(f"DROP INDEX {name}.ix_table_1_name")
    return drifted


def changed_by_apply(url: str, metadata: sa.MetaData, schemas: int) -> list[str]:
    """Apply on all; the schemas in which a step changed something."""
    parts = list(Guard(metadata).tenants(url, names_of(schemas)).apply())
    assert all(part.report is not None and part.report.satisfied for part in parts)
    return [part.name for part in parts if part.report and any(result.changed for result in part.report.results)]


def repaired(engine: sa.Engine, url: str, metadata: sa.MetaData, schemas: int, percent: int) -> str:
    """Apply has to repair exactly those that drifted."""
    drifted = drift(engine, schemas, percent)
    begun = time.perf_counter()
    assert changed_by_apply(url, metadata, schemas) == drifted
    seconds = time.perf_counter() - begun
    return f"{len(drifted)} of {schemas:,} lacked something: these alone were repaired, in {seconds:,.1f} s"


def killed(engine: sa.Engine, url: str, metadata: sa.MetaData, given: argparse.Namespace) -> str:
    """An apply that is killed in the middle, and the next one, which repairs what is left and nothing else."""
    schemas = given.schemas[-1]
    drifted = drift(engine, schemas, given.drifted)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:

        def lacking() -> list[str]:
            return sorted(connection.scalars(sa.text(LACKING)))

        lost, before = len(lacking()), connection.scalar(sa.text(OTHERS))
        with process(url, "apply", given.tables, schemas) as running:
            while len(lacking()) > lost // 2:
                assert running.poll() is None
                time.sleep(0.02)
            running.kill()
        while connection.scalar(sa.text(OTHERS)) > before:  # the server ends the session of a process that is gone
            time.sleep(0.02)
        left = lacking()
        assert 0 < len(left) <= lost // 2
        assert changed_by_apply(url, metadata, schemas) == sorted(set(left))
        assert not lacking()
    assert not changed_by_apply(url, metadata, schemas)
    return (
        f"killed when {len(drifted) - len(set(left))} of {len(drifted)} were repaired: the next run repaired the others"
    )


def signed_up(engine: sa.Engine, metadata: sa.MetaData, rounds: int) -> str:
    """A new tenant in a process that runs already, as at a sign-up; and the same DDL alone, in one transaction.

    Both on a new connection, whose server process knows no catalog yet; only the guard's time counts connecting.
    """
    guard, ddl = Guard(metadata), script(metadata)
    times: dict[str, list[float]] = {"guard": [], "ddl": []}
    new = sa.create_engine(engine.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        for number in range(rounds):
            with new.connect() as other:
                alone = other.connection.driver_connection
                assert alone is not None
                begun = time.perf_counter()
                alone.execute(f"BEGIN; CREATE SCHEMA new_tenant; SET LOCAL search_path = new_tenant; {ddl}; COMMIT")
                times["ddl"].append(time.perf_counter() - begun)
            driver.execute("DROP SCHEMA new_tenant CASCADE")
            name = f"new_tenant_{number}"
            begun = time.perf_counter()
            assert guard.apply(engine, schema=name).satisfied
            times["guard"].append(time.perf_counter() - begun)
            driver.execute(f"DROP SCHEMA {name} CASCADE")
    ddl_alone, guarded = (statistics.median(times[what]) * 1000 for what in ("ddl", "guard"))
    return f"a new tenant of {len(metadata.tables)} tables: {guarded:,.0f} ms, {ddl_alone:,.0f} ms of it the DDL"


@contextmanager
def place(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    from tests.postgres.binaries import NEWEST
    from tests.postgres.cluster import make_room, start, stop_all

    room = make_room()
    try:
        yield start(NEWEST, room).url()
    finally:
        stop_all(room)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url")
    parser.add_argument("--schemas", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--tables", type=int, default=50)
    parser.add_argument("--drifted", type=int, default=5, help="per cent")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    given = parser.parse_args()
    metadata = models(given.tables)
    if given.only:
        do_here(given.url, given.only, metadata, given.schemas[0])
        return
    from rich.console import Console
    from rich.table import Table

    shown = Table("schemas", "what", "seconds", "of the processor", "ms for each", "MB at its peak", "connections")
    with place(given.url) as url:
        engine = sa.create_engine(url)
        for schemas in given.schemas:
            fill(engine, metadata, schemas)
            for what, number in (("one", 1), ("alembic", 1), ("all", schemas)):
                wall, processor, memory, connections = measured(engine, url, what, given.tables, schemas)
                each, seconds = f"{wall * 1000 / number:,.1f}", (f"{wall:.2f}", f"{processor:.2f}")
                shown.add_row(f"{schemas:,}", what, *seconds, each, f"{memory}", f"{connections}")
        Console().print(shown)
        for tables in (10, given.tables):
            Console().print(signed_up(engine, models(tables), 9))
        engine.dispose()
        Console().print(repaired(engine, url, metadata, given.schemas[-1], given.drifted))
        Console().print(killed(engine, url, metadata, given))


if __name__ == "__main__":
    main()
