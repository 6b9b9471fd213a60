"""What a replay found: revisions that fail, and how the last state differs from the models and from the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.faults.vetoes import Left, Veto
from schema_guard.chain.history import Chain
from schema_guard.chain.reading.operations import asks_first, collisions
from schema_guard.chain.sandbox.job import Failed, Failure
from schema_guard.chain.sandbox.matching import Proof
from schema_guard.chain.sandbox.replay import Project, Replay
from schema_guard.chain.systems import SYSTEMS
from schema_guard.counted import counted, first_of
from schema_guard.difference import ColumnUnknown, Difference, EnumValueUnknown, Impact, ObjectUnknown, TableUnknown
from schema_guard.report import Report

__all__ = ["left_faults", "proof_faults", "replay_faults", "with_proof"]

_SURPLUS = (ColumnUnknown, EnumValueUnknown, ObjectUnknown, TableUnknown)
"""What is there and the models do not have."""


def replay_faults(
    project: Project,
    played: Replay,
    drift: Report | None,
    *,
    own: bool,
    commands: Commands,
    ran: frozenset[str] = frozenset(),
) -> Iterator[Fault]:
    """Faults that running the chain on an empty database showed.

    Args:
        project: whose chain it is.
        played: what happened.
        drift: the guard's check of the scratch database after the last revision.
        own: it ran on the real database's system.
        commands: what a person types.
        ran: the revisions that ran on the real database, which will not run there again.
    """
    first = played.states[0].schema.tables if played.states else ()
    if first:
        yield Fault(
            "replay-not-empty",
            Severity.BREAKS if own else Severity.RISK,
            f"before the first revision ran, the database had {counted(len(first), 'table')}: "
            "env.py, or what it imports, makes tables itself (create_all()), and revisions that make the same collide "
            "with that",
            Fix("take create_all(), or what else makes tables, out of env.py and of the application's start"),
        )
    if played.failed is not None:
        yield _failed(project, played, played.failed, own=own and played.failed.revision not in ran)
    elif drift is not None:
        yield from _drift(drift, played.system, own=own, commands=commands)


def _failed(project: Project, played: Replay, failed: Failed, *, own: bool) -> Fault:
    if not failed.revision:
        return Fault(
            "env-fails" if failed.why is Failure.ENVIRONMENT else "replay-impossible",
            Severity.BREAKS if own and failed.why is Failure.ENVIRONMENT else Severity.RISK,
            f"on {played.system}: {failed.message}",
            None,
            failed.file,
            failed.line,
        )
    before = len(played.states) - 1
    revision = project.chain.by_id[failed.revision]
    file = failed.file or revision.file
    return Fault(
        "replay-fails",
        Severity.BREAKS if own else Severity.RISK,
        f"{failed.revision} fails on an empty {played.system} after {counted(before, 'revision')}: {failed.message}",
        Fix(_advice(failed, project.chain, played.system), file=file),
        file,
        failed.line or revision.line("revision"),
        failed.revision,
    )


def _advice(failed: Failed, chain: Chain, name: str) -> str:
    system = SYSTEMS[name]
    clash = next((found for found in collisions(chain, system) if found.second.id == failed.revision), None)
    if failed.why is Failure.EXISTS and clash is not None and clash.other:
        return (
            f"{clash.named} cannot have this name: {clash.other}, which {clash.first.id} "
            f"({Path(clash.first.file).name}) makes, has it already. Give one of them another name"
        )
    if failed.why is Failure.EXISTS and clash is not None:
        return (
            f"{clash.first.id} ({Path(clash.first.file).name}) makes {clash.named} already: take it out of one of "
            "them, or make it only where it is missing"
        )
    if failed.why is Failure.EXISTS:
        return "an earlier revision made it already: take it out, or make it only where it is missing"
    if failed.why is Failure.LACKS and "constraint" in failed.message.lower() and system.copies_tables:
        return (
            f"{system.title} never had a constraint of that name: give batch_alter_table() a naming_convention, or do "
            'it only on PostgreSQL (op.get_context().dialect.name == "postgresql")'
        )
    if failed.why is Failure.LACKS:
        return (
            "no earlier revision makes it: the chain begins on a database that something else made (create_all(), a "
            "person), or a revision was deleted"
        )
    if failed.why in (Failure.LOCK, Failure.ITSELF):
        return (
            "it waits for itself: what it does on a connection of its own needs a lock that its transaction holds. Let "
            "it send every statement through op.get_bind()"
        )
    if system.copies_tables and failed.message.startswith(("OperationalError", "NotImplementedError")):
        return f"{system.title} alters a table only by copying it: with op.batch_alter_table(..)"
    return "fix the revision; the chain has to run on an empty database"


def _drift(report: Report, system: str, *, own: bool, commands: Commands) -> Iterator[Fault]:
    """What the models expect and the last revision leaves out, and what it leaves that they do not have. Deploy makes
    what is missing, but for what apply refuses."""
    findings = [each for each in report.findings if each.difference.impact >= Impact.WEAKENS]
    found = [finding.difference for finding in findings]
    if not found:
        return
    breaks = [each for each in findings if each.difference.impact is Impact.BREAKS]
    left = [each.difference.object for each in breaks if each.refusal is not None]
    refused = [each.difference.object for each in findings if each.refusal is not None]
    command = commands("revision", *(["--replay"] if own else []), "-m", "what the models expect")
    fix = Fix(command, command=command)
    if len(refused) == len(findings):  # then no revision is written
        fix = Fix(f"{commands('check')} says what each needs: write it by hand, into the models or into a revision")
    yield Fault(
        "head-drift",
        Severity.BREAKS if left and own else Severity.RISK,
        f"the last revision {_what(found, system)}"
        + (f". Apply does not repair {first_of(left or refused)}" if refused else ""),
        fix,
        details=tuple(f"{difference.object}: {difference.headline}" for difference in found),
    )


def _what(found: Sequence[Difference], system: str) -> str:
    """What is missing after the last revision, and what is there that the models do not have."""
    surplus = [each for each in found if isinstance(each, _SURPLUS)]
    missing = [each for each in found if not isinstance(each, _SURPLUS)]
    parts = ((missing, "leaves out", "that the models expect"), (surplus, "leaves", "that the models do not have"))
    return " and ".join(
        f"{verb} {counted(len(part), 'thing')} {of}, on {system}: "
        + first_of(f"{difference.object} ({difference.headline})" for difference in part)
        for part, verb, of in parts
        if part
    )


def proof_faults(
    stamped: Sequence[str],
    chain: Chain,
    proof: Proof,
    commands: Commands,
    step: Fix,
    veto: Veto | None = None,
    *,
    needed: bool = False,
) -> Iterator[Fault]:
    """The stamp, held against what the database was proved to have.

    Args:
        stamped: what alembic_version names.
        chain: the revisions.
        proof: what the database was compared with.
        commands: what a person types.
        step: the fix where it has no revision's schema.
        veto: what speaks against the stamp of the revision whose schema it has.
        needed: a revision that is still to run renames, drops or uses something that is not there.
    """
    stamp = commands("stamp")
    known = frozenset(chain.upto(stamped))
    if any(row not in chain for row in stamped):
        return
    match = proof.match
    if match is not None:
        # one that changes rows and makes something as well is seen by what it makes
        doubtful = frozenset(match.unseen) & match.untraced | {id_ for id_ in chain.by_id if chain.by_id[id_].empty}
        if not (known ^ match.ran) - doubtful:
            return
        fix = _stamping(veto, stamp)
        if known < match.ran:
            yield _behind(stamped, match.heads, chain, fix)
            return
        yield Fault(
            "blind-stamp",
            Severity.BREAKS if needed or not match.ran <= known else Severity.RISK,  # deploy makes what is missing
            f"stamped {', '.join(stamped)}, but the database has what {', '.join(match.heads) or 'no revision'} "
            "leaves: proved by a replay",
            fix,
            revision=stamped[0],
        )
        return
    yield from _no_match(stamped, chain, proof, commands, step, needed=needed)


def left_faults(left: Sequence[Left], stamped: Sequence[str], project: Project, commands: Commands) -> Iterator[Fault]:
    """What should be gone by what alembic_version says. Which of the two readings is true the schema cannot tell."""
    back = f"{project.location.on_database} stamp --purge REVISION && {commands('deploy')}"
    for id_ in dict.fromkeys(each.revision for each in left):
        own = [each for each in left if each.revision == id_]
        values = " and holds values" if any(each.holds_rows for each in own) else ""
        revision = project.chain.by_id[id_]
        yield Fault(
            "state-differs",
            Severity.RISK,
            f"{first_of(each.object for each in own)} is still there{values}, but {id_} removes or renames it, and "
            f"alembic_version ({', '.join(stamped)}) says that {id_} ran: either {id_} did not run, or an older "
            "release or a person made it again",
            Fix(
                f"if {id_} did not run, revisions before it may not have run either: look at the rows that each of "
                f"them changes, find the last one that ran, then {back}"
            ),
            revision.file,
            revision.line("revision"),
            id_,
        )


def _stamping(veto: Veto | None, stamp: str) -> Fix:
    """The proved stamp, or what to do where nothing would be stamped."""
    if veto is None:
        return Fix(stamp, command=stamp)
    return veto.fix or Fix(veto.why)


def with_proof(fault: Fault, proof: Proof, commands: Commands, step: Fix, veto: Veto | None = None) -> Fault:
    """Where alembic_version says nothing: the fix that a replay showed to work.

    Args:
        fault: of any kind.
        proof: what the database was compared with.
        commands: what a person types.
        step: the fix where it matches no revision.
        veto: what speaks against the stamp of the one that it matches.
    """
    if fault.code != "unstamped":
        return fault
    match = proof.match
    if match is None:
        details = (*proof.nearest.lacks, *(f"{fact} is there too early" for fact in proof.nearest.early))
        return replace(fault, fix=step, details=details)
    if not match.heads:
        return replace(fault, fix=Fix(f"{commands.repair}: nothing of the chain is there", command=commands.repair))
    if veto is not None:
        return replace(fault, fix=veto.fix, details=(veto.why, *veto.details))
    stamp = commands("stamp")
    return replace(fault, fix=Fix(f"{stamp}: by a replay it has what {', '.join(match.heads)} leaves", command=stamp))


def _no_match(
    stamped: Sequence[str], chain: Chain, proof: Proof, commands: Commands, step: Fix, *, needed: bool
) -> Iterator[Fault]:
    """The database matches no revision: what that means for the next deploy depends on what is different."""
    own = proof.stamped
    ran = chain.upto(stamped)
    pending = [chain.by_id[id_].file for id_ in chain.order if id_ not in ran]
    if own is not None and not own.lacks and all(map(asks_first, pending)):
        yield Fault(
            "made-early",
            Severity.NOTE,
            f"the database has {first_of(own.early)} already, which revisions after {', '.join(stamped)} make only "
            "where it is missing",
            Fix(commands("deploy"), command=commands("deploy")),
            revision=stamped[0],
            details=own.early,
        )
    elif own is not None and not own.lacks:
        yield Fault(
            "made-early",
            Severity.BREAKS,
            f"the database has {first_of(own.early)} already, which revisions after {', '.join(stamped)} make: they "
            "will collide",
            step,
            revision=stamped[0],
            details=own.early,
        )
    elif own is not None and (not own.tables or own.heads == proof.nearest.heads):
        yield Fault(
            "state-differs",
            Severity.BREAKS if needed else Severity.RISK,
            f"the database differs from what {', '.join(stamped)} leaves: {first_of(own.lacks)}. It was changed by "
            "hand, or by an apply of this guard (which follows the models and not the revisions), or a revision was "
            "edited after it ran",
            step
            if pending
            else Fix(f"{commands('apply')} makes what the models still expect of it; the rest is a revision to write"),
            revision=stamped[0],
            details=own.lacks,
        )
    else:
        standing = own or proof.nearest
        yield Fault(
            "blind-stamp",
            Severity.BREAKS if needed or own is None or own.early else Severity.RISK,
            f"stamped {', '.join(stamped)}, but the database matches no revision; nearest is "
            f"{', '.join(proof.nearest.heads) or 'the empty database'}. It lacks {first_of(standing.lacks)}",
            step,
            revision=stamped[0],
            details=(*standing.lacks, *(f"{fact} is there too early" for fact in standing.early)),
        )


def _behind(stamped: Sequence[str], heads: Sequence[str], chain: Chain, fix: Fix) -> Fault:
    ran = chain.upto(heads) - chain.upto(stamped)
    pending = [id_ for id_ in chain.order if id_ in ran]
    return Fault(
        "blind-stamp",
        Severity.BREAKS,
        f"stamped {', '.join(stamped)}, but the database already has what {', '.join(heads)} leaves: "
        f"{', '.join(pending)} "
        "would make it again",
        fix,
        revision=stamped[0],
    )
