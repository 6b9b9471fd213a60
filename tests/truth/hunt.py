"""Looks for violations of the laws with other examples than the tests': `python -m tests.truth.hunt --help`."""

from __future__ import annotations

import argparse
import time
import traceback
import warnings
from random import Random

from tests.postgres.binaries import versions
from tests.postgres.cluster import make_room, start
from tests.postgres.keeper import Keeper
from tests.truth.generated import Outcome, Server, on_postgresql, on_sqlite


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.truth.hunt", description=__doc__)
    parser.add_argument("--examples", type=int, default=1000, help="how many (default 1000)")
    parser.add_argument(
        "--seed", type=int, default=0, help="which; each example has a seed of its own, from this one on"
    )
    parser.add_argument("--on", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--driver", default="psycopg", help="psycopg, psycopg2, pg8000 or asyncpg")
    parser.add_argument("--postgres", default=versions()[0], help="the server's version")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.on == "sqlite":
        return _hunt(options, None)
    room = make_room()
    keeper = Keeper(room)
    try:
        server = Server(start(options.postgres, room), options.driver)
        return _hunt(options, server)
    finally:
        keeper.close()


def _hunt(options: argparse.Namespace, server: Server | None) -> int:
    begun = time.monotonic()
    databases = statements = steps = violated = 0
    for seed in range(options.seed, options.seed + options.examples):
        try:
            outcome = on_sqlite(Random(seed)) if server is None else on_postgresql(Random(seed), server)
        except Exception:
            print(f"seed {seed}: the example itself failed\n{traceback.format_exc()}", flush=True)
            violated += 1
            continue
        databases += 1
        statements += outcome.statements
        steps += outcome.steps
        if outcome.violations:
            violated += 1
            _show(seed, outcome)
    print(
        f"{databases} models, each on a database of its own; {steps} steps; {statements} statements tried; "
        f"{violated} violations; {time.monotonic() - begun:.0f} s"
    )
    return 1 if violated else 0


def _show(seed: int, outcome: Outcome) -> None:
    print(f"seed {seed}: {', '.join(outcome.remarks)}")
    for table in outcome.models:
        print(f"  models    {table}")
    for table in outcome.database:
        print(f"  database  {'same' if table in outcome.models else table}")
    for line in outcome.violations:
        print(f"  {line}")
    print(flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
