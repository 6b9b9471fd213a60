"""A fleet on Dask: a scheduler and two workers as processes of their own. One worker is killed, then the other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from distributed import Client

from schema_guard import Guard
from schema_guard.fleet import Fleet
from schema_guard.fleet.order import Result
from tests.postgres.database import Database, wait_until

PATIENCE = 120
NUMBER = 10
WORKING = """
pg_stat_activity JOIN pg_locks USING (pid)
WHERE datname = current_database() AND locktype = 'advisory' AND granted
"""
"""The worker that has the guard lock: another session keeps it from adding the column."""


class Cluster:
    """Programs as a person starts them; the workers have no nanny, so one that is killed stays away."""

    def __init__(self, place: Path) -> None:
        self._file = place / "scheduler.json"
        arguments = ("--port", "0", "--host", "127.0.0.1", "--idle-timeout", "300s")
        self.scheduler = self._start("scheduler", *arguments)
        self.workers = {
            name: self._start("worker", "--name", name, "--nthreads", "1", "--no-nanny", name=name)
            for name in ("first", "second")
        }

    def client(self) -> Client:
        client = Client(scheduler_file=str(self._file))  # type: ignore[no-untyped-call]
        client.wait_for_workers(2, timeout=PATIENCE)
        return client

    def _start(self, program: str, *arguments: str, name: str = "") -> subprocess.Popen[bytes]:
        """`name` is what pg_stat_activity calls it. It runs where no module of the tests can be imported."""
        line = [sys.executable, "-m", f"distributed.cli.dask_{program}", "--scheduler-file", str(self._file)]
        environment = {**os.environ, "PGAPPNAME": name}
        line += ["--no-dashboard", *arguments]
        return subprocess.Popen(line, env=environment, cwd=self._file.parent, stderr=subprocess.DEVNULL)

    def kill(self, *processes: subprocess.Popen[bytes]) -> None:
        for process in processes:
            process.kill()
            process.wait(PATIENCE)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    (tmp_path / "dask").mkdir()
    cluster = Cluster(tmp_path / "dask")
    yield cluster
    cluster.kill(*cluster.workers.values(), cluster.scheduler)


@pytest.fixture
def client(cluster: Cluster) -> Iterator[Client]:
    client = cluster.client()
    yield client
    client.close(timeout=1)  # type: ignore[no-untyped-call]


def metadata() -> sa.MetaData:
    found = sa.MetaData()
    sa.Table(
        "orders",
        found,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("total", sa.Integer, server_default="7"),
        sa.Index("ix_orders_total", "total"),
    )
    return found


def drifted(url: str) -> str:
    """A database whose table has three rows and lacks a column and its index."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY)")
        connection.exec_driver_sql("INSERT INTO orders VALUES (1), (2), (3)")
    engine.dispose()
    return url


def whole(url: str) -> bool:
    """The table is as the models have it, each thing once, and the rows are what they were."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        seen = sa.inspect(connection)
        columns = [column["name"] for column in seen.get_columns("orders")]
        indexes = [index["column_names"] for index in seen.get_indexes("orders")]
        rows = [tuple(row) for row in connection.exec_driver_sql("SELECT id, total FROM orders ORDER BY id")]
    engine.dispose()
    return (columns, indexes, rows) == (["id", "total"], [["total"]], [(1, 7), (2, 7), (3, 7)])


def executor_of(client: Client) -> Executor:
    found: Executor = client.get_executor()  # type: ignore[no-untyped-call]
    return found


@contextmanager
def running(fleet: Fleet, client: Client, state: Path) -> Iterator[list[Result]]:
    """An apply on both workers, while the body runs; afterwards its results stand in the list."""
    results: list[Result] = []
    executor = executor_of(client)
    with ThreadPoolExecutor(1) as beside:
        ran = beside.submit(fleet.apply, executor=executor, concurrency=2, state=state, patience=PATIENCE / 2)
        yield results
        results += ran.result(PATIENCE)


def files(tmp_path: Path) -> list[str]:
    return [drifted(f"sqlite:///{tmp_path}/{number}.db") for number in range(NUMBER)]


@pytest.mark.newest_postgres
def test_a_worker_is_killed_in_the_middle_of_a_repair(
    cluster: Cluster, client: Client, tmp_path: Path, postgres_database: Database
) -> None:
    """The database that it worked on is repaired by the other one."""
    urls = [drifted(postgres_database.url), *files(tmp_path)]
    fleet, state = Fleet(Guard(metadata()), urls), tmp_path / "state"
    with postgres_database.connect(autocommit=False) as holder, postgres_database.connect() as connection:
        holder.execute("LOCK TABLE orders IN ACCESS SHARE MODE")
        with running(fleet, client, state) as results, closing(holder):
            wait_until(connection, f"SELECT count(*) = 1 FROM {WORKING}")
            ((name,),) = connection.execute(f"SELECT application_name FROM {WORKING}".encode()).fetchall()
            cluster.kill(cluster.workers[name])
    assert len(results) == len({result.name for result in results}) == len(urls)
    assert [result.message for result in results if not result.satisfied] == []
    assert len(state.read_text().splitlines()) == len(urls), "none was done twice"
    assert all(whole(url) for url in urls)
    assert all(result.satisfied for result in fleet.check())

    cluster.kill(*(worker for worker in cluster.workers.values() if worker.poll() is None))
    results = fleet.apply(executor=executor_of(client), concurrency=2, patience=0.5)
    assert (len(results), fleet.halted.left) == (0, len(urls)), "Dask waits for other workers, and the run does not"
    assert fleet.halted.reason == "there was no result for 0.5 s"
