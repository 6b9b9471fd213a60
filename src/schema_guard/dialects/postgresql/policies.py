"""Policies that apply to the connected role: what their conditions call, and which of them lead to themselves.

The server finds a circle of policies alone as it plans a statement. Where a function stands between them, it runs the
function for a row, which reads the table, whose policies run the function: until the stack is full.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schema_guard.dialects.postgresql.called_code import OWN, Calling
from schema_guard.dialects.postgresql.catalog_words import schemas_in_path
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import is_disconnect
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.postgresql.static_names import static_names
from schema_guard.schema import Name, Table

__all__ = ["policies_of"]

_VERBS = {
    "r": ("SELECT", "UPDATE", "DELETE"),  # the last two read the rows that they are for
    "a": ("INSERT",),
    "w": ("UPDATE",),
    "d": ("DELETE",),
    "*": ("SELECT", "UPDATE", "DELETE"),
}
_LETTERS = {"SELECT": "r", "INSERT": "a", "UPDATE": "w", "DELETE": "d"}
_READS = frozenset({"r", "*"})
_Node = tuple[int, int]
"""The OID of a table, a view or a function, and that of the role under which it is reached."""


class _Row(NamedTuple):
    """Of policies.sql."""

    source: int
    source_role: int
    policy: str
    command: str | None
    permissive: bool | None
    condition: str | None
    written: str | None
    target: int | None
    target_role: int | None
    name: str
    text: str
    language: str
    path: str | None

    @property
    def leads_to(self) -> _Node | None:
        return None if self.target is None or self.target_role is None else (self.target, self.target_role)


@dataclass(frozen=True)
class _Graph:
    """What leads to what: of tables by the policies for reading them, of functions by their text."""

    onward: Mapping[_Node, set[_Node]] = field(default_factory=lambda: defaultdict(set))
    functions: set[_Node] = field(default_factory=set)
    names: dict[_Node, str] = field(default_factory=dict)

    def circular(self, start: _Node) -> _Node | None:
        """A table that is reached from here, and from itself by a function."""
        within = self._reached(start) | {(start, False)}
        for node in sorted({node for node, _ in within} - self.functions):
            if (node, True) in self._reached(node):
                return node
        return None

    def _reached(self, start: _Node) -> set[tuple[_Node, bool]]:
        found: set[tuple[_Node, bool]] = set()
        waiting = [(start, start in self.functions)]
        while waiting:
            node, passed = waiting.pop()
            for next_ in self.onward.get(node, ()):
                state = (next_, passed or next_ in self.functions)
                if state not in found:
                    found.add(state)
                    waiting.append(state)
        return found


def policies_of(
    link: Link, tables: Sequence[Table], path: Sequence[str], quote: Callable[[Name | str], str]
) -> list[Calling]:
    """What the policies of these tables call; nothing where somebody's lock keeps it from being read.

    Args:
        link: a connection with an empty search_path, in a transaction.
        tables: the live ones, with policies that apply to the connected role.
        path: the application's own search_path.
        quote: the dialect's quoting.
    """
    try:
        with link.part_undone():
            found = _read(link, [quote(each.name) for each in tables], path)
    except DriverError as error:
        if is_disconnect(error):
            raise
        return []
    graph = _graph(found)
    by_oid = {each.facts.oid: each for each in tables}
    policies: dict[tuple[int, str], list[_Row]] = defaultdict(list)
    for row in found:
        if row.condition is not None or row.written is not None:
            policies[row.source, row.policy].append(row)
    return [
        call
        for (source, policy), own in policies.items()
        for call in _calls(
            by_oid[source],
            own,
            [those[0] for (oid, name), those in policies.items() if oid == source and name != policy],
            graph,
        )
    ]


def _read(link: Link, tables: Sequence[str], path: Sequence[str]) -> list[_Row]:
    """One query, and one more for each level of functions with a text: what it names is known when it has been read."""
    found: list[_Row] = []
    named: list[dict[str, object]] = []
    known: set[_Node] = set()
    while tables or named:
        rows: list[tuple[Any, ...]] = link.rows(query("policies", tables=list(tables), named=named))
        some = [_Row(*row) for row in rows]
        found += some
        texts = {node: row for row in some if row.text and (node := row.leads_to) is not None and node not in known}
        known |= texts.keys()
        tables = ()
        named = [each for node, row in texts.items() for each in _named(node, row, path)]
    return found


def _named(node: _Node, function: _Row, path: Sequence[str]) -> Iterator[dict[str, object]]:
    """What its text names, and the schemas in which the server looks for it."""
    own = path if function.path is None else schemas_in_path(function.path)
    searched = [*own] if "pg_catalog" in own else ["pg_catalog", *own]
    for name in static_names(function.text):
        *schema, last = name.parts
        yield {"source": node[0], "role": node[1], "kind": name.kind, "name": last, "path": schema or searched}


def _graph(found: Sequence[_Row]) -> _Graph:
    graph = _Graph()
    for row in found:
        node = row.leads_to
        if node is None:
            continue
        graph.names[node] = row.name
        if row.language:
            graph.functions.add(node)
        if not row.policy or row.command in _READS:
            graph.onward[row.source, row.source_role].add(node)
    return graph


def _calls(live: Table, rows: Sequence[_Row], others: Sequence[_Row], graph: _Graph) -> Iterator[Calling]:
    first, alone = rows[0], not others
    circle = _circle(rows, graph)
    for expression, verbs in _conditions(first):
        asked = tuple(verb for verb in verbs if not (first.permissive and _is_open(verb, first, others)))
        if asked and (circle or OWN.search(expression)):
            yield Calling(live, "policy", first.policy, expression, asked, not alone, circle=circle)


def _conditions(policy: _Row) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each with the statements that compute it; USING is that of WITH CHECK too where this is left out."""
    command = policy.command or "*"
    if policy.condition is not None:
        yield policy.condition, _VERBS[command]
    written = policy.written or policy.condition
    if written is not None and command in "*aw":
        yield written, ("UPDATE",) if command == "w" else ("INSERT",)


def _is_open(verb: str, policy: _Row, others: Sequence[_Row]) -> bool:
    """Whether another policy lets every row through, so that the server computes this one for none."""
    through = {
        letter
        for each in others
        for letter in ("rawd" if each.command == "*" else each.command or "")
        if each.permissive
        and (each.written if letter == "a" and each.written else each.condition or each.written) == "true"
    }
    reads = {"r"} if policy.command in _READS else set()
    writes = {_LETTERS[verb]} if policy.command != "r" else set()
    return (writes if verb == "INSERT" else reads | writes) <= through


def _circle(rows: Sequence[_Row], graph: _Graph) -> str:
    """What leads to what again, if anything does."""
    for row in rows:
        if row.leads_to is None or (table := graph.circular(row.leads_to)) is None:
            continue
        how = f"calls {row.name}" if row.language else "reads another table"
        again = f"and so {graph.names[table]} is read again and again"
        return f"stack depth limit exceeded: policy {row.policy} {how}, {again}"
    return ""
