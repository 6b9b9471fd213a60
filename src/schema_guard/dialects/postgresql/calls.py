"""What the server has against the calls that the application writes into its statements: `default=func.x()`.

EXPLAIN parses a call, against columns of the table's types, and asks for the privileges that it needs. It runs nothing.
Whether the column takes the type of the value is what PostgreSQL's casts say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from schema_guard.dialects.inquiry import Known
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.explained import explained, rows_of_nulls, type_of
from schema_guard.dialects.postgresql.failures import (
    DENIED,
    INVALID_SCHEMA,
    UNDEFINED_FUNCTION,
    diagnose,
    is_disconnect,
)
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.terms import Verdict
from schema_guard.difference import FunctionMissing
from schema_guard.plan import Definition, Rejection
from schema_guard.schema import Call, Lack, Name, Schema, Table

__all__ = ["call_rejections", "lacking"]

Quote = Callable[[Name | str], str]

AMBIGUOUS = "42725"
_LACKS = {
    UNDEFINED_FUNCTION: Lack.FUNCTION,
    INVALID_SCHEMA: Lack.FUNCTION,
    "42809": Lack.FUNCTION,  # a procedure of that name
    AMBIGUOUS: Lack.AMBIGUOUS,
    "42P01": Lack.RELATION,
    DENIED: Lack.PRIVILEGE,
    "42703": Lack.COLUMN,
    "42803": Lack.AGGREGATE,
    "42P20": Lack.AGGREGATE,  # a window function
}
_CALLED = re.compile(r"(?:(\w+)\.)?(\w+)\s*\(")
_CALLS = re.compile(r"[\w$\"]\s*\(")
TOGETHER = 100
"""Calls in one query."""
_NEXT = re.compile(r"(?i)\bnextval\(\s*'([^']+)'")


def lacking(link: Link, asked: Sequence[Known], tables: Mapping[Name, Table], quote: Quote) -> dict[Known, Verdict]:
    """Each call is asked once, whatever may be lacking; what the server says beyond that is no answer.

    Many are asked in one query, as most applications lack nothing; where it fails, each by itself.

    Args:
        link: a connection under the application's own search_path, in a READ ONLY transaction.
        asked: what may be lacking.
        tables: the live tables by name.
        quote: the dialect's quoting.
    """
    found: dict[tuple[Name, str, Call], Lack | None] = {}
    calls = list(dict.fromkeys((item.table, item.column, item.call) for item in asked))
    for start in range(0, len(calls), TOGETHER):
        part = calls[start : start + TOGETHER]
        taken = _takes_all(link, [(tables[table], column, call) for table, column, call in part], quote)
        for table, column, call in part:
            said = None if taken else _said(link, tables[table], column, call, quote)
            found[table, column, call] = said[0] if said is not None else None
    return {
        item: Verdict.DIFFERENT if found[item.table, item.column, item.call] is item.lack else Verdict.EQUAL
        for item in asked
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
        answer = _said(link, live, difference.column.name, difference.call, quote)
        if answer is not None:
            lack, said = answer
            advice = _advice(lack, said, difference.call.expression, quote(actual.role), quote)
            found[difference.table.name, difference.call] = Rejection(said, lack.value, "", advice=(advice,))
    return found


def _takes_all(link: Link, calls: Sequence[tuple[Table, str, Call]], quote: Quote) -> bool:
    """Whether the server has nothing against any of these calls: the table and the column that each is for."""
    parsed: dict[str, None] = {}
    types: dict[tuple[str, str], None] = {}
    for live, column, call in calls:
        source = _source(live, call, quote)
        texts = filter(None, (call.asked, call.expression if call.sent else ""))
        parsed.update(dict.fromkeys(_parsing(text, source) for text in texts))
        if (pair := _types(live, column, call, source)) is not None:
            types[pair] = None
    try:
        explained(link, list(parsed), "")
    except DriverError as error:
        if is_disconnect(error):
            raise
        return False
    if not types:
        return True
    oids = link.rows(f"SELECT {', '.join(text for pair in types for text in pair)}")[0]
    pairs = dict.fromkeys(zip(oids[::2], oids[1::2], strict=True))
    return all(
        given == taken or link.rows(query("assignable", given=given, taken=taken))[0][0] for given, taken in pairs
    )


def _source(live: Table, call: Call, quote: Quote) -> str:
    """What a call may read: an INSERT calls it without a row."""
    return rows_of_nulls(live.name, live.columns, quote) if call.statement != "INSERT" else ""


def _parsing(expression: str, source: str) -> str:
    """WHERE takes no aggregate and no window function, as VALUES and SET take none."""
    return f"(SELECT true{source} WHERE ROW(({expression}\n)) IS NULL LIMIT 1)"


def _said(link: Link, live: Table, column: str, call: Call, quote: Quote) -> tuple[Lack, str] | None:
    """What is lacking, in words; None where the server takes the call, or has something else against it."""
    source = _source(live, call, quote)
    found = _against(link, call.asked, source, call)
    if found is None and call.sent:
        # a name that is a literal is looked up at once: nextval('x')
        found = _against(link, call.expression, source, call)
        found = found if found is not None and found[0] is Lack.RELATION else None
    return found or _of_another_type(link, live, column, call, source)


def _against(link: Link, expression: str, source: str, call: Call) -> tuple[Lack, str] | None:
    try:
        explained(link, [_parsing(expression, source)], "")
    except DriverError as error:
        if is_disconnect(error):
            raise
        diagnosis = diagnose(error)
        if call.wraps and diagnosis.sqlstate == AMBIGUOUS:
            return None  # its values, which are left out, may decide between the functions
        lack = _LACKS.get(diagnosis.sqlstate)
        if lack is Lack.AGGREGATE:
            return lack, f"PostgreSQL takes no aggregate and no window function as a value of {call.statement}"
        return None if lack is None else (lack, diagnosis.message)
    return None


def _of_another_type(link: Link, live: Table, column: str, call: Call, source: str) -> tuple[Lack, str] | None:
    """Whether the column does not take the type of the call's value."""
    if (pair := _types(live, column, call, source)) is None:
        return None
    try:
        given, taken = link.rows(f"SELECT {', '.join(pair)}")[0]
    except DriverError as error:
        if is_disconnect(error):
            raise
        return None  # what gives a value of no certain type
    assignable, gives, takes = link.rows(query("assignable", given=given, taken=taken))[0]
    return None if assignable else (Lack.TYPE, f"the column is of type {takes}, and the call gives {gives}")


def _types(live: Table, column: str, call: Call, source: str) -> tuple[str, str] | None:
    """What gives the oids of the value's type and of the column's; None where nothing is stored, or where a literal
    takes the type that is wanted."""
    target = live.column(column)
    if target is None or call.statement == "SELECT" or not _CALLS.search(call.asked):
        return None
    return type_of(call.asked, source), type_of(f"NULL::{target.type.text}")


def _advice(lack: Lack, said: str, expression: str, role: str, quote: Quote) -> str:
    """The message ends with the name of what may not be used, in whichever language it is."""
    if lack is Lack.TYPE:
        return "-- in the models: cast the call to the column's type; or let the function return it"
    if lack is Lack.AMBIGUOUS:
        return "-- in the models: cast the arguments to the types of the function that is meant"
    if lack is Lack.AGGREGATE:
        return "-- in the models: call it in a scalar subquery, such as select(func.max(..)).scalar_subquery()"
    if lack is Lack.COLUMN:
        return "-- in the models: name columns that are there; an INSERT knows none of its own table"
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
