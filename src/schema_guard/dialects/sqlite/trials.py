"""Values tried against conditions, and defaults computed: SQLite does it with constants, and reads no table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from schema_guard.dialects.inquiry import Gives, Trial
from schema_guard.dialects.sqlite.canonical import affinity
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.terms import Verdict
from schema_guard.errors import ReadError

__all__ = ["given", "tried"]

_NUMERIC = ("INTEGER", "REAL", "NUMERIC")


def tried(trial: Trial, rows: Callable[[str], Sequence[tuple[object, ...]]]) -> Verdict:
    """Evaluate the conditions for a value of the column's affinity; no table is read."""
    kind = affinity(trial.type)
    if kind not in ("BLOB", *(("TEXT",) if trial.value.startswith("'") else _NUMERIC)) and trial.value != "NULL":
        return Verdict.NOT_COMPARABLE  # CAST would change it more than storing it does
    # A column of BLOB affinity keeps what it is given.
    value = (trial.value if kind == "BLOB" else f"CAST({trial.value} AS {kind})") + (
        f" COLLATE {trial.collation}" if trial.collation else ""
    )
    tests = [f"({trial.condition}\n) IS FALSE", *(f"({wanted}\n) IS NOT FALSE" for wanted in trial.wanted)]
    source = f"(SELECT {value} AS {quote(trial.column)}) AS {quote(trial.table.name)}"
    try:
        refused = rows(f"SELECT {' AND '.join(tests)} FROM {source}")[0][0]
    except ReadError:
        return Verdict.NOT_COMPARABLE
    return Verdict.DIFFERENT if refused else Verdict.EQUAL


def given(item: Gives, rows: Callable[[str], Sequence[tuple[object, ...]]]) -> Verdict:
    """Compute a default. The application may register a function that is not known, and a name is text there."""
    try:
        value = rows(f"SELECT ({item.default}\n)")[0][0]
    except ReadError as error:
        return Verdict.NOT_COMPARABLE if "no such" in error.message else Verdict.DIFFERENT
    return Verdict.DIFFERENT if value is None and item.refuses_null else Verdict.EQUAL
