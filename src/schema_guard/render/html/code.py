"""SQL and commands, each with a button that copies it."""

from __future__ import annotations

from collections.abc import Sequence

from schema_guard.render.html.element import Html, preformatted, tag

__all__ = ["code"]


def code(lines: Sequence[str]) -> Html:
    """The lines as they are. The button appears where a script can run (page.js)."""
    button = tag("button", "Copy", type="button", class_="copy", hidden="")
    text = tag("pre", tag("code", preformatted(lines)), tabindex="0")
    return tag("div", text, button, class_="code")
