"""How long a check of a satisfied database takes, beside its peers, all in one run: only the ratios carry over.

    python -m benchmarks.check [--url postgresql+psycopg://..] [--tables 10 100 1000] [--rounds 5]

Without --url it measures on SQLite, in a temporary file. The database that --url names must be one to spare: the
benchmark's tables are made in a schema of their own (PostgreSQL) and removed afterwards.
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

SCHEMA = "schema_guard_benchmark"


@contextmanager
def place(url: str | None) -> Iterator[sa.Engine]:
    """An engine on an empty place of its own."""
    if url is None:
        with tempfile.TemporaryDirectory() as folder:
            yield sa.create_engine(f"sqlite:///{Path(folder) / 'benchmark.db'}")
        return
    admin = sa.create_engine(url)
    with admin.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
    try:
        yield sa.create_engine(sa.make_url(url).update_query_dict({"options": f"-csearch_path={SCHEMA}"}))
    finally:
        with admin.begin() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {SCHEMA} CASCADE")


def median(work: Callable[[], object], rounds: int) -> float:
    """Milliseconds; the first, cold round does not count."""
    work()
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begun) * 1000)
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
    ours = median(lambda: guard.check(engine), rounds)
    peer = median(lambda: alembic_compare(engine, metadata), rounds)
    reflected = median(lambda: reflect(engine), rounds)
    metadata.drop_all(engine)
    return [f"{tables:,}", f"{ours:,.0f}", f"{peer:,.0f}", f"{reflected:,.0f}", f"{peer / ours:.1f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url")
    parser.add_argument("--tables", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    shown = Table("tables", "schema-guard check, ms", "alembic compare_metadata, ms", "reflect, ms", "alembic / guard")
    with place(arguments.url) as engine:
        for tables in arguments.tables:
            shown.add_row(*measure(engine, tables, arguments.rounds))
    Console().print(shown)


if __name__ == "__main__":
    main()
