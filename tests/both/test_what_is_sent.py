"""What the server's own log says was sent: timeouts before every statement at every attempt, nothing when satisfied."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from schema_guard import Backfill, Guard
from schema_guard.execute.limits import Limits
from tests.postgres.database import Database, wait_until
from tests.postgres.server_log import ServerLog, sent

READS = re.compile(r"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY|SET LOCAL|\(?SELECT|WITH|COMMIT|EXPLAIN|SHOW")
STARTUP = re.compile(r"BEGIN|SAVEPOINT|RELEASE|ROLLBACK|select|show", re.IGNORECASE)
"""What the drivers and SQLAlchemy ask for when they connect."""
CHANGES = re.compile(r"ALTER|CREATE|DROP|UPDATE|INSERT|DELETE|COMMENT")

metadata = sa.MetaData()
owners = sa.Table("owners", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("who", sa.String(20)))
things = sa.Table(
    "things",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("owner", sa.ForeignKey("owners.id"), index=True),
    sa.Column("who", sa.String(20)),
    sa.Column("kind", sa.Enum("a", "b", name="kind")),
    sa.Column("size", sa.Integer, sa.CheckConstraint("size > 0", name="ck_size"), nullable=False, server_default="1"),
    sa.UniqueConstraint("owner", "who", name="uq"),
)
GUARD = Guard(metadata, backfills=[Backfill(things, {things.c.who: owners.c.who}, on=things.c.owner == owners.c.id)])
BEFORE = """
CREATE TABLE owners (id serial PRIMARY KEY, who text);
CREATE TABLE things (id serial PRIMARY KEY, owner int, who varchar(20), size int);
INSERT INTO owners (who) SELECT 'w' || i FROM generate_series(1, 500) i;
INSERT INTO things (owner, size) SELECT i, i FROM generate_series(1, 500) i;
"""


@pytest.fixture
def logged(postgres_database: Database) -> Database:
    with postgres_database.connect() as connection:
        connection.execute(BEFORE.encode())
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET log_statement = 'all'".encode())
    return postgres_database


def _free_once_waited_for(database: Database, holder: psycopg.Connection[tuple[object, ...]]) -> None:
    with database.connect() as connection:
        wait_until(connection, "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation = 'things'::regclass")
    time.sleep(2)  # more than six lock timeouts
    holder.rollback()


@pytest.mark.every_postgres
@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_every_change_has_timeouts_of_its_own_at_every_attempt(logged: Database, driver: str) -> None:
    """In its transaction, or right before it where it cannot be in one; and they don't outlive it."""
    log = ServerLog(logged)
    url = logged.server.url(logged.name, driver=driver)
    with logged.connect(autocommit=False) as holder:
        holder.execute("SELECT FROM things LIMIT 1")
        freed = threading.Thread(target=_free_once_waited_for, args=(logged, holder))
        freed.start()
        report = GUARD.apply(url, Limits(budget=60, lock_timeout=0.3))
        freed.join()
    assert report.satisfied, [(result.step.object, result.message) for result in report.results]
    assert any(len(result.attempts) > 2 for result in report.results), "it had to wait for a reader"
    settings: dict[str, set[str]] = {}
    changes = 0
    for backend, statement in sent(log, logged):
        mine = settings.setdefault(backend, set())
        ended = statement.startswith(("COMMIT", "ROLLBACK", "BEGIN", "RESET"))
        if ended and not statement.startswith("ROLLBACK TO"):
            mine.clear()
        mine.update(name for name in ("lock_timeout", "statement_timeout") if f"{name}" in statement)
        if CHANGES.match(statement):
            changes += 1
            assert mine == {"lock_timeout", "statement_timeout"}, statement
    assert changes > 12


@pytest.mark.every_postgres
def test_a_satisfied_database_is_only_read(logged: Database) -> None:
    """No table lock above ACCESS SHARE, no guard lock, no write: a few SELECTs in READ ONLY transactions."""
    assert GUARD.apply(logged.url).satisfied
    log = ServerLog(logged)
    assert GUARD.apply(logged.url).satisfied
    statements = [text for _, text in sent(log, logged)]
    # The server refuses to write in a READ ONLY transaction; its WAL position tells nothing: other tests write too.
    begun = [text for text in statements if text.startswith("BEGIN")]
    own = [text for text in begun if "READ ONLY" in text]
    assert len(own) >= len(begun) - 1 > 0, "one more is SQLAlchemy's, around its first questions on a new connection"
    assert [text for text in statements if not (READS.match(text) or STARTUP.match(text))] == []
    assert [text for text in statements if "advisory" in text] == []
    questions = [text for text in statements if text.startswith(("SELECT", "WITH")) and "set_config" not in text]
    assert len(questions) <= 9, "the backfill's rows are looked for"
    list(log.records())
    assert Guard(metadata).apply(logged.url).satisfied
    fewer = [text for _, text in sent(log, logged) if text.startswith(("SELECT", "WITH")) and "set_config" not in text]
    assert len(fewer) <= 6, "the driver's, where and who it is twice, names, the catalog, sequences"


def test_many_calls_of_functions_are_asked_together(logged: Database) -> None:
    """`default=func.now()` in each table of an application costs as many queries as in one."""
    sent_by = []
    for count in (1, 30):
        stamped = sa.MetaData()
        for number in range(count):
            sa.Table(
                f"stamped_{number}",
                stamped,
                sa.Column("id", sa.Integer, primary_key=True),
                sa.Column("made", sa.DateTime, default=sa.func.now()),
                sa.Column("changed", sa.DateTime, onupdate=sa.func.timezone("utc", sa.func.now())),
            )
        assert Guard(stamped).apply(logged.url).satisfied
        log = ServerLog(logged)
        assert Guard(stamped).check(logged.url).satisfied
        sent_by.append(len(list(sent(log, logged))))
    assert sent_by[0] == sent_by[1]


def test_a_satisfied_file_is_only_read(sqlite_file: Path) -> None:
    """The file's change counter (bytes 24 to 27 of its header), its time and its directory stay as they were."""
    url = f"sqlite:///{sqlite_file}"
    assert GUARD.apply(url).satisfied
    before = sqlite_file.read_bytes()[24:28], sqlite_file.stat().st_mtime_ns, sorted(sqlite_file.parent.iterdir())
    assert GUARD.apply(url).satisfied
    after = sqlite_file.read_bytes()[24:28], sqlite_file.stat().st_mtime_ns, sorted(sqlite_file.parent.iterdir())
    assert after == before
