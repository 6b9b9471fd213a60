"""PostgreSQL, as Alembic's chain meets it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from schema_guard.chain.systems.base import Fingerprint, Identity, Key, Live, System
from schema_guard.chain.systems.scratch import Scratch
from schema_guard.chain.version_table import (
    NO_COLUMN,
    Read,
    VersionTable,
    literal,
    meant,
    qualified,
    strange_rows,
)
from schema_guard.column import Type, TypeKind
from schema_guard.dialects.postgresql.referring import based, can_refer
from schema_guard.dialects.postgresql.types import parse_type
from schema_guard.errors import LockTimeoutError, ReadError, one_line
from schema_guard.names import Name, in_quotes

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection

    from schema_guard.dialects.deadline import Deadline

__all__ = ["PostgreSQL"]

LOCKED = 3.0
"""Seconds of a read for a table that somebody keeps from being read, where no budget says how long."""
ORPHANED = 1000
"""Milliseconds after which the server ends a statement whose process was killed, with the locks that it holds."""
_LOCAL = frozenset({"", "localhost", "127.0.0.1", "::1"})
_WHERE = ("host", "hostaddr", "port", "dbname", "database", "user", "password", "passfile", "service", "dsn")
"""Arguments of drivers that say where to connect and as whom."""

_SYSTEM = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"
_OWN = (
    "NOT EXISTS (SELECT FROM pg_catalog.pg_depend x "
    "WHERE x.objid = {oid} AND x.classid = '{of}'::regclass AND x.deptype = 'e')"
)
_WRITES = {
    "INSERT": "pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'INSERT')",
    "UPDATE": "pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'UPDATE')",
    "DELETE": "pg_catalog.has_table_privilege(a.attrelid, 'DELETE')",
}
"""What Alembic does to alembic_version, each with whether the role may."""
_BESIDE = f"""
SELECT 'schema', n.nspname, '' FROM pg_catalog.pg_namespace n WHERE {_SYSTEM}
UNION ALL SELECT 'extension', e.extname, '' FROM pg_catalog.pg_extension e
UNION ALL SELECT 'view', n.nspname || '.' || c.relname, pg_catalog.pg_get_viewdef(c.oid)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('v', 'm') AND {_SYSTEM} AND {_OWN.format(oid="c.oid", of="pg_class")}
UNION ALL SELECT 'relation', n.nspname || '.' || c.relname, (SELECT pg_catalog.string_agg(
    a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE (c.relkind = 'f' OR (c.relkind IN ('r', 'p') AND NOT n.nspname = ANY (ARRAY[%(schemas)s]::text[])))
    AND {_SYSTEM} AND c.relname <> ALL (ARRAY[%(without)s]::text[]) AND {_OWN.format(oid="c.oid", of="pg_class")}
UNION ALL SELECT 'sequence', n.nspname || '.' || c.relname, 'increment ' || s.seqincrement
  FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE {_SYSTEM} AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x WHERE x.objid = c.oid AND x.deptype IN ('a', 'i')
    AND x.refobjsubid > 0)
UNION ALL SELECT 'type', n.nspname || '.' || t.typname, pg_catalog.format_type(NULLIF(t.typbasetype, 0), t.typtypmod)
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
  WHERE {_SYSTEM} AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c') AND {_OWN.format(oid="t.oid", of="pg_type")}
UNION ALL SELECT 'function', n.nspname || '.' || p.proname || '('
    || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')',
    CASE WHEN p.prokind = 'a' THEN '' ELSE pg_catalog.pg_get_functiondef(p.oid) END
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE {_SYSTEM} AND {_OWN.format(oid="p.oid", of="pg_proc")}
UNION ALL SELECT 'trigger', t.tgname || ' on ' || n.nspname || '.' || c.relname,
    pg_catalog.pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
  FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND {_SYSTEM}
UNION ALL SELECT 'rule', r.rulename || ' on ' || n.nspname || '.' || c.relname, pg_catalog.pg_get_ruledef(r.oid)
  FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE r.rulename <> '_RETURN' AND {_SYSTEM}
UNION ALL SELECT 'policy', p.policyname || ' on ' || p.schemaname || '.' || p.tablename,
    pg_catalog.concat_ws(' ', p.permissive, p.cmd, p.roles::text, p.qual, p.with_check)
  FROM pg_catalog.pg_policies p
UNION ALL SELECT 'row security', 'on ' || n.nspname || '.' || c.relname
    || CASE WHEN c.relforcerowsecurity THEN ', forced' ELSE '' END, ''
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relrowsecurity AND {_SYSTEM}
UNION ALL SELECT 'grant', g.privilege_type || ' on ' || o.what || ' to '
    || COALESCE((SELECT rolname FROM pg_catalog.pg_roles WHERE oid = g.grantee), 'public'), ''
  FROM (SELECT n.nspname || '.' || c.relname AS what, c.relowner AS owner,
      COALESCE(c.relacl, pg_catalog.acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END,
        c.relowner)) AS acl
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND {_SYSTEM} AND c.relname <> ALL (ARRAY[%(without)s]::text[])
    UNION ALL SELECT 'schema ' || n.nspname, n.nspowner, COALESCE(n.nspacl, pg_catalog.acldefault('n', n.nspowner))
      FROM pg_catalog.pg_namespace n WHERE {_SYSTEM}
    UNION ALL SELECT 'function ' || n.nspname || '.' || p.proname, p.proowner,
      COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner))
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
      WHERE {_SYSTEM} AND {_OWN.format(oid="p.oid", of="pg_proc")}
  ) o, pg_catalog.aclexplode(o.acl) g WHERE g.grantee <> o.owner
