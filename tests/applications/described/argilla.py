"""Argilla: a server under FastAPI; server defaults by dialect, enums, composite UNIQUEs, JSON that tracks changes."""

from __future__ import annotations

from typing import Any

REQUIRES = ("argilla-server", "psycopg2-binary")
OLDER = "b8458008b60e"


def environment(url: str) -> dict[str, str]:
    import tempfile

    import sqlalchemy as sa

    parsed = sa.make_url(url)
    driver = "postgresql+asyncpg" if parsed.get_backend_name() == "postgresql" else "sqlite+aiosqlite"
    return {
        "ARGILLA_DATABASE_URL": parsed.set(drivername=driver).render_as_string(hide_password=False),
        "ARGILLA_HOME_PATH": tempfile.mkdtemp(),
    }


def models() -> Any:
    import argilla_server.models.database  # noqa: F401
    from argilla_server.models.base import DatabaseModel

    return DatabaseModel


def migrate(url: str, revision: str) -> None:  # the URL is in its settings
    from pathlib import Path

    import argilla_server
    from alembic import command
    from alembic.config import Config

    here = Path(argilla_server.__file__ or "").parent
    config = Config(str(here / "alembic.ini"))
    config.set_main_option("script_location", str(here / "alembic"))
    command.upgrade(config, revision)
