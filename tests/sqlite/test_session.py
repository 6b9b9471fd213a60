"""How the session meets a real file: missing, locked, damaged, read-only, killed in the middle."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint, Column, Integer, MetaData, String, Table, create_engine, event
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool, StaticPool

from schema_guard.dialects.sqlite.backup import make_backup
from schema_guard.dialects.sqlite.session import SQLiteSession
from schema_guard.errors import LockTimeoutError, ReadError, StepError, UnreachableError
from schema_guard.guard import Guard
from schema_guard.plan import Step
from schema_guard.report import Outcome
from tests.sqlite.stage import Stage, outcomes

METADATA = MetaData()
Table(
    "t",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("a", String),
    CheckConstraint("a <> 'never'", name="ck"),
)
CREATED = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)"
OLD = f"{CREATED}; INSERT INTO t VALUES (1, 'x')"


def first_step(stage: Stage) -> Step:
    return stage.plan(METADATA).steps[-1]


def ignore(statement: str) -> None:
    assert statement


def test_a_check_does_not_create_the_file(stage: Stage) -> None:
    report = Guard(METADATA).check(stage.engine)
    assert [finding.difference.code for finding in report.findings] == ["table-missing"]
    assert not stage.path.exists()
    stage.satisfied(METADATA)
    assert set(stage.texts()) == {"t"}


def test_an_empty_file_is_an_empty_database(stage: Stage) -> None:
    stage.path.touch()
    stage.satisfied(METADATA)


def test_a_missing_directory_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match=r"directory .*nowhere does not exist"):
        Guard(METADATA).check(create_engine(f"sqlite:///{tmp_path}/nowhere/app.db"))


def test_a_name_that_the_system_refuses_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="too long: correct the URL"):
        Guard(METADATA).check(create_engine(f"sqlite:///{tmp_path}/{'a' * 300}.db"))


def test_a_directory_that_may_not_be_listed_is_no_obstacle(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.script(OLD)
    opened = os.open

    def refusing(path: object, flags: int, mode: int = 0o777) -> int:
        if path == stage.path.parent:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, flags, mode)  # type: ignore[arg-type]

    def refused(_: Path) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refusing)
    monkeypatch.setattr(Path, "iterdir", refused)
    stage.satisfied(METADATA)


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="is a directory"):
        Guard(METADATA).check(create_engine(f"sqlite:///{tmp_path}"))


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "loop"])
def test_what_is_no_file_is_no_database(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        socket.socket(socket.AF_UNIX).bind(str(path))
    else:
        path.symlink_to(path if kind == "loop" else "/dev/null")
    for method in (Guard(METADATA).check, Guard(METADATA).apply):
        with pytest.raises(
            UnreachableError, match=r"app\.db(: Too many levels| is a pipe, a socket or a device, not a)"
        ):
            method(create_engine(f"sqlite:///{path}"))


def test_a_link_into_a_directory_that_is_not_there(tmp_path: Path) -> None:
    """SQLite makes the file where the link leads to: reading and writing say the same."""
    link = tmp_path / "app.db"
    link.symlink_to(tmp_path / "data" / "app.db")
    engine = create_engine(f"sqlite:///{link}")
    told = rf"app\.db is a link, and the directory {tmp_path}/data does not exist; create it, or correct the URL"
    for method in (Guard(MetaData()).check, Guard(MetaData()).apply):
        with pytest.raises(UnreachableError, match=told):
            method(engine)
    (tmp_path / "data").mkdir()
    assert Guard(MetaData()).apply(engine).satisfied


SCHEMAS = {
    "a view that does not parse": (
        "UPDATE sqlite_master SET sql = 'CREATE VIEW v AS SELEC 1' WHERE name = 'v'",
        "of v ",
    ),
    "a table with an option of the future": (
        "UPDATE sqlite_master SET sql = sql || ' FUTURE' WHERE name = 't'",
        "of t ",
    ),
}


@pytest.mark.parametrize("case", SCHEMAS)
def test_a_definition_that_sqlite_cannot_read_is_named(case: str, tmp_path: Path) -> None:
    statement, named = SCHEMAS[case]
    path = tmp_path / "app.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE VIEW v AS SELECT 1;")
    connection.executescript(f"PRAGMA writable_schema = ON; {statement}")
    connection.close()
    for method in (Guard(METADATA).check, Guard(METADATA).apply):
        with pytest.raises(UnreachableError, match=f"cannot read the definition {named}.*restore a copy"):
            method(create_engine(f"sqlite:///{path}"))


def test_a_file_of_a_newer_sqlite(stage: Stage) -> None:
    Guard(METADATA).apply(stage.engine)
    content = bytearray(stage.path.read_bytes())
    content[44:48] = (99).to_bytes(4, "big")  # the schema format, of which this one knows 4
    stage.path.write_bytes(content)
    for method in (Guard(METADATA).check, Guard(METADATA).apply):
        with pytest.raises(UnreachableError, match=r"a newer SQLite than .* wrote the file"):
            method(stage.engine)
    assert stage.path.read_bytes() == content


def test_another_kind_of_file_is_no_database(stage: Stage) -> None:
    stage.path.write_text("These are not the tables you are looking for." * 100)
    with pytest.raises(UnreachableError, match="not an SQLite database"):
        Guard(METADATA).check(stage.engine)
    assert stage.path.read_text().startswith("These")


def test_a_damaged_file_is_said_to_be_damaged(stage: Stage) -> None:
    stage.script(OLD + "; CREATE INDEX i ON t (a)")
    content = bytearray(stage.path.read_bytes())
    content[100:2000] = b"\x7f" * 1900
    stage.path.write_bytes(content)
    with pytest.raises((UnreachableError, ReadError), match="damaged"):
        Guard(METADATA).check(stage.engine)


def test_a_read_only_database_gets_refusals_with_the_statements(stage: Stage) -> None:
    stage.script(OLD)
    engine = create_engine(f"sqlite:///file:{stage.path}?mode=ro&uri=true")
    plan = Guard(METADATA).plan(engine)
    assert plan.empty
    assert {"read-only" in refusal.reason for refusal in plan.refusals} == {True}
    assert plan.refusals[0].advice[0].startswith("PRAGMA")


def test_a_read_only_database_that_has_everything_is_satisfied_and_told(stage: Stage) -> None:
    """The schema is right, and reading works; who writes to it learns why that fails."""
    METADATA.create_all(stage.engine)
    assert not Guard(METADATA).check(stage.engine).warnings
    report = Guard(METADATA).check(create_engine(f"sqlite:///file:{stage.path}?mode=ro&uri=true"))
    assert report.satisfied
    assert [warning for warning in report.warnings if "the database file is read-only" in warning]


def test_a_writer_is_waited_for(stage: Stage) -> None:
    stage.script(OLD)
    writer = sqlite3.connect(stage.path, isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN IMMEDIATE")
    threading.Timer(0.4, lambda: writer.execute("COMMIT")).start()
    session = SQLiteSession(stage.engine)
    session.execute(first_step(stage), 5.0, 5.0, ignore)
    session.close()
    writer.close()
    assert "NOT NULL" not in stage.texts()["t"]


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_a_lock_that_is_not_to_be_had_is_a_lock_timeout(stage: Stage, mode: str) -> None:
    stage.script(f"PRAGMA journal_mode = {mode}; {OLD}")
    step = first_step(stage)
    writer = sqlite3.connect(stage.path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    session = SQLiteSession(stage.engine)
    started = time.monotonic()
    with pytest.raises(LockTimeoutError, match="another connection"):
        session.execute(step, 0.2, 60.0, ignore)
    assert time.monotonic() - started < 30
    session.close()
    writer.close()
    assert stage.rows("SELECT * FROM t") == [(1, "x")]


def test_a_rebuild_in_wal_mode_waits_for_no_reader(stage: Stage) -> None:
    stage.script(f"PRAGMA journal_mode = WAL; {OLD}")
    reader = sqlite3.connect(stage.path, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT * FROM t").fetchall() == [(1, "x")]
    stage.satisfied(METADATA)
    assert reader.execute("SELECT * FROM t").fetchall() == [(1, "x")]
    reader.close()


def test_a_step_that_was_done_meanwhile_is_left(stage: Stage) -> None:
    """Two guards plan the same rebuild; between them somebody adds a column, which must not get lost."""
    stage.script(OLD)
    step = first_step(stage)
    stage.script("ALTER TABLE t ADD COLUMN late TEXT; UPDATE t SET late = 'kept'")
    session = SQLiteSession(stage.engine)
    assert not session.needed(step)
    session.execute(step, 1.0, 5.0, ignore)
    session.close()
    assert stage.rows("SELECT late FROM t") == [("kept",)]


def test_an_index_made_meanwhile_is_not_lost(stage: Stage) -> None:
    stage.script(OLD)
    step = first_step(stage)
    stage.script("CREATE INDEX late ON t (a)")
    session = SQLiteSession(stage.engine)
    session.execute(step, 1.0, 5.0, ignore)
    session.close()
    assert "late" in stage.texts()
    stage.satisfied(METADATA)
    assert "late" in stage.texts()


def test_guards_at_once_do_it_once(stage: Stage) -> None:
    stage.script(OLD)
    reports = []
    guards = [
        threading.Thread(target=lambda: reports.append(Guard(METADATA).apply(create_engine(f"sqlite:///{stage.path}"))))
        for _ in range(4)
    ]
    for guard in guards:
        guard.start()
    for guard in guards:
        guard.join()
    assert [report.satisfied for report in reports] == [True] * 4
    assert stage.rows("SELECT * FROM t") == [(1, "x")]
    assert set(stage.texts()) == {"t"}


def test_a_statement_that_takes_too_long_is_interrupted(stage: Stage) -> None:
    stage.script(OLD)
    session = SQLiteSession(stage.engine)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(ReadError, match=r"longer than 0\.1 s"):
        session._link.rows(endless, 0.1)
    session.close()


def test_a_failing_rebuild_leaves_everything_as_it_was(stage: Stage) -> None:
    stage.script(OLD)
    step = first_step(stage)
    stage.script("UPDATE t SET a = 'never'")
    session = SQLiteSession(stage.engine)
    with pytest.raises(StepError, match="CHECK constraint failed"):
        session.execute(step, 1.0, 5.0, ignore)
    session.close()
    assert set(stage.texts()) == {"t"}
    assert stage.rows("SELECT * FROM t") == [(1, "never")]


def test_pragmas_of_a_shared_connection_are_put_back() -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.begin() as connection:
        for statement in OLD.split("; "):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("PRAGMA busy_timeout = 1234")
    with engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA foreign_keys = ON")  # type: ignore[union-attr]
    report = Guard(METADATA).apply(engine)
    assert report.satisfied
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 1234
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA legacy_alter_table").scalar() == 0
        assert connection.exec_driver_sql("SELECT a FROM t").scalar() == "x"


def test_the_applications_begin_events_are_not_in_the_way(stage: Stage) -> None:
    """SQLAlchemy's documented recipe for pysqlite: isolation_level None on connect, BEGIN by an event."""
    stage.script(OLD)
    event.listen(stage.engine, "connect", lambda raw, _: setattr(raw, "isolation_level", None))
    event.listen(stage.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    stage.satisfied(METADATA)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sqlite3 has `autocommit` since Python 3.12")
def test_connections_that_are_always_in_a_transaction(stage: Stage) -> None:
    stage.script(OLD)
    engine = create_engine(f"sqlite:///{stage.path}", connect_args={"autocommit": False})
    assert Guard(METADATA).apply(engine).satisfied


@pytest.mark.parametrize("pool", [NullPool, StaticPool])
def test_pool_classes(stage: Stage, pool: type[NullPool | StaticPool]) -> None:
    stage.script(OLD)
    engine = create_engine(f"sqlite:///{stage.path}", poolclass=pool)
    assert Guard(METADATA).apply(engine).satisfied


def test_aiosqlite(stage: Stage) -> None:
    stage.script(OLD)
    engine = create_async_engine(f"sqlite+aiosqlite:///{stage.path}")
    session = SQLiteSession(engine.sync_engine)
    for step in stage.plan(METADATA).steps:
        session.execute(step, 1.0, 5.0, ignore)
    session.close()
    asyncio.run(engine.dispose())
    assert "NOT NULL" not in stage.texts()["t"]


def test_aiosqlite_in_memory() -> None:
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)

    async def write() -> None:
        async with engine.begin() as connection:
            for statement in OLD.split("; "):
                await connection.exec_driver_sql(statement)

    async def read() -> object:
        async with engine.connect() as connection:
            return (await connection.exec_driver_sql("SELECT a FROM t")).scalar()

    asyncio.run(write())
    assert Guard(METADATA).apply(engine).satisfied
    assert asyncio.run(read()) == "x"
    asyncio.run(engine.dispose())


