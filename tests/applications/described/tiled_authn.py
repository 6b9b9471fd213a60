"""Tiled's accounts: an asynchronous chain that knows no models, types of its own over BLOB and VARCHAR."""

from __future__ import annotations

from typing import Any

REQUIRES = ("tiled[server]",)
OLDER = "722ff4e4fcc7"


def models() -> Any:
    import tiled.authn_database.orm  # noqa: F401
    from tiled.authn_database.base import Base

    return Base


def migrate(url: str, revision: str) -> None:
    from tiled.authn_database import alembic_constants
    from tiled.authn_database.core import initialize_database
    from tiled_chain import migrated

    migrated(url, revision, alembic_constants, initialize_database)
