"""`deploy` is killed with SIGKILL in each place of a chain: while a revision runs, between a revision and its stamp,
while a proved stamp is written, and in the apply that follows. Then each release boots again.

No revision runs twice, no stamp moves back, no row is harmed, and the newer release gets through.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.concurrency.releases import REVISION
from tests.faults.kill_guard import points
from tests.faults.test_kill_beside import beside_older, send
from tests.faults.test_rollback_beside import CHANGES
from tests.faults.victim import Ended, Victims
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database, create

MODELS = """
import sqlalchemy as sa
models = sa.MetaData()
sa.Table("users", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("cents", sa.Integer){more})
"""
MORE = """,
    sa.Column("bonus", sa.Integer), sa.Column("note", sa.String(9)),
    sa.CheckConstraint("cents >= 0", name="ck_cents")"""
"""The chain makes `bonus`; the rest is left to apply, and with --beside the CHECK is held."""
ENV = """
import json, os, pathlib, signal, time
from alembic import context
from sqlalchemy import create_engine, event, pool

asked = json.loads(pathlib.Path(__file__).with_name("kill.json").read_text())
sent = pathlib.Path(__file__).with_name("sent.txt")

def before(connection, cursor, statement, *more):
    if statement.split()[0] in ("SELECT", "PRAGMA"):
        return
    with sent.open("a") as file:
        file.write(statement + chr(10))
    if len(sent.read_text().splitlines()) == asked["at"]:
        os.kill(int(os.environ["VICTIM"]), signal.SIGKILL)
        time.sleep(60)

with create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool).connect() as connection:
    where = "PRAGMA database_list" if connection.dialect.name == "sqlite" else "SELECT 0, 0, current_database()"
    if connection.exec_driver_sql(where).fetchone()[2].endswith(asked["database"]):
        event.listen(connection, "before_cursor_execute", before)
    connection.rollback()
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
"""Kills the deploy that it is run for before the n-th statement that changes the real database."""
N1 = """op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("cents", sa.Integer))
    op.create_table("ledger", sa.Column("revision", sa.String(9)))"""
NOTE = "op.execute(\"INSERT INTO ledger VALUES ('{id}')\")"
N2 = f'op.add_column("users", sa.Column("bonus", sa.Integer))\n    {NOTE.format(id="n2")}'
N3 = f'op.execute("UPDATE users SET cents = cents * 100")\n    {NOTE.format(id="n3")}'
PLACES = {
    1: "before the first revision",
    2: "while a revision runs",
    3: "between a revision and its stamp",
    4: "between a stamp and the next revision",
    6: "between changed rows and their stamp",
}
"""By the number of the statement that is not sent any more: ALTER, INSERT, UPDATE alembic_version of n2; UPDATE,
INSERT, UPDATE alembic_version of n3."""
STAMPS = ("", "x9", "n1", "n2", "n3")
NEVER = 0
WAYS = {
    "deploy": ("n1", ()),
    "deploy --beside": ("n1", ("--beside", "older.json")),
    "deploy --repair-chain": ("", ("--repair-chain",)),
    "deploy --repair-chain --lost": ("x9", ("--repair-chain", "--lost", "x9")),
}
"""What alembic_version names before, and the arguments. The database is that of n1."""