def test_the_backup_is_whole_private_and_never_replaced(stage: Stage) -> None:
    stage.script(OLD)
    stage.path.chmod(0o600)
    taken = stage.path.with_name("app.db.backup-1")
    taken.write_text("somebody's")
    plan = stage.plan(METADATA)
    backup = stage.path.with_name("app.db.backup-2")
    assert plan.steps[0].statements == (f".backup 'main' '{backup}'",)
    report = stage.satisfied(METADATA)
    assert outcomes(report) == [Outcome.DONE, Outcome.DONE]
    assert taken.read_text() == "somebody's"
    copy = sqlite3.connect(backup)
    assert copy.execute("SELECT sql FROM sqlite_master").fetchall() == [(CREATED,)]
    copy.close()
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600


def test_unfinished_backups_of_processes_that_are_gone_are_cleared_away(stage: Stage) -> None:
    """By an apply that finds anything, whether it makes a backup itself or not; a copy that is being made stays."""
    stage.script(OLD)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    gone = [stage.path.with_name(f"app.db.backup-1.partial-{ended.pid}{end}") for end in ("", "-journal")]
    kept = [stage.path.with_name(name) for name in (f"app.db.backup-2.partial-{os.getpid()}", "app.db.backup-7", "x")]
    for path in (*gone, *kept):
        path.write_text("a part")
    stage.apply(METADATA, rebuild=False)
    assert not any(path.exists() for path in gone)
    assert [path.read_text() for path in kept] == ["a part"] * 3


