"""Two releases on one database: real processes of an older and a newer image, alone, at once, and killed.

    python -m tests.concurrency.releases [--on sqlite] [--image older] [--kind rename] [--command apply] [--way killed]

For each kind of revision the newer image has one revision more than the older one. The older image meets a database
that the newer one migrated; the newer image meets one that is still the older one's. Afterwards the newer image runs
`deploy --repair-chain`. No stamp may move back, no revision may run twice, no row may be lost, and an older image
whose statements all work has to start. A newer image's deploy is killed inside its revision: after the revision's
statement, before its commit. Whatever runs no revision is killed at a random moment.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.postgres.binaries import versions
from tests.postgres.cluster import Cluster, make_room, start
from tests.postgres.database import create
from tests.postgres.keeper import Keeper

__all__ = [
    "CENTS",
    "COMMANDS",
    "KINDS",
    "REVISION",
    "Case",
    "Kind",
    "Room",
    "arguments",
    "database_on",
    "play",
    "systems",
    "tell",
]

IMAGES = ("older", "newer")
WAYS = ("alone", "at once", "killed")
COMMANDS = {
    "deploy": ["deploy", "shop:Base"],
    "deploy --repair-chain": ["deploy", "shop:Base", "--repair-chain"],
    "apply": ["apply", "shop:Base"],
    "run": ["run", "shop:Base", "--", sys.executable, "-c", "pass"],
}
TOGETHER = 4
ROOT = Path(__file__).parents[2]

MODELS = """
from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Table
class Base:
    metadata = MetaData()
Table({table!r}, Base.metadata, Column("id", Integer, primary_key=True), {columns})
"""
ENV = """
import os
import time
from alembic import context
from sqlalchemy import create_engine, event, pool, text
from shop import Base

def database(connection):
    where = "PRAGMA database_list" if connection.dialect.name == "sqlite" else "SELECT 0, 0, current_database()"
    return connection.execute(text(where)).fetchone()[2].rpartition("/")[2]

def append(log, line):
    with os.fdopen(os.open(log, os.O_APPEND | os.O_CREAT | os.O_WRONLY), "w") as file:
        file.write(line)

def note(ctx, step, heads, run_args):
    append(os.environ["RELEASES_LOG"], f"{database(ctx.connection)} {step.up_revision_id}\\n")

def hold(connection, cursor, statement, *more):
    if statement.startswith(("ALTER TABLE account", "UPDATE account")):
        if database(connection) == os.environ["RELEASES_DATABASE"]:
            append(os.environ["RELEASES_HELD"], statement)
            time.sleep(60)

engine = create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool)
with engine.connect() as connection:
    if "RELEASES_HELD" in os.environ:
        event.listen(connection, "after_cursor_execute", hold)
    context.configure(connection=connection, target_metadata=Base.metadata, on_version_apply=note)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """
from alembic import op
import sqlalchemy as sa
revision = {id!r}
down_revision = {down!r}
def upgrade():
    {upgrade}
"""
FIRST = 'op.create_table("account", sa.Column("id", sa.Integer, primary_key=True), sa.Column("cents", sa.Integer))'


@dataclass(frozen=True)
class Kind:
    """What the newer release's revision does, as Alembic writes it and as SQL; its models; whether the older ones'
    statements still work."""

    upgrade: str
    sql: str
    table: str
    columns: str
    kept: str
    old_works: bool


CENTS = 'Column("cents", Integer)'
KINDS = {
    "ddl": Kind(
        'op.add_column("account", sa.Column("bonus", sa.Integer))',
        "ALTER TABLE account ADD COLUMN bonus INTEGER",
        "account",
        f'{CENTS}, Column("bonus", Integer)',
        "SELECT cents FROM account",
        True,
    ),
    "data": Kind(
        'op.execute("UPDATE account SET cents = cents * 100")',
        "UPDATE account SET cents = cents * 100",
        "account",
        CENTS,
        "SELECT cents / 100 FROM account",
        True,
    ),
    "rename": Kind(
        'op.rename_table("account", "wallet")',
        "ALTER TABLE account RENAME TO wallet",
        "wallet",
        CENTS,
        "SELECT cents FROM wallet",
        False,
    ),
    "drop": Kind(
        'op.drop_column("account", "cents")',
        "ALTER TABLE account DROP COLUMN cents",
        "account",
        "",
        "SELECT 7 FROM account",
        False,
    ),
}


