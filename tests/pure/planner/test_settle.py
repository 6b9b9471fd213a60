"""The judge of needs: nothing is tried that requires what is neither live nor provided. No database."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from schema_guard.difference import Difference, ForeignKeyMissing, Impact, TableMissing, UniqueMissing
from schema_guard.need import Need
from schema_guard.plan import Phase, Refusal, Step, Urgency
from schema_guard.planner import settle
from schema_guard.schema import ForeignKey, Name, Table, Unique

P, C = Name("public", "p"), Name("public", "c")
PARENT, CHILD = Table(P), Table(C)
KEY = Need.key(P, ("a", "b"))
NO_PARENT = TableMissing(impact=Impact.BREAKS, table=PARENT)
NO_UNIQUE = UniqueMissing(impact=Impact.WEAKENS, table=PARENT, unique=Unique(None, ("a", "b")))
NO_REFERENCE = ForeignKeyMissing(
    impact=Impact.WEAKENS, table=CHILD, foreign_key=ForeignKey("fk", ("x", "y"), P, ("b", "a"))
)


def step(
    name: str,
    *answers: Difference,
    provides: Iterable[Need] = (),
    requires: Iterable[Need] = (),
    resolves: tuple[str, ...] = (),
) -> Step:
    return Step(
        id=name,
        statements=(f"{name} statement",),
        probe="SELECT 1",
        phase=Phase.FOREIGN_KEY,
        urgency=Urgency.DEBT,
        locks=(),
        why="",
        resolves=resolves,
        object=name,
        answers=answers,
        provides=frozenset(provides),
        requires=frozenset(requires),
    )


def unknown(_: Need) -> bool | None:
    """A database that is known by the differences alone."""
    return None


def test_a_need_is_the_same_in_any_order_of_its_columns() -> None:
    assert Need.key(P, ("b", "a")) == Need.key(P, ("a", "b"))
    assert str(Need.key(P, ("b", "a"))) == "unique public.p(a, b)"
    assert Need.key(P, ("a",)) != Need.column(P, "a")


def test_what_a_step_provides_is_there() -> None:
    unique, reference = step("unique", NO_UNIQUE, provides={KEY}), step("reference", NO_REFERENCE, requires={KEY})
    assert settle([reference, unique], [NO_UNIQUE, NO_REFERENCE], unknown) == [reference, unique]


def test_what_waits_for_a_refused_repair_is_refused_with_its_reason() -> None:
    repairs: list[Step | Refusal] = [
        Refusal(NO_UNIQUE, "2 rows share their key"),
        step("reference", NO_REFERENCE, requires={KEY}),
    ]
    reason = "waits for unique public.p(a, b), which cannot be provided: 2 rows share their key"
    assert settle(repairs, [NO_UNIQUE, NO_REFERENCE], unknown) == [
        repairs[0],
        Refusal(NO_REFERENCE, reason, ("reference statement;",)),
    ]


def test_the_first_cause_is_named_through_any_number_of_steps() -> None:
    added = Need.constraint(C, "fk")
    repairs: list[Step | Refusal] = [
        step("validate", NO_REFERENCE, requires={added}),
        step("add", NO_REFERENCE, requires={KEY}, provides={added}),
        step("create", NO_UNIQUE, requires={Need.table(P)}, provides={KEY}),
        Refusal(NO_PARENT, "the role may create nothing"),
    ]
    reference, unique, parent = settle(repairs, [NO_PARENT, NO_UNIQUE, NO_REFERENCE], unknown)
    reason = "waits for table public.p, which cannot be provided: the role may create nothing"
    assert reference == Refusal(NO_REFERENCE, reason, ("validate statement;", "add statement;"))
    assert unique == Refusal(NO_UNIQUE, reason, ("create statement;",))
    assert parent is repairs[3]


@pytest.mark.parametrize(("live", "kept"), [(True, True), (False, False), (None, True)])
def test_the_database_itself_is_asked(live: bool | None, kept: bool) -> None:
    """No difference says that the key is missing: only the database can tell."""
    repair: Step | Refusal = step("reference", NO_REFERENCE, requires={KEY})
    assert (settle([repair], [NO_REFERENCE], lambda _: live) == [repair]) is kept


def test_what_is_live_needs_no_repair_of_what_is_refused() -> None:
    """A unique index does for a foreign key, though the constraint is refused that the models want."""
    repairs: list[Step | Refusal] = [
        Refusal(NO_UNIQUE, "another one may be meant"),
        step("reference", NO_REFERENCE, requires={KEY}),
    ]
    assert settle(repairs, [NO_UNIQUE, NO_REFERENCE], lambda need: need == KEY or None) == repairs


def test_other_steps_of_the_same_difference_stay() -> None:
    free, bound = step("free", NO_REFERENCE), step("bound", NO_REFERENCE, requires={KEY})
    kept, refusal = settle([free, bound], [NO_UNIQUE, NO_REFERENCE], unknown)
    assert kept is free
    assert isinstance(refusal, Refusal)
    assert refusal.advice == ("bound statement;",)


def test_a_step_that_two_differences_ask_for_runs_once() -> None:
    first = step("tighten", NO_UNIQUE, resolves=("a",), provides={KEY})
    second = step("tighten", NO_REFERENCE, resolves=("b",))
    (merged,) = settle([first, second], [], unknown)
    assert isinstance(merged, Step)
    assert (merged.resolves, merged.provides) == (("a", "b"), frozenset({KEY}))
    assert [answer.key for answer in merged.answers] == [NO_UNIQUE.key, NO_REFERENCE.key]
