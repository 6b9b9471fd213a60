"""Mistral: OpenStack's workflows; JSON types of its own, indexes on hashes, keys that point both ways."""

from __future__ import annotations

from typing import Any

REQUIRES = ("mistral", "psycopg2-binary")
OLDER = "030"


def models() -> Any:
    from mistral.db.sqlalchemy.model_base import MistralSecureModelBase
    from mistral.db.v2.sqlalchemy import models

    assert models
    return MistralSecureModelBase


def migrate(url: str, revision: str) -> None:
    from pathlib import Path
    from types import SimpleNamespace

    import mistral.db.sqlalchemy.migration
    from alembic import command
    from alembic.config import Config

    here = Path(mistral.db.sqlalchemy.migration.__file__ or "").parent
    config = Config(str(here / "alembic.ini"))
    config.set_main_option("script_location", str(here / "alembic_migrations"))
    setattr(config, "mistral_config", SimpleNamespace(database=SimpleNamespace(connection=url)))  # noqa: B010
    command.upgrade(config, revision)
