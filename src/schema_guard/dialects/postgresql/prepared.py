"""Whether PostgreSQL can plan what the application says to views, foreign tables, and tables with policies or rules.

EXPLAIN without ANALYZE rewrites a statement by views, rules and policies, asks for the privileges of everything
beneath, and plans it. No statement runs, and no VOLATILE function; planning may compute IMMUTABLE and STABLE ones. All
other tables are asked nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from schema_guard.dialects.postgresql.asking import Against, against, lost, unanswered, works
from schema_guard.dialects.postgresql.failures import DENIED
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.postgresql.trial_rows import OF_NAMES
from schema_guard.refused_write import RELATION, UNANSWERED, RefusedWrite
from schema_guard.schema import Name, Relation, Schema, Table, Write

__all__ = ["Beneath", "Refused", "asked_of", "beneath_of", "refused", "with_refused"]

Quote = Callable[[Name | str], str]

_ELSEWHERE = frozenset({Relation.VIEW, Relation.MATERIALIZED_VIEW, Relation.FOREIGN_TABLE})
_RECURSION = "42P17"
_NOT_WRITABLE = frozenset({"55000", "42809", "0A000"})
"""Of a view, a foreign table; of a materialized view; of a column of a view."""
_TOGETHER = 10
"""Tables of one EXPLAIN."""
_EXPLAIN = "EXPLAIN (COSTS OFF) "
_PLANNED_WITHIN, _HURRIED = 5.0, 1.0
"""Seconds for a plan, for which a foreign table may ask a server that does not answer; and once one took too long."""

Pairs = Sequence[tuple[Table, Table]]
"""A table as the models have it, and the live one."""


class Refused(NamedTuple):
    """What the server said."""

    statements: dict[Name, tuple[RefusedWrite, ...]]
    unanswered: Name | None
    """A table that somebody's lock kept from being asked for, or of which a plan took too long."""

    def is_unanswered(self, name: Name) -> bool:
        """Whether a further question about it would wait as long."""
        return any(each.lacks == UNANSWERED for each in self.statements.get(name, ()))


class DeniedOwner(NamedTuple):
    """What the owner of a view, or of a table with rules, may not do with something beneath it, whoever reads or writes
    it."""

    owner: str
    relation: str
    name: str
    """Of the relation, as messages have it."""
    verbs: tuple[str, ...]
    partly: tuple[str, ...]
    """For some columns only."""
    alone: bool
    """The view reads nothing else."""
    event: str
    """Of a rule: the statement in whose place it does something, or beside it."""
    action: str
    """Of a rule: what it does."""

    def grants(self, verb: str) -> tuple[str, ...]:
        """What the verb needs. Of several relations that a view reads, one that its owner may not read may be one that
        it does not write to. A rule may have to read the rows that it changes."""
        if self.event:
            reads_rows = ("SELECT",) if self.action in ("UPDATE", "DELETE") and "SELECT" in self.verbs else ()
            lacks = self.action in (*self.verbs, *self.partly)
            needed_by_rule = (*reads_rows, self.action) if verb == self.event and lacks else ()
            return tuple(f"GRANT {each} ON {self.relation} TO {self.owner};" for each in needed_by_rule)
        reads = "SELECT" in self.verbs
        lacked = [each for each in dict.fromkeys(("SELECT", verb)) if each in self.verbs]
        needed = [each for each in lacked if each == "SELECT" or self.alone or not reads]
        needed += [verb] if verb in self.partly else []
        return tuple(f"GRANT {each} ON {self.relation} TO {self.owner};" for each in needed)


class Beneath(NamedTuple):
    """A row of beneath.sql."""

    empty: str | None = None
    denied: tuple[DeniedOwner, ...] = ()
    calls: bool = False
    """A view, a policy or a rule calls a function of the users, there or beneath."""


def asked_of(expected: Schema, actual: Schema) -> Pairs:
    """The tables of the models that are to be asked for."""
    return [(table, live) for table in expected.tables if (live := actual.table(table.name)) and _is_asked(live)]


def beneath_of(link: Link, pairs: Pairs, quote: Quote) -> list[Beneath]:
    """What stands beneath each, by a connection with an empty search_path."""
    rows: list[tuple[Any, ...]] = link.rows(query("beneath", tables=[quote(live.name) for _, live in pairs]))
    return [
        Beneath(empty, tuple(_denied(each) for each in json.loads(denied)), bool(calls))
        for _, empty, denied, calls in rows
    ]


def _denied(found: Mapping[str, Any]) -> DeniedOwner:
    return DeniedOwner(**{**found, "verbs": tuple(found["verbs"]), "partly": tuple(found["partly"])})


def refused(link: Link, pairs: Pairs, beneath: Sequence[Beneath], quote: Quote, *, reads_only: bool) -> Refused:
    """The statements of the application that the server refuses to plan.

    Args:
        link: a connection under the application's own search_path, in a READ ONLY transaction.
        pairs: the tables.
        beneath: what stands beneath each.
        quote: the dialect's quoting.
        reads_only: a standby, which plans nothing but SELECT.
    """
    asked = [
        _Asked(live, tuple(_statements(table, live, quote, reads_only)), under)
        for (table, live), under in zip(pairs, beneath, strict=True)
    ]
    found: dict[Name, tuple[RefusedWrite, ...]] = {}
    locked: Name | None = None
    for start in range(0, len(asked), _TOGETHER):
        some = asked[start : start + _TOGETHER]
        taken = works(link, f"{_EXPLAIN}{_at_once(some)}", _PLANNED_WITHIN if locked is None else _HURRIED)
        for each in some:
            said = [] if taken else list(_answers(link, each, _PLANNED_WITHIN if locked is None else _HURRIED))
            if any(answer.unanswered for _, answer in said):
                locked = each.live.name
            those = (each.refused(verb, answer) for verb, answer in said)
            found[each.live.name] = tuple(one for one in (*those, each.without_rows) if one is not None)
    return Refused(found, locked)


