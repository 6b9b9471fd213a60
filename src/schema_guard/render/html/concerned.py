"""The tables that a report concerns, as boxes with rows and arrows between them: what the diagram draws."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from schema_guard.difference import (
    Difference,
    ForeignKeyDiffers,
    ForeignKeyMissing,
    ForeignKeyNotValidated,
    Impact,
    TableMissing,
    ViewMissing,
)
from schema_guard.report import Report
from schema_guard.schema import Column, ForeignKey, Name, Table

__all__ = ["Arrow", "Box", "Mark", "Row", "concerned"]

MOST_TABLES = 24
MOST_ROWS = 10
"""Of a box; the others are counted."""


class Mark(StrEnum):
    """What is the matter with a box, a row or an arrow, the worst first."""

    BREAKS = "breaks"
    WEAKENS = "weakens"
    REPAIRED = "repaired"
    FINE = "fine"

    @property
    def sign(self) -> str:
        return {"breaks": "✗", "weakens": "!", "repaired": "✓"}.get(self.value, "")


@dataclass(slots=True)
class Row:
    text: str
    mark: Mark = Mark.FINE
    state: str = ""
    """In a word: missing, differs, repaired."""


@dataclass(slots=True)
class Arrow:
    """A foreign key, from a row of a box."""

    row: int
    target: Name
    mark: Mark = Mark.FINE
    state: str = ""
    said: str = ""


@dataclass(slots=True)
class Box:
    name: Name
    table: Table | None = None
    """None of a table that only a foreign key names."""
    mark: Mark = Mark.FINE
    state: str = ""
    rows: list[Row] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)

    @property
    def marks(self) -> set[Mark]:
        """Its own, and those of all in it."""
        return {self.mark, *(row.mark for row in self.rows), *(arrow.mark for arrow in self.arrows)}


def concerned(report: Report) -> tuple[list[Box], int]:
    """The boxes, the worst first, and how many tables more there are."""
    found: dict[Name, list[tuple[Difference, Mark]]] = {}
    for difference, mark in _marked(report):
        if difference.table_name is not None and getattr(difference, "table", None) is not None:
            found.setdefault(difference.table_name, []).append((difference, mark))
    boxes = [_box(name, differences) for name, differences in found.items()]
    boxes.sort(key=lambda box: (min(list(Mark).index(mark) for mark in box.marks), box.name.name))
    drawn = boxes[:MOST_TABLES]
    names = {box.name for box in drawn}
    others = {arrow.target: Box(arrow.target) for box in drawn for arrow in box.arrows if arrow.target not in names}
    return [*drawn, *others.values()], len(boxes) - len(drawn)


def _marked(report: Report) -> Iterable[tuple[Difference, Mark]]:
    """What is there and counts; then what the steps repaired."""
    there: set[str] = set()
    for finding in report.findings:
        there.update(finding.keys)
        if finding.difference.impact is not Impact.NOTES:
            yield finding.difference, Mark.BREAKS if finding.difference.impact is Impact.BREAKS else Mark.WEAKENS
    for result in report.results:
        for answered in result.step.answers:
            if result.changed and answered.key not in there:
                there.add(answered.key)
                yield answered, Mark.REPAIRED


def _box(name: Name, differences: list[tuple[Difference, Mark]]) -> Box:
    table: Table = getattr(differences[0][0], "table")  # noqa: B009 - some kinds have none; those are left out before
    box = Box(name, table)
    columns: dict[str, tuple[Mark, str]] = {}
    keys: dict[tuple[tuple[str, ...], Name], tuple[Mark, str]] = {}
    others: list[Row] = []
    for difference, mark in differences:
        state = _state(difference, mark)
        column: Column | None = getattr(difference, "column", None)
        match difference:
            case TableMissing() | ViewMissing():
                box.mark, box.state = mark, state
            case ForeignKeyMissing() | ForeignKeyDiffers() | ForeignKeyNotValidated():
                keys[_identity(difference.foreign_key)] = mark, state
            case _ if column is not None:
                columns.setdefault(column.name, (mark, state))
            case _:
                others.append(Row(difference.object.removeprefix(f"{name}."), mark, state))
    _fill(box, table, columns, keys)
    box.rows.extend(others)
    _shorten(box)
    return box


def _fill(
    box: Box,
    table: Table,
    columns: dict[str, tuple[Mark, str]],
    keys: dict[tuple[tuple[str, ...], Name], tuple[Mark, str]],
) -> None:
    """The primary key, what foreign keys go out from, and what differs; of a missing table all."""
    linking = {key.columns[0] for key in table.foreign_keys if key.columns}
    primary = set(table.primary_key.columns) if table.primary_key is not None else set()
    known = {column.name: column for column in table.columns}
    whole = box.mark is not Mark.FINE
    chosen = [name for name in known if whole or name in linking | primary | set(columns)]
    chosen += [name for name in columns if name not in known]
    place = {}
    for name in chosen:
        mark, state = columns.get(name, (Mark.FINE, ""))
        type_ = f"  {known[name].type}" if name in known else ""
        place[name] = len(box.rows)
        box.rows.append(Row(f"{name}{type_}", mark, state))
    for key in table.foreign_keys:
        mark, state = keys.get(_identity(key), (box.mark, box.state))
        at = place.get(key.columns[0], 0) if key.columns else 0
        box.arrows.append(Arrow(at, key.target, mark, state, _said(key)))


def _shorten(box: Box) -> None:
    """No more rows than fit; those that differ, and those of arrows, stay."""
    if len(box.rows) <= MOST_ROWS:
        return
    needed = {arrow.row for arrow in box.arrows} | {at for at, row in enumerate(box.rows) if row.mark is not Mark.FINE}
    order = sorted(range(len(box.rows)), key=lambda at: (at not in needed, at))
    kept = sorted(order[: MOST_ROWS - 1])
    moved = {old: new for new, old in enumerate(kept)}
    more = len(box.rows) - len(kept)
    box.rows = [*(box.rows[at] for at in kept), Row(f"and {more} more")]
    for arrow in box.arrows:
        arrow.row = moved.get(arrow.row, len(kept))


def _state(difference: Difference, mark: Mark) -> str:
    if mark is Mark.REPAIRED:
        return "repaired"
    for word in ("missing", "unknown", "not-validated", "invalid", "pending"):
        if difference.code.endswith(word):
            return word.replace("-", " ")
    return "differs"


def _identity(key: ForeignKey) -> tuple[tuple[str, ...], Name]:
    return key.columns, key.target


def _said(key: ForeignKey) -> str:
    return f"({', '.join(key.columns)}) to {key.target} ({', '.join(key.target_columns)})"
