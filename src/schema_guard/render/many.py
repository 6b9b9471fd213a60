"""What many schemas or databases lack: a summary by difference, and one line for each that failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schema_guard.counted import counted, duration
from schema_guard.difference import Impact
from schema_guard.many.summary import Found, Summary
from schema_guard.render.json import Value
from schema_guard.render.line import Line, Span, Style, blank, line, style_of, words
from schema_guard.render.text.phrases import HEADINGS, SIGNS, listed

__all__ = ["summary_data", "summary_lines", "verdict_line"]

MOST_NAMED = 5
MOST_FAILED = 20
MOST_REASONS = 3


def summary_lines(summary: Summary, noun: str, *, verbose: bool = False) -> list[Line]:
    """The differences by impact, each with how many have it and the first of them; then those that failed.

    Args:
        summary: of all.
        noun: what each of them is: `schema`, `database`.
        verbose: notes too, and all names.
    """
    lines: list[Line] = []
    for impact, title in HEADINGS.items():
        group = [each for each in summary.by_impact if each.impact is impact]
        if not group or (impact is Impact.NOTES and not verbose):
            continue
        lines += [blank, line(Span(title, style_of(impact)))]
        for each in group:
            lines.extend(_found(each, noun, verbose=verbose))
    if summary.failed:
        lines += [blank, line(Span("not looked at, or not to the end", Style.BREAKS))]
        failed = list(summary.failed.items())
        for name, reason in failed if verbose else failed[:MOST_FAILED]:
            lines.append(line("  ", Span("✗", Style.BREAKS), " ", words(name), "  ", words(reason)))
        if not verbose and len(failed) > MOST_FAILED:
            lines.append(line(f"  .. and {len(failed) - MOST_FAILED:,} more"))
    return lines


def _found(found: Found, noun: str, *, verbose: bool) -> Iterable[Line]:
    names = listed(found.names, len(found.names) if verbose else MOST_NAMED)
    number = counted(len(found.names), noun)
    yield line(
        "  ", Span(SIGNS[found.impact], style_of(found.impact)), " ", words(found.object), "  ", words(found.headline)
    )
    if found.effect:
        yield line("      ", words(found.effect))
    yield line("      ", Span(f"in {number}: ", Style.DIM), words(names, Style.DIM))
    reasons = sorted(found.refused.items(), key=lambda each: -len(each[1]))
    for reason, refusing in reasons if verbose else reasons[:MOST_REASONS]:
        where = "" if len(refusing) == len(found.names) else f" in {listed(refusing, MOST_NAMED)}"
        yield line("      ", f"not repaired{where}: ", words(reason))
    if not verbose and len(reasons) > MOST_REASONS:
        yield line(f"      .. and for {len(reasons) - MOST_REASONS:,} more reasons")


def verdict_line(summary: Summary, noun: str, seconds: float, code: int, said: Sequence[str] = ()) -> Line:
    """`1,000 schemas: 950 satisfied, 50 with differences · 4.1 s, 4 ms each · exit 1`."""
    counts = [
        f"{number:,} {what}"
        for number, what in (
            (summary.satisfied, "satisfied"),
            (summary.differing, "with differences"),
            (len(summary.failed), "failed"),
        )
        if number
    ]
    text = f"{counted(summary.total, noun)}: {', '.join([*counts, *said])}"
    each = f", {duration(seconds / summary.total)} each" if summary.total else ""
    return line(Span(text, Style.BREAKS if code else Style.GOOD), f" · {duration(seconds)}{each} · exit {code}")


def summary_data(summary: Summary) -> dict[str, Value]:
    """The same for programs."""
    return {
        "satisfied": summary.satisfied,
        "differing": summary.differing,
        "failed": dict(summary.failed),
        "differences": [
            {
                "code": each.code,
                "impact": each.impact.word,
                "object": each.object,
                "headline": each.headline,
                "effect": each.effect,
                "refused": "; ".join(each.refused) or None,
                "names": list(each.names),
            }
            for each in summary.by_impact
        ],
    }
