"""docs/images/first-look.svg: check, apply and check again on the demo's database, moving. `make docs` writes it.

What is shown was really printed; only what depends on the machine is made constant. Where motion is not wanted
(prefers-reduced-motion), and where no CSS is read, the first screen stands still.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape

from schema_guard.demo import draft
from schema_guard.demo.room import sqlite_room
from schema_guard.exit_codes import apply_code, check_code
from schema_guard.impact import Impact
from schema_guard.render.line import Line, Span, Style, blank, line, wrapped
from schema_guard.render.text import apply_lines, check_lines
from schema_guard.report import Report

__all__ = ["first_look"]

COLUMNS = 92
ROWS = 22
SECONDS = 5.0
"""How long a screen stays."""
PER_LINE = 0.07
"""Seconds between two lines of a screen."""

WIDTH, HEIGHT, LEFT, TOP = 8.0, 19, 16, 44
"""Of a character and of a line, and where the first one stands: pixels."""

_COLORS = {
    Style.PLAIN: "#e6edf3",
    Style.BREAKS: "#ff7b72",
    Style.WEAKENS: "#e3b341",
    Style.NOTES: "#9198a1",
    Style.GOOD: "#56d364",
    Style.BOLD: "#ffffff",
    Style.DIM: "#9198a1",
    Style.SQL: "#79c0ff",
}


@dataclass(frozen=True)
class Screen:
    command: str
    lines: Sequence[Line]


def first_look() -> str:
    """The whole file."""
    screens = _screens()
    last = len(screens) - 1
    total = SECONDS * len(screens)
    width = round(2 * LEFT + COLUMNS * WIDTH)
    height = TOP + ROWS * HEIGHT + 8
    styles, texts = [], []
    for number, screen in enumerate(screens):
        begin, end = number * SECONDS, (number + 1) * SECONDS
        for row, spans in enumerate(_rows(screen)):
            name = f"s{number}r{row}"
            shown, gone = 100 * (begin + row * PER_LINE) / total, 100 * end / total
            frames = "0%{opacity:0}" if shown else ""
            frames += f"{shown:.2f}%{{opacity:1}}"
            frames += "" if number == last else f"{gone:.2f}%{{opacity:0}}"
            styles.append(f"@keyframes {name}{{{frames}}}.{name}{{animation-name:{name}}}")
            texts.append(_text(name, row, spans, number == 0))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' role="img" aria-labelledby="title">\n'
        '<title id="title">schema-guard check names what breaks the application, apply repairs it, and the next check'
        " finds nothing</title>\n"
        "<style>"
        "text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}"
        f"@media (prefers-reduced-motion:no-preference){{text{{animation:{total:g}s step-end infinite}}"
        f"{''.join(styles)}}}"
        "</style>\n"
        f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>\n'
        '<circle cx="20" cy="18" r="6" fill="#ff5f56"/><circle cx="40" cy="18" r="6" fill="#ffbd2e"/>'
        '<circle cx="60" cy="18" r="6" fill="#27c93f"/>\n' + "\n".join(texts) + "\n</svg>\n"
    )


def _screens() -> list[Screen]:
    scene = draft.scene()
    with sqlite_room() as engine:
        scene.prepare(engine)
        path = str(engine.url.database)
        before = scene.guard.check(engine)
        applied = scene.guard.apply(engine)
        after = scene.guard.check(engine)
    shown = [
        ("check", check_lines(_constant(before), check_code(before, Impact.BREAKS))),
        ("apply", apply_lines(_constant(applied), apply_code(applied))),
        ("check", check_lines(_constant(after), check_code(after, Impact.BREAKS))),
    ]
    return [
        Screen(f"schema-guard {name} {scene.target}", [_placed(spans, path) for spans in lines])
        for name, lines in shown
    ]


def _constant(report: Report) -> Report:
    """Without what depends on the machine."""
    results = tuple(
        replace(result, attempts=tuple(replace(attempt, seconds=0.004) for attempt in result.attempts))
        for result in report.results
    )
    server = replace(report.server, version="3.45.1", database="draft.db")
    return replace(report, server=server, seconds=0.011, results=results)


def _placed(spans: Line, path: str) -> Line:
    return tuple(Span(span.text.replace(path, "draft.db"), span.style) for span in spans)


def _rows(screen: Screen) -> list[Line]:
    """The screen's lines, as wide as it is; what is too much for it is left out in the middle, and said."""
    command = line(Span("$ ", Style.GOOD), Span(screen.command, Style.BOLD))
    rows = [part for spans in screen.lines for part in (wrapped(spans, COLUMNS) if spans else [blank])]
    room = ROWS - 1
    if len(rows) > room:
        rows = [*rows[: room - 4], line(Span("..", Style.DIM)), *rows[-3:]]
    return [command, *rows]


def _text(name: str, row: int, spans: Line, first: bool) -> str:
    parts = "".join(_spans(spans))
    hidden = "" if first else ' opacity="0"'
    return f'<text class="{name}" x="{LEFT}" y="{TOP + row * HEIGHT + 12}"{hidden} xml:space="preserve">{parts}</text>'


def _spans(spans: Line) -> Iterator[str]:
    column = 0
    for span in spans:
        weight = ' font-weight="600"' if span.style in (Style.BOLD, Style.BREAKS) else ""
        place = f"{LEFT + column * WIDTH:g}"
        length = f' textLength="{len(span.text) * WIDTH:g}" lengthAdjust="spacingAndGlyphs"'
        yield f'<tspan x="{place}"{length} fill="{_COLORS[span.style]}"{weight}>{escape(span.text)}</tspan>'
        column += len(span.text)


if __name__ == "__main__":
    sys.stdout.write(first_look())
