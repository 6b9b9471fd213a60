"""The one place that picks the database system."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

from schema_guard.address import Address
from schema_guard.errors import ConfigurationError, one_line
from schema_guard.hidden import hide

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Engine
    from sqlalchemy.engine.default import DefaultDialect

    from schema_guard.dialects.base import Dialect, Session
    from schema_guard.dialects.deadline import Deadline
    from schema_guard.dialects.postgresql.many import ManyTenants
    from schema_guard.dialects.postgresql.server import Server
    from schema_guard.dialects.tenant import Tenant

__all__ = [
    "SUPPORTED",
    "added_arguments",
    "check_lasting",
    "check_same",
    "is_in_memory",
    "offline_dialect",
    "open_many",
    "open_session",
    "postgresql_server",
]

SUPPORTED = ("postgresql", "sqlite")
"""The database systems, as SQLAlchemy calls their dialects."""
APPLICATION_NAME = "schema-guard"
"""What pg_stat_activity shows, where neither the URL nor PGAPPNAME says otherwise."""
CONNECT_TIMEOUT = 10
"""Seconds, where neither the URL nor PGCONNECT_TIMEOUT says otherwise."""
IN_MEMORY = (
    "the URL names a database in memory, of which every process has an empty one of its own: nothing that is made here "
    "is there for the application; nothing was done. Use a file, sqlite:///app.db; or call Guard.apply(engine) in the "
    "application itself"
)
_LIBPQ = frozenset({"postgresql+psycopg", "postgresql+psycopg2"})


def open_session(database: Any, deadline: Deadline | None = None) -> Session:
    """Connect.

    Args:
        database: an Engine, an AsyncEngine, or a URL. Of an engine only its way to connect is used, not its pool. An
            Address is reached by the driver alone where that can be done, which saves importing SQLAlchemy.
        deadline: when the run that it is for has to be over.

    Raises:
        ConfigurationError: it is none of these, its driver is not installed, or the database system is not supported.
        UnreachableError: the database does not answer.
    """
    from schema_guard.dialects.tenant import Opened, Tenant

    if isinstance(database, Opened):
        return database.session
    if isinstance(database, Tenant):
        return _tenant_session(database, deadline)
    if isinstance(database, Address):
        return _direct_session(database, deadline) or _engine_session(database, deadline)
    return _engine_session(database, deadline)


def _engine_session(database: Any, deadline: Deadline | None) -> Session:
    """Through SQLAlchemy."""
    engine = _engine(database)
    hide(engine.url.render_as_string(hide_password=False))
    if engine.dialect.name == "postgresql":
        from schema_guard.dialects.postgresql.server import EngineServer
        from schema_guard.dialects.postgresql.session import PostgreSQLSession

        return PostgreSQLSession(EngineServer(engine, _app_driver(database)), deadline)
    if engine.dialect.name == "sqlite":
        from schema_guard.dialects.sqlite.session import SQLiteSession

        return SQLiteSession(engine, deadline, by_url=engine is not _given(database))
    raise ConfigurationError(f"{engine.dialect.name} is not supported: PostgreSQL and SQLite are")


def _tenant_session(tenant: Tenant, deadline: Deadline | None) -> Session:
    from schema_guard.dialects.postgresql.tenant import TenantServer, TenantSession

    return TenantSession(TenantServer(postgresql_server(tenant.database), tenant.declared, tenant.schema), deadline)


def open_many(database: Any, declared: str | None = None, deadline: Deadline | None = None) -> ManyTenants:
    """Connect to a database with a schema for each tenant; `declared` as Tenant has it. Raises as `open_session`."""
    from schema_guard.dialects.postgresql.many import ManyTenants

    return ManyTenants(postgresql_server(database), declared, deadline)


def postgresql_server(database: Any) -> Server:
    """The way to a PostgreSQL database through SQLAlchemy; an Engine or a URL. Raises ConfigurationError."""
    from schema_guard.dialects.postgresql.server import EngineServer

    engine = _engine(database)
    hide(engine.url.render_as_string(hide_password=False))
    if engine.dialect.name != "postgresql":
        raise ConfigurationError(f"a schema for each tenant is known of PostgreSQL, not of {engine.dialect.name}")
    return EngineServer(engine, _app_driver(database))


def _app_driver(database: Any) -> str:
    return database.app_driver if isinstance(database, Address) else ""


def _direct_session(address: Address, deadline: Deadline | None) -> Session | None:
    """By the driver alone; None where something of the address is left to SQLAlchemy."""
    hide(address.render_as_string(hide_password=False))
    if address.system == "sqlite":
        from schema_guard.dialects.sqlite.direct import direct_place
        from schema_guard.dialects.sqlite.session import SQLiteSession

        place = direct_place(address)
        return None if place is None else SQLiteSession(place, deadline)
    from schema_guard.dialects.postgresql.direct import direct_server

    server = direct_server(address, added_arguments(address))
    if server is None:
        return None
    from schema_guard.dialects.postgresql.session import PostgreSQLSession

    return PostgreSQLSession(server, deadline)


def check_same(url: Any, ddl_url: Any, deadline: Deadline | None = None) -> None:
    """See that both URLs or engines lead to one database, and that names without schema mean the same by both.

    Raises:
        ConfigurationError: they don't.
        UnreachableError, ReadError: one of them cannot be asked.
    """
    found = []
    for one in (url, ddl_url):
        session = open_session(one, deadline)
        try:
            found.append((session.identity(), session.facts.search_path, session.facts.server.database))
        finally:
            session.close()
    (here, path, name), (there, ddl_path, ddl_name) = found
    if here != there:
        raise ConfigurationError(f"--ddl-url leads to another database than --url: {ddl_name}, not {name}")
    if path != ddl_path:
        raise ConfigurationError(
            f"--ddl-url finds names without schema in {', '.join(ddl_path) or 'no schema'}, "
            f"--url in {', '.join(path) or 'no schema'}: give both the same search_path"
        )


def check_lasting(url: URL | Address) -> None:
    """See that what one process makes in the database is there for another one.

    Raises ConfigurationError: it is a database in memory.
    """
    if is_in_memory(url):
        raise ConfigurationError(IN_MEMORY)


def is_in_memory(url: URL | Address) -> bool:
    """Whether every process, and most often every connection, has a database of its own."""
    from schema_guard.dialects.sqlite.location import in_memory

    return url.drivername.partition("+")[0] == "sqlite" and in_memory(url.database or "", url.query)


def offline_dialect(name: str) -> Dialect:
    """The words of a database system, without a database: unqualified names stay unqualified.

    Args:
        name: "postgresql" or "sqlite".
    """
    if name == "postgresql":
        from schema_guard.dialects.postgresql.dialect import PostgreSQLDialect

        return PostgreSQLDialect()
    if name == "sqlite":
        from schema_guard.dialects.sqlite.dialect import SQLiteDialect

        return SQLiteDialect()
    raise ConfigurationError(f"{name} is not supported: postgresql and sqlite are")


def _engine(database: Any) -> Engine:
    from sqlalchemy.engine import URL

    given = _given(database)
    if given is not None:
        return given
    url = database.sqlalchemy() if isinstance(database, Address) else database
    if isinstance(url, str | URL):
        return _engine_for(url)
    raise ConfigurationError(f"expected an Engine, an AsyncEngine or a URL, got {type(database).__name__}")


def _given(database: Any) -> Engine | None:
    """The application's own engine, if that is what was given."""
    from sqlalchemy.engine import Engine

    found = getattr(database, "sync_engine", database)
    return found if isinstance(found, Engine) else None


