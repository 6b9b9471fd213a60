"""Lines of styled text, before anybody knows whether they go to a terminal, a pipe or a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from schema_guard.impact import Impact

__all__ = [
    "Line",
    "Span",
    "Style",
    "ascii_only",
    "bad",
    "blank",
    "line",
    "plain",
    "shown",
    "style_of",
    "words",
    "wrapped",
]


class Style(StrEnum):
    """What a piece of text means; how that looks is decided where it is printed."""

    PLAIN = "plain"
    BREAKS = "breaks"
    WEAKENS = "weakens"
    NOTES = "notes"
    GOOD = "good"
    BOLD = "bold"
    DIM = "dim"
    SQL = "sql"
    """A statement or a command, to be copied: never wrapped."""


@dataclass(frozen=True, slots=True)
class Span:
    text: str
    style: Style = Style.PLAIN


Line = tuple[Span, ...]

blank: Line = ()

_IMPACT_STYLES = {Impact.BREAKS: Style.BREAKS, Impact.WEAKENS: Style.WEAKENS, Impact.NOTES: Style.NOTES}

_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")
"""Between two columns."""

_WORD = re.compile(r"\s+|(?:· |exit (?=\d)|[\d.,]+ (?=(?:ms|s|min)\b))*\S+\s*")
"""With what is not torn from it: `· exit 1`, `216 ms`."""

_ASCII = str.maketrans({"✗": "x", "✓": "+", "·": "-"})


def style_of(impact: Impact) -> Style:
    return _IMPACT_STYLES[impact]


def line(*parts: str | Span) -> Line:
    return tuple(Span(part) if isinstance(part, str) else part for part in parts)


def bad(text: str) -> Span:
    return Span(text, Style.BREAKS)


def words(text: str, style: Style = Style.PLAIN) -> Span:
    """Foreign text (a name, a definition, a message) made safe to print."""
    return Span(shown(text), style)


def shown(text: str) -> str:
    """The text on one line; what would steer a terminal (escapes, newlines, direction marks) as `\\x1b`."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def plain(lines: Iterable[Line]) -> str:
    """The lines without styles, each ended by a newline and without trailing blanks."""
    return "".join("".join(span.text for span in spans).rstrip() + "\n" for spans in lines)


def ascii_only(lines: Sequence[Line], encoding: str) -> list[Line]:
    """The lines in what the encoding can write: other signs for ours, backslash escapes for foreign text."""

    def writable(text: str) -> str:
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            return text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
        return text

    return [tuple(Span(writable(span.text), span.style) for span in spans) for spans in lines]


def wrapped(spans: Line, width: int) -> list[Line]:
    """The line in as many as fit that width, the further ones indented; what is to be copied stays one."""
    text = "".join(span.text for span in spans)
    if len(text) <= width or any(span.style is Style.SQL for span in spans):
        return [spans]
    indent = " " * _hanging(text, width)
    lines: list[Line] = []
    current: list[Span] = []
    used = 0
    for word in _parts(spans):
        if current and used + len(word.text.rstrip()) > width and word.text.strip():
            lines.append(tuple(current))
            current, used = [Span(indent)], len(indent)
        current.append(word)
        used += len(word.text)
    # a blank behind the last column would make an empty line of its own
    return [_stripped(each) for each in (*lines, tuple(current))]


def _hanging(text: str, width: int) -> int:
    """Where the further lines begin: below the second column where there is one, in the left half; else a bit further
    in than the first line, and than what follows it."""
    begin = len(text) - len(text.lstrip())
    gaps = [gap.end() for gap in _GAP.finditer(text, begin)]
    if gaps and gaps[-1] <= width // 2:
        return gaps[-1]
    return min(begin + (6 if gaps else 2), width // 2)


def _stripped(spans: Line) -> Line:
    """Without blanks at its end."""
    *before, last = spans
    return (*before, Span(last.text.rstrip(), last.style))


def _parts(spans: Line) -> Iterable[Span]:
    """Word by word, each with the blanks behind it."""
    for span in spans:
        yield from (Span(part, span.style) for part in _WORD.findall(span.text))
