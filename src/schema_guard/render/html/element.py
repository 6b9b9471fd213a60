"""HTML elements, escaped by construction: text becomes markup nowhere else than here."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from schema_guard.render.line import shown

__all__ = ["Content", "Html", "joined", "preformatted", "tag"]


class Html(str):
    """Markup that this package wrote. A plain str is foreign text: `tag` escapes it."""

    __slots__ = ()


Content = str | Html | None
"""What an element may hold; None is left out."""

_EMPTY = frozenset({"meta", "br", "path", "rect", "line", "circle"})


def tag(name: str, /, *content: Content, **attributes: str | float | None) -> Html:
    """`<name attribute="..">content</name>`. An attribute of None is left out, `class_` is class, `data_x` is data-x.

    Args:
        name: of the element.
        content: in order; a plain str is escaped, on one line.
        attributes: their values are escaped.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_text(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY:
        return Html(f"<{name}{written}>" if name in ("meta", "br") else f"<{name}{written}/>")
    return Html(f"<{name}{written}>{joined(content)}</{name}>")


def joined(content: Iterable[Content], between: str = "") -> Html:
    """The parts, one behind the other."""
    parts = (part if isinstance(part, Html) else _text(part) for part in content if part is not None)
    return Html(between.join(parts))


def preformatted(lines: Iterable[str]) -> Html:
    """Lines of SQL or of a command; each safe to show as `shown` makes it."""
    return Html("\n".join(_text(each) for each in lines))


def _text(text: str) -> str:
    return escape(shown(text), quote=True)
