"""Which objects are guarded: what is excluded is taken out of the expectation, here and nowhere else. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from schema_guard.difference import (
    ColumnUnknown,
    Difference,
    IndexInvalid,
    ObjectUnknown,
    RenameSuspected,
    TableUnknown,
)
from schema_guard.errors import ConfigurationError
from schema_guard.names import HISTORY_TABLE, DefaultSchema, Name
from schema_guard.pattern import nearest
from schema_guard.schema import Column, Problem, Schema, Table
from schema_guard.selector import Selector

__all__ = ["Guarded", "LeftOut", "Scope"]

Part: TypeAlias = Literal["column", "index", "constraint"]

TOOLS = ("alembic_version", "django_migrations", "spatial_ref_sys", "sqlite_sequence", HISTORY_TABLE)
"""Tables that the guard does not show anyway: to exclude them as well is no mistake."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An object of the models that is not guarded."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Scope:
    """The patterns; without any, and where the models exclude nothing themselves, all is guarded."""

    include: tuple[Selector, ...] = ()
    exclude: tuple[Selector, ...] = ()
    elsewhere: tuple[Selector, ...] = ()
    """What other guards of the application look after in the same database: no part of this one, and not unknown."""
    others: tuple[Name, ...] = ()
    """Tables of the application's other databases, or of its other release, which `include` may name as well."""

    @property
    def narrows(self) -> bool:
        """Whether something of the models may be left out."""
        return bool(self.include or self.exclude)

    def over(self, other: Scope) -> Scope:
        """Both: all that either excludes; what this one includes, if it says so, else what the other one does."""
        exclude, elsewhere = (*self.exclude, *other.exclude), (*self.elsewhere, *other.elsewhere)
        others = tuple(dict.fromkeys((*self.others, *other.others)))
        include = self.include or other.include
        return Scope(include, tuple(dict.fromkeys(exclude)), tuple(dict.fromkeys(elsewhere)), others)

    def guarded(self, expected: Schema, default: str | None) -> Guarded:
        """What of the expectation is guarded. `default` is the schema that a name without one means."""
        return Guarded.of(self, expected, default)


