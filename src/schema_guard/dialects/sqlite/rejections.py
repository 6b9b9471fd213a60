"""What SQLite would reject of the definitions that are missing, asked before anything is tried.

Models that PostgreSQL runs in production say `gen_random_uuid()`, `~` or `::text` where SQLite knows no such thing; a
table that is to be rebuilt with it would go without all other repairs, too. EXPLAIN compiles and runs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from schema_guard.dialects.definitions import columns_of, definitions_of, expressions_of
from schema_guard.dialects.sqlite.given_values import unreadable_default
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.survey import Read
from schema_guard.difference import Difference
from schema_guard.errors import ReadError
from schema_guard.plan import REFUSED, Definition, Noun, Rejection
from schema_guard.schema import Column, Index, Schema

__all__ = ["rejections"]

_SAID = re.compile(
    r"(?P<function>no such function: .*|wrong number of arguments to function .*)"
    r"|(?P<collation>no such collation sequence: .*)"
    r"|(?P<syntax>unrecognized token: .*|near \".*\": syntax error)",
    re.DOTALL,
)
"""What no other repair makes untrue, with what it is about."""


def rejections(differences: Iterable[Difference], actual: Schema, read: Read) -> dict[Definition, Rejection]:
    """What this SQLite, with the functions that the connection has, does not take; and defaults that nobody can read.

    Args:
        differences: what compare found.
        actual: the live schema.
        read: runs one SELECT or EXPLAIN; raises ReadError.
    """
    found: dict[Definition, Rejection] = {}
    asked = [(table, noun) for table, noun in definitions_of(differences) if expressions_of(noun)]
    for table, noun in asked:
        if isinstance(noun, Column) and (value := unreadable_default(noun, noun, read)):
            said = f"the default {noun.default} of {table.name}.{noun.name} gives {value}, which its type cannot read"
            found[table.name, noun] = Rejection(said, REFUSED, "")
    asked = [one for one in asked if (one[0].name, one[1]) not in found]
    for _, group in groupby(asked, key=lambda one: one[0].name):
        together = list(group)
        columns = columns_of(together[0][0], actual)
        if len(together) > 1 and not _said([noun for _, noun in together], columns, read):
            continue
        for table, noun in together:
            known = _SAID.search(_said([noun], columns, read))
            # A key of an index that is given as text may be several, and say DESC.
            if known is not None and not (isinstance(noun, Index) and known[0].startswith("near ")):
                found[table.name, noun] = Rejection(known[0], str(known.lastgroup), "")
    return found


def _said(nouns: Sequence[Noun], columns: Sequence[Column], read: Read) -> str:
    """What SQLite has against them; empty where it takes them."""
    expressions = ", ".join(f"({text}\n)" for noun in nouns for text in expressions_of(noun))
    nulls = ", ".join(f"NULL AS {quote(column.name)}" for column in columns) or "NULL"
    try:
        read(f"EXPLAIN SELECT {expressions} FROM (SELECT {nulls})")
    except ReadError as error:
        return error.message
    return ""
