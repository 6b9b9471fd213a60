"""A fleet's report: a line for each database, a summary by difference, the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from schema_guard.counted import counted, duration
from schema_guard.difference import Impact
from schema_guard.fleet.fleet import Halted
from schema_guard.fleet.order import Result
from schema_guard.many.summary import Summary
from schema_guard.render.json import VERSION, Value, text_of
from schema_guard.render.line import Line, Span, Style, blank, line, words
from schema_guard.render.many import MOST_NAMED, summary_data, summary_lines, verdict_line
from schema_guard.render.text.phrases import listed

__all__ = ["fleet_json", "fleet_lines"]

MOST_DEEDS = 20


def fleet_lines(
    command: str,
    results: Sequence[Result],
    halted: Halted,
    seconds: float,
    code: int,
    *,
    alone: str = "",
    verbose: bool = False,
) -> list[Line]:
    """Render it.

    Args:
        command: check, plan or apply.
        results: one for each database, in any order.
        halted: why some were not begun.
        seconds: wall clock time.
        code: what the command exits with.
        alone: the command that says more of one of the databases.
        verbose: notes too, and all names.
    """
    summary = _summary(results)
    lines = [_line(result, command) for result in sorted(results, key=lambda result: result.name)]
    lines += [*summary_lines(summary, "database", verbose=verbose), *_deeds(results, command, verbose), blank]
    if alone and any(Impact[each[1]] >= Impact.WEAKENS for result in results for each in result.differences):
        lines.append(line(Span("what fails, and the statements to run by hand: ", Style.DIM), words(alone, Style.SQL)))
    skipped = sum(bool(result.skip) for result in results)
    said = [f"{skipped:,} skipped"] if skipped else []
    if halted.left:
        said.append(f"{halted.left:,} not begun")
        lines.append(line(Span(f"no more were begun: {halted.reason}", Style.BREAKS)))
    lines.append(verdict_line(summary, "database", seconds, code, said))
    return lines


def _deeds(results: Sequence[Result], command: str, verbose: bool) -> Iterator[Line]:
    """What was done, or would be, each in one line with where: the most frequent first."""
    where: dict[str, list[str]] = {}
    for result in results:
        if not result.skip:
            for deed in result.deeds:
                where.setdefault(deed, []).append(result.name)
    if not where:
        return
    yield blank
    yield line("done" if command == "apply" else "apply would")
    found = sorted(where.items(), key=lambda each: -len(each[1]))
    for deed, names in found if verbose else found[:MOST_DEEDS]:
        number = f"in {counted(len(names), 'database')}: {listed(names, len(names) if verbose else MOST_NAMED)}"
        yield line("  ", words(deed), "  ", Span(number, Style.DIM))
    if not verbose and len(found) > MOST_DEEDS:
        yield line(f"  .. and {len(found) - MOST_DEEDS:,} more (-v shows them)")


def _summary(results: Sequence[Result]) -> Summary:
    summary = Summary()
    for result in results:
        if result.error:
            summary.failed[result.name] = result.message
            continue
        if result.skip:
            continue
        summary.satisfied += result.satisfied
        summary.differing += not result.satisfied
        for code, impact, name, headline, effect, refused in result.differences:
            summary.put(result.name, code, Impact[impact], name, headline, effect, refused)
    return summary


def _line(result: Result, command: str) -> Line:
    if result.error:
        return line(Span("✗", Style.BREAKS), " ", words(result.name), "  failed")  # the summary says why
    if result.skip:
        return line(Span("-", Style.DIM), " ", words(result.name), "  ", words(f"skipped: {result.skip}"))
    steps = counted(result.steps, "step") if result.steps else ""
    done = f", {steps} {'done' if command == 'apply' else 'to take'}" if steps else ""
    tail = Span(f"{done} · {duration(result.seconds)}", Style.DIM)
    if result.satisfied:
        return line(Span("✓", Style.GOOD), " ", words(result.name), "  satisfied", tail)
    sign, style = ("✗", Style.BREAKS) if result.breaks else ("!", Style.WEAKENS)
    number = counted(len(result.differences), "difference")
    return line(Span(sign, style), " ", words(result.name), f"  {number}", tail)


def fleet_json(command: str, results: Sequence[Result], halted: Halted, code: int) -> str:
    """The same for programs."""
    return text_of(
        {
            "version": VERSION,
            "command": f"fleet {command}",
            "exit_code": code,
            "summary": summary_data(_summary(results)),
            "not_begun": halted.left,
            "reason": halted.reason,
            "databases": [_data(result) for result in sorted(results, key=lambda result: result.name)],
        }
    )


def _data(result: Result) -> dict[str, Value]:
    data = asdict(result)
    data["differences"] = [
        {
            "code": code,
            "impact": Impact[impact].word,
            "object": name,
            "headline": headline,
            "effect": effect,
            "refused": refused or None,
        }
        for code, impact, name, headline, effect, refused in result.differences
    ]
    data["worst"] = Impact[result.worst].word if result.worst else None
    data["seconds"] = round(result.seconds, 6)
    return data