def test_a_backup_that_fails_keeps_the_rebuild_waiting(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.script(OLD)

    def full(path: object) -> object:
        return type("Usage", (), {"free": 10})()

    monkeypatch.setattr("shutil.disk_usage", full)
    report = stage.apply(METADATA)
    assert outcomes(report) == [Outcome.FAILED, Outcome.WAITING]
    assert "not enough room" in report.results[0].message
    assert stage.texts()["t"] == CREATED


def test_a_backup_beside_which_nothing_may_be_written(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.script(OLD)
    opened = os.open

    def refusing(path: object, flags: int, mode: int = 0o777) -> int:
        if "backup" in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, flags, mode)  # type: ignore[arg-type]

    monkeypatch.setattr("os.open", refusing)
    report = stage.apply(METADATA)
    assert outcomes(report) == [Outcome.FAILED, Outcome.WAITING]
    assert report.results[0].message == (
        f"{stage.path}.backup-1 cannot be written (Permission denied); nothing was changed: make its directory"
        " writable for this user, as SQLite's own journal needs it too, and run again"
    )


def test_a_backup_waits_for_a_lock_no_longer_than_it_may(stage: Stage) -> None:
    stage.script(OLD)
    writer = sqlite3.connect(stage.path, isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN EXCLUSIVE")
    late = threading.Timer(5, writer.rollback)  # or a failure of this test would never end
    late.start()
    try:
        with pytest.raises(sqlite3.OperationalError, match="is locked"):
            make_backup(str(stage.path), f"{stage.path}.backup-1", 0.1)
    finally:
        late.cancel()
        writer.close()
    assert "backup" not in " ".join(path.name for path in stage.path.parent.iterdir())


def test_connections_that_keep_their_lock(stage: Stage) -> None:
    """The guard's own one, idle in its pool after the new column, would keep the backup out."""
    stage.script(OLD)
    event.listen(stage.engine, "connect", lambda raw, _: raw.execute("PRAGMA locking_mode = EXCLUSIVE"))
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("a", String), Column("b", Integer))
    report = stage.satisfied(metadata)
    assert [result.step.id for result in report.results] == ["add column t.b", "back up main", "rebuild t"]


def test_no_backup_and_no_rebuild_when_told_so(stage: Stage) -> None:
    stage.script(OLD)
    assert [step.id for step in stage.plan(METADATA, backup=False).steps] == ["rebuild t"]
    plan = stage.plan(METADATA, rebuild=False)
    assert plan.empty
    assert [refusal.advice[:1] for refusal in plan.refusals] == [("PRAGMA foreign_keys = OFF;",), ()]


KILLED = """
import os, signal, sys
from sqlalchemy import create_engine, event
from schema_guard.dialects.sqlite.session import SQLiteSession
from schema_guard.guard import Guard
from tests.sqlite.test_session import METADATA

engine = create_engine("sqlite:///" + sys.argv[1])
step = Guard(METADATA).plan(engine).steps[-1]
number = 0

def sent(statement):
    global number
    if number == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    number += 1

SQLiteSession(engine).execute(step, 1.0, 30.0, sent)
"""


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
@pytest.mark.parametrize("at", [3, 4, 5, 7, 8, 9, 11])
def test_killed_in_the_middle_of_a_rebuild(stage: Stage, mode: str, at: int) -> None:
    """Whichever statement comes next when the process is killed, the file is the old database or the new one."""
    stage.script(
        f"""PRAGMA journal_mode = {mode}; {OLD}; CREATE INDEX i ON t (a);
        CREATE TABLE child (t_id INT REFERENCES t ON DELETE CASCADE); INSERT INTO child VALUES (1);
        WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO t SELECT i, hex(randomblob(50)) FROM n;"""
    )
    before = stage.rows("SELECT * FROM t")
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(stage.path), str(at)],
        env={**os.environ, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert stage.value("PRAGMA integrity_check") == "ok"
    assert stage.rows("SELECT * FROM t") == before
    assert "i" in stage.texts()
    assert set(stage.texts()) == {"t", "i", "child"}
    stage.satisfied(METADATA)
    assert stage.rows("SELECT * FROM t") == before
    assert stage.rows("SELECT * FROM child") == [(1,)]
