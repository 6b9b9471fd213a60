"""The migration chain of an application: read, diagnosed, proved by replay, stamped and deployed."""

from __future__ import annotations

from importlib.util import find_spec

from schema_guard.chain.location import Location, find_location
from schema_guard.errors import ConfigurationError

__all__ = ["Location", "find_location", "require_alembic"]


def require_alembic() -> None:
    """Raises ConfigurationError when Alembic is not installed."""
    if find_spec("alembic") is None:
        raise ConfigurationError("Alembic is not installed: pip install 'sqlalchemy-schema-guard[alembic]'")
