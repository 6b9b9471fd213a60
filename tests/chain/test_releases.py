"""An older release on a newer database: every command leaves it as it is, and says whether this release can start."""

from __future__ import annotations

import pytest

from tests.chain.stage import Stage

UPDATE = "op.execute(\"UPDATE proposals SET name = name || '!'\")"


def newer_was_here(stage: Stage) -> Stage:
    """Migrated by a release with r4, which changed rows; this release has no such file."""
    stage.plain().chain()
    path = stage.revision("r4", "r3", UPDATE)
    stage.deploy()
    stage.sql("INSERT INTO proposals (name) VALUES ('kept')")
    path.unlink()
    return stage


@pytest.mark.parametrize("command", [("deploy",), ("deploy", "--repair-chain"), ("apply",)], ids=" ".join)
def test_an_older_release_starts_and_changes_nothing(stage: Stage, command: tuple[str, ...]) -> None:
    newer_was_here(stage)
    ran = stage.guard(*command)
    assert (ran.code, "names r4" in ran.out, "a newer release was here" in ran.out) == (0, True, True)
    assert stage.stamped() == ["r4"]
    stage.revision("r4", "r3", UPDATE)
    assert stage.deploy("--repair-chain").code == 0
    assert stage.sql("SELECT name FROM proposals") == [("kept",)], "the newer release runs nothing twice"


@pytest.mark.parametrize("command", [("deploy",), ("deploy", "--repair-chain"), ("apply",)], ids=" ".join)
def test_an_older_release_that_misses_something_makes_nothing(on_sqlite: Stage, command: tuple[str, ...]) -> None:
    """What it misses was renamed: an empty column of that name would be in the newer release's way."""
    stage = newer_was_here(on_sqlite)
    stage.sql("ALTER TABLE proposals RENAME COLUMN visitor TO guest")
    ran = stage.guard(*command)
    assert (ran.code, "start the newer release" in ran.out, "--lost r4" in ran.out) == (1, True, True)
    assert stage.stamped() == ["r4"]
    assert stage.sql("SELECT * FROM proposals") == [(1, "kept", None)]


def test_a_stamp_is_refused_also_where_a_revision_is_named(on_sqlite: Stage) -> None:
    stage = newer_was_here(on_sqlite)
    assert [stage.guard("stamp", *more).code for more in ((), ("--revision", "r3"))] == [1, 1]
    assert stage.stamped() == ["r4"]
    assert stage.guard("stamp", "--lost", "r4").code == 0
    assert stage.stamped() == ["r3"]


def test_one_known_and_one_unknown_branch(on_sqlite: Stage) -> None:
    """A newer release has another branch: what this release could run is left as well."""
    stage = newer_was_here(on_sqlite)
    stage.stamp_blindly("r2", "x9")
    deploy = stage.deploy("--repair-chain")
    assert (deploy.code, "names x9" in deploy.out) == (0, True)
    assert stage.stamped() == ["r2", "x9"]


@pytest.mark.parametrize("state", ["empty", "missing"])
def test_no_stamp_at_all_is_no_newer_release(on_sqlite: Stage, state: str) -> None:
    stage = newer_was_here(on_sqlite)
    stage.sql("DELETE FROM alembic_version" if state == "empty" else "DROP TABLE alembic_version")
    assert stage.deploy().code == 1
    assert stage.deploy("--repair-chain").code == 0
    assert stage.stamped() == ["r3"]
