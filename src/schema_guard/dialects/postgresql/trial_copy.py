"""What is missing, tried on an empty copy of its table: what the server refuses there it refuses of the table, too.

The copy is a TEMP table of the same name with the columns that matter, in a transaction that is rolled back: nothing
lasts, and the table itself is not touched. Where none can be made (a hot standby, no privilege TEMP), and where the
server's answer may be another one by the time of the step, nothing is said.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from schema_guard.dialects.definitions import definitions_of, without_definition
from schema_guard.dialects.postgresql.conditions import collation_name
from schema_guard.dialects.postgresql.create_index import create_index
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.event_triggers import EventTrigger, accused
from schema_guard.dialects.postgresql.failures import DENIED, diagnose, extension_for, is_disconnect, without_values
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.lost_name import may_come
from schema_guard.dialects.postgresql.plain import is_plain
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.postgresql.trial_rows import inserts, is_computed, made_by, of_code
from schema_guard.dialects.postgresql.whole_row import of_whole_row
from schema_guard.dialects.violators import mentions
from schema_guard.difference import (
    DefaultDiffers,
    Difference,
    DomainMissing,
    EnumMissing,
    EnumValueMissing,
    SchemaMissing,
    SequenceMissing,
    TypeMissing,
)
from schema_guard.hidden import without_password
from schema_guard.plan import REFUSED, Definition, Noun, Rejection
from schema_guard.schema import Call, Column, Index, Name, Relation, Schema, Table, TypeKind

__all__ = ["CERTAIN", "OTHERS_NAME", "UNMADE", "refused"]

CERTAIN = ("42", "22", "0A", "54", "3F")
"""Classes of SQLSTATE that are about the statement itself (manual, appendix A)."""
OTHERS_NAME = frozenset({"42P07", "42710", "42701"})
"""Something has the name: on the copy that says nothing of the table."""
UNMADE = frozenset({"42P01", "42704", "3F000", "22P02", "42883"})
"""Something, or an enum's label, does not exist: the plan itself may make it first."""
MAKERS = (DomainMissing, EnumMissing, EnumValueMissing, SchemaMissing, SequenceMissing, TypeMissing)
METHODS = frozenset({"btree", "hash", "gist", "gin", "spgist", "brin"})
"""Another access method may refuse an index only because the table is a temporary one."""

_OTHER_STORAGE = re.compile(r"\n\s*(?:USING\s+(?!heap\b)|INHERITS\s*\()|\bPARTITION\s+OF\b", re.IGNORECASE)

Quote = Callable[[Name | str], str]


def refused(
    link: Link,
    differences: Sequence[Difference],
    actual: Schema,
    quote: Quote,
    known: Collection[Definition],
    timeout: float,
    triggers: Sequence[EventTrigger] = (),
) -> dict[Definition, Rejection]:
    """What the server refuses of the definitions that are missing.

    Args:
        link: a connection under the application's own search_path.
        differences: what compare found.
        actual: the live schema.
        quote: the dialect's quoting.
        known: definitions that are not tried, since it is known already that the server refuses them.
        timeout: seconds for each statement.
        triggers: event triggers, which may refuse the copy and not the table.

    Raises what the link raises.
    """
    unmade = any(isinstance(difference, MAKERS) for difference in differences)
    defaults = frozenset(difference.column for difference in differences if isinstance(difference, DefaultDiffers))
    coming = made_by(differences)
    defined: dict[Table, list[Noun]] = defaultdict(list)
    for table, noun in definitions_of(differences):
        defined[table].append(noun)
    tries: list[tuple[_Copy, list[Noun], list[Noun]]] = []
    for table, nouns in defined.items():
        without = [noun for noun in nouns if (table.name, noun) in known or of_whole_row(table, noun)]
        copy = _Copy(link, table, actual.table(table.name), quote, unmade, defaults, triggers, coming)
        if tried := copy.worth_trying([noun for noun in nouns if noun not in without]):
            tries.append((copy, tried, without))
    if not tries:
        return {}
    with link.trying(timeout):
        return {
            (copy.table.name, noun): rejection
            for copy, tried, without in tries
            for noun, rejection in copy.rejections(tried, without).items()
        }


