"""A guard for the part of a database that one revision speaks of."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from schema_guard.compare.all_missing import everything
from schema_guard.dialects.base import Dialect, Facts, Session
from schema_guard.difference import (
    ColumnUnknown,
    CommentDiffers,
    Difference,
    EnumValueUnknown,
    PrimaryKeyDiffers,
    RenameSuspected,
    TableMissing,
    TableUnknown,
)
from schema_guard.difference.columns import OfColumn
from schema_guard.guard import Guard
from schema_guard.plan import Plan, Policy, Survey
from schema_guard.planner import make_plan
from schema_guard.report import ServerInfo
from schema_guard.revision.run.fragment import Fragment, Scope
from schema_guard.schema import Name, Schema
from schema_guard.sources.sqlalchemy.writer import Writer

__all__ = ["Part"]


class Part(Guard):
    """Args:
    fragment: what the revision expects.
    policy: what may be done beyond the defaults.
    """

    _logged = False
    """The revision logs what it does, as Alembic has it; what remains is no verdict on the application."""

    def __init__(self, fragment: Fragment, policy: Policy | None = None) -> None:
        super().__init__(fragment.metadata, policy=policy, name="revision")
        self._fragment = fragment
        self._scope: Scope | None = None
        self.absent: dict[Name, None] = {}
        """Tables that are not there and that the revision does not create."""

    def offline(self, dialect: Dialect) -> Plan:
        """Steps for whatever database they meet, by their probes."""
        expected = self._expected(dialect)
        differences = self._concerned(everything(expected))
        facts, survey = Facts(ServerInfo(dialect.name, "", "")), Survey()
        repairs = dialect.repair(differences, expected, Schema(), facts, survey, self.policy)
        return make_plan(repairs, differences, survey)

    def expected(self, dialect: Dialect) -> Schema:
        """What the revision expects, in a dialect's words."""
        return self._expected(dialect)

    @property
    def created(self) -> frozenset[Name]:
        """Tables that the revision creates as a whole."""
        assert self._scope is not None
        return self._scope.complete

    def _alone(self, session: Session, wait: float) -> AbstractContextManager[None]:  # noqa: ARG002
        """Whoever runs Alembic may hold the guard's lock already; each step asks again whether it is needed."""
        return nullcontext()

    def _expected(self, dialect: Dialect) -> Schema:
        writer = Writer(dialect)
        self._scope = self._fragment.scope(writer)
        return self._fragment.narrowed(super()._expected(dialect), writer)

    def _concerned(self, differences: tuple[Difference, ...]) -> tuple[Difference, ...]:
        scope = self._scope
        assert scope is not None
        self.absent = {}
        return tuple(difference for difference in differences if self._is_meant(difference, scope))

    def _is_meant(self, difference: Difference, scope: Scope) -> bool:
        match difference:
            case TableUnknown() | ColumnUnknown() | EnumValueUnknown() | RenameSuspected():
                return False
            case TableMissing(table=table):
                if table.name not in scope.complete:
                    self.absent[table.name] = None
                return table.name in scope.complete
            case PrimaryKeyDiffers(table=table):
                return table.name in scope.keyed
            case CommentDiffers(table=table, column=column) if column is not None:
                kinds = scope.altered.get((table.name, column.name))
                return kinds is None or CommentDiffers in kinds
            case OfColumn(table=table, column=column):
                kinds = scope.altered.get((table.name, column.name))
                return kinds is None or type(difference) in kinds
            case _:
                return True