@dataclass
class Room:
    """Two images, and databases as the older one's chain left them."""

    folder: Path
    victims: Victims
    server: Cluster | None
    made: list[Database] = field(default_factory=list)
    url: str = ""

    def fresh(self, stamped: str) -> None:
        key = "INTEGER" if self.server is None else "SERIAL"
        if self.server is None:
            shutil.rmtree(self.folder / "database", ignore_errors=True)
            (self.folder / "database").mkdir()
            self.url = f"sqlite:///{self.folder / 'database' / 'app.db'}"
        else:
            self.made.append(create(self.server))
            self.url = self.made[-1].url
        send(
            self.url,
            f"CREATE TABLE users (id {key} NOT NULL PRIMARY KEY, cents INTEGER)",
            "INSERT INTO users (cents) VALUES (7)",
            "CREATE TABLE ledger (revision VARCHAR(9))",
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
            *([f"INSERT INTO alembic_version VALUES ('{stamped}')"] if stamped else []),
        )

    def deploy(self, image: str, *arguments: str, chain: int = NEVER, **fault: Any) -> Ended:
        """`chain`: it is killed before the n-th statement of the chain that changes something."""
        migrations = self.folder / image / "migrations"
        (migrations / "sent.txt").write_text("")
        asked = {"at": chain, "database": self.url.rpartition("/")[2]}
        (migrations / "kill.json").write_text(json.dumps(asked))
        target = f"{self.folder / image / 'shop.py'}:models"
        named = [str(self.folder / each) if each == "older.json" else each for each in arguments]
        chain_of = ("-c", str(self.folder / image / "alembic.ini"))
        return self.victims.run("deploy", target, "--url", self.url, *chain_of, *named, **fault)

    def stamped(self) -> str:
        return "".join(str(row[0]) for row in send(self.url, "SELECT version_num FROM alembic_version"))

    def each_boots(self, when: str, arguments: tuple[str, ...] = ()) -> None:
        """The older release, the newer one, the older one again: whatever the kill left."""
        stamp = self.stamped()
        for image in ("older", "newer", "older"):
            ended = self.deploy(image, *arguments)
            if ended.code == 1 and self.server is None:
                ended = self.fixed(ended, image, *arguments)
            said = f"{when}; {image}: {ended.out}{ended.err}"
            assert STAMPS.index(self.stamped()) >= STAMPS.index(stamp), said
            stamp = self.stamped()
            assert ended.code == 0, said
        assert stamp == "n3", when
        assert send(self.url, "SELECT revision FROM ledger") == [("n2",), ("n3",)], when
        assert send(self.url, "SELECT id, cents, bonus, note FROM users") == [(1, 700, None, None)], when

    def fixed(self, ended: Ended, image: str, *arguments: str) -> Ended:
        """sqlite3 commits what alters a table at once: a revision that died has left that behind, and the deploy says
        how it goes away."""
        found = re.search(r"if it did not: (ALTER TABLE .* DROP COLUMN .*); then schema-guard deploy", ended.out)
        assert found is not None, ended.out
        send(self.url, found[1])
        return self.deploy(image, *arguments)


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("room")
    for name, more in (("older", ""), ("newer", MORE)):
        versions = folder / name / "migrations" / "versions"
        versions.mkdir(parents=True)
        (folder / name / "shop.py").write_text(MODELS.format(more=more))
        (folder / name / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
        (versions.parent / "env.py").write_text(ENV)
        (versions / "n1.py").write_text(REVISION.format(id="n1", down=None, upgrade=N1))
    for id_, down, upgrade in (("n2", "n1", N2), ("n3", "n2", N3)):
        text = REVISION.format(id=id_, down=down, upgrade=upgrade)
        (folder / "newer" / "migrations" / "versions" / f"{id_}.py").write_text(text)
    server = request.getfixturevalue("postgres_server") if request.param == "postgresql" else None
    with beside_older(folder, "older/shop.py") as victims:
        made = Room(folder, victims, server)
        yield made
        for database in made.made:
            database.drop()


@pytest.mark.one_in(4)
@pytest.mark.parametrize("place", PLACES, ids=list(PLACES.values()))
def test_killed_in_the_chain(room: Room, place: int) -> None:
    room.fresh("n1")
    killed = room.deploy("newer", chain=place)
    assert killed.killed, killed.out + killed.err
    room.each_boots(PLACES[place])


@pytest.mark.one_in(4)
@pytest.mark.parametrize("way", WAYS)
def test_killed_between_changed_rows_and_their_stamp(room: Room, way: str) -> None:
    """However the chain was begun."""
    stamped, arguments = WAYS[way]
    room.fresh(stamped)
    killed = room.deploy("newer", *arguments, chain=6)
    assert killed.killed, killed.out + killed.err
    assert room.stamped() == "n2"
    room.each_boots(way, arguments)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("way", [way for way in WAYS if "repair" in way])
def test_killed_while_a_proved_stamp_is_written_and_in_apply(room: Room, way: str) -> None:
    """In each statement of the guard that changes the stamp, and in the last of apply."""
    stamped, arguments = WAYS[way]
    room.fresh(stamped)
    first = room.deploy("newer", *arguments)
    assert first.code == 0, first.out + first.err
    changes = [(at, how) for at, how in points(first.statements, changes_only=True) if CHANGES.match(at_(first, at))]
    stamps = [(at, how) for at, how in changes if "alembic_version" in at_(first, at)]
    assert stamps
    for at, how in (*stamps[::2], changes[-1]):
        room.fresh(stamped)
        when = f"{way}, killed {how} {at_(first, at)}"
        assert room.deploy("newer", *arguments, at=at, how=how).killed, when
        room.each_boots(when, arguments)


def at_(ended: Ended, at: int) -> str:
    return ended.statements[at - 1]
