"""Fief, its main database: an ini file with two chains, names with a prefix, asynchronous models."""

from __future__ import annotations

from typing import Any

REQUIRES = ("fief-server",)
OLDER = "274bc650f9a2"
BASE, SECTION = "MainBase", "main"


def environment(url: str) -> dict[str, str]:
    import base64
    import secrets

    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return {
        "SECRET": key,
        "ENCRYPTION_KEY": key,
        "FIEF_DOMAIN": "localhost",
        "FIEF_CLIENT_ID": "a",
        "FIEF_CLIENT_SECRET": key,
    }


def models(base: str = BASE) -> Any:
    from fief import models

    return getattr(models, base)


def migrate(url: str, revision: str, section: str = SECTION, prefix: str = "") -> None:
    import sqlalchemy as sa
    from alembic import command
    from alembic.config import Config
    from fief.paths import ALEMBIC_CONFIG_FILE

    config = Config(ALEMBIC_CONFIG_FILE, ini_section=section)
    with sa.create_engine(url).begin() as connection:
        config.attributes["connection"] = connection
        config.attributes["configure_logger"] = False
        config.attributes["table_prefix"] = prefix
        command.upgrade(config, revision)
