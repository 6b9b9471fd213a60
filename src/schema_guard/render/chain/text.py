"""What the doctor, the stamp and the deploy say to people: plain text with meaning, in lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from schema_guard.chain.deploy import Deployment
from schema_guard.chain.diagnosis import Diagnosis
from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.sandbox.job import Failed
from schema_guard.chain.stamp import Stamped
from schema_guard.counted import counted
from schema_guard.declared import from_here
from schema_guard.render.line import Line, Span, Style, blank, line, words

__all__ = ["deploy_lines", "doctor_lines", "newer_lines", "stamp_lines"]

_GROUPS = (
    (Severity.BREAKS, "breaks the next deploy", "✗", Style.BREAKS),
    (Severity.RISK, "risks", "!", Style.WEAKENS),
    (Severity.NOTE, "notes", "·", Style.NOTES),
)

NOT_REPLAYED = "not tried: whether the chain runs on an empty database and makes what the models expect; --replay does"


def doctor_lines(diagnosis: Diagnosis, exit_code: int, *, verbose: bool = False) -> list[Line]:
    """The diagnosis: what was looked at, the faults by severity with their fixes, the verdict."""
    lines = [line(Span(text, Style.BOLD) if not number else words(text)) for number, text in enumerate(diagnosis.lines)]
    if diagnosis.chain:
        heads = ", ".join(diagnosis.heads) or "none"
        unread = any(fault.code == "unreachable" for fault in diagnosis.faults)
        stamped = (
            "; alembic_version could not be read"
            if unread
            else f"; stamped {', '.join(diagnosis.stamped) or 'nothing'}"
        )
        revisions = counted(diagnosis.revisions, "revision")
        lines.append(line(words(f"{revisions} ({from_here(diagnosis.chain)}), head {heads}{stamped}")))
    if diagnosis.replayed:
        lines.append(line(f"replayed on {', '.join(diagnosis.replayed)}"))
    lines.extend(fault_lines(diagnosis.faults, verbose=verbose))
    lines.append(blank)
    if diagnosis.chain and not diagnosis.replayed and not diagnosis.breaks:
        lines.append(line(Span(NOT_REPLAYED, Style.DIM)))
    counts = ", ".join(
        _counted(count, severity)
        for severity, *_ in _GROUPS
        if (count := sum(fault.severity is severity for fault in diagnosis.faults))
    )
    style = Style.BREAKS if diagnosis.breaks else Style.GOOD
    verdict = f"{counts}" if counts else "nothing is wrong"
    lines.append(line(Span(verdict, style), f" · exit {exit_code}"))
    return lines


def _counted(count: int, severity: Severity) -> str:
    if severity is Severity.BREAKS:
        return f"{count} break{'s' if count == 1 else ''} the next deploy"
    return f"{count} {severity.word}{'s' if count > 1 else ''}"


def fault_lines(faults: tuple[Fault, ...], *, verbose: bool = False) -> list[Line]:
    lines: list[Line] = []
    for severity, title, sign, style in _GROUPS:
        group = [fault for fault in faults if fault.severity is severity]
        if not group:
            continue
        lines += [blank, line(Span(title, style))]
        for fault in group:
            lines.extend(_fault(fault, sign, style, verbose=verbose))
    return lines


def _fault(fault: Fault, sign: str, style: Style, *, verbose: bool) -> list[Line]:
    guess = " (read from the files; --replay proves it)" if fault.guess else ""
    lines = [line("  ", Span(sign, style), " ", Span(fault.code, Style.BOLD), words(f"  {fault.message}{guess}"))]
    if fault.file:
        lines.append(line("      ", Span("at   ", Style.DIM), words(place(fault.file, fault.line))))
    if verbose:
        lines.extend(line("           ", words(detail)) for detail in fault.details)
    return lines + _fix(fault.fix)


def _fix(fix: Fix | None) -> list[Line]:
    return [] if fix is None else [line("      ", Span("fix ", Style.DIM), words(_shortened(fix.text)))]


def place(file: str, number: int) -> str:
    """file:line, relative to the working directory where it lies below."""
    return f"{from_here(file)}:{number}" if number else from_here(file)


def _shortened(text: str) -> str:
    return re.sub(rf"(?<![\w:/]){re.escape(str(Path.cwd()))}/", "", text)  # not within a URL


def stamp_lines(stamped: Stamped, exit_code: int) -> list[Line]:
    """What was proved and written, or why not."""
    lines: list[Line] = []
    now = ", ".join(stamped.heads) or "nothing"
    before = ", ".join(stamped.before) or "nothing"
    match = stamped.match
    if match is not None and not stamped.why:
        how = "exactly" if match.exact else "at least"
        has = f"{how} what {now} leaves" if stamped.heads else "nothing of what the chain makes"
        lines.append(line(words(f"proved by a replay: the database has {has}")))
        lines.extend(line("  ! ", words(f"left over from an earlier revision: {fact}")) for fact in match.leftovers)
        lines.extend(line("  ! ", words(f"{id_} is taken as run because you say so")) for id_ in stamped.rows)
    lines.extend(line("  ✗ ", words(detail)) for detail in stamped.details)
    lines.extend(_fix(stamped.fix))
    lines.extend(fault_lines(stamped.faults))
    if stamped.written:
        verdict = Span(f"stamped {now} (before: {before})", Style.GOOD)
    elif stamped.proved:
        verdict = Span(f"nothing to do: {now} is stamped", Style.GOOD)
    else:
        verdict = Span(f"nothing stamped: {stamped.why}", Style.BREAKS)
    lines += [blank, line(words(verdict.text, verdict.style), f" · exit {exit_code}")]
    return lines


def deploy_lines(deployment: Deployment, exit_code: int) -> list[Line]:
    """What the chain did; the guard's own report follows it."""
    lines: list[Line] = []
    stamped = deployment.stamped
    if stamped is not None and stamped.written:
        lines.append(line(words(f"chain repaired: proved and stamped {', '.join(stamped.heads) or 'nothing'}")))
    for ran in deployment.ran:
        tries = f", try {ran.attempts}" if ran.attempts > 1 else ""
        lines.append(line("  ", Span("✓", Style.GOOD), words(f" {ran.revision}"), f" {ran.seconds:.2f} s{tries}"))
    if deployment.failed is not None:
        lines.extend(_failed(deployment.failed))
    lines.extend(fault_lines(deployment.faults))
    if stamped is not None and stamped.why:
        lines.append(line(words(f"the chain was not repaired: {stamped.why}")))
        lines.extend(line("  ✗ ", words(detail)) for detail in stamped.details)
        lines.extend(_fix(stamped.fix))
    after = ", ".join(deployment.after)
    if deployment.newer:
        lines.extend(newer_lines(deployment.newer, exit_code, deployment.lost, deployment.named))
    elif deployment.stopped:
        where = f"at {after}" if after else "before the first revision"
        text = f"the deploy stopped {where}; the application must not start on it"
        lines += [blank, line(words(text, Style.BREAKS), f" · exit {exit_code}")]
    elif deployment.of_chain:
        count = len(deployment.ran)
        lines.append(line(words(f"chain at {after or 'no revision'}, {count} revision{'s' if count != 1 else ''} run")))
    return lines


