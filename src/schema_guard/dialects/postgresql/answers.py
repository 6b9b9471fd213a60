"""The server compares: both sides of a pair are planned, and EXPLAIN shows both in the server's own words.

`EXPLAIN (VERBOSE) SELECT (actual), (expected) FROM (VALUES ..) AS t(columns)` parses, resolves and folds both against
columns of the live types, and lists them deparsed. Nothing runs, no table is touched: the columns stand in a VALUES
list of NULLs, so it needs no privilege and takes no lock on the table, and no NOT NULL of the table helps the planner
to fold what differs. It works on a hot standby and without the TEMP privilege.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from schema_guard.dialects.inquiry import Gives, Inquiry, Known, Placed, Question, SameQuery, Trial
from schema_guard.dialects.postgresql.calls import lacking
from schema_guard.dialects.postgresql.conditions import evaluated
from schema_guard.dialects.postgresql.defaults import given
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.explained import explained, rows_of_nulls, values_of_nulls
from schema_guard.dialects.postgresql.failures import is_disconnect
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.partitions import placed
from schema_guard.dialects.postgresql.same_query import same_query
from schema_guard.dialects.postgresql.sql_syntax import as_calls, spaced
from schema_guard.dialects.terms import Verdict
from schema_guard.schema import Name, Table

__all__ = ["answers"]

_MOST_ITEMS = 800
"""Expressions for each EXPLAIN: a SELECT list holds at most 1664 items (MaxTupleAttributeNumber)."""
_NOW = re.compile(r"\b(?:CURRENT_TIMESTAMP|transaction_timestamp\(\))(?!\()")


_AMOUNT = re.compile(r"(?i)(?:[-+().\d\s]|'[^']*'|::\s*(?:money|numeric|integer|bigint))+")
"""A number or a text, with nothing around it but signs, parentheses and casts."""

_PARTS_OF_NOW = {
    "(now())::date": "CURRENT_DATE",
    "(now())::timestamp without time zone": "LOCALTIMESTAMP",
    "(now())::time without time zone": "LOCALTIME",
    "(now())::time with time zone": "CURRENT_TIME",
}
"""One value each (manual, 9.9.5); a column of such a type casts now() to it."""


def _now(text: str) -> str:
    text = _NOW.sub("now()", text)
    for cast, word in _PARTS_OF_NOW.items():
        text = text.replace(cast, word)
    return text


def answers(
    link: Link,
    questions: Iterable[Inquiry],
    tables: Mapping[Name, Table],
    quote: Callable[[Name | str], str],
    *,
    shadowed: bool = False,
) -> dict[Inquiry, Verdict]:
    """Compare each pair and evaluate each trial, in a transaction that the caller has begun.

    Args:
        link: a connection under the application's own search_path, in a READ ONLY transaction.
        questions: the pairs and trials.
        tables: the live tables by name.
        quote: the dialect's quoting.
        shadowed: the search_path finds functions of its own before the system's, so that names say less.

    Returns:
        A verdict for each question; what the server rejects is NOT_COMPARABLE, never EQUAL.
    """
    once = dict.fromkeys(questions)
    trials = [item for item in once if isinstance(item, Trial)]
    verdicts: dict[Inquiry, Verdict] = dict(evaluated(link, trials, quote).items())
    verdicts.update((item, same_query(item, link, quote)) for item in once if isinstance(item, SameQuery))
    verdicts.update(given(link, [item for item in once if isinstance(item, Gives)], quote).items())
    verdicts.update(placed(link, [item for item in once if isinstance(item, Placed)], quote).items())
    verdicts.update(lacking(link, [item for item in once if isinstance(item, Known)], tables, quote).items())
    pairs_asked = [item for item in once if isinstance(item, Question)]
    asked = sorted(pairs_asked, key=lambda question: str(question.table or ""))
    for table, group in groupby(asked, key=lambda question: question.table):
        live = tables.get(table) if table is not None else None
        source = rows_of_nulls(live.name, live.columns, quote) if live is not None else ""
        unnamed = f'{values_of_nulls(live.columns, quote)} AS "*VALUES*"' if live is not None and live.columns else ""
        verdicts.update(_ask(link, list(group), source, None if shadowed else unnamed).items())
    return verdicts


def _ask(link: Link, questions: Sequence[Question], source: str, unnamed: str | None) -> dict[Question, Verdict]:
    """Each expression is asked once, whatever the number of its pairs: n CHECKs of a table make n times n of them."""
    items = [item for question in questions for item in _items(question)]
    output = {item: _now(text) for item, text in _deparsed(link, items, source).items()}
    pairs: dict[Question, tuple[str, str]] = {}
    for question in questions:
        left, right = map(output.get, _items(question))
        if left is not None and right is not None:
            pairs[question] = left, right
    verdicts = dict.fromkeys(questions, Verdict.NOT_COMPARABLE)
    verdicts.update((question, _verdict(*pair)) for question, pair in pairs.items())
    unequal = {question: pair for question, pair in pairs.items() if pair[0] != pair[1]}
    if unnamed is not None:
        verdicts.update(_as_called(link, unequal, unnamed))
    verdicts.update((question, Verdict.EQUAL) for question in unequal if _same_amount(link, question))
    return verdicts


def _same_amount(link: Link, question: Question) -> bool:
    """Whether two constants are one amount: EXPLAIN folds no cast to money, since lc_monetary has a say in it, and
    shows 1.0 as it is written."""
    pair = _items(question)
    if (question.cast or "").lower() not in ("money", "numeric") or not all(map(_AMOUNT.fullmatch, pair)):
        return False
    try:
        with link.savepoint():
            return bool(link.rows(f"SELECT {pair[0]} OPERATOR(pg_catalog.=) {pair[1]}")[0][0])
    except DriverError as error:  # out of range
        if is_disconnect(error):
            raise
        return False


def _verdict(left: str, right: str) -> Verdict:
    return Verdict.EQUAL if left == right else Verdict.DIFFERENT


def _as_called(
    link: Link, pairs: Mapping[Question, tuple[str, str]], unnamed: str
) -> Iterator[tuple[Question, Verdict]]:
    """Ask again with every function called by its name, so that the server shows the casts of the arguments."""
    calls = {text: as_calls(text) for text in dict.fromkeys(text for pair in pairs.values() for text in pair)}
    rewritten = {text for text, call in calls.items() if call != spaced(text)}
    again = {question: pair for question, pair in pairs.items() if not rewritten.isdisjoint(pair)}
    output = _deparsed(link, [calls[text] for pair in again.values() for text in pair], unnamed)
    shown = {call: as_calls(_now(text)) for call, text in output.items()}
    for question, pair in again.items():
        left, right = (calls[text] for text in pair)
        known = left in shown and right in shown
        yield question, _verdict(shown[left], shown[right]) if known else _verdict(left, right)


def _deparsed(link: Link, items: Iterable[str], source: str) -> dict[str, str]:
    """What `explained` gives for each expression. One that the server rejects has no entry: halves find it."""
    once = list(dict.fromkeys(items))
    found: dict[str, str] = {}
    for start in range(0, len(once), _MOST_ITEMS):
        some = once[start : start + _MOST_ITEMS]
        try:
            output = explained(link, some, source)
        except DriverError as error:
            if is_disconnect(error):
                raise
            output = []
        if len(output) == len(some):
            found.update(zip(some, output, strict=True))
        elif len(some) > 1:
            middle = len(some) // 2
            found.update(_deparsed(link, some[:middle], source))
            found.update(_deparsed(link, some[middle:], source))
    return found


def _items(question: Question) -> tuple[str, str]:
    """Both sides as SELECT items; the line break ends a comment that an expression may end with."""
    if question.table is None:
        return f"NULL::{question.actual}", f"NULL::{question.expected}"
    cast = f"::{question.cast}" if question.cast else ""
    return f"({question.actual}\n){cast}", f"({question.expected}\n){cast}"
