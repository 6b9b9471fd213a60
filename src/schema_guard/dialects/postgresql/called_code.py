"""Functions that a live default, generated column, constraint, index, policy or view calls, tried: do they still find
what they name?

The server keeps no function from losing a table or another function that its body names. Each expression is computed
for a row of NULLs and for an ordinary one, in a READ ONLY transaction. What calls a VOLATILE function of the users is
not: of such a function in SQL the server checks the body, as CREATE FUNCTION does, and the names in the text of one in
plpgsql are looked up. What only the text says, or what fails for values that are not those of the application, is a
doubt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from schema_guard.dialects.postgresql.asking import Against, against, lost, unanswered, works
from schema_guard.dialects.postgresql.code_words import Word, behind_parenthesis, words
from schema_guard.dialects.postgresql.explained import values_of
from schema_guard.dialects.postgresql.failures import DENIED, INVALID_SCHEMA
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.literals import literal
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.postgresql.referring import below_domain
from schema_guard.dialects.postgresql.static_names import StaticName, static_names
from schema_guard.dialects.postgresql.trial_rows import OF_NAMES, of_code, ordinary
from schema_guard.refused_write import RefusedWrite
from schema_guard.schema import Domain, IndexElement, Name, Relation, Schema, Table, Type, Write

__all__ = ["OWN", "Body", "Calling", "calling", "constants", "lost_names", "tried_by"]

Quote = Callable[[Name | str], str]

OWN = re.compile(r"(?<![\w$.\"])(?:\w+|\"(?:[^\"]|\"\")+\")\.(?:\w+|\"(?:[^\"]|\"\")+\")\((?<!\.uuid_generate_v4\()")
"""A function with its schema: the server writes those of the system without, as the search_path is empty."""
_WRITTEN = frozenset({Relation.TABLE, Relation.PARTITIONED, Relation.PARTITION})
_TOGETHER = 50
"""Expressions of one SELECT."""
_MOST_WAITS = 2
"""For locks: the next expression may wait for the same one."""
_PATIENCE = 0.2
"""Seconds for a function that a view calls: nobody has to wait for it at a check."""
_OF_DATA = ("22", "23")
"""Classes of errors of data and of constraints (manual, appendix A)."""
_ENDLESS = frozenset({"54001", "42P17"})
"""The stack is full; a policy refers to itself."""
_CHOOSES = frozenset({"CASE", "COALESCE", "AND", "OR", "FROM", "WHERE", "LIMIT"})
"""Not all that stands there is computed for each row."""


class Body(NamedTuple):
    """A function that may change something, and so is not called."""

    oid: int
    text: str
    """In plpgsql; empty of one in SQL, which the server checks."""
    own_path: bool = False
    """It has a search_path of its own."""


class Calling(NamedTuple):
    """An expression that calls a function of the users, and what computes it."""

    live: Table
    kind: str
    """column, check, index, policy or view."""
    name: str
    expression: str
    verbs: tuple[str, ...]
    """The statements of the application that compute it for each row."""
    only_some: bool = False
    """It is computed for some rows only."""
    bodies: tuple[Body, ...] = ()
    """The functions whose bodies are checked in place of computing it."""
    statements: tuple[str, ...] = ()
    """What is sent in place of computing it; where there are bodies, only once one of them has lost a name."""
    circle: str = ""
    """What it leads to: the same policy again."""
    tried: bool = True


def calling(expected: Schema, actual: Schema) -> list[Calling]:
    """Those of the live tables that the models have."""
    pairs = ((table, actual.table(table.name)) for table in expected.tables)
    there = ((table, live) for table, live in pairs if live is not None and live.relation in _WRITTEN)
    return [each for table, live in there for each in _of(table, live) if OWN.search(each.expression)]


def _of(table: Table, live: Table) -> Iterator[Calling]:
    for column in live.columns:
        wanted = table.column(column.name)
        if column.generated is not None:
            verbs = ("INSERT",) if column.generated.stored else ("SELECT",)
            if column.generated.stored or wanted is not None:
                yield Calling(live, "column", column.name, column.generated.expression, verbs)
        elif column.default is not None and (wanted is None or wanted.write is Write.OMITTED):
            yield Calling(live, "column", column.name, column.default, ("INSERT",))
    for check in live.checks:
        if check.enforced and check.name is not None:
            yield Calling(live, "check", check.name, check.expression, ("INSERT", "UPDATE"))
    for index in live.indexes:
        yield from _of_keys(live, index.name, index.elements, index.where)
    for exclusion in live.exclusions:
        yield from _of_keys(live, exclusion.name, exclusion.elements, exclusion.where)


def _of_keys(live: Table, name: str | None, elements: Sequence[IndexElement], where: str | None) -> Iterator[Calling]:
    """UPDATE computes them only where a column of some index gets another value."""
    if name is None:
        return
    for text in (each.text for each in elements if each.is_expression):
        yield Calling(live, "index", name, text, ("INSERT",), only_some=where is not None)
    if where is not None:
        yield Calling(live, "index", name, where, ("INSERT",))


def tried_by(link: Link, asked: Sequence[Calling], quote: Quote) -> list[Calling]:
    """Those of them that can be tried, with what tries them, by a connection with an empty search_path."""
    tables = list(dict.fromkeys(quote(each.live.name) for each in asked))
    rows = link.rows(query("volatile_code", tables=tables))
    known = {
        (tables[int(str(number)) - 1], str(kind), str(name)): tuple(Body(*each) for each in json.loads(str(bodies)))
        for number, kind, name, bodies in rows
    }
    keys = ((each, (quote(each.live.name), each.kind, each.name)) for each in asked)
    return [
        each._replace(bodies=known.get(key, ()), tried=key in known)
        for each, key in keys
        if key in known or each.circle
    ]


def lost_names(
    link: Link, asked: Sequence[Calling], domains: Sequence[Domain], quote: Quote
) -> dict[Name, tuple[RefusedWrite, ...]]:
    """What fails, by table: surely where it does for both rows, and the application cannot have what is missing.

    Args:
        link: a connection under the application's own search_path, in a READ ONLY transaction.
        asked: what `tried_by` gave.
        domains: the live ones.
        quote: the dialect's quoting.
    """
    below = {each.name: each.type for each in domains}
    of_each = [(each, list(_tries(each, below, quote))) for each in asked]
    waits: list[Against] = []
    answers = _answers_to_all(link, [one for _, those in of_each for one in those], waits)
    for each, those in of_each:
        if each.bodies and any((said := answers[one]) is not None and _is_lost(each, said) for one in those):
            those.extend(map(_of_view, each.statements))
    answers.update(_answers_to_all(link, [one for _, those in of_each for one in those if one not in answers], waits))
    found: dict[Name, list[RefusedWrite]] = {}
    for each, those in of_each:
        found.setdefault(each.live.name, []).extend(_of_answers(each, [(one, answers[one]) for one in those]))
    return {name: tuple(dict.fromkeys(refused)) for name, refused in found.items()}


class _Try(NamedTuple):
    statement: str
    bodies: tuple[int, ...] = ()
    """The OIDs of the functions whose bodies it checks."""
    surely: bool = True
    """The server says it, and not a text alone."""
    within: float = 0.0
    """Seconds that it may take; 0 for as many as any statement."""


def _tries(each: Calling, below: Mapping[Name, Type], quote: Quote) -> Iterator[_Try]:
    if not each.tried:
        return
    if each.bodies or each.statements:
        yield from (one for body in each.bodies for one in _of_body(body))
        yield from () if each.bodies else map(_of_view, each.statements)
        return
    # a domain takes the values of the type below it, where it takes them at all
    columns = [replace(column, type=below_domain(column.type, below)) for column in each.live.columns]
    for values in (lambda _: "NULL", ordinary):
        row = [(column, values(column)) for column in columns]
        yield _Try(f"SELECT ({each.expression}\n){values_of(each.live.name, row, quote)}")


def _of_view(statement: str) -> _Try:
    return _Try(statement, within=_PATIENCE)


def _of_body(body: Body) -> Iterator[_Try]:
    if not body.text:
        yield _Try(f"SELECT pg_catalog.fmgr_sql_validator({body.oid})", (body.oid,))
        return
    for name in static_names(body.text):
        if name.qualified or not body.own_path:
            yield _Try(_looked_up(name), (body.oid,), surely=False)


def _looked_up(name: StaticName) -> str:
    """Fails where there is none; what looks like a call may be a type with its length."""
    text = f"{literal(name.text)}::pg_catalog.text"
    if name.kind == "relation":
        return f"SELECT {text}::pg_catalog.regclass"
    return f"SELECT CASE WHEN pg_catalog.to_regtype({text}) IS NULL THEN {text}::pg_catalog.regproc END"


def _answers_to_all(link: Link, tries: Sequence[_Try], waits: list[Against]) -> dict[_Try, Against | None]:
    """Each is sent once: many defaults may call one function. `waits`: how often the server was silent by now."""
    once = list(dict.fromkeys(tries))
    patient, others = [each for each in once if not each.within], [each for each in once if each.within]
    answers: dict[_Try, Against | None] = {}
    for start in range(0, len(patient), _TOGETHER):
        answers.update(_answers(link, patient[start : start + _TOGETHER], waits))
    return {**answers, **_answers_in_time(link, others)}


def _answers(link: Link, tries: Sequence[_Try], waits: list[Against]) -> dict[_Try, Against | None]:
    """What the server has against each; one SELECT where it has nothing."""
    if len(waits) >= _MOST_WAITS:
        return dict.fromkeys(tries, waits[-1])
    if len(tries) == 1:
        said = against(link, tries[0].statement, tries[0].bodies)
        waits += [said] if said is not None and said.unanswered else []
        return {tries[0]: said}
    if works(link, _at_once(tries)):
        return dict.fromkeys(tries)
    middle = len(tries) // 2
    return {**_answers(link, tries[:middle], waits), **_answers(link, tries[middle:], waits)}


def _answers_in_time(link: Link, tries: Sequence[_Try]) -> dict[_Try, Against | None]:
    """The same; one that takes long says nothing, and after some of these no other is waited for."""
    answers: dict[_Try, Against | None] = dict.fromkeys(tries)
    if not tries or works(link, _at_once(tries), _PATIENCE):
        return answers
    late = 0
    for each in tries:
        said = against(link, each.statement, within=each.within)
        if said is None or not said.unanswered:
            answers[each] = said
            continue
        late += 1
        if late >= _MOST_WAITS:
            break
    return answers


def _at_once(tries: Sequence[_Try]) -> str:
    return f"SELECT {', '.join(f'({each.statement})' for each in tries)}"


def _of_answers(each: Calling, said: Sequence[tuple[_Try, Against | None]]) -> Iterator[RefusedWrite]:
    """Of several bodies one is enough; an error that a function raises by itself proves nothing."""
    gone = [(one, answer) for one, answer in said if answer is not None and _is_lost(each, answer)]
    silent = next((answer for _, answer in said if answer is not None and answer.unanswered), None)
    rows = [answer for _, answer in said if answer is None or not _is_no_row(answer)]
    ends = [answer for answer in rows if answer is not None and _is_endless(answer)]
    if gone:
        surest, answer = min(gone, key=lambda pair: (pair[1].may_come, not pair[0].surely))
        always = (surest.surely if each.bodies else len(gone) == len(rows)) and _is_always_so(each)
        yield from (lost(verb, answer, "" if always else "for some rows") for verb in each.verbs)
    elif silent is not None:
        yield from (unanswered(verb, silent) for verb in each.verbs)
    elif denied := next((answer for _, answer in said if answer is not None and _is_denied(answer)), None):
        doubt = "if the application connects as the same role"
        yield from (RefusedWrite(verb, denied.diagnosis.message, "right", doubt=doubt) for verb in each.verbs)
    elif each.circle or (ends and len(ends) == len(rows)):
        always = bool(ends) and len(ends) == len(rows) and _is_always_so(each)
        what, doubt = each.circle or ends[0].diagnosis.message, "" if always else "for some rows"
        yield from (RefusedWrite(verb, what, "end", doubt=doubt) for verb in each.verbs)


def _is_always_so(each: Calling) -> bool:
    """Whether the users' functions are called for each row, and with the same values: those of a row are not known."""
    tokens = words(each.expression)
    if each.only_some or any(word.upper in _CHOOSES for word in tokens):
        return False
    calls = [at for at in range(3, len(tokens)) if tokens[at].text == "(" and tokens[at - 2].text == "."]
    return all(constants(tokens[at + 1 : behind_parenthesis(tokens, at) - 1]) for at in calls)


