"""How fast a backfill is in batches, beside the one UPDATE that holds every row until it commits, on an idle server.

    python -m benchmarks.backfill [--rows 5000000] [--rounds 3]

It starts a PostgreSQL of its own, with fsync on; each measurement has a fresh copy of the same database.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import resource
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.big import apply, big_server, connect, copied
from tests.postgres.cluster import Cluster

PREPARED = """
ALTER TABLE proposals ALTER user_id DROP NOT NULL, ADD visitor_session_id VARCHAR(64), ADD expires_at TIMESTAMP;
ALTER TABLE conversions ADD user_id INTEGER, ADD visitor_session_id VARCHAR(64);
CREATE INDEX ix_conversions_user_id ON conversions (user_id);
"""
"""The columns are there, and one index that each new row version needs an entry in."""

SINGLE = """
UPDATE conversions c SET user_id = p.user_id, visitor_session_id = p.visitor_session_id
FROM proposals p WHERE c.proposal_id = p.id AND c.user_id IS NULL AND c.visitor_session_id IS NULL
AND (p.user_id IS NOT NULL OR p.visitor_session_id IS NOT NULL)
"""
_DURATION = re.compile(r"duration: ([\d.]+) ms  (?:statement|execute [^:]*): UPDATE")


@dataclass(frozen=True)
class Batched:
    rate: float
    """Rows a second, from the step's own time."""
    batches: int
    longest: float
    """Milliseconds of the longest UPDATE, as the server logged it."""
    memory: int
    """Peak of the guard's process, MB."""


def single(server: Cluster) -> float:
    with copied(server) as database, connect(server, database) as connection:
        connection.execute(PREPARED)
        connection.execute("CHECKPOINT")
        begun = time.perf_counter()
        done = connection.execute(SINGLE)
        return done.rowcount / (time.perf_counter() - begun)


def batched(server: Cluster) -> Batched:
    with copied(server) as database:
        with connect(server, database) as connection:
            connection.execute(PREPARED)
            connection.execute("CHECKPOINT")
        seen = Path(server.log).stat().st_size
        done = apply(server, database, "--budget", "20m", "--format", "json")
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        (step,) = [result for result in json.loads(done.stdout)["results"] if result["batches"] > 1]
        with Path(server.log).open(newline="") as log:
            log.seek(seen)
            durations = [float(found[1]) for row in csv.reader(log) if (found := _DURATION.match(row[13]))]
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        return Batched(step["rows"] / step["seconds"], step["batches"], max(durations), memory)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    shown = Table("round", "one UPDATE, rows/s", "batches, rows/s", "ratio", "batches", "longest, ms", "memory, MB")
    ratios = []
    with big_server(arguments.rows) as server:
        for number in range(1, arguments.rounds + 1):
            alone, ours = single(server), batched(server)
            ratios.append(ours.rate / alone)
            measured = (f"{alone:,.0f}", f"{ours.rate:,.0f}", f"{ratios[-1]:.0%}")
            shown.add_row(str(number), *measured, f"{ours.batches:,}", f"{ours.longest:.0f}", str(ours.memory))
    Console().print(shown)
    Console().print(f"median: {statistics.median(ratios):.0%}")


if __name__ == "__main__":
    main()