@dataclass(frozen=True)
class Case:
    """One cell of the matrix."""

    image: str
    kind: str
    command: str
    way: str

    def __str__(self) -> str:
        return f"{self.image} image, {self.kind} revision, {self.command}, {self.way}"


@dataclass
class Outcome:
    """What one case came to; `problems` are empty where all is as it has to be."""

    problems: list[str] = field(default_factory=list)
    moved_back: int = 0
    ran_twice: int = 0
    starts: int = 0
    """Processes of a satisfied older image."""
    started: int = 0
    killed_inside: int = 0
    """Deploys killed between a revision's statement and its commit."""


def image(folder: Path, newer: bool, kind: Kind) -> Path:
    """An image: its models and its chain."""
    versions_ = folder / "migrations" / "versions"
    versions_.mkdir(parents=True)
    table, columns = (kind.table, kind.columns) if newer else ("account", CENTS)
    (folder / "shop.py").write_text(MODELS.format(table=table, columns=columns))
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (folder / "migrations" / "env.py").write_text(ENV)
    (versions_ / "n1.py").write_text(REVISION.format(id="n1", down=None, upgrade=FIRST))
    if newer:
        (versions_ / "n2.py").write_text(REVISION.format(id="n2", down="n1", upgrade=kind.upgrade))
    return folder


@dataclass
class Room:
    """A database and the two images that use it."""

    url: str
    folder: Path
    kind: Kind

    def __post_init__(self) -> None:
        self.images = {name: image(self.folder / name, name == "newer", self.kind) for name in IMAGES}
        self.log = self.folder / "runs.log"
        self.held = self.folder / "held.log"
        self.engine = create_engine(self.url, poolclass=NullPool)

    def sql(self, *statements: str) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        with self.engine.begin() as connection:
            for statement in statements:
                result = connection.execute(text(statement))
                rows = [tuple(row) for row in result] if result.returns_rows else []
        return rows

    def lay_down(self, newer: bool) -> None:
        key = "INTEGER NOT NULL PRIMARY KEY" if self.engine.dialect.name == "sqlite" else "SERIAL NOT NULL PRIMARY KEY"
        self.sql(
            f"CREATE TABLE account (id {key}, cents INTEGER)",
            "INSERT INTO account (cents) VALUES (7)",  # the key's sequence goes along
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
            f"INSERT INTO alembic_version VALUES ('{'n2' if newer else 'n1'}')",
            *([self.kind.sql] if newer else []),
        )

    @property
    def database(self) -> str:
        return str(self.engine.url.database).rpartition("/")[2]

    def start(self, name: str, command: str, *more: str, held: bool = False) -> subprocess.Popen[bytes]:
        """With `held` a revision on the real database stays where it is after its statement."""
        environment = {
            **os.environ,
            "DATABASE_URL": self.url,
            "RELEASES_LOG": str(self.log),
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(self.images[name])]),
            "PYTHONDONTWRITEBYTECODE": "1",
            **({"RELEASES_HELD": str(self.held), "RELEASES_DATABASE": self.database} if held else {}),
        }
        words = COMMANDS.get(command, [command, "shop:Base"])
        with (self.folder / "output.log").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "schema_guard", *words[:2], *more, *words[2:]],
                cwd=self.images[name],
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def stamped(self) -> list[str]:
        return [str(row[0]) for row in self.sql("SELECT version_num FROM alembic_version")]

    def runs(self) -> Counter[str]:
        """How often each revision ran on the real database."""
        name = self.database
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return Counter(line.partition(" ")[2] for line in lines if line.partition(" ")[0] == name)


def play(case: Case, url: str, folder: Path) -> Outcome:
    """Play one case on an empty database."""
    room, outcome = Room(url, folder, KINDS[case.kind]), Outcome()
    older = case.image == "older"
    room.lay_down(newer=older)
    codes = _boot(room, case, outcome)
    if older:
        _judge_older(room, case, codes, outcome)
    finish = room.start("newer", "deploy --repair-chain").wait()
    if finish != 0:
        outcome.problems.append(f"the newer image's deploy --repair-chain ended with {finish}")
    if room.stamped() != ["n2"]:
        outcome.problems.append(f"stamped {room.stamped()} in the end")
    allowed = 0 if older else 1
    if room.runs()["n2"] > allowed:
        outcome.ran_twice += 1
        outcome.problems.append(f"n2 ran {room.runs()['n2']} times where {allowed} are allowed")
    try:
        kept = room.sql(room.kind.kept)
    except Exception as error:
        kept = [(type(error).__name__,)]
    if kept != [(7,)]:
        outcome.problems.append(f"the row is {kept}")
    if outcome.problems:
        outcome.problems.append((folder / "output.log").read_text(errors="replace")[-1500:])
    room.engine.dispose()
    return outcome


