"""Takes the network from a guard in mid-step, as when its host loses power: when does the next one get through?

    python -m tests.faults.vanish_host        as root, on Linux: it makes a network namespace

The guard in the namespace holds the guard's lock, and in an open transaction the lock of a table; nobody tells the
server that it is gone. A plain apply from elsewhere has to find the way free once the server has noticed, and repairs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from schema_guard import Guard
from schema_guard.cli.waiting import when_reachable
from schema_guard.dialects import open_session
from schema_guard.errors import LockTimeoutError
from schema_guard.execute.limits import Limits
from schema_guard.plan import Phase, Step, Urgency
from schema_guard.report import Report
from tests.environment.conftest import drifted
from tests.environment.shop import Base
from tests.postgres.binaries import versions
from tests.postgres.cluster import make_room, start
from tests.postgres.database import Database, wait_until
from tests.postgres.keeper import Keeper
from tests.postgres.own import OwnServer

HERE, THERE = "10.213.7.1", "10.213.7.2"
OUTER, INNER = "sg-outer", "sg-inner"
LONG_STEP = Step(
    "long", ("ALTER TABLE orders ADD COLUMN lost integer", "SELECT pg_sleep(3)"), "SELECT true",
    Phase.COLUMN, Urgency.REQUIRED, (), "", (), "orders.lost",
)  # fmt: skip
IN_STEP = "SELECT count(*) = 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(3)' AND state = 'active'"


def vanish(own: OwnServer) -> float:
    """Seconds that the second guard took, from the moment the first one's network went."""
    database = drifted(own.cluster)
    url = database.url.replace("127.0.0.1", HERE)
    first = subprocess.Popen(["unshare", "--net", sys.executable, "-m", __spec__.name, "--lost", url])
    try:
        _connect(first.pid)
        with database.connect() as connection:
            wait_until(connection, IN_STEP)
        _must("ip", "link", "set", OUTER, "down")
        begun = time.monotonic()
        report = _booted_until_it_works(database)
        took = time.monotonic() - begun
        assert report.satisfied, [result.message for result in report.results]
        return took
    finally:
        subprocess.run(["ip", "link", "delete", OUTER], check=False)
        first.kill()
        first.wait()


def _booted_until_it_works(database: Database) -> Report:
    """As a platform does it: what could not start is started again."""
    while True:
        try:
            return Guard(Base).apply(database.url, Limits(budget=600))
        except LockTimeoutError as locked:
            print(locked.message)


def _connect(process: int) -> None:
    """A pair of virtual network cards, one of them in the process's namespace."""
    time.sleep(1)  # until unshare has made it
    _must("ip", "link", "add", OUTER, "type", "veth", "peer", "name", INNER)
    _must("ip", "link", "set", INNER, "netns", str(process))
    _must("ip", "address", "add", f"{HERE}/30", "dev", OUTER)
    _must("ip", "link", "set", OUTER, "up")
    inside = ["nsenter", "--net", "--target", str(process), "ip"]
    _must(*inside, "address", "add", f"{THERE}/30", "dev", INNER)
    _must(*inside, "link", "set", INNER, "up")


def _must(*command: str) -> None:
    subprocess.run(command, check=True)


def _be_lost(url: str) -> None:
    """The guard whose network goes; in the beginning it has none yet."""
    session = when_reachable(lambda: open_session(f"{url}?connect_timeout=2"), 60, print)
    with session.guard_lock("", 10):
        session.execute(LONG_STEP, 5, 600, lambda _: None)
        time.sleep(600)


def main() -> int:
    if sys.argv[1:2] == ["--lost"]:
        _be_lost(sys.argv[2])
    if os.geteuid() != 0:
        print("a network namespace is made by root", file=sys.stderr)
        return 2
    room = make_room()
    keeper = Keeper(room)
    try:
        with OwnServer(start(versions()[0], room), room / "own", {"listen_addresses": "'*'"}) as own:
            hba = room / "own" / "data" / "pg_hba.conf"
            hba.write_text(hba.read_text() + f"host all all {THERE}/32 trust\n")
            own.stop()
            own.start()
            print(f"the next guard got through and had repaired all after {vanish(own):.0f} s")
    finally:
        keeper.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
