"""What a run on 100,000 databases takes, on paper: the real Fleet, and an executor that only adds up measured times.

    python -m benchmarks.fleet [--databases 100000] [--tables 50] [--drifted 5] [--unreachable 1]

First it measures one database of a PostgreSQL server of its own: to identify it, to find that nothing is missing, to
repair a column and an index. Then every database of the fleet takes these times on a clock that nobody waits for: each
of so many workers takes the next one as soon as it is free. Where a database cannot be reached, each attempt takes
--timeout. What the program itself needs for its list, its state, its results and its report is really done, and its
seconds and megabytes are those of this machine.
"""

from __future__ import annotations

import argparse
import heapq
import pickle
import resource
import tempfile
import time
import zlib
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from benchmarks.tenants import models, place, script
from schema_guard import Guard
from schema_guard.execute.limits import Limits
from schema_guard.fleet import Fleet
from schema_guard.fleet.order import Identity, Order, Result, identify, work
from schema_guard.hidden import without_password
from schema_guard.render.fleet import fleet_lines
from schema_guard.render.line import plain

WORKERS = (4, 16, 64, 256)
ROUNDS = 20


@dataclass(frozen=True)
class Taken:
    """Seconds that pass, and seconds of the processor of the client."""

    wall: float
    processor: float


@dataclass(frozen=True)
class Measured:
    identify: Taken
    nothing: Taken
    repair: Taken


def taken(call: Callable[[], object]) -> Taken:
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return Taken(time.perf_counter() - wall, time.process_time() - processor)


def median(call: Callable[[], object], before: Callable[[], object] = lambda: None) -> Taken:
    """The middle one of several, after one that is not counted."""
    found = []
    for _ in range(ROUNDS + 1):
        before()
        found.append(taken(call))
    return sorted(found[1:], key=lambda one: one.wall)[ROUNDS // 2]


def order_of(url: str, fleet: Fleet) -> Order:
    return Order("one", url, "apply", zlib.compress(fleet._expectations.encode()), Limits())


def measure(url: str, fleet: Fleet, metadata: sa.MetaData) -> Measured:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")

    def run(text: str) -> None:
        with engine.connect() as connection:
            driver = cast(Any, connection.connection.driver_connection)
            driver.execute(text)

    def drift() -> None:
        run("ALTER TABLE table_2 DROP COLUMN amount; DROP INDEX ix_table_1_name")

    run(script(metadata))
    order = order_of(url, fleet)
    nothing = median(lambda: work(order))
    found = Measured(median(lambda: identify(order)), nothing, median(lambda: work(order), drift))
    assert work(order).satisfied
    engine.dispose()
    return found


class OnPaper(Executor):
    """Workers whose calls take what they were measured to take, on a clock of their own."""

    def __init__(self, workers: int, seconds: Measured, given: argparse.Namespace) -> None:
        self._free = [0.0] * workers
        self._seconds, self._given = seconds, given
        self._last: object = None
        self.processor = self.end = 0.0
        self.connections = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:
        order = cast(Order, args[0])
        number = int(order.name)
        unreachable = number % 100 < self._given.unreachable
        drifted = (number // 100) % 100 < self._given.drifted
        again = fn is work and unreachable
        if (fn, again) != self._last:  # all have ended before the next round
            self._free, self._last = [self.end] * len(self._free), (fn, again)
        cost = self._cost(fn is identify, unreachable, drifted)
        heapq.heapreplace(self._free, ended := self._free[0] + cost.wall)
        self.end = max(self.end, ended)
        self.processor += cost.processor
        self.connections += 1 if fn is identify or not drifted else 2
        future: Future[Any] = Future()
        future.set_result(self._answer(fn, order, unreachable, drifted))
        return future

    def _cost(self, identifying: bool, unreachable: bool, drifted: bool) -> Taken:
        if unreachable:
            return Taken(self._given.timeout, self._seconds.identify.processor)
        if identifying:
            return self._seconds.identify
        return self._seconds.repair if drifted else self._seconds.nothing

    def _answer(self, fn: object, order: Order, unreachable: bool, drifted: bool) -> Identity | Result:
        if unreachable:
            message = "no connection: connection to server at db7.internal, port 5432 failed: timeout expired"
            kind = Identity if fn is identify else Result
            return kind(order.name, error="unreachable", message=message, exit_code=3)
        if fn is identify:
            return Identity(order.name, f"database {order.name}")
        return Result(order.name, satisfied=True, steps=2 * drifted, seconds=0.04)


def hours(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} h"


def run(fleet: Fleet, paper: OnPaper, workers: int, state: Path) -> None:
    results = fleet.apply(executor=paper, concurrency=workers, state=state)
    assert len(results) == len(fleet.entries)
    assert "Word0" not in without_password(plain(fleet_lines("apply", results, fleet.halted, paper.end, 3)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--databases", type=int, default=100_000)
    parser.add_argument("--tables", type=int, default=50)
    parser.add_argument("--drifted", type=int, default=5, help="per cent")
    parser.add_argument("--unreachable", type=int, default=1, help="per cent")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds until a connection is given up")
    given = parser.parse_args()
    metadata = models(given.tables)
    urls = [f"{n}=postgresql://app:Word{n:06}@db{n % 500}.internal/shop_{n}" for n in range(given.databases)]
    begun = time.perf_counter()
    fleet = Fleet(Guard(metadata), urls)
    listed = time.perf_counter() - begun
    with place(None) as url:
        seconds = measure(url, fleet, metadata)
    console = Console()
    for name in ("identify", "nothing", "repair"):
        one: Taken = getattr(seconds, name)
        console.print(f"{name}: {one.wall * 1000:.0f} ms, {one.processor * 1000:.0f} ms of the client's processor")
    sent = len(pickle.dumps(order_of(urls[0], fleet))) / 1000
    console.print(f"the list is read in {listed:.1f} s; an order that is sent has {sent:.0f} kB")
    shown = Table(
        "at a time", "if they wait only", "with one processor", "with 16", "connections made", "the program itself"
    )
    for workers in WORKERS:
        paper = OnPaper(workers, seconds, given)
        with tempfile.TemporaryDirectory() as folder:
            own = taken(partial(run, fleet, paper, workers, Path(folder) / "state"))
        bounds = [max(paper.end, (paper.processor + own.processor) / processors) for processors in (1, 16)]
        row = (hours(paper.end), *map(hours, bounds), f"{paper.connections:,}", f"{own.wall:,.0f} s")
        shown.add_row(f"{workers}", *row)
    console.print(shown)
    console.print(f"memory at its peak: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MB")


if __name__ == "__main__":
    main()
