"""The database apart from its schema: may this role, over this connection, do what repairs and revisions do?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from sqlalchemy.engine import URL

from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.faults.batch_leftovers import batch_leftovers
from schema_guard.chain.sandbox.scratch import PREFIX
from schema_guard.chain.version_table import Live, open_live, quoted
from schema_guard.dialects.base import Facts
from schema_guard.errors import UnreachableError
from schema_guard.schema import Schema, Table

__all__ = ["environment_faults", "environment_lines", "pooled"]

OLDEST_POSTGRESQL = 120000
OLDEST_SQLITE = 3_035_000
"""The first that drops a column; before it every change is a rebuild."""


def environment_lines(url: URL, written: URL, facts: Facts) -> list[str]:
    """What was found in order, for people: server, driver, role's search_path."""
    server = facts.server
    lines = [f"{server.dialect} {server.version} at {server.database}"]
    driver = f"driver {url.get_driver_name()}"
    if written.drivername != url.drivername:
        driver += f" (the URL says {written.drivername})"
    lines.append(driver)
    if facts.default_schema is not None:
        lines.append(f"search_path {', '.join(facts.search_path)}; new tables go to {facts.default_schema}")
    return lines


def environment_faults(url: URL, facts: Facts, live: Live, actual: Schema) -> Iterator[Fault]:
    """Faults of the connection, its role and its server. Plain SELECTs; writes nothing."""
    if facts.read_only:
        yield _read_only(facts)
    if facts.server.dialect == "sqlite":
        yield from _sqlite(url, facts)
        yield from batch_leftovers(live)
        return
    if facts.version < OLDEST_POSTGRESQL:
        yield Fault(
            "server-version",
            Severity.BREAKS,
            f"PostgreSQL {facts.server.version} is older than 12",
            Fix("upgrade the server"),
        )
    yield from _search_path(facts, live)
    yield from _privileges(facts, live)
    yield from _owners(actual.tables, live)
    if pooled(url):
        yield Fault(
            "pooler",
            Severity.RISK,
            "a pooler gives every transaction another session: the guard's lock and session settings don't hold there",
            Fix("connect DDL directly: --ddl-url URL (SCHEMA_GUARD_DDL_URL)"),
        )
    yield from _leftovers(live)


def _read_only(facts: Facts) -> Fault:
    if facts.server.dialect == "sqlite":
        return Fault(
            "read-only",
            Severity.BREAKS,
            f"{facts.server.database} may not be written",
            Fix(f"chmod u+w {facts.server.database}, or give its directory to the user that runs the application"),
        )
    return Fault(
        "read-only",
        Severity.BREAKS,
        "the connection is read only: a standby, or default_transaction_read_only is on",
        Fix("connect to the primary: with libpq, several hosts and target_session_attrs=read-write in the URL"),
    )


def _sqlite(url: URL, facts: Facts) -> Iterator[Fault]:
    if facts.version < OLDEST_SQLITE:
        yield Fault(
            "server-version",
            Severity.RISK,
            f"SQLite {facts.server.version} cannot drop a column (3.35 can): revisions need batch mode",
            Fix("use a Python that brings a newer SQLite"),
        )
    database = url.database or ""
    if database and not database.startswith("file:") and not Path(database).is_absolute() and database != ":memory:":
        yield Fault(
            "file",
            Severity.NOTE,
            f"the URL's path is relative: it is {Path(database).resolve()} from this directory, and another file "
            "elsewhere",
            Fix(f"sqlite:////{str(Path(database).resolve()).lstrip('/')}"),
        )
    if database in ("", ":memory:"):
        yield Fault(
            "file",
            Severity.RISK,
            "a database in memory is gone with its connection: migrations and the application each see their own",
            Fix("use a file: sqlite:///app.db"),
        )
    elif Path(database).exists() and not os.access(Path(database).resolve().parent, os.W_OK):
        yield Fault(
            "file",
            Severity.BREAKS,
            f"the directory {Path(database).resolve().parent} may not be written, where SQLite puts its journal",
            Fix("give the directory to the user that runs the application"),
        )


