"""The named types behind the columns: enums, domains, and what an extension brings along."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY
from sqlalchemy import Enum as EnumType
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from schema_guard.schema import Check, Domain, Enum, Name, Problem, TypeKind
from schema_guard.schema import Column as ExpectedColumn
from schema_guard.schema import Table as ExpectedTable
from schema_guard.schema import Type as ExpectedType
from schema_guard.sources.sqlalchemy.writer import UnwritableError, Writer

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.engine import Dialect as SQLAlchemyDialect

__all__ = ["NamedTypes", "qualified_type_name", "is_domain", "is_native_enum", "resolved", "spread"]

_EXTENSION_TYPES = frozenset({"CITEXT", "HSTORE"})
"""Types that SQLAlchemy itself knows although the server has them only with an extension."""

_BASE_NAME = re.compile(r'\s*(?:(?:"(?:[^"]|"")*"|[\w$]+)\s*\.\s*)?("(?:[^"]|"")*"|[\w$]+)')


def resolved(type_: TypeEngine[Any], dialect: SQLAlchemyDialect) -> TypeEngine[Any]:
    """The type that DDL names: variants chosen and decorators taken off, as SQLAlchemy's type compiler does it."""
    while True:
        variant = type_._variant_mapping.get(dialect.name)
        if variant is not None:
            type_ = variant
        elif isinstance(type_, TypeDecorator):
            type_ = type_.type_engine(dialect)
        else:
            return type_


def spread(type_: TypeEngine[Any], dialect: SQLAlchemyDialect) -> Iterator[TypeEngine[Any]]:
    """The resolved type and those inside it: an array's items, a domain's base."""
    type_ = resolved(type_, dialect)
    yield type_
    if isinstance(type_, ARRAY):
        yield from spread(type_.item_type, dialect)
    elif is_domain(type_):
        yield from spread(type_.data_type, dialect)  # type: ignore[attr-defined]


def is_native_enum(type_: TypeEngine[Any], dialect: SQLAlchemyDialect) -> bool:
    return isinstance(type_, EnumType) and bool(type_.native_enum) and dialect.supports_native_enum


def is_domain(type_: TypeEngine[Any]) -> bool:
    return type_.__visit_name__ == "DOMAIN"


def qualified_type_name(type_: TypeEngine[Any], dialect: SQLAlchemyDialect) -> str | None:
    """The name of a type that isn't built in and that is written with its schema; None when it is not so."""
    own = isinstance(type_, UserDefinedType) or not type(type_).__module__.startswith("sqlalchemy.")
    if not own and type_.__visit_name__ not in _EXTENSION_TYPES:
        return None
    try:
        text = dialect.type_compiler_instance.process(type_)
    except Exception:  # an extension's own code; expect reports it with the column
        return None
    match = _BASE_NAME.match(text)
    if match is None or "." not in match.group(0).removesuffix(match.group(1)):
        return None
    name = match.group(1)
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def _is_constrained(domain: Any) -> bool:
    """Also by a domain below it."""
    below = is_domain(domain.data_type) and _is_constrained(domain.data_type)
    return bool(domain.not_null) or domain.check is not None or below


class NamedTypes:
    """Collects each enum and domain of the tables once."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.enums: dict[Name, Enum] = {}
        self.domains: dict[Name, Domain] = {}
        self.problems: dict[Name, Problem] = {}

    def collect(self, table: Table) -> None:
        """Take in the types of a table's columns."""
        for column in table.columns:
            self.take(column.type)

    def take(self, given: TypeEngine[Any]) -> None:
        """Take in a type and those inside it, inner ones first."""
        try:
            inside = list(spread(given, self.writer.dialect))
        except Exception:  # an extension's own code; reported with the column's DDL
            return
        for type_ in reversed(inside):
            if is_native_enum(type_, self.writer.dialect) and getattr(type_, "name", None):
                self._enum(type_)
            elif is_domain(type_):
                self._domain(type_)

    def settle(self, table: ExpectedTable) -> ExpectedTable:
        """The table with the kinds of those types that its database does not have yet."""
        if not self.enums and not self.domains:
            return table
        return replace(table, columns=tuple(map(self.settled, table.columns)))

    def settled(self, column: ExpectedColumn) -> ExpectedColumn:
        """The same of a column."""
        known = self._known(column.type)
        return column if known is column.type else replace(column, type=known)

    def _known(self, type_: ExpectedType) -> ExpectedType:
        name = Name(type_.schema, type_.name)
        if type_.kind is not TypeKind.UNKNOWN or not (name in self.enums or name in self.domains):
            return type_
        return replace(type_, kind=TypeKind.ENUM if name in self.enums else TypeKind.DOMAIN)

    def _claim(self, name: Name, full: str, what: str) -> None:
        """Two names that the server cuts to one are one type: statements work, and labels and checks mingle."""
        try:
            self.writer.claim(("type", name.schema), name.name, full, what)
        except UnwritableError as refusal:
            self.problems[Name(name.schema, full)] = Problem(str(Name(name.schema, full)), f"{what}: {refusal}")

    def _enum(self, type_: Any) -> None:
        from sqlalchemy.dialects.postgresql import ENUM
        from sqlalchemy.dialects.postgresql.named_types import CreateEnumType

        name = self.writer.type_name(type_.schema, type_.name)
        values = tuple(str(value) for value in type_.enums)
        known = self.enums.get(name)
        self._claim(name, str(type_.name), "an enum")
        if known is not None:
            # Two that share the name share the type: it has to have the labels of both.
            values = tuple(dict.fromkeys((*known.values, *values)))
            if values == known.values:
                return
            native = ENUM(*values, name=type_.name, schema=type_.schema)
        else:
            native = type_ if isinstance(type_, ENUM) else type_.dialect_impl(self.writer.dialect)
        try:
            self.enums[name] = Enum(name, values, self.writer.element(CreateEnumType(native)))
        except UnwritableError as refusal:
            self.problems[name] = Problem(str(name), f"the enum cannot be written: {refusal}", breaks=True)

    def _domain(self, type_: Any) -> None:
        from sqlalchemy.dialects.postgresql.named_types import CreateDomainType

        name = self.writer.type_name(type_.schema, str(type_.name))
        self._claim(name, str(type_.name), "a domain")
        if name in self.domains:
            return
        condition = getattr(type_, "check", None)
        try:
            checks = () if condition is None else (Check(None, self.writer.condition(condition)),)
            default = None if type_.default is None else self.writer.ddl.render_default_string(type_.default)
            self.domains[name] = Domain(
                name,
                self.writer.words.type(self.writer.type_alone(type_.data_type)),
                nullable=not type_.not_null,
                default=default,
                checks=checks,
                constrained=_is_constrained(type_),
                ddl=self.writer.element(CreateDomainType(type_)),
            )
        except UnwritableError as refusal:
            self.problems[name] = Problem(str(name), f"the domain cannot be written: {refusal}", breaks=True)
