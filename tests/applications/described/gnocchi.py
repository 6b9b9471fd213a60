"""Gnocchi's index: tables of resource types, types of its own over UUID and timestamps."""

from __future__ import annotations

from typing import Any

REQUIRES = ("gnocchi[postgresql]", "setuptools<81")
OLDER = "828c16f70cce"
SERVERS = ("postgresql", "sqlite")
MIGRATES = ("postgresql",)


def models() -> Any:
    from gnocchi.indexer import sqlalchemy_base

    return sqlalchemy_base.Base


def migrate(url: str, revision: str) -> None:
    import tempfile
    from pathlib import Path

    from alembic import command
    from gnocchi import service
    from gnocchi.indexer import sqlalchemy

    settings = Path(tempfile.mkdtemp()) / "gnocchi.conf"
    settings.write_text(f"[indexer]\nurl = {url.replace('postgresql+psycopg:', 'postgresql+psycopg2:')}\n")
    conf = service.prepare_service([], default_config_files=[str(settings)])
    indexer = sqlalchemy.SQLAlchemyIndexer(conf)
    config = indexer._get_alembic_config()
    config.conf = conf
    command.upgrade(config, revision)
