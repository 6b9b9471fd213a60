"""Apache Airflow: composite foreign keys, UUID keys, JSON by dialect, and more than a hundred migrations."""

from __future__ import annotations

from typing import Any

REQUIRES = ("apache-airflow-core", "psycopg2-binary", "asyncpg")
OLDER = "05234396c6fc"


def environment(url: str) -> dict[str, str]:
    import tempfile

    import sqlalchemy as sa

    parsed = sa.make_url(url)
    driver = "postgresql+psycopg2" if parsed.get_backend_name() == "postgresql" else "sqlite"
    return {
        "AIRFLOW_HOME": tempfile.mkdtemp(),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": parsed.set(drivername=driver).render_as_string(hide_password=False),
    }


def models() -> Any:
    from airflow.models import import_all_models
    from airflow.models.base import Base

    import_all_models()
    return Base


def migrate(url: str, revision: str) -> None:  # the URL is in its settings
    from airflow.utils.db import upgradedb

    upgradedb(to_revision=None if revision == "head" else revision, use_migration_files=True)
