"""The one place that picks the database system."""

from __future__ import annotations

from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from schema_guard.dialects.base import Dialect, Session
from schema_guard.errors import ConfigurationError, one_line

__all__ = ["offline_dialect", "open_session"]


def open_session(database: Any) -> Session:
    """Connect.

    Args:
        database: an Engine, an AsyncEngine, or a URL. Of an engine only its way to connect is used, not its pool.

    Raises:
        ConfigurationError: it is none of these, its driver is not installed, or the database system is not supported.
        UnreachableError: the database does not answer.
    """
    engine = _engine(database)
    if engine.dialect.name == "postgresql":
        from schema_guard.dialects.postgresql.session import PostgreSQLSession

        return PostgreSQLSession(engine)
    if engine.dialect.name == "sqlite":
        from schema_guard.dialects.sqlite.session import SQLiteSession

        return SQLiteSession(engine)
    raise ConfigurationError(f"{engine.dialect.name} is not supported: PostgreSQL and SQLite are")


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
    if isinstance(database, Engine):
        return database
    inner = getattr(database, "sync_engine", None)
    if isinstance(inner, Engine):
        return inner
    if isinstance(database, str | URL):
        return _engine_for(database)
    raise ConfigurationError(f"expected an Engine, an AsyncEngine or a URL, got {type(database).__name__}")


def _engine_for(url: str | URL) -> Engine:
    try:
        return create_engine(url, poolclass=NullPool)
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigurationError(f"not a database URL that SQLAlchemy knows: {one_line(str(error))}") from None
    except ImportError as error:
        raise ConfigurationError(f"the URL's driver is not installed: {one_line(str(error))}") from None

