"""Rows of a table that somebody keeps from being read are not asked for: every question would wait for the lock."""

from __future__ import annotations

from collections.abc import Sequence

from schema_guard.column import Column, Type
from schema_guard.dialects.sqlite.dialect import SQLiteDialect
from schema_guard.dialects.survey import take_survey
from schema_guard.difference import ColumnMissing, Difference, ForeignKeyMissing, Impact, NotReadable
from schema_guard.schema import ForeignKey, Name, Schema, Table
from schema_guard.table_facts import TableFacts
from schema_guard.unread import Unread

LOCKED = Table(
    Name(None, "locked"),
    (Column("id", Type("INTEGER", "INTEGER")),),
    facts=TableFacts(unread=Unread("somebody holds a lock", ("pid 1",), locked=True)),
)
FREE = Table(Name(None, "free"), (Column("id", Type("INTEGER", "INTEGER")),))


def test_only_the_others_are_asked() -> None:
    asked: list[str] = []

    def read(sql: str) -> Sequence[tuple[object, ...]]:
        asked.append(sql)
        return [(1,)]

    key = ForeignKey("fk", ("id",), LOCKED.name, ("id",))
    assert LOCKED.facts.unread is not None
    differences: list[Difference] = [
        NotReadable(impact=Impact.BREAKS, table=LOCKED, unread=LOCKED.facts.unread),
        ColumnMissing(impact=Impact.BREAKS, table=FREE, column=Column("y", Type("INTEGER", "INTEGER"))),
        ForeignKeyMissing(impact=Impact.WEAKENS, table=FREE, foreign_key=key),
    ]
    survey = take_survey(differences, Schema((LOCKED, FREE)), SQLiteDialect(), read, {})
    assert asked
    assert not [sql for sql in asked if "locked" in sql], asked
    assert LOCKED.name in survey.occupied, "it may hold rows"
    assert FREE.name in survey.occupied
    assert survey.evidence[differences[2].key].count is None
    assert "keeps a table from being read" in survey.evidence[differences[2].key].reason
