"""What the models leave unnamed gets a name of its own, also beside others of the same plan."""

from __future__ import annotations

import re

import sqlalchemy as sa

from schema_guard.report import Outcome
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, plan, prepare

BEFORE = """
CREATE TABLE people (id integer PRIMARY KEY);
CREATE TABLE teams (id integer PRIMARY KEY);
CREATE TABLE seats (id integer PRIMARY KEY, owner integer, place integer, row integer);
INSERT INTO people VALUES (1);
INSERT INTO teams VALUES (1);
INSERT INTO seats VALUES (1, 1, 1, 1);
"""


def models() -> sa.MetaData:
    metadata = sa.MetaData()
    for name in ("people", "teams"):
        sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table(
        "seats",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("owner", sa.Integer),
        sa.Column("place", sa.Integer, sa.CheckConstraint("place > 0")),
        sa.Column("row", sa.Integer, sa.CheckConstraint("row > 0"), sa.CheckConstraint("row < 100")),
        sa.ForeignKeyConstraint(["owner"], ["people.id"]),
        sa.ForeignKeyConstraint(["owner"], ["teams.id"]),
    )
    return metadata


def test_each_has_a_name_of_its_own(postgres_database: Database) -> None:
    prepare(postgres_database, BEFORE)
    statements = [text for step in plan(postgres_database, models()).steps for text in step.statements]
    added = re.findall(r"ADD CONSTRAINT (\w+)", "\n".join(statements))
    assert sorted(added) == [
        "seats_check",
        "seats_check1",
        "seats_check2",
        "seats_owner_fkey",
        "seats_owner_fkey1",
    ]
    report = apply(postgres_database, models())
    assert {result.outcome for result in report.results} == {Outcome.DONE}
    assert report.findings == ()
    assert not plan(postgres_database, models()).steps
