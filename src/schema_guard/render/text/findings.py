"""The findings, grouped by impact: the body of check's output and the end of apply's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schema_guard.counted import counted
from schema_guard.difference import Impact, RenameSuspected, TableUnknown
from schema_guard.render.line import Line, Span, Style, blank, line, shown, style_of, words
from schema_guard.render.text.phrases import (
    ACCEPT_HINT,
    HAND_HINT,
    HEADINGS,
    SIGNS,
    VERBS,
    advice_lines,
    evidence_phrase,
    impact_counts,
    listed,
    sql_lines,
)
from schema_guard.report import Finding, Report

__all__ = ["accepted_lines", "finding_groups", "hints"]

SIGN_ACCEPTED = "·"

ALIGN_AT_MOST = 44
"""A longer name doesn't push the others' text to the right."""
LIST_TABLES_UP_TO = 3
"""More unknown tables than this are told in one line."""


def finding_groups(report: Report, *, keys: Impact | None = None, verbose: bool = False) -> list[Line]:
    """A heading for each impact and under it the findings, those that were accepted at the end.

    Args:
        report: what was found.
        keys: the impact from which on a finding's key is shown, where apply does not repair it, and the statements for
            a refusal; None shows none.
        verbose: adds queries and all keys, and lists without cutting.
    """
    lines: list[Line] = []
    keyed = with_keys(report, keys, verbose=verbose)
    for impact in sorted(Impact, reverse=True):
        group = [finding for finding in report.findings if finding.difference.impact is impact]
        if group:
            lines.append(line(Span(HEADINGS[impact], Style.BOLD)))
            told = [(finding, finding in keyed) for finding in group]
            lines.extend(
                _group(
                    told, Span(SIGNS[impact], style_of(impact)), report, statements=keys is not None, verbose=verbose
                )
            )
    lines.extend(accepted_lines(report, verbose=verbose))
    return [blank, *lines] if lines else []


def hints(report: Report, keys: Impact | None, *, verbose: bool = False) -> list[Line]:
    """What a person may do with the findings: run what is not repaired, or accept it. Nothing where `keys` is None."""
    advised = [each for each in report.findings if each.refusal is not None and each.refusal.advice]
    texts = [HAND_HINT.format("a finding")] if advised and keys is not None else []
    if with_keys(report, keys, verbose=verbose):
        texts.append(ACCEPT_HINT)
    return [line(Span(text, Style.DIM)) for text in texts]


def with_keys(report: Report, keys: Impact | None, *, verbose: bool = False) -> list[Finding]:
    """The findings whose key is shown, to accept them by: what counts, and what no step of apply repairs.

    Args:
        report: what was found.
        keys: the impact from which on it counts; None shows no key.
        verbose: shows every key.
    """
    if keys is None:
        return []
    if verbose:
        return list(report.findings)
    left = report.findings if report.applied else report.unplanned
    return [each for each in left if each.difference.impact >= keys or isinstance(each.difference, RenameSuspected)]


def accepted_lines(report: Report, *, verbose: bool = False) -> list[Line]:
    """What was accepted, under a heading: what breaks the application with its key and its reason, and the rest in one
    line; nothing where nothing was.

    Args:
        report: what was found.
        verbose: all of it with key and reason.
    """
    if not report.accepted:
        return []
    lines = [line(Span("accepted, left alone", Style.BOLD))]
    told = [each for each in report.accepted if verbose or each.difference.impact is Impact.BREAKS]
    for finding in told:
        lines.extend(_accepted(finding, report))
    if rest := [each for each in report.accepted if each not in told]:
        also = "and " if told else ""
        lines.append(line("  ", Span(SIGN_ACCEPTED, Style.DIM), f" {also}{impact_counts(rest)} (-v lists all)"))
    return lines


def _accepted(finding: Finding, report: Report) -> Iterable[Line]:
    difference, acceptance = finding.difference, finding.acceptance
    assert acceptance is not None
    name = shown(difference.object)
    verb = VERBS[difference.impact][0]
    yield line("  ", Span(SIGN_ACCEPTED, Style.DIM), " ", Span(name, Style.BOLD), "  ", words(difference.headline))
    yield line("      ", words(f"accepted: '{report.key_of(difference)}' ({verb}): {acceptance.because}"))


def _group(
    group: Sequence[tuple[Finding, bool]], sign: Span, report: Report, *, statements: bool, verbose: bool
) -> Iterable[Line]:
    unknown = [finding for finding, _ in group if isinstance(finding.difference, TableUnknown)]
    collapsed = unknown if len(unknown) > LIST_TABLES_UP_TO and not verbose else []
    told = [(finding, keyed) for finding, keyed in group if finding not in collapsed]
    widths = [len(shown(finding.difference.object)) for finding, _ in told]
    width = max((width for width in widths if width <= ALIGN_AT_MOST), default=0)
    for finding, keyed in told:
        yield from _finding(finding, sign, shown(finding.difference.object).ljust(width), statements, verbose)
        if keyed:
            yield line("      ", Span("key: ", Style.DIM), words(f"'{report.key_of(finding.difference)}'", Style.SQL))
    if collapsed:
        names = listed(sorted(shown(finding.difference.object) for finding in collapsed), 8)
        yield line("  ", sign, f" {counted(len(collapsed), 'table')} unknown to the models, left alone: {names}")


def _finding(finding: Finding, sign: Span, name: str, statements: bool, verbose: bool) -> Iterable[Line]:
    difference = finding.difference
    yield line("  ", sign, " ", Span(name, Style.BOLD), "  ", words(difference.headline))
    if difference.effect:
        yield line("      ", words(difference.effect))
    if finding.evidence is not None:
        if phrase := evidence_phrase(difference, finding.evidence, finding.refusal):
            yield line("      ", phrase)
        if verbose and finding.evidence.count and finding.evidence.query:
            yield from (line("      ", Span(part, Style.SQL)) for part in sql_lines(finding.evidence.query))
    if finding.refusal is not None:
        renamed = isinstance(difference, RenameSuspected)
        label = "not renamed: " if renamed else "not repaired: "
        yield line("      ", Span(label, Style.WEAKENS), words(finding.refusal.reason))
        for part in advice_lines(finding.refusal, verbose) if renamed or statements else ():
            yield line("        ", Span(part, Style.SQL))
