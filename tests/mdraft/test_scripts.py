"""The example's scripts: the test script that it ships, and predeploy on chains that nobody can prove."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mdraft.databases import DATABASES, FIRST, HEAD, stamped
from tests.mdraft.deployment import Deployment, release
from tests.postgres.cluster import Cluster
from tests.scenarios.on_postgresql import PostgresqlStage
from tests.scenarios.on_sqlite import SqliteStage
from tests.warm.programs import Programs

REVISION = '''"""A revision."""

revision = {id!r}
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
'''

BROKEN: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "two heads": ("sqlite", [("left_20250901", HEAD), ("right_20250901", HEAD)]),
    "four heads": ("postgresql", [(f"head_{number}", HEAD) for number in range(4)]),
    "a merge without parents": ("sqlite", [("left_20250901", HEAD), ("merge_heads_20250902", None)]),
    # SQLite stores it, whatever VARCHAR(32) says.
    "a revision id of 33 characters": ("postgresql", [("x" * 33, HEAD)]),
}


def test_the_shipped_test_script_passes(postgres_server: Cluster, tmp_path: Path, warm: Programs) -> None:
    """On SQLite and on a PostgreSQL server, as `python3 scripts/test_schema_guard.py`."""
    deployment = Deployment("", tmp_path, extra={"TEST_DATABASE_URL": postgres_server.url()}, programs=warm.folder)
    done = deployment.run("python", "scripts/test_schema_guard.py")
    assert done.returncode == 0, done.stderr
    assert "OK\n" in done.stderr
    assert "skipped" not in done.stderr


@pytest.mark.parametrize(
    ("fault", "dialect"), [(fault, dialect) for fault, (dialect, _) in BROKEN.items()], indirect=["dialect"]
)
def test_a_broken_chain_stops_the_deploy_and_not_the_guard(
    fault: str, dialect: str, stage: PostgresqlStage | SqliteStage, deployment: Deployment, tmp_path: Path
) -> None:
    """predeploy says why, exits with 1 and stamps nothing unproved; the guard in the start command needs no chain."""
    stage.set_up(DATABASES[0].script(dialect) + stamped(FIRST))
    deployment.home = release(tmp_path)
    versions = deployment.home / "migrations" / "versions"
    for id_, down in BROKEN[fault][1]:
        (versions / f"{id_}.py").write_text(REVISION.format(id=id_, down=down), encoding="utf-8")
    stopped = deployment.predeploy()
    assert stopped.returncode == 1, stopped.stdout + stopped.stderr
    assert stage.query("SELECT version_num FROM alembic_version") in ([(FIRST,)], [(HEAD,)])
    assert deployment.guard().returncode == 0


def test_nothing_is_guarded_in_silence(tmp_path: Path) -> None:
    """Without a database to guard, in production, both scripts say so, each with exit code 2."""
    deployment = Deployment("", tmp_path)
    for done in (deployment.guard(), deployment.predeploy()):
        assert done.returncode == 2
        assert "DATABASE_URL is not set" in done.stderr
