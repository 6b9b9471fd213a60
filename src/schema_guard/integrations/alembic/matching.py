"""Which revisions' schema a database has: the states of a replay held against the live catalog. Pure, but for the
questions that only the server can answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from schema_guard.compare import compare
from schema_guard.dialects.base import Judge, Session
from schema_guard.difference import ColumnMissing, Difference, Impact, ObjectUnknown, TableMissing
from schema_guard.integrations.alembic.chain import Chain
from schema_guard.integrations.alembic.replay import State
from schema_guard.integrations.alembic.snapshot import facts_of
from schema_guard.plan import Policy
from schema_guard.schema import Column, Schema

__all__ = ["Match", "Proof", "Standing", "expectation_from", "prove"]

_POLICY = Policy(comments=False)
_STRUCTURE = ("table ", "column ", "unique ", "check ", "foreign key ", "index ", "exclusion ", "enum ")
"""How those facts begin that a revision which makes them again would collide with."""


@dataclass(frozen=True, slots=True)
class Match:
    """A state that the database satisfies: `ran` are the revisions it stands for, `heads` what alembic_version names.

    `leftovers` is what an earlier revision made and a later one of these would have removed. `unseen` are revisions of
    these whose work leaves no trace in tables (rows, functions, grants), so that nobody can tell whether they ran.
    """

    heads: tuple[str, ...]
    ran: frozenset[str]
    exact: bool
    leftovers: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How the database stands to one state: what it lacks of it, and what a later revision makes and is there already.

    `tables` is True when whole tables or columns are lacking.
    """

    heads: tuple[str, ...]
    lacks: tuple[str, ...] = ()
    early: tuple[str, ...] = ()
    tables: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """What comparing with every state showed: a match, or how the database stands to the nearest state.

    `stamped` is how it stands to the state that alembic_version names; None when the replay did not come by that one.
    """

    match: Match | None
    nearest: Standing
    stamped: Standing | None = None


@dataclass(frozen=True, slots=True)
class _Candidate:
    heads: tuple[str, ...]
    ran: frozenset[str]
    state: State
    missing: frozenset[str]
    leftovers: frozenset[str]
    forerunners: frozenset[str]


def prove(
    states: Sequence[State], live: Schema, chain: Chain, session: Session, stamped: Collection[str] = ()
) -> Proof:
    """Find the latest state that the database satisfies.

    A state that the database has exactly wins over one that it merely satisfies. One that a later revision would
    collide with, because what that makes is already there, is no match.

    Args:
        states: of a replay on the same database system, in its order; the first one is the empty database.
        live: the database, read as the states were.
        chain: the revisions.
        session: answers what only the server can compare.
        stamped: what alembic_version names.
    """
    candidates = _candidates(states, facts_of(live), chain)
    named = chain.upto(stamped)
    own = next((_standing(item, live, session) for item in candidates if stamped and item.ran == named), None)
    nearest = min(candidates, key=_distance)
    exact = [item for item in candidates if not (item.missing or item.leftovers or item.forerunners)]
    if exact:
        return Proof(_match(exact[-1], True, _unseen(exact, chain)), Standing(exact[-1].heads), own)
    satisfied = [
        item for item in candidates if item.state.revision and not item.forerunners and not _lacks(item, live, session)
    ]
    tidy = [item for item in satisfied if not item.leftovers] or satisfied
    match = _match(tidy[-1], False, ()) if tidy else None
    return Proof(match, _standing(nearest, live, session), own)


def _distance(item: _Candidate) -> tuple[int, int]:
    return len(item.missing) + len(item.forerunners), -len(item.ran)


def _standing(item: _Candidate, live: Schema, session: Session) -> Standing:
    found = _lacks(item, live, session)
    return Standing(
        item.heads,
        tuple(_phrase(difference) for difference in found),
        _coarse(item.forerunners),
        any(isinstance(difference, TableMissing | ColumnMissing) for difference in found),
    )


def _phrase(difference: Difference) -> str:
    """The difference in words; what is expected here is what revisions made, not what models say."""
    return f"{difference.object}: {difference.headline}".replace("the models", "the revisions")


def _candidates(states: Sequence[State], facts: frozenset[str], chain: Chain) -> list[_Candidate]:
    known = [facts_of(state.schema) for state in states]
    universe = frozenset[str]().union(*known)
    found: list[_Candidate] = []
    ran: set[str] = set()
    before: frozenset[str] = frozenset()
    for state, own in zip(states, known, strict=True):
        if state.revision:
            ran.add(state.revision)
        before |= own
        more = frozenset(fact for fact in (facts & universe) - own if fact.startswith(_STRUCTURE))
        done = frozenset(ran)
        found.append(_Candidate(chain.heads_of(done), done, state, own - facts, more & before, more - before))
    return found


def _match(item: _Candidate, exact: bool, unseen: tuple[str, ...]) -> Match:
    return Match(item.heads, item.ran, exact, tuple(sorted(item.leftovers)), unseen)


def _unseen(exact: Sequence[_Candidate], chain: Chain) -> tuple[str, ...]:
    """Of the revisions that make the difference between the first and the last of equal states: those that do work."""
    doubtful = exact[-1].ran - exact[0].ran
    return tuple(id_ for id_ in chain.order if id_ in doubtful and not chain.by_id[id_].empty)


def _lacks(item: _Candidate, live: Schema, session: Session) -> list[Difference]:
    """What the database lacks of the state, by meaning."""
    expected = expectation_from(item.state.schema)
    judge = Judge(session.dialect.rules)
    differences = compare(expected, live, judge, _POLICY)
    if judge.open:
        judge = Judge(session.dialect.rules, session.answer(judge.open))
        differences = compare(expected, live, judge, _POLICY)
    return [
        difference
        for difference in differences
        if difference.impact >= (Impact.BREAKS if isinstance(difference, ObjectUnknown) else Impact.WEAKENS)
    ]


def _coarse(facts: Collection[str]) -> tuple[str, ...]:
    """A table that is there says all about its columns and constraints."""
    tables = {fact.removeprefix("table ") for fact in facts if fact.startswith("table ")}
    return tuple(
        sorted(
            fact
            for fact in facts
            if fact.startswith("table ")
            or not any(f" {table}." in fact or f" {table} " in fact or f" {table}:" in fact for table in tables)
        )
    )


def expectation_from(actual: Schema) -> Schema:
    """What was read from one database as an expectation of another."""
    return replace(
        actual,
        tables=tuple(replace(table, columns=tuple(map(_expected, table.columns))) for table in actual.tables),
        unknown_tables=(),
        names_taken=(),
    )


def _expected(column: Column) -> Column:
    """A sequence's own default is not written in models, it follows from `autoincrement`."""
    return replace(column, default=None) if column.autoincrement else column
