"""Which revisions' schema a database has: the states of a replay held against the live catalog. Pure, but for the
questions that only the server can answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from schema_guard.compare import compare
from schema_guard.dialects.base import Judge, Session
from schema_guard.difference import Difference, Impact
from schema_guard.integrations.alembic.chain import Chain
from schema_guard.integrations.alembic.replay import State
from schema_guard.integrations.alembic.snapshot import facts_of
from schema_guard.plan import Policy
from schema_guard.schema import Column, Schema

__all__ = ["Match", "Proof", "expectation_from", "prove"]

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
class Proof:
    """What comparing with every state showed. `nearest` lacks least of those that don't match, and what that is."""

    match: Match | None
    nearest: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    too_much: tuple[str, ...] = ()
    """What a revision after `nearest` makes and the database already has."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    heads: tuple[str, ...]
    ran: frozenset[str]
    state: State
    missing: frozenset[str]
    leftovers: frozenset[str]
    forerunners: frozenset[str]


def prove(states: Sequence[State], live: Schema, chain: Chain, session: Session) -> Proof:
    """Find the latest state that the database satisfies.

    A state that the database has exactly wins over one that it merely satisfies. One that a later revision would collide
    with, because what that makes is already there, is no match.

    Args:
        states: of a replay on the same database system, in its order; the first one is the empty database.
        live: the database, read as the states were.
        chain: the revisions.
        session: answers what only the server can compare.
    """
    candidates = _candidates(states, facts_of(live), chain)
    exact = [item for item in candidates if not (item.missing or item.leftovers or item.forerunners)]
    if exact:
        return Proof(_match(exact[-1], True, _unseen(exact, chain)))
    satisfied = [
        item
        for item in candidates
        if item.state.revision and not item.forerunners and not _lacks(item, live, session)
    ]
    if satisfied:
        tidy = [item for item in satisfied if not item.leftovers] or satisfied
        return Proof(_match(tidy[-1], False, ()))
    return _refusal(candidates, live, session)


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
    return [difference for difference in differences if difference.impact >= Impact.WEAKENS]


def _refusal(candidates: Sequence[_Candidate], live: Schema, session: Session) -> Proof:
    """The nearest state, and why it is none: what is missing by meaning, and what is there too early."""

    def distance(item: _Candidate) -> tuple[int, int]:
        return (len(item.missing) + len(item.forerunners), -len(item.ran))

    nearest = min((item for item in candidates if item.state.revision), key=distance, default=candidates[0])
    lacks = tuple(f"{found.object}: {found.headline}" for found in _lacks(nearest, live, session))
    return Proof(None, nearest.heads, lacks, _coarse(nearest.forerunners))


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