def _search_path(facts: Facts, live: Live) -> Iterator[Fault]:
    if facts.default_schema is None:
        setting = str(live.read("SELECT pg_catalog.current_setting('search_path')")[0][0])
        yield Fault(
            "search-path",
            Severity.BREAKS,
            f"no schema of the search_path ({setting}) exists: unqualified tables go nowhere",
            Fix(
                "ALTER ROLE CURRENT_USER SET search_path = public",
                sql="ALTER ROLE CURRENT_USER SET search_path = public",
            ),
        )
    elif facts.default_schema != "public":
        yield Fault(
            "search-path",
            Severity.NOTE,
            f"unqualified tables, alembic_version among them, go to schema {facts.default_schema}, not to public",
        )


def _privileges(facts: Facts, live: Live) -> Iterator[Fault]:
    role, temp, create = live.read(
        "SELECT current_user, "
        "pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMP'), "
        "pg_catalog.has_schema_privilege(pg_catalog.current_schema(), 'CREATE')"
    )[0]
    quoted_role = quoted(str(role))
    if create is False:
        sql = f"GRANT CREATE ON SCHEMA {quoted(facts.default_schema or '')} TO {quoted_role}"
        yield Fault(
            "privileges",
            Severity.BREAKS,
            f"role {role} may not create anything in schema {facts.default_schema}",
            Fix(f"as its owner: {sql}", sql=sql),
        )
    if temp is False:
        name = str(live.read("SELECT pg_catalog.current_database()")[0][0])
        sql = f"GRANT TEMP ON DATABASE {quoted(name)} TO {quoted_role}"
        yield Fault(
            "privileges",
            Severity.NOTE,
            f"role {role} may not make temporary tables; the guard needs none, a revision may",
            Fix(f"as the database's owner: {sql}", sql=sql),
        )


def _owners(tables: Sequence[Table], live: Live) -> Iterator[Fault]:
    foreign = [table for table in tables if not table.owned]
    if not foreign:
        return
    role = str(live.read("SELECT current_user")[0][0])
    names = ", ".join(str(table.name) for table in foreign)
    statements = [f"ALTER TABLE {_qualified(table)} OWNER TO {quoted(role)}" for table in foreign]
    yield Fault(
        "not-owner",
        Severity.BREAKS,
        f"role {role} does not own {names}: ALTER TABLE fails",
        Fix(f"as the owner: {'; '.join(statements)}", sql=";\n".join(statements)),
    )


def _leftovers(live: Live) -> Iterator[Fault]:
    rows = live.read(
        "SELECT d.datname FROM pg_catalog.pg_database d WHERE pg_catalog.starts_with(d.datname::pg_catalog.text, "
        f"'{PREFIX}') AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid) ORDER BY 1"
    )
    for (name,) in rows:
        sql = f"DROP DATABASE {quoted(str(name))}"
        yield Fault(
            "leftover-scratch",
            Severity.NOTE,
            f"{name} was made for a replay that was killed",
            Fix(f"when no replay is running: {sql}", sql=sql),
        )


def pooled(url: URL) -> bool:
    """Whether two transactions of one connection ran in two sessions.

    While another connection holds a transaction open, a pooler in transaction mode cannot hand out the same one again.
    """

    def session_of(live: Live) -> object:
        return live.read("SELECT pg_catalog.pg_backend_pid()")[0][0]

    with suppress(UnreachableError), open_live(url) as one, open_live(url) as other:  # no third connection: unknown
        first = session_of(one)
        assert other.link is not None
        with other.link.reading(10.0):
            other.link.rows("SELECT 1")
            return any(session_of(one) != first for _ in range(3))
    return False


def _qualified(table: Table) -> str:
    schema = f"{quoted(table.name.schema)}." if table.name.schema else ""
    return schema + quoted(table.name.name)
