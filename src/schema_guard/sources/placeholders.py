"""Names whose schema only the database can tell: written with a placeholder, and settled when a database is there.

In SQL a placeholder stands where the schema would: `"{relation}".orders` is where the connection finds, or would make,
the relation orders, `"{type}".mood` the same of a type, and `"{schema audit}".orders` is in the schema audit, or in
what schema_translate_map puts in its place. A `Name` needs none: its schema is None, or as it is declared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from operator import attrgetter, is_
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from schema_guard.errors import ConfigurationError
from schema_guard.schema import NO_TYPE, Domain, Enum, Name, Schema, Type, TypeKind

if TYPE_CHECKING:
    from schema_guard.dialects.base import Dialect

__all__ = ["bare", "can_settle", "freezing_words", "names_to_locate", "settled"]

_Kind: TypeAlias = Literal["relation", "type"]

_PLACEHOLDER = re.compile(
    r"""(?P<quote>"?)\{(?:(?P<kind>relation|type)|schema\ (?P<schema>(?:[^{}"]|"")*))\}(?P=quote)\.
        (?=(?P<name>"(?:[^"]|"")*"|[\w$]+))""",
    re.VERBOSE,
)
_BARE = frozenset({"bool", "int", "float", "None"})
"""Fields that hold neither a text nor a name nor a type."""
_QUALIFIED = re.compile(r"""\s*(?:"(?:[^"]|"")*"|[\w$]+)\s*\.""")
"""How a type that a class of the application's writes begins where it has a schema."""


class _Schemas(Mapping[str | None, str | None]):
    """In place of a schema_translate_map: a declared schema becomes its placeholder."""

    def get(self, declared: str | None, default: Any = None) -> Any:  # noqa: ARG002 - as Mapping has it
        return None if declared is None else f"{{schema {declared}}}"

    def __getitem__(self, declared: str | None) -> str | None:
        found: str | None = self.get(declared)
        return found

    def __iter__(self) -> Iterator[str | None]:
        return iter(())

    def __len__(self) -> int:
        return 1  # there is something to translate


class _Found(Mapping[str, str]):
    """In place of what the connection finds: every name is found at its placeholder."""

    def __init__(self, kind: _Kind) -> None:
        self._place = f"{{{kind}}}"

    def __getitem__(self, name: str) -> str:
        return self._place

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1


def freezing_words(system: str, version: int) -> Dialect:
    """The words of a database system in which every schema is a placeholder.

    Args:
        system: "postgresql" or "sqlite".
        version: server_version_num; only PostgreSQL's matters.
    """
    if system == "postgresql":
        from schema_guard.dialects.postgresql.dialect import PostgreSQLDialect
        from schema_guard.dialects.postgresql.located import Located

        words = PostgreSQLDialect(version=version, schemas=_Schemas())
        words.located = Located(relations=_Found("relation"), types=_Found("type"))
        return words
    from schema_guard.dialects.sqlite.dialect import SQLiteDialect

    return SQLiteDialect(schemas=_Schemas())


def bare(schema: Schema) -> Schema:
    """What `freezing_words` wrote, with names as they are declared: placeholders stay in SQL alone."""

    def declared(name: Name) -> Name:
        found = None if name.schema is None else re.fullmatch(r"\{(?:relation|type|schema (.*))\}", name.schema)
        return Name(found[1], name.name) if found is not None else name

    def of_type(type_: Type) -> Type:
        return replace(type_, schema=declared(Name(type_.schema, type_.name)).schema)

    return replace(_mapped(schema, lambda text: text, lambda name, _: declared(name), of_type), schemas=())


def can_settle(dialect: Dialect) -> bool:
    """Whether placeholders can become that database's words: SQLite has the names of indexes without their schema."""
    return dialect.name != "sqlite" or dialect.schema(None) is None


