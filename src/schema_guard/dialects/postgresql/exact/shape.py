"""The words in which both sides describe a table, so that the same definition is the same text."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from schema_guard.column import Type
from schema_guard.dialects.postgresql.expressions import constant, parse
from schema_guard.dialects.postgresql.normal_form import Node, shown
from schema_guard.names import Name

__all__ = [
    "FORMAT",
    "SEQUENCE",
    "Shape",
    "column_words",
    "condition",
    "default",
    "enum_words",
    "generated_value",
    "kind_words",
    "relation",
    "type_words",
]

FORMAT = 2
"""Of the digests: other ones are not known here, and all tables are compared."""
SEQUENCE = "its own sequence"
"""A column's value, where a sequence gives it that counts from 1 as far as the type goes."""


class Shape(NamedTuple):
    """All that a check compares, each part in one line of text. Names of constraints and indexes, and the order of
    columns, count for nothing, and what is said twice is said once."""

    columns: list[str]
    """Name, type, NOT NULL, and where its value comes from when an INSERT leaves it out."""
    key: list[str]
    """Names of columns, by repr()."""
    uniques: list[str]
    """Columns, DEFERRABLE, INITIALLY DEFERRED, NULLS NOT DISTINCT."""
    checks: list[str]
    foreign_keys: list[str]
    """Pairs of columns, target, ON DELETE, ON UPDATE, MATCH, DEFERRABLE, INITIALLY DEFERRED."""
    indexes: list[str]
    """Keys with their order, UNIQUE, INCLUDE, NULLS NOT DISTINCT, WHERE."""

    def digest(self) -> str:
        text = "\n\n".join(["\n".join(sorted(set(part))) for part in self])
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def column_words(name: str, kind: str) -> str:
    return f"{name!r} {kind}"


def kind_words(type_: str, not_null: bool, value: str) -> str:
    """A column without its name."""
    return f"{type_} {not_null} {value}"


def generated_value(expression: str, stored: bool) -> str:
    """Where the value of a generated column comes from; its expression is as `condition` writes it."""
    return f"generated, {'stored' if stored else 'virtual'} {expression}"


def relation(name: Name) -> str:
    """A table's name; without a schema it is in the default one."""
    return name.name if name.schema is None else f"{name.schema}.{name.name}"


def enum_words(name: str) -> str:
    """An enum as a column's type; its name is as `relation` writes it."""
    return f"enum {name}"


def type_words(type_: Type) -> str:
    """A built-in type."""
    return shown(type_)


def default(text: str, type_: Type) -> str | None:
    """A server default in its normal form (`Rules.same_default`); None where it has none."""
    node = parse(text)
    if node is None:
        return None
    plain = constant(node, type_)
    return repr(node if plain is None else plain)


def condition(text: str, *, deparsed: bool = False) -> str | None:
    """A condition in its normal form (`Rules.same_expression`); None where it has none."""
    node: Node | None = parse(text, deparsed)
    return None if node is None else repr(node)
