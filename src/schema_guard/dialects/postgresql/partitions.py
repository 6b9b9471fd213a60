"""Into which partition the server would put a row: the partitions' conditions, evaluated for a value of the key."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from schema_guard.dialects.inquiry import Placed
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import is_disconnect
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.terms import Verdict
from schema_guard.schema import Name

__all__ = ["placed"]

Quote = Callable[[Name | str], str]
_MOST = 1000
"""Partitions of a table; of one that has more nothing is asked."""


def placed(link: Link, asked: Sequence[Placed], quote: Quote) -> dict[Placed, Verdict]:
    """Find the partition of each row, in a READ ONLY transaction that the caller has begun; no table is read.

    Args:
        link: a connection under the application's own search_path.
        asked: the rows.
        quote: the dialect's quoting.
    """
    found = dict.fromkeys(asked, Verdict.NOT_COMPARABLE)
    for table in dict.fromkeys(item.table for item in asked):
        partitions = _rows(link, query("partitions", table=quote(table)))
        if not partitions or len(partitions) > _MOST:
            continue
        conditions = [str(condition) if condition is not None else "true" for condition, _ in partitions]
        for item in (item for item in asked if item.table == table):
            answer = _rows(link, _which(item, conditions, quote))
            if not answer:
                continue
            number, allowed = answer[0]
            refused = number is None and bool(allowed)
            if item.null:
                refused = (
                    number is not None
                    and bool(allowed)
                    and item.null in json.loads(str(partitions[int(str(number))][1]))
                )
            found[item] = Verdict.DIFFERENT if refused else Verdict.EQUAL
    return found


def _which(item: Placed, conditions: Sequence[str], quote: Quote) -> str:
    """The number of the partition, and whether the models allow the row; to read other columns is an error."""
    cases = " ".join(f"WHEN {condition} THEN {number}" for number, condition in enumerate(conditions))
    allowed = " AND ".join(f"({wanted}\n) IS NOT FALSE" for wanted in item.wanted) or "true"
    source = f"(VALUES (CAST(({item.value}) AS {item.type}))) AS {quote(item.table.name)}({quote(item.column)})"
    return f"SELECT CASE {cases} END, {allowed} FROM {source}"


def _rows(link: Link, sql: str) -> list[tuple[object, ...]]:
    try:
        with link.savepoint():
            return link.rows(sql)
    except DriverError as error:
        if is_disconnect(error):
            raise
        return []
