"""Kills `schema-guard apply` after every statement that it sends, and proves that the next run converges.

    python -m tests.faults.kill_guard [--on postgresql|sqlite] [--postgres 18.6.0] [--changes] [SCENARIO ..]

For each n: a fresh copy of the scenario's database; an apply that is killed with SIGKILL right after its n-th
statement, and another while the n-th statement runs, where that changes something; then a plain apply. Afterwards the
database has to be as after an apply that nobody killed: the same definitions, no INVALID index, no helper constraint,
no scratch table, every row as it was, and a second plan is empty. Where a kill left exactly what the kill before it
left, the second apply is not run again. `--changes` leaves out the kills after statements that only read.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.case import Case, Copy, State
from tests.faults.victim import Ended, Victims
from tests.postgres.binaries import versions
from tests.postgres.cluster import Cluster, make_room, start
from tests.postgres.keeper import Keeper
from tests.scenarios.document import Document, documents

__all__ = ["Tally", "kill_everywhere", "points"]

READS = re.compile(r"\s*(SELECT|SET|RESET|SHOW|EXPLAIN|BEGIN|PRAGMA|ROLLBACK)\b", re.IGNORECASE)
ENDS = re.compile(r"\s*(COMMIT|ROLLBACK)\b", re.IGNORECASE)
TRIED = re.compile(r"\s*BEGIN READ WRITE\b", re.IGNORECASE)
"""Begins what is tried while planning, on temporary tables, and always rolled back."""
READ_ONLY = re.compile(r"\s*BEGIN\b.*\bREAD ONLY", re.IGNORECASE | re.DOTALL)


@dataclass
class Tally:
    """How many kills there were, and what did not survive them."""

    kills: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def survivors(self) -> int:
        return self.kills - len(self.failures)

    def add(self, other: Tally) -> None:
        self.kills += other.kills
        self.failures += other.failures


def kill_everywhere(case: Case, victims: Victims, *, changes_only: bool = False) -> Tally:
    """Every kill of one scenario."""
    tally = Tally()
    with case.copy() as copy:
        first = _apply(case, victims, copy)
        wanted = case.state(copy)
    left = None
    for at, how in points(first.statements, changes_only):
        with case.copy() as copy:
            tally.kills += 1
            killed = _apply(case, victims, copy, at=at, how=how)
            trace = case.trace(copy) if how == "after" else None
            if not killed.killed:
                problems = [f"it ended with exit code {killed.code} instead"]
            elif trace is not None and trace == left:
                problems = []  # a statement that only read: the kill before left the very same, and was survived
            else:
                problems = _again(case, victims, copy, first, wanted)
                left = trace if not problems else None
            if problems:
                sql = " ".join(first.statements[at - 1].split())
                tally.failures.append(f"{case.name}: killed {how} statement {at} ({sql[:90]}): {'; '.join(problems)}")
    return tally


def _again(case: Case, victims: Victims, copy: Copy, first: Ended, wanted: State) -> list[str]:
    """A plain apply after the kill; what differs from an apply that nobody killed."""
    second = _apply(case, victims, copy)
    if second.code != first.code:
        return [f"exit code {second.code} and not {first.code}: {second.err.strip()}"]
    try:
        return case.state(copy).differs(wanted)
    except AssertionError as error:
        return [str(error).partition("\n")[0]]


def _apply(case: Case, victims: Victims, copy: Copy, at: int = 0, how: str = "after") -> Ended:
    return victims.run("apply", case.target, "--url", case.url(copy), at=at, how=how)


def points(statements: Sequence[str], changes_only: bool) -> Iterator[tuple[int, str]]:
    """After each statement; while each one runs that changes something."""
    reading = tried = False
    for number, statement in enumerate(statements, 1):
        if statement.lstrip().upper().startswith("BEGIN"):
            reading, tried = bool(READ_ONLY.match(statement)), bool(TRIED.match(statement))
        if tried and changes_only:
            continue
        changes = not reading and not READS.match(statement)
        reading = reading and not ENDS.match(statement)
        if changes:
            yield number, "during"
        if changes or not changes_only:
            yield number, "after"


def _cases(only: str | None, servers: Sequence[Cluster], names: Sequence[str], room: Path) -> Iterator[Case]:
    for number, document in enumerate(documents()):
        if not names or document.name in names:
            if only != "sqlite":
                for server in servers:
                    if _runs(document, server):
                        yield Case(document, server, room / f"{number}-{server.version}")
            if only != "postgresql" and document.runs_on("sqlite"):
                yield Case(document, None, room / f"{number}-sqlite")


def _runs(document: Document, server: Cluster) -> bool:
    return document.runs_on("postgresql", tuple(int(part) for part in server.version.split(".")))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", help="as check/missing; all of them when none is given"
    )
    parser.add_argument("--on", choices=["postgresql", "sqlite"], help="only this database system")
    parser.add_argument("--postgres", default=versions()[0], help="versions, separated by commas")
    parser.add_argument("--changes", action="store_true", help="no kills after statements that only read")
    asked = parser.parse_args()
    room = make_room()
    keeper = Keeper(room)
    victims = Victims(room / "victims")
    total, begun = Tally(), time.monotonic()
    try:
        servers = [] if asked.on == "sqlite" else [start(version, room) for version in asked.postgres.split(",")]
        for case in _cases(asked.on, servers, asked.scenarios, room / "cases"):
            try:
                tally = kill_everywhere(case, victims, changes_only=asked.changes)
            finally:
                case.close()
            print(f"{tally.kills:5} kills, {tally.survivors:5} survived: {case.name}", flush=True)
            print("".join(f"      {failure}\n" for failure in tally.failures), end="", flush=True)
            total.add(tally)
    finally:
        victims.close()
        keeper.close()
    print(f"kills: {total.kills}, survived: {total.survivors}, in {time.monotonic() - begun:.0f} s")
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main())