_READ_ONLY = "SET LOCAL transaction_read_only = on"
"""For code that is said to change nothing: it draws no number from a sequence either. A temporary table is written."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """One table's copy, made as often as it is needed."""

    link: Link
    table: Table
    live: Table | None
    quote: Quote
    unmade: bool
    """The plan makes types or other objects that a definition may name."""
    defaults: frozenset[Column]
    """Columns that are there and get another default."""
    triggers: Sequence[EventTrigger]
    coming: frozenset[str]
    """Names of what the plan makes."""

    @property
    def name(self) -> str:
        return self.quote(Name("pg_temp", self.table.name.name))

    def worth_trying(self, nouns: Sequence[Noun]) -> list[Noun]:
        """Nothing where no server refuses any of them."""
        known = [noun for noun in nouns if not self._of_unknown_type(noun)]
        if self.live is None:
            options = not self.table.ddl.rstrip().endswith("\n)")
            return known if options or any(not is_plain(noun, self.table) for noun in known) else []
        partitioned = self.live.relation is Relation.PARTITIONED
        return [noun for noun in known if self._clause(noun) and (partitioned or not is_plain(noun, self.table))]

    def rejections(self, nouns: Sequence[Noun], without: Sequence[Noun]) -> dict[Noun, Rejection]:
        """Of these, which are worth trying; a new table is tried without some others."""
        tried = [noun for noun in nouns if self._clause(noun)]
        if self.live is None:
            return self._of_new_table(tried, without)
        _, found = self._failing(self._setup(tried), tried)
        if found and (other := self._setup([*found], as_wanted=True)) != self._setup([*found]):
            # A column that gets another type may make it right.
            _, again = self._failing(other, [*found])
            found = {noun: rejection for noun, rejection in found.items() if noun in again}
        computed = (noun for noun in tried if noun not in found and is_computed(noun))
        return found | {noun: rejection for noun in computed if (rejection := self._of_rows(noun)) is not None}

    def _of_rows(self, noun: Noun) -> Rejection | None:
        """What the server has against computing it for a row."""
        columns = self._named([noun])
        with self._undone():
            if self._made(*self._setup([noun])) or self._made(self._statement(noun)):
                return None
            if self.link.rows(query("volatile_functions", table=self.name))[0][0]:  # what it does may stay
                return None
            self.link.run(_READ_ONLY)
            if isinstance(noun, Column) and noun.default is not None:
                return self._of_code([f"SELECT ({noun.default}\n)"], whole=False, fails_now=self._fails_without(noun))
            return self._of_code(inserts(self.name, columns, self.quote) if columns else (), whole=True)

    def _fails_without(self, column: Column) -> bool:
        """Whether an INSERT that leaves the column out fails now: no default makes that worse."""
        live = self.live.column(column.name) if self.live is not None else None
        return live is not None and not live.nullable and live.default is None

    def _of_code(self, statements: Iterable[str], *, whole: bool, fails_now: bool = False) -> Rejection | None:
        """Whether one of them fails for what it calls; `fails_now`: it does no harm where the application's sessions
        lack what this one lacks."""
        for statement in statements:
            try:
                with self.link.savepoint():
                    self.link.run(statement)
            except DriverError as error:
                if is_disconnect(error):
                    raise
                diagnosis = diagnose(error)
                if of_code(diagnosis, self.coming) and not (fails_now and may_come(self.link, diagnosis, ())):
                    said = without_password(f"computing it for a row fails: {without_values(error)}")
                    return Rejection(said, REFUSED, "", advice=("correct what it calls, or the models",), whole=whole)
        return None

    def _of_new_table(self, nouns: Sequence[Noun], without: Sequence[Noun]) -> dict[Noun, Rejection]:
        """CREATE TABLE as a whole; where the server refuses it, which parts are at fault, and whether the rest does."""
        text = self._as_copy(self.table.ddl)
        for noun in without:
            text = text if text is None or isinstance(noun, Index) else without_definition(text, noun)
        if text is None or any(column.type.kind is TypeKind.UNKNOWN for column in self.table.columns):
            return {}
        indexes = [noun for noun in nouns if isinstance(noun, Index)]
        parts = [noun for noun in nouns if not isinstance(noun, Index)]
        whole, refused_indexes = self._failing([text], indexes)
        if whole is None or not whole.said:
            return refused_indexes
        _, found = self._failing([f"CREATE TEMP TABLE {self.name} ()"], parts)
        if not found:  # nothing by itself: one part beside the others
            alone = next((noun for noun in parts if self._will_do(without_definition(text, noun))), None)
            found = {alone: whole} if alone is not None else {}
        for noun in found:
            text = without_definition(text, noun) or text
        whole, refused_indexes = self._failing([text], indexes)
        if whole is not None and whole.said:
            return {**found, self.table: whole}
        return {**found, **refused_indexes}

    def _failing(self, setup: Sequence[str], nouns: Sequence[Noun]) -> tuple[Rejection | None, dict[Noun, Rejection]]:
        """What the server refuses on a copy that is made so; first, whether it refuses to make that."""
        with self._undone():
            refusal = self._made(*setup)
            if refusal is not None:
                return refusal, {}
            return None, self._halved(sorted(nouns, key=_order), set())

    def _halved(self, nouns: Sequence[Noun], lost: set[str]) -> dict[Noun, Rejection]:
        """All at once, which the server takes as a rule; else each half alone. `lost` gets columns that do not come."""
        if not nouns or self._all_at_once(nouns):
            return {}
        if len(nouns) == 1:
            return self._alone(nouns[0], lost)
        middle = len(nouns) // 2
        first = self._halved(nouns[:middle], lost)
        return {**first, **self._halved(nouns[middle:], lost)}

    def _alone(self, noun: Noun, lost: set[str]) -> dict[Noun, Rejection]:
        if any(mentions(self._clause(noun), name) for name in lost):
            return {}
        rejection = self._made(self._statement(noun), about=noun)
        if rejection is None:
            return {}
        if isinstance(noun, Column) and noun not in self.defaults:
            bare = self._made(f"ALTER TABLE {self.name} ADD COLUMN {self._bare(noun)}") if noun.ddl else rejection
            lost |= {noun.name} if bare is not None and noun.ddl else set()
            rejection = replace(rejection, whole=bare is not None or noun.default is None)
        return {noun: rejection} if rejection.said else {}

    def _all_at_once(self, nouns: Sequence[Noun]) -> bool:
        """Whether the server takes all of them, in one statement and one for each index."""
        clauses = [self._clause(noun) for noun in nouns if not isinstance(noun, Index)]
        statements = [f"ALTER TABLE {self.name} {', '.join(clauses)}"] if clauses else []
        statements += [self._statement(noun) for noun in nouns if isinstance(noun, Index)]
        return self._made(*statements) is None

    def _will_do(self, text: str | None) -> bool:
        with self._undone():
            return text is not None and self._made(text) is None

    def _made(self, *statements: str, about: Noun | None = None) -> Rejection | None:
        """None when the server takes them one after the other; else none of them is done."""
        try:
            with self.link.savepoint():
                for statement in statements:
                    self.link.run(statement)
        except DriverError as error:
            if is_disconnect(error):
                raise
            return self._judged(error, about)
        return None

    @contextmanager
    def _undone(self) -> Iterator[None]:
        self.link.run("SAVEPOINT schema_guard_copy")
        yield
        self.link.run("ROLLBACK TO SAVEPOINT schema_guard_copy")

    def _judged(self, error: DriverError, noun: Noun | None) -> Rejection:
        """What the server said; empty where it proves nothing."""
        state = diagnose(error).sqlstate
        other_method = isinstance(noun, Index) and noun.method not in METHODS and state.startswith("0A")
        proves = state.startswith(CERTAIN) and state not in OTHERS_NAME and not any(accused(error, self.triggers))
        if not proves or other_method or (self.unmade and state in UNMADE):
            return Rejection("", REFUSED, "")
        advice = extension_for(error)
        if state == DENIED and isinstance(noun, Column) and noun.type.schema is not None:
            advice = f"GRANT USAGE ON SCHEMA {self.quote(noun.type.schema)} TO ..;"
        said = without_password(f"the server refuses it: {without_values(error)}")
        return Rejection(said, REFUSED, "", advice=(advice or "correct it in the models",))

    def _statement(self, noun: Noun) -> str:
        return self._clause(noun) if isinstance(noun, Index) else f"ALTER TABLE {self.name} {self._clause(noun)}"

    def _clause(self, noun: Noun) -> str:
        """What follows ALTER TABLE, of an index the statement; empty where there is nothing to try."""
        match noun:
            case Column() if noun in self.defaults:
                column = self.quote(noun.name)
                return f"ALTER COLUMN {column} SET DEFAULT {noun.default}" if noun.default is not None else ""
            case Column(ddl=""):  # another type of a column that is there: whether the server has it at all
                return f"ADD COLUMN {self._bare(replace(noun, name=f'schema_guard_{noun.name}'))}"
            case Column(name=name, ddl=ddl):
                return "" if self.live is not None and self.live.column(name) is not None else f"ADD COLUMN {ddl}"
            case Index():
                return create_index(noun, Name("pg_temp", self.table.name.name), self.quote) if noun.definition else ""
            case Table() | Call():
                return ""
            case _:
                return f"ADD {noun.ddl}"

    def _of_unknown_type(self, noun: Noun) -> bool:
        clause = self._clause(noun)
        there = (*(self.live.columns if self.live is not None else ()), *self.table.columns)
        return any(column.type.kind is TypeKind.UNKNOWN and mentions(clause, column.name) for column in there)

    def _setup(self, nouns: Sequence[Noun], *, as_wanted: bool = False) -> list[str]:
        """The copy with the live columns that the definitions name, and those of the models that are not tried now."""
        partitioned = self._partitioned()
        columns = self._named(nouns, partitioned, as_wanted=as_wanted)
        return [f"CREATE TEMP TABLE {self.name} ({', '.join(map(self._bare, columns))}){partitioned}"]

    def _named(self, nouns: Sequence[Noun], more: str = "", *, as_wanted: bool = False) -> list[Column]:
        assert self.live is not None
        added = {noun.name for noun in nouns if isinstance(noun, Column) and noun not in self.defaults}
        others = [column for column in self.table.columns if column.name not in added]
        columns = {column.name: column for column in (*others, *self.live.columns)}
        if as_wanted:
            columns.update((column.name, column) for column in others)
        texts = [more, *map(self._clause, nouns)]
        return [column for name, column in columns.items() if any(mentions(text, name) for text in texts)]

    def _partitioned(self) -> str:
        """A key of a partitioned table has to hold its partition key."""
        if self.live is None or self.live.relation is not Relation.PARTITIONED:
            return ""
        rows = self.link.rows(f"SELECT pg_catalog.pg_get_partkeydef({self.live.facts.oid})")
        return f" PARTITION BY {rows[0][0]}" if rows and rows[0][0] else ""

    def _bare(self, column: Column) -> str:
        collate = f" COLLATE {collation_name(column.collation, self.quote)}" if column.collation else ""
        return f"{self.quote(column.name)} {column.type.text}{collate}"

    def _as_copy(self, create: str) -> str | None:
        """CREATE TABLE, of the copy; None where a temporary table may be another matter."""
        if _OTHER_STORAGE.search(create):
            return None
        head = re.compile(
            rf"\s*CREATE\s+(?:[A-Z]+\s+)*?TABLE\s+{re.escape(self.quote(self.table.name))}\s*(?=\()", re.I
        )
        found = head.match(create)
        return f"CREATE TEMP TABLE {self.name} {create[found.end() :]}" if found is not None else None


def _order(noun: Noun) -> int:
    """What others may refer to comes first."""
    match noun:
        case Column(generated=None):
            return 0
        case Column():
            return 1
        case Index():
            return 3
        case _:
            return 2
