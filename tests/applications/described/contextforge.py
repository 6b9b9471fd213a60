"""ContextForge: a gateway under FastAPI; JSON, partial and unique indexes, UUID texts, over a hundred migrations."""

from __future__ import annotations

from typing import Any

REQUIRES = ("mcp-contextforge-gateway", "psycopg2-binary")
OLDER = "ee288b094280"


def environment(url: str) -> dict[str, str]:
    import secrets

    import sqlalchemy as sa

    parsed = sa.make_url(url)
    driver = "postgresql+psycopg" if parsed.get_backend_name() == "postgresql" else "sqlite"
    return {
        "DATABASE_URL": parsed.set(drivername=driver).render_as_string(hide_password=False),
        "JWT_SECRET_KEY": secrets.token_hex(32),
        "AUTH_ENCRYPTION_SECRET": secrets.token_hex(32),
        "BASIC_AUTH_PASSWORD": secrets.token_hex(32),
        "PLATFORM_ADMIN_PASSWORD": f"Aa1!{secrets.token_hex(16)}",
        "DEFAULT_USER_PASSWORD": f"Aa1!{secrets.token_hex(16)}",
        "REQUIRE_STRONG_SECRETS": "false",
    }


def models() -> Any:
    from mcpgateway.db import Base

    return Base


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import mcpgateway
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(mcpgateway.__file__ or "").parent / "alembic"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, revision)
