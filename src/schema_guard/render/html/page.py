"""The page around it all: one file, which loads nothing and whose one script cannot be joined by another."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from schema_guard.counted import counted
from schema_guard.difference import Impact
from schema_guard.render.html.code import code
from schema_guard.render.html.element import Content, Html, joined, tag
from schema_guard.render.line import Line, Style, plain
from schema_guard.render.text.phrases import VERBS, header, left_out_phrase
from schema_guard.report import Report
from schema_guard.requirements import version

__all__ = ["joined_pages", "opening", "page"]

_ANCHOR = re.compile(r'((?: id| aria-labelledby)="| href="#)([^"]+")')

HERE = Path(__file__).parent
SIGNS = {Style.GOOD: "✓", Style.BREAKS: "✗", Style.WEAKENS: "!"}


def page(title: str, content: Iterable[Content]) -> str:
    """The whole document."""
    style, script = (Html((HERE / name).read_text(encoding="utf-8")) for name in ("page.css", "page.js"))
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", style),
    )
    written = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    footer = tag("footer", f"schema-guard {version()} · written {written}")
    body = tag("body", tag("main", *content), footer, tag("script", script))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def opening(report: Report, command: str, verdict: Line, next_command: str = "", before: Line = ()) -> Html:
    """The verdict, which database was looked at, the counts, and what to run next.

    Args:
        report: what was found.
        command: that was run.
        verdict: the last line of the text output: its first words are the heading.
        next_command: what a person would run next.
        before: a line that says what the plan comes to.
    """
    first, *rest = before or verdict
    style = next((span.style for span in before or verdict if span.style in SIGNS), Style.GOOD)
    heading = plain([before]).strip() if before else first.text
    said = plain([verdict if before else tuple(rest)]).strip().removeprefix("· ")
    banner = tag(
        "header",
        tag("p", f"schema-guard {command}", class_="command"),
        tag("h1", tag("span", SIGNS[style], class_="sign", aria_hidden="true"), heading),
        tag("p", said),
        class_=f"banner {style}",
    )
    counts = [
        tag(
            "li",
            tag("b", f"{report.count(impact):,}"),
            f" {VERBS[impact][report.count(impact) != 1]}",
            class_=impact.word,
        )
        for impact in sorted(Impact, reverse=True)
    ]
    warnings = [tag("p", tag("b", "Warning: "), warning, class_="warning") for warning in report.warnings]
    left = left_out_phrase(report)
    return joined(
        (
            banner,
            tag("p", header(report), class_="where"),
            tag("ul", *counts, class_="counts"),
            *warnings,
            tag("p", left) if left else None,
            joined((tag("h2", "Next"), code([next_command]))) if next_command else None,
        )
    )


def joined_pages(texts: Sequence[str]) -> str:
    """Pages of several databases as one, one below the other; their links stay within each."""
    mains = []
    for number, text in enumerate(texts, start=1):
        main = text.partition("<main>")[2].rpartition("</main>")[0]
        # a quote of foreign text is a reference, so these are all our own attributes
        mains.append(Html(_ANCHOR.sub(rf"\g<1>{number}-\g<2>", main)))
    return page(f"schema-guard: {counted(len(texts), 'database')}", mains)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