def newer_lines(newer: Sequence[str], exit_code: int, lost: str, named: str = "") -> list[Line]:
    """What an older release says where a newer one was before it, and what to do where it cannot start.

    Args:
        newer: the revisions that this release does not have.
        exit_code: 0 where it can start.
        lost: the command for files that are lost.
        named: which revision's file names one of them; then what it replaces may be left to run.
    """
    names = ", ".join(newer)
    said = (
        f"alembic_version names {names}, which this release does not have: a newer release was here; nothing is "
        "changed, the stamp stays"
    )
    if named:
        otherwise = f"  but {named}: where it does, and no newer release was here: {lost}"
    else:
        otherwise = f"  where the file of {names} is lost, and no newer release was here: {lost}"
    if exit_code == 0:
        return [line(words(text)) for text in (said, otherwise)[: 1 + bool(named)]]
    return [
        line(words(said)),
        line(words("  to do: start the newer release again, or take its revisions back with it (alembic downgrade)")),
        line(words(otherwise)),
    ]


def _failed(failed: Failed) -> list[Line]:
    lines = [line("  ", Span("✗", Style.BREAKS), words(f" {failed.revision or 'env.py'}: {failed.message}"))]
    if failed.file:
        lines.append(line("      ", Span("at   ", Style.DIM), words(place(failed.file, failed.line))))
    return lines
