"""Langflow: SQLModel under FastAPI, enums, JSON, partial and expression indexes, naming convention, merged branches."""

from __future__ import annotations

from typing import Any

REQUIRES = ("langflow-base",)
OLDER = "90be8e2ed91e"


def models() -> Any:
    import langflow.services.database.models  # noqa: F401
    from langflow.services.database.service import SQLModel

    return SQLModel


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import langflow
    import sqlalchemy as sa
    from alembic import command
    from alembic.config import Config

    parsed = sa.make_url(url)
    driver = "postgresql+psycopg" if parsed.get_backend_name() == "postgresql" else "sqlite+aiosqlite"
    here = Path(langflow.__file__ or "").parent
    config = Config(str(here / "alembic.ini"))
    config.set_main_option("script_location", str(here / "alembic"))
    config.set_main_option(
        "sqlalchemy.url", parsed.set(drivername=driver).render_as_string(hide_password=False).replace("%", "%%")
    )
    command.upgrade(config, revision)
