"""MLflow: experiment tracking. CHECK constraints in place of enums, composite keys, nearly seventy migrations."""

from __future__ import annotations

from typing import Any

REQUIRES = ("mlflow-skinny", "alembic", "sqlalchemy", "Flask")
OLDER = "867495a8f9d4"


def models() -> Any:
    import mlflow.store.model_registry.dbmodels.models
    import mlflow.store.tracking.dbmodels.models
    import mlflow.store.workspace.dbmodels.models  # noqa: F401
    from mlflow.store.db.base_sql_model import Base

    return Base


def migrate(url: str, revision: str) -> None:
    import sqlalchemy as sa
    from alembic import command
    from mlflow.store.db.utils import _get_alembic_config
    from mlflow.store.tracking.dbmodels.initial_models import Base as Initial

    engine = sa.create_engine(url)
    if not sa.inspect(engine).has_table("alembic_version"):
        Initial.metadata.create_all(engine)  # as it does before its first migration
    engine.dispose()
    command.upgrade(_get_alembic_config(url), revision)
