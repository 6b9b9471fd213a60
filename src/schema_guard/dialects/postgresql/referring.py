"""Between which types a foreign key can lead, as the server decides it: pure."""

from __future__ import annotations

from schema_guard.dialects.postgresql.text_types import TEXTS, UNPADDED
from schema_guard.schema import Type, TypeKind

__all__ = ["FLOATS", "can_refer", "comparable"]

FLOATS = ("real", "double precision")
_INTEGERS = ("smallint", "integer", "bigint")
_MOMENTS = ("date", "timestamp without time zone", "timestamp with time zone")
_TARGETS = {
    **dict.fromkeys(_INTEGERS, (*_INTEGERS, "numeric", *FLOATS, "oid")),
    **dict.fromkeys(FLOATS, FLOATS),
    "numeric": ("numeric", *FLOATS),
    **dict.fromkeys(TEXTS, tuple(TEXTS)),
    "name": ("name", *UNPADDED),
    **dict.fromkeys(_MOMENTS, _MOMENTS),
    "time without time zone": ("time without time zone", "time with time zone", "interval"),
    "time with time zone": ("time with time zone",),
    **dict.fromkeys(("inet", "cidr"), ("inet", "cidr")),
    **dict.fromkeys(("macaddr", "macaddr8"), ("macaddr", "macaddr8")),
    **dict.fromkeys(("bit", "bit varying"), ("bit", "bit varying")),
    **{name: (name,) for name in ("interval", "uuid", "bytea", "boolean", "jsonb", "money")},
}
"""An index on the target has an operator for both types, or the referring one is cast implicitly (manual, 38.16.3)."""

_CITEXT = "citext"


def comparable(one: Type, other: Type) -> bool:
    """Whether a query can compare columns of these types; True where only the server knows."""
    return can_refer(one, other) or can_refer(other, one)


def can_refer(referring: Type, target: Type) -> bool:
    """Whether a column of the one type can refer to a column of the other; True where only the server knows."""
    if (referring.name, referring.schema) == (target.name, target.schema):
        return True
    kinds = {referring.kind, target.kind}
    if referring.dimensions or target.dimensions or kinds - {TypeKind.BASE, TypeKind.ENUM}:
        return True
    if TypeKind.ENUM in kinds:  # an enum is compared with itself only
        return False
    if _CITEXT in (referring.name, target.name):  # of its operators only the one of text serves, if the key is text
        return referring.name == _CITEXT and target.name in UNPADDED
    if referring.schema is not None or target.schema is not None or target.name not in _TARGETS:
        return True
    return target.name in _TARGETS.get(referring.name, (target.name,))
