"""Type names as SQL: what DDL and the catalog (format_type) write, parsed into one canonical form.

Canonical is how format_type writes a type without its modifiers (PostgreSQL manual, table 8.1). Modifiers that mean
the same as none are dropped, those that none stands for are spelled out: `NUMERIC(10)` is numeric(10,0), `CHAR` is
character(1), `TIMESTAMP(6)` is timestamp without time zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from schema_guard.column import Type, TypeKind
from schema_guard.names import DefaultSchema

__all__ = ["TypeNames", "parse_type"]

TypeNames = Callable[[str | None, str], tuple[str | None, TypeKind]]
"""Of a user type's name (schema or None, name): the schema where it is found and its kind."""

_TOKEN = re.compile(
    r"""\s*("(?:[^"]|"")*"|'(?:[^']|'')*'|[^\W\d][\w$]*|[+-]?\d+(?:\.\d+)?|.)""",
    re.DOTALL,
)

_SCHEMA = re.compile(r'\s*(?:"(?:[^"]|"")*"|[\w$]+)\s*\.\s*')

_ALIASES = {
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "int2": "smallint",
    "serial": "integer",
    "serial4": "integer",
    "bigserial": "bigint",
    "serial8": "bigint",
    "smallserial": "smallint",
    "serial2": "smallint",
    "bool": "boolean",
    "float4": "real",
    "float8": "double precision",
    "decimal": "numeric",
    "dec": "numeric",
    "varchar": "character varying",
    "char varying": "character varying",
    "national character varying": "character varying",
    "national char varying": "character varying",
    "nchar varying": "character varying",
    "char": "character",
    "nchar": "character",
    "national character": "character",
    "national char": "character",
    "varbit": "bit varying",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
    "timetz": "time with time zone",
}
_BUILT_IN = {
    "smallint",
    "integer",
    "bigint",
    "real",
    "numeric",
    "boolean",
    "text",
    "bytea",
    "uuid",
    "json",
    "jsonb",
    "jsonpath",
    "xml",
    "date",
    "interval",
    "money",
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
    "bit",
    "point",
    "line",
    "lseg",
    "box",
    "path",
    "polygon",
    "circle",
    "tsvector",
    "tsquery",
    "oid",
    "name",
    "bpchar",
    "character",
    "int4range",
    "int8range",
    "numrange",
    "tsrange",
    "tstzrange",
    "daterange",
    "int4multirange",
    "int8multirange",
    "nummultirange",
    "tsmultirange",
    "tstzmultirange",
    "datemultirange",
    "pg_lsn",
    "pg_snapshot",
    "txid_snapshot",
    "xid",
    "xid8",
    "cid",
    "tid",
    "refcursor",
    "void",
    "record",
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
    "int2vector",
    "oidvector",
    "double precision",
    "character varying",
    "bit varying",
    "timestamp without time zone",
    "timestamp with time zone",
    "time without time zone",
    "time with time zone",
}
_QUOTED_BUILT_IN = {"char": '"char"', "bpchar": "bpchar", "varchar": "character varying", "bit": "bit"}
_SECONDS = frozenset(
    {"timestamp without time zone", "timestamp with time zone", "time without time zone", "time with time zone"}
)
_FULL_PRECISION = "6"
_LARGEST_REAL = 24


@dataclass(frozen=True, slots=True)
class _Words:
    """A type's text taken apart: quoted parts keep their case and are marked."""

    names: tuple[tuple[str, bool], ...]
    qualified: bool
    arguments: tuple[str, ...]
    array: bool


def parse_type(text: str, find: TypeNames) -> Type:
    """The type that this text names.

    Args:
        text: `VARCHAR(64)`, `timestamp(3) with time zone`, `public."Mood"[]`, ..
        find: looks up names that are not built in.
    """
    words, known = _parsed(text)
    if known is not None:
        return known
    *above, (name, _) = words.names or (("", False),)
    schema, kind = find(above[-1][0] if words.qualified and above else None, name)
    arguments = tuple(argument.lower() if not argument.startswith("'") else argument for argument in words.arguments)
    dimensions = 1 if words.array else 0
    return Type(text, name, schema, arguments, dimensions, kind, _without_schema(text, schema, words.qualified))


@lru_cache(maxsize=1000)  # a schema has few types, each many times
def _parsed(text: str) -> tuple[_Words, Type | None]:
    """The text taken apart; and the type, where it is built in."""
    words = _take_apart(text)
    if not words.qualified or (words.names and words.names[0][0] == "pg_catalog"):
        names = words.names[1:] if words.qualified else words.names
        built_in = _built_in(names, words.arguments)
        if built_in is not None:
            name, arguments = built_in
            dimensions = 1 if words.array else 0
            return words, Type(text, name, None, arguments, dimensions, TypeKind.BASE, _as_in_ddl(text))
    return words, None


def _as_in_ddl(text: str) -> str:
    """A built-in type as SQLAlchemy's DDL writes it: `VARCHAR(64)`, whoever wrote `character varying(64)`."""
    if '"' in text or "'" in text:
        return ""
    spelled = re.sub(r"\bCHARACTER\b", "CHAR", text.upper().replace("CHARACTER VARYING", "VARCHAR"))
    return re.sub(r",\s*", ", ", spelled)


def _without_schema(text: str, schema: str | None, qualified: bool) -> str:
    """A type of the default schema by its name alone."""
    return _SCHEMA.sub("", text, count=1) if qualified and isinstance(schema, DefaultSchema) else ""


def _take_apart(text: str) -> _Words:
    names: list[tuple[str, bool]] = []
    arguments: list[str] = []
    qualified = array = False
    depth = 0
    for token in _TOKEN.findall(text.strip()):
        if token == "(":
            depth += 1
            arguments.append("")
        elif token == ")":
            depth -= 1
        elif depth:
            if token == ",":
                arguments.append("")
            else:
                arguments[-1] += token
        elif token == "[" or token.lower() == "array":
            array = True
        elif token == ".":
            qualified = True
        elif token.startswith('"'):
            names.append((token[1:-1].replace('""', '"'), True))
        elif token.lower() == "collate":
            break
        elif token[0].isalpha() or token[0] == "_":
            names.append((token.lower(), False))
    return _Words(tuple(names), qualified, tuple(argument for argument in arguments if argument), array)


def _built_in(names: tuple[tuple[str, bool], ...], arguments: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
    if not names:
        return None
    if any(quoted for _, quoted in names):
        if len(names) != 1:
            return None
        name = names[0][0]
        if name in _QUOTED_BUILT_IN:
            return _QUOTED_BUILT_IN[name], arguments
        name = name if name in _BUILT_IN else _ALIASES.get(name, "")
        return (name, _arguments(name, arguments)) if name and " " not in name else None
    words = [word for word, _ in names]
    if words[0] == "interval":
        fields = " ".join(words[1:])
        precision = tuple(argument for argument in arguments if argument != _FULL_PRECISION)
        return "interval", ((fields,) if fields else ()) + precision
    spelled = " ".join(words)
    if spelled == "float":
        return ("real" if arguments and int(arguments[0]) <= _LARGEST_REAL else "double precision"), ()
    name = _ALIASES.get(spelled, spelled)
    if name not in _BUILT_IN:
        return None
    return name, _arguments(name, arguments)


def _arguments(name: str, arguments: tuple[str, ...]) -> tuple[str, ...]:
    if name == "numeric" and len(arguments) == 1:
        return (arguments[0], "0")
    if name in ("character", "bit") and not arguments:
        return ("1",)
    if name in _SECONDS and arguments == (_FULL_PRECISION,):
        return ()
    return arguments