def with_refused(actual: Schema, *found: Mapping[Name, tuple[RefusedWrite, ...]]) -> Schema:
    """The live tables with the statements that are refused of each."""
    if not any(any(each.values()) for each in found):
        return actual
    tables = (
        replace(live, facts=replace(live.facts, refused_writes=those)) if (those := _all(found, live.name)) else live
        for live in actual.tables
    )
    return replace(actual, tables=tuple(tables))


def _all(found: Sequence[Mapping[Name, tuple[RefusedWrite, ...]]], name: Name) -> tuple[RefusedWrite, ...]:
    return tuple(dict.fromkeys(one for each in found for one in each.get(name, ())))


def _is_asked(live: Table) -> bool:
    """Views and rules make another statement of it, policies add conditions; a lock of somebody's is told already."""
    facts = live.facts
    if facts.unread is not None or not facts.populated:
        return False
    return live.relation in _ELSEWHERE or facts.row_security or any(each.kind == "rule" for each in facts.interveners)


class _Asked(NamedTuple):
    """A live table, and what the application says to it."""

    live: Table
    statements: tuple[tuple[str, str], ...]
    """Each with its verb."""
    beneath: Beneath

    @property
    def without_rows(self) -> RefusedWrite | None:
        """EXPLAIN does not open a materialized view, as SELECT does."""
        name = self.beneath.empty
        if name is None:
            return None
        said, fix = f"materialized view {name} has not been populated", f"REFRESH MATERIALIZED VIEW {name};"
        return RefusedWrite("SELECT", said, "rows", name, (fix,))

    def refused(self, verb: str, answer: Against) -> RefusedWrite | None:
        """What it means that the server refuses the statement; None where that is told elsewhere, or proves nothing:
        a function may miss a setting that the application makes in its sessions."""
        state, said = answer.diagnosis.sqlstate, answer.diagnosis.message
        if answer.unanswered:
            return unanswered(verb, answer)
        if state == _RECURSION:
            return RefusedWrite(verb, said, "end")
        if state in OF_NAMES:
            return lost(verb, answer)
        if self.live.relation in _ELSEWHERE and verb != "SELECT" and state in _NOT_WRITABLE:
            return RefusedWrite(verb, said, RELATION)
        if state != DENIED or self._is_denied(verb):
            return None
        of_owners = (each for each in self.beneath.denied if re.search(rf"(?<!\w){re.escape(each.name)}(?!\w)", said))
        if grants := next(filter(None, (each.grants(verb) for each in of_owners)), ()):
            return RefusedWrite(verb, said, "right", remedy=grants)
        if self.live.relation not in _ELSEWHERE and not self.live.facts.row_security:
            return RefusedWrite(verb, said, "right")  # of a rule, which has the rights of the table's owner
        return RefusedWrite(verb, said, "right", doubt="if the application connects as the same role")

    def _is_denied(self, verb: str) -> bool:
        """Whether what the role may not do with the table itself says it."""
        denied = self.live.facts.denied
        return any(each.of == "SCHEMA" or verb in (each.privilege, *each.statements) for each in denied)


def _statements(table: Table, live: Table, quote: Quote, reads_only: bool) -> Iterator[tuple[str, str]]:
    """What the ORM says; NULL stands for each value, which is of every type."""
    name = quote(live.name)
    there = [column for column in table.columns if live.column(column.name) is not None]
    yield "SELECT", f"SELECT ROW({', '.join(quote(column.name) for column in there)}) FROM {name} LIMIT 1"
    if reads_only or table.relation is Relation.VIEW:
        return
    made = {column.name for column in live.columns if column.generated is not None}
    given = [each for each in there if each.write is not Write.OMITTED and each.name not in made]
    if given:
        names, nulls = ", ".join(quote(each.name) for each in given), ", ".join("NULL" for _ in given)
        yield "INSERT", f"INSERT INTO {name} ({names}) VALUES ({nulls})"
    else:
        yield "INSERT", f"INSERT INTO {name} DEFAULT VALUES"
    key = table.primary_key.columns if table.primary_key is not None else ()
    changed = [f"{quote(each.name)} = NULL" for each in given if each.name not in key]
    if changed:
        yield "UPDATE", f"UPDATE {name} SET {', '.join(changed)}"
    yield "DELETE", f"DELETE FROM {name}"


def _at_once(asked: Sequence[_Asked]) -> str:
    """One statement that does what all of them do."""
    statements = [statement for each in asked for statement in each.statements]
    reads = [text for verb, text in statements if verb == "SELECT"]
    writes = [f"w{number} AS ({text})" for number, (verb, text) in enumerate(statements) if verb != "SELECT"]
    with_ = f"WITH {', '.join(writes)} " if writes else ""
    return f"{with_}SELECT {', '.join(f'({text})' for text in reads)}"


def _answers(link: Link, asked: _Asked, within: float) -> Iterator[tuple[str, Against]]:
    """What the server has against each statement. Where somebody's lock keeps it from saying so, the next statement
    would wait for the same lock."""
    answer: Against | None = None
    for verb, text in asked.statements:
        if answer is None or not answer.unanswered:
            answer = against(link, f"{_EXPLAIN}{text}", within=within)
        if answer is not None:
            yield verb, answer
