"""What every repair may know, and how it words a step. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol, TypeAlias

from schema_guard.dialects.base import Facts
from schema_guard.dialects.postgresql.catalog_words import without_schema
from schema_guard.dialects.postgresql.literals import literal
from schema_guard.dialects.postgresql.repair import probes
from schema_guard.dialects.postgresql.repair.naming import chosen
from schema_guard.dialects.postgresql.repair.sizes import large, round_above
from schema_guard.dialects.stands_on import columns_under
from schema_guard.dialects.survey import ROW_SECURITY
from schema_guard.dialects.violators import Violators, mentions, tables_read, violators_of
from schema_guard.difference import BackfillPending, Difference, Impact, TableMissing, ViewMissing
from schema_guard.names import in_quotes
from schema_guard.need import Kind, Need
from schema_guard.plan import (
    CHANGE_OR_REMOVE,
    INSTANT,
    Batches,
    Hazard,
    Lock,
    Locked,
    Noun,
    Phase,
    Policy,
    Refusal,
    Rejection,
    Step,
    Survey,
    Urgency,
)
from schema_guard.schema import NO_TYPE, Fill, Name, Relation, Schema, Table, Type, TypeKind

__all__ = ["Context", "Repairs"]

Repairs: TypeAlias = list[Step | Refusal]


WORTH_TELLING = 1000
"""Estimated rows from which on a step's cost names the table's size."""


class Quoting(Protocol):
    """What the repairs need of the dialect."""

    def quote(self, name: Name | str) -> str: ...
    def identifier(self, name: str) -> str: ...


SYSTEM = "pg_catalog."
"""What leads past a function of the same name on the search_path."""

HIDDEN = (
    f"{ROW_SECURITY} that stand in the way: run it as a role that sees them all"
    " (BYPASSRLS, or the owner without FORCE ROW LEVEL SECURITY)"
)


@dataclass(frozen=True)
class Context:
    """One planning's facts.

    Offline (no server: `facts.version` is 0) nothing is known of the live side, so every step has to hold on a table
    that is missing, empty or full, by its probe and its `unless`.
    """

    differences: Sequence[Difference]
    expected: Schema
    actual: Schema
    facts: Facts
    survey: Survey
    policy: Policy
    dialect: Quoting
    given: dict[tuple[str, str | None, str, str], str] = field(default_factory=dict)
    """Names that `name_for` gave in this planning."""
    given_in: dict[str | None, set[str]] = field(default_factory=dict)
    """The same by the schema."""
    taken: dict[str | None, frozenset[str]] = field(default_factory=dict)
    """By schema, what `taken_names` found: a plan for many new tables asks for each."""

    @cached_property
    def _fills(self) -> tuple[Fill, ...]:
        return tuple(other.fill for other in self.differences if isinstance(other, BackfillPending))

    @cached_property
    def _types(self) -> Mapping[str, Sequence[Name]]:
        """The enums and domains of the models, by their names without schema."""
        found: dict[str, list[Name]] = {}
        names = [*(enum.name for enum in self.expected.enums), *(domain.name for domain in self.expected.domains)]
        for name in dict.fromkeys(names):
            found.setdefault(name.name, []).append(name)
        return found

    @property
    def offline(self) -> bool:
        return self.facts.version == 0

    @property
    def quote(self) -> Callable[[Name | str], str]:
        return self.dialect.quote

    def at_least(self, major: int) -> bool:
        """Whether the server is known to be of this major version or later."""
        return self.facts.version >= major * 10000

    def told(self, text: str) -> str:
        """What the server says of an object, as a sentence writes it."""
        return without_schema(text, self.facts.default_schema)

    def live(self, table: Table) -> Table | None:
        return self.actual.table(table.name)

    def shape(self, table: Table) -> Table:
        """The live table; offline the expected one stands for it."""
        return self.live(table) or table

    def created(self, table: Table) -> bool:
        """Whether this very plan creates the table."""
        return not self.offline and self.live(table) is None

    def empty(self, table: Table) -> bool:
        """Whether the table is known to hold no row."""
        return not self.offline and not self.survey.has_rows(table.name)

    def small(self, table: Table) -> bool:
        """Whether the policy lets the table be rewritten or locked for as long as reading it takes."""
        if self.empty(table):
            return True
        if self.shape(table).facts.row_security:
            return False  # `too_many` could not count them
        # Of a table that was never analyzed nothing is known: then `too_many` decides, just before the step.
        rows = self.shape(table).facts.rows_estimate or 0
        return not self.offline and self.policy.rewrite_below > 0 and rows <= self.policy.rewrite_below

    def allowance(self, table: Table) -> str:
        """The end of a refusal for a table's size: which setting would let apply do it, with a number that suffices."""
        if self.shape(table).facts.row_security:
            return ""
        estimate = self.shape(table).facts.rows_estimate or 0
        rows = max(self.survey.counted.get(table.name, 0), int(estimate))
        held = f"{rows} row{'' if rows == 1 else 's'}"
        return f"; with rewrite_below = {round_above(rows)} apply does it (the table holds {held})" if rows else ""

    def too_many(self, table: Table) -> str:
        """Asks whether the table holds more rows than `small` meant."""
        limit = 0 if self.empty(table) or self.offline else self.policy.rewrite_below
        if limit == 0:
            return f"SELECT EXISTS (SELECT 1 FROM {self.quote(table.name)})"
        return probes.more_rows_than(limit, self.quote(table.name))

    def partitioned(self, table: Table) -> bool:
        return self.shape(table).relation is Relation.PARTITIONED

    def read_twice(self, table: Name) -> str:
        """How many bytes it takes to read the table twice, as CREATE INDEX CONCURRENTLY does."""
        name = literal(self.quote(table))
        return f"SELECT 2 * pg_catalog.pg_relation_size(pg_catalog.to_regclass({name}))"

    def reads(self, table: Table, then: str = "readers and writers go on") -> str:
        """What reading a table costs: `reads every row (2 M rows, 310 MB); readers and writers go on`."""
        return f"{Hazard.SCANS}{self.extent(table.name)}; {then}"

    def extent(self, table: Name) -> str:
        """` (2 M rows, 310 MB)` by the server's own estimate; empty when it is small or was never analyzed."""
        live = self.actual.table(table)
        rows, size = (live.facts.rows_estimate or 0, live.facts.bytes_estimate) if live else (0, 0)
        return f" ({large(rows)} rows, {large(size)}B)" if rows >= WORTH_TELLING and size > 0 else ""

    def rejection(self, table: Table, noun: Noun) -> Rejection | None:
        """What the server does not know of a definition of the models."""
        known = self.survey.rejections
        return known.get((table.name, noun)) if known else None  # the hash of a definition takes long

    def violators(self, difference: Difference, table: Table) -> Violators | None:
        """The rows in the way, asked for when all columns are there: the live ones and those that the plan adds."""
        wanted = self.expected.table(table.name)
        added = [column for column in wanted.columns if table.column(column.name) is None] if wanted else []
        return violators_of(difference, replace(table, columns=(*table.columns, *added)), self.quote, SYSTEM)

    def hidden(self, difference: Difference) -> bool:
        """Whether row-level security may hide rows that decide about a difference of a table that is there."""
        own = difference.table_name
        if own is None or self.actual.table(own) is None:
            return False
        tables = (self.actual.table(name) for name in tables_read(difference))
        return any(table is not None and table.facts.row_security for table in tables)

    def hindrance(self, difference: Difference, plural: str, singular: str, remedy: str) -> Refusal | None:
        """A refusal when the rows are known to be in the way and nothing in this plan fixes them.

        Args:
            plural, singular, remedy: as `Evidence.said` takes them.
        """
        evidence = self.survey.evidence.get(difference.key)
        if self.hidden(difference):
            advice = (f"{evidence.query};",) if evidence is not None else ()
            return Refusal(difference, HIDDEN, advice)
        if evidence is None or not evidence.count or self._will_be_filled(difference):
            return None
        return Refusal(difference, evidence.said(plural, singular, remedy), (f"{evidence.query};",))

    def duplicates(self, difference: Difference, elements: Iterable[str]) -> Refusal | None:
        """A refusal when rows are known that a unique index on these elements would keep apart."""
        shared = ", ".join(elements)
        plural, singular = f"share their {shared} with another row", f"shares its {shared} with another row"
        return self.hindrance(difference, plural, singular, CHANGE_OR_REMOVE)

    def aside(self, name: Name) -> str:
        """A free name for what holds this one, quoted."""
        return self.quote(chosen(name.name, "", "old", self.taken_names(name.schema)))

    def with_children(self, locks: tuple[Locked, ...]) -> tuple[Locked, ...]:
        """The locks, and the same ones on the partitions of these tables or what inherits from them."""
        found = list(locks)
        for locked in locks:
            live = self.actual.table(locked.relation) if locked.relation else None
            found.extend(Locked(locked.lock, child) for child in (live.facts.children if live else ()))
        return tuple(dict.fromkeys(found))

    def take_back(self, table: Name, constraint: str) -> tuple[str, ...]:
        """Drops a constraint that this plan adds when a row that came in between makes its validation fail: NOT VALID
        it would go on to reject every UPDATE of that row. The first statement is an error once it is validated.
        """
        quoted = self.quote(table)
        unvalidated = probes.constraint_has(quoted, constraint, "NOT c.convalidated")
        return (
            f"SELECT 1 / ({unvalidated})::pg_catalog.int4 AS only_what_is_not_valid_is_dropped",
            f"ALTER TABLE {quoted} DROP CONSTRAINT {self.quote(constraint)}",
        )

    def _will_be_filled(self, difference: Difference) -> bool:
        return bool(self._filled(difference))

    def _filled(self, difference: Difference) -> frozenset[str]:
        """Those of the columns under a constraint into which a declared backfill fills values."""
        own = {column for fill in self._fills if fill.table == difference.table_name for column in fill.columns}
        return columns_under(difference) & own if own else frozenset()

    def after_rows(self, difference: Difference) -> frozenset[Need]:
        """A constraint comes after the backfill of its columns, unless no row is in its way: NOT VALID already binds
        every UPDATE of an unfit row."""
        evidence, table = self.survey.evidence.get(difference.key), difference.table_name
        if table is None or (evidence is not None and evidence.count == 0 and evidence.exact):
            return frozenset()
        return frozenset(Need.rows(table, column) for column in self._filled(difference))

    def mentioned(self, table: Table, *texts: str | None) -> frozenset[Need]:
        """The columns that the texts can refer to."""
        return frozenset(
            Need.column(table.name, column.name)
            for column in table.columns
            for text in texts
            if text and mentions(text, column.name)
        )

    def types_needed(self, type_: Type) -> frozenset[Need]:
        """The enum or domain of the models that a type is, or the type that nobody knows."""
        found = [name for name in self._types.get(type_.name, ()) if type_.schema in (None, name.schema)]
        if not found and type_.kind is TypeKind.UNKNOWN and type_ != NO_TYPE:
            return frozenset({Need.type(Name(None, type_.name))})
        return frozenset(Need.type(name) for name in found)

    def has_type(self, name: Name) -> bool:
        """Whether the server has a type of its own of that name."""
        return any((type_.schema, type_.name) == name for type_ in self.actual.types)

    def collation(self, name: str) -> str:
        """A collation as DDL writes it; its schema and a point stand before it unless it is the system's."""
        schema, point, rest = name.partition(".")
        of_schema = point and not rest.lower().startswith("utf")
        return self.quote(Name(schema, rest)) if of_schema else in_quotes(name)

    def sequences_needed(self, text: str | None) -> frozenset[Need]:
        """The sequences of the models that a default can refer to."""
        return frozenset(
            Need(Kind.SEQUENCE, sequence.name)
            for sequence in self.expected.sequences
            if text and mentions(text, sequence.name.name)
        )

    def taken_names(self, schema: str | None) -> frozenset[str]:
        """Every name of a relation or constraint in the schema, as far as the catalog was read."""
        if schema not in self.taken:
            names = {name for owner, name, _ in self.actual.names_taken if owner == schema}
            for table in (*self.actual.tables, *self.expected.tables):
                if table.name.schema == schema:
                    names.add(table.name.name)
                    names.update(name for name in _constraint_names(table) if name)
            self.taken[schema] = frozenset(names)
        return self.taken[schema]

    def name_for(self, difference: Difference, table: Name, columns: str, label: str, own: Collection[str] = ()) -> str:
        """A name for what the models leave unnamed: free, and given to nothing else in this planning.

        Args:
            own: names that it may have although they are taken.
        """
        place = (difference.key, table.schema, columns, label)
        if place not in self.given:
            given = self.given_in.setdefault(table.schema, set())
            below = self.survey.names_below.get(table, frozenset())  # in whichever schema
            taken = self.taken_names(table.schema) - set(own) | given | below
            self.given[place] = chosen(table.name, columns, label, taken)
            given.add(self.given[place])
        return self.given[place]

    def step(
        self,
        difference: Difference,
        verb: str,
        statements: Sequence[str],
        probe: str,
        phase: Phase,
        *,
        about: str = "",
        lock: Lock = Lock.ACCESS_EXCLUSIVE,
        locks: tuple[Locked, ...] | None = None,
        why: str = "",
        cost: str = INSTANT,
        hazards: tuple[Hazard, ...] = (),
        scans: bool = False,
        rewrites: bool = False,
        transactional: bool = True,
        blocking: Sequence[str] = (),
        repeat: bool = False,
        batches: Batches | None = None,
        work: str = "",
        resolves: bool = True,
        provides: frozenset[Need] = frozenset(),
        requires: frozenset[Need] = frozenset(),
        after: frozenset[Need] = frozenset(),
        unless: str = "",
        unless_reason: str = "",
        undo_on_failure: tuple[str, ...] = (),
    ) -> Step:
        """A step of this difference; its `lock` is on the difference's table and what inherits from it, unless `locks`
        says otherwise. (What runs outside of a transaction, CREATE INDEX CONCURRENTLY, stays with one table.)

        `about` names the object when it is not the difference's own: two differences may ask for the same step.
        """
        table = difference.table_name
        if locks is None:
            locks = (Locked(lock, table),) if table else ()
            locks = self.with_children(locks) if transactional else locks
        return Step(
            id=f"{verb} {about or difference.object}",
            statements=tuple(statements),
            probe=probe,
            phase=phase,
            urgency=Urgency.REQUIRED if difference.impact is Impact.BREAKS else Urgency.DEBT,
            locks=locks,
            why=why or difference.headline,
            resolves=(difference.key,) if resolves else (),
            answers=(difference,),
            object=about or difference.object,
            table=table,
            cost=cost,
            hazards=hazards,
            scans=scans,
            rewrites=rewrites,
            transactional=transactional,
            blocking=tuple(blocking),
            repeat=repeat,
            batches=batches,
            work=work,
            provides=provides,
            requires=requires | _table_needed(difference),
            after=after,
            unless=unless,
            unless_reason=unless_reason,
            undo_on_failure=undo_on_failure,
        )


def _table_needed(difference: Difference) -> frozenset[Need]:
    """Whatever is done to a table waits until it is there."""
    table = difference.table_name
    if table is None or isinstance(difference, TableMissing | ViewMissing):
        return frozenset()
    return frozenset({Need.table(table)})


def _constraint_names(table: Table) -> list[str | None]:
    names = [table.primary_key.name] if table.primary_key else []
    names += [unique.name for unique in table.uniques]
    names += [check.name for check in table.checks]
    names += [key.name for key in table.foreign_keys]
    names += [index.name for index in table.indexes]
    return names + [exclusion.name for exclusion in table.exclusions]
