"""The type of a column as a revision writes it, in SQL: sa.String(20) is varchar; empty where it is not known."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from schema_guard.chain.reading.sql_tokens import Word
from schema_guard.names import in_quotes

__all__ = ["sql_type", "type_of_node"]

_CLASSES = {
    **dict.fromkeys(("Integer", "INTEGER", "INT"), "integer"),
    **dict.fromkeys(("BigInteger", "BIGINT"), "bigint"),
    **dict.fromkeys(("SmallInteger", "SMALLINT"), "smallint"),
    **dict.fromkeys(("String", "Unicode", "VARCHAR", "NVARCHAR"), "varchar"),
    **dict.fromkeys(("Text", "UnicodeText", "TEXT"), "text"),
    **dict.fromkeys(("CHAR", "NCHAR"), "char"),
    **dict.fromkeys(("Boolean", "BOOLEAN"), "boolean"),
    **dict.fromkeys(("Date", "DATE"), "date"),
    **dict.fromkeys(("DateTime", "TIMESTAMP"), "timestamp"),
    **dict.fromkeys(("Numeric", "NUMERIC", "DECIMAL"), "numeric"),
    **dict.fromkeys(("LargeBinary", "BYTEA"), "bytea"),
    **dict.fromkeys(("Uuid", "UUID"), "uuid"),
    "Interval": "interval",
    "JSONB": "jsonb",
    "INET": "inet",
    "CIDR": "cidr",
}
"""What PostgreSQL gets for the classes of SQLAlchemy."""
_MODULES = ("sa", "sqlalchemy", "postgresql")
_ENUMS = ("Enum", "ENUM")
_BEHIND = frozenset(
    {"CONSTRAINT", "NOT", "NULL", "DEFAULT", "PRIMARY", "UNIQUE", "REFERENCES", "CHECK", "GENERATED", "COLLATE"}
    | {"DEFERRABLE", "INITIALLY"}
)
"""What may follow the type in a column's definition."""


def type_of_node(node: ast.expr | None) -> str:
    """Of a class of SQLAlchemy, or a call of it. What stands under a name alone may be a type of the application."""
    options: dict[str | None, object] = {}
    if isinstance(node, ast.Call):
        values = ((each.arg, each.value) for each in node.keywords)
        options = {name: value.value if isinstance(value, ast.Constant) else value for name, value in values}
        node = node.func
    match node:
        case ast.Attribute(value=ast.Name(id=module) | ast.Attribute(attr=module), attr=name) if module in _MODULES:
            return _of_class(name, options)
        case _:
            return ""


def _of_class(name: str, options: dict[str | None, object]) -> str:
    if name in _ENUMS:
        enum, schema = options.get("name"), options.get("schema")
        if None in options or not isinstance(enum, str) or "native_enum" in options:
            return ""
        return f"{in_quotes(schema)}.{in_quotes(enum)}" if isinstance(schema, str) else in_quotes(enum)
    if None in options or "native_uuid" in options:
        return ""
    return _CLASSES.get(name, "")


def sql_type(words: Sequence[Word]) -> str:
    """Of a definition in SQL, from the word behind the column's name."""
    end = next((at for at, word in enumerate(words) if word.upper in _BEHIND), len(words))
    return " ".join(word.text for word in words[:end])