def settled(schema: Schema, dialect: Dialect, same: set[int] | None = None) -> Schema:
    """The expectation in one database's words.

    Args:
        schema: as `bare` gives it.
        dialect: it knows where unqualified names are found.
        same: where one schema is settled again and again, the ids of its parts that are the same in all words. They are
            noted there, and count as long as that schema is kept.

    Raises:
        ConfigurationError: it cannot follow the engine's schema_translate_map.
    """
    if not can_settle(dialect):
        raise ConfigurationError(
            "a frozen file cannot follow a schema_translate_map for names without schema on SQLite: give the models"
        )

    def place(declared: str | None, name: str, kind: _Kind) -> str | None:
        return dialect.schema(declared) or dialect.schema_of(dialect.identifier(name), kind)

    def text(sql: str) -> str:
        def schema_there(found: re.Match[str]) -> str:
            name = found["name"]
            name = name[1:-1].replace('""', '"') if name.startswith('"') else name
            declared = found["schema"] and found["schema"].replace('""', '"')
            schema = place(declared, name, "type" if found["kind"] == "type" else "relation")
            if not found["quote"]:
                return str(Name(schema, "")) if schema else ""  # a sentence
            return f"{dialect.quote(str(schema))}." if schema else ""

        return _PLACEHOLDER.sub(schema_there, sql) if "{" in sql else sql

    def settled_name(name: Name, kind: _Kind) -> Name:
        return Name(place(name.schema, name.name, kind), dialect.identifier(name.name))

    def of_type(type_: Type) -> Type:
        if type_.kind is TypeKind.BASE or type_ == NO_TYPE:
            return type_
        found = dialect.type(text(type_.text))
        return replace(found, kind=type_.kind) if found.kind is TypeKind.UNKNOWN else found

    found = _mapped(schema, text, settled_name, of_type, same)
    parts = (found.tables, found.enums, found.domains, found.sequences)
    schemas = {item.name.schema for group in parts for item in group}
    return replace(found, schemas=tuple(sorted(name for name in schemas if name is not None)))


def names_to_locate(schema: Schema, dialect: Dialect) -> tuple[list[str], list[str]]:
    """The names of relations that are left to the connection's search_path, and of types that are not."""
    relations: set[str] = set()
    types: set[str] = set()

    def note(name: Name, kind: _Kind) -> Name:
        if kind == "type":
            of_schema(name)
        elif not dialect.schema(name.schema):
            relations.add(name.name)
        return name

    def of_schema(type_: Name) -> None:
        if dialect.schema(type_.schema):
            types.add(type_.name)

    def of_type(type_: Type) -> Type:
        if type_.kind is not TypeKind.BASE:
            if "{" in type_.text:
                of_schema(Name(type_.schema, type_.name))
            elif _QUALIFIED.match(type_.text):  # which no schema_translate_map leads elsewhere
                types.add(type_.name)
        return type_

    _mapped(schema, lambda text: text, note, of_type)
    return sorted(relations), sorted(types)


@cache
def _fields_of(kind: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]] | None:
    """Of a dataclass: the names of the fields that can hold a text, a name or a type, and what reads all of them."""
    if not is_dataclass(kind):
        return None
    # the annotations are texts, since the modules say `from __future__ import annotations`: to evaluate them takes long
    names = tuple(field.name for field in fields(kind) if not _BARE.issuperset(str(field.type).split(" | ")))
    if len(names) < 2:  # attrgetter of one name gives no tuple
        return names, lambda value: tuple(getattr(value, name) for name in names)
    return names, attrgetter(*names)


def _mapped(
    schema: Schema,
    text: Callable[[str], str],
    name: Callable[[Name, _Kind], Name],
    type_: Callable[[Type], Type],
    same: set[int] | None = None,
) -> Schema:
    """A copy of the expectation with every text that holds a placeholder, every name and every type replaced.

    Args:
        same: ids of parts in which there is none, to which others are added.
    """
    found: Schema = _Walk(text, name, type_, same).part(schema)
    return found


@dataclass(slots=True)
class _Walk:
    """Through all parts of an expectation; what it takes: `_mapped`."""

    text: Callable[[str], str]
    name: Callable[[Name, _Kind], Name]
    type_: Callable[[Type], Type]
    same: set[int] | None
    asked: int = 0
    """How many parts could have become others."""

    def part(self, value: Any, kind: _Kind = "relation") -> Any:
        if self.same is None:
            return self._anew(value, kind)
        if id(value) in self.same:
            return value
        before = self.asked
        found = self._anew(value, kind)
        if self.asked == before:
            self.same.add(id(value))
        return found

    def _anew(self, value: Any, kind: _Kind) -> Any:
        of: Any = type(value)
        if of is str:
            self.asked += "{" in value
            return self.text(value) if "{" in value else value
        if of is tuple:
            items = tuple(map(self.part, value))
            return value if all(map(is_, items, value)) else items
        if of is Type:
            self.asked += value.kind is not TypeKind.BASE
            return self.type_(value)
        if of is Name:
            self.asked += 1
            return self.name(value, kind)
        if isinstance(value, tuple):
            return of(*map(self.part, value))
        found = _fields_of(of)
        return value if found is None else self._fields(value, *found)

    def _fields(self, value: Any, names: tuple[str, ...], read: Callable[[Any], tuple[Any, ...]]) -> Any:
        named: _Kind = "type" if isinstance(value, Enum | Domain) else "relation"
        changed = {}
        for field, held in zip(names, read(value), strict=True):
            if held and held is not True and not (type(held) is str and "{" not in held):
                found = self.part(held, named if field == "name" else "relation")
                if found is not held:
                    changed[field] = found
        return replace(value, **changed) if changed else value
