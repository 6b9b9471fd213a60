"""What speaks against a stamp although the schema fits: rows in what should be gone, and work that leaves no trace."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fix
from schema_guard.chain.faults.early import holds_values
from schema_guard.chain.faults.way_out import early_and_way_out
from schema_guard.chain.history import Chain, Revision
from schema_guard.chain.reading.actions import Verb
from schema_guard.chain.reading.operations import made_by
from schema_guard.chain.reading.pending import There
from schema_guard.chain.reading.revision_actions import actions_of, unseen_of
from schema_guard.chain.sandbox.fact import Fact, Kind
from schema_guard.chain.sandbox.matching import Match
from schema_guard.chain.version_table import Read
from schema_guard.declared import from_here
from schema_guard.difference import RenameSuspected
from schema_guard.report import Finding
from schema_guard.schema import Schema

__all__ = ["Left", "Veto", "against", "left_over", "left_with_rows"]

_SHOWN = 3
_COUNTS = frozenset({Kind.VIEW, Kind.TRIGGER, Kind.FUNCTION, Kind.RULE, Kind.POLICY, Kind.GRANT})
"""What is still there, and counts although it holds no rows."""


@dataclass(frozen=True, slots=True)
class Veto:
    """Why nothing is proved, of which revisions, and what to do."""

    why: str
    details: tuple[str, ...]
    fix: Fix | None


@dataclass(frozen=True, slots=True)
class Left:
    """What a revision removes or renames, and what is still there: with rows, where it can hold any."""

    fact: Fact
    object: str
    revision: str

    @property
    def holds_rows(self) -> bool:
        return self.fact.kind in (Kind.TABLE, Kind.COLUMN)


def against(
    match: Match,
    rows: Sequence[str],
    chain: Chain,
    schema: Schema,
    there: There,
    read: Read,
    findings: Callable[[], Sequence[Finding]],
    alembic: str,
    commands: Commands,
    again: Fix | None,
) -> Veto | None:
    """The first of all that speaks against the stamp.

    Args:
        match, rows, chain, schema, there, read, commands: as those of `left_with_rows`.
        findings: what the guard finds, asked only where a revision would be taken back.
        alembic: what a person types before `upgrade`.
        again: how what the stamped revisions left is made again, where others are still to run.
    """
    return (
        left_with_rows(match, rows, chain, schema, there, read, commands)
        or _renamed_by_hand(match, rows, chain, there, findings)
        or _not_seen(match, chain, there, alembic, commands, again)
    )


def _renamed_by_hand(
    match: Match, rows: Sequence[str], chain: Chain, there: There, findings: Callable[[], Sequence[Finding]]
) -> Veto | None:
    """A revision that would be taken back makes what a person may have renamed: it would make it again, beside the
    rows."""
    back = chain.upto(rows) - match.ran
    if not back:
        return None
    makers = {there.key(name): each.revision for each in made_by(chain, chain.upto(rows)) for name in each.objects}
    for finding in findings():
        difference = finding.difference
        if not isinstance(difference, RenameSuspected) or not difference.held_back or finding.acceptance is not None:
            continue
        maker = makers.get(there.key(difference.object))
        if maker in back:
            return _renamed(maker, finding, difference)
    return None


def _renamed(maker: str, finding: Finding, difference: RenameSuspected) -> Veto:
    lost, old = difference.object, difference.old
    why = f"{maker} ran by what alembic_version says; {lost} is gone and {old} holds rows: perhaps it was renamed"
    advice = finding.refusal.advice if finding.refusal is not None else ()
    sql = "; ".join(advice).rstrip(";")
    key = f"where it was not renamed, accept the key {difference.key!r}"
    fix = Fix(f"where {old} was renamed: {sql}; {key}" if sql else key)
    return Veto(f"{why}; stamped back, {maker} would make {lost} again", (f"{lost}: {difference.headline}",), fix)


def left_with_rows(
    match: Match, rows: Sequence[str], chain: Chain, schema: Schema, there: There, read: Read, commands: Commands
) -> Veto | None:
    """What a revision that would be claimed removes or renames, and what is still there with rows: it did not run.

    Args:
        match: what would be stamped.
        rows: what alembic_version names.
        chain: the revisions.
        schema: the database.
        there: the same by the names that revisions write.
        read: sends a SELECT.
        commands: what a person types.
    """
    found = left_over(match, match.ran - chain.upto(rows), schema, there, read)
    if not found:
        return None
    first = found[0].revision
    names = ", ".join(left.object for left in found)
    rows = ", with rows" if any(left.holds_rows for left in found) else ""
    why = f"{first} removes or renames {names}, and it is still there{rows}: {first} did not run"
    return Veto(
        why,
        tuple(f"{left.object}: {left.revision} removes or renames it" for left in found),
        _way_out(first, chain, match, schema, there, read, commands),
    )


def left_over(match: Match, revisions: Collection[str], schema: Schema, there: There, read: Read) -> list[Left]:
    """What these of the match's revisions remove or rename, and what counts of it is still there."""
    found = [
        Left(fact, object_, revision)
        for fact, revision in match.removed
        if revision in revisions and (object_ := _kept(fact, schema, read, there)) is not None
    ]
    return [left for left in found if not any(_within(left, other) for other in found)]


def _within(left: Left, other: Left) -> bool:
    """A column of a table that is named itself."""
    return other.fact.kind is Kind.TABLE and left.fact.table == other.fact.object


