"""What a command found on several databases of one application, in one document of each format."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from xml.etree import ElementTree as ET

from schema_guard.counted import counted
from schema_guard.errors import GuardError
from schema_guard.many.reports import Part, united
from schema_guard.render.formats import Shown, renderer
from schema_guard.render.json import VERSION, text_of
from schema_guard.render.line import Line, Span, Style, blank, line, plain, words
from schema_guard.render.masked import rendered
from schema_guard.render.text.phrases import impact_counts
from schema_guard.report import Report

__all__ = ["Outcome", "several"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """On one bind: what was found and what is shown beside it, or the error in its place."""

    bind: str
    shown: Shown
    found: object = None
    error: GuardError | None = None


def several(outcomes: Sequence[Outcome], format_: str, command: str, code: int) -> list[Line] | str:
    """Render all.

    Args:
        outcomes: in the application's order.
        format_: one of the command's formats.
        command: its name.
        code: what the command exits with.
    """
    outcomes = _without_idle(outcomes)
    parts = [_one(outcome, format_) for outcome in outcomes]
    texts = [part if isinstance(part, str) else plain(part) for part in parts]
    if format_ == "text":
        return _text(outcomes, [part for part in parts if not isinstance(part, str)], command, code)
    if format_ == "json":
        return _json(outcomes, texts, command, code)
    return JOINED.get(format_, "".join)(texts)


def _without_idle(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """An entry that is accepted or excluded is idle when it names nothing on any of them."""
    reports = united(Part(each.bind, each.found if isinstance(each.found, Report) else None) for each in outcomes)
    return [
        each if part.report is None else replace(each, found=part.report)
        for each, part in zip(outcomes, reports, strict=True)
    ]


def _one(outcome: Outcome, format_: str) -> list[Line] | str:
    if outcome.error is None:
        return rendered(outcome.found, format_, outcome.shown)
    if (render := renderer(format_, "error")) is not None:
        return render(outcome.error, outcome.shown)
    message = outcome.error.message.removeprefix(f"bind {outcome.bind}: ")
    if format_ == "text":
        bind = Span(f"bind {outcome.bind}", Style.BOLD)
        return [line(bind), line("  ", Span("✗", Style.BREAKS), " ", words(message)), line(_exit(outcome))]
    return f"-- bind {outcome.bind}: {message}\n"


def _exit(outcome: Outcome) -> str:
    return f"not looked at · exit {outcome.shown.exit_code}"


def _text(outcomes: Sequence[Outcome], parts: Sequence[list[Line]], command: str, code: int) -> list[Line]:
    lines: list[Line] = []
    for part in parts:
        lines += [*part, blank]
    said = ", ".join(f"{each.bind}: {_phrase(each, command)}" for each in outcomes)
    start = f"{counted(len(outcomes), 'database')}: "
    lines.append(line(Span(start, Style.BOLD), words(said, Style.BREAKS if code else Style.GOOD), f" · exit {code}"))
    return lines


def _phrase(outcome: Outcome, command: str) -> str:
    if outcome.error is not None:
        return outcome.error.code.replace("-", " ")
    report = getattr(outcome.found, "report", outcome.found)
    if not isinstance(report, Report):
        return f"exit {outcome.shown.exit_code}"
    if command == "plan":
        return counted(len(report.plan.steps), "step") if report.plan is not None else "no step"
    return impact_counts(report.findings) if report.findings else "satisfied"


def _json(outcomes: Sequence[Outcome], texts: Sequence[str], command: str, code: int) -> str:
    documents = [{**json.loads(text), "bind": outcome.bind} for outcome, text in zip(outcomes, texts, strict=True)]
    return text_of({"version": VERSION, "command": command, "exit_code": code, "databases": documents})


def _junit(texts: Sequence[str]) -> str:
    """The suites of all in one file."""
    root = ET.Element("testsuites")
    for text in texts:
        root.extend(ET.fromstring(text))
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="us-ascii", xml_declaration=True)
    return written.decode("ascii") + "\n"


def _sarif(texts: Sequence[str]) -> str:
    """A run for each."""
    documents = [json.loads(text) for text in texts]
    return text_of({**documents[0], "runs": [run for document in documents for run in document["runs"]]})


def _html(texts: Sequence[str]) -> str:
    from schema_guard.render.html.page import joined_pages

    return joined_pages(texts)


JOINED: dict[str, Callable[[Sequence[str]], str]] = {
    "html": _html,
    "junit": _junit,
    "markdown": "\n".join,
    "sarif": _sarif,
    "sql": "\n".join,
}
"""How the documents of a format become one; else they follow each other."""