@dataclass(frozen=True, slots=True)
class Guarded:
    """What is guarded of one expectation."""

    scope: Scope
    default: str | None
    whole: Schema
    expected: Schema
    """Without what is left out."""
    left_out: tuple[LeftOut, ...]

    @classmethod
    def of(cls, scope: Scope, whole: Schema, default: str | None) -> Guarded:
        """Take out what is excluded, and what only that needs."""
        names = _Names(scope, default)
        tables = [each for each in whole.tables if not names.out(each)]
        kept = [names.narrowed(each) for each in tables]
        if tables == list(whole.tables) and kept == tables and not scope.narrows:
            return cls(scope, default, whole, whole, ())
        parts = [each for table in tables for each in names.parts_out(table)]
        unused = _types(whole.tables, whole) - _types(kept, whole)
        taken = _sequences(whole.tables) - _sequences(kept)
        gone = frozenset(table.name for table in whole.tables) - frozenset(table.name for table in kept)
        fills = (each for each in whole.fills if gone.isdisjoint((each.table, each.source)))
        lost = {
            (table.name, column.name) for table in tables for column in table.columns if names.column_out(table, column)
        }
        expected = replace(
            whole,
            tables=tuple(kept),
            enums=tuple(each for each in whole.enums if each.name not in unused and not names.has("type", each.name)),
            domains=tuple(
                each for each in whole.domains if each.name not in unused and not names.has("type", each.name)
            ),
            sequences=tuple(
                each for each in whole.sequences if each.name not in taken and not names.has("sequence", each.name)
            ),
            fills=tuple(each for each in fills if lost.isdisjoint(each.needs)),
            problems=tuple(each for each in whole.problems if not names.problem_out(each, gone)),
        )
        expected = replace(expected, schemas=tuple(each for each in whole.schemas if each in _schemas(expected)))
        named = [LeftOut(_kind(each), names.shown(each.name)) for each in whole.tables if each.name in gone]
        others: tuple[tuple[str, Sequence[Any], Sequence[Any]], ...] = (
            ("type", (*whole.enums, *whole.domains), (*expected.enums, *expected.domains)),
            ("sequence", whole.sequences, expected.sequences),
        )
        for kind, before, after in others:
            own = {each.name for each in after}
            named += [LeftOut(kind, names.shown(each.name)) for each in before if each.name not in own]
        return cls(scope, default, whole, expected, (*named, *parts))

    @property
    def to_inspect(self) -> Schema:
        """The expectation, and the tables that are left out by name alone: foreign keys may refer to them, and they are
        not unknown."""
        own = {table.name for table in self.expected.tables}
        bare = (Table(table.name, relation=table.relation) for table in self.whole.tables if table.name not in own)
        return replace(self.expected, tables=(*self.expected.tables, *bare))

    def concerns(self, difference: Difference) -> bool:
        """Whether it is about something that is guarded; of what the models expect only that is left by now."""
        names = _Names(self.scope, self.default)
        match difference:
            case TableUnknown(name=name):
                return not names.excluded("table", name)
            case ColumnUnknown(table=table, column=column):
                whole = self.whole.table(table.name)
                ignored = whole is not None and (own := whole.column(column.name)) is not None and own.ignored
                return not ignored and not names.part("column", table.name, column.name)
            case ObjectUnknown(table=table, kind=kind, name=name):
                part = "index" if "index" in kind.lower() else "constraint"
                return not (names.part(part, table.name, name) or self._on_column_left_out(difference, names))
            case IndexInvalid(table=table, actual=actual):
                return not names.part("index", table.name, actual.name)
            case RenameSuspected(unknown=unknown):
                return self.concerns(unknown)
            case _:
                return True

    def _on_column_left_out(self, unknown: ObjectUnknown, names: _Names) -> bool:
        """Whether it stands on a column that is left out, like what the models themselves say of that column."""
        if unknown.kind in ("trigger", "rule"):
            return False
        whole = self.whole.table(unknown.table.name)
        columns = whole.columns if whole is not None else ()
        ignored = {column.name for column in columns if column.ignored}
        own = unknown.definition.partition(") to ")[0]  # of a foreign key its own columns, not those of the other table
        return any(
            word in ignored or names.part("column", unknown.table.name, word) for word in re.findall(r"\w+", own)
        )

    def with_absent(self, actual: Schema) -> Schema:
        """What was inspected, with the tables that are left out and not there: what refers to them cannot be made."""
        there = {table.name for table in (*actual.tables, *self.expected.tables)}
        absent = tuple(table.name for table in self.whole.tables if table.name not in there)
        return replace(actual, absent_tables=absent) if absent else actual

    def seen(self, actual: Schema) -> Schema:
        """What of the tables that the models don't know is guarded, for signs that it is the wrong database."""
        names = _Names(self.scope, self.default)
        unknown = tuple(each for each in actual.unknown_tables if not names.excluded("table", each))
        return replace(actual, unknown_tables=unknown)

    def refuse_misnamed(self) -> None:
        """Raises ConfigurationError: what shall be included is none of the models, so that less is guarded than was
        meant, perhaps nothing."""
        if not self.scope.include:
            return
        names = _Names(self.scope, self.default)
        tables = {each.name for each in self.whole.tables}
        written = [names.written(each) for each in (*tables, *self.scope.others)]
        written += [(problem.object, problem.object.rpartition(".")[0]) for problem in self.whole.problems]
        schemas = {str(each.schema or self.default or "") for each in (*tables, *self.scope.others)}
        for each in self.scope.include:
            known = [(schema,) for schema in schemas] if each.kind == "schema" else written
            if any(each.chooses(each.kind or "table", ways) for ways in known):
                continue
            what = "schema" if each.kind == "schema" else "table"
            said = _nearest(each, (way for ways in known for way in ways))
            raise ConfigurationError(
                f"include '{each}'{_place(each)}: the models have no {what} of this name, so it would guard none{said}"
            )

    def idle(self, actual: Schema) -> Iterator[str]:
        """A line for each pattern of `exclude` that chooses nothing of the models or of the database."""
        if not self.scope.exclude:
            return
        known: dict[str, dict[str, None]] = {}
        names = _Names(self.scope, self.default)
        for kind, written in names.all_of(self.whole, actual):
            known.setdefault(kind, {}).update(dict.fromkeys(written))
        for each in self.scope.exclude:
            kinds = [kind for kind in known if each.chooses(kind, known[kind])]
            if kinds or each.chooses("table", TOOLS):
                continue
            said = _nearest(each, (name for kind in known if each.kind in ("", kind) for name in known[kind]))
            yield f"exclude '{each}'{_place(each)}: nothing in the models or in their schemas has this name{said}"


