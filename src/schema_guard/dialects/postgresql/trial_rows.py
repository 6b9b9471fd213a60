"""Rows for an empty copy of a table: what is computed of each row is computed once, before it is added to the table.

A function whose body calls what is not there, and LIKE on a nondeterministic collation: the server takes the
definition, and refuses every row from then on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from schema_guard.dialects.postgresql.defaults import surely_gives
from schema_guard.dialects.postgresql.expressions import constant, parse
from schema_guard.dialects.postgresql.failures import Diagnosis
from schema_guard.need import Kind
from schema_guard.schema import Check, Column, Index

if TYPE_CHECKING:
    from schema_guard.difference import Difference
    from schema_guard.plan import Noun

__all__ = ["OF_NAMES", "inserts", "is_computed", "made_by", "of_code", "ordinary", "ordinary_of"]

_NOT_SUPPORTED = "0A000"
"""Of the expression itself: within a function the code may raise it."""
OF_NAMES = frozenset({"42883", "42P01", "42703"})
"""No such function, table or column (manual, appendix A). Not 42704: a setting that is missing now may be one that the
application makes in each of its sessions."""
_ORDINARY_TEXT = re.compile(r'"a"| a\(')
"""The text of `_ORDINARY`, where code takes it for a name."""
_NAMED = frozenset({Kind.TABLE, Kind.SEQUENCE, Kind.TYPE})
_ORDINARY = {
    **dict.fromkeys(("text", "character varying", "character", "bpchar", "citext", "name", "bytea"), "'a'"),
    **dict.fromkeys(("smallint", "integer", "bigint", "numeric", "real", "double precision", "money"), "1"),
    **dict.fromkeys(("date", "timestamp without time zone", "timestamp with time zone"), "'2020-02-20'"),
    **dict.fromkeys(("time without time zone", "time with time zone"), "'12:00'"),
    **dict.fromkeys(("json", "jsonb"), "'{}'"),
    "boolean": "true",
    "interval": "'1 day'",
    "uuid": "'00000000-0000-0000-0000-000000000001'",
}
"""By type, an ordinary value."""


def is_computed(noun: Noun) -> bool:
    """Whether the server computes something for it at each write."""
    match noun:
        case Check():
            return True
        case Index():
            return noun.where is not None or any(element.is_expression for element in noun.elements)
        case Column():
            return _is_computed_default(noun) or (noun.generated is not None and noun.generated.stored)
        case _:
            return False


def _is_computed_default(column: Column) -> bool:
    if column.default is None:
        return False
    node = parse(column.default)
    is_constant = node is not None and constant(node, column.type) is not None
    return not (is_constant or surely_gives(column.default, column.type))


def inserts(table: str, columns: Sequence[Column], quote: Callable[[str], str]) -> Iterator[str]:
    """A row of NULLs, which a function may be spared, and one of ordinary values."""
    names = ", ".join(quote(column.name) for column in columns)
    for with_values in (False, True):
        values = [ordinary(column) if with_values else "NULL" for column in columns]
        yield f"INSERT INTO {table} ({names}) VALUES ({', '.join(values)})"


def ordinary(column: Column) -> str:
    """An ordinary value of its type, as SQL."""
    return "'{}'" if column.type.dimensions else ordinary_of(column.type.name)


def ordinary_of(type_: str) -> str:
    """The same, by the name of the type."""
    return "'{}'" if type_.endswith("[]") else _ORDINARY.get(type_, "NULL")


def made_by(differences: Sequence[Difference]) -> frozenset[str]:
    """The names of the columns, tables, sequences and types that are missing: a plan makes them."""
    needs = [need for each in differences for need in each.makes]
    columns = (name for need in needs if need.kind is Kind.COLUMN for name in need.columns)
    return frozenset((*columns, *(need.name.name for need in needs if need.kind in _NAMED)))


def of_code(diagnosis: Diagnosis, coming: Collection[str]) -> bool:
    """Whether the error comes from what is called and not from the values; `coming`: what the plan makes first."""
    state, said = diagnosis.sqlstate, diagnosis.message
    if _ORDINARY_TEXT.search(said) or any(re.search(rf'["\.]{re.escape(name)}["\s]', said) for name in coming):
        return False
    return state in OF_NAMES if diagnosis.context else state == _NOT_SUPPORTED
