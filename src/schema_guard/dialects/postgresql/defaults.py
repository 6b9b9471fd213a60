"""Whether the server can compute a default: what is not volatile is computed, in a READ ONLY transaction.

Of volatile functions only those of the system are called that change nothing, and nextval() is replaced by a number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from schema_guard.column import BITS, Type, TypeKind
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import DENIED, diagnose, is_disconnect, is_waiting
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.terms import MOMENT, Verdict
from schema_guard.schema import Name

if TYPE_CHECKING:
    from schema_guard.dialects.inquiry import Gives

__all__ = ["given", "surely_gives"]

Quote = Callable[[Name | str], str]

_NEXT = re.compile(r"\bnextval\('(?:[^']|'')*'::regclass\)")
_ALWAYS = re.compile(
    rf"(?i){_NEXT.pattern}|{MOMENT}|CURRENT_USER|true|false"
    r"|(?:clock_timestamp|statement_timestamp|transaction_timestamp|gen_random_uuid|uuidv4|uuidv7)\(\)"
    r"""|NULL(?:::[\w ."\[\](),]+)?"""
)
_TEXT = re.compile(r"'((?:[^']|'')*)'::[\w .\"]+(?:\[\])*")
_NUMBER = re.compile(r"\(?'?(-?\d+)(\.\d+)?'?\)?(?:::(?:smallint|integer|bigint|numeric))?")
_PADDED = re.compile(r"(character varying|character|bit|bit varying)\((\d+)\)")
_HARMLESS = frozenset({"nextval", "random", "gen_random_uuid", "uuidv4", "uuidv7", "clock_timestamp", "timeofday"})
_LASTING = ("22", "23", "P0", "42")
"""Classes of errors that come from the expression and its values (manual, appendix A)."""
_FLOATS = frozenset({"numeric", "real", "double precision"})


def surely_gives(default: str, type_: Type) -> bool:
    """Whether the words alone say that a column of that type takes what this default gives."""
    if type_.kind is TypeKind.DOMAIN:
        return False
    if _ALWAYS.fullmatch(default):
        return True
    number = _NUMBER.fullmatch(default)
    if number is not None and number[2] is None and not type_.dimensions and type_.name in BITS:
        limit: int = 2 ** BITS[type_.name]
        return -limit <= int(number[1]) < limit
    if number is not None and type_.name in _FLOATS and not type_.dimensions:
        return not type_.arguments or len(number[1].lstrip("-")) <= int(type_.arguments[0]) - int(type_.arguments[-1])
    text = _TEXT.fullmatch(default)
    if text is None or (type_.arguments and type_.name != "character varying"):
        return False
    return not type_.arguments or len(text[1]) <= int(type_.arguments[0])


def given(link: Link, asked: Sequence[Gives], quote: Quote) -> dict[Gives, Verdict]:
    """Compute each default, in a READ ONLY transaction that the caller has begun.

    Args:
        link: a connection under the application's own search_path.
        asked: the defaults.
        quote: the dialect's quoting.
    """
    found: dict[Gives, Verdict] = {}
    if not asked:
        return found
    pairs = list(dict.fromkeys((quote(item.table), item.column) for item in asked))
    tables, columns = zip(*pairs, strict=True)
    try:
        with link.savepoint():
            rows = link.rows(query("default_functions", tables=tables, columns=columns))
    except DriverError as error:
        if is_disconnect(error):
            raise
        rows = []
    called = {
        (str(table), str(column)): (bool(immutable), json.loads(str(volatile)))
        for table, column, immutable, volatile in rows
    }
    waiting = False
    for item in asked:
        immutable, volatile = called.get((quote(item.table), item.column), (False, [["", False, False]]))
        verdict = None if waiting else _given(link, item, volatile, lasting=immutable)
        waiting = verdict is None  # the next one may wait for the same lock
        found[item] = Verdict.NOT_COMPARABLE if verdict is None else verdict
    return found


def _given(link: Link, item: Gives, volatile: Sequence[tuple[str, bool, bool]], *, lasting: bool) -> Verdict | None:
    """Whatever an extension brings is made to be a default, or does not raise errors by itself. None: it waited for a
    lock, or took too long."""
    if any(not system and not extension for _, system, extension in volatile):
        return Verdict.NOT_COMPARABLE
    if any(system and name not in _HARMLESS for name, system, _ in volatile):
        return Verdict.NOT_COMPARABLE
    if any(extension for _, _, extension in volatile):
        return Verdict.EQUAL
    fails = Verdict.DIFFERENT if lasting else Verdict.NOT_COMPARABLE
    try:
        with link.savepoint():
            (fits, is_null) = link.rows(_computed(item))[0]
    except DriverError as error:
        if is_disconnect(error):
            raise
        if is_waiting(error):
            return None
        state = diagnose(error).sqlstate
        return fails if state.startswith(_LASTING) and state != DENIED else Verdict.NOT_COMPARABLE
    return fails if not fits or (is_null and item.refuses_null) else Verdict.EQUAL


def _computed(item: Gives) -> str:
    """Whether the value fits, and whether it is NULL. A cast cuts what is too long, where an INSERT raises an error."""
    default = _NEXT.sub("1::pg_catalog.int8", item.default)
    fits = "true"
    if (sized := _PADDED.fullmatch(item.type)) is not None:
        kind, length = sized[1], sized[2]
        if kind.startswith("character"):
            fits = f"pg_catalog.length(pg_catalog.rtrim(CAST(({default}\n) AS pg_catalog.text))) <= {length}"
        else:
            operator = "=" if kind == "bit" else "<="
            fits = f"pg_catalog.length(CAST(({default}\n) AS pg_catalog.varbit)) {operator} {length}"
    return (
        f"SELECT coalesce({fits}, true), given.value IS NULL"
        f" FROM (SELECT CAST(({default}\n) AS {item.type}) AS value) AS given"
    )
