"""What the server has against the calls that the application writes into its statements: `default=func.x()`.

EXPLAIN parses a call, against columns of the table's types, and asks for the privileges that it needs. It runs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from schema_guard.dialects.inquiry import Known, Verdict
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.explained import explained, rows_of_nulls
from schema_guard.dialects.postgresql.failures import INVALID_SCHEMA, UNDEFINED_FUNCTION, diagnose, is_disconnect
from schema_guard.dialects.postgresql.link import Link
from schema_guard.difference import FunctionMissing
from schema_guard.plan import Definition, Rejection
from schema_guard.schema import Lack, Name, Schema, Table

__all__ = ["call_rejections", "lacking"]

Quote = Callable[[Name | str], str]

_LACKS = {
    UNDEFINED_FUNCTION: Lack.FUNCTION,
    INVALID_SCHEMA: Lack.FUNCTION,
    "42809": Lack.FUNCTION,  # a procedure of that name
    "42P01": Lack.RELATION,
    "42501": Lack.PRIVILEGE,
}
_CALLED = re.compile(r"(?:(\w+)\.)?(\w+)\s*\(")
_NEXT = re.compile(r"(?i)\bnextval\(\s*'([^']+)'")


def lacking(link: Link, asked: Sequence[Known], tables: Mapping[Name, Table], quote: Quote) -> dict[Known, Verdict]:
    """Each expression is asked once, whatever may be lacking; what the server says beyond that is no answer.

    Args:
        link: a connection under the application's own search_path, in a READ ONLY transaction.
        asked: what may be lacking.
        tables: the live tables by name.
        quote: the dialect's quoting.
    """
    found: dict[tuple[Name, str], Lack | None] = {}
    for table, expression in dict.fromkeys((item.table, item.expression) for item in asked):
        said = _said(link, tables[table], expression, quote)
        found[table, expression] = said[0] if said is not None else None
    return {
        item: Verdict.DIFFERENT if found[item.table, item.expression] is item.lack else Verdict.EQUAL for item in asked
    }


def call_rejections(
    link: Link, differences: Iterable[FunctionMissing], actual: Schema, quote: Quote
) -> dict[Definition, Rejection]:
    """The server's words for what is no unknown function: of that the search_path is told, too.

    Args:
        link: as above.
        differences: what compare found.
        actual: the live schema.
        quote: the dialect's quoting.
    """
    found: dict[Definition, Rejection] = {}
    for difference in differences:
        live = actual.table(difference.table.name)
        if difference.lack is Lack.FUNCTION or live is None:
            continue
        answer = _said(link, live, difference.call.expression, quote)
        if answer is not None:
            lack, said = answer
            advice = _advice(lack, said, difference.call.expression, quote(actual.role), quote)
            found[difference.table.name, difference.call] = Rejection(said, lack.value, "", advice=(advice,))
    return found


def _said(link: Link, live: Table, expression: str, quote: Quote) -> tuple[Lack, str] | None:
    """What is lacking, with the server's message; None where it takes the call, or has something else against it."""
    source = rows_of_nulls(live.name, live.columns, quote)
    try:
        explained(link, [f"(SELECT ROW(({expression}\n)) IS NULL{source} LIMIT 1)"], "")
    except DriverError as error:
        if is_disconnect(error):
            raise
        diagnosis = diagnose(error)
        lack = _LACKS.get(diagnosis.sqlstate)
        return None if lack is None else (lack, diagnosis.message)
    return None


def _advice(lack: Lack, said: str, expression: str, role: str, quote: Quote) -> str:
    """The message ends with the name of what may not be used, in whichever language it is."""
    if lack is Lack.RELATION:
        sequence = _NEXT.search(expression)
        return f"CREATE SEQUENCE {sequence[1]};" if sequence else "create what the call reads, or correct the models"
    name = re.split(r"[^\w$]+", said.strip())[-1]
    for schema, function in _CALLED.findall(expression):
        if name == schema:
            return f"GRANT USAGE ON SCHEMA {quote(schema)} TO {role};"
        if name == function:
            called = Name(schema, function) if schema else function
            return f"GRANT EXECUTE ON FUNCTION {quote(called)} TO {role};"
    return f"GRANT SELECT ON {quote(name)} TO {role};"