"""


_OUTSIDE = re.compile(
    r"VACUUM\b|(?:CREATE|DROP) (?:DATABASE|TABLESPACE)\b|ALTER SYSTEM\b"
    r"|(?:CREATE(?: UNIQUE)? INDEX|DROP INDEX|REINDEX (?:INDEX|TABLE|SCHEMA|DATABASE)) CONCURRENTLY\b"
)
"""What cannot run in a transaction block (PostgreSQL manual, SQL commands)."""
_COMMANDS = frozenset(
    {"ABORT", "ALTER", "ANALYSE", "ANALYZE", "BEGIN", "CALL", "CHECKPOINT", "CLOSE", "CLUSTER", "COMMENT"}
    | {"COMMIT", "COPY", "CREATE", "DEALLOCATE", "DECLARE", "DELETE", "DISCARD", "DO", "DROP", "END"}
    | {"EXECUTE", "EXPLAIN", "FETCH", "GRANT", "IMPORT", "INSERT", "LISTEN", "LOAD", "LOCK", "MERGE"}
    | {"MOVE", "NOTIFY", "PREPARE", "REASSIGN", "REFRESH", "REINDEX", "RELEASE", "REPACK", "RESET", "REVOKE"}
    | {"ROLLBACK", "SAVEPOINT", "SECURITY", "SELECT", "SET", "SHOW", "START", "TABLE", "TRUNCATE", "UNLISTEN"}
    | {"UPDATE", "VACUUM", "VALUES", "WAIT", "WITH"}
)
"""The words with which its statements begin (PostgreSQL manual, SQL commands)."""


class PostgreSQL(System):
    """A database of a server."""

    name = "postgresql"
    title = "PostgreSQL"
    drivers = ("psycopg", "asyncpg", "pg8000")
    asynchronous = ("asyncpg", "psycopg_async")
    own_casts = (
        "SELECT 1 FROM pg_catalog.pg_cast c WHERE c.oid >= 16384 AND c.castcontext = 'i' AND "
        + _OWN.format(oid="c.oid", of="pg_catalog.pg_cast")
        + " LIMIT 1"
    )
    own_schema = None
    checks_length = True
    alters_types = True
    copies_tables = False
    differs = "IS DISTINCT FROM"
    drops_referring_keys = True
    checks_references = True
    drops_indexes_first = False
    keeps_text = False
    is_file = False
    where = (
        "SELECT pg_catalog.current_database()::pg_catalog.text, d.oid::pg_catalog.text, "
        "pg_catalog.pg_postmaster_start_time()::pg_catalog.text "
        "FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()"
    )
    """Through a pooler or another host name the same server says the same."""
    own_session = "SELECT pg_catalog.pg_backend_pid()"

    def folded(self, name: str) -> str:
        return name

    def table(self, name: str, schema: str | None) -> str:
        return qualified(name, schema)

    def identity(self, arguments: Sequence[Any], named: Mapping[str, Any]) -> Identity:  # noqa: ARG002
        host = str(named.get("host") or os.environ.get("PGHOST") or "").partition(",")[0]
        port = str(named.get("port") or os.environ.get("PGPORT") or "5432").partition(",")[0]
        asked = (named.get("dbname"), named.get("database"), os.environ.get("PGDATABASE"), named.get("user"))
        local = host in _LOCAL or host.startswith("/")
        return (self.name, "" if local else host, port, str(next(filter(None, asked), "")))

    def fingerprint(self, rows: Sequence[tuple[str, ...]]) -> Fingerprint:
        return (self.name, *rows[0])

    def keys(self, kind: str, name: str, table: str, *, relation: bool) -> tuple[Key, ...]:
        if kind in ("table", "view"):
            return (("relation", name), ("type", name))  # the type of its rows
        if kind in ("index", "sequence"):
            return (("relation", name),)
        if kind == "type":
            return (("type", name), *((("relation", name),) if relation else ()))
        if kind == "value":
            return ((kind, f"{table}.{name}"),)
        if kind in ("constraint", "trigger", "policy", "rule"):
            schema, dot, _ = table.rpartition(".")
            own = (kind, f"{table}.{name}")
            return (own, ("relation", f"{schema}{dot}{name}")) if relation else (own,)
        return ((kind, name),) if kind in ("column", "schema", "function", "extension") else ()

    def table_exists(self, name: str, schema: str | None) -> str:
        return f"SELECT 1 WHERE pg_catalog.to_regclass({literal(qualified(name, schema))}) IS NOT NULL"

    def exists(self, kind: str, name: str, schema: str | None) -> str:
        if kind in ("table", "view", "index", "sequence"):
            return self.table_exists(name, schema)
        if kind == "type":
            return f"SELECT 1 WHERE pg_catalog.to_regtype({literal(qualified(name, schema))}) IS NOT NULL"
        column = {"function": "proname", "schema": "nspname", "extension": "extname"}.get(kind)
        catalog = {"function": "pg_proc", "schema": "pg_namespace", "extension": "pg_extension"}.get(kind)
        return f"SELECT 1 FROM pg_catalog.{catalog} WHERE {column} = {literal(name)}" if column else ""

    def one_at_a_time(self, driver: str) -> bool:
        return driver == "asyncpg"  # it prepares what it sends

    def refuses_empty(self, driver: str) -> bool:
        return driver == "psycopg2"

    def outside(self, words: Sequence[str]) -> str:
        found = _OUTSIDE.match(" ".join(words[:5]))
        return found[0] if found else ""

    def type_named(self, text: str, find: Callable[[str | None, str], tuple[str | None, TypeKind]]) -> Type | None:
        return parse_type(text, find) if text else None

    def can_refer(self, referring: Type, target: Type, domains: Mapping[Name, Type]) -> bool:
        return can_refer(based(referring, domains), based(target, domains))

    def knows(self, word: str) -> bool:
        return word in _COMMANDS

    def refuses(self, statement: str) -> str:  # noqa: ARG002
        return ""

    def version_table(self, read: Read, name: str, schema: str | None) -> VersionTable:
        written = self.table(name, schema)
        found = read(
            "SELECT a.atttypmod - 4 AS width, pg_catalog.format_type(a.atttypid, NULL) AS type, "
            "t.typcategory = 'S' AND t.typname <> 'bpchar' AS is_text, current_user, "
            f"{', '.join(_WRITES.values())} "
            "FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
            f"WHERE a.attrelid = pg_catalog.to_regclass({literal(written)}) AND a.attname = 'version_num'"
        )
        elsewhere = read(
            "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
            f"WHERE c.relname = {literal(name)} AND c.relkind IN ('r', 'p') "
            f"AND c.oid IS DISTINCT FROM pg_catalog.to_regclass({literal(written)})::pg_catalog.oid ORDER BY 1"
        )
        others = tuple(str(row[0]) for row in elsewhere)
        label = f"{schema}.{name}" if schema else name
        if not found:
            there = bool(read(self.table_exists(name, schema)))
            return VersionTable(label, there, readable=NO_COLUMN if there else "", elsewhere=others)
        limit = int(str(found[0][0]))
        width = limit if limit > 0 else None
        try:
            rows = [row[0] for row in read(f"SELECT version_num FROM {written} ORDER BY 1")]
        except LockTimeoutError as error:
            raise LockTimeoutError(f"{label}: {error.message}", error.blockers) from None
        except ReadError as error:
            return VersionTable(label, True, (), width, error.message, others)
        kind = str(found[0][1])
        strange = strange_rows(rows) if found[0][2] or kind == "character" else tuple(map(str, rows))
        mistyped = kind if not found[0][2] and (strange or kind != "character") else ""
        denied = tuple(verb for verb, may in zip(_WRITES, found[0][4:], strict=True) if may is False)
        grant = f"GRANT {', '.join(denied)} ON {written} TO {in_quotes(str(found[0][3]))}" if denied else ""
        return VersionTable(
            label,
            True,
            meant(rows),
            width,
            "",
            others,
            strange=strange,
            mistyped=mistyped,
            denied=denied,
            grant=grant,
        )

    def beside(self, schemas: Sequence[str], without: Collection[str]) -> str:
        return _BESIDE % {"schemas": ", ".join(map(literal, schemas)), "without": ", ".join(map(literal, without))}

    @contextmanager
    def live(self, engine: Engine, deadline: Deadline | None) -> Iterator[Live]:
        from schema_guard.dialects.postgresql.driver_error import DriverError
        from schema_guard.dialects.postgresql.failures import LOCK_NOT_AVAILABLE, diagnose
        from schema_guard.dialects.postgresql.holders import locked
        from schema_guard.dialects.postgresql.link import Link
        from schema_guard.dialects.postgresql.server import EngineServer

        server = EngineServer(engine)
        link = Link(server, deadline)

        def read(sql: str) -> list[tuple[object, ...]]:
            patience = deadline.left if deadline is not None and deadline.begun else LOCKED
            try:
                with link.reading(10.0 + patience, lock_timeout=patience):
                    return link.rows(sql)
            except DriverError as error:
                if diagnose(error).sqlstate == LOCK_NOT_AVAILABLE:
                    raise locked(link, "rows could not be read") from None
                raise ReadError(one_line(str(error.orig))) from None

        def fingerprint() -> Fingerprint:
            return self.fingerprint([tuple(str(value or "") for value in row) for row in read(self.where)])

        @contextmanager
        def hold() -> Iterator[None]:
            with link.reading(10.0):
                link.rows("SELECT 1")
                yield

        try:
            yield Live(self, read, fingerprint, hold)
        finally:
            link.close()
            server.bridge.close()

    def lead(self, to: tuple[Sequence[Any], Mapping[str, Any]], arguments: list[Any], named: dict[str, Any]) -> None:
        elsewhere, other = to
        for key in _WHERE:
            named.pop(key, None)
        arguments[:] = elsewhere
        named.update({key: value for key, value in other.items() if key in _WHERE})

    def only_read(self, connection: DBAPIConnection) -> None:
        cursor = connection.cursor()
        cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
        cursor.execute("SET statement_timeout = 5000")
        connection.commit()
        cursor.close()

    def limit_locks(self, connection: DBAPIConnection, milliseconds: int) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = {milliseconds}")
        connection.commit()
        try:
            cursor.execute(f"SET client_connection_check_interval = {ORPHANED}")
            connection.commit()
        except Exception:  # older than PostgreSQL 14, or a server's system that cannot tell
            connection.rollback()
        cursor.close()

    def backend(self, connection: Connection) -> tuple[int, ...]:
        return (connection.exec_driver_sql("SELECT pg_catalog.pg_backend_pid()").scalar_one(),)

    def lock_writers(self, connection: Connection, name: str) -> None:
        """SHARE ROW EXCLUSIVE conflicts with every writer and with itself, not with readers."""
        connection.exec_driver_sql(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE")

    def unlimited(self, statement: str, milliseconds: int) -> tuple[str, str] | None:
        """CONCURRENTLY waits for old transactions and blocks nobody; cut short it leaves an INVALID index."""
        if "CONCURRENTLY" not in statement.upper():
            return None
        return "SET lock_timeout = 0", f"SET lock_timeout = {milliseconds}"

    def scratch(
        self, server: URL, like: URL | None, schemas: Sequence[str], revisions: str
    ) -> AbstractContextManager[Scratch]:
        from schema_guard.chain.systems.postgresql_scratch import postgresql_scratch

        return postgresql_scratch(server, like, schemas, revisions)

    def make_spare(self, main: URL, name: str) -> None:
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        from schema_guard.dialects.postgresql.link import Link
        from schema_guard.dialects.postgresql.server import EngineServer

        link = Link(EngineServer(create_engine(main, poolclass=NullPool)))
        link.run(f'CREATE DATABASE "{name}"')
        link.close()
