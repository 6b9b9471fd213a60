"""Functions that a view calls for the columns that the application reads: what is left of them in the server's plan."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from schema_guard.dialects.postgresql.called_code import Body, Calling
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import is_disconnect
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.postgresql.trial_rows import ordinary_of
from schema_guard.schema import Name, Relation, Table

__all__ = ["calls_of_views"]

_CALLED = re.compile(r"(?<![\w$.\"])((?:(?:\w+|\"(?:[^\"]|\"\")+\")\.)?(?:[a-z_][\w$]*|\"(?:[^\"]|\"\")+\"))\(")
_CHOOSES = re.compile(r"\b(?:CASE|COALESCE|AND|OR|SubPlan|InitPlan)\b")
_SAME_ROWS = frozenset({"Limit", "Sort", "Subquery Scan"})
"""Nodes that compute nothing themselves: what the node below gives was computed for each row."""
_CONDITIONS = ("Filter", "Join Filter", "Hash Cond", "Merge Cond", "Recheck Cond", "Index Cond", "One-Time Filter")


def calls_of_views(
    link: Link, pairs: Sequence[tuple[Table, Table]], quote: Callable[[Name | str], str]
) -> list[Calling]:
    """Those of the views among these tables.

    Args:
        link: a connection under the application's own search_path, in a READ ONLY transaction.
        pairs: each table as the models have it, and the live one.
        quote: the dialect's quoting.
    """
    found: dict[Table, dict[str, bool]] = {}
    for table, live in pairs:
        if live.relation is Relation.VIEW and (names := _names(link, table, live, quote)):
            found[live] = names
    every = sorted({name for names in found.values() for name in names})
    if not every:
        return []
    rows = link.rows(query("functions_called", names=every))
    calls = {str(name): tuple(rest) for name, *rest in rows}
    return [
        call
        for live, names in found.items()
        for name, always in names.items()
        if name in calls
        for call in _calling(live, name, calls[name], always=always)
    ]


def _names(link: Link, table: Table, live: Table, quote: Callable[[Name | str], str]) -> dict[str, bool]:
    """What is called, and whether for each row; nothing where the server does not plan it, which is told elsewhere."""
    there = ", ".join(quote(each.name) for each in table.columns if live.column(each.name) is not None)
    statement = f"EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) SELECT ROW({there}) FROM {quote(live.name)}"
    try:
        with link.part_undone():
            document = link.rows(statement)[0][0]
    except DriverError as error:
        if is_disconnect(error):
            raise
        return {}
    plan: Any = json.loads(document) if isinstance(document, str) else document
    found: dict[str, bool] = {}
    for always, text in _texts(plan[0]["Plan"], top=True):
        for name in _CALLED.findall(text):
            found[name] = found.get(name, False) or (always and _CHOOSES.search(text) is None)
    return found


def _texts(node: Mapping[str, Any], *, top: bool) -> Iterator[tuple[bool, str]]:
    if top:
        yield from ((True, str(text)) for text in node.get("Output", ()))
    if "Function Call" in node:
        yield True, str(node["Function Call"])
    for key in _CONDITIONS:
        if key in node:
            yield False, str(node[key])
    for below in node.get("Plans", ()):
        yield from ((False, str(text)) for text in below.get("Output", ()))
        yield from _texts(below, top=top and node["Node Type"] in _SAME_ROWS)


def _calling(live: Table, name: str, found: Sequence[Any], *, always: bool) -> Iterator[Calling]:
    oid, arguments, returns_set, volatile, body, own_path = found
    call = Calling(live, "view", name, "", ("SELECT",), only_some=not always)
    if volatile:
        if body is not None:
            yield call._replace(bodies=(Body(int(str(oid)), str(body), bool(own_path)),))
        return
    types = json.loads(str(arguments))
    values = [[f"NULL::{each}" for each in types], [f"{ordinary_of(each)}::{each}" for each in types]]
    texts = [f"{name}({', '.join(each)})" for each in values]
    read = [f"SELECT (SELECT true FROM {text} LIMIT 1)" if returns_set else f"SELECT {text}" for text in texts]
    yield call._replace(statements=tuple(dict.fromkeys(read)))
