"""What needs root or a Debian package: a pooler in front, and disks that are full. `make test-environment` runs it.

A missing part is an error here, not a skip.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from schema_guard import Guard
from schema_guard.fleet import Fleet
from tests.environment.conftest import Command, drifted, repaired
from tests.environment.shop import TARGET, Base
from tests.faults.victim import Victims
from tests.postgres.cluster import Cluster, free_port, unprivileged
from tests.postgres.database import Database
from tests.postgres.own import OwnServer, new_home

pytestmark = pytest.mark.machine


@contextmanager
def _tmpfs(place: Path, size: str) -> Iterator[Path]:
    """A small disk. Needs root."""
    assert os.geteuid() == 0, "a small disk is mounted by root: run make test-environment as root"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def _fill(disk: Path, leave: int) -> Path:
    """A file that takes all of the disk but so many bytes."""
    ballast = disk / "ballast"
    free = shutil.disk_usage(disk).free - leave
    with ballast.open("wb") as file:
        for _ in range(max(0, free) // 65536):
            file.write(b"\0" * 65536)
    return ballast


@pytest.fixture
def pooler(shop: Database, server_room: Path, tmp_path: Path) -> Iterator[int]:
    """The port of a PgBouncer in transaction mode in front of the shop."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    assert program, "pgbouncer is not installed: apt-get install pgbouncer"
    room = server_room / f"pooler-{shop.name}"
    room.mkdir()
    port = free_port()
    (room / "users.txt").write_text('"postgres" ""\n')
    (room / "pgbouncer.ini").write_text(
        f"[databases]\n{shop.name} = host=127.0.0.1 port={shop.server.port} user=postgres\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = any\nauth_file = {room}/users.txt\n"
        "pool_mode = transaction\ndefault_pool_size = 5\n"
    )
    if os.geteuid() == 0:
        shutil.chown(room, *unprivileged())
    user, group = unprivileged() if os.geteuid() == 0 else (None, None)
    process = subprocess.Popen(
        [program, "-q", str(room / "pgbouncer.ini")],
        user=user,
        group=group,
        extra_groups=[] if user is not None else None,
        stdout=subprocess.DEVNULL,
        stderr=(tmp_path / "pooler.log").open("w"),
    )
    try:
        _wait(f"postgresql://postgres@127.0.0.1:{port}/{shop.name}", tmp_path / "pooler.log")
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _wait(url: str, log: Path) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise RuntimeError(log.read_text()) from None
            time.sleep(0.1)
        else:
            return


def test_pgbouncer_in_transaction_mode(pooler: int, shop: Database, command: Command) -> None:
    """What needs no session is repaired through it; the rest is refused with the fix, --ddl-url, which then works."""
    url = f"postgresql+psycopg://postgres@127.0.0.1:{pooler}/{shop.name}"
    assert command("check", url).code == 1
    took = command("apply", url)
    assert took.code == 0, took.said
    assert "--ddl-url" in took.said
    assert _advisory_locks(shop) == 0, "a lock was left on a pooled connection"
    direct = command("apply", url, "--ddl-url", shop.url)
    assert direct.code == 0, direct.said
    assert repaired(shop)
    assert command("check", url, "--fail-on", "weakens").code == 0


def test_the_doctor_sees_the_pooler(pooler: int, shop: Database, command: Command) -> None:
    """Before anybody relies on a session there; on the server itself there is none."""
    url = f"postgresql+psycopg://postgres@127.0.0.1:{pooler}/{shop.name}"
    for where, seen in ((url, True), (shop.url, False)):
        faults = json.loads(command("doctor", where, "--format", "json").ended.out)["faults"]
        pooled = [fault for fault in faults if fault["code"] == "pooler"]
        assert bool(pooled) is seen
        assert not seen or "--ddl-url" in pooled[0]["fix"]["text"]


def test_a_fleet_skips_what_is_listed_behind_pgbouncer(pooler: int, shop: Database) -> None:
    pooled = shop.url.replace(f":{shop.server.port}/", f":{pooler}/")
    by_name = {each.name: each for each in Fleet(Guard(Base), [f"pooled={pooled}", f"own={shop.url}"]).apply()}
    assert by_name["pooled"].skip.startswith("a pooler that lends connections by the transaction")
    assert (by_name["own"].satisfied, repaired(shop)) == (True, True)


