"""The server is asked once for each expression, not for each pair: a table of n CHECKs has n times n pairs."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, Integer, MetaData, String, Table

from schema_guard.guard import Guard
from tests.postgres.database import Database

pytestmark = pytest.mark.server


def conditions(number: int) -> list[str]:
    """Each has a function that SQL's syntax hides the casts of, so that the server is asked a second time."""
    return [f"trim(name) <> 'x{each}' AND position('{each}' in name) <> 1" for each in range(number)]


def models(number: int) -> MetaData:
    metadata = MetaData()
    checks = [CheckConstraint(condition, name=f"ck_{each}") for each, condition in enumerate(conditions(number))]
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("name", String(40)), *checks)
    return metadata


def statements(database: Database, number: int) -> int:
    """How many statements a check of that many CHECKs sends, all of which are there in the server's words."""
    engine = sa.create_engine(database.url)
    metadata = models(number)
    metadata.drop_all(engine)
    metadata.create_all(engine)
    engine.dispose()
    sent: list[str] = []

    def note(*arguments: object) -> None:
        sent.append(str(arguments[2]))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)  # the guard makes an engine of its own
    try:
        assert Guard(metadata).check(database.url).findings == ()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    return len(sent)


def test_four_times_as_many_checks_are_not_sixteen_times_the_statements(postgres_database: Database) -> None:
    few, many = (statements(postgres_database, number) for number in (3, 12))
    assert 0 < many < 2 * few


def test_one_that_the_server_rejects_leaves_the_others_equal(postgres_database: Database) -> None:
    engine = sa.create_engine(postgres_database.url)
    try:
        models(12).create_all(engine)
        metadata = models(12)
        metadata.tables["t"].append_constraint(CheckConstraint("no_such(name) > 0", name="ck_rejected"))
        (found,) = Guard(metadata).check(engine).findings
    finally:
        engine.dispose()
    assert found.difference.key == "check-missing t.ck_rejected"
