"""Where unqualified names live, as locate.sql tells it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from schema_guard.dialects.postgresql.catalog_words import KINDS
from schema_guard.dialects.postgresql.link import Row
from schema_guard.names import DefaultSchema, told
from schema_guard.schema import Table, TypeKind

__all__ = ["Located", "located_of"]

_SHADOWS = frozenset({"i", "I", "c"})
"""Indexes and composite types: no statement works on one that it finds before the table of its name."""


@dataclass(slots=True)
class Located:
    """Where unqualified names are found. `default` is where a new one would go."""

    default: DefaultSchema | None = None
    relations: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[tuple[str, str], TypeKind] = field(default_factory=dict)
    """Of every user type: (schema, name)."""
    temporary: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The session's temporary tables of these names, which come before all others, with their columns."""
    sought: frozenset[str] = frozenset()
    """The names of relations that were looked for."""
    schemas: frozenset[str] = frozenset()
    """Those of the search_path that are there."""

    def has_none_of(self, tables: Iterable[Table]) -> bool:
        """Whether each was looked for and not found, as for a new tenant or at a first start."""
        missing = self.sought - {*self.relations}
        return all(table.name.schema == self.default and table.name.name in missing for table in tables)

    def has_none_of_schemas(self, schemas: Iterable[str]) -> bool:
        """Whether each was looked for and is not there, as for a new tenant."""
        return all(schema == self.default and schema not in self.schemas for schema in schemas)


def located_of(rows: Sequence[Row], default: DefaultSchema | None, sought: Iterable[str] = ()) -> Located:
    """From the rows of locate.sql: the first schema of the path wins."""
    located = Located(default)
    relations: dict[str, tuple[int, str]] = {}
    shadows: dict[str, tuple[int, str]] = {}
    types: dict[str, tuple[int, str]] = {}
    kinds: dict[tuple[str, str], TypeKind] = {}
    temporary: dict[str, tuple[str, ...]] = {}
    schemas = {str(schema) for what, schema, *_ in rows if what == "schema"}
    for what, schema, name, position, detail in rows:
        if what == "schema":
            continue
        if what == "temporary":
            temporary[str(name)] = tuple(json.loads(str(detail)))
        found = relations if what == "relation" else types
        if what == "relation" and detail in _SHADOWS:
            found = shadows
        if what == "type":
            kinds[(str(schema), str(name))] = KINDS.get(str(detail), TypeKind.OTHER)
        if position is not None:
            place = (int(str(position)), str(schema))
            found[str(name)] = min(found.get(str(name), place), place)
    # One that stands behind the schema of new tables is in nobody's way.
    relations.update({name: shadows[name] for name in relations.keys() & shadows if shadows[name] < relations[name]})
    return replace(
        located,
        relations={name: told(schema, default) for name, (_, schema) in relations.items()},
        types={name: told(schema, default) for name, (_, schema) in types.items()},
        kinds=kinds,
        temporary=temporary,
        sought=frozenset(sought),
        schemas=frozenset(schemas),
    )