@dataclass(frozen=True, slots=True)
class _Names:
    """How names are written, and which of them the patterns choose."""

    scope: Scope
    default: str | None

    def written(self, name: Name) -> tuple[str, ...]:
        """The ways to write it: without the default schema, and with it."""
        schema = name.schema or self.default
        short = not name.schema or isinstance(name.schema, DefaultSchema) or name.schema == self.default
        full = (f"{schema}.{name.name}",) if schema else ()
        return (name.name, *full) if short else full

    def shown(self, name: Name) -> str:
        return self.written(name)[0]

    def _of_part(self, table: Name, name: str) -> tuple[str, ...]:
        return (name, *(f"{each}.{name}" for each in self.written(table)))

    def has(self, kind: str, name: Name) -> bool:
        """Whether an object with a name of its own is excluded."""
        schema = name.schema or self.default
        in_schema = schema is not None and any(each.chooses("schema", (str(schema),)) for each in self.scope.exclude)
        own = (*self.scope.exclude, *self.scope.elsewhere)
        return in_schema or any(each.chooses(kind, self.written(name)) for each in own)

    def excluded(self, kind: str, name: Name) -> bool:
        """The same, or it is not among what is included."""
        schema = str(name.schema or self.default or "")
        chosen = (
            each.chooses(kind, self.written(name)) or each.chooses("schema", (schema,)) for each in self.scope.include
        )
        return self.has(kind, name) or bool(self.scope.include and not any(chosen))

    def part(self, kind: str, table: Name, name: str | None) -> bool:
        """Whether something that belongs to a table is excluded."""
        return name is not None and any(each.chooses(kind, self._of_part(table, name)) for each in self.scope.exclude)

    def out(self, table: Table) -> bool:
        return table.ignored or self.excluded("table", table.name)

    def column_out(self, table: Table, column: Column) -> bool:
        return column.ignored or self.part("column", table.name, column.name)

    def _part_out(self, table: Table, kind: Part, item: Any, gone: frozenset[str]) -> bool:
        """Whether it is excluded, or stands on a column that is."""
        used = set(getattr(item, "columns", None) or ())
        texts = [*(element.text for element in getattr(item, "elements", ())), getattr(item, "expression", "") or ""]
        used |= {word for text in (*texts, getattr(item, "where", None) or "") for word in re.findall(r"\w+", text)}
        return not gone.isdisjoint(used) or self.part(kind, table.name, item.name)

    def narrowed(self, table: Table) -> Table:
        """The table without the parts that are left out."""
        gone = frozenset(column.name for column in table.columns if self.column_out(table, column))
        if not gone and not self.scope.exclude:
            return table

        def kept(kind: Part, items: Iterable[Any]) -> tuple[Any, ...]:
            return tuple(each for each in items if not self._part_out(table, kind, each, gone))

        return replace(
            table,
            columns=tuple(each for each in table.columns if each.name not in gone),
            primary_key=next(iter(kept("constraint", [table.primary_key] if table.primary_key else [])), None),
            uniques=kept("constraint", table.uniques),
            checks=kept("constraint", table.checks),
            foreign_keys=kept("constraint", table.foreign_keys),
            inline_foreign_keys=kept("constraint", table.inline_foreign_keys),
            exclusions=kept("constraint", table.exclusions),
            indexes=kept("index", table.indexes),
            upserts=tuple(each for each in table.upserts if gone.isdisjoint(each)),
            named_upserts=tuple(each for each in table.named_upserts if gone.isdisjoint(each[1])),
            reads=tuple(each for each in table.reads if each[1] not in gone or each[0] != table.name),
        )

    def parts_out(self, table: Table) -> Iterator[LeftOut]:
        """What `narrowed` takes out."""
        left = self.narrowed(table)
        shown = self.shown(table.name)
        groups: tuple[tuple[str, Sequence[Any], Sequence[Any]], ...] = (
            ("column", table.columns, left.columns),
            ("index", table.indexes, left.indexes),
        )
        for kind, before, after in groups:
            yield from (LeftOut(kind, f"{shown}.{each.name}") for each in before if each not in after)
        for group in ("uniques", "checks", "foreign_keys", "exclusions"):
            for each in getattr(table, group):
                if each not in getattr(left, group):
                    yield LeftOut("constraint", f"{shown}.{each.name or getattr(each, 'columns', ('',))[0]}")
        if table.primary_key is not None and left.primary_key is None:
            yield LeftOut("constraint", f"{shown}.{table.primary_key.name or 'primary key'}")

    def problem_out(self, problem: Problem, gone: frozenset[Name]) -> bool:
        """Of what cannot be written only the name is known."""
        parts = problem.object.split(".")
        starts = [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
        excluded = {written for name in gone for written in self.written(name)}
        if not excluded.isdisjoint(starts) or any(each.chooses("table", starts) for each in self.scope.exclude):
            return True
        return any(each.chooses("column", starts) for each in self.scope.exclude)

    def all_of(self, whole: Schema, actual: Schema) -> Iterator[tuple[str, tuple[str, ...]]]:
        """(kind, the ways to write its name) of all that the models and their schemas in the database hold."""
        for table in (*whole.tables, *actual.tables):
            yield "table", self.written(table.name)
            parts: tuple[tuple[str, Iterable[Any]], ...] = (
                ("column", table.columns),
                ("index", table.indexes),
                ("constraint", (*table.uniques, *table.checks, *table.foreign_keys, *table.exclusions)),
                ("constraint", (table.primary_key,) if table.primary_key else ()),
            )
            for kind, items in parts:
                yield from ((kind, self._of_part(table.name, each.name)) for each in items if each.name is not None)
        for name in actual.unknown_tables:
            yield "table", self.written(name)
        for side in (whole, actual):
            yield from (("type", self.written(each.name)) for each in side.enums)
            yield from (("type", self.written(each.name)) for each in side.domains)
            yield from (("sequence", self.written(each.name)) for each in side.sequences)
            yield from (("schema", (each,)) for each in (*side.schemas, *filter(None, [self.default])))
        for problem in whole.problems:
            yield "table", (problem.object,)


def _nearest(selector: Selector, known: Iterable[str]) -> str:
    close = nearest(selector.pattern, known)
    return f"; the nearest name is '{close}'" if close else ""


def _place(selector: Selector) -> str:
    return f" ({selector.origin})" if selector.origin else ""


def _kind(table: Table) -> str:
    return "view" if table.relation.value.endswith("view") else "table"


def _types(tables: Iterable[Table], whole: Schema) -> set[Name]:
    """The named types of the columns, and those that these domains are made of."""
    found = {Name(column.type.schema, column.type.name) for table in tables for column in table.columns}
    domains = {domain.name: Name(domain.type.schema, domain.type.name) for domain in whole.domains}
    while more := {domains[name] for name in found if name in domains} - found:
        found |= more
    return found


def _sequences(tables: Iterable[Table]) -> set[Name]:
    return {column.sequence for table in tables for column in table.columns if column.sequence is not None}


def _schemas(expected: Schema) -> set[str | None]:
    parts = (expected.tables, expected.enums, expected.domains, expected.sequences)
    return {each.name.schema for group in parts for each in group}
