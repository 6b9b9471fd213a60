"""Functions that a view calls for the columns that the application reads: what is left of them in the server's plan."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from schema_guard.dialects.postgresql.called_code import Body, Calling, constants
from schema_guard.dialects.postgresql.code_words import behind_parenthesis, words
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import is_disconnect
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.postgresql.static_names import static_names
from schema_guard.dialects.postgresql.trial_rows import ordinary_of
from schema_guard.schema import Name, Relation, Table

__all__ = ["calls_of_views"]

_CHOOSES = frozenset({"CASE", "COALESCE", "AND", "OR", "SUBPLAN", "INITPLAN"})
_TOGETHER = 10
"""Views of one EXPLAIN."""
_PLANNED = "schema_guard_{}"
_SAME_ROWS = frozenset({"Sort", "Subquery Scan"})
"""Nodes that compute nothing themselves: what the node below gives was computed for each row."""
_SCANS = frozenset({"Seq Scan", "Index Scan", "Index Only Scan"})
_CONDITIONS = ("Filter", "Join Filter", "Hash Cond", "Merge Cond", "Recheck Cond", "Index Cond", "One-Time Filter")


_Quote: TypeAlias = Callable[[Name | str], str]
_Calls: TypeAlias = dict[tuple[str, str], bool]
"""The name of each function, and the whole call where its arguments are constants, else nothing; whether it is made at
each SELECT."""
_Plan: TypeAlias = Mapping[str, Any]


def calls_of_views(link: Link, pairs: Sequence[tuple[Table, Table]], quote: _Quote) -> list[Calling]:
    """Those of the views among these tables.

    Args:
        link: a connection under the application's own search_path, in a READ ONLY transaction.
        pairs: each table as the models have it, and the live one, as far as functions of the users are called there.
        quote: the dialect's quoting.
    """
    views = [(live, _select(table, live, quote)) for table, live in pairs if live.relation is Relation.VIEW]
    plans: dict[Table, _Plan] = {}
    for start in range(0, len(views), _TOGETHER):
        plans.update(_planned(link, views[start : start + _TOGETHER]))
    filled = _filled(link, sorted({table for plan in plans.values() if (table := _scanned(plan))}), quote)
    found = {live: _calls(plan, any_row=_scanned(plan) in filled) for live, plan in plans.items()}
    every = sorted({name for calls in found.values() for name, _ in calls})
    if not every:
        return []
    rows = link.rows(query("functions_called", names=every))
    functions: dict[str, list[Sequence[Any]]] = defaultdict(list)
    for name, *rest in rows:
        functions[str(name)].append(rest)
    return [
        _calling(live, name, text, function, always=always)
        for live, calls in found.items()
        for (name, text), always in calls.items()
        for function in functions[name]
    ]


def _select(table: Table, live: Table, quote: _Quote) -> str:
    there = ", ".join(quote(each.name) for each in table.columns if live.column(each.name) is not None)
    return f"SELECT ROW({there}) AS found FROM {quote(live.name)}"


def _planned(link: Link, views: Sequence[tuple[Table, str]]) -> dict[Table, _Plan]:
    """The plan of each; none of a view that the server does not plan, which is told elsewhere."""
    names = [_PLANNED.format(number) for number in range(len(views))]
    each = (f"{name} AS MATERIALIZED ({text})" for name, (_, text) in zip(names, views, strict=True))
    counts = ", ".join(f"(SELECT count(*) FROM {name})" for name in names)
    explain = f"EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) WITH {', '.join(each)} SELECT {counts}"
    try:
        with link.part_undone():
            ((document,),) = link.rows(explain)
    except DriverError as error:
        if is_disconnect(error):
            raise
        alone = [_planned(link, [view]) for view in views] if len(views) > 1 else []
        return {live: plan for plans in alone for live, plan in plans.items()}
    plan: Any = json.loads(document) if isinstance(document, str) else document
    below = {str(node.get("Subplan Name")): node for node in plan[0]["Plan"]["Plans"]}
    return {live: below[f"CTE {name}"] for name, (live, _) in zip(names, views, strict=True)}


def _bottom(plan: _Plan) -> _Plan:
    """The node that gives the rows, where all of them are given."""
    while plan["Node Type"] in _SAME_ROWS and not any(key in plan for key in _CONDITIONS):
        plan = plan["Plans"][0]
    return plan


def _scanned(plan: _Plan) -> Name | None:
    """The table of which each row is one of the view."""
    node = _bottom(plan)
    if node["Node Type"] not in _SCANS or any(key in node for key in _CONDITIONS):
        return None
    return Name(str(node["Schema"]), str(node["Relation Name"]))


def _filled(link: Link, tables: Sequence[Name], quote: _Quote) -> frozenset[Name]:
    """Those with a row: where there is none, nothing is called. None where somebody's lock, or a right, hides it."""
    if not tables:
        return frozenset()
    try:
        with link.part_undone():
            (found,) = link.rows(f"SELECT {', '.join(f'EXISTS (SELECT FROM {quote(each)})' for each in tables)}")
    except DriverError as error:
        if is_disconnect(error):
            raise
        return frozenset()
    return frozenset(each for each, there in zip(tables, found, strict=True) if there)