def _kept(fact: Fact, schema: Schema, read: Read, there: There) -> str | None:
    """The object where it counts: a table with rows, a column with values, anything else that is no bare grant."""
    if fact.kind not in (Kind.TABLE, Kind.COLUMN):
        return fact.phrase if fact.kind in _COUNTS else None
    table = next((table for table in schema.tables if str(table.name) == (fact.table or fact.object)), None)
    if table is None:
        return None
    column = next((each for each in table.columns if f"{table.name}.{each.name}" == fact.object), None)
    if fact.kind is Kind.COLUMN and column is None:
        return None
    return fact.object if holds_values(read, table, column, there.system) else None


def _way_out(
    revision: str, chain: Chain, match: Match, schema: Schema, there: There, read: Read, commands: Commands
) -> Fix:
    """Where what it would rename into is there and empty: DROP it, stamp what is before, and deploy."""
    before = frozenset(id_ for id_ in match.ran if revision not in chain.upto([id_]))
    _, out = early_and_way_out(chain, before, schema, (), there, read, commands)
    if out is not None and not out.held:
        return replace(out, undecided=None).fix(commands.repair)  # it did not run, nor what comes after it
    file = chain.by_id[revision].file
    return Fix(f"do by hand what {from_here(file)} does, or remove what was made too early, then {commands('stamp')}")


def _not_seen(
    match: Match, chain: Chain, there: There, alembic: str, commands: Commands, again: Fix | None
) -> Veto | None:
    """Revisions whose work cannot be seen: both readings, and the command for each.

    Args:
        match: what would be stamped.
        chain: the revisions.
        there: the database.
        alembic: what a person types before `upgrade`.
        commands: what a person types otherwise.
        again: as that of `against`.
    """
    if not match.unseen:
        return None
    head = match.heads[-1] if match.heads else ""
    names = ", ".join(match.unseen)
    back = [id_ for id_ in match.unseen if id_ not in match.ran]
    details = tuple(_what(chain.by_id[id_]) for id_ in match.unseen)
    if back:
        kept = next((name for id_ in back for name in there.not_removed(actions_of(chain.by_id[id_].file))), "")
        stamp = f"{alembic} stamp --purge {' '.join(match.heads) or 'base'}"
        ran = f"{commands('apply')} makes what the database lacks"
        if again is not None:  # it makes what the last revision leaves, and others are still to run
            ran = again.text if again.sql else f"{ran}, then {commands.repair}"
        fix = f"{ran}; where you know that {', '.join(back)} did not run: {stamp}"
        if kept:  # apply makes nothing in place of it
            found = f"where {', '.join(back)} did not run, as {kept} says, which it removes"
            fix = f"{found}: {stamp} && {commands('deploy')}"
        return Veto(
            f"the database has what {', '.join(match.heads) or 'no revision'} leaves, but alembic_version says that "
            f"{', '.join(back)} ran, and {details[0]}: stamped back, it would run again",
            details,
            Fix(fix),
        )
    verb = "leaves" if len(match.unseen) == 1 else "leave"
    return Veto(
        f"the database has the schema that {', '.join(match.heads)} leaves, but {names} {verb} no trace of all that it "
        f"does ({'; '.join(details[:_SHOWN])}), so nobody can tell whether it ran",
        details,
        _choice(match, chain, alembic, head, commands),
    )


def _what(revision: Revision) -> str:
    unseen = unseen_of(revision.file)
    if not unseen:
        return f"{revision.id} changes nothing that can be seen"
    first = unseen[0]
    return (
        f"{revision.id} {'changes rows' if first.readable else 'may change rows'}: {first.text} at "
        f"{from_here(revision.file)}:{first.line}"
    )


def _choice(match: Match, chain: Chain, alembic: str, head: str, commands: Commands) -> Fix:
    ran = commands("stamp", "--revision", head)
    parts = [f"where {_list(match.unseen)} ran: {ran}"]
    for id_ in match.unseen:
        parts.append(f"where {id_} did not run: {_run(id_, match, chain, alembic, head, commands)}")
    return Fix("; ".join(parts))


def _run(id_: str, match: Match, chain: Chain, alembic: str, head: str, commands: Commands) -> str:
    """The command that runs this revision, and leaves alembic_version at what the database has."""
    after = [other for other in match.ran if other != id_ and id_ in chain.upto([other])]
    traced = [other for other in after if other not in match.untraced and not chain.by_id[other].empty]
    before = chain.heads_of(match.ran - {id_} - frozenset(after))
    if id_ not in match.untraced and not _runs_again(chain.by_id[id_].file):
        unseen = unseen_of(chain.by_id[id_].file)
        where = f"{from_here(chain.by_id[id_].file)}:{unseen[0].line}" if unseen else from_here(chain.by_id[id_].file)
        return (
            f"its schema is there, so it cannot do this as it is: do by hand what {where} does, then "
            f"{commands('stamp', '--revision', head)}"
        )
    if not traced and len(before) == 1:
        return f"{commands('stamp', '--revision', before[0])} && {commands('deploy')}"
    earlier = shlex.join(before) or "base"
    again = " ".join(match.heads)
    return f"{alembic} stamp --purge {earlier} && {alembic} upgrade {id_} && {alembic} stamp {again}"


def _runs_again(file: str) -> bool:
    """Whether it makes only what is missing and changes its rows in any case: so it runs beside its own schema."""
    actions = actions_of(file)
    makes, rows = ([each for each in actions if (each.verb is Verb.UNSEEN) is unseen] for unseen in (False, True))
    return all(each.depth or each.asks for each in makes) and all(each.readable and not each.depth for each in rows)


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
