"""The tables that a report concerns and their foreign keys, as a drawing (SVG); what is missing is marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from schema_guard.counted import counted
from schema_guard.render.html.concerned import Arrow, Box, Mark, concerned
from schema_guard.render.html.element import Html, joined, tag
from schema_guard.render.html.layout import HEAD, ROW, Place, cut, laid_out
from schema_guard.render.line import shown
from schema_guard.report import Report
from schema_guard.schema import Name

__all__ = ["diagram"]

BEND = 40


def diagram(report: Report) -> Html | None:
    """The drawing with its legend; None where no table is concerned."""
    boxes, more = concerned(report)
    if not boxes:
        return None
    places, width, height = laid_out(boxes)
    arrows = [_arrow(box, arrow, places) for box in boxes for arrow in box.arrows]
    drawing = tag(
        "svg",
        tag("title", "Tables concerned and their foreign keys"),
        tag("desc", _description(boxes)),
        *arrows,
        *(_box(box, places[box.name]) for box in boxes),
        role="img",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=f"{width:.0f}",
        height=f"{height:.0f}",
    )
    marks = [mark for mark in Mark if mark is not Mark.FINE and any(mark in box.marks for box in boxes)]
    words = {Mark.BREAKS: "breaks the application", Mark.WEAKENS: "weakens it", Mark.REPAIRED: "repaired by this run"}
    legend = [tag("li", tag("b", mark.sign, class_=f"ink-{mark}"), f" {words[mark]}") for mark in marks]
    left = tag("li", f"{counted(more, 'table')} more, listed below") if more else None
    return tag(
        "section",
        tag("h2", "Tables concerned", id="tables"),
        tag("div", drawing, class_="scroll", tabindex="0", role="region", aria_label="Diagram of the tables"),
        tag("ul", *legend, left, class_="legend"),
        aria_labelledby="tables",
    )


def _description(boxes: list[Box]) -> str:
    """The drawing in words, for who does not see it."""
    said = []
    for box in boxes:
        rows = [f"{row.text} {row.state}" for row in box.rows if row.state]
        keys = [f"foreign key {arrow.said}{f' {arrow.state}' if arrow.state else ''}" for arrow in box.arrows]
        parts = [*([box.state] if box.state else []), *rows, *keys]
        said.append(f"{box.name}{': ' if parts else ''}{', '.join(parts)}")
    return ". ".join(said)


def _box(box: Box, place: Place) -> Html:
    parts = [
        tag(
            "rect",
            x=place.x,
            y=place.y,
            width=f"{place.width:.0f}",
            height=place.height,
            rx=6,
            class_=f"box {box.mark}",
        ),
        _line(str(box.name), box.mark, box.state, place, place.y + 20, "name"),
    ]
    if box.rows:
        under = place.y + HEAD
        parts.append(tag("line", x1=place.x, y1=under, x2=f"{place.x + place.width:.0f}", y2=under, class_="rule"))
    for number, row in enumerate(box.rows):
        parts.append(_line(row.text, row.mark, row.state, place, place.y + HEAD + ROW * number + 17, "row"))
    return tag("g", *parts)


def _line(text: str, mark: Mark, state: str, place: Place, y: float, kind: str) -> Html:
    """The text on the left, what is the matter on the right."""
    text = shown(text)
    whole = tag("title", text) if cut(text) != text else None
    left = tag("text", whole, cut(text), x=place.x + 12, y=y, class_=f"{kind} ink-{mark}")
    if not state:
        return left
    right = tag(
        "text",
        f"{mark.sign} {state}",
        x=f"{place.x + place.width - 12:.0f}",
        y=y,
        text_anchor="end",
        class_=f"state ink-{mark}",
    )
    return joined((left, right))


def _arrow(box: Box, arrow: Arrow, places: Mapping[Name, Place]) -> Html:
    start, end = places[box.name], places[arrow.target]
    y = start.y + HEAD + ROW * arrow.row + 12 if box.rows else start.y + HEAD / 2
    path, middle = _path(start, y, end, places.values())
    x_end, y_end = end.x + end.width, end.y + HEAD / 2
    parts = [
        tag("title", f"foreign key {arrow.said}{f': {arrow.state}' if arrow.state else ''}"),
        tag("path", d=path, class_=f"arrow {arrow.mark}"),
        tag("path", d=f"M{x_end:.0f} {y_end:.0f} l9 -5 v10 z", class_=f"head {arrow.mark}"),
    ]
    if arrow.state:
        x, y = middle
        ink = f"state ink-{arrow.mark}"
        parts.append(tag("text", arrow.mark.sign, x=f"{x:.0f}", y=f"{y:.0f}", text_anchor="middle", class_=ink))
    return tag("g", *parts)


def _path(start: Place, y: float, end: Place, all_: Iterable[Place]) -> tuple[str, tuple[float, float]]:
    """From a row at the height y to the head of the other box, and where its sign stands; no box is crossed."""
    x_end, y_end = end.x + end.width, end.y + HEAD / 2
    between = [at for at in all_ if x_end < at.x and at.x + at.width < start.x and not at.lonely]
    if end.x >= start.x:  # the same layer, itself, or a circle
        x = start.x + start.width
        bend = max(x, x_end) + BEND / 2
        return _curve(x, y, bend, bend, x_end + 8, y_end), (bend + 2, (y + y_end) / 2 + 4)
    if not between:
        middle = ((start.x + x_end) / 2 + 10, (y + y_end) / 2 - 4)
        return _curve(start.x, y, start.x - BEND, x_end + BEND, x_end + 8, y_end), middle
    lane = max(place.y + place.height for place in between) + 11
    right, left = start.x - BEND / 2, x_end + BEND / 2
    bow = (
        f"M{start.x:.0f} {y:.0f} C{right:.0f} {y:.0f} {right:.0f} {lane:.0f} {right - BEND:.0f} {lane:.0f} "
        f"L{left + BEND:.0f} {lane:.0f} C{left:.0f} {lane:.0f} {left:.0f} {y_end:.0f} {x_end + 8:.0f} {y_end:.0f}"
    )
    return bow, ((right + left) / 2, lane - 3)


def _curve(x: float, y: float, bend: float, bend_end: float, x_end: float, y_end: float) -> str:
    return f"M{x:.0f} {y:.0f} C{bend:.0f} {y:.0f} {bend_end:.0f} {y_end:.0f} {x_end:.0f} {y_end:.0f}"
