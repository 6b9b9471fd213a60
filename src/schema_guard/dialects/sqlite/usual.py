"""The values of a column that SQLAlchemy surely reads, and the queries that look at some rows for every other one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple, TypeVar

__all__ = [
    "LABELLED",
    "USUAL",
    "Texts",
    "bounded",
    "filled",
    "groups_of",
    "may_be_no_utf8",
    "rows_of_each",
    "shortened",
    "some_of",
    "surely_read",
    "texts_of",
    "unlisted",
    "unusual",
]

T = TypeVar("T")

ROWS = 10_000
"""Rows of a table that are looked at: more would make each start wait."""
VALUES = 100_000
"""Values in all."""
BYTES = 20_000_000
"""Of texts and of pickles in all: what is long lies in pages of its own, which take long to read."""
TOGETHER = 100
"""Queries that are sent as one: SQLite takes 500 SELECTs (SQLITE_MAX_COMPOUND_SELECT)."""
GROUP = 200
"""Columns of a table that are read together."""
MOST = 20
"""Values of another form that are read."""
LABELLED = 100_000
"""Rows of a table whose labels are looked at."""
SHORT = BYTES // LABELLED
"""Characters of a value by which it is known that it cannot be read, whatever follows."""

_DAY = (
    "typeof(value) = 'text' AND substr(value, 5, 1) = '-' AND julianday(value) IS NOT NULL"
    " AND (substr(value, 9, 2) < '29' OR date(substr(value, 1, 10), '+0 days') = substr(value, 1, 10))"
    " AND substr(value, 1, 4) > '0000'"
)
_NO_SPACE = (
    "length(value) = length(CAST(value AS BLOB)) AND CASE"
    " WHEN substr(value, -1) BETWEEN '0' AND '9' AND substr(value, -6, 1) NOT IN ('+', '-') THEN 1"
    " ELSE substr(value, 12) NOT GLOB '*[^-+:.0-9Z]*' END"
)
_CLOCK = "typeof(value) = 'text' AND substr(value, 3, 1) = ':' AND julianday(value) IS NOT NULL"
_CLOCK = f"{_CLOCK} AND substr(value, 1, 2) < '24' AND {_NO_SPACE.replace('substr(value, 12)', 'value')}"
_ALONE = "length(CAST(value AS BLOB)) = 10"
_WRITTEN = (
    "typeof(value) = 'text' AND julianday(value) IS NOT NULL AND length(value) = 26"
    " AND length(CAST(value AS BLOB)) = 26 AND +value >= '0001'"
    " AND substr(value, 9, 2) < '29' AND value GLOB '????-??-?? [01][0-9]:??:??.[0-9]????[0-9]'"
)
"""As SQLAlchemy writes most of them, told with less."""
_DAY_TIME = f"{_DAY} AND ({_ALONE} OR substr(value, 12, 2) < '24' AND substr(value, 14, 1) = ':' AND {_NO_SPACE})"
_DAY_TIME = f"({_WRITTEN} OR {_DAY_TIME})"
"""SQLite's own functions know more forms, such as a number of days, but read them ten times as fast as GLOB does. They
take a 31st of February for the 2nd of March, and take hour 24, year 0, white space at the end and what follows a NUL,
none of which Python does."""
USUAL = {
    "Boolean": "value IN (0, 1)",
    "Date": f"{_DAY} AND {_ALONE}",
    "DateTime": _DAY_TIME,
    "Float": "typeof(value) IN ('integer', 'real')",
    "Interval": f"{_DAY_TIME} AND substr(value, 11) NOT GLOB '*[-+Zz]*'",  # a zone cannot be subtracted from
    "JSON": "typeof(value) = 'text' AND json_valid(value)",
    "LargeBinary": "typeof(value) = 'blob'",
    "Numeric": "typeof(value) IN ('integer', 'real')",
    "PickleType": "typeof(value) = 'blob' AND substr(value, 1, 1) IS x'80' AND substr(value, -1) IS x'2e'",
    "Time": _CLOCK,
    "Uuid": "typeof(value) = 'text' AND length(value) = 32 AND value NOT GLOB '*[^0-9a-f]*'",
    "bytes": "typeof(value) = 'blob'",
}
"""By what reads it, the values that it surely reads. The labels of an Enum are looked for on their own."""
_OF_ANY_LENGTH = frozenset({"JSON", "PickleType"})
"""What reads values of any length, so that a part of one does not tell."""


def filled(tables: Collection[str], read: Callable[[str], Sequence[Sequence[object]]]) -> frozenset[str]:
    """Those that hold a row: SQLite takes longer to compile the look at one column than to tell that.

    Args:
        tables: quoted.
        read: runs one SELECT; raises what it raises.
    """
    names = sorted(tables)
    found: set[str] = set()
    for start in range(0, len(names), TOGETHER):
        some = names[start : start + TOGETHER]
        each = (f"SELECT {at} WHERE EXISTS (SELECT 1 FROM {name})" for at, name in enumerate(some))
        found.update(some[int(str(at))] for (at,) in read(" UNION ALL ".join(each)))
    return frozenset(found)


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
    read = f"{table} LIMIT {rows_of_each(columns)}"
    if reader == "PickleType":
        read = f"{table} NOT INDEXED LIMIT {_limit([column], table, columns)}"
    # By the column itself: typeof() and length() then leave its bytes where they are.
    usual = USUAL[reader].replace("value", column)
    values = f"SELECT CASE WHEN {usual} THEN NULL ELSE {shortened(column, reader)} END AS value FROM {read}"
    return f"SELECT value FROM ({values}) WHERE value IS NOT NULL"


def surely_read(column: str, reader: str) -> str:
    """The condition of values that are read, whatever else they hold; empty where each has to be tried."""
    return "" if reader == "PickleType" else USUAL.get(reader, "").replace("value", column)


def shortened(value: str, reader: str) -> str:
    """The value; of what is much longer than all that is read its beginning, which is not read either."""
    if (reader not in USUAL and reader != "Enum") or reader in _OF_ANY_LENGTH:
        return value
    cut = f"substr({value}, 1, {SHORT})"
    cut = f"CASE typeof({value}) WHEN 'blob' THEN {cut} ELSE {cut} || ' ..' END"
    return f"CASE WHEN length(CAST({value} AS BLOB)) > {SHORT} THEN {cut} ELSE {value} END"


class Texts(NamedTuple):
    """Columns of a table whose texts are read; the names are quoted.

    Args:
        table: its name.
        read: some of its columns.
        beside: those by whose size its rows are bounded, where these are more.
    """

    table: str
    read: Sequence[str]
    beside: Sequence[str] = ()


def groups_of(columns: Sequence[T]) -> Iterator[Sequence[T]]:
    """The columns of a table, as many at a time as one expression can name (SQLITE_MAX_EXPR_DEPTH is 1,000)."""
    yield from (columns[start : start + GROUP] for start in range(0, len(columns), GROUP))


def texts_of(groups: Sequence[Texts], columns: int) -> str:
    """A query for the first texts of some columns: the driver fails on it where it fails on one of them.

    Args:
        groups: what is read.
        columns: how many are looked at in all.
    """
    return " UNION ALL ".join(_as_one(each, columns) for each in groups)


def _as_one(group: Texts, columns: int) -> str:
    """All texts of a group in one value, with commas between: two that are cut off may be whole together."""
    # By the column itself: typeof() then leaves the bytes of what is no text where they are.
    row = " || ',' || ".join(f"CASE typeof({each}) WHEN 'text' THEN {each} ELSE '' END" for each in group.read)
    limit = _limit(group.beside or group.read, group.table, columns)
    return f"SELECT group_concat(texts) FROM (SELECT {row} AS texts FROM {group.table} NOT INDEXED LIMIT {limit})"


def _limit(some: Sequence[str], table: str, columns: int) -> str:
    """So many rows of a table, in the order of the table, as hold what these columns have of all bytes. It ends at the
    first row that is too much."""
    size = " + ".join(
        f"CASE typeof({each}) WHEN 'text' THEN length(CAST({each} AS BLOB)) WHEN 'blob' THEN length({each}) ELSE 0 END"
        for each in some
    )
    rows = rows_of_each(columns)
    sizes = f"SELECT {size} AS size FROM {table} NOT INDEXED LIMIT {rows}"
    running = "row_number() OVER rows_before AS number, sum(size) OVER rows_before AS used"
    running = f"SELECT {running} FROM ({sizes}) WINDOW rows_before AS (ROWS UNBOUNDED PRECEDING)"
    most = BYTES * len(some) // max(1, columns)
    return f"coalesce((SELECT number - 1 FROM ({running}) WHERE used > {most} LIMIT 1), {rows})"


def unlisted(column: str, table: str, condition: str) -> str:
    """A query for the values that no label stands for, by a condition on `label`; the names are quoted."""
    text = f"CAST({column} AS TEXT) COLLATE BINARY"
    some = f"SELECT typeof({column}) AS kind, {text} AS label FROM {table} LIMIT {LABELLED}"
    # Bytes are no label, whatever they say as text.
    label = f"CASE kind WHEN 'blob' THEN 'x' || quote(hex(substr(label, 1, {SHORT})))"
    label = f"{label} ELSE {shortened('label', 'Enum')} END AS value"
    return f"SELECT {label} FROM ({some}) WHERE kind = 'blob' OR ({condition})"


def some_of(query: str, columns: int) -> str:
    """A few different ones of what it finds: the first, and the next as far as they are not too long together.

    Args:
        query: gives one column.
        columns: of how many columns values are read in all.
    """
    some = f"SELECT DISTINCT {query.removeprefix('SELECT ')} LIMIT {MOST}"
    used = "sum(length(CAST(value AS BLOB))) OVER so_far AS used, row_number() OVER so_far AS number"
    some = f"SELECT value, {used} FROM ({some}) WINDOW so_far AS (ROWS UNBOUNDED PRECEDING)"
    return f"SELECT value FROM ({some}) WHERE number = 1 OR used <= {BYTES // max(1, columns)}"


def bounded(sizes: str) -> str:
    """How many of these may be read: NULL where all may, else the first ones, of which there is always one.

    Args:
        sizes: a query for their bytes, in a column `size`.
    """
    running = "row_number() OVER rows_before AS number, sum(size) OVER rows_before AS used"
    running = f"SELECT {running} FROM ({sizes}) WINDOW rows_before AS (ROWS UNBOUNDED PRECEDING)"
    return f"SELECT max(number - 1, 1) FROM ({running}) WHERE used > {BYTES} LIMIT 1"
