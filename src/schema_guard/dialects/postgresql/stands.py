"""Whether the next value of a sequence is a key that a row holds already, as COPY and a restore leave it behind.

The catalog tells how many values a sequence gave. Only where it gave none yet, or fewer than there are rows by the
server's own estimate, or where no estimate exists, is the table asked, by the index of its key: all in one query. A
table whose file has no page has no row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from schema_guard.column import BITS
from schema_guard.dialects.postgresql.referring import FLOATS
from schema_guard.remembered import Fed
from schema_guard.schema import Column, Counter, Name, Relation, Schema, Stand, Table

__all__ = ["NUMBERS", "Asked", "asked", "fed", "finite", "query_of", "with_stands"]

NUMBERS = frozenset({*BITS, "numeric", *FLOATS})
"""The types of columns that a sequence feeds. Also NUMERIC, as databases that came from another system have it."""
_TABLES = frozenset({Relation.TABLE, Relation.PARTITIONED, Relation.PARTITION})


class Asked(NamedTuple):
    """A key whose sequence may stand behind its rows."""

    table: Name
    column: str
    type: str
    sequence: Name
    counter: Counter


def asked(expected: Schema, actual: Schema) -> list[Asked]:
    """The keys that there is reason to look at; a column that is no key by itself can hold a value twice."""
    found = []
    sequences = {sequence.name: sequence for sequence in actual.sequences}
    for live in actual.tables:
        wanted = expected.table(live.name)
        facts = live.facts
        if wanted is None or live.relation not in _TABLES or facts.row_security or not facts.readable or facts.unread:
            continue
        for column in live.columns:
            name = _source(wanted, column)
            sequence = sequences.get(name) if name is not None else None
            if sequence is None or sequence.counter is None or column.type.name not in NUMBERS:
                continue
            counter = sequence.counter
            if counter.readable and _is_key(live, column.name) and _suspicious(live, column, counter):
                found.append(Asked(live.name, column.name, column.type.name, sequence.name, counter))
    return found


def fed(expected: Schema, actual: Schema) -> tuple[Fed, ...]:
    """All columns that a sequence feeds, whether or not there is reason to look at them now; of those that the models
    don't know its end alone matters."""
    sequences = {sequence.name: sequence for sequence in actual.sequences}
    found = []
    for live in actual.tables:
        wanted = expected.table(live.name)
        if wanted is None:
            continue
        for column in live.columns:
            known = wanted.column(column.name) is not None
            name = _source(wanted, column) if known else column.sequence
            counter = sequences[name].counter if name in sequences else None
            if name is None or counter is None:
                continue
            read = live.relation in _TABLES and not live.facts.row_security and live.facts.readable and counter.readable
            is_key = known and read and column.type.name in NUMBERS and _is_key(live, column.name)
            schema, sequence_schema = str(live.name.schema), str(name.schema)
            found.append(Fed(schema, live.name.name, column.name, sequence_schema, name.name, is_key))
    return tuple(found)


def _source(wanted: Table, column: Column) -> Name | None:
    """The sequence that the application asks, or leaves it to the server to ask."""
    expected = wanted.column(column.name)
    return None if expected is None else expected.sequence or column.sequence


def _is_key(live: Table, column: str) -> bool:
    keys = [live.primary_key.columns] if live.primary_key is not None else []
    keys += [unique.columns for unique in live.uniques if unique.valid]
    keys += [index.columns or () for index in live.indexes if index.unique and index.valid and not index.where]
    return (column,) in keys


def _suspicious(live: Table, column: Column, counter: Counter) -> bool:
    facts = live.facts
    if facts.empty:
        return False
    if counter.last is None or facts.rows_estimate is None or facts.bytes_estimate == 0:  # never analyzed
        return True
    if not column.holds(counter.last + counter.increment):
        return True
    return facts.rows_estimate > (counter.last - counter.start) // counter.increment + 1 or _ended(counter)


def _ended(counter: Counter) -> bool:
    assert counter.last is not None
    left = counter.maximum - counter.last if counter.increment > 0 else counter.last - counter.minimum
    return left < abs(counter.increment)


def query_of(keys: Sequence[Asked], quote: Callable[[Name | str], str]) -> str:
    """One row for each: its position, the next value, the first key from there on that is taken, and the last one.

    OFFSET 0 keeps each part a query of its own to the planner, which otherwise makes one of all of them and looks at
    every table again for each min and max: 1,000 keys took 17 s, and take 0.5 s.
    """
    return " UNION ALL ".join(_select(position, key, quote) for position, key in enumerate(keys))


def finite(value: str, type_: str) -> str:
    """Which values count as keys, as SQL: NaN and Infinity are above all numbers, and given by no sequence."""
    return "true" if type_ in BITS else f"{value} BETWEEN -1e30 AND 1e30"


def _select(position: int, key: Asked, quote: Callable[[Name | str], str]) -> str:
    counter, table, column = key.counter, quote(key.table), quote(key.column)
    up = counter.increment > 0
    last_to_go_on = counter.maximum - counter.increment if up else counter.minimum - counter.increment
    again = (counter.minimum if up else counter.maximum) if counter.cycles else "NULL"
    ended = f"s.last_value {'>' if up else '<'} {last_to_go_on}"
    following = (
        f"CASE WHEN NOT s.is_called THEN s.last_value WHEN {ended} THEN {again}"
        f" ELSE s.last_value + {counter.increment} END"
    )
    first, last = ("min", "max") if up else ("max", "min")
    # numbers of several types in one column of the result would all become floats
    exact = "::pg_catalog.numeric" if key.type in FLOATS else ""
    is_finite = finite(f"k.{column}", key.type)
    return (
        f"(SELECT {position}, n.following, (SELECT {first}(k.{column}){exact} FROM {table} AS k"
        f" WHERE k.{column} {'>=' if up else '<='} n.following AND {is_finite}),"
        f" (SELECT {last}(k.{column}){exact} FROM {table} AS k WHERE {is_finite})"
        f" FROM (SELECT {following} AS following FROM {quote(key.sequence)} AS s) AS n OFFSET 0)"
    )


def with_stands(actual: Schema, keys: Sequence[Asked], rows: Iterable[Sequence[object]]) -> Schema:
    """The schema with what was found written to the columns."""
    found: dict[tuple[Name, str], Stand] = {}
    for row in rows:
        position, following, first, last = map(_whole, row)
        assert position is not None
        found[keys[position].table, keys[position].column] = Stand(following, first, last)
    return replace(actual, tables=tuple(_placed(table, found) for table in actual.tables))


def _whole(value: object) -> int | None:
    """A key of a NUMERIC may lie between two values of the sequence, or be none at all (NaN)."""
    number = None if value is None else Decimal(str(value))
    return math.ceil(number) if number is not None and number.is_finite() else None


def _placed(table: Table, found: Mapping[tuple[Name, str], Stand]) -> Table:
    stands = [found.get((table.name, column.name)) for column in table.columns]
    if not any(stands):
        return table
    placed = zip(table.columns, stands, strict=True)
    return replace(
        table, columns=tuple(column if stand is None else replace(column, stand=stand) for column, stand in placed)
    )