def _calls(plan: _Plan, *, any_row: bool) -> _Calls:
    """What is called; `any_row`: it is known that there is one for which it is."""
    found: _Calls = {}
    bottom = _bottom(plan)
    at_once = not any(key in bottom for key in _CONDITIONS) and not bottom.get("Plans")
    any_row = any_row or (at_once and bottom["Node Type"] == "Result")
    for always, text in _texts(plan, top=True, any_row=any_row, at_once=at_once):
        tokens = words(text)  # what stands in a string is no call
        sure = always and not any(word.upper in _CHOOSES for word in tokens)
        for at, word in enumerate(tokens):
            if word.text != "(" or not at or tokens[at - 1].kind not in ("word", "quoted"):
                continue
            start = at - 3 if at > 2 and tokens[at - 2].text == "." else at - 1
            end = behind_parenthesis(tokens, at)
            fixed = constants(tokens[at + 1 : end - 1])
            name = "".join(each.text for each in tokens[start:at])
            key = name, " ".join(each.text for each in tokens[start:end]) if fixed else ""
            found[key] = found.get(key, False) or sure
    return found


def _texts(node: _Plan, *, top: bool, any_row: bool, at_once: bool) -> Iterator[tuple[bool, str]]:
    """With whether what stands there is computed; a function whose rows are read is called even if it gives none."""
    if top:
        yield from ((any_row, str(text)) for text in node.get("Output", ()))
    if "Function Call" in node:
        yield top and at_once, str(node["Function Call"])
    for key in _CONDITIONS:
        if key in node:
            yield False, str(node[key])
    for below in node.get("Plans", ()):
        yield from ((False, str(text)) for text in below.get("Output", ()))
        is_top = top and node["Node Type"] in _SAME_ROWS
        yield from _texts(below, top=is_top, any_row=any_row, at_once=at_once)


def _calling(live: Table, name: str, text: str, function: Sequence[Any], *, always: bool) -> Calling:
    """What is called with values of a row is a doubt at most: those that are tried may be none that a row has."""
    oid, arguments, returns_set, volatile, body, own_path, alone = function
    always = always and bool(alone)  # of several of that name, which one this view calls is not known
    call = Calling(live, "view", name, "", ("SELECT",), only_some=not (always and text))
    if body is not None and (volatile or not body or static_names(str(body))):
        call = call._replace(bodies=(Body(int(str(oid)), str(body), bool(own_path)),))
    if volatile or (call.bodies and not (text and alone)):
        return call
    types = json.loads(str(arguments))
    values = [[f"NULL::{each}" for each in types], [f"{ordinary_of(each)}::{each}" for each in types]]
    texts = [text] if text and alone else [f"{name}({', '.join(each)})" for each in values]
    read = [f"SELECT (SELECT true FROM {each} LIMIT 1)" if returns_set else f"SELECT {each}" for each in texts]
    return call._replace(statements=tuple(dict.fromkeys(read)))