def _boot(room: Room, case: Case, outcome: Outcome) -> list[int]:
    """The exit codes of the processes that were not killed."""
    if case.way == "at once":
        processes = [room.start(case.image, case.command) for _ in range(TOGETHER)]
        return [process.wait() for process in processes]
    if case.way == "killed":
        inside = case.image == "newer" and case.command.startswith("deploy")
        process = room.start(case.image, case.command, held=inside)
        if inside:
            _wait_for_the_revision(room, process, outcome)
        else:
            time.sleep(random.uniform(0.3, 3.0))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        time.sleep(0.5)  # its child notices
    return [room.start(case.image, case.command).wait()]


def _wait_for_the_revision(room: Room, process: subprocess.Popen[bytes], outcome: Outcome) -> None:
    until = time.monotonic() + 60
    while not room.held.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    if room.held.exists() and process.poll() is None:
        outcome.killed_inside += 1
    else:
        outcome.problems.append("it ended, or was killed, before the revision's statement")


def _judge_older(room: Room, case: Case, codes: list[int], outcome: Outcome) -> None:
    if room.stamped() != ["n2"]:
        outcome.moved_back += 1
        outcome.problems.append(f"the stamp is {room.stamped()}")
    wanted = 0 if room.kind.old_works else 1
    if room.kind.old_works:
        outcome.starts += len(codes)
        outcome.started += codes.count(0)
    if any(code != wanted for code in codes):
        outcome.problems.append(f"{case.command} ended with {codes}, not with {wanted}")


@contextmanager
def database_on(server: Cluster | None, folder: Path) -> Iterator[str]:
    if server is None:
        yield f"sqlite:///{folder / 'shop.db'}"
        return
    database = create(server)
    try:
        yield database.url
    finally:
        database.drop()


def arguments(doc: str | None) -> argparse.ArgumentParser:
    """Of a program that plays on both database systems."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--on", choices=["postgresql", "sqlite"], help="only this database system")
    parser.add_argument("--postgres", default=versions()[0], help="the server's version")
    return parser


@contextmanager
def systems(asked: argparse.Namespace) -> Iterator[Iterator[tuple[str, Cluster | None]]]:
    """Each database system that is asked for, with its server."""
    room = make_room()
    keeper = Keeper(room)
    try:
        named = [asked.on] if asked.on else ["sqlite", "postgresql"]
        yield ((on, start(asked.postgres, room) if on == "postgresql" else None) for on in named)
    finally:
        keeper.close()


def tell(on: str, played: object, problems: Sequence[str]) -> None:
    print(f"{'good' if not problems else 'BAD '} {on}: {played}", flush=True)
    print("".join(f"      {problem}\n" for problem in problems), end="", flush=True)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--image", action="append", choices=IMAGES)
    parser.add_argument("--kind", action="append", choices=list(KINDS))
    parser.add_argument("--command", action="append", choices=list(COMMANDS))
    parser.add_argument("--way", action="append", choices=WAYS)
    asked = parser.parse_args()
    chosen = (asked.image or IMAGES, asked.kind or KINDS, asked.command or COMMANDS, asked.way or WAYS)
    total: Counter[str] = Counter()
    with systems(asked) as every:
        for on, server in every:
            for case in itertools.starmap(Case, itertools.product(*chosen)):
                with tempfile.TemporaryDirectory() as name, database_on(server, Path(name)) as url:
                    outcome = play(case, url, Path(name))
                total["cases"] += 1
                total["good"] += not outcome.problems
                for count in ("moved_back", "ran_twice", "starts", "started", "killed_inside"):
                    total[count] += getattr(outcome, count)
                tell(on, case, outcome.problems)
    print(
        f"cases: {total['cases']}, good: {total['good']}; stamps moved back: {total['moved_back']}, revisions run "
        f"twice: {total['ran_twice']}; satisfied older images that started: {total['started']} of {total['starts']}; "
        f"killed inside a revision: {total['killed_inside']}"
    )
    return 0 if total["good"] == total["cases"] else 1


if __name__ == "__main__":
    sys.exit(main())
