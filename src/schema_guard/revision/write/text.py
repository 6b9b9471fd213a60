"""From a plan to the body of upgrade(): one guarded operation for each difference that a step fixes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, assert_never

import sqlalchemy as sa

from schema_guard.difference import (
    BackfillPending,
    CheckMissing,
    CheckNotValidated,
    CollationDiffers,
    ColumnMissing,
    CommentDiffers,
    DefaultDiffers,
    Difference,
    DomainMissing,
    EnumMissing,
    EnumValueMissing,
    ForeignKeyDiffers,
    ForeignKeyMissing,
    ForeignKeyNotValidated,
    GeneratedDiffers,
    IdentityDiffers,
    IndexInvalid,
    IndexMissing,
    NullabilityDiffers,
    PrimaryKeyDiffers,
    SchemaMissing,
    SequenceMissing,
    TableMissing,
    TypeDiffers,
    UniqueMissing,
)
from schema_guard.errors import one_line
from schema_guard.guard import Guard
from schema_guard.plan import Policy, Refusal
from schema_guard.revision.write.code import Imports, call, literal, long_literal
from schema_guard.revision.write.left import Left
from schema_guard.revision.write.models import Registry
from schema_guard.revision.write.objects import Objects
from schema_guard.revision.write.types import Languages, type_source
from schema_guard.schema import Relation, Table
from schema_guard.sources.sqlalchemy.backfills import Backfill
from schema_guard.sources.sqlalchemy.filling import fill_of
from schema_guard.sources.sqlalchemy.types import is_domain, is_native_enum, spread
from schema_guard.sources.sqlalchemy.writer import UnwritableError, Writer

__all__ = ["Text", "revision_text"]

INDENT = 0
"""Columns before an operation; the whole is indented at the end."""

Altered: TypeAlias = (
    TypeDiffers | CollationDiffers | NullabilityDiffers | DefaultDiffers | IdentityDiffers | GeneratedDiffers
)
"""What op.alter_column changes, all of one column in one call."""


@dataclass(slots=True)
class Text:
    """`upgrade` is the body of upgrade() without indentation of the function; `imports` its imports, one a line."""

    upgrade: str
    imports: str
    operations: int
    left: list[str] = field(default_factory=list)
    """Objects of steps that no operation says; apply takes them."""


def revision_text(
    differences: Sequence[Difference],
    refusals: Sequence[Refusal],
    guard: Guard,
    writer: Writer,
    languages: Languages,
) -> Text:
    """The source of a revision that fixes these differences.

    Args:
        differences: what a plan's steps fix.
        refusals: what they don't, to be said in comments.
        guard: whose plan it is.
        writer: writes as the plan's database does.
        languages: writers for all systems.
    """
    made = _Operations(guard, writer, languages)
    operations = list(made.of(differences))
    comments = [
        f"# left alone: {one_line(refusal.difference.object)}: {one_line(refusal.difference.headline)}"
        for refusal in refusals
    ]
    comments += [f"# not in this revision, `schema-guard apply` does it: {one_line(name)}" for name in made.left]
    lines = [f"    {line}" for operation in operations for line in operation.split("\n")] or ["    pass"]
    head = f"with guarded(op{_policy(guard.policy, made.imports)}) as guarded_op:"
    return Text("\n".join((*comments, head, *lines)), "\n".join(made.imports.lines()), len(operations), made.left)


def _policy(policy: Policy, imports: Imports) -> str:
    """Only what differs from the defaults."""
    default = Policy()
    names = ("fill_constant_defaults", "rewrite_below", "rebuild", "backup", "comments")
    changed = [f"{name}={getattr(policy, name)!r}" for name in names if getattr(policy, name) != getattr(default, name)]
    if not changed:
        return ""
    imports.helpers.add("Policy")
    return f", policy=Policy({', '.join(changed)})"


class _Operations:
    def __init__(self, guard: Guard, writer: Writer, languages: Languages) -> None:
        self.imports = Imports()
        self.registry = Registry(guard.models, writer)
        self.backfills = guard.backfills
        self.writer = writer
        self.languages = languages
        fills = guard.policy.fill_constant_defaults
        self.objects = Objects(writer, languages, self.imports, fills=fills)
        self.left: list[str] = []

    def of(self, differences: Sequence[Difference]) -> Iterator[str]:
        """One operation for each difference, those of one column's ALTER together."""
        altered: set[tuple[Table, str]] = set()
        for difference in differences:
            if isinstance(difference, SchemaMissing):
                continue  # it comes with what lies in it
            if isinstance(difference, Altered):
                key = (difference.table, difference.column.name)
                if key not in altered:
                    altered.add(key)
                    own = [
                        other
                        for other in differences
                        if isinstance(other, Altered) and (other.table, other.column.name) == key
                    ]
                    yield self._alter_column(own)
                continue
            try:
                operations = list(self._one(difference))
            except UnwritableError:
                operations = []
            if not operations:
                self.left.append(difference.object)
            yield from operations

    def _one(self, difference: Difference) -> Iterator[str]:  # noqa: C901 - one case for each kind, by design
        if isinstance(difference, Left | Altered | SchemaMissing):
            return
        match difference:
            case TableMissing(table=table) if table.reads or table.relation is Relation.VIRTUAL:
                return  # apply makes it: create_table makes no rows of a query, and no virtual table
            case TableMissing():
                yield from self._create_table(difference.table)
            case ColumnMissing():
                yield self._add_column(difference)
            case CheckMissing() | CheckNotValidated():
                yield self._check(difference)
            case UniqueMissing():
                yield self._unique(difference)
            case PrimaryKeyDiffers():
                yield self._primary_key(difference)
            case ForeignKeyMissing() | ForeignKeyDiffers() | ForeignKeyNotValidated():
                yield self._foreign_key(difference)
            case IndexMissing() | IndexInvalid():
                yield self._index(self.registry.index(difference.table, difference.index), difference.table)
            case CommentDiffers():
                yield self._comment(difference)
            case EnumMissing() | EnumValueMissing():
                yield from self._named_type(difference.enum.name, "ENUM")
            case DomainMissing():
                yield from self._named_type(difference.domain.name, "DOMAIN")
            case SequenceMissing():
                yield self._sequence(difference)
            case BackfillPending():
                yield self._backfill(difference)
            case _:
                assert_never(difference)

    def _call(self, name: str, *arguments: str) -> str:
        return call(f"guarded_op.{name}", arguments, INDENT)

    def _create_table(self, expected: Table) -> Iterator[str]:
        table = self.registry.table(expected.name)
        inner = INDENT + 4
        items = [self.objects.column(column, inner, in_table=True) for column in table.columns if not column.system]
        for constraint in self.registry.constraints(table):
            if not getattr(constraint, "_type_bound", False):
                items.append(self.objects.constraint(constraint, inner))
        options = [*_schema(table), *self.objects.options(table)]
        if table._prefixes:
            options.append(f"prefixes={literal([str(prefix) for prefix in table._prefixes])}")
        if table.comment is not None:
            options.append(f"comment={literal(table.comment)}")
        yield call("guarded_op.create_table", [literal(str(table.name)), *items, *options], lines=True)
        for index in self.registry.indexes(expected):
            yield self._index(index, expected)

    def _add_column(self, missing: ColumnMissing) -> str:
        table = self.registry.table(missing.table.name)
        column = self.registry.column(missing.table.name, missing.column.name)
        return self._call(
            "add_column", literal(str(table.name)), self.objects.column(column, INDENT + 4), *_schema(table)
        )

    def _alter_column(self, differences: Sequence[Any]) -> str:
        """What is to change by the names that Alembic gives it, what stays as existing_*."""
        first = differences[0]
        table = self.registry.table(first.table.name)
        column = self.registry.column(first.table.name, first.column.name)
        kinds = {type(difference) for difference in differences}
        retyped = bool(kinds & {TypeDiffers, CollationDiffers})
        arguments = [f"{'type_' if retyped else 'existing_type'}={self.objects.type(column)}"]
        nullable = "nullable" if NullabilityDiffers in kinds else "existing_nullable"
        arguments.append(f"{nullable}={bool(column.nullable)}")
        special = self.objects.computed(column) or self.objects.identity(column)
        default = special or self.objects.server_default(column)
        if kinds & {DefaultDiffers, IdentityDiffers, GeneratedDiffers}:
            arguments.append(f"server_default={default}" if default else "autoincrement=True")
        elif default:
            arguments.append(f"existing_server_default={default}")
        return self._call(
            "alter_column", literal(str(table.name)), literal(str(column.name)), *arguments, *_schema(table)
        )

    def _check(self, difference: CheckMissing | CheckNotValidated) -> str:
        constraint = self.registry.constraint(difference.table, difference.check.ddl)
        name = self.writer.constraint_name(constraint)
        table = self.registry.table(difference.table.name)
        arguments = [self.objects.condition(constraint), *_schema(table), *self.objects.options(constraint)]
        return self._call("create_check_constraint", literal(name), literal(str(table.name)), *arguments)

    def _unique(self, difference: UniqueMissing) -> str:
        constraint = self.registry.constraint(difference.table, difference.unique.ddl)
        table = self.registry.table(difference.table.name)
        columns = literal([str(column.name) for column in constraint.columns])
        options = [*_schema(table), *self.objects.unique_options(constraint)]
        name = self.writer.constraint_name(constraint)
        return self._call("create_unique_constraint", literal(name), literal(str(table.name)), columns, *options)

    def _primary_key(self, difference: PrimaryKeyDiffers) -> str:
        table = self.registry.table(difference.table.name)
        columns = literal([str(column.name) for column in table.primary_key.columns])
        name = literal(self.writer.constraint_name(table.primary_key))
        return self._call("create_primary_key", name, literal(str(table.name)), columns, *_schema(table))

    def _foreign_key(self, difference: ForeignKeyMissing | ForeignKeyDiffers | ForeignKeyNotValidated) -> str:
        key: sa.ForeignKeyConstraint = self.registry.constraint(difference.table, difference.foreign_key.ddl)
        table = self.registry.table(difference.table.name)
        target = key.referred_table
        schemas = [
            f"{name}={literal(str(schema))}"
            for name, schema in (("source_schema", table.schema), ("referent_schema", target.schema))
            if schema
        ]
        return self._call(
            "create_foreign_key",
            literal(self.writer.constraint_name(key)),
            literal(str(table.name)),
            literal(str(target.name)),
            literal([str(element.parent.name) for element in key.elements]),
            literal([str(element.column.name) for element in key.elements]),
            *schemas,
            *self.objects.key_options(key),
        )

    def _index(self, index: sa.Index, expected: Table) -> str:
        table = self.registry.table(expected.name)
        name = literal(self.writer.constraint_name(index))
        return self._call("create_index", name, literal(str(table.name)), *self.objects.index(index), *_schema(table))

    def _comment(self, difference: CommentDiffers) -> str:
        table = self.registry.table(difference.table.name)
        if difference.column is None:
            return self._call("create_table_comment", literal(str(table.name)), literal(table.comment), *_schema(table))
        column = self.registry.column(difference.table.name, difference.column.name)
        comment = f"comment={literal(column.comment)}"
        return self._call("alter_column", literal(str(table.name)), literal(str(column.name)), comment, *_schema(table))

    def _named_type(self, name: Any, kind: str) -> Iterator[str]:
        """CREATE TYPE or CREATE DOMAIN by SQLAlchemy's own construct."""
        wanted = is_domain if kind == "DOMAIN" else lambda item: is_native_enum(item, self.writer.dialect)
        for table in self.registry.tables:
            for column in table.columns:
                for item in spread(column.type, self.writer.dialect):
                    found: Any = item
                    if wanted(item) and self.writer.type_name(found.schema, str(found.name)) == name:
                        yield self._create_type(found, kind)
                        return

    def _create_type(self, type_: Any, kind: str) -> str:
        self.imports.dialects.add("postgresql")
        source = type_source(type_, self.languages, self.imports)
        source = source.replace("sa.Enum(", "postgresql.ENUM(", 1)
        create = "CreateEnumType" if kind == "ENUM" else "CreateDomainType"
        return self._call("execute", f"postgresql.{create}({source})")

    def _sequence(self, difference: SequenceMissing) -> str:
        found = next(
            item for item in self.registry.sequences if self.writer.sequence_name(item) == difference.sequence.name
        )
        options = [
            f"{name}={getattr(found, name)!r}"
            for name in ("start", "increment", "minvalue", "maxvalue", "cycle", "cache")
            if getattr(found, name) not in (None, False)
        ]
        schema = [f"schema={literal(str(found.schema))}"] if found.schema else []
        sequence = call("sa.Sequence", [literal(str(found.name)), *options, *schema], lines=False)
        return self._call("execute", f"sa.schema.CreateSequence({sequence})")

    def _backfill(self, difference: BackfillPending) -> str:
        for backfill in self.backfills:
            if fill_of(backfill, self.writer) == difference.fill:
                return self._fill(backfill, difference)
        raise UnwritableError("not among the declared backfills")

    def _fill(self, backfill: Backfill, difference: BackfillPending) -> str:
        fills = {name: fill_of(backfill, writer) for name, writer in self.languages.writers.items()}
        table = self.registry.table(difference.fill.table)
        source = self.registry.table(difference.fill.source)
        needs: dict[str, list[str]] = {}
        for owner, column in difference.fill.needs:
            of_table = needs.setdefault(str(self.registry.table(owner).name), [])
            of_table.append(str(self.registry.column(owner, column).name))
        arguments = [
            literal(str(table.name)),
            literal(list(difference.fill.columns)),
            f"source={literal(str(source.name))}",
            f"needs={_broken(needs)}",
        ]
        for name in ("count", "open", "pending", "update"):
            texts = {system: getattr(fill, f"{name}_sql") for system, fill in fills.items()}
            arguments.append(f"{name}={self._statement(texts)}")
        arguments += _schema(table)
        if source.schema:
            arguments.append(f"source_schema={literal(str(source.schema))}")
        return call("guarded_op.backfill", arguments, lines=True)

    def _statement(self, texts: dict[str, str]) -> str:
        """One text where both can run it: SQLAlchemy writes OFFSET 0 for SQLite, which PostgreSQL takes as well."""
        plain = {system: " ".join(text.split()) for system, text in texts.items()}
        if plain["sqlite"] in (plain["postgresql"], ""):
            return long_literal(texts["postgresql"], 4)
        if plain["sqlite"].replace(" OFFSET 0", "") == plain["postgresql"]:
            return long_literal(texts["sqlite"], 4)
        self.imports.helpers.add("by_database")
        return call("by_database", [f"{system}={long_literal(text, 8)}" for system, text in texts.items()], 4)


def _broken(needs: dict[str, list[str]]) -> str:
    lines = "".join(f"        {literal(name)}: {literal(columns)},\n" for name, columns in needs.items())
    return f"{{\n{lines}    }}"


def _schema(table: sa.Table) -> list[str]:
    return [f"schema={literal(str(table.schema))}"] if table.schema else []
