"""Two releases of mdraft behind one balancer, under load: a rolling deploy, then a rollback.

    python -m tests.concurrency.rolling [--on sqlite] [--seconds 4]

The newer release demands a column, as a person writes it who thinks of one release only. Visitors start proposals
and read them the whole time, and hand documents in once the newer release has repaired the database, at whichever
processes are up. It is played twice: with `--beside previous.json` no request may fail and the rollback has to start;
without it requests of the older release do fail, and they are printed.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.mdraft.deployment import Deployment, release
from tests.mdraft.papers import docx
from tests.mdraft.visitor import Visitor
from tests.postgres.binaries import versions
from tests.postgres.cluster import make_room, start
from tests.postgres.database import create
from tests.postgres.keeper import Keeper

__all__ = ["Played", "play"]

NEWER = """

from sqlalchemy import Integer
Proposal.language = mapped_column(String(8), default="en", nullable=False)
Proposal.__table__.append_constraint(CheckConstraint("language IN ('en', 'de')", name="ck_proposals_language"))
Conversion.pages = mapped_column(Integer, default=lambda: 0, nullable=False)
"""
"""No constant fills `pages`, and NOT NULL is possible all the same: its table is empty when this is deployed."""
GOOD = (200, 201, 202)
VISITORS = 2
SECONDS = 3.0
"""Between two changes of what is up."""


@dataclass
class Balancer:
    """Sends each visitor to one of the processes that are up, in turn."""

    up: list[str] = field(default_factory=list)
    documents: bool = False
    """Whether visitors hand documents in."""
    answered: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    _turn: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def load(self) -> Iterator[None]:
        """Visitors come and go while the body runs."""
        threads = [threading.Thread(target=self._visit, args=(number,)) for number in range(VISITORS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    @contextmanager
    def serving(self, address: str) -> Iterator[None]:
        """That process is up; when the body ends no visitor is sent there any more, and those there have left."""
        self.up.append(address)
        try:
            yield
        finally:
            self.up.remove(address)
            time.sleep(1.0)

    def _address(self) -> str:
        with self._lock:
            self._turn += 1
            up = list(self.up)
        return up[self._turn % len(up)]

    def _visit(self, number: int) -> None:
        visitor = Visitor("")
        paper = docx(f"Quay wall {number}")
        while not self._over.is_set():
            for what in ("start a proposal", "read", *(["hand a document in"] if self.documents else [])):
                visitor.address = self._address()
                status = self._ask(visitor, what, paper)
                (self.answered if status in GOOD else self.failed)[f"{what}: {status}"] += 1
            self._over.wait(0.2)

    @staticmethod
    def _ask(visitor: Visitor, what: str, paper: bytes) -> int | str:
        """The answer's status, or the error where there is no answer."""
        try:
            if what == "start a proposal":
                return visitor.post_json("/api/proposals", name="Quay wall").status
            if what == "read":
                return visitor.get("/api/proposals").status
            return visitor.upload("/api/conversions", "a.docx", paper).status
        except OSError as error:
            return type(error).__name__


@dataclass(frozen=True)
class Played:
    """How many requests were answered, and which failed."""

    answered: Counter[str]
    failed: Counter[str]
    refused: bool
    """The older release did not start again: its guard said why."""
    last: str
    """What the newer release's `deploy` says when the older one is gone."""


def play(url: str, folder: Path, *, beside: bool, seconds: float = SECONDS) -> Played:
    """A rolling deploy and a rollback on that empty database, then the newer release again, alone.

    Raises AssertionError where a deploy, a process or the end is not as it has to be.
    """
    folder.mkdir(parents=True)
    older = Deployment(url, folder)
    previous = folder / "previous.json"
    _well(older, "scripts/predeploy.sh")
    _well(older, "python", "-m", "schema_guard", "freeze", "mdraft.guard:guard", "-o", str(previous))
    alone = Deployment(url, folder, home=release(folder, NEWER))
    newer = replace(alone, extra={"SCHEMA_GUARD_BESIDE": str(previous)}) if beside else alone
    balancer = Balancer()
    with ExitStack() as first, ExitStack() as second, ExitStack() as rolled_back:
        _serve(first, balancer, older)
        with balancer.load():
            time.sleep(seconds)
            _well(newer, "scripts/predeploy.sh")
            balancer.documents = True
            time.sleep(seconds)
            _serve(second, balancer, newer)
            time.sleep(seconds)
            first.close()
            time.sleep(seconds)
            refused = older.guard().returncode != 0
            if not refused:  # the rollback: the older release comes up, then the newer one goes
                _serve(rolled_back, balancer, older)
                time.sleep(seconds)
                second.close()
                time.sleep(seconds)
    _well(alone, "scripts/predeploy.sh")
    return Played(balancer.answered, balancer.failed, refused, _well(alone, "scripts/predeploy.sh"))


def _serve(stack: ExitStack, balancer: Balancer, deployment: Deployment) -> None:
    stack.enter_context(balancer.serving(stack.enter_context(deployment.web())))


def _well(deployment: Deployment, *command: str) -> str:
    done = deployment.run(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--on", choices=["postgresql", "sqlite"], help="only this database system")
    parser.add_argument("--beside", action=argparse.BooleanOptionalAction, help="only with it, or only without it")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="between two changes of what is up")
    asked = parser.parse_args()
    room = make_room()
    keeper = Keeper(room)
    lost = 0
    try:
        for system in [asked.on] if asked.on else ["postgresql", "sqlite"]:
            server = start(versions()[0], room) if system == "postgresql" else None
            for beside in (True, False) if asked.beside is None else (asked.beside,):
                folder = room / f"{system}-{beside}"
                url = f"sqlite:///{room / f'{beside}.db'}" if server is None else create(server).url
                played = play(url, folder, beside=beside, seconds=asked.seconds)
                name = f"{system}, {'with' if beside else 'without'} --beside"
                print(f"{name}: {played.answered.total()} requests answered, {played.failed.total()} failed")
                if played.refused:
                    print("      the older release does not start again: no rollback")
                print("".join(f"      {count} x {what}\n" for what, count in played.failed.most_common()), end="")
                lost += beside * played.failed.total()
    finally:
        keeper.close()
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
