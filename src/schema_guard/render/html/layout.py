"""Where each box of the diagram stands: referred tables on the left, those that refer to them further right."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from schema_guard.render.html.concerned import Box
from schema_guard.schema import Name

__all__ = ["HEAD", "LONGEST", "ROW", "Place", "cut", "laid_out"]

CHARACTER = 7.3
"""Width of one in the diagram's font."""
HEADING = 8.2
"""The same in that of a box's name."""
LONGEST = 38
"""Characters of a line of a box; a longer one is cut, and shown whole when pointed at."""
HEAD, ROW, PADDING = 30, 22, 12
ACROSS, BETWEEN, MARGIN = 76, 24, 14
LONELY_IN_A_ROW = 3


@dataclass(slots=True)
class Place:
    """In units of the drawing."""

    x: float
    y: float
    width: float
    height: float
    lonely: bool = False
    """No arrow leads to it or from it."""


def laid_out(boxes: Sequence[Box]) -> tuple[dict[Name, Place], float, float]:
    """Where each box stands, and how wide and high the whole is."""
    linked = {arrow.target for box in boxes for arrow in box.arrows} | {box.name for box in boxes if box.arrows}
    layers = _layers([box for box in boxes if box.name in linked])
    places: dict[Name, Place] = {}
    x: float = MARGIN
    bottom: float = MARGIN
    for layer in layers:
        width = max(_width(box) for box in layer)
        y: float = MARGIN
        for box in layer:
            places[box.name] = Place(x, y, width, _height(box))
            y += _height(box) + BETWEEN
        bottom = max(bottom, y)
        x += width + ACROSS
    right = x - ACROSS if layers else 0
    lonely = [box for box in boxes if box.name not in linked]
    for start in range(0, len(lonely), LONELY_IN_A_ROW):
        row, x = lonely[start : start + LONELY_IN_A_ROW], MARGIN
        for box in row:
            places[box.name] = Place(x, bottom, _width(box), _height(box), lonely=True)
            x += _width(box) + BETWEEN
        right = max(right, x - BETWEEN)
        bottom += max(_height(box) for box in row) + BETWEEN
    return places, right + MARGIN + ACROSS / 3, bottom - BETWEEN + MARGIN


def _layers(boxes: Sequence[Box]) -> list[list[Box]]:
    by_name = {box.name: box for box in boxes}
    depths: dict[Name, int] = {}

    def depth(box: Box, above: frozenset[Name]) -> int:
        if box.name not in depths:
            path = above | {box.name}
            targets = [by_name[arrow.target] for arrow in box.arrows if arrow.target not in path]
            found = 1 + max((depth(target, path) for target in targets), default=-1)
            depths.setdefault(box.name, found)
        return depths[box.name]

    for box in boxes:
        depth(box, frozenset())
    layers: list[list[Box]] = [[] for _ in range(1 + max(depths.values(), default=-1))]
    for box in boxes:
        layers[depths[box.name]].append(box)
    return layers


def _width(box: Box) -> float:
    lines = [(str(box.name), box.state, HEADING), *((row.text, row.state, CHARACTER) for row in box.rows)]
    return 2 * PADDING + max(
        min(_columns(text), LONGEST) * each + (len(state) + 3) * CHARACTER * bool(state) for text, state, each in lines
    )


def _height(box: Box) -> float:
    return HEAD + (len(box.rows) * ROW + 6 if box.rows else 0)


def cut(text: str) -> str:
    """As much as fits."""
    if _columns(text) <= LONGEST:
        return text
    kept = ""
    for char in text:
        if _columns(kept + char) >= LONGEST:
            break
        kept += char
    return f"{kept}…"


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
