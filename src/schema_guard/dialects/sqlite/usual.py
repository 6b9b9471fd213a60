"""The values of a column that SQLAlchemy surely reads, and the queries that look at some rows for every other one."""

from __future__ import annotations

__all__ = ["USUAL", "rows_of_each", "some_of", "unlisted", "unusual"]

ROWS = 10_000
"""Rows of a table that are looked at: more would make each start wait."""
VALUES = 100_000
"""Values in all."""
MOST = 20
"""Values of another form that are read."""
LABELLED = 100_000
"""Rows of a table whose labels are looked at."""

_DAY = (
    "typeof(value) = 'text' AND instr(value, '-') = 5 AND julianday(value) IS NOT NULL"
    " AND (substr(value, 9, 2) < '29' OR date(substr(value, 1, 10), '+0 days') = substr(value, 1, 10))"
)
"""SQLite's own functions know more forms, such as a number of days, but read them ten times as fast as GLOB does. They
take a 31st of February for the 2nd of March."""
_CLOCK = "typeof(value) = 'text' AND instr(value, ':') = 3 AND julianday(value) IS NOT NULL"
_LONG = 4_000
"""Bytes of a pickle from which on they are not looked at: they lie in pages of their own, which take long to read."""
USUAL = {
    "Boolean": "value IN (0, 1)",
    "Date": f"{_DAY} AND length(value) = 10",
    "DateTime": _DAY,
    "Float": "typeof(value) IN ('integer', 'real')",
    "Interval": f"{_DAY} AND substr(value, 11) NOT GLOB '*[-+Zz]*'",  # a zone cannot be subtracted from
    "JSON": "typeof(value) = 'text' AND json_valid(value)",
    "LargeBinary": "typeof(value) = 'blob'",
    "Numeric": "typeof(value) IN ('integer', 'real')",
    "PickleType": f"typeof(value) = 'blob' AND (length(value) > {_LONG}"
    " OR (substr(value, 1, 1) IS x'80' AND substr(value, -1) IS x'2e'))",
    "Time": _CLOCK,
    "Uuid": "typeof(value) = 'text' AND length(value) = 32 AND value NOT GLOB '*[^0-9a-f]*'",
    "bytes": "typeof(value) = 'blob'",
}
"""By what reads it, the values that it surely reads. The labels of an Enum are looked for on their own."""


def rows_of_each(columns: int) -> int:
    """How many rows are looked at, where so many columns are."""
    return min(ROWS, max(1, VALUES // columns))


def unusual(column: str, table: str, reader: str, rows: int) -> str:
    """A query for the other values.

    Args:
        column: quoted.
        table: quoted.
        reader: what reads the values, of USUAL.
        rows: how many are looked at.
    """
    values = f"SELECT {column} AS value FROM {table} LIMIT {rows}"
    return f"SELECT value FROM ({values}) WHERE value IS NOT NULL AND NOT ({USUAL[reader]})"


def unlisted(column: str, table: str, condition: str) -> str:
    """A query for the values that no label stands for, by a condition on `label`; the names are quoted."""
    text = f"CAST({column} AS TEXT) COLLATE BINARY"
    some = f"SELECT typeof({column}) AS kind, {text} AS label FROM {table} LIMIT {LABELLED}"
    # Bytes are no label, whatever they say as text.
    label = "CASE kind WHEN 'blob' THEN 'x' || quote(hex(label)) ELSE label END AS label"
    return f"SELECT {label} FROM ({some}) WHERE kind = 'blob' OR ({condition})"


def some_of(query: str) -> str:
    """A few different ones of what it finds."""
    return f"SELECT DISTINCT {query.removeprefix('SELECT ')} LIMIT {MOST}"