def _engine_for(url: str | URL) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError
    from sqlalchemy.pool import NullPool, QueuePool

    try:
        parsed = make_url(url)
        usual = cast("type[DefaultDialect]", parsed.get_dialect()).get_pool_class(parsed)
        # A file is opened once for all that is read; a database in memory is gone with the only connection to it.
        kept = usual if issubclass(usual, QueuePool) else NullPool
        return create_engine(parsed, poolclass=kept, connect_args=added_arguments(parsed))
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigurationError(f"not a database URL that SQLAlchemy knows: {one_line(str(error))}") from None
    except ImportError as error:
        raise ConfigurationError(f"the URL's driver is not installed: {one_line(str(error))}") from None
    except (ValueError, TypeError) as error:  # the dialect turns arguments into numbers and truth values
        raise ConfigurationError(f"an argument of the database URL cannot be used: {one_line(str(error))}") from None


def added_arguments(url: URL | Address) -> dict[str, Any]:
    """What the driver's connect() is given besides what the URL says: a name for pg_stat_activity, and what keeps
    connecting to a host that never answers from taking minutes (asyncpg has a limit of its own)."""
    if url.drivername in _LIBPQ:
        limited = "connect_timeout" in url.query or "PGCONNECT_TIMEOUT" in os.environ
        limit: dict[str, Any] = {} if limited else {"connect_timeout": CONNECT_TIMEOUT}
        named = "fallback_application_name" in url.query
        return limit if named else {**limit, "fallback_application_name": APPLICATION_NAME}
    name = os.environ.get("PGAPPNAME") or APPLICATION_NAME
    if url.drivername == "postgresql+pg8000" and "application_name" not in url.query:
        return {"application_name": name}
    if url.drivername == "postgresql+asyncpg" and "server_settings" not in url.query:
        return {"server_settings": {"application_name": name}}
    return {}
