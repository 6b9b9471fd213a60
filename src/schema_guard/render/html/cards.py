"""The differences, a card for each: what it does, both sides, what the rows say, what becomes of it."""

from __future__ import annotations

from collections.abc import Iterable

from schema_guard.counted import counted
from schema_guard.difference import Impact
from schema_guard.render.html.code import code
from schema_guard.render.html.element import Html, joined, tag
from schema_guard.render.html.sides import sides
from schema_guard.render.text.phrases import HEADINGS, SIGNS, advice_lines, evidence_phrase, sql_lines
from schema_guard.report import Finding, Report

__all__ = ["accepted_section", "difference_sections"]

MOST = 500
"""Cards; the others are counted."""


def difference_sections(report: Report, *, numbered: bool) -> Iterable[Html]:
    """A section for each impact that was found.

    Args:
        report: what was found.
        numbered: the page shows the plan's steps: cards lead to them.
    """
    for impact in sorted(Impact, reverse=True):
        group = [finding for finding in report.findings if finding.difference.impact is impact]
        if not group:
            continue
        name = f"of-{impact.word}"
        rest = tag("p", f"and {len(group) - MOST:,} more") if len(group) > MOST else None
        cards = joined((*(_card(finding, report, numbered) for finding in group[:MOST]), rest))
        if impact is Impact.NOTES:
            cards = tag("details", tag("summary", counted(len(group), "note")), cards)
        yield tag("section", tag("h2", HEADINGS[impact].capitalize(), id=name), cards, aria_labelledby=name)


def accepted_section(report: Report) -> Html | None:
    """What was accepted, with the reason; None where nothing was."""
    if not report.accepted:
        return None
    rows = [
        tag(
            "tr",
            tag("td", tag("code", finding.difference.object)),
            tag("td", finding.difference.headline),
            tag("td", "" if finding.acceptance is None else finding.acceptance.because),
        )
        for finding in report.accepted
    ]
    head = tag("tr", *(tag("th", text, scope="col") for text in ("object", "difference", "accepted because")))
    table = tag("table", tag("thead", head), tag("tbody", *rows))
    return tag(
        "section",
        tag("h2", "Accepted, left alone", id="accepted"),
        tag("div", table, class_="scroll", tabindex="0", role="region", aria_labelledby="accepted"),
        aria_labelledby="accepted",
    )


def _card(finding: Finding, report: Report, numbered: bool) -> Html:
    difference = finding.difference
    word = difference.impact.word
    sign = tag("span", SIGNS[difference.impact], class_=f"sign ink-{word}", aria_hidden="true")
    title = tag("h3", sign, tag("span", difference.object, class_="object"), tag("span", difference.code, class_="tag"))
    return tag(
        "article",
        title,
        tag("p", difference.headline, class_="headline"),
        tag("p", difference.effect) if difference.effect else None,
        _sides(finding),
        *_rows(finding),
        *_fate(finding, report, numbered),
        class_=f"card edge-{word}",
    )


def _sides(finding: Finding) -> Html | None:
    found = sides(finding.difference)
    if found is None:
        return None
    return tag(
        "dl",
        tag("div", tag("dt", "the models expect"), tag("dd", tag("code", found.expected))),
        tag("div", tag("dt", "the database has"), tag("dd", tag("code", found.actual))),
        class_="sides",
    )


def _rows(finding: Finding) -> Iterable[Html]:
    evidence = finding.evidence
    if evidence is None:
        return
    if phrase := evidence_phrase(finding.difference, evidence, finding.refusal):
        yield tag("p", phrase)
    if evidence.count and evidence.query:
        yield tag("details", tag("summary", "the query that finds these rows"), code(sql_lines(evidence.query)))


def _fate(finding: Finding, report: Report, numbered: bool) -> Iterable[Html]:
    if finding.refusal is not None:
        yield tag("p", tag("b", "Not repaired: "), finding.refusal.reason)
        if finding.refusal.advice:
            yield code(advice_lines(finding.refusal))
    steps = report.steps_of(finding)
    if steps and numbered:
        links = [tag("a", f"step {number}", href=f"#step-{number}") for number, _ in steps]
        yield tag("p", tag("b", "Repaired by "), joined(links, ", "))
    elif steps and not report.applied:
        yield tag("p", "schema-guard apply repairs it.")
    yield tag("p", "key: ", tag("code", report.key_of(finding.difference)), class_="key")
