"""What looks like a fault by a rule of thumb and is none: each chain is sound, and the deploy runs."""

from __future__ import annotations

import pytest

from tests.chain.stage import ENV, PROPOSALS, TEMPLATE, USERS, VISITOR, Stage

NAMED = ENV.replace(
    "render_as_batch=True",
    'render_as_batch=True, version_table=context.config.get_main_option("version_table", "alembic_version")',
)
SECTIONS = """[alembic]
script_location = %(here)s/migrations
[audit]
script_location = %(here)s/audit
version_table = audit_version
"""
AUDIT = """
from alembic import op
import sqlalchemy as sa
revision = "x1"
down_revision = None
def upgrade():
    {}
"""
WIDE_BY_ENV = ENV.replace(
    "    with context.begin_transaction():",
    """    if "connection" in options:
        options["connection"].exec_driver_sql(
            "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(255) NOT NULL PRIMARY KEY)"
        )
        options["connection"].commit()
    with context.begin_transaction():""",
)
LONG = "0002_" + "b" * 40


def two_chains(stage: Stage, upgrade: str) -> Stage:
    """On one database, each with a version table of its own; the first one ran."""
    stage.plain(env=NAMED).chain()
    stage.write("alembic.ini", SECTIONS)
    stage.write("audit/env.py", NAMED)
    stage.write("audit/script.py.mako", TEMPLATE)
    stage.write("audit/versions/x1.py", AUDIT.format(upgrade))
    assert stage.deploy().code == 0
    return stage


def test_a_second_chain_on_the_same_database(stage: Stage) -> None:
    """It has no stamp yet, and makes none of the tables that are there."""
    two_chains(stage, 'op.create_table("audit", sa.Column("id", sa.Integer, primary_key=True))')
    assert "unstamped" not in stage.doctor("-n", "audit").faults
    deploy = stage.deploy("-n", "audit")
    assert deploy.code == 0, deploy.out
    assert stage.sql("SELECT version_num FROM audit_version") == [("x1",)]
    assert stage.stamped() == ["r3"]


@pytest.mark.parametrize(
    "upgrade",
    [
        'op.create_table("proposals", sa.Column("id", sa.Integer, primary_key=True))',
        'op.add_column("proposals", sa.Column("visitor", sa.String(64)))',
        'op.get_bind().execute(sa.text("UPDATE proposals SET name = 1"))',
    ],
)
def test_one_that_touches_what_is_there_is_unstamped(on_sqlite: Stage, upgrade: str) -> None:
    stage = two_chains(on_sqlite, f'op.create_table("audit", sa.Column("id", sa.Integer))\n    {upgrade}')
    assert stage.doctor("-n", "audit").faults["unstamped"]["severity"] == "breaks"
    assert stage.deploy("-n", "audit").code == 1


@pytest.mark.parametrize("by", ["env.py", "a revision"])
def test_long_ids_in_a_wide_column(on_postgres: Stage, by: str) -> None:
    """The column is made wider before the first long id is noted."""
    stage = on_postgres.plain(env=WIDE_BY_ENV if by == "env.py" else ENV)
    wider = 'op.alter_column("alembic_version", "version_num", type_=sa.String(255))'
    stage.revision("r1", None, f"{USERS}\n{wider if by == 'a revision' else ''}")
    stage.revision(LONG, "r1", f"{PROPOSALS}\n{VISITOR}")
    assert "revision-too-long" not in stage.doctor().faults
    deploy = stage.deploy()
    assert (deploy.code, stage.stamped()) == (0, [LONG]), deploy.out
