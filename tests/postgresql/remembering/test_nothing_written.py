"""Sequences are not looked at again while nothing was written in the whole cluster, and whatever is written is seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import psycopg
import pytest
import sqlalchemy as sa

from schema_guard import Guard
from schema_guard.dialects.postgresql.memory import noting_quiet
from schema_guard.dialects.postgresql.query_text import query
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database, create, wait_until
from tests.postgres.own import OwnServer, new_home

pytestmark = pytest.mark.every_postgres
TABLES = 200
"""From that many sequences on it is noted that nothing was written (recall.sql)."""
metadata = sa.MetaData()
for position in range(TABLES):
    sa.Table(f"t{position}", metadata, sa.Column("id", sa.Integer, primary_key=True))
NEXT = query("next_transaction")
COUNT_READS = (
    "SELECT coalesce(sum(blks_read + blks_hit), 0)::int8 FROM pg_statio_all_sequences WHERE schemaname = 'public'"
)


@pytest.fixture(scope="module")
def cluster(postgres_server: Cluster, server_room: Path) -> Iterator[Cluster]:
    """A server of its own: other tests write all the time, and so does autovacuum."""
    settings = {"autovacuum": "off", "max_prepared_transactions": "2"}
    with OwnServer(postgres_server, new_home(server_room, "nothing-written"), settings) as server:
        yield server.cluster


@pytest.fixture
def database(cluster: Cluster) -> Iterator[Database]:
    """With what the models expect, each sequence in use, and a row in each table."""
    made = create(cluster)
    engine = sa.create_engine(made.url)
    metadata.create_all(engine)
    with engine.begin() as connection:
        for name in metadata.tables:
            connection.exec_driver_sql(f"INSERT INTO {name} DEFAULT VALUES")
    engine.dispose()
    with made.connect() as plain:
        plain.execute("VACUUM ANALYZE")
    yield made
    made.drop()


def guard(tables: sa.MetaData = metadata) -> Guard:
    return Guard(tables).remembering()


def noted(database: Database) -> list[bool]:
    """For each application whether nothing has been written since its sequences were looked at."""
    with database.connect() as connection:
        rows = connection.execute(f"SELECT quiet = ({NEXT}) FROM schema_guard.remembered ORDER BY quiet".encode())
        return [bool(row[0]) for row in rows.fetchall()]


def quiet_guard(database: Database) -> Guard:
    """A guard that knows that nothing was written."""
    known = guard()
    assert not known.check(database.url).remembered
    assert known.check(database.url).remembered
    assert noted(database) == [True]
    return known


def test_they_are_not_read_again(database: Database) -> None:
    """After a whole check the first remembered one reads them, and the next ones do not, until something is written."""
    known = quiet_guard(database)
    with database.connect() as watcher:
        wait_until(watcher, f"SELECT ({COUNT_READS}) >= {2 * TABLES}")
        watcher.execute("SELECT pg_stat_reset()")
        wait_until(watcher, f"SELECT ({COUNT_READS}) = 0")
        for _ in range(3):
            assert known.check(database.url).remembered
        assert noted(database) == [True]
        watcher.execute("INSERT INTO t0 DEFAULT VALUES")
        assert noted(database) == [False]
        assert known.check(database.url).remembered
        wait_until(watcher, f"SELECT ({COUNT_READS}) >= {TABLES}")
        ((reads,),) = watcher.execute(COUNT_READS).fetchall()
        assert reads < 2 * TABLES, "of four checks one has read them"
        assert noted(database) == [True]


WRITTEN = {
    "a sequence at its end": ("SELECT setval('t7_id_seq', 2147483647)", "sequence-behind"),
    "keys beyond the sequence": ("INSERT INTO t7 (id) VALUES (2), (3); ANALYZE t7", "sequence-behind"),
    "rows that a dump has brought": ("COPY t7 FROM PROGRAM 'seq 2 50'; ANALYZE t7", "sequence-behind"),
    "a sequence that begins again": ("ALTER SEQUENCE t7_id_seq RESTART", "sequence-behind"),
    "in a savepoint": ("BEGIN; SAVEPOINT s; SELECT setval('t7_id_seq', 2147483647); COMMIT", "sequence-behind"),
    "in a transaction that was rolled back": (
        "BEGIN; SELECT setval('t7_id_seq', 2147483647); ROLLBACK",
        "sequence-behind",
    ),
    "in two phases": (
        "BEGIN; SELECT setval('t7_id_seq', 2147483647); PREPARE TRANSACTION 'p'; COMMIT PREPARED 'p'",
        "sequence-behind",
    ),
}


@pytest.mark.parametrize("what", WRITTEN)
def test_whatever_is_written_is_seen(database: Database, what: str) -> None:
    statements, code = WRITTEN[what]
    known = quiet_guard(database)
    with database.connect() as connection:
        for statement in statements.split("; "):
            connection.execute(statement.encode())
    report = known.check(database.url)
    assert not report.remembered
    assert [finding.difference.code for finding in report.findings] == [code]
    with database.connect() as connection:
        connection.execute("SELECT setval('t7_id_seq', max(id)) FROM t7")
        assert known.check(database.url).satisfied
        assert known.check(database.url).remembered
        connection.execute("INSERT INTO t7 DEFAULT VALUES")


def test_a_transaction_that_began_before(database: Database) -> None:
    """What has a number already needs no other one for what it writes later: nothing is noted while it is under way."""
    known = quiet_guard(database)
    with database.connect(autocommit=False) as other:
        other.execute("INSERT INTO t0 DEFAULT VALUES")
        for _ in range(2):
            assert known.check(database.url).remembered
            assert noted(database) == [False]
        other.execute("SELECT setval('t7_id_seq', 2147483647)")
        assert not known.check(database.url).satisfied
        other.rollback()
    assert not known.check(database.url).satisfied, "setval() is not rolled back"


def test_a_prepared_transaction(database: Database) -> None:
    known = quiet_guard(database)
    with database.connect() as other:
        other.execute("BEGIN")
        other.execute("SELECT setval('t7_id_seq', 2147483646)")
        other.execute("PREPARE TRANSACTION 'later'")
        try:
            assert known.check(database.url).remembered
            assert noted(database) == [False]
        finally:
            other.execute("COMMIT PREPARED 'later'")


def test_the_estimate_of_rows(database: Database) -> None:
    """VACUUM writes it in place, without a number. It decides whether the rows of a key are looked at."""
    known = quiet_guard(database)
    with database.connect() as connection:
        connection.execute("INSERT INTO t7 (id) VALUES (2), (3)")
        assert known.check(database.url).remembered
        assert noted(database) == [True]
        connection.execute("VACUUM t7")
        assert noted(database) == [True], "by the number alone"
    assert [finding.difference.code for finding in known.check(database.url).findings] == ["sequence-behind"]


def test_a_sequence_near_its_end(database: Database) -> None:
    """nextval() writes 32 values ahead, and gives these without a trace."""
    known = guard()
    with database.connect() as connection:
        connection.execute("SELECT setval('t7_id_seq', 2147483647 - 33)")
        connection.execute("CHECKPOINT")
        connection.execute("SELECT nextval('t7_id_seq')")
        assert not known.check(database.url).remembered
        assert known.check(database.url).remembered
        assert noted(database) == [False]
        connection.execute("SELECT nextval('t7_id_seq') FROM generate_series(1, 32)")
    assert not known.check(database.url).satisfied


def test_an_unlogged_sequence(database: Database) -> None:
    """It needs no number even for setval(); of PostgreSQL before 15 there is none."""
    known = guard()
    with database.connect() as connection:
        if connection.info.server_version < 150000:
            with pytest.raises(psycopg.Error):
                connection.execute("ALTER SEQUENCE t7_id_seq SET UNLOGGED")
            return
        connection.execute("ALTER SEQUENCE t7_id_seq SET UNLOGGED")
        assert not known.check(database.url).remembered
        assert known.check(database.url).remembered
        assert noted(database) == [False]
        before = connection.execute("SELECT age('3'::xid)").fetchall()
        connection.execute("SELECT setval('t7_id_seq', 2147483647)")
        assert connection.execute("SELECT age('3'::xid)").fetchall() == before
    assert not known.check(database.url).satisfied


def test_what_another_database_writes(database: Database, cluster: Cluster) -> None:
    """It may be a transaction of this one as well, so the sequences are looked at again; the answer is the same."""
    known = quiet_guard(database)
    other = create(cluster)
    with other.connect() as connection:
        connection.execute("CREATE TABLE t (id int)")
    assert noted(database) == [False]
    assert known.check(database.url).remembered
    assert noted(database) == [True]
    other.drop()


def test_two_applications(database: Database) -> None:
    """What is noted for one of them is written as well, but is nothing that the other one has to look for."""
    urls = [database.url, database.url.replace("+psycopg:", "+psycopg2:")]  # another driver, so another answer
    for url in urls:
        assert not guard().check(url).remembered
    for url in urls:
        assert guard().check(url).remembered
    assert noted(database) == [True, True]
    before = next_number(database)
    for url in urls * 2:
        assert guard().check(url).remembered
    assert next_number(database) == before
    with database.connect() as connection:
        connection.execute("INSERT INTO t0 DEFAULT VALUES")
    assert guard().check(urls[0]).remembered
    assert noted(database) == [False, True], "what was looked at for one is not noted for the other"


def test_what_is_written_between(database: Database) -> None:
    """After the look and before the note: the number of the note's own transaction tells, whatever it sees."""
    quiet_guard(database)
    with database.connect() as other, database.connect(autocommit=False) as noting:
        noting.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        ((following, key, fingerprint),) = noting.execute(
            f"SELECT ({NEXT}), key, fingerprint FROM schema_guard.remembered".encode()
        ).fetchall()
        other.execute("INSERT INTO t0 DEFAULT VALUES")
        assert noting.execute(noting_quiet(key, fingerprint, following, 0).encode()).rowcount == 0


def test_many_at_the_same_time(database: Database) -> None:
    known = quiet_guard(database)
    with database.connect() as connection:
        connection.execute("INSERT INTO t0 DEFAULT VALUES")
    reports = []
    threads = [Thread(target=lambda: reports.append(guard().check(database.url))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [bool(report.remembered) for report in reports] == [True] * 6
    assert known.check(database.url).remembered
    assert noted(database) == [True]


def test_it_cannot_be_noted(database: Database) -> None:
    """That nothing is missing is known all the same."""
    known = quiet_guard(database)
    with database.connect() as connection, database.connect(autocommit=False) as other:
        connection.execute("INSERT INTO t0 DEFAULT VALUES")
        other.execute("LOCK TABLE schema_guard.remembered IN EXCLUSIVE MODE")
        assert known.check(database.url).remembered
        assert noted(database) == [False]


def next_number(database: Database) -> int:
    with database.connect() as connection:
        ((number,),) = connection.execute("SELECT txid_snapshot_xmax(txid_current_snapshot())").fetchall()
        return int(number)
