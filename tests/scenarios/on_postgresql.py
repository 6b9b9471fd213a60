"""A PostgreSQL database as a stage."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from schema_guard.plan import Lock, Step
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database, create
from tests.postgres.server_log import DATABASE, MESSAGE, ServerLog
from tests.scenarios.document import HERE
from tests.scenarios.stage import Contents, freeze, runnable

__all__ = ["PostgresqlStage"]

CATALOG = (HERE / "catalog.sql").read_text(encoding="utf-8")
OBJECTS = (HERE / "objects.sql").read_text(encoding="utf-8")
TABLES = """
    SELECT nspname, relname, array_agg(attname::text ORDER BY attnum)
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
    WHERE relkind = 'r' AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
    GROUP BY nspname, relname"""
LOCKS = """
    SELECT coalesce(root.oid, c.oid)::regclass::text, nspname, coalesce(root.relname, c.relname), mode
    FROM pg_locks JOIN pg_class c ON c.oid = relation JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_class root ON c.relispartition AND root.oid = pg_partition_root(c.oid)
    WHERE pid = %s AND locktype = 'relation' AND c.relkind IN ('r', 'p')
      AND nspname NOT LIKE 'pg\\_%%' AND nspname <> 'information_schema'"""
FILES = "SELECT oid::regclass::text, pg_relation_filenode(oid) FROM pg_class WHERE relkind = 'r' AND oid >= 16384"
_STATEMENT = re.compile(r"(?:statement|execute [^:]*): (?P<sql>.*)", re.DOTALL)


class PostgresqlStage:
    """A database whose server logs every statement that changes something."""

    dialect = "postgresql"

    def __init__(self, database: Database, role: str) -> None:
        self.own = database
        self.role = role
        major = int(database.server.version.partition(".")[0])
        self.target = next((f"postgresql < {other}" for other in (14, 18) if major < other), "postgresql")
        self.database = database.server.url(database.name, user=role)
        self._log = ServerLog(database)

    @staticmethod
    def on(server: Cluster, role: str) -> PostgresqlStage:
        return PostgresqlStage(create(server), role)

    def set_up(self, script: str) -> None:
        """Run the script with psql, each statement in a transaction of its own; `\\i FILE` is seen from here."""
        script = f"\\cd {HERE}\n{script}"
        done = self.own.server.psql(self.own.name, text=script)
        assert done.returncode == 0, done.stderr
        self.own.server.psql("postgres", command=f"ALTER DATABASE {self.own.name} SET log_statement = 'mod'")

    def state(self) -> tuple[Any, ...]:
        contents = self.contents()
        rows = tuple((table, tuple(names), frozenset(found.items())) for table, (names, found) in contents.items())
        return tuple(self._catalog(CATALOG)), rows

    def objects(self) -> frozenset[str]:
        return frozenset(name for (name,) in self._catalog(OBJECTS))

    def contents(self, columns: Mapping[str, Sequence[str]] | None = None) -> Contents:
        found: Contents = {}
        with closing(self._observer()) as connection:
            for schema, table, all_names in connection.execute(TABLES).fetchall():
                key = f"{schema}.{table}"
                if columns is not None and key not in columns:
                    continue
                names = all_names if columns is None else columns[key]
                wanted = SQL(", ").join(Identifier(name) for name in names)
                rows = connection.execute(SQL("SELECT {} FROM ONLY {}").format(wanted, Identifier(schema, table)))
                found[key] = names, Counter(tuple(freeze(value) for value in row) for row in rows)
        return found

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(self.own.connect()) as connection:
            return connection.execute(sql).fetchall()

    def changes(self) -> list[str]:
        """From the server's own log: log_statement = mod is DDL and what changes rows.

        What is tried on a temporary copy is left out: `state` proves that nothing of it lasts.
        """
        statements = (
            found["sql"]
            for record in self._log.records()
            if record[DATABASE] == self.own.name and (found := _STATEMENT.match(record[MESSAGE]))
        )
        return [statement for statement in statements if " pg_temp." not in statement]

    def take(self, steps: Sequence[Step], after: Callable[[Step], None] | None = None) -> None:
        url = self.database.replace("+psycopg", "", 1)
        with closing(psycopg.connect(url, autocommit=True)) as connection, closing(self._observer()) as observer:
            for step in runnable(steps, lambda sql: _ask(connection, sql)):
                files = dict(observer.execute(FILES).fetchall())
                while _run(connection, observer, step) and step.repeat:
                    pass
                now = dict(observer.execute(FILES).fetchall())
                rewritten = {table for table, file in files.items() if table in now and now[table] != file}
                assert step.rewrites or not rewritten, f"{step.id} rewrites {rewritten} and does not say so"
                assert not _ask(connection, step.probe), f"{step.id}: the probe must be false after\n{step.probe}"
                if after is not None:
                    after(step)

    def anywhere(self, text: str) -> str:
        return text.replace(self.own.name, "example")

    def copy(self) -> PostgresqlStage:
        other = self.own.copy()
        settings = self._catalog(
            "SELECT unnest(setconfig) FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase"
            " WHERE datname = current_database() AND setrole = 0"
        )
        with closing(other.connect()) as connection:
            for (setting,) in settings:
                name, _, value = setting.partition("=")
                target, key = Identifier(other.name), Identifier(name)
                connection.execute(SQL("ALTER DATABASE {} SET {} = {}").format(target, key, SQL(value)))
        return PostgresqlStage(other, self.role)

    def close(self) -> None:
        self.own.drop()

    def _observer(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection whose catalog nobody shadows."""
        connection = self.own.connect()
        connection.execute("SET search_path = pg_catalog")
        return connection

    def _catalog(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(self._observer()) as connection:
            return connection.execute(SQL(sql)).fetchall()


def _ask(connection: psycopg.Connection[Any], sql: str) -> bool:
    row = connection.execute(SQL(sql)).fetchone()
    assert row is not None
    assert isinstance(row[0], bool), f"a probe answers true or false, not {row[0]!r}: {sql}"
    return row[0]


def _run(connection: psycopg.Connection[Any], observer: psycopg.Connection[Any], step: Step) -> int:
    """Run the step once; the locks it holds before it commits must be declared. Returns the rows it changed."""
    if not step.transactional:
        for statement in step.statements:
            connection.execute(SQL(statement))
        return 0
    rows = 0
    with connection.transaction():
        for statement in step.statements:
            rows += max(0, connection.execute(SQL(statement)).rowcount)
        _prove_locks(observer, step, connection.info.backend_pid)
    return rows


def _prove_locks(observer: psycopg.Connection[Any], step: Step, pid: int) -> None:
    """No lock on a table is stronger than declared. A partition's locks are its root's."""
    declared: dict[tuple[str | None, str], Lock] = {}
    for locked in step.locks:
        if locked.relation is not None:
            name = (locked.relation.schema, locked.relation.name)
            declared[name] = max(locked.lock, declared.get(name, Lock.NONE))
    for shown, schema, table, mode in observer.execute(LOCKS, (pid,)).fetchall():
        lock = Lock[re.sub(r"(?<=[a-z])(?=[A-Z])", "_", mode.removesuffix("Lock")).upper()]
        if lock > Lock.ACCESS_SHARE:
            said = declared.get((schema, table), Lock.NONE)
            assert said >= lock, f"{step.id} takes {lock.words} on {shown} and declares {said.words}"
