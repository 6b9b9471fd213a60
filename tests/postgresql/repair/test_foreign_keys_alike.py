"""Two foreign keys that join the same columns and differ in what they do: each is told with that, and both are made."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from schema_guard import Guard, Impact
from tests.postgres.database import Database

TABLES = "CREATE TABLE p (id serial PRIMARY KEY); CREATE TABLE t (id serial PRIMARY KEY, p_id int{})"
FIRST = ", CONSTRAINT f1 FOREIGN KEY (p_id) REFERENCES p (id) ON DELETE CASCADE"
SECOND = ", CONSTRAINT f2 FOREIGN KEY (p_id) REFERENCES p (id) ON DELETE SET NULL"


def models(*names: str | None) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("p", metadata, sa.Column("id", sa.Integer, primary_key=True))
    actions = zip(names, ("CASCADE", "SET NULL"), strict=False)
    keys = [sa.ForeignKeyConstraint(["p_id"], ["p.id"], name=name, ondelete=action) for name, action in actions]
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("p_id", sa.Integer), *keys)
    return metadata


@pytest.mark.parametrize("made", ["", FIRST, SECOND], ids=["none", "the first", "the second"])
@pytest.mark.parametrize("names", [("f1", "f2"), (None, None)], ids=["named", "without names"])
def test_both_are_made(postgres_database: Database, names: tuple[str | None, str | None], made: str) -> None:
    with postgres_database.connect() as connection:
        connection.execute(TABLES.format(made).encode())
    guard = Guard(models(*names))
    headlines = {
        "FOREIGN KEY (p_id) to p (id) ON DELETE CASCADE missing": made != FIRST,
        "FOREIGN KEY (p_id) to p (id) ON DELETE SET NULL missing": made != SECOND,
    }
    found = [each.difference.headline for each in guard.check(postgres_database.url).findings]
    assert found == [headline for headline, missing in headlines.items() if missing]
    guard.apply(postgres_database.url)
    assert guard.check(postgres_database.url).findings == ()
    assert guard.plan(postgres_database.url).empty


def test_those_that_the_models_do_not_know_are_told_apart(postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        connection.execute(TABLES.format(FIRST + SECOND).encode())
    report = Guard(models()).check(postgres_database.url)
    assert report.worst is Impact.WEAKENS
    assert [each.difference.headline.rpartition(")")[2] for each in report.findings] == [
        " ON DELETE CASCADE",
        " ON DELETE SET NULL",
    ]
