"""An older and a newer image that boot at the same moment on the older one's database, many times.

    python -m tests.concurrency.meeting [--on sqlite] [--rounds 20] [--kind rename]

Each round draws what both images run, how far apart they start, and whether the newer one runs beside the older one.
Whoever comes first: the newer release's revision runs once, or is proved to have nothing left to do, the stamp ends at
it and stays there, no row is lost, and the older image's statements go on where the newer one runs beside it. The older
image starts, or says that it cannot.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError

from tests.concurrency.releases import CENTS, KINDS, Kind, Room, arguments, database_on, systems, tell

__all__ = ["Meeting", "meet"]

KINDS_MET: dict[str, Kind] = {
    **KINDS,
    "check": replace(
        KINDS["ddl"],
        columns=f'{CENTS}, Column("bonus", Integer), CheckConstraint("cents < 100", name="ck_small")',
    ),
}
"""With one whose models have a constraint that the older release knows nothing of."""
BESIDE = ("--beside", "previous.json")
APART = 1.5
"""Seconds between the two starts, at most: about what a boot takes."""


@dataclass(frozen=True)
class Meeting:
    kind: str
    older: str
    newer: str
    beside: bool = False
    apart: float = 0.0
    """By how many seconds the older one starts later; it starts earlier where that is negative."""

    def __str__(self) -> str:
        beside = " --beside" if self.beside else ""
        return f"{self.kind} revision, older {self.older}, newer {self.newer}{beside}, {self.apart:+.1f} s"

    @classmethod
    def draw(cls, dice: random.Random, kinds: list[str]) -> Meeting:
        kind = dice.choice(kinds)
        older, newer = dice.choice(["deploy", "apply", "run"]), dice.choice(["deploy", "deploy", "apply", "run"])
        return cls(kind, older, newer, dice.random() < 0.5, dice.choice([0.0, dice.uniform(-APART, APART)]))


def meet(meeting: Meeting, url: str, folder: Path) -> list[str]:
    """Play one on an empty database; what is wrong."""
    kind = KINDS_MET[meeting.kind]
    room = Room(url, folder, kind)
    room.lay_down(newer=False)
    _freeze(room)
    beside = BESIDE if meeting.beside else ()
    problems: list[str] = []
    starts = [("newer", meeting.newer, beside), ("older", meeting.older, ())]
    if meeting.apart < 0:
        starts.reverse()
    running = {}
    for name, command, more in starts:
        running[name] = room.start(name, command, *more)
        time.sleep(abs(meeting.apart) if len(running) == 1 else 0)
    codes = {name: process.wait() for name, process in running.items()}
    if meeting.newer == "deploy" and codes["newer"] != 0:
        problems.append(f"the newer image's deploy ended with {codes['newer']}")
    if codes["older"] not in ((0,) if kind.old_works else (0, 1)):
        problems.append(f"the older image's {meeting.older} ended with {codes['older']}")
    if meeting.beside and kind.old_works:
        problems += _older_works(room)
    for name, command, code in (
        ("newer", "deploy --repair-chain", 0),
        ("older", meeting.older, 0 if kind.old_works else 1),
    ):
        ended = room.start(name, command).wait()
        if ended != code:
            problems.append(f"afterwards, {name} {command} ended with {ended}, not with {code}")
    if room.stamped() != ["n2"] or room.runs()["n2"] > 1:
        problems.append(f"stamped {room.stamped()} in the end, n2 ran {room.runs()['n2']} times")
    problems += _kept(room)
    if problems:
        problems.append((folder / "output.log").read_text(errors="replace")[-2500:])
    room.engine.dispose()
    return problems


def _freeze(room: Room) -> None:
    """What the older release expects, as a file beside the newer one."""
    frozen = room.images["newer"] / "previous.json"
    process = room.start("older", "freeze", "-o", str(frozen))
    assert process.wait() == 0, (room.folder / "output.log").read_text()


def _older_works(room: Room) -> list[str]:
    try:
        room.sql("INSERT INTO account (cents) VALUES (1000)", "DELETE FROM account WHERE cents = 1000")
    except DBAPIError as error:
        return [f"beside it the older release's INSERT fails: {error.orig}"]
    return []


def _kept(room: Room) -> list[str]:
    rows = room.sql(room.kind.kept)
    if rows != [(7,)]:
        return [f"the row is {rows}"]
    tables = {"account", "wallet"} & set(inspect(room.engine).get_table_names())
    checks = [check["name"] for check in inspect(room.engine).get_check_constraints(room.kind.table)]
    wanted = ["ck_small"] if "ck_small" in room.kind.columns else []
    if tables != {room.kind.table} or checks != wanted:
        return [f"tables {sorted(tables)}, checks {checks} in the end"]
    return []


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--kind", action="append", choices=list(KINDS_MET))
    parser.add_argument("--rounds", type=int, default=20, help="for each database system")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    total: Counter[str] = Counter()
    with systems(asked) as every:
        for on, server in every:
            dice = random.Random(asked.seed)
            for _ in range(asked.rounds):
                meeting = Meeting.draw(dice, asked.kind or list(KINDS_MET))
                with tempfile.TemporaryDirectory() as name, database_on(server, Path(name)) as url:
                    problems = meet(meeting, url, Path(name))
                total["met"] += 1
                total["good"] += not problems
                tell(on, meeting, problems)
    print(f"an older and a newer image at the same moment: {total['met']} times, good: {total['good']}")
    return 0 if total["good"] == total["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
