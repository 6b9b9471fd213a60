"""The conditions that AND joins in an SQL text, and values tried against them on the server."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from schema_guard.dialects.conditions import Part, conditions_of
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import diagnose, is_disconnect
from schema_guard.dialects.postgresql.lexer import located_tokens
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.lost_name import may_come
from schema_guard.dialects.postgresql.trial_rows import of_code
from schema_guard.dialects.terms import Condition, Verdict
from schema_guard.schema import Name

if TYPE_CHECKING:
    from schema_guard.dialects.inquiry import Trial

__all__ = ["conditions", "evaluated"]

_MOST_TRIALS = 200
_OF_VALUES = ("22", "23", "P0")
"""Classes of errors of data, of constraints, and of those that a function raises (manual, appendix A)."""
_REFUSED = "false"

Quote = Callable[[Name | str], str]


def conditions(text: str, columns: Collection[str]) -> tuple[Condition, ...]:
    """The text parted; see `Rules.conditions`."""
    return conditions_of(text, list(_parts(text, frozenset(columns))))


def _parts(text: str, columns: frozenset[str]) -> Iterator[Part]:
    before = ""
    for kind, start, end in located_tokens(text):
        token = text[start:end]
        name = token[1:-1].replace('""', '"') if kind == "quoted" else token.lower() if kind == "word" else ""
        # E'..', B'..', DATE '..': what such a string is, the word before it says
        literal = token if kind == "number" or (kind == "string" and before != "word") else None
        yield Part(start, end, name if kind == "word" else "", name if name in columns else None, literal)
        before = kind


def evaluated(link: Link, trials: Sequence[Trial], quote: Quote) -> dict[Trial, Verdict]:
    """Evaluate the conditions for each value, in a READ ONLY transaction that the caller has begun.

    Nothing but constants is read: no table, no lock. What fails, as a cast may, is tried again alone.
    """
    verdicts: dict[Trial, Verdict] = {}
    for start in range(0, len(trials), _MOST_TRIALS):
        verdicts.update(_evaluate(link, trials[start : start + _MOST_TRIALS], quote))
    return verdicts


def _evaluate(link: Link, trials: Sequence[Trial], quote: Quote) -> dict[Trial, Verdict]:
    try:
        with link.savepoint():
            row = link.rows(f"SELECT {', '.join(_item(trial, quote) for trial in trials)}")[0]
    except DriverError as error:
        if is_disconnect(error):
            raise
        if len(trials) == 1:
            return {trials[0]: _failed(link, trials[0], error, quote)}
        middle = len(trials) // 2
        return {**_evaluate(link, trials[:middle], quote), **_evaluate(link, trials[middle:], quote)}
    return {trial: Verdict.DIFFERENT if refused else Verdict.EQUAL for trial, refused in zip(trials, row, strict=True)}


def _failed(link: Link, trial: Trial, error: DriverError, quote: Quote) -> Verdict:
    """Whether the condition alone raises the error: the column takes the value, and the models allow it."""
    diagnosis = diagnose(error)
    if of_code(diagnosis, ()) and may_come(link, diagnosis, ()):
        return Verdict.NOT_COMPARABLE
    if not (diagnosis.sqlstate.startswith(_OF_VALUES) or of_code(diagnosis, ())) or trial.condition == _REFUSED:
        return Verdict.NOT_COMPARABLE
    allowed = _evaluate(link, [refused := replace(trial, condition=_REFUSED)], quote)[refused]
    return Verdict.RAISES if allowed is Verdict.DIFFERENT else Verdict.NOT_COMPARABLE


def _item(trial: Trial, quote: Quote) -> str:
    """Whether the live condition is false and none of the models' is; NULL passes a CHECK."""
    collation = f" COLLATE {collation_name(trial.collation, quote)}" if trial.collation else ""
    value = f"CAST({trial.value} AS {trial.type}){collation}"
    tests = [f"({trial.condition}\n) IS FALSE", *(f"({wanted}\n) IS NOT FALSE" for wanted in trial.wanted)]
    table, column = quote(trial.table.name), quote(trial.column)
    return f"(SELECT {' AND '.join(tests)} FROM (VALUES ({value})) AS {table}({column}))"


def collation_name(name: str, quote: Quote) -> str:
    """A collation's name; the catalog reader puts its schema and a point before it unless it is the system's."""
    schema, point, rest = name.partition(".")
    return quote(Name(schema, rest)) if point and not rest.lower().startswith("utf") else f'"{name}"'
