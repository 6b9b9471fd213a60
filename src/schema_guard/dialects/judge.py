"""The rules of a dialect with what the database answered: what `compare` asks whether two things are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from schema_guard.dialects.base import Rules
from schema_guard.dialects.inquiry import Gives, Inquiry, Known, Placed, Question, SameQuery, Trial
from schema_guard.dialects.terms import ErrorWords, Verdict
from schema_guard.fit import Fit
from schema_guard.schema import Call, Column, Lack, Name, Table, Type

__all__ = ["Judge"]


@dataclass(frozen=True, slots=True)
class Judge:
    """Rules plus what the database answered. Collects what is still undecided in `open`."""

    rules: Rules
    answers: Mapping[Inquiry, Verdict] = field(default_factory=dict)
    open: list[Inquiry] = field(default_factory=list)

    @property
    def errors(self) -> ErrorWords:
        return self.rules.errors

    def expression(self, table: Name, expected: str, actual: str) -> Verdict:
        return self._settle(self.rules.same_expression(expected, actual), Question(expected, actual, table))

    def default(self, table: Name, expected: str, actual: str, type: Type, actual_type: Type) -> Verdict:
        """Two defaults as values of the expected type or, where the column has another one, of that."""
        verdict = self._default_as(table, expected, actual, type)
        if (type.name, type.kind) == (actual_type.name, actual_type.kind):
            return verdict
        verdicts = (verdict, self._default_as(table, expected, actual, actual_type))
        return next((each for each in (Verdict.EQUAL, Verdict.UNDECIDED) if each in verdicts), verdict)

    def _default_as(self, table: Name, expected: str, actual: str, type: Type) -> Verdict:
        return self._settle(
            self.rules.same_default(expected, actual, type), Question(expected, actual, table, cast=type.text)
        )

    def trial(self, trial: Trial) -> Verdict:
        return self._settle(Verdict.UNDECIDED, trial)

    def gives(self, table: Name, column: str, default: str, type: Type, *, refuses_null: bool = False) -> Verdict:
        sure = Verdict.EQUAL if self.rules.surely_gives(default, type) else Verdict.UNDECIDED
        return self._settle(sure, Gives(table, column, default, type.text, refuses_null))

    def placed(self, placed: Placed) -> Verdict:
        return self._settle(Verdict.UNDECIDED, placed)

    def known(self, table: Name, column: Column, call: Call, lack: Lack) -> Verdict:
        known = self.rules.knows(call.expression, column.type)
        return self._settle(Verdict.EQUAL if known else Verdict.UNDECIDED, Known(table, column.name, call, lack))

    def view(self, view: Name, query: str) -> Verdict:
        return self._settle(Verdict.UNDECIDED, SameQuery(view, query))

    def fit(self, expected: Column, actual: Column, table: Table) -> Fit:
        fit = self.rules.fit(expected, actual, table)
        if fit is not None:
            return fit
        match self._settle(Verdict.UNDECIDED, Question(expected.type.text, actual.type.text)):
            case Verdict.EQUAL:
                return Fit.SAME
            case Verdict.DIFFERENT:
                return Fit.INCOMPATIBLE
            case _:
                return Fit.UNKNOWN

    def _settle(self, verdict: Verdict, question: Inquiry) -> Verdict:
        if verdict is not Verdict.UNDECIDED:
            return verdict
        answer = self.answers.get(question)
        if answer is None:
            self.open.append(question)
            return Verdict.UNDECIDED
        return answer