def constants(tokens: Sequence[Word]) -> bool:
    """Whether these arguments are constants, as the server writes them: with a type, perhaps. NULL is none: a STRICT
    function is not called for it."""
    of_type = False
    for word in tokens:
        if word.kind in ("word", "quoted"):
            if not of_type and word.upper not in ("TRUE", "FALSE"):
                return False
        elif word.text != ".":
            of_type = word.text == "::"
    return True


def _is_no_row(said: Against) -> bool:
    """A domain does not take the value; an error within a function is the function's own."""
    return said.diagnosis.sqlstate.startswith(_OF_DATA) and not said.diagnosis.context


def _is_endless(said: Against) -> bool:
    """Within a function: policies alone that refer to each other are told elsewhere."""
    return said.diagnosis.sqlstate in _ENDLESS and bool(said.diagnosis.context)


def _is_denied(said: Against) -> bool:
    """Within a function, whose name the context has: a right to call it is asked for elsewhere."""
    return said.diagnosis.sqlstate == DENIED and bool(said.diagnosis.context)


def _is_lost(each: Calling, said: Against) -> bool:
    state = said.diagnosis.sqlstate
    if each.bodies and state == INVALID_SCHEMA:  # of a name that is looked up
        return True
    return state in OF_NAMES and (bool(each.bodies) or of_code(said.diagnosis, ()))
