"""Differences of whole tables, of their rows, and what could not be compared."""

from __future__ import annotations

from dataclasses import dataclass

from schema_guard.counted import counted
from schema_guard.denied import Denied, lacking
from schema_guard.difference.base import BaseDifference, Holder, held
from schema_guard.need import Need
from schema_guard.published import Published
from schema_guard.refused_write import UNANSWERED
from schema_guard.schema import Column, Fill, Name, Problem, Relation, Table
from schema_guard.unread import Unread

__all__ = [
    "BackfillPending",
    "CommentDiffers",
    "NotComparable",
    "NotEmittable",
    "PartitionMissing",
    "NotReadable",
    "PrivilegeMissing",
    "SettingUnfit",
    "RelationDiffers",
    "ReplicaIdentityUnfit",
    "TableMissing",
    "TableUnknown",
    "ViewDiffers",
    "ViewMissing",
    "WriteRefused",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMissing(BaseDifference):
    code = "table-missing"
    table: Table
    holder: Holder | None = None

    @property
    def object(self) -> str:
        return str(self.table.name)

    @property
    def makes(self) -> frozenset[Need]:
        return frozenset({Need.table(self.table.name)})

    @property
    def headline(self) -> str:
        columns = f" ({counted(len(self.table.columns), 'column')})" if self.table.columns else ""
        return f"table missing{columns}{held(self.holder)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewMissing(BaseDifference):
    """A view that a class is mapped on; no table is made in its place."""

    code = "view-missing"
    table: Table
    holder: Holder | None = None

    @property
    def makes(self) -> frozenset[Need]:
        return frozenset({Need.table(self.table.name)})

    @property
    def object(self) -> str:
        return str(self.table.name)

    @property
    def headline(self) -> str:
        return f"view missing ({counted(len(self.table.columns), 'column')}){held(self.holder)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewDiffers(BaseDifference):
    """A view whose query gives something else than the one that the models define."""

    code = "view-differs"
    table: Table

    @property
    def object(self) -> str:
        return str(self.table.name)

    @property
    def headline(self) -> str:
        return "view has another query than the models define"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableUnknown(BaseDifference):
    code = "table-unknown"
    name: Name

    @property
    def object(self) -> str:
        return str(self.name)

    @property
    def headline(self) -> str:
        return "table unknown to the models, left alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationDiffers(BaseDifference):
    """Something that is not a table (a view, a foreign table) bears an expected table's name, a materialized view
    holds no data yet, or a view or virtual table of SQLite cannot be read."""

    code = "relation-differs"
    table: Table
    actual: Relation
    populated: bool = True
    broken: str = ""
    """What SQLite says of it."""

    @property
    def object(self) -> str:
        return str(self.table.name)

    @property
    def makes(self) -> frozenset[Need]:
        return frozenset({Need.table(self.table.name)})

    @property
    def headline(self) -> str:
        if not self.populated:
            return f"the {self.actual} has not been populated"
        if self.broken:
            return f"the {self.actual} cannot be read: {self.broken}"
        return f"a {self.actual} stands where a {self.table.relation} is expected"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionMissing(BaseDifference):
    """A partitioned table without any partition that holds rows, or without one for some row of the models."""

    code = "partition-missing"
    table: Table
    actual: Table

    @property
    def object(self) -> str:
        return str(self.table.name)

    @property
    def headline(self) -> str:
        if any(not partition.partitioned for partition in self.actual.facts.partitions):
            return "partitioned, and it has no partition for some rows"
        return "partitioned, and it has no partition"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaIdentityUnfit(BaseDifference):
    """A publication for which the server refuses to change the table's rows: it could not tell them apart."""

    code = "replica-identity-unfit"
    table: Table
    published: Published

    @property
    def object(self) -> str:
        return str(self.table.name)

    @property
    def identity(self) -> str:
        member = self.published.member
        return f"{self.object}:{self.published.publication}" + (f":{member}" if member != self.table.name else "")

    @property
    def headline(self) -> str:
        publication = f"publication {self.published.publication}"
        whose = "" if self.published.member == self.table.name else f" of {self.published.member}"
        match self.published.reason:
            case "filter":
                return f"the row filter of {publication} needs columns that are not in the replica identity{whose}"
            case "list":
                return f"the column list of {publication} lacks columns of the replica identity{whose}"
            case "generated":
                return f"{publication} does not publish a generated column of the replica identity{whose}"
        what = " and ".join([*["updates"] * self.published.updates, *["deletes"] * self.published.deletes])
        without = f"{self.published.member} has no replica identity" if whose else "no replica identity"
        return f"{without}, and {publication} publishes its {what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivilegeMissing(BaseDifference):
    """What the connected role may not do with some tables: the same with each."""

    code = "privilege-missing"
    role: str
    words: tuple[str, ...]
    tables: tuple[tuple[Table, tuple[Denied, ...]], ...]

    @property
    def object(self) -> str:
        return f"role {self.role}"

    @property
    def identity(self) -> str:
        return f"{self.role}:{'+'.join(self.words)}"

    @property
    def headline(self) -> str:
        return lacking(self.tables[0][1], [str(table) for table, _ in self.tables])


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingUnfit(BaseDifference):
    """Under a setting of the connection, or in the server's present state, statements of the application fail."""

    code = "setting-unfit"
    setting: str
    said: str
    advice: str

    @property
    def object(self) -> str:
        return self.setting

    @property
    def headline(self) -> str:
        return self.said


_REFUSED = {
    "function": "a trigger calls what is not there",
    "number": "AUTOINCREMENT has no number left: the highest key that there is was given",
    "parent": "a foreign key refers to a table that is not there",
    "end": "policies or rules refer to each other without end",
    "code": "a function that is called for it names what is not there",
    "right": "a privilege on what it reads or writes is missing",
    "rows": "it reads a materialized view that has no data yet",
    UNANSWERED: "it is not known whether it works",
}
"""By what is lacking, as RefusedWrite has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRefused(BaseDifference):
    """The database cannot prepare a statement of the application: a trigger or a foreign key leads to what is not there
    (SQLite); a view, a policy or a rule to what is not there, or may not be read (PostgreSQL)."""

    code = "write-refused"
    table: Table
    message: str
    lacks: str
    """As RefusedWrite has it."""
    remedy: tuple[str, ...] = ()
    """As RefusedWrite has it."""

    @property
    def object(self) -> str:
        return str(self.table.name)

    @property
    def identity(self) -> str:
        return f"{self.object}:{self.message}"

    @property
    def headline(self) -> str:
        if self.lacks in _REFUSED:
            return _REFUSED[self.lacks]
        cause = "a foreign key" if self.lacks == "key" else "a trigger or a foreign key"
        return f"{cause} leads to what is not there"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentDiffers(BaseDifference):
    code = "comment-differs"
    table: Table
    column: Column | None = None
    actual: str | None = None

    @property
    def expected(self) -> str | None:
        return self.column.comment if self.column else self.table.comment

    @property
    def object(self) -> str:
        return f"{self.table.name}.{self.column.name}" if self.column else str(self.table.name)

    @property
    def headline(self) -> str:
        return "comment missing" if self.actual is None else "comment differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotComparable(BaseDifference):
    code = "not-comparable"
    subject: str
    what: str
    expected: str
    actual: str
    reason: str
    table: Table | None = None

    @property
    def object(self) -> str:
        return self.subject

    @property
    def identity(self) -> str:
        return f"{self.subject}:{self.what}"

    @property
    def headline(self) -> str:
        return f"{self.what} not comparable ({self.reason}): {self.actual} / {self.expected}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReadable(BaseDifference):
    """A table whose definitions the server cannot write out now: somebody holds it, or one of them is broken."""

    code = "not-readable"
    table: Table
    unread: Unread

    @property
    def object(self) -> str:
        return str(self.table.name)

    @property
    def headline(self) -> str:
        return f"could not be read: {self.unread.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotEmittable(BaseDifference):
    """The models hold something that SQLAlchemy or this database cannot express."""

    code = "not-emittable"
    problem: Problem

    @property
    def object(self) -> str:
        return self.problem.object

    @property
    def headline(self) -> str:
        return self.problem.message


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillPending(BaseDifference):
    """Rows whose declared columns can be filled in from a related table."""

    code = "backfill-pending"
    by_rows = True
    table: Table
    fill: Fill

    @property
    def object(self) -> str:
        return f"{self.table.name}({', '.join(self.fill.columns)})"

    @property
    def identity(self) -> str:
        return f"{self.object} from {self.fill.source}"

    @property
    def headline(self) -> str:
        return f"rows can be filled from {self.fill.source}"
