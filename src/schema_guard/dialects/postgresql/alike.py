"""Whether two tenants are alike: their rows of catalog.sql say the same, but for the schema's name and the OIDs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schema_guard.column import BITS
from schema_guard.dialects.postgresql.catalog_rows import CounterRow, TableRow
from schema_guard.dialects.postgresql.link import Row
from schema_guard.dialects.postgresql.stands import Asked
from schema_guard.schema import Counter, Name

__all__ = ["may_stand_behind", "signature"]

OIDS = {"tables": (0,), "columns": (0,), "constraints": (0, 16), "indexes": (0, 1), "uses": (0,), "publications": (0,)}
"""Where rows hold OIDs of tables and indexes."""
OF_ROWS = {"tables": (5, 11), "counters": (0, 10)}
"""What changes as rows are written: how many there are, how big they are, and how far a sequence is."""


def signature(rows: Iterable[Row], schema: str, place: str) -> str:
    """The same for tenants that are alike.

    Args:
        rows: (kind, list) of one tenant.
        schema: the tenant's.
        place: where its names without schema are found.
    """
    items: dict[str, list[Sequence[Any]]] = {str(kind): found for kind, found in rows}  # type: ignore[misc]
    names = {row[0]: f"{row[1]}.{row[2]}" for row in items["tables"]}
    names |= {row[1]: f"{names.get(row[0])}.{row[2]}" for row in items["indexes"]}
    said = [place]
    for kind, found in items.items():
        oids, left_out = OIDS.get(kind, ()), OF_ROWS.get(kind, ())
        lines = []
        for row in found:
            told = [*row]
            for number in left_out:
                told[number] = None
            for number in oids:
                told[number] = names.get(row[number])
            if kind == "counters":
                told[0] = names.get(row[0])
            lines.append(repr(told))
        said += [kind, *sorted(lines)]
    text = _without(schema, "\n".join(said))
    return hashlib.sha256(text.encode()).hexdigest()


def _without(word: str, text: str) -> str:
    """A zero character in place of the word. A pattern that begins with the word is searched ten times as fast."""

    def blank(found: re.Match[str]) -> str:
        before = text[found.start() - 1 : found.start()]
        return found[0] if before.isalnum() or before == "_" else "\0"

    return re.sub(rf"{re.escape(word)}(?!\w)", blank, text)


def may_stand_behind(rows: Iterable[Row], schema: str, keys: Mapping[tuple[str, str], str]) -> list[Asked]:
    """The keys of one tenant whose sequence may stand behind the rows, by what the catalog tells; as `asked` does.

    Args:
        rows: (kind, list) of the tenant.
        schema: the tenant's.
        keys: by table and column of a tenant that is alike: the sequence. All are in the tenant's schema.
    """
    items: dict[str, list[Sequence[Any]]] = {str(kind): found for kind, found in rows}  # type: ignore[misc]
    tables = {row[0]: TableRow(*row) for row in items["tables"] if row[1] == schema}
    types = {(row[0], row[2]): row[3] for row in items["columns"]}
    found = []
    for row in (CounterRow(*each) for each in items["counters"]):
        table = tables.get(row.table)
        if table is None or table.empty or keys.get((table.name, row.column)) != row.name or not row.readable:
            continue
        counter = Counter(*row[4:])
        given = 0 if row.last is None else (row.last - row.start) // row.increment + 1
        if row.last is None or table.rows < 0 or table.bytes == 0 or table.rows > given or _ends(row, types):
            type_ = types.get((row.table, row.column), "")
            found.append(Asked(Name(schema, table.name), row.column, type_, Name(row.schema, row.name), counter))
    return found


def _ends(row: CounterRow, types: Mapping[tuple[int, str], str]) -> bool:
    """Whether the next value is none of the sequence's, or none that the column's type holds."""
    assert row.last is not None
    following, bits = row.last + row.increment, BITS.get(types.get((row.table, row.column), ""), 0)
    return not max(row.minimum, -(2**bits)) <= following <= min(row.maximum, 2**bits - 1)
