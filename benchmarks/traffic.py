"""What clients notice while a big table is repaired: the guard beside the page of SQL in a boot script, in one run.

    python -m benchmarks.traffic [--rows 5000000] [--rounds 5] [--rate 200] [--reader 0 20]

pgbench updates and inserts on the tables that are being repaired; with a reader, one session reads them before and then
sits idle in its transaction for that many seconds. The longest stall is the longest that one transaction of pgbench
took, from its first statement to its commit. Each measurement has a fresh copy of the same database.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.big import HERE, address, apply, big_server, connect, copied, psql
from tests.postgres.cluster import Cluster

CLIENTS = 8
BEFORE, AFTER = 5.0, 3.0
"""Seconds of load before and after the repair."""


@dataclass(frozen=True)
class Noticed:
    stall: float
    """Milliseconds of the longest transaction."""
    transactions: int
    failed: int
    """Clients that an error ended; pgbench ends one at its first."""
    seconds: float
    """How long the repair took."""
    complete: bool
    """The repair did all that it set out to do."""


def nothing(_server: Cluster, _database: str) -> bool:
    time.sleep(60)
    return True


def boot_script(server: Cluster, database: str) -> bool:
    return psql(server, database, HERE / "boot_script.sql") == 0


def guard(server: Cluster, database: str) -> bool:
    return apply(server, database, "--budget", "20m").returncode == 0


CONTENDERS: dict[str, Callable[[Cluster, str], bool]] = {
    "nothing": nothing,
    "boot script": boot_script,
    "schema-guard apply": guard,
}


def noticed(server: Cluster, repair: Callable[[Cluster, str], bool], rows: int, rate: int, idle: float) -> Noticed:
    with copied(server) as database, tempfile.TemporaryDirectory() as folder:
        how = ["--no-vacuum", "--client", str(CLIENTS), "--jobs", "2", "--rate", str(rate), "--time", "100000"]
        script = ["--define", f"rows={rows}", "--file", str(HERE / "traffic.pgbench.sql")]
        log = ["--log", "--log-prefix", f"{folder}/log"]
        command = [f"{server.programs}/pgbench", *address(server, database)[:-1], *how, *script, *log, database]
        load = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(BEFORE)
        reader = threading.Thread(target=sit_idle, args=(server, database, idle))
        reader.start()
        time.sleep(1.0)
        begun = time.monotonic()
        complete = repair(server, database)
        seconds = time.monotonic() - begun
        reader.join()
        time.sleep(AFTER)
        load.terminate()
        _, said = load.communicate()
        took = [_milliseconds(line) for path in Path(folder).glob("log*") for line in _lines(path)]
        return Noticed(max(took), len(took), said.count("aborted"), seconds, complete)


def sit_idle(server: Cluster, database: str, seconds: float) -> None:
    if not seconds:
        return
    with connect(server, database) as connection, connection.transaction():
        connection.execute("SELECT * FROM proposals LIMIT 1")
        connection.execute("SELECT * FROM conversions LIMIT 1")
        time.sleep(seconds)


def _lines(log: Path) -> list[str]:
    """Without the last, which may be cut off where pgbench was ended."""
    return log.read_text().rpartition("\n")[0].splitlines()


def _milliseconds(line: str) -> float:
    """One transaction of pgbench's log: its time in µs contains how late it began, which is the last field."""
    fields = line.split()
    return (int(fields[2]) - int(fields[6])) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--script-rounds", type=int, default=1, help="of the boot script, whose stalls take a minute")
    parser.add_argument("--rate", type=int, default=200, help="transactions a second")
    parser.add_argument("--reader", type=float, nargs="+", default=[0, 20], help="seconds that the reader sits idle")
    arguments = parser.parse_args()
    title = f"{arguments.rows:,} rows, {arguments.rate} transactions a second, median (most)"
    shown = Table("repair", "idle reader, s", "longest stall, ms", "failed", "took, s", "complete", "runs", title=title)
    with big_server(arguments.rows) as server:
        for idle in arguments.reader:
            for name, repair in CONTENDERS.items():
                rounds = arguments.script_rounds if repair is boot_script else arguments.rounds
                if not rounds:
                    continue
                runs = [noticed(server, repair, arguments.rows, arguments.rate, idle) for _ in range(rounds)]
                Console(stderr=True).print(f"{name}, reader {idle:g} s: {runs}")
                stalls, took = [run.stall for run in runs], [run.seconds for run in runs]
                shown.add_row(
                    name,
                    f"{idle:g}",
                    f"{statistics.median(stalls):,.0f} ({max(stalls):,.0f})",
                    str(sum(run.failed for run in runs)),
                    f"{statistics.median(took):.0f} ({max(took):.0f})",
                    "yes" if all(run.complete for run in runs) else "no",
                    str(rounds),
                )
    Console().print(shown)


if __name__ == "__main__":
    main()
