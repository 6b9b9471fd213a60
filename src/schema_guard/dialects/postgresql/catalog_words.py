"""What the catalog's letters and identities mean, in words."""

from __future__ import annotations

import re

from schema_guard.column import PARTITION_KEY, VIEW, TypeKind, Use
from schema_guard.names import DefaultSchema

__all__ = ["ACTIONS", "KINDS", "MATCHES", "schemas_in_path", "use_of", "without_schema"]

ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
"""Of a foreign key: pg_constraint.confdeltype and confupdtype."""
MATCHES = {"f": "FULL", "p": "PARTIAL", "s": "SIMPLE"}
"""pg_constraint.confmatchtype."""
KINDS = {"b": TypeKind.BASE, "e": TypeKind.ENUM, "d": TypeKind.DOMAIN}
"""pg_type.typtype; everything else is TypeKind.OTHER."""


def schemas_in_path(path: str) -> list[str]:
    """Those that a search_path names, as SHOW and pg_proc.proconfig write it."""
    found = re.findall(r'"((?:[^"]|"")*)"|([^\s,"]+)', path)
    return [quoted.replace('""', '"') or bare for quoted, bare in found]


def without_schema(identity: str, default: DefaultSchema | None) -> str:
    """What pg_identify_object says as a sentence writes it: names in the default schema without it."""
    if default is None:
        return identity
    quoted = default.replace('"', '""')
    return re.sub(rf'(?:(?<=^)|(?<=[ (,]))(?:{re.escape(default)}|"{re.escape(quoted)}")\.(?=[\w"])', "", identity)


def use_of(kind: str, identity: str) -> Use:
    """A view is a rule named _RETURN, and a generated column's expression is its default."""
    match kind:
        case "rule" if identity.startswith('"_RETURN" on '):
            return Use(VIEW, identity.partition(" on ")[2])
        case "default value" | "table column":
            return Use("generated column", identity.removeprefix("for "))
        case "publication relation":
            return Use("publication", identity.partition(" in publication ")[2])
        case "partition key":
            return Use(PARTITION_KEY, identity)
        case _:
            return Use(kind, identity)
