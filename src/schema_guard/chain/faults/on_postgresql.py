"""The environment on PostgreSQL: the version, the search_path, what the role may do, a pooler, what a replay left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from sqlalchemy.engine import URL

from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.faults.early import in_sql
from schema_guard.chain.live import open_live
from schema_guard.chain.systems import Live
from schema_guard.chain.systems.postgresql_scratch import left_over
from schema_guard.dialects.base import Facts
from schema_guard.errors import UnreachableError
from schema_guard.names import in_quotes
from schema_guard.schema import Schema, Table

__all__ = ["on_postgresql", "pooled"]

OLDEST = 120000


def on_postgresql(url: URL, facts: Facts, live: Live, actual: Schema) -> Iterator[Fault]:
    """What stands in the way of the application and of its migrations."""
    if facts.read_only:
        yield _read_only(facts.writable_again)
    if facts.version < OLDEST:
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


def _read_only(writable_again: str) -> Fault:
    """A hot standby, or a setting: then `writable_again` is the statement after which it can be written."""
    if writable_again:
        said = "default_transaction_read_only is on for this connection, so that every write fails"
        return Fault("read-only", Severity.BREAKS, said, Fix(writable_again, sql=writable_again))
    where = "with libpq, several hosts and target_session_attrs=read-write in the URL"
    said = "the server is a hot standby, which is read-only"
    return Fault("read-only", Severity.BREAKS, said, Fix(f"connect to the primary: {where}"))


def _search_path(facts: Facts, live: Live) -> Iterator[Fault]:
    if facts.default_schema is None:
        setting = str(live.read("SELECT pg_catalog.current_setting('search_path')")[0][0])
        yield Fault(
            "search-path",
            Severity.BREAKS,
            f"no schema of the search_path ({setting}) exists: unqualified tables go nowhere",
            Fix(" ".join(facts.leading_somewhere), sql="\n".join(facts.leading_somewhere)),
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
    quoted_role = in_quotes(str(role))
    if create is False:
        sql = f"GRANT CREATE ON SCHEMA {in_quotes(facts.default_schema or '')} TO {quoted_role};"
        yield Fault(
            "privileges",
            Severity.BREAKS,
            f"role {role} may not create anything in schema {facts.default_schema}",
            Fix(f"as its owner: {sql}", sql=sql),
        )
    if temp is False:
        name = str(live.read("SELECT pg_catalog.current_database()")[0][0])
        sql = f"GRANT TEMP ON DATABASE {in_quotes(name)} TO {quoted_role};"
        yield Fault(
            "privileges",
            Severity.NOTE,
            f"role {role} may not make temporary tables; the guard needs none, a revision may",
            Fix(f"as the database's owner: {sql}", sql=sql),
        )


def _owners(tables: Sequence[Table], live: Live) -> Iterator[Fault]:
    foreign = [table for table in tables if not table.facts.owned]
    if not foreign:
        return
    role = str(live.read("SELECT current_user")[0][0])
    names = ", ".join(str(table.name) for table in foreign)
    statements = [f"ALTER TABLE {in_sql(table.name)} OWNER TO {in_quotes(role)};" for table in foreign]
    yield Fault(
        "not-owner",
        Severity.BREAKS,
        f"role {role} does not own {names}: ALTER TABLE fails",
        Fix(f"as the owner: {' '.join(statements)}", sql="\n".join(statements)),
    )


def _leftovers(live: Live) -> Iterator[Fault]:
    for name in left_over(live.read):
        sql = f"DROP DATABASE {in_quotes(name)};"
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
        assert other.hold is not None
        with other.hold():
            return any(session_of(one) != first for _ in range(3))
    return False
