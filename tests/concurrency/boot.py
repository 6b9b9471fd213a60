"""Boots many processes at once on a drifted database.

    python -m tests.concurrency.boot [--processes 50] [--rounds 20] [--on postgresql|sqlite] [--postgres 18.6.0]

All begin `schema-guard apply` at the same instant. Each has to exit with what one alone exits with, and to find
nothing left to repair when it looks as soon as apply has returned; together they make each repair once: so they say,
and so says the server's log.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults.case import Case, Copy, document_named
from tests.faults.victim import Ended, Victims
from tests.postgres.binaries import versions
from tests.postgres.cluster import make_room, start
from tests.postgres.keeper import Keeper
from tests.scenarios.on_postgresql import PostgresqlStage

__all__ = ["Alone", "boot_together", "reference"]

SCENARIOS = ("mdraft/1-before",)
CHANGES = re.compile(r"\s*(CREATE|ALTER|DROP|INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Alone:
    """What one process does by itself: its exit code, the steps it takes, the statements that change something."""

    code: int
    steps: Counter[str]
    changes: Counter[str]


def reference(case: Case, victims: Victims) -> Alone:
    """Let one process repair a copy of its own."""
    with case.copy() as copy:
        _forget(copy)
        ended = victims.run(*_apply(case, copy), check=True)
        assert not (problems := list(_wrong([ended], ended.code))), problems
        return Alone(ended.code, _done([ended]), _changes(copy, [ended]))


def boot_together(case: Case, victims: Victims, processes: int, alone: Alone) -> list[str]:
    """One round; what is wrong with it, one line each."""
    with case.copy() as copy:
        _forget(copy)
        ended = victims.together(processes, *_apply(case, copy), check=True)
        changes = _changes(copy, ended)
        problems = list(_wrong(ended, alone.code))
        if (done := _done(ended)) != alone.steps:
            problems.append(f"steps taken {dict(done - alone.steps)} too often, {dict(alone.steps - done)} not at all")
        if changes != alone.changes:
            twice, never = dict(changes - alone.changes), dict(alone.changes - changes)
            problems.append(f"the database saw {twice} too often, {never} not at all")
        try:
            case.state(copy)
        except AssertionError as error:
            problems.append(str(error).partition("\n")[0])
        return problems


def _apply(case: Case, copy: Copy) -> list[str]:
    return ["apply", case.target, "--url", case.url(copy), "--format", "json", "--budget", "300"]


def _wrong(ended: list[Ended], code: int) -> Iterator[str]:
    for number, one in enumerate(ended):
        if one.signal or one.code != code:
            yield f"process {number} ended with {one.code} (signal {one.signal}): {one.err.strip()[-300:]}"
        if one.after != "":
            yield f"process {number} returned before the database was repaired: {one.after}"


def _done(ended: list[Ended]) -> Counter[str]:
    """The steps that were taken, by all processes together."""
    taken: Counter[str] = Counter()
    for one in ended:
        results = json.loads(one.out).get("results", []) if one.out.strip() else []
        taken.update(result["step"]["id"] for result in results if result["outcome"] == "done")
    return taken


def _forget(copy: Copy) -> None:
    copy.changes()


def _changes(copy: Copy, ended: list[Ended]) -> Counter[str]:
    """The statements that change something: as PostgreSQL logs them; as the processes sent them to SQLite."""
    if isinstance(copy, PostgresqlStage):
        return Counter(copy.changes())
    return Counter(sql for one in ended for sql in one.statements if CHANGES.match(sql))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", default=SCENARIOS)
    parser.add_argument("--processes", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--on", choices=["postgresql", "sqlite"], help="only this database system")
    parser.add_argument("--postgres", default=versions()[0], help="the server's version")
    asked = parser.parse_args()
    room = make_room()
    keeper = Keeper(room)
    victims = Victims(room / "victims")
    failures, rounds, begun = 0, 0, time.monotonic()
    try:
        server = None if asked.on == "sqlite" else start(asked.postgres, room)
        for number, name in enumerate(asked.scenarios):
            for on in [None] if server is None else [server] if asked.on else [server, None]:
                case = Case(document_named(name), on, room / "cases" / f"{number}-{on is None}")
                try:
                    alone, started = reference(case, victims), time.monotonic()
                    for _ in range(asked.rounds):
                        problems = boot_together(case, victims, asked.processes, alone)
                        rounds += 1
                        failures += bool(problems)
                        print("".join(f"      {problem}\n" for problem in problems), end="", flush=True)
                    each = (time.monotonic() - started) / max(1, asked.rounds)
                    print(f"{asked.rounds} x {asked.processes} processes, {each:.1f} s each: {case.name}", flush=True)
                finally:
                    case.close()
    finally:
        victims.close()
        keeper.close()
    print(f"rounds: {rounds}, good: {rounds - failures}, in {time.monotonic() - begun:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
