"""What the survey reads of the rows: counts, samples, emptiness; and that it never fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import pytest

from schema_guard.dialects import offline_dialect
from schema_guard.dialects.survey import take_survey
from schema_guard.dialects.violators import mentions
from schema_guard.difference import (
    CheckMissing,
    ColumnMissing,
    Difference,
    ForeignKeyMissing,
    Impact,
    IndexMissing,
    NullabilityDiffers,
    ObjectUnknown,
    PrimaryKeyDiffers,
    UniqueMissing,
)
from schema_guard.errors import ReadError
from schema_guard.plan import Evidence, Survey
from schema_guard.schema import (
    Check,
    Column,
    ForeignKey,
    Index,
    IndexElement,
    Name,
    PrimaryKey,
    Schema,
    Table,
    Type,
    Unique,
)

INTEGER = Type("INTEGER", "INTEGER")
T = Table(
    Name(None, 'the "t"'),
    (Column("id", INTEGER), Column("a", INTEGER), Column("b:c", INTEGER)),
    primary_key=PrimaryKey(None, ("id",)),
)
P = Table(Name(None, "p"), (Column("x", INTEGER), Column("y", INTEGER)))
ACTUAL = Schema(tables=(T, P))
WEAK = Impact.WEAKENS


class Rows:
    """An SQLite database as the survey sees it; counts the reads, fails where told."""

    def __init__(self, failing: str = "") -> None:
        self.connection = sqlite3.connect(":memory:")
        self.connection.executescript(
            'CREATE TABLE "the ""t""" (id integer PRIMARY KEY, a int, "b:c" int); CREATE TABLE p (x int, y int);'
            'INSERT INTO "the ""t""" VALUES (1, 5, 5), (2, 5, NULL), (3, NULL, NULL), (4, 5, NULL), (5, 6, 5);'
        )
        self.failing = failing
        self.asked: list[str] = []

    def __call__(self, sql: str) -> Sequence[tuple[object, ...]]:
        self.asked.append(sql)
        if self.failing and self.failing in sql:
            raise ReadError("canceling statement due to statement timeout")
        return self.connection.execute(sql).fetchall()


def look(*differences: Difference, rows: Rows | None = None) -> Survey:
    return take_survey(differences, ACTUAL, offline_dialect("sqlite"), rows or Rows(), {})


def evidence(difference: Difference) -> Evidence:
    (found,) = look(difference).evidence.values()
    shown = Rows().connection.execute(found.query).fetchall()
    assert found.count is not None
    assert len(shown) == found.count, "the query shows just the rows that were counted"
    return found


@pytest.mark.parametrize(
    ("difference", "keys"),
    [
        (
            NullabilityDiffers(
                impact=WEAK, table=T, column=Column("b:c", INTEGER, nullable=False), actual=Column("b:c", INTEGER)
            ),
            ("2", "3", "4"),
        ),
        (CheckMissing(impact=WEAK, table=T, check=Check("c", "a > 5")), ("1", "2", "4")),
        (UniqueMissing(impact=WEAK, table=T, unique=Unique("u", ("a", "b:c"))), ()),
        (UniqueMissing(impact=WEAK, table=T, unique=Unique("u", ("b:c",))), ("1", "5")),
        (
            UniqueMissing(impact=WEAK, table=T, unique=Unique("u", ("a", "b:c"), nulls_not_distinct=True)),
            ("2", "4"),
        ),
        (
            IndexMissing(
                impact=WEAK,
                table=T,
                index=Index("i", (IndexElement("abs(a)", is_expression=True),), unique=True, where="id > 1"),
            ),
            ("2", "4"),
        ),
        (
            ForeignKeyMissing(impact=WEAK, table=T, foreign_key=ForeignKey("f", ("a", "b:c"), P.name, ("x", "y"))),
            ("1", "5"),
        ),
        (
            ForeignKeyMissing(
                impact=WEAK, table=T, foreign_key=ForeignKey("f", ("a", "b:c"), P.name, ("x", "y"), match="FULL")
            ),
            ("1", "2", "4", "5"),
        ),
    ],
)
def test_violators_are_counted_sampled_and_shown(difference: Difference, keys: tuple[str, ...]) -> None:
    """NULL passes a CHECK, is distinct in UNIQUE, and lets a MATCH SIMPLE key go."""
    found = evidence(difference)
    assert sorted(found.sample) == list(keys)
    assert found.exact


def test_a_primary_key_wants_neither_null_nor_twice() -> None:
    """Both kinds of rows are counted."""
    key = PrimaryKeyDiffers(impact=WEAK, table=T, primary_key=PrimaryKey(None, ("a",)), actual=None)
    assert evidence(key).count == 4


def test_notes_cost_no_query() -> None:
    """A database that is only different in what nobody minds is not read."""
    rows = Rows()
    note = ObjectUnknown(impact=Impact.NOTES, table=T, kind="index", name="i", definition="(a)")
    assert look(note, rows=rows) == Survey()
    assert not rows.asked


def test_a_column_that_is_not_there_yet_has_no_evidence() -> None:
    """Only whether the table holds rows is asked."""
    expected = Table(T.name, (*T.columns, Column("new", INTEGER)))
    survey = look(
        ColumnMissing(impact=WEAK, table=expected, column=Column("new", INTEGER)),
        CheckMissing(impact=WEAK, table=expected, check=Check("c", "new > 5")),
        UniqueMissing(impact=WEAK, table=expected, unique=Unique("u", ("new",))),
    )
    assert not survey.evidence
    assert survey.occupied == {T.name}
    assert look(ColumnMissing(impact=WEAK, table=P, column=Column("new", INTEGER))).occupied == frozenset()


def test_counting_that_takes_too_long_is_said() -> None:
    """What was found in time is a lower bound; where nothing was, the reason stands in its place."""
    unique = UniqueMissing(impact=WEAK, table=T, unique=Unique("u", ("b:c",)))
    (found,) = look(unique, rows=Rows(failing="sum(")).evidence.values()
    assert (found.count, found.exact, sorted(found.sample)) == (2, False, ["1", "5"])
    survey = look(unique, rows=Rows(failing="SELECT"))
    (found,) = survey.evidence.values()
    assert (found.count, found.reason) == (None, "canceling statement due to statement timeout")
    assert survey.occupied == {T.name}, "what cannot be read may hold rows"


@pytest.mark.parametrize(
    ("text", "name", "answer"),
    [
        ("a > 5", "a", True),
        ("a > 5", "b", False),
        ("and > 5", "a", False),
        ('"b:c" = 1', "b:c", True),
        ("A>5", "a", True),
    ],
)
def test_mentions(text: str, name: str, answer: bool) -> None:
    """Whole words only."""
    assert mentions(text, name) is answer
