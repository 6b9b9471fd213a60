"""What the models may write into a column, held against a live condition: the database evaluates it for each value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schema_guard.dialects.inquiry import Trial
from schema_guard.dialects.judge import Judge
from schema_guard.dialects.terms import MOMENT, Condition, Verdict
from schema_guard.names import in_quotes
from schema_guard.schema import Check, Column, Domain, Name, Schema, Table, TypeKind, Write

__all__ = ["Tried", "candidates_of", "domain_checks", "domains_of", "live_domains", "tried"]

_INTEGER = re.compile(r"\d{1,9}\Z")
_VALUE = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\bVALUE\b""", re.IGNORECASE)
_NULL = "NULL"
_CONSTANT = re.compile(
    rf"""(?:'(?:[^']|'')*'|\(?-?\d[\d.]*\)?|true|false)(?:::[\w ".(),]+)?\Z|(?:{MOMENT})\Z""",
    re.IGNORECASE,
)
"""What a default gives that computes nothing, or says what time it is: no other is tried."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of holding the models' values against a live condition."""

    refused: tuple[str, ...] = ()
    """Values that the models allow and that the condition provably refuses, as SQL."""
    raising: tuple[str, ...] = ()
    """Those of them for which it raises an error of its own."""
    harmless: bool = False
    """It provably takes whatever the models allow."""
    left_out: str = ""
    """The column that the models don't know, when its default is what is refused."""


def tried(check: Check, table: Table, live: Table, expected: Schema, actual: Schema, judge: Judge) -> Tried:
    """Hold a live CHECK, or a domain's with VALUE replaced, against what the models write."""
    found = [
        _tried(condition, table, live, expected, actual, judge)
        for condition in judge.rules.conditions(check.expression, _names(live))
    ]
    return Tried(
        tuple(dict.fromkeys(value for each in found for value in each.refused)),
        tuple(dict.fromkeys(value for each in found for value in each.raising)),
        bool(found) and all(each.harmless for each in found),
        next((each.left_out for each in found if each.left_out), ""),
    )


def live_domains(table: Table, live: Table, actual: Schema) -> Iterator[tuple[Column, Domain, Check]]:
    """The CHECKs of the domains that live columns have, with VALUE replaced by the column."""
    known = [there for column in table.columns if (there := live.column(column.name)) is not None]
    for there in (*known, *(each for each in live.columns if table.column(each.name) is None)):
        for domain in domains_of(there, actual):
            for check in domain.checks:
                yield there, domain, _of_column(check, there.name)


def _tried(condition: Condition, table: Table, live: Table, expected: Schema, actual: Schema, judge: Judge) -> Tried:
    if len(condition.columns) != 1:
        return Tried()
    (name,) = condition.columns
    there, column = live.column(name), table.column(name)
    if there is None:
        return Tried()
    if column is not None and not column.nullable and _is_not_null(condition, name, judge):
        return Tried(harmless=True)
    wanted = _wanted(column, table, expected, judge) if column is not None else ()
    domains = domains_of(there, actual)
    values, all_of_them = _candidates(column, there, domains, wanted, judge)
    texts = tuple(each.text for each in wanted)
    type_ = domains[-1].type if domains else there.type
    verdicts = {
        value: judge.trial(Trial(live.name, name, value, type_.text, condition.text, texts, there.collation))
        for value in values
    }
    raising = tuple(value for value, verdict in verdicts.items() if verdict is Verdict.RAISES)
    refused = tuple(value for value, verdict in verdicts.items() if verdict is Verdict.DIFFERENT or value in raising)
    harmless = all_of_them and all(verdict is Verdict.EQUAL for verdict in verdicts.values())
    return Tried(refused, raising, harmless, name if column is None and refused else "")


def candidates_of(
    column: Column, there: Column, table: Table, expected: Schema, actual: Schema, judge: Judge
) -> tuple[tuple[str, ...], bool, tuple[str, ...]]:
    """Values of which the models speak, as SQL, whether they are all of them, and what else they say of the column."""
    wanted = _wanted(column, table, expected, judge)
    values, all_of_them = _candidates(column, there, domains_of(there, actual), wanted, judge)
    return values, all_of_them, tuple(each.text for each in wanted)


def _candidates(
    column: Column | None, there: Column, domains: Sequence[Domain], wanted: tuple[Condition, ...], judge: Judge
) -> tuple[tuple[str, ...], bool]:
    """Values that the models speak of, and whether they are all that they can write."""
    if column is None and (there.identity is not None or there.generated is not None):
        return (), False
    if column is None:  # the models leave it out: it gets its default, or that of its type
        return (there.default or next(filter(None, (each.default for each in domains)), _NULL),), True
    values = list(column.values)
    all_of_them = bool(values) or any(_lists(each, column.name, judge) for each in wanted)
    if not column.values:
        for literal in (literal for each in wanted for literal in each.literals):
            values.extend([literal, *_neighbours(literal)])
    values.extend(column.identities)
    if column.fill is not None:
        values.append(column.fill)
    if column.write is Write.OMITTED and there.default is not None and _CONSTANT.match(there.default):
        values.append(there.default)
    if column.nullable:
        values.append(_NULL)
    return tuple(dict.fromkeys(values)), all_of_them


def _lists(condition: Condition, name: str, judge: Judge) -> bool:
    """Whether the condition lists the column's values, one by one."""
    listed = judge.rules.allowed_values(condition.text)
    own = judge.rules.allowed_values(f"{in_quotes(name)} = 0")
    return listed is not None and own is not None and listed.operand == own.operand


def _neighbours(literal: str) -> list[str]:
    """A whole number, and those beside it: where `n > 0` and `n > 10` begin to differ."""
    if not _INTEGER.match(literal):
        return []
    return [str(int(literal) + step) for step in (-1, 0, 1)]


def _wanted(column: Column, table: Table, expected: Schema, judge: Judge) -> tuple[Condition, ...]:
    """What the models say of this column alone, in the table's CHECKs or the column's domain."""
    own = domain_checks(column, expected)
    names = _names(table)
    return tuple(
        condition
        for check in (*table.checks, *own)
        for condition in judge.rules.conditions(check.expression, names)
        if condition.columns == {column.name}
    )


def domain_checks(column: Column, schema: Schema) -> list[Check]:
    """The CHECKs of the column's domains, with VALUE replaced by the column."""
    return [_of_column(check, column.name) for domain in domains_of(column, schema) for check in domain.checks]


def domains_of(column: Column, schema: Schema) -> list[Domain]:
    """The column's domain and those below it."""
    by_name = {domain.name: domain for domain in schema.domains}
    found: list[Domain] = []
    type_ = column.type
    while type_.kind is TypeKind.DOMAIN and not type_.dimensions:
        domain = by_name.get(Name(type_.schema, type_.name))
        if domain is None:
            break
        found.append(domain)
        type_ = domain.type
    return found


def _of_column(check: Check, column: str) -> Check:
    quoted = in_quotes(column)
    text = _VALUE.sub(lambda match: quoted if match[0].upper() == "VALUE" else match[0], check.expression)
    return Check(check.name, text, check.validated, check.enforced)


def _is_not_null(condition: Condition, name: str, judge: Judge) -> bool:
    return judge.rules.same_expression(f"{in_quotes(name)} IS NOT NULL", condition.text) is Verdict.EQUAL


def _names(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)
