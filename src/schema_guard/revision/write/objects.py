"""Columns, constraints and indexes of the models as source: what they say, frozen."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.schema import ColumnDefault
from sqlalchemy.sql.elements import ColumnClause

from schema_guard.revision.write.code import Imports, call, literal, spelled, text_argument
from schema_guard.revision.write.types import Languages, type_source
from schema_guard.sources.sqlalchemy.columns import has_own_sequence
from schema_guard.sources.sqlalchemy.writer import UnwritableError, Writer

__all__ = ["Objects"]

_IDENTITY = ("always", "on_null", "start", "increment", "minvalue", "maxvalue", "nominvalue", "nomaxvalue", "cycle")
_TIMING = ("deferrable", "initially")


class Objects:
    """Writes schema items.

    Args:
        writer: of the database that the plan was made for: names as its catalog holds them.
        languages: writers for both systems, for what they write differently.
        imports: is told what the source needs.
        fills: the policy lets old rows be filled with the models' constant defaults.
    """

    def __init__(self, writer: Writer, languages: Languages, imports: Imports, *, fills: bool = False) -> None:
        self.writer = writer
        self.languages = languages
        self.imports = imports
        self.fills = fills

    def type(self, column: sa.Column[Any], *, checks: bool = False) -> str:
        return type_source(column.type, self.languages, self.imports, checks=checks)

    def column(self, column: sa.Column[Any], indent: int, *, in_table: bool = False) -> str:
        """`sa.Column(..)` without its constraints; the key only in CREATE TABLE, or where it is the key itself."""
        arguments = [
            literal(str(column.name)),
            self.type(column, checks=in_table),
            self.computed(column),
            self.identity(column),
            *self._default(column),
        ]
        default = self.server_default(column)
        if default:
            arguments.append(f"server_default={default}")
        if column.primary_key:
            arguments.append("primary_key=True")
            arguments.append(self._autoincrement(column))
        elif not column.nullable:
            arguments.append("nullable=False")
        if column.comment is not None:
            arguments.append(f"comment={literal(column.comment)}")
        arguments.extend(self.options(column))
        return call("sa.Column", arguments, indent)

    def _autoincrement(self, column: sa.Column[Any]) -> str:
        """Who gives the key its value, where it is not what SQLAlchemy decides without the application's default."""
        if column.autoincrement is True:
            return "autoincrement=True"
        given = column.default is not None or has_own_sequence(column, self.writer)
        counted = given and column is column.table.autoincrement_column
        return "autoincrement=False" if counted or column.autoincrement is False else ""

    def _default(self, column: sa.Column[Any]) -> Iterator[str]:
        """The constant that old rows may be filled with, where a policy says so."""
        default = column.default
        if (
            not self.fills
            or column.nullable
            or not isinstance(default, ColumnDefault)
            or not default.is_scalar
            or column.primary_key
        ):
            return
        value: Any = getattr(default, "arg", None)
        if isinstance(value, enum.Enum) and isinstance(column.type, sa.Enum):
            value = column.type._db_value_for_elem(value)  # type: ignore[no-untyped-call]
        if isinstance(value, bool | int | float | str):
            yield f"default={literal(value)}"

    def server_default(self, column: sa.Column[Any]) -> str:
        """The DEFAULT of a plain column, or that the server gives the value by other means; empty where it does not."""
        if column.computed is not None or column.identity is not None or column.server_default is None:
            return ""
        texts = {
            name: text for name, text in self.languages.texts(lambda writer: writer.default(column)).items() if text
        }
        if texts:
            return spelled(texts, self.imports)
        return "" if isinstance(column.server_default, sa.DefaultClause) else "sa.FetchedValue()"

    def computed(self, column: sa.Column[Any]) -> str:
        computed = column.computed
        if computed is None:
            return ""
        texts = self.languages.texts(lambda writer: writer.expression(computed.sqltext))
        return call("sa.Computed", [spelled(texts, self.imports), _kept("persisted", computed.persisted)], lines=False)

    def identity(self, column: sa.Column[Any]) -> str:
        identity = column.identity
        if identity is None:
            return ""
        options = [_kept(name, getattr(identity, name, None)) for name in (*_IDENTITY, "cache")]
        return call("sa.Identity", options, lines=False)

    def options(self, item: Any) -> list[str]:
        """The arguments that SQLAlchemy keeps for one database system."""
        return [f"{key}={literal(value)}" for key, value in sorted(item.dialect_kwargs.items()) if value is not None]

    def constraint(self, constraint: Any, indent: int) -> str:
        """As it stands in CREATE TABLE; empty for what is written elsewhere."""
        name = self.name(constraint)
        match constraint:
            case sa.PrimaryKeyConstraint():
                return self._primary_key(constraint, name, indent)
            case sa.UniqueConstraint():
                columns = [literal(str(column.name)) for column in constraint.columns]
                return call("sa.UniqueConstraint", [*columns, *self.unique_options(constraint), name], indent)
            case sa.CheckConstraint():
                return call("sa.CheckConstraint", [self.condition(constraint), name, *self.options(constraint)], indent)
            case sa.ForeignKeyConstraint():
                return self._foreign_key(constraint, name, indent)
            case ExcludeConstraint():
                return self._exclusion(constraint, name, indent)
            case _:
                raise UnwritableError(f"{constraint!r} is of a kind that a revision cannot hold")

    def name(self, item: Any) -> str:
        name = self.writer.constraint_name(item)
        return "" if name is None else f"name={literal(name)}"

    def _primary_key(self, key: sa.PrimaryKeyConstraint, name: str, indent: int) -> str:
        """Only where primary_key=True of the columns does not say it all."""
        columns = list(key.columns_autoinc_first) if key._implicit_generated else list(key.columns)
        declared = [column for column in key.table.columns if column.primary_key]
        if key._implicit_generated and not name and not key.dialect_kwargs:
            return ""
        if not name and columns == declared and not key.dialect_kwargs:
            return ""
        names = [literal(str(column.name)) for column in columns]
        return call("sa.PrimaryKeyConstraint", [*names, name, *self.options(key)], indent)

    def _foreign_key(self, key: sa.ForeignKeyConstraint, name: str, indent: int) -> str:
        local = [str(element.parent.name) for element in key.elements]
        targets = [f"{element.column.table.fullname}.{element.column.name}" for element in key.elements]
        return call("sa.ForeignKeyConstraint", [literal(local), literal(targets), name, *self.key_options(key)], indent)

    def _exclusion(self, constraint: Any, name: str, indent: int) -> str:
        writer = self.writer
        pairs = [
            f"(sa.text({text_argument(writer.expression(expression))}), {literal(operator)})"
            for expression, _, operator in constraint._render_exprs
        ]
        where = constraint.where
        condition = f"where=sa.text({text_argument(writer.expression(where))})" if where is not None else ""
        self.imports.dialects.add("postgresql")
        using = f"using={literal(constraint.using)}"
        timing = [_kept(key, getattr(constraint, key)) for key in _TIMING]
        return call("postgresql.ExcludeConstraint", [*pairs, name, using, condition, *timing], indent)

    def condition(self, constraint: sa.CheckConstraint) -> str:
        texts = self.languages.texts(lambda writer: writer.expression(constraint.sqltext))
        source = spelled(texts, self.imports)
        return source.removeprefix("sa.text(").removesuffix(")") if source.startswith("sa.text(") else source

    def unique_options(self, unique: sa.UniqueConstraint) -> list[str]:
        return [*(_kept(key, getattr(unique, key)) for key in _TIMING), *self.options(unique)]

    def key_options(self, key: sa.ForeignKeyConstraint) -> list[str]:
        names = ("ondelete", "onupdate", *_TIMING, "match")
        return [*(_kept(name, getattr(key, name)) for name in names), *self.options(key)]

    def index(self, index: sa.Index) -> list[str]:
        """The arguments behind the name and the table's name of create_index."""
        operators = dict(index.dialect_options["postgresql"].get("ops") or {})
        keys = [self._key(item, operators) for item in index.expressions]
        arguments = [f"[{', '.join(keys)}]"]
        if index.unique:
            arguments.append("unique=True")
        for key, value in sorted(index.dialect_kwargs.items()):
            kept = value
            if key == "postgresql_ops":
                kept = {name: operators[name] for name in operators if name in index.columns}
            if kept is not None and kept not in ({}, []):
                arguments.append(f"{key}={self._option(key, kept)}")
        return arguments

    def _key(self, item: Any, operators: dict[str, str]) -> str:
        if isinstance(item, sa.Column):
            return literal(str(item.name))
        grouped = item if isinstance(item, ColumnClause) else item.self_group()
        texts = self.languages.texts(lambda writer: writer.expression(grouped))
        operator = operators.get(getattr(item, "key", None) or "")
        if operator and "postgresql" in texts:
            texts["postgresql"] += f" {operator}"
        return spelled(texts, self.imports)

    def _option(self, key: str, value: Any) -> str:
        system = key.partition("_")[0]
        if key.endswith("_where") and not isinstance(value, str):
            return f"sa.text({text_argument(self.languages.writers[system].expression(value))})"
        if key.endswith("_include"):
            return literal([str(getattr(item, "name", item)) for item in value])
        return literal(value)


def _kept(name: str, value: object) -> str:
    return (
        "" if value is None or (value is False and name not in ("always", "persisted")) else f"{name}={literal(value)}"
    )
