"""Which revisions' schema a database has: the states of a replay held against the live catalog. Pure, but for the
questions that only the server can answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from schema_guard.chain.history import Chain, Revision
from schema_guard.chain.reading.operations import asks_first
from schema_guard.chain.reading.revision_actions import unseen_of
from schema_guard.chain.sandbox.fact import COLLIDING, REPEATABLE, Fact, Kind
from schema_guard.chain.sandbox.replay import State
from schema_guard.chain.sandbox.restoring import statements_for
from schema_guard.chain.sandbox.snapshot import facts_of
from schema_guard.column import Write
from schema_guard.compare import compare
from schema_guard.dialects.base import Session
from schema_guard.dialects.judge import Judge
from schema_guard.difference import ColumnMissing, DefaultDiffers, Difference, Impact, ObjectUnknown, TableMissing
from schema_guard.plan import Policy
from schema_guard.schema import Column, Schema

__all__ = ["Match", "Proof", "Standing", "expectation_from", "prove"]

_POLICY = Policy(comments=False)


@dataclass(frozen=True, slots=True)
class Match:
    """A state that the database satisfies: `ran` are the revisions it stands for, `heads` what alembic_version names.

    `leftovers` is what an earlier revision made and a later one of these would have removed, `removed` the same with
    that revision. `unseen` are revisions of which nobody can tell whether they ran, and which the stamp would claim, or
    no longer claim: what they do leaves no trace in the schema (rows above all).
    """

    heads: tuple[str, ...]
    ran: frozenset[str]
    exact: bool
    leftovers: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    removed: tuple[tuple[Fact, str], ...] = ()
    stays: bool = False
    """It is what alembic_version names already."""
    untraced: frozenset[str] = frozenset()
    """Revisions that leave the schema as it was."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the database stands to one state: what it lacks of it, and what a later revision makes and is there already.

    `tables` is True when whole tables or columns are lacking.
    """

    heads: tuple[str, ...]
    lacks: tuple[str, ...] = ()
    early: tuple[str, ...] = ()
    tables: bool = False
    makes: tuple[str, ...] = ()
    """The statements that make what is lacking, after which it has this state; empty where that takes more."""


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
    known: frozenset[Fact]
    missing: frozenset[Fact]
    leftovers: frozenset[Fact]
    forerunners: frozenset[Fact]
    removed: tuple[tuple[Fact, str], ...]
    """Each of `leftovers` with the revision that removes it."""


def prove(
    states: Sequence[State],
    live: Schema,
    beside: frozenset[Fact],
    chain: Chain,
    session: Session,
    stamped: Collection[str] = (),
    free: Collection[str] = (),
) -> Proof:
    """Find the latest state that the database satisfies.

    What alembic_version names is believed where the database has it: then nothing is moved. Else a state that the
    database has exactly wins over one that it merely satisfies. One that a later revision would collide with, because
    what that makes is already there, is no match.

    Args:
        states: of a replay on the same database system, in its order; the first one is the empty database.
        live: the database, read as the states were.
        beside: what it holds besides tables.
        chain: the revisions.
        session: answers what only the server can compare.
        stamped: what alembic_version names.
        free: columns, as `table.column`, whose default may be missing.
    """
    candidates, untraced = _candidates(states, facts_of(live) | beside, chain)
    named = chain.upto(stamped)
    nearest = min(candidates, key=_distance)
    own = next((item for item in candidates if stamped and item.ran == named), None)
    standing = None if own is None else _standing(own, live, session, free)
    if own is not None and standing is not None and not (standing.lacks or own.forerunners):
        exact = not (own.missing or own.leftovers)
        # a row before another one of them is one too many
        heads = tuple(row for row in stamped if not any(row in chain.upto([each]) for each in {*stamped} - {row}))
        stays = Match(heads, own.ran, exact, _phrases(own.leftovers), (), own.removed, True, untraced)
        return Proof(stays, standing, standing)
    exactly = [item for item in candidates if not (item.missing or item.leftovers or item.forerunners)]
    if exactly:
        match = _match(exactly[-1], candidates, True, chain, named if stamped else None, untraced)
        return Proof(match, Standing(exactly[-1].heads), standing)
    satisfied = [
        item
        for item in candidates
        if item.state.revision and not item.forerunners and not _lacks(item, live, session, free)[0]
    ]
    tidy = [item for item in satisfied if not item.leftovers] or satisfied
    found = _match(tidy[-1], candidates, False, chain, named if stamped else None, untraced) if tidy else None
    return Proof(found, _standing(nearest, live, session, free), standing)


def _distance(item: _Candidate) -> tuple[int, int]:
    return len(item.missing) + len(item.forerunners), -len(item.ran)


def _standing(item: _Candidate, live: Schema, session: Session, free: Collection[str]) -> Standing:
    phrases, differences = _lacks(item, live, session, free)
    makes: tuple[str, ...] = ()
    if differences and len(phrases) == len(differences) and not item.forerunners:
        makes = statements_for(differences, session.dialect.quote)
    return Standing(
        item.heads,
        phrases,
        _coarse(item.forerunners),
        any(isinstance(difference, TableMissing | ColumnMissing) for difference in differences),
        makes,
    )


def _phrase(difference: Difference) -> str:
    """The difference in words; what is expected here is what revisions made, not what models say."""
    return f"{difference.object}: {difference.headline}".replace("the models", "the revisions")


def _candidates(
    states: Sequence[State], facts: frozenset[Fact], chain: Chain
) -> tuple[list[_Candidate], frozenset[str]]:
    """Each state held against the database, and the revisions that changed nothing that can be seen."""
    known = [facts_of(state.schema) | state.beside for state in states]
    universe = frozenset[Fact]().union(*known)
    base = states[0].beside  # what the server gives to every database is made by no revision
    found: list[_Candidate] = []
    untraced: set[str] = set()
    ran: set[str] = set()
    before: frozenset[Fact] = frozenset()
    removed: dict[Fact, str] = {}
    for state, own in zip(states, known, strict=True):
        if state.revision:
            ran.add(state.revision)
            if own == found[-1].known:
                untraced.add(state.revision)
            removed |= dict.fromkeys(found[-1].known - own, state.revision)
        before |= own
        more = (facts & universe) - own
        structure = frozenset(fact for fact in more if fact.kind in COLLIDING)
        left = _of_itself(fact for fact in more & before if fact.kind in COLLIDING | REPEATABLE)
        done = frozenset(ran)
        found.append(
            _Candidate(
                chain.heads_of(done),
                done,
                state,
                own,
                own - facts - base,
                left,
                structure - before,
                tuple((fact, removed[fact]) for fact in sorted(left) if fact in removed),
            )
        )
    return found, frozenset(untraced)


def _of_itself(facts: Iterable[Fact]) -> frozenset[Fact]:
    """Without what a column has with it: a column that is left over has its type."""
    kept = frozenset(facts)
    columns = {fact.object for fact in kept if fact.kind is Kind.COLUMN}
    return kept - {fact for fact in kept if fact.kind is Kind.COLUMN_TYPE and fact.object in columns}


def _match(
    best: _Candidate,
    candidates: Sequence[_Candidate],
    exact: bool,
    chain: Chain,
    named: frozenset[str] | None,
    untraced: frozenset[str],
) -> Match:
    """Of the states that are equal to the best one, that of which least is in doubt.

    Args:
        best: a state that the database satisfies.
        candidates: all states.
        exact: the database has it exactly.
        chain: the revisions.
        named: what ran by alembic_version, which says truly what it does not claim; None where it says nothing.
        untraced: the revisions that changed nothing that can be seen.
    """
    doubt = frozenset(id_ for id_ in chain.by_id if _doubtful(chain.by_id[id_], untraced))
    equal = [item for item in candidates if item.known == best.known]
    if named is None:
        chosen, unseen = best, best.ran & doubt
    else:
        unseen, chosen = _least(equal, named, doubt)
    ordered = tuple(id_ for id_ in chain.order if id_ in unseen)
    left = _phrases(chosen.leftovers)
    return Match(chosen.heads, chosen.ran, exact, left, ordered, chosen.removed, False, untraced)


def _least(
    equal: Sequence[_Candidate], named: frozenset[str], doubt: frozenset[str]
) -> tuple[frozenset[str], _Candidate]:
    """The latest of those that move the stamp over the fewest revisions that nobody can see."""
    best = min(reversed(equal), key=lambda item: len((item.ran ^ named) & doubt))
    return (best.ran ^ named) & doubt, best


def _doubtful(revision: Revision, untraced: frozenset[str]) -> bool:
    """Whether nobody can tell by the schema that it ran: it changes rows, or nothing of it can be seen."""
    if revision.empty:
        return False
    return bool(unseen_of(revision.file)) or (revision.id in untraced and not asks_first(revision.file))


def _lacks(
    item: _Candidate, live: Schema, session: Session, free: Collection[str]
) -> tuple[tuple[str, ...], list[Difference]]:
    """What the database lacks of the state, by meaning: in words, and the differences of tables among it."""
    expected = expectation_from(item.state.schema)
    judge = Judge(session.dialect.rules)
    differences = compare(expected, live, judge, _POLICY)
    if judge.open:
        judge = Judge(session.dialect.rules, session.answer(judge.open))
        differences = compare(expected, live, judge, _POLICY)
    found = [
        difference
        for difference in differences
        if difference.impact >= (Impact.BREAKS if isinstance(difference, ObjectUnknown) else Impact.WEAKENS)
        and not (isinstance(difference, DefaultDiffers) and difference.object in free)
    ]
    beside = item.missing & item.state.beside
    definitions = {fact for fact in beside if fact.kind is Kind.DEFINITION}
    missing = _phrases(beside - definitions)
    changed = sorted({fact.object for fact in definitions}.difference(missing))
    phrases = [f"{what} is missing" for what in missing] + [f"{what} has another definition" for what in changed]
    return (*map(_phrase, found), *phrases), found


def _phrases(facts: Iterable[Fact]) -> tuple[str, ...]:
    return tuple(sorted(fact.phrase for fact in facts))


def _coarse(facts: Collection[Fact]) -> tuple[str, ...]:
    """A table that is there says all about its columns and constraints."""
    tables = {fact.object for fact in facts if fact.kind is Kind.TABLE}
    return _phrases(fact for fact in facts if fact.table not in tables)


def expectation_from(actual: Schema) -> Schema:
    """What was read from one database as an expectation of another."""
    return replace(
        actual,
        tables=tuple(replace(table, columns=tuple(map(_expected, table.columns))) for table in actual.tables),
        unknown_tables=(),
        names_taken=(),
    )


def _expected(column: Column) -> Column:
    """A sequence's own default is not written in models, it follows from `autoincrement`; no model says who writes."""
    return replace(column, default=None if column.autoincrement else column.default, write=Write.REQUIRED)
