"""What a check of a satisfied database takes within a running process, the first time and asked again, beside its
peers, all in one run: only the ratios carry over. The server's own time is not counted.

    python -m benchmarks.check [--url postgresql+psycopg://..] [--tables 10 100 1000] [--rounds 5]

Without --url it measures on SQLite, in a temporary file. With it, it makes a database of its own on that server, and
removes it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from rich.console import Console
from rich.table import Table

from benchmarks.models import models
from schema_guard import Guard

DATABASE = "schema_guard_benchmark"


@contextmanager
def place(url: str | None) -> Iterator[sa.Engine]:
    """An engine on an empty place of its own."""
    if url is None:
        with tempfile.TemporaryDirectory() as folder:
            yield sa.create_engine(f"sqlite:///{Path(folder) / 'benchmark.db'}")
        return
    with database(url) as engine:
        yield engine


@contextmanager
def database(url: str, name: str = DATABASE) -> Iterator[sa.Engine]:
    """An empty database of its own, on that server."""
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        yield sa.create_engine(admin.url.set(database=name), poolclass=sa.NullPool)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def median(work: Callable[[], object], rounds: int) -> float:
    """Milliseconds of the processor; the first, cold round does not count."""
    work()
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        taken.append((time.process_time() - begun) * 1000)
    return statistics.median(taken)


def alembic_compare(engine: sa.Engine, metadata: sa.MetaData) -> None:
    options = {"compare_type": True, "compare_server_default": True}
    with engine.connect() as connection:
        compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def reflect(engine: sa.Engine) -> None:
    sa.MetaData().reflect(engine)


def measure(engine: sa.Engine, tables: int, rounds: int) -> list[str]:
    metadata = models(tables)
    metadata.create_all(engine)
    guard = Guard(metadata)
    if not guard.check(engine).satisfied:
        raise SystemExit("the database that the models made does not satisfy them")
    first = median(lambda: Guard(metadata).check(engine), rounds)
    again = median(lambda: guard.check(engine), rounds)
    peer = median(lambda: alembic_compare(engine, metadata), rounds)
    reflected = median(lambda: reflect(engine), rounds)
    times = [f"{taken:,.0f}" for taken in (first, again, peer, reflected)]
    return [f"{tables:,}", *times, f"{peer / first:.1f}", f"{peer / again:.1f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url")
    parser.add_argument("--tables", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    columns = ("check, ms", "asked again, ms", "alembic compare_metadata, ms", "reflect, ms")
    shown = Table("tables", *columns, "alembic / check", "alembic / asked again")
    for tables in arguments.tables:
        with place(arguments.url) as engine:
            shown.add_row(*measure(engine, tables, arguments.rounds))
    Console().print(shown)


if __name__ == "__main__":
    main()
