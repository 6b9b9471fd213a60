"""An index of a partitioned table: on the parent alone, concurrently on each partition, then attached.

CREATE INDEX CONCURRENTLY is an error on a partitioned table, and without it writers of all partitions wait. The
parent's index is INVALID until the last partition's is attached (manual, 5.12.2.2, and CREATE INDEX). Each of the steps
can be the last one of a run: the next goes on with what is missing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from schema_guard.dialects.postgresql.create_index import CONCURRENTLY, create_index
from schema_guard.dialects.postgresql.literals import literal
from schema_guard.dialects.postgresql.repair import probes
from schema_guard.dialects.postgresql.repair.context import Context
from schema_guard.dialects.postgresql.repair.index_cleanup import clear_away
from schema_guard.difference import IndexInvalid, IndexMissing
from schema_guard.name_length import LONGEST_NAME, cut_name, name_bytes
from schema_guard.need import Need
from schema_guard.plan import Hazard, Lock, Locked, Phase, Step
from schema_guard.schema import Name, Table
from schema_guard.table_facts import Partition

__all__ = ["build_on_partitions"]


def build_on_partitions(
    difference: IndexMissing | IndexInvalid, name: Name, context: Context, requires: frozenset[Need]
) -> list[Step]:
    """The steps, or none when it cannot be done this way (a partition on another server, an index of other words).

    Args:
        difference: about the index of the partitioned table.
        name: the index's.
        context: this planning's facts.
        requires: what has to be there before.
    """
    live = context.live(difference.table)
    if (
        live is None
        or not difference.index.definition
        or not live.facts.partitions
        or any(part.foreign for part in live.facts.partitions)
    ):
        return []
    steps = list(_Recipe(difference, name, live, context, requires).steps())
    last = steps.pop()
    return [*steps, replace(last, resolves=(difference.key,))]


@dataclass(frozen=True, slots=True)
class _Recipe:
    difference: IndexMissing | IndexInvalid
    name: Name
    live: Table
    context: Context
    requires: frozenset[Need]

    def steps(self) -> Iterator[Step]:
        yield self._alone(self.live.name, self.name, frozenset())
        yield from self._below(self.live.name, self.name)

    def _below(self, parent: Name, parent_index: Name) -> Iterator[Step]:
        for part in self.live.facts.partitions:
            if part.parent != parent:
                continue
            own = Name(part.name.schema, _name_on(part, self.name.name))
            if part.partitioned:
                yield self._alone(part.name, own, frozenset({Need.index(parent_index)}))
                yield from self._below(part.name, own)
            else:
                yield self._concurrently(part.name, own, parent_index)
            yield self._attach(parent, parent_index, part.name, own)

    def _create(self, table: Name, own: Name, how: str = "", *, only: bool = False) -> str:
        index = replace(self.difference.index, name=own.name)
        return create_index(index, table, self.context.quote, how, only=only)

    def _alone(self, table: Name, own: Name, requires: frozenset[Need]) -> Step:
        quote = self.context.quote
        key = self._lacks_key(table)
        return self.context.step(
            self.difference,
            "create-index",
            [self._create(table, own, only=True)],
            probes.name_free(quote(own)),
            Phase.INDEX,
            about=str(own),
            locks=(Locked(Lock.SHARE, table),),
            cost="brief lock; INVALID until every partition has its own",
            resolves=False,
            provides=frozenset({Need.index(own)}),
            requires=self.requires | requires,
            unless=key,
            unless_reason="a unique index of a partitioned table has to hold all columns of the partition key",
        )

    def _lacks_key(self, table: Name) -> str:
        """Whether the partition key has an expression, or a column that the unique index has not."""
        index = self.difference.index
        if not index.unique:
            return ""
        relation = literal(self.context.quote(table))
        names = ", ".join(literal(element.text) for element in index.elements if not element.is_expression)
        return (
            "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_partitioned_table p"
            " CROSS JOIN LATERAL pg_catalog.unnest(p.partattrs) AS k(number)"
            " LEFT JOIN pg_catalog.pg_attribute a ON a.attnum = k.number AND k.number > 0"
            f" AND a.attrelid = pg_catalog.to_regclass({relation})"
            f" WHERE p.partrelid = pg_catalog.to_regclass({relation})"
            f" AND (a.attname IS NULL OR a.attname <> ALL (ARRAY[{names}]::pg_catalog.name[])))"
        )

    def _concurrently(self, table: Name, own: Name, parent_index: Name) -> Step:
        quote = self.context.quote
        quoted, relation = quote(table), quote(own)
        taken = f"SELECT ({probes.name_taken(relation)}) AND NOT ({probes.index_invalid(quoted, relation)})"
        return self.context.step(
            self.difference,
            "create-index",
            [self._create(table, own, CONCURRENTLY)],
            f"SELECT NOT ({probes.index_valid(quoted, relation)})"
            f" AND NOT {probes.has_index_of(quote(parent_index), quoted)}",
            Phase.INDEX,
            about=str(own),
            locks=(Locked(Lock.SHARE_UPDATE_EXCLUSIVE, table),),
            cost="reads every row of the partition twice; readers and writers go on",
            hazards=(Hazard.SCANS, Hazard.NOT_TRANSACTIONAL),
            scans=True,
            transactional=False,
            blocking=[self._create(table, own)],
            resolves=False,
            provides=frozenset({Need.index(own)}),
            requires=frozenset({Need.index(parent_index)}),
            unless=taken,
            unless_reason=f"a relation named {own} already exists",
            undo_on_failure=clear_away(quoted, relation),
            work=self.context.read_twice(table),
        )

    def _attach(self, parent: Name, parent_index: Name, table: Name, own: Name) -> Step:
        quote = self.context.quote
        return self.context.step(
            self.difference,
            "attach-index",
            [f"ALTER INDEX {quote(parent_index)} ATTACH PARTITION {quote(own)}"],
            f"{probes.index_detached(quote(parent_index), quote(own))}"
            f" AND NOT {probes.has_index_of(quote(parent_index), quote(table))}",
            Phase.INDEX,
            about=str(own),
            locks=(Locked(Lock.ACCESS_SHARE, parent), Locked(Lock.ACCESS_SHARE, table)),
            cost="brief lock; ACCESS EXCLUSIVE on the partition's new index",
            resolves=False,
            requires=frozenset({Need.index(parent_index), Need.index(own)}),
        )


def _name_on(part: Partition, index: str) -> str:
    """The same in every run, so that the next one finds what this one built."""
    name = f"{index}_{part.name.name}"
    held = name_bytes(name)
    if len(held) <= LONGEST_NAME:
        return name
    return f"{cut_name(held, LONGEST_NAME - 13)}_{hashlib.sha256(held).hexdigest()[:12]}"
