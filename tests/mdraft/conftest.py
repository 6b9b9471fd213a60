"""mdraft on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mdraft.deployment import Deployment
from tests.postgres.cluster import Cluster
from tests.scenarios.on_postgresql import PostgresqlStage
from tests.scenarios.on_sqlite import SqliteStage
from tests.warm.programs import Programs


@pytest.fixture(params=["postgresql", "sqlite"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def stage(request: pytest.FixtureRequest, dialect: str, sqlite_file: Path) -> Iterator[PostgresqlStage | SqliteStage]:
    """A fresh database that the scenarios' scripts can be run on."""
    if dialect == "sqlite":
        made: PostgresqlStage | SqliteStage = SqliteStage(sqlite_file)
    else:
        server: Cluster = request.getfixturevalue("postgres_server")
        made = PostgresqlStage.on(server, "postgres")
    yield made
    made.close()


@pytest.fixture
def deployment(stage: PostgresqlStage | SqliteStage, tmp_path: Path, warm: Programs) -> Deployment:
    """An installation on that database; nothing has run yet. Its programs are warm ones."""
    if isinstance(stage, SqliteStage):
        url = f"sqlite:///{stage.file}"
    else:  # as hosts write it, without a driver
        url = str(stage.database).replace("postgresql+psycopg://", "postgres://")
    return Deployment(url, tmp_path, programs=warm.folder)
