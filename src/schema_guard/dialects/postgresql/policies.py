"""Policies that apply to the connected role: what their conditions call, and which of them lead to themselves.

The server finds a circle of policies alone as it plans a statement. Where a function stands between them, it runs the
function for a row, which reads the table, whose policies run the function: until the stack is full.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schema_guard.dialects.postgresql.called_code import OWN, Calling
from schema_guard.dialects.postgresql.code_text import Word, reached, words
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import is_disconnect
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.query_text import query
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
_ONE_CALL = re.compile(r"(?:NOT )?\(*(?:\w+\.)?\w+\(\)\)*")
_CHOOSES = frozenset({"WHERE", "LIMIT", "ON", "CASE", "HAVING", "TABLESAMPLE"})


class _Row(NamedTuple):
    """Of policies.sql."""

    source: int
    policy: str
    command: str | None
    permissive: bool | None
    condition: str | None
    written: str | None
    leads_to: int | None
    name: str
    text: str
    language: str


@dataclass(frozen=True)
class _Graph:
    """What leads to what: of tables by the policies for reading them, of functions by their text."""

    onward: Mapping[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    functions: dict[int, _Row] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    def circular(self, start: int) -> int | None:
        """A table that is reached from here, and from itself by a function."""
        within = self._reached(start) | {(start, False)}
        for node in sorted({node for node, _ in within} - self.functions.keys()):
            if (node, True) in self._reached(node):
                return node
        return None

    def _reached(self, start: int) -> set[tuple[int, bool]]:
        found: set[tuple[int, bool]] = set()
        waiting = [(start, start in self.functions)]
        while waiting:
            node, passed = waiting.pop()
            for next_ in self.onward.get(node, ()):
                state = (next_, passed or next_ in self.functions)
                if state not in found:
                    found.add(state)
                    waiting.append(state)
        return found


def policies_of(link: Link, tables: Sequence[Table], quote: Callable[[Name | str], str]) -> list[Calling]:
    """What the policies of these tables call; nothing where somebody's lock keeps it from being read.

    Args:
        link: a connection with an empty search_path, in a transaction.
        tables: the live ones, with policies that apply to the connected role.
        quote: the dialect's quoting.
    """
    try:
        with link.part_undone():
            rows: list[tuple[Any, ...]] = link.rows(query("policies", tables=[quote(each.name) for each in tables]))
    except DriverError as error:
        if is_disconnect(error):
            raise
        return []
    found = [_Row(*row) for row in rows]
    graph = _graph(found)
    by_oid = {each.facts.oid: each for each in tables}
    policies: dict[tuple[int, str], list[_Row]] = defaultdict(list)
    for row in found:
        if row.policy and row.source in by_oid:
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


def _graph(found: Sequence[_Row]) -> _Graph:
    graph = _Graph()
    for row in found:
        graph.names[row.source] = row.name
        if not row.policy:
            graph.functions[row.source] = row
        if row.leads_to is not None and (not row.policy or row.command in _READS):
            graph.onward[row.source].add(row.leads_to)
    return graph


def _calls(live: Table, rows: Sequence[_Row], others: Sequence[_Row], graph: _Graph) -> Iterator[Calling]:
    first, alone = rows[0], not others
    circle, surely = _circle(live, rows, graph)
    for expression, verbs in _conditions(first):
        asked = tuple(verb for verb in verbs if not (first.permissive and _is_open(verb, first, others)))
        if asked and (circle or OWN.search(expression)):
            sure = surely and alone and _ONE_CALL.fullmatch(expression) is not None
            yield Calling(live, "policy", first.policy, expression, asked, not alone, circle=circle, circles=sure)


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


def _circle(live: Table, rows: Sequence[_Row], graph: _Graph) -> tuple[str, bool]:
    """What leads to what again, if anything does; and whether it surely gets there."""
    for row in rows:
        if row.leads_to is None or (table := graph.circular(row.leads_to)) is None:
            continue
        function = graph.functions.get(row.leads_to)
        how = f"calls {function.name}" if function is not None else "reads another table"
        again = f"and so {graph.names[table]} is read again and again"
        circle = f"stack depth limit exceeded: policy {row.policy} {how}, {again}"
        return circle, table == live.facts.oid and _always_reads(function, live)
    return "", False


def _always_reads(function: _Row | None, live: Table) -> bool:
    """Whether its text reads all rows of the table, whatever it is called for."""
    if function is None:
        return False
    if function.language == "sql":
        return _reads_all(words(function.text), live)
    return any(each.surely and _reads_all(each.words, live) for each in reached(function.text, {}))


def _reads_all(statement: Sequence[Word], live: Table) -> bool:
    if any(word.upper in _CHOOSES for word in statement):
        return False
    return any(
        word.upper == "FROM" and any(after.name == live.name.name for after in statement[at + 1 : at + 4])
        for at, word in enumerate(statement)
    )
