"""Small phrases that several renderings share: numbers, times, rows, lists."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from schema_guard.counted import counted, duration, first_of
from schema_guard.difference import BackfillPending, Difference, Impact, NullabilityDiffers, RenameSuspected
from schema_guard.plan import Evidence, Refusal
from schema_guard.render.line import shown
from schema_guard.report import Finding, Report

__all__ = [
    "ACCEPT_HINT",
    "ALL_THERE",
    "HAND_HINT",
    "HEADINGS",
    "SIGNS",
    "VERBS",
    "accepted_phrase",
    "advice_lines",
    "evidence_phrase",
    "header",
    "impact_counts",
    "left_out_phrase",
    "listed",
    "look_phrase",
    "sql_lines",
    "terminated",
]

ALL_THERE = "the database has all that the models expect"
"""Not said where something of the models was left out or accepted."""

HEADINGS = {Impact.BREAKS: "breaks the application", Impact.WEAKENS: "weakens it", Impact.NOTES: "notes"}
SIGNS = {Impact.BREAKS: "✗", Impact.WEAKENS: "!", Impact.NOTES: "·"}
VERBS = {
    Impact.BREAKS: ("breaks", "break"),
    Impact.WEAKENS: ("weakens", "weaken"),
    Impact.NOTES: ("note", "notes"),
}


def listed(items: Sequence[str], limit: int) -> str:
    """The first items, and how many more there are."""
    return first_of(map(shown, items), limit)


def _common_schema(report: Report) -> str:
    """The schema of everything that differs; empty when there are several, or none."""
    names = [finding.difference.table_name for finding in report.findings]
    schemas = {name.schema for name in names if name is not None}
    return schemas.pop() or "" if len(schemas) == 1 else ""


def header(report: Report) -> str:
    """Whose models, which database and schema, how many tables."""
    server, schema = report.server, _common_schema(report)
    parts = [
        f"bind {server.bind}" if server.bind else "",
        f"schema {server.tenant}" if server.tenant else "",
        server.application if server.application != server.bind else "",
        f"{server.dialect} {server.version} at {server.database}",
        f"schema {schema}" if schema and schema != server.tenant else "",
        f"{counted(report.tables_expected, 'table')} expected",
    ]
    return " · ".join(shown(part) for part in parts if part)


def impact_counts(findings: Sequence[Finding]) -> str:
    """`5 differences: 2 break, 2 weaken, 1 note`."""
    parts = []
    for impact in sorted(Impact, reverse=True):
        if number := sum(finding.difference.impact is impact for finding in findings):
            one, many = VERBS[impact]
            parts.append(f"{number:,} {one if number == 1 else many}")
    return f"{counted(len(findings), 'difference')}: {', '.join(parts)}"


SHORT_ADVICE = 8
"""Lines of statements that are shown as they are."""

ACCEPT_HINT = "to leave a finding alone, and out of the verdict: --accept 'KEY', or the command `accept`"

HAND_HINT = "the statements under {} are for you to run by hand: nothing has run them"


def accepted_phrase(report: Report) -> str:
    """`1 accepted`, for the verdict; empty where nothing was."""
    return f"{len(report.accepted):,} accepted" if report.accepted else ""


def left_out_phrase(report: Report, limit: int = 6) -> str:
    """`not guarded: table audit_log, index orders.ix_old`, of the models; empty where nothing was left out."""
    if not report.left_out:
        return ""
    number = counted(len(report.left_out), "object")
    return f"not checked, excluded: {number} of the models ({listed([str(each) for each in report.left_out], limit)})"


def look_phrase(report: Report) -> str:
    """What looking took: `11 ms, 1 catalog query, no locks`."""
    queries = counted(report.catalog_queries, "catalog query", "catalog queries")
    return f"{duration(report.seconds)}, {queries}, no locks"


def evidence_phrase(difference: Difference, evidence: Evidence, refusal: Refusal | None = None) -> str:
    """What the rows say about a difference, in one clause; empty when it is nothing, or the refusal says it."""
    if refusal is not None and _says(refusal, evidence):
        return ""
    if evidence.count is None:
        return f"rows not counted: {shown(evidence.reason)}" if evidence.reason else ""
    rows = f"{'' if evidence.exact else 'at least '}{counted(evidence.count, 'row')}"
    if isinstance(difference, BackfillPending):
        columns = listed(difference.fill.columns, 5)
        if evidence.open is None:
            return f"{rows} with no {columns} can be filled"
        return f"{counted(evidence.open, 'row')} with no {columns}; {evidence.count:,} can be filled"
    if not evidence.count:
        return ""
    if isinstance(difference, RenameSuspected):
        return (
            f"{rows} in {difference.old}" if difference.column is None else f"{rows} with a value in {difference.old}"
        )
    one = evidence.count == 1
    if isinstance(difference, NullabilityDiffers):
        clause = f"{rows} {'holds' if one else 'hold'} NULL"
    else:
        clause = f"{rows} {'violates' if one else 'violate'} it"
    return f"{clause} ({shown(evidence.keys)})" if evidence.sample else clause


def _says(refusal: Refusal, evidence: Evidence) -> bool:
    counted_there = evidence.count is not None and f"{evidence.count:,} row" in refusal.reason
    return counted_there or (bool(evidence.reason) and evidence.reason in refusal.reason)


def terminated(statement: str) -> str:
    """The statement with its semicolon, which a comment at its end would swallow; a dot-command of the sqlite3 shell
    takes none."""
    bare = statement.strip().rstrip(";")
    if bare.startswith("."):
        return bare
    return f"{bare}\n;" if "--" in bare.rpartition("\n")[2] else f"{bare};"


def advice_lines(refusal: Refusal, full: bool = True) -> list[str]:
    """What a person could run, line by line; of a long script how long it is, unless all is asked for."""
    lines = [part for advice in refusal.advice for part in sql_lines(advice)]
    if full or len(lines) <= SHORT_ADVICE:
        return lines
    return [f"a script of {len(lines)} lines: `-v` with check or plan shows it"]


def sql_lines(statement: str) -> list[str]:
    """A statement's lines, safe to print, its own indentation kept, without blank lines around it."""
    return [shown(part.rstrip()) for part in textwrap.dedent(statement).strip().expandtabs(4).split("\n")]
