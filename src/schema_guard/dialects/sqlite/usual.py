"""The values of a column that SQLAlchemy surely reads, and the queries that look at some rows for every other one."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["USUAL", "may_be_no_utf8", "rows_of_each", "some_of", "texts_of", "unlisted", "unusual"]

ROWS = 10_000
"""Rows of a table that are looked at: more would make each start wait."""
VALUES = 100_000
"""Values in all."""
BYTES = 20_000_000
"""Of texts and of pickles in all: what is long lies in pages of its own, which take long to read."""
_FIRST = 20
"""Rows whose size says how many rows these bytes are."""
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
USUAL = {
    "Boolean": "value IN (0, 1)",
    "Date": f"{_DAY} AND length(value) = 10",
    "DateTime": _DAY,
    "Float": "typeof(value) IN ('integer', 'real')",
    "Interval": f"{_DAY} AND substr(value, 11) NOT GLOB '*[-+Zz]*'",  # a zone cannot be subtracted from
    "JSON": "typeof(value) = 'text' AND json_valid(value)",
    "LargeBinary": "typeof(value) = 'blob'",
    "Numeric": "typeof(value) IN ('integer', 'real')",
    "PickleType": "typeof(value) = 'blob' AND substr(value, 1, 1) IS x'80' AND substr(value, -1) IS x'2e'",
    "Time": _CLOCK,
    "Uuid": "typeof(value) = 'text' AND length(value) = 32 AND value NOT GLOB '*[^0-9a-f]*'",
    "bytes": "typeof(value) = 'blob'",
}
"""By what reads it, the values that it surely reads. The labels of an Enum are looked for on their own."""


def may_be_no_utf8(reader: str) -> bool:
    """Whether no other query finds a text that is not UTF-8, which the driver does not return. Of a column that nothing
    reads it is any text, of JSON what SQLite takes for JSON."""
    return reader == "JSON" or not (reader == "Enum" or reader in USUAL)


def rows_of_each(columns: int) -> int:
    """How many rows are looked at, where so many columns are."""
    return min(ROWS, max(1, VALUES // max(1, columns)))


def unusual(column: str, table: str, reader: str, columns: int) -> str:
    """A query for the other values.

    Args:
        column: quoted.
        table: quoted.
        reader: what reads the values, of USUAL.
        columns: how many are looked at in all.
    """
    limit = _limit([column], table, columns) if reader == "PickleType" else str(rows_of_each(columns))
    # By the column itself: typeof() and length() then leave its bytes where they are.
    usual = USUAL[reader].replace("value", column)
    values = f"SELECT CASE WHEN {usual} THEN NULL ELSE {column} END AS value FROM {table} LIMIT {limit}"
    return f"SELECT value FROM ({values}) WHERE value IS NOT NULL"


def texts_of(tables: Sequence[tuple[str, Sequence[str]]], columns: int) -> str:
    """A query for the first texts of some columns: the driver fails on it where it fails on one of them.

    Args:
        tables: each with these of its columns, quoted.
        columns: how many are looked at in all.
    """
    if rows_of_each(columns) > _FIRST:
        return " UNION ALL ".join(_as_one(table, some, columns) for table, some in tables)
    # Of so many columns few rows are looked at: to read the query takes longest.
    widest = max(len(some) for _, some in tables)
    padded = ((table, [*some, *["NULL"] * (widest - len(some))]) for table, some in tables)
    rows = (f"SELECT {', '.join(some)} FROM {table} LIMIT {rows_of_each(columns)}" for table, some in padded)
    return " UNION ALL ".join(f"SELECT * FROM ({each})" for each in rows)


def _as_one(table: str, some: Sequence[str], columns: int) -> str:
    """All texts of a table in one value."""
    texts = (f"coalesce(group_concat(CASE typeof({each}) WHEN 'text' THEN {each} END), '')" for each in some)
    rows = f"SELECT {', '.join(some)} FROM {table} LIMIT {_limit(some, table, columns)}"
    return f"SELECT {' || '.join(texts)} FROM ({rows})"


def _limit(some: Sequence[str], table: str, columns: int) -> str:
    """So many rows of a table as hold what these columns have of all bytes, by the size of the first rows."""
    size = " + ".join(f"coalesce(length({each}), 0)" for each in some)
    first = f"SELECT {', '.join(some)} FROM {table} LIMIT {_FIRST}"
    fit = f"{BYTES * len(some) // max(1, columns)} / (1 + coalesce(avg({size}), 0))"
    return f"(SELECT max(1, CAST(min({rows_of_each(columns)}, {fit}) AS INTEGER)) FROM ({first}))"


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
