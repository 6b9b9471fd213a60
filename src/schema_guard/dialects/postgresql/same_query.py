"""Whether two queries are one: the server plans both, and EXPLAIN shows the same plan, with the same output.

Nothing runs. Planning takes ACCESS SHARE on the tables that a query reads, until the reading transaction ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from schema_guard.dialects.inquiry import SameQuery
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import is_disconnect
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.literals import literal
from schema_guard.dialects.terms import Verdict
from schema_guard.names import in_quotes
from schema_guard.schema import Name

__all__ = ["same_query"]


def same_query(asked: SameQuery, link: Link, quote: Callable[[Name | str], str]) -> Verdict:
    """Compare in a transaction that the caller has begun; it goes on whatever the server says."""
    view = literal(quote(asked.view))
    try:
        with link.savepoint():
            definition = str(link.rows(f"SELECT pg_catalog.pg_get_viewdef({view}::pg_catalog.regclass)")[0][0])
            live, wanted = (_plan(query.rstrip().rstrip(";"), link) for query in (definition, asked.query))
    except DriverError as error:
        if is_disconnect(error):
            raise
        return Verdict.NOT_COMPARABLE
    return Verdict.EQUAL if live == wanted else Verdict.DIFFERENT


def _plan(query: str, link: Link) -> object:
    document = link.rows(f"EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) SELECT * FROM ({query}\n) AS found")[0][0]
    plan = json.loads(document) if isinstance(document, str) else document
    aliases = dict(_aliases(plan))
    # Of two that read a table twice it cannot be told which alias is which.
    if len(set(aliases.values())) < len(aliases):
        aliases = {}
    return _renamed(plan, {alias: f"{number}" for number, alias in enumerate(aliases)})


def _aliases(node: Any) -> Iterator[tuple[str, str]]:
    """Each alias with its table, in the order of the plan."""
    if isinstance(node, dict):
        if "Alias" in node:
            yield node["Alias"], f"{node.get('Schema', '')}.{node.get('Relation Name', node['Alias'])}"
        for item in node.values():
            yield from _aliases(item)
    elif isinstance(node, list):
        for item in node:
            yield from _aliases(item)


def _renamed(node: Any, aliases: dict[str, str]) -> Any:
    if isinstance(node, dict):
        named = {key: aliases.get(item, item) for key, item in node.items() if key == "Alias"}
        return {key: _renamed(item, aliases) for key, item in node.items()} | named
    if isinstance(node, list):
        return [_renamed(item, aliases) for item in node]
    if isinstance(node, str):
        for alias, other in aliases.items():
            quoted = re.escape(in_quotes(alias))
            node = re.sub(rf"(?<![\w$\"])(?:{quoted}|{re.escape(alias)})\.", f"{other}.", node)
    return node
