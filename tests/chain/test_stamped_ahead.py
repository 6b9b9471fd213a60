"""Stamped past what is there, and nothing that is to run needs it: deploy makes it, and doctor says no more than that.

Rows that only the skipped revisions write are in doubt, of which both speak alike.
"""

from __future__ import annotations

import pytest

from tests.chain.stage import MODELS, PROPOSALS, USERS, VISITOR, Stage

KINDS = """
class Kind(Base):
    __tablename__ = "kinds"
    id: Mapped[int] = mapped_column(primary_key=True)
"""
TABLE = 'op.create_table("kinds", sa.Column("id", sa.Integer, primary_key=True))'
OTHERS = 'op.execute("UPDATE users SET id = id + 1")'


def ahead(stage: Stage, *bodies: str) -> Stage:
    """r2 ran; r3 and what follows did not, and the last is stamped."""
    stage.plain(MODELS + KINDS)
    stage.revision("r1", None, f"{USERS}\n{PROPOSALS}")
    stage.revision("r2", "r1")
    for number, body in enumerate((VISITOR, *bodies), start=3):
        stage.revision(f"r{number}", f"r{number - 1}", body)
    stage.run_module("alembic", ["upgrade", "r2"])
    stage.sql("INSERT INTO users (id) VALUES (1)")
    stage.stamp_blindly(f"r{len(bodies) + 3}")
    return stage


@pytest.mark.parametrize("replay", [(), ("--replay",)])
def test_what_deploy_makes_does_not_break_it(stage: Stage, replay: tuple[str, ...]) -> None:
    ahead(stage, TABLE)
    doctor = stage.doctor(*replay)
    assert (doctor.code, doctor.faults["blind-stamp"]["severity"]) == (0, "risk")
    assert doctor.faults["database-drift"]["severity"] == "risk"
    deploy = stage.deploy()
    assert (deploy.code, "not certain" in deploy.err) == (0, False), deploy.out
    assert (stage.deploy().err, stage.doctor("--replay").faults) == ("", {})


@pytest.mark.parametrize("way", [(), ("--repair-chain",)])
def test_rows_that_the_skipped_revisions_change(stage: Stage, way: tuple[str, ...]) -> None:
    """Also those of a revision that makes nothing, or that changes rows of what is there."""
    ahead(stage, OTHERS, f"{TABLE}\n{OTHERS}")
    doctor = stage.doctor()
    doubt = "what they do to rows is missing as well: r4 (UPDATE users .. at migrations/versions/r4.py:10), r5 ("
    assert (doctor.code, doubt in doctor.faults["blind-stamp"]["message"]) == (0, True), doctor.out
    deploy = stage.deploy(*way)
    assert (deploy.code, stage.stamped()) == (0, ["r5"]), deploy.out
    assert "not certain: stamped r5" in deploy.err
    assert doubt in deploy.err
    assert stage.sql("SELECT id FROM users") == [(1,)]
    assert stage.deploy().err == ""


def test_what_apply_refuses_breaks_it(stage: Stage) -> None:
    """A column whose type no step may change: doctor and deploy both end with 1."""
    ahead(stage, TABLE)
    stage.sql("ALTER TABLE users ADD COLUMN forced INTEGER NOT NULL DEFAULT 1")
    stage.sql("DROP TABLE users", "CREATE TABLE users (id INTEGER PRIMARY KEY, forced INTEGER NOT NULL)")
    doctor, deploy = stage.doctor(), stage.deploy()
    assert (doctor.code, deploy.code) == (1, 1), doctor.out + deploy.out
    assert doctor.faults["database-drift"]["severity"] == "breaks"


def test_a_table_in_a_schema_that_nobody_looked_in(on_postgres: Stage) -> None:
    """The models know nothing of that schema: what the revision made there is not missing."""
    stage = on_postgres.plain().chain()
    make = 'op.execute("CREATE SCHEMA rep")\nop.execute("CREATE TABLE rep.kept AS SELECT * FROM proposals")'
    stage.revision("r4", "r3", make)
    stage.revision("r5", "r4", 'op.execute("ALTER TABLE rep.kept RENAME TO held")')
    assert stage.deploy().code == 0
    assert (stage.doctor().faults, stage.deploy().err) == ({}, "")
