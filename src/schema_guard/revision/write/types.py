"""Column types as source that needs nothing of the application: what compiles to the same DDL on both databases."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from schema_guard.revision.run.spelling import type_by_database
from schema_guard.revision.write.code import Imports, call, literal, spelled
from schema_guard.sources.sqlalchemy.types import is_domain, is_native_enum, resolved
from schema_guard.sources.sqlalchemy.writer import UnwritableError, Writer

__all__ = ["Languages", "type_source"]

_INNER = re.compile(r"(?<![\w.'\"])([A-Z][A-Za-z_]*)(?=\()")
_NAMESPACE = {
    "sa": sa,
    "postgresql": postgresql,
    "sqlite": sqlite,
    "type_by_database": type_by_database,
}


class Languages:
    """One writer for each database system, without any database: names stay as the models write them."""

    def __init__(self, writers: dict[str, Writer]) -> None:
        self.writers = writers

    def texts(self, compile_: Any) -> dict[str, str]:
        """What `compile_(writer)` gives for each system that can write it."""
        found: dict[str, str] = {}
        for name, writer in self.writers.items():
            try:
                found[name] = compile_(writer)
            except UnwritableError:
                continue
        return found


def type_source(type_: TypeEngine[Any], languages: Languages, imports: Imports, *, checks: bool = False) -> str:
    """The type as a call of SQLAlchemy's own constructors, with a variant where PostgreSQL has another.

    Args:
        type_: of the models; decorators and variants are taken off for each database.
        languages: writers for both systems.
        imports: is told what the source needs.
        checks: an Enum or Boolean may bring its CHECK along (in CREATE TABLE; elsewhere it is written by itself).
    """
    wanted = languages.texts(lambda writer: writer.type_alone(type_))
    inner = {name: resolved(type_, writer.dialect) for name, writer in languages.writers.items()}
    sources = {name: _one(found, imports, languages, checks) for name, found in inner.items()}
    for source in _candidates(sources):
        if _compiled(source, languages) == wanted:
            _note(source, imports)
            return source
    imports.helpers.add("type_by_database")
    return call("type_by_database", [f"{name}={literal(text)}" for name, text in wanted.items()])


def _candidates(sources: dict[str, str]) -> list[str]:
    common, special = sources["sqlite"], sources["postgresql"]
    if common == special:
        return [common]
    return [common, special, f'{common}.with_variant({special}, "postgresql")']


def _note(source: str, imports: Imports) -> None:
    for module in ("postgresql", "sqlite"):
        if f"{module}." in source:
            imports.dialects.add(module)


def _compiled(source: str, languages: Languages) -> dict[str, str] | None:
    """What the source compiles to on each system; None where it is not Python, or no type."""
    try:
        made = eval(source, dict(_NAMESPACE))
        return languages.texts(lambda writer: writer.type_alone(made))
    except Exception:  # whatever the repr() of somebody's type was
        return None


def _one(type_: Any, imports: Imports, languages: Languages, checks: bool) -> str:
    writer = languages.writers["postgresql"]
    if isinstance(type_, sa.Enum):
        return _enum(type_, writer, checks)
    if is_domain(type_):
        return _domain(type_, imports, languages)
    if isinstance(type_, sa.ARRAY):
        module = _module(type_) or "sa"
        dimensions = "" if type_.dimensions is None else f"dimensions={type_.dimensions}"
        return call(f"{module}.ARRAY", [_one(type_.item_type, imports, languages, checks), dimensions])
    module = _module(type_)
    if isinstance(type_, sa.Boolean):
        return "sa.Boolean(create_constraint=True)" if checks and type_.create_constraint else "sa.Boolean()"
    return f"{module}.{_inner_named(repr(type_))}" if module else ""


def _inner_named(text: str) -> str:
    """The repr with the types inside of it named as the outer one is."""
    head, _, rest = text.partition("(")
    return f"{head}({_INNER.sub(lambda found: f'sa.{found[1]}', rest)}" if rest else f"{text}()"


def _module(type_: Any) -> str:
    name, kind = type(type_).__name__, type(type_)
    for label, module in (("sa", sa), ("postgresql", postgresql), ("sqlite", sqlite)):
        if getattr(module, name, None) is kind:
            return label
    return ""


def _enum(type_: Any, writer: Writer, checks: bool) -> str:
    if not is_native_enum(type_, writer.dialect) and not (checks and type_.create_constraint):
        return f"sa.String(length={type_.length})"
    arguments = [literal(value) for value in type_.enums]
    if type_.name:
        arguments.append(f"name={literal(str(type_.name))}")
    if type_.schema:
        arguments.append(f"schema={literal(str(type_.schema))}")
    if not type_.native_enum:
        arguments.append("native_enum=False")
        if type_.length is not None:
            arguments.append(f"length={type_.length}")
    if checks and type_.create_constraint:
        arguments.append("create_constraint=True")
    module = "postgresql.ENUM" if _module(type_) == "postgresql" else "sa.Enum"
    return call(module, arguments, lines=False)


def _domain(type_: Any, imports: Imports, languages: Languages) -> str:
    arguments = [literal(str(type_.name)), _one(type_.data_type, imports, languages, False)]
    if type_.schema:
        arguments.append(f"schema={literal(str(type_.schema))}")
    if type_.collation:
        arguments.append(f"collation={literal(type_.collation)}")
    if type_.default is not None:
        arguments.append(f"default={literal(_written(type_.default, languages))}")
    if type_.constraint_name:
        arguments.append(f"constraint_name={literal(str(type_.constraint_name))}")
    if type_.not_null:
        arguments.append("not_null=True")
    if type_.check is not None:
        arguments.append(f"check={literal(_written(type_.check, languages))}")
    return call("postgresql.DOMAIN", arguments, lines=False)


def _written(value: Any, languages: Languages) -> str:
    if isinstance(value, str):
        return value
    return languages.writers["postgresql"].expression(value)


def spelled_by(compile_: Any, languages: Languages, imports: Imports) -> str:
    """An expression that every writer compiles for itself."""
    return spelled(languages.texts(compile_), imports)
