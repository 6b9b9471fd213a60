"""Kills the PostgreSQL server in the middle of every kind of step, and proves what the guard says and what comes next.

    python -m tests.faults.kill_server [--postgres 18.6.0] [--kinds N] [SCENARIO ..]

Of each kind of step (`add-column`, `validate-check`, ..) that the scenarios have, the first ones: the server gets the
step's statement and is killed while it works on it, by SIGQUIT (an immediate shutdown), by SIGKILL, and by SIGKILL to
the one server process, as the system does when memory runs out. The guard says so in its report, in one line on
standard error for each step, exits with a documented code and prints no traceback. Then the server is started again,
and a plain apply has to leave what an undisturbed one leaves.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator

import psycopg

from tests.faults.case import Case, State
from tests.faults.kill_guard import Tally
from tests.faults.victim import Ended, Victims
from tests.postgres.binaries import versions
from tests.postgres.cluster import make_room, start
from tests.postgres.keeper import Keeper
from tests.postgres.own import OwnServer
from tests.scenarios.document import documents

__all__ = ["kill_in_each_kind"]

DOCUMENTED = {0, 3, 4, 5}
"""What `apply` may exit with when the server goes away (docs/cli.md)."""
HOWS = ("server", "crash", "backend")


def kill_in_each_kind(case: Case, own: OwnServer, victims: Victims, seen: dict[str, int], most: int) -> Tally:
    """One scenario: each kind of step that was not yet seen `most` times."""
    tally = Tally()
    kinds = {statement: step.id.partition(" ")[0] for step in case.plan.steps for statement in step.statements}
    with case.copy() as copy:
        first = victims.run("apply", case.target, "--url", case.url(copy))
        wanted = case.state(copy)
    for at, statement in enumerate(first.statements, 1):
        kind = kinds.get(statement) or ("backfill" if statement.startswith("UPDATE ") else None)  # sent in batches
        if kind is None or seen.get(kind, 0) >= most:
            continue
        seen[kind] = seen.get(kind, 0) + 1
        for how in HOWS:
            tally.kills += 1
            problems = list(_kill(case, own, victims, first, wanted, at, how))
            if problems:
                tally.failures.append(f"{case.name}: {how} in {kind}: {'; '.join(problems)}")
    return tally


def _kill(
    case: Case, own: OwnServer, victims: Victims, first: Ended, wanted: State, at: int, how: str
) -> Iterator[str]:
    with case.copy() as copy:
        cut = victims.run(
            "apply", case.target, "--url", case.url(copy), "--wait", "0", "--budget", "10",
            at=at, how=how, postmaster=own.postmaster,
        )  # fmt: skip
        yield from _said(cut)
        if how != "backend":
            own.start()
        wait_for(own)
        again = victims.run("apply", case.target, "--url", case.url(copy))
        if again.code != first.code:
            yield f"then exit code {again.code} and not {first.code}: {again.err.strip()}"
            return
        try:
            yield from case.state(copy).differs(wanted)
        except AssertionError as error:
            yield str(error).partition("\n")[0]


def _said(cut: Ended) -> Iterator[str]:
    """What is wrong with how the guard took it."""
    if cut.signal or cut.code not in DOCUMENTED:
        yield f"exit code {cut.code}, signal {cut.signal}: {cut.err.strip()[-300:]}"
    if "Traceback" in cut.err + cut.out:
        yield f"a traceback: {cut.err.strip()[-300:]}"
    if not cut.err.strip():
        yield "nothing on standard error"
    for line in cut.err.splitlines():
        if not line.startswith("schema-guard: "):
            yield f"a line on standard error: {line[:200]}"


def wait_for(own: OwnServer) -> None:
    """Until it answers: after the loss of one process the server starts all of them anew."""
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(own.cluster.url().replace("+psycopg", ""), connect_timeout=2).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="all of them when none is given")
    parser.add_argument("--postgres", default=versions()[0], help="the server's version")
    parser.add_argument("--kinds", type=int, default=1, metavar="N", help="how many steps of each kind")
    asked = parser.parse_args()
    room = make_room()
    keeper = Keeper(room)
    victims = Victims(room / "victims")
    total, seen, begun = Tally(), dict[str, int](), time.monotonic()
    try:
        model = start(asked.postgres, room)
        with OwnServer(model, room / "own") as own:
            for number, document in enumerate(documents()):
                version = tuple(int(part) for part in asked.postgres.split("."))
                if (asked.scenarios and document.name not in asked.scenarios) or not document.runs_on(
                    "postgresql", version
                ):
                    continue
                case = Case(document, own.cluster, room / "cases" / str(number))
                try:
                    tally = kill_in_each_kind(case, own, victims, seen, asked.kinds)
                finally:
                    case.close()
                total.add(tally)
                if tally.kills:
                    print(f"{tally.kills:5} kills, {tally.survivors:5} survived: {case.name}", flush=True)
                print("".join(f"      {failure}\n" for failure in tally.failures), end="", flush=True)
    finally:
        victims.close()
        keeper.close()
    print(f"kinds of steps: {len(seen)} ({', '.join(sorted(seen))})")
    print(f"kills of the server: {total.kills}, survived: {total.survivors}, in {time.monotonic() - begun:.0f} s")
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main())