def test_many_boots_through_pgbouncer(pooler: int, shop: Database, command: Command) -> None:
    """No session setting leaks into what others get: statements and locks have no timeout afterwards."""
    url = f"postgresql+psycopg://postgres@127.0.0.1:{pooler}/{shop.name}"
    for _ in range(3):
        assert command("apply", url).code == 0
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True, prepare_threshold=None) as connection:
        for setting in ("lock_timeout", "statement_timeout"):
            for _ in range(5):
                assert connection.execute(f"SHOW {setting}").fetchone() == ("0",)
    assert _advisory_locks(shop) == 0


def test_many_guards_at_once_through_pgbouncer(pooler: int, shop: Database, tmp_path: Path, command: Command) -> None:
    """More guards than the pool has connections: they take turns, each repair is made once, all exit 0."""
    url = f"postgresql+psycopg://postgres@127.0.0.1:{pooler}/{shop.name}"
    victims = Victims(tmp_path / "together")
    try:
        ended = victims.together(12, "apply", TARGET, "--url", url, "--format", "json")
    finally:
        victims.close()
    assert [each.code for each in ended] == [0] * 12, [each.err for each in ended if each.code]
    assert _advisory_locks(shop) == 0
    results = [result for each in ended for result in json.loads(each.out)["results"]]
    added = [result for result in results if "ADD COLUMN" in str(result["statements"]) and result["outcome"] == "done"]
    assert len(added) == 1
    direct = command("apply", shop.url)  # the index, which needs a session of its own
    assert (direct.code, repaired(shop)) == (0, True)


def _advisory_locks(shop: Database) -> int:
    with shop.connect() as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
            "WHERE locktype = 'advisory' AND datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_full_disk_on_postgresql(postgres_server: Cluster, server_room: Path, command: Command) -> None:
    """An index that does not fit is a failed step of debt: the application can start, nothing invalid is left over."""
    disk = new_home(server_room, "disk")
    with OwnServer(postgres_server, new_home(server_room, "full")) as own, _tmpfs(disk, "40m"):
        with Database(own.cluster, "postgres").connect() as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{_for_server(disk / 'space')}'")
        database = drifted(own.cluster)
        with Database(own.cluster, "postgres").connect() as connection:
            connection.execute(f"ALTER DATABASE {database.name} SET TABLESPACE small")
        with database.connect() as connection:
            connection.execute(
                "INSERT INTO orders (quantity, customer) SELECT 1, repeat(md5(n::text), 2)::varchar(40)"
                " FROM generate_series(1, 60000) n"
            )
            connection.execute("CHECKPOINT")
        ballast = _fill(disk, 400_000)
        took = command("apply", database.url, "--budget", "20s")
        assert took.code == 0, took.said
        assert "53100" in took.said
        assert "free space on that disk of the server, then run again" in took.said
        ballast.unlink()
        again = command("apply", database.url)
        assert again.code == 0, again.said
        with database.connect() as connection:
            connection.execute("DELETE FROM orders WHERE id > 2000")
        assert repaired(database)
        _drop_space(own, database)


def _drop_space(own: OwnServer, database: Database) -> None:
    """So that the disk can be unmounted."""
    database.drop()
    with Database(own.cluster, "postgres").connect() as connection:
        connection.execute("DROP TABLESPACE small")


def _for_server(directory: Path) -> Path:
    directory.mkdir()
    shutil.chown(directory, *unprivileged())
    return directory


def test_a_full_disk_on_sqlite(tmp_path: Path, command: Command) -> None:
    """A rebuild that does not fit changes nothing and leaves no half copy; with room it is done."""
    with _tmpfs(tmp_path / "disk", "20m") as disk:
        file = disk / "shop.db"
        with sqlite3.connect(file) as connection:
            connection.executescript("CREATE TABLE orders (id integer PRIMARY KEY, quantity integer NOT NULL,"
                                     " customer varchar(40));")  # fmt: skip
            rows = ((number, f"customer {number}" * 3) for number in range(20000))
            connection.executemany(
                "INSERT INTO orders (quantity, customer) VALUES (?, ?)", ((1, text) for _, text in rows)
            )
        connection.close()
        before = _rows(file)
        ballast = _fill(disk, 300_000)
        took = command("apply", f"sqlite:///{file}")
        assert "room" in took.said or "disk is full" in took.said, took.said
        assert _rows(file) == before
        assert {path.name for path in disk.iterdir()} == {"shop.db", "ballast"}
        ballast.unlink()
        again = command("apply", f"sqlite:///{file}")
        assert again.code == 0, again.said
        assert _rows(file) == before
        assert "the database has all that the models expect" in again.said


def _rows(file: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(file) as connection:
        return connection.execute("SELECT id, quantity, customer FROM orders ORDER BY id").fetchall()
