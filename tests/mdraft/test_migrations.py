"""The migration chain and the guard: before, after and between, neither takes away what the other relies on."""

from __future__ import annotations

import pytest

from tests.mdraft.databases import FIRST, HEAD
from tests.mdraft.deployment import Deployment


def flask_db(deployment: Deployment, *arguments: str) -> str:
    """What `flask db ..` prints; it has to succeed."""
    done = deployment.run("flask", "db", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("guard_runs", ["before", "between", "after"])
def test_the_chain_runs_with_the_guard(deployment: Deployment, guard_runs: str) -> None:
    """`flask db upgrade` on a fresh database is clean wherever the guard comes in, and leaves nothing to do for it."""
    if guard_runs == "before":
        assert deployment.guard().returncode == 0
    if guard_runs == "between":
        flask_db(deployment, "upgrade", FIRST)
        assert deployment.guard().returncode == 0
    flask_db(deployment, "upgrade")
    guarded = deployment.guard()
    assert guarded.returncode == 0, guarded.stderr
    assert "nothing to do" in guarded.stdout
    assert f"{HEAD} (head)" in flask_db(deployment, "current")
    assert flask_db(deployment, "heads").split() == [HEAD, "(head)"]
    assert "No new upgrade operations detected" in flask_db(deployment, "check")


def test_the_defensive_revision_runs_twice(deployment: Deployment) -> None:
    """Stamped back and run again, it finds everything there; its downgrade takes nothing away."""
    flask_db(deployment, "upgrade")
    flask_db(deployment, "downgrade", FIRST)
    assert "nothing to do" in deployment.guard().stdout
    flask_db(deployment, "upgrade")
    assert "No new upgrade operations detected" in flask_db(deployment, "check")
