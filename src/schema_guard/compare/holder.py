"""What already bears a wanted name: names are unique among a table's constraints, and among a schema's relations."""

from __future__ import annotations

from schema_guard.difference import Holder
from schema_guard.schema import Check, ForeignKey, Index, Name, Relation, Schema, Table, TypeKind, Unique

__all__ = [
    "check_words",
    "constraint_holder",
    "foreign_key_words",
    "index_words",
    "named_holder",
    "relation_holder",
    "type_holder",
    "unique_words",
]

_TYPES = {TypeKind.ENUM: "enum type", TypeKind.DOMAIN: "domain"}
_WITH_ROW_TYPE = frozenset({*map(str, Relation), "composite type"})


def check_words(check: Check) -> Holder:
    return Holder("CHECK", f"({check.expression}){' NO INHERIT' if check.alone else ''}")


def unique_words(unique: Unique) -> Holder:
    state = "" if unique.valid else ", whose index is INVALID"
    return Holder("UNIQUE", f"{str(unique).removeprefix('UNIQUE ')}{state}")


def foreign_key_words(key: ForeignKey) -> Holder:
    return Holder("FOREIGN KEY", f"({', '.join(key.columns)}) to {key.target} ({', '.join(key.target_columns)})")


def index_words(index: Index) -> Holder:
    kind, _, definition = str(index).partition(" on ")
    return Holder(kind, f"on {definition}{'' if index.valid else ', INVALID'}")


def constraint_holder(live: Table, name: str | None) -> Holder | None:
    """The constraint of the table that bears the name."""
    if name is None:
        return None
    for check in live.checks:
        if check.name == name:
            return check_words(check)
    for unique in live.uniques:
        if unique.name == name:
            return unique_words(unique)
    for key in live.foreign_keys:
        if key.name == name:
            return foreign_key_words(key)
    for exclusion in live.exclusions:
        if exclusion.name == name:
            return Holder(exclusion.definition, "")
    if live.primary_key is not None and live.primary_key.name == name:
        return Holder("PRIMARY KEY", f"({', '.join(live.primary_key.columns)})")
    return None


def relation_holder(actual: Schema, live: Table, name: str | None) -> Holder | None:
    """The index, table, view or sequence of the same schema that bears the name."""
    if name is None:
        return None
    for table in actual.tables:
        if table.name.schema != live.name.schema:
            continue
        if table.name.name == name:
            return Holder(str(table.relation), str(table.name))
        for index in table.indexes:
            if index.name == name:
                words = index_words(index)
                return words if table.name == live.name else Holder(words.kind, f"of {table.name} {words.definition}")
    if any((table.schema, table.name) == (live.name.schema, name) for table in actual.unknown_tables):
        return Holder("table", name)
    for schema, taken, kind in actual.names_taken:
        if (schema, taken) == (live.name.schema, name):
            return Holder(kind, taken)
    return None


def named_holder(actual: Schema, name: Name) -> Holder | None:
    """The table, view, index or sequence of this very name."""
    for table in actual.tables:
        if table.name == name:
            return Holder(str(table.relation), str(name))
    if name in actual.unknown_tables:
        return Holder("table", str(name))
    kind = next((kind for schema, taken, kind in actual.names_taken if (schema, taken) == name), None)
    return Holder(kind, str(name)) if kind else None


def type_holder(actual: Schema, name: Name) -> Holder | None:
    """The type of this very name, or the relation whose row type bears it (PostgreSQL manual, CREATE TABLE, Notes)."""
    relation = named_holder(actual, name)
    if relation is not None and relation.kind in _WITH_ROW_TYPE:
        return relation
    kind = next((type_.kind for type_ in actual.types if (type_.schema, type_.name) == name), None)
    return Holder(_TYPES.get(kind, "type"), str(name)) if kind is not None else None
